# The C compiler proper translates a made-up program of 12 functions with -O2.
needs='gcc:gcc'
sample=cc1.trace.gz

inputs() {
  awk -v functions=12 -f "$samples/programs/program.awk" >program.c
  gcc -E -P program.c -o program.i
}

run() {
  record "$(gcc -print-prog-name=cc1)" -quiet -O2 program.i -o program.s
}
