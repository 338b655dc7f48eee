/** Gzip data unpacked by what runs everywhere, beside Node's zlib: the same bytes, and errors in the same words. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gunzip as byZlib } from '../node/gunzip.js';
import { gunzip } from './gunzip.js';

const KINDS = [
  ['pako', gunzip],
  ['zlib', byZlib],
] as const;

async function* pieces(bytes: Uint8Array, length: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function unpack(unpacker: typeof gunzip, packed: Uint8Array, length: number): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of unpacker(pieces(packed, length), 'a.gz')) parts.push(part);
  return Buffer.concat(parts).toString('latin1');
}

const LONG = 'malloc(16) = 0x10, '.repeat(20_000);
const LENGTHS = [1, 7, 4096, 2 ** 18];

describe.each(KINDS)('%s', (_name, unpacker) => {
  it.each(LENGTHS)('unpacks members one after another, in pieces of %i bytes', async (length) => {
    const packed = Buffer.concat([gzipSync('one '), gzipSync(''), gzipSync(LONG), gzipSync('two')]);
    expect(await unpack(unpacker, packed, length)).toBe(`one ${LONG}two`);
  });

  it('a member that ends where a piece does is not the last', async () => {
    const first = gzipSync('one ');
    const packed = Buffer.concat([first, gzipSync('two')]);
    expect(await unpack(unpacker, packed, first.length)).toBe('one two');
  });

  it.each(LENGTHS)('passes over zeros at the end, in pieces of %i bytes', async (length) => {
    const packed = Buffer.concat([gzipSync('one'), Buffer.alloc(10_000)]);
    expect(await unpack(unpacker, packed, length)).toBe('one');
  });

  it('says where data ends early', async () => {
    const packed = gzipSync(LONG);
    for (const cut of [4, 20, packed.length - 1]) {
      await expect(unpack(unpacker, packed.subarray(0, cut), 7)).rejects.toThrow(
        /^a\.gz: the gzip data ends early, at byte \d+ of it: the file was cut off$/,
      );
    }
  });

  it('refuses damage, and what is not gzip behind it', async () => {
    const packed = gzipSync(LONG);
    packed[packed.length - 6]! ^= 1;
    await expect(unpack(unpacker, packed, 4096)).rejects.toThrow('(incorrect data check)');
    const followed = Buffer.concat([gzipSync('one'), Buffer.from('and then text')]);
    await expect(unpack(unpacker, followed, 4096)).rejects.toThrow('(incorrect header check)');
  });
});

it('both unpack the same', async () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ maxLength: 5 }).map((few) => few.repeat(1000)),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(text, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 5000 }),
      async (texts, length) => {
        const packed = Buffer.concat(texts.map((each) => gzipSync(Buffer.from(each, 'latin1'))));
        expect(await unpack(gunzip, packed, length)).toBe(await unpack(byZlib, packed, length));
      },
    ),
    { numRuns: 50 },
  );
});
