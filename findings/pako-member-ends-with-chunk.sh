#!/usr/bin/env bash
# A gzip file may hold several members, one after another (RFC 1952, section 2.2). pako's streaming Inflate reads on
# from one member to the next, as zlib's gunzip does: but only where both lie in the same pushed chunk.
#
# Where a member ends together with a chunk, pako 3.0.3 (and 2.1.0) ends the stream there: `ended` is true, `err` is 0,
# and each later push gives back without an error. The rest of the file is lost in silence, and whether it is depends on
# how the network or the disk cut the file into chunks. In one chunk the same file is read whole.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund pako3@npm:pako@3.0.3 pako2@npm:pako@2.1.0

cat > members.mjs <<'JS'
import { gunzipSync, gzipSync } from 'node:zlib';
import * as pako2 from 'pako2';
import * as pako3 from 'pako3';

const first = gzipSync('one ');
const file = Buffer.concat([first, gzipSync('two')]);
if (gunzipSync(file).toString() !== 'one two') throw new Error('zlib does not read the file itself');

function unpack({ Inflate }, chunks) {
  const inflate = new Inflate();
  let text = '';
  inflate.onData = (data) => {
    text += Buffer.from(data).toString();
  };
  for (const chunk of chunks) inflate.push(chunk);
  return `read '${text}', err ${inflate.err}, ended ${inflate.ended}`;
}

for (const [name, pako] of [['3.0.3', pako3], ['2.1.0', pako2]]) {
  console.log(`pako ${name}, one chunk: ${unpack(pako, [file])}`);
  console.log(`pako ${name}, cut in the second member: ${unpack(pako, [file.subarray(0, -5), file.subarray(-5)])}`);
  console.log(`pako ${name}, cut between the members: ${unpack(pako, [first, file.subarray(first.length)])}`);
}
JS

seen=$(node members.mjs)
echo "$seen"
expected=$(cat <<'TEXT'
pako 3.0.3, one chunk: read 'one two', err 0, ended true
pako 3.0.3, cut in the second member: read 'one two', err 0, ended true
pako 3.0.3, cut between the members: read 'one ', err 0, ended true
pako 2.1.0, one chunk: read 'one two', err 0, ended true
pako 2.1.0, cut in the second member: read 'one two', err 0, ended true
pako 2.1.0, cut between the members: read 'one ', err 0, ended true
TEXT
)
if [ "$seen" != "$expected" ]; then
  printf 'changed; it was:\n%s\n' "$expected"
  exit 1
fi
