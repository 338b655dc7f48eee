# A C++ program under valgrind: the typesetter fills paragraphs, changing sizes and fonts.
needs='troff:groff-base valgrind:valgrind'
sample=troff.valgrind.txt.gz
tool=valgrind

inputs() {
  prose 220 1 | awk '
    NR % 7 == 0 { print ".sp" }
    NR % 5 == 0 { print ".ft " (NR % 2 ? "I" : "R") }
    NR % 11 == 0 { print ".ps " 8 + NR % 6 }
    { print }' >text.tr
}

run() {
  record troff text.tr >text.out
}
