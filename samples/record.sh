#!/bin/sh
# Records samples anew: sh samples/record.sh NAME... (called with no name, it lists them).
#
# Each name stands for a file in programs/, which says
#   needs     the programs it runs, each with its Debian package: "sqlite3:sqlite3 cc1:gcc"
#   sample    the file to write, beside this script; its ending decides what is kept:
#             *.trace.gz is converted to malloc-bench protobuf, others hold the tool's own text, compressed
#   tool      how the calls are recorded: recorder (the default), valgrind, ltrace, mtrace, heaptrack, or perf for
#             those of the whole kernel, which takes root
#   programs  with perf: whose events are kept, beside those of the kernel's own threads
#   settings  variables of the environment for the recorded program, NAME=VALUE
#   inputs    a function that makes the input files in the current folder, the same bytes every time
#   run       a function that calls `record PROGRAM ARGUMENT...` once
# Nothing is installed, nothing is fetched; all work is done in a temporary folder.
set -eu

samples=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
lab=$samples/../packages/lab
freehold=$lab/bin/freehold.js
callers_path=$PATH
PATH=/usr/bin:/bin:/usr/sbin:/sbin
export LC_ALL=C.UTF-8 TZ=UTC

fail() {
  echo "record.sh: $1" >&2
  exit 1
}

# prose LINES SEED: lines of invented words on standard output.
prose() {
  awk -v lines="$1" -v seed="$2" -f "$samples/programs/prose.awk"
}

check_needs() {
  missing=''
  for need in $needs; do
    command -v "${need%%:*}" >/dev/null || missing="$missing ${need#*:}"
  done
  [ -z "$missing" ] || fail "$name needs programs that are not here; on Debian: apt-get install$missing"
}

# Runs a program with a small fixed environment and, where the kernel allows it, at fixed addresses, so that
# hash tables keyed by address come out alike in every run.
plainly() {
  fixed=''
  setarch -R true 2>/dev/null && fixed='setarch -R'
  $fixed env -i PATH="$PATH" LC_ALL="$LC_ALL" TZ=UTC HOME="$work" $settings "$@"
}

compile_preloaded() {
  cc -O2 -Wall -Wextra -fPIC -shared -o "$work/$1.so" "$lab/recorder/$1.c"
}

record() {
  case $tool in
    recorder)
      compile_preloaded recorder
      plainly FREEHOLD_RECORD="$work/calls" LD_PRELOAD="$work/recorder.so" "$@"
      ;;
    mtrace)
      compile_preloaded mtrace
      plainly MALLOC_TRACE="$work/calls" LD_PRELOAD="libc_malloc_debug.so.0:$work/mtrace.so" "$@"
      ;;
    valgrind)
      plainly valgrind --tool=memcheck --undef-value-errors=no --leak-check=no --trace-malloc=yes \
        --log-file="$work/calls" "$@"
      ;;
    ltrace)
      # Calls that the program itself makes: ltrace 0.7 misnames those that libc makes to itself.
      plainly ltrace -e 'malloc@MAIN+calloc@MAIN+realloc@MAIN+reallocarray@MAIN+free@MAIN' -o "$work/calls" "$@"
      ;;
    heaptrack)
      plainly heaptrack --raw -o "$work/calls" "$@" >&2
      zstd -q -d --rm "$work/calls.raw.zst" -o "$work/calls"
      ;;
    perf)
      plainly perf record -q -a -m 8192 -e kmem:kmalloc,kmem:kfree,kmem:kmem_cache_alloc,kmem:kmem_cache_free \
        -e kmem:mm_page_alloc,kmem:mm_page_free -o "$work/perf.data" -- "$@"
      perf script -i "$work/perf.data" | awk -v programs=" $programs " '
        match($0, / +[0-9]+ \[[0-9]+\] /) {
          name = substr($0, 1, RSTART - 1)
          gsub(/^ +| +$/, "", name)
          if (index(programs, " " name " ") || name ~ /^(swapper|ksoftirqd|kworker|rcu)/) print
        }' >"$work/calls"
      ;;
  esac
}

keep() {
  case $sample in
    *.trace.gz) PATH=$callers_path node "$freehold" convert --force "$work/calls" "$samples/$sample" ;;
    *.gz) gzip -9 -n -c "$work/calls" >"$samples/$sample" ;;
    *.zst) zstd -q -f -19 "$work/calls" -o "$samples/$sample" ;;
  esac
}

record_sample() (
  name=$1 tool=recorder settings=''
  [ -f "$samples/programs/$name.sh" ] || fail "no program $name; there are: $names"
  . "$samples/programs/$name.sh"
  check_needs
  work=$(mktemp -d "${TMPDIR:-/tmp}/freehold.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir "$work/files"
  cd "$work/files"
  inputs
  run
  keep
  echo "$sample: $(wc -c <"$samples/$sample") bytes"
)

names=$(cd "$samples/programs" && ls -- *.sh | sed 's/\.sh$//' | tr '\n' ' ')
[ $# -gt 0 ] || fail "which? sh samples/record.sh NAME..., with names out of: $names"
for name in "$@"; do record_sample "$name"; done
