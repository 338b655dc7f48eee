# An editor in batch mode: substitutions over a text, lines moved and sorted, all of it undone and done again.
needs='vim:vim'
sample=vim.trace.gz

inputs() {
  prose 900 1 >lines.txt
  cat >edit.vim <<'VIM'
%s/\<\(\a\)\(\a*\)/\u\1\2/g
g/Ba/m0
sort u
v/Mo/s/$/ end/
undo 1
redo
redo
let words = uniq(sort(split(join(getline(1, "$")))))
call append(0, map(words, "v:key . v:val"))
w! edited.txt
q!
VIM
}

run() {
  record vim -u NONE -i NONE -n -es -S edit.vim lines.txt
}
