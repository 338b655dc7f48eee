/** Recordings of few bytes that once took much memory, or time in the square of them. */
import { createWriteStream, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

export interface Hostile {
  readonly title: string;
  readonly file: string;
  write(path: string): void | Promise<void>;
}

const MIB = 2 ** 20;
/** The window descriptors of RFC 8878: the exponent, less 10, times 8. */
const WINDOW_128_KIB = 7 << 3;
const WINDOW_128_MIB = 17 << 3;
const WINDOW_1_GIB = 20 << 3;
const MTRACE = '= Start\n@ x + 0x10 0x20\n';

export const HOSTILE: readonly Hostile[] = [
  {
    title: 'zstd: 20,000 blocks of 128 KiB of empty lines',
    file: 'blocks.zst',
    write: (path) => writeFileSync(path, zstd(WINDOW_128_KIB, ...Array(20_000).fill(rle('\n', 2 ** 17)))),
  },
  {
    title: 'zstd: a window of 1 GiB declared',
    file: 'window.zst',
    write: (path) => writeFileSync(path, zstd(WINDOW_1_GIB, ...Array(20).fill(raw('@ x + 0x10 0x20\n')))),
  },
  {
    title: 'zstd: 2,000 blocks of one byte, a window of 128 MiB',
    file: 'small.zst',
    write: (path) => writeFileSync(path, zstd(WINDOW_128_MIB, ...Array(2000).fill(raw('\n')))),
  },
  {
    title: 'valgrind: 300,000 processes of one block',
    file: 'pids.txt',
    write: (path) =>
      writeFileSync(
        path,
        lines(300_000, (i) => `--${i + 1}-- malloc(1) = 0x10`),
      ),
  },
  {
    title: 'valgrind: a call of 200,000 arguments',
    file: 'arguments.txt',
    write: (path) =>
      writeFileSync(path, `--1-- malloc(1) = 0x10\n--1-- memalign(${'al 1,'.repeat(200_000)}1) = 0x20\n`),
  },
  {
    title: 'ltrace: 200,000 calls never resumed, 100,000 resumed of another name',
    file: 'unfinished.txt',
    write: (path) =>
      writeFileSync(
        path,
        `p->malloc(1) = 0x10\n${lines(200_000, (i) => `[pid ${i}] malloc(10 <unfinished ...>`)}${lines(
          100_000,
          (i) => `[pid ${i}] <... realloc resumed> ) = 0x10`,
        )}`,
      ),
  },
  {
    title: 'ltrace: 4 million lines without a parenthesis',
    file: 'lines.txt',
    write: (path) => writeFileSync(path, `p->malloc(1) = 0x10\n${'x\n'.repeat(4_000_000)}`),
  },
  {
    title: 'mtrace: 100,000 addresses of one hash',
    file: 'collide.txt',
    write: (path) =>
      writeFileSync(path, `= Start\n${lines(100_000, (i) => `@ x + ${collidingAddress(i)} 0x1`)}`),
  },
  {
    title: 'kmem: 500 cache names of 1 MB, gzip',
    file: 'names.gz',
    write: (path) =>
      gzip(
        path,
        500,
        (i) =>
          `sh 1 [0] 1.5: kmem:kmem_cache_alloc: ptr=0x${i + 4096} name=${i}${'x'.repeat(1e6)} bytes_req=8 bytes_alloc=8\n`,
      ),
  },
  {
    title: 'any: a line of 64 KiB of digits',
    file: 'digits.txt',
    write: (path) => writeFileSync(path, '1'.repeat(MIB / 16)),
  },
  {
    title: 'rep: 17 million different sizes, gzip',
    file: 'sizes.rep.gz',
    write: (path) =>
      gzip(path, 1701, (i) =>
        i === 0 ? '1\n1\n34000000\n1\n' : lines(10_000, (j) => `a 0 ${(i - 1) * 10_000 + j}\nf 0`),
      ),
  },
];

function zstd(window: number, ...blocks: readonly Buffer[]): Buffer {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, window]);
  return Buffer.concat([header, raw(MTRACE), ...blocks, block(0, 0, '', true)]);
}

function raw(content: string): Buffer {
  return block(0, content.length, content);
}

function rle(byte: string, times: number): Buffer {
  return block(1, times, byte);
}

function block(type: number, size: number, content: string, last = false): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE((size << 3) | (type << 1) | (last ? 1 : 0), 0, 3);
  return Buffer.concat([header, Buffer.from(content)]);
}

function lines(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => `${line(i)}\n`).join('');
}

/** Addresses of which the table of live blocks made one number, before its hash had a seed. */
function collidingAddress(i: number): string {
  const low = (Math.imul(i + 1, 0x85ebca6b) ^ 0x1234) >>> 0;
  return `0x${(i + 1).toString(16)}${low.toString(16).padStart(8, '0')}`;
}

async function gzip(path: string, count: number, piece: (i: number) => string): Promise<void> {
  const pieces = function* () {
    for (let i = 0; i < count; i++) yield piece(i);
  };
  await pipeline(Readable.from(pieces()), createGzip({ level: 1 }), createWriteStream(path));
}
