# The kernel itself while small programs run: folders and files made, listed, packed and removed, a program compiled.
needs='perf:linux-perf gcc:gcc zstd:zstd'
sample=kernel.kmem.txt.zst
tool=perf
programs='sh mkdir gcc cc1 as tar gzip ls sort uniq rm'

inputs() {
  awk -v functions=6 -f "$samples/programs/program.awk" >program.c
  cat >work.sh <<'WORK'
for d in a b c d e f g h i j k l m n o p; do
  mkdir "$d"
  for f in 1 2 3 4 5 6 7 8; do echo "$d $f" >"$d/$f"; done
done
gcc -O1 -c program.c
tar -cf - ? program.* | gzip >all.tar.gz
ls -lR . | sort | uniq -c >list
rm -r ?
WORK
}

run() {
  record sh work.sh
}
