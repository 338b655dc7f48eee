#!/usr/bin/env bash
# Makes words.wasm and expected.txt anew from words.c.
# Needs: apt-get install clang lld wasi-libc libclang-rt-14-dev-wasm32 gcc libc6-dev
set -euo pipefail
cd "$(dirname "$0")"
# Of malloc as a built-in, compilers assume that it succeeds where the block is not used, and leaves errno alone.
clang --target=wasm32-wasi -Os -std=gnu11 -Wall -Wextra -fno-builtin -c words.c ../../../src/wasm/malloc.c
trap 'rm -f words.o malloc.o words.native' EXIT
# Linked without -O: with it clang would run binaryen's wasm-opt, where there is one, which leaves out the names.
clang --target=wasm32-wasi words.o malloc.o -o words.wasm \
  -Wl,--export=__heap_base,--strip-debug,-z,stack-size=65536,--stack-first
cc -O1 -std=gnu11 -Wall -Wextra -fno-builtin words.c -o words.native
./words.native < words.c > expected.txt
# A test tells when these have changed since.
sha256sum words.c ../../../src/wasm/malloc.c > sources.sha256
