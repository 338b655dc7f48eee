# The history of a small repository as patches with statistics, renames looked for.
needs='git:git'
sample=git.trace.gz

commit() {
  git add -A .
  GIT_AUTHOR_DATE="$1 +0000" GIT_COMMITTER_DATE="$1 +0000" \
    git -c user.name=Author -c user.email=author@example.org commit -q -m "Change $1"
}

inputs() {
  HOME=$PWD
  export HOME
  prose 2000 5 >all.txt
  git init -q -b main repository
  cd repository
  for change in $(seq 1 40); do
    file=text$((change % 7)).txt
    awk -v change="$change" '(NR * 7919 + change) % 11 > change % 5' ../all.txt | head -n $((change * 23)) >"$file"
    [ $((change % 9)) -ne 0 ] || mv "$file" "moved$change.txt"
    commit $((1000000000 + change * 3600))
  done
  git -c pack.threads=1 gc -q
}

run() {
  record git --no-pager log -p --stat -M -C --find-copies-harder >../log.txt
}
