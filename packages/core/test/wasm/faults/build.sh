#!/usr/bin/env bash
# Makes faults.wasm anew from faults.c. Needs: apt-get install clang lld wasi-libc libclang-rt-14-dev-wasm32
set -euo pipefail
cd "$(dirname "$0")"
clang --target=wasm32-wasi -Os -std=gnu11 -Wall -Wextra -fno-builtin -fno-inline -c faults.c ../../../src/wasm/malloc.c
trap 'rm -f faults.o malloc.o' EXIT
# Linked without -O: with it clang would run binaryen's wasm-opt, where there is one, which leaves out the names.
clang --target=wasm32-wasi faults.o malloc.o -o faults.wasm \
  -Wl,--export=__heap_base,--strip-debug,-z,stack-size=65536,--stack-first
# A test tells when these have changed since.
sha256sum faults.c ../../../src/wasm/malloc.c > sources.sha256
