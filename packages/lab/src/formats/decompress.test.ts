import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { decompress as decompressWhole } from 'fzstd';
import { describe, expect, it } from 'vitest';
import { decompress } from './decompress.js';

const MIB = 2 ** 20;
const RAW = 0;
const RLE = 1;
const COMPRESSED = 2;
/** The window descriptors of RFC 8878: the exponent, less 10, times 8. */
const WINDOW_128_KIB = 7 << 3;
const WINDOW_128_MIB = 17 << 3;
const WINDOW_1_GIB = 20 << 3;

function frame(descriptor: number, ...blocks: readonly Uint8Array[]): Buffer {
  const header = [0x28, 0xb5, 0x2f, 0xfd, 0, descriptor];
  return Buffer.concat([Buffer.from(header), ...blocks, block(RAW, [], 0, true)]);
}

function block(type: number, bytes: readonly number[], size = bytes.length, last = false): Buffer {
  const header = (size << 3) | (type << 1) | (last ? 1 : 0);
  return Buffer.from([header & 255, (header >> 8) & 255, header >> 16, ...bytes]);
}

/** So many blocks, each 128 KiB of the letter x in four bytes. */
const bomb = (blocks: number) => frame(WINDOW_128_KIB, ...Array(blocks).fill(block(RLE, [0x78], 2 ** 17)));

async function* pieces(bytes: Uint8Array, length: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function unpack(bytes: Uint8Array, length = 2 ** 18, window?: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of await decompress(pieces(bytes, length), 'f', { zstdWindow: window }))
    parts.push(part);
  return Buffer.concat(parts);
}

describe('zstd', () => {
  const sample = readFileSync(
    fileURLToPath(new URL('../../../../samples/jq.heaptrack.raw.zst', import.meta.url)),
  );
  const content = Buffer.from(decompressWhole(sample));

  it.each([1, 1000, 2 ** 18])('is unpacked from pieces of %i bytes', async (length) => {
    expect((await unpack(sample, length)).equals(content)).toBe(true);
  });

  it('blocks refer back over a window that moves on', async () => {
    // Compressed blocks of no literals and one sequence, each code in RLE mode: 3 bytes (code 0) from 1,001 bytes back.
    const offset = 1001 + 3;
    const back = block(COMPRESSED, [
      0,
      1,
      0b0101_0100,
      0,
      9,
      0,
      (offset - 512) & 255,
      0b10 | ((offset - 512) >> 8),
    ]);
    const blocks: Buffer[] = [];
    let expected = Buffer.alloc(0);
    for (let i = 0; i < 1000; i++) {
      const text = Buffer.from(String(i).padEnd(1998, String.fromCharCode(97 + (i % 26))));
      blocks.push(block(RAW, [...text]), back);
      expected = Buffer.concat([expected, text]);
      expected = Buffer.concat([expected, expected.subarray(-1001, -998)]);
    }
    expect((await unpack(frame(0, ...blocks))).equals(expected)).toBe(true);
  });

  it('frames follow each other, and what is to be skipped lies between', async () => {
    const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2]);
    const hello = frame(WINDOW_128_KIB, block(RAW, [104, 105]));
    expect((await unpack(Buffer.concat([hello, skippable, hello]))).toString()).toBe('hihi');
  });

  it('at most a few of the bytes that blocks expand to wait', async () => {
    const before = process.memoryUsage().arrayBuffers;
    let bytes = 0;
    let most = 0;
    for await (const part of await decompress(pieces(bomb(400), 2 ** 18), 'f')) {
      most = Math.max(most, part.length);
      if (bytes === 0) expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * MIB);
      bytes += part.length;
    }
    expect(bytes).toBe(400 * 2 ** 17);
    expect(most).toBeLessThanOrEqual(2 ** 18);
  });

  it('a window of over 128 MiB is refused, unless it is let', async () => {
    const file = frame(WINDOW_1_GIB, block(RAW, [104, 105]));
    await expect(unpack(file)).rejects.toThrow(
      'f: the zstd data wants a window of 1024 MiB, more than 128 MiB; --zstd-window 1024MiB lets it, and takes twice that memory',
    );
    const before = process.memoryUsage().arrayBuffers;
    expect((await unpack(file, 2 ** 18, 2 ** 30)).toString()).toBe('hi');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * MIB);
    expect((await unpack(frame(WINDOW_128_MIB, block(RAW, [104])))).toString()).toBe('h');
    // What the largest exponent comes to, in 32 bits 512.
    await expect(unpack(frame(255), 10, 2 ** 31)).rejects.toThrow('; unpack it first');
  });

  it('blocks of a byte take no longer for a large window', async () => {
    const literal = block(COMPRESSED, [1 << 3, 0x78, 0]);
    const file = frame(WINDOW_128_MIB, ...Array(5000).fill(literal), block(RLE, [0x79], 3));
    const started = performance.now();
    expect((await unpack(file)).toString()).toBe(`${'x'.repeat(5000)}yyy`);
    // To move 128 MiB takes some 10 ms, 5,000 times.
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it.each([
    ['its magic number alone', sample.subarray(0, 4), 'ends early, at byte 4 of it: the file was cut off'],
    ['half a block', sample.subarray(0, 5000), 'ends early, at byte 5000 of it: the file was cut off'],
    [
      'a block of no type',
      frame(0, block(3, [])),
      'damaged at or before byte 6 of it (a block of an unknown type)',
    ],
    ['a block too long', frame(0, block(RLE, [1], 2 ** 18)), '(a block of over 131072 bytes)'],
    ['a dictionary', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 0, 7, 1, 0, 0]), 'packed with a dictionary'],
    [
      'other bytes behind it',
      Buffer.concat([frame(0), Buffer.from('more')]),
      'a frame begins with other bytes',
    ],
    ['nonsense in a block', frame(0, block(COMPRESSED, [255, 255, 255, 255])), 'damaged at or before byte '],
  ])('%s: an error that tells where', async (_, bytes, message) => {
    await expect(unpack(bytes)).rejects.toThrow(message);
  });
});

describe('what expands without end', () => {
  const message = /^f: its \d+ bytes so far unpack to over 20000 times as many/;

  it('is refused: blocks of one byte', async () => {
    await expect(unpack(bomb(600))).rejects.toThrow(message);
  });

  it('is refused: gzip in gzip', async () => {
    const twice = gzipSync(gzipSync(Buffer.alloc(72 * MIB)));
    expect(twice.length).toBeLessThan(2000);
    await expect(unpack(twice)).rejects.toThrow(message);
  });

  it('is read where gzip packed the same line over and over', async () => {
    const lines = Buffer.alloc(66 * MIB, '@ x + 0x10 0x20\n@ x - 0x10\n');
    expect((await unpack(gzipSync(lines, { level: 1 }))).equals(lines)).toBe(true);
  });
});
