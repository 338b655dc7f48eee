# A C++ program: cmake interprets a script over strings and lists.
needs='cmake:cmake'
sample=cmake.trace.gz

inputs() {
  prose 90 3 >lines.txt
  cat >words.cmake <<'CMAKE'
file(STRINGS lines.txt lines)
set(total 0)
foreach(line IN LISTS lines)
  string(REPLACE " " ";" words "${line}")
  list(LENGTH words n)
  math(EXPR total "${total} + ${n}")
  list(SORT words)
  list(REMOVE_DUPLICATES words)
  foreach(word IN LISTS words)
    string(APPEND where_${word} "${n},")
    list(APPEND seen ${word})
  endforeach()
  string(TOUPPER "${line}" upper)
  string(REGEX REPLACE "([A-Z])A" "\\1-" upper "${upper}")
  string(APPEND text "${upper}\n")
endforeach()
list(REMOVE_DUPLICATES seen)
list(SORT seen)
list(LENGTH seen n)
message(STATUS "${total} words, ${n} different")
file(WRITE upper.txt "${text}")
CMAKE
}

run() {
  record cmake -P words.cmake
}
