#!/usr/bin/env bash
# Makes words.wasm and expected.txt anew from words.c.
# Needs: apt-get install clang lld wasi-libc libclang-rt-14-dev-wasm32 gcc libc6-dev
set -euo pipefail
cd "$(dirname "$0")"
# Of malloc as a built-in, compilers assume that it succeeds where the block is not used, and leaves errno alone.
clang --target=wasm32-wasi -Os -std=gnu11 -Wall -Wextra -fno-builtin words.c ../../../src/wasm/malloc.c -o words.wasm \
  -Wl,--export=__heap_base,--strip-debug,-z,stack-size=65536,--stack-first
cc -O1 -std=gnu11 -Wall -Wextra -fno-builtin words.c -o words.native
trap 'rm -f words.native' EXIT
./words.native < words.c > expected.txt
# A test tells when these have changed since.
sha256sum words.c ../../../src/wasm/malloc.c > sources.sha256
