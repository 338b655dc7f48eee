#!/usr/bin/env bash
# Makes faults.wasm anew from faults.c. Needs: apt-get install clang lld wasi-libc libclang-rt-14-dev-wasm32
set -euo pipefail
cd "$(dirname "$0")"
clang --target=wasm32-wasi -Os -std=gnu11 -Wall -Wextra -fno-builtin -fno-inline faults.c ../../../src/wasm/malloc.c \
  -o faults.wasm -Wl,--export=__heap_base,--strip-debug,-z,stack-size=65536,--stack-first
# A test tells when these have changed since.
sha256sum faults.c ../../../src/wasm/malloc.c > sources.sha256
