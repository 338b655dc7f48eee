# A stream editor under glibc's mtrace: lines turned round, gathered in the hold space, which grows by realloc.
needs='sed:sed'
sample=sed.mtrace.txt.gz
tool=mtrace

inputs() {
  prose 1500 1 >lines.txt
}

run() {
  record sed -e 's/\(.*\) \(.*\)/\2 \1/' -e 'H;$!d;x' lines.txt >turned.txt
}
