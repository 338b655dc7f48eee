/** Changes recordings: their bytes, their lines, the numbers and words in these, and what they are wrapped in. */
import { gzipSync } from 'node:zlib';
import type { Random } from '../../src/workload/random.js';

type Bytes = Buffer<ArrayBuffer>;
type Mutator = (bytes: Bytes, random: Random) => Bytes;

/** Bytes of a mutant: most are small, and a few large enough for what takes time in the square of them to be seen. */
const SMALL_BYTES = 2 ** 15;
const LARGE_BYTES = 2 ** 20;
const LARGE_ONE_IN = 50;

const NUMBERS = [
  '0',
  '-1',
  '1e9',
  '0x',
  '0x0',
  '4294967295',
  '4294967296',
  '9007199254740991',
  '9007199254740992',
  '18446744073709551615',
  '18446744073709551616',
  '0xffffffffffffffff',
  '0x10000000000000000',
  '1'.repeat(400),
];
const WORDS = [
  '\0',
  '\x1b[31m',
  '\r',
  '\ufeff',
  '\x80\xff',
  '(nil)',
  '<unfinished ...>',
  'nil',
  ' = ',
  ': ',
  '->',
  '@',
  '(',
  ')',
  ',',
  '_Znwm',
  '__proto__',
];
/** Of these, long words are made. */
const FILLERS = [
  'a',
  '1',
  '0',
  ' ',
  '(',
  '1: ',
  '-->',
  '_Z',
  '.',
  '\t',
  'al 1,',
  '@ + ',
  '\x00',
  '1,',
  '\n',
  '=1 ',
];
const NUMBER = /0x[0-9a-f]+|\d+/gi;

/** One mutant of a sample, of one to a few changes. */
export function mutate(sample: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes = Buffer.from(sample);
  for (let changes = random.logarithmic(1, 6); changes > 0; changes--) {
    const mutator = random.oneIn(20) ? splice(random.pick(others)) : random.pick(MUTATORS);
    bytes = mutator(bytes, random);
  }
  return bytes.subarray(0, 2 * LARGE_BYTES);
}

/** Puts the recording into gzip, zstd or both, and sometimes damages that. */
export function wrap(recording: Uint8Array, random: Random): Uint8Array {
  let bytes = Buffer.from(recording);
  for (let layers = random.logarithmic(1, 3); layers > 0; layers--) {
    bytes = random.oneIn(2) ? gzipSync(bytes, { level: 1 }) : zstdOf(bytes, random);
    if (random.oneIn(3)) bytes = random.pick(BYTE_MUTATORS)(bytes, random);
  }
  return bytes;
}

/** A frame of raw blocks and of blocks of one byte over and over, as no compressor would make it. */
export function zstdOf(content: Uint8Array, random: Random): Bytes {
  const parts = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, random.oneIn(4) ? 4 : 0, random.below(256)])];
  const piece = random.logarithmic(1, 2 ** 17);
  for (let at = 0; at < content.length; at += piece)
    parts.push(zstdBlock(0, content.subarray(at, at + piece)));
  const repeats = random.oneIn(LARGE_ONE_IN) ? random.below(200) : random.below(3);
  for (let i = 0; i < repeats; i++)
    parts.push(zstdBlock(1, Buffer.from('\n'), random.pick([0, 1, 2 ** 17, 2 ** 21 - 1])));
  parts.push(zstdBlock(0, Buffer.alloc(0), 0, true));
  return Buffer.concat(parts);
}

function zstdBlock(type: number, bytes: Uint8Array, size = bytes.length, last = false): Bytes {
  const header = Buffer.alloc(3);
  header.writeUIntLE((size << 3) | (type << 1) | (last ? 1 : 0), 0, 3);
  return Buffer.concat([header, bytes]);
}

const BYTE_MUTATORS: readonly Mutator[] = [
  function flip(bytes, random) {
    if (bytes.length > 0) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    return bytes;
  },
  function overwrite(bytes, random) {
    for (let n = random.logarithmic(1, 8); n > 0 && bytes.length > 0; n--) {
      bytes[random.below(bytes.length)] = random.pick([0, 10, 32, 255, random.below(256)]);
    }
    return bytes;
  },
  function insert(bytes, random) {
    const junk = Buffer.from(Array.from({ length: random.logarithmic(1, 32) }, () => random.below(256)));
    return put(bytes, random.below(bytes.length + 1), 0, junk);
  },
  function remove(bytes, random) {
    const [from, length] = range(bytes, random);
    return put(bytes, from, length, Buffer.alloc(0));
  },
  function repeat(bytes, random) {
    const [from, length] = range(bytes, random);
    return put(bytes, from, 0, repeated(bytes.subarray(from, from + length), random));
  },
  function cut(bytes, random) {
    return bytes.subarray(0, random.below(bytes.length + 1));
  },
];

const TEXT_MUTATORS: readonly Mutator[] = [
  function repeatLine(bytes, random) {
    const [from, to] = line(bytes, random);
    return put(bytes, to, 0, repeated(bytes.subarray(from, to), random));
  },
  function dropLine(bytes, random) {
    const [from, to] = line(bytes, random);
    return put(bytes, from, to - from, Buffer.alloc(0));
  },
  function moveLine(bytes, random) {
    const [from, to] = line(bytes, random);
    const moved = Buffer.from(bytes.subarray(from, to));
    const rest = put(bytes, from, to - from, Buffer.alloc(0));
    return put(rest, line(rest, random)[0], 0, moved);
  },
  function joinLines(bytes, random) {
    const [, to] = line(bytes, random);
    return put(bytes, Math.max(0, to - 1), 1, Buffer.from(random.pick(['', ' ', '\r', ','])));
  },
  /** As many processes, addresses or sizes as there are copies. */
  function countUp(bytes, random) {
    const [from, to] = line(bytes, random);
    const text = bytes.toString('latin1', from, to);
    const found = [...text.matchAll(NUMBER)];
    if (found.length === 0) return bytes;
    const { 0: number, index } = random.pick(found);
    const start = Number(number);
    const copies = Math.floor(room(random) / text.length);
    const counted = Array.from({ length: copies }, (_, i) => {
      const next = number.startsWith('0x') ? `0x${(start + i).toString(16)}` : String(start + i);
      return text.slice(0, index) + next + text.slice(index + number.length);
    });
    return put(bytes, to, 0, Buffer.from(counted.join(''), 'latin1'));
  },
  function changeNumber(bytes, random) {
    const [from, to] = line(bytes, random);
    const found = [...bytes.toString('latin1', from, to).matchAll(NUMBER)];
    if (found.length === 0) return bytes;
    const { 0: number, index } = random.pick(found);
    return put(bytes, from + index, number.length, Buffer.from(random.pick(NUMBERS)));
  },
  function insertWord(bytes, random) {
    return put(bytes, random.below(bytes.length + 1), 0, Buffer.from(random.pick(WORDS), 'latin1'));
  },
  function insertLongWord(bytes, random) {
    const word = Buffer.from(random.pick(FILLERS));
    return put(bytes, random.below(bytes.length + 1), 0, repeated(word, random));
  },
  function changeHeader(bytes, random) {
    const end = bytes.indexOf(10, random.below(Math.min(64, bytes.length + 1)));
    const header = random.pick([
      'v 10400 3',
      '0',
      random.pick(NUMBERS),
      '= Start',
      '{"dhatFileVersion":2',
      '',
    ]);
    return put(bytes, 0, Math.max(0, end), Buffer.from(header));
  },
];

const MUTATORS: readonly Mutator[] = [...BYTE_MUTATORS, ...TEXT_MUTATORS, ...TEXT_MUTATORS];

function splice(other: Uint8Array): Mutator {
  return function spliced(bytes, random) {
    const [from, to] = line(Buffer.from(other), random);
    return put(bytes, line(bytes, random)[0], 0, Buffer.from(other.subarray(from, to)));
  };
}

function put(bytes: Bytes, at: number, removed: number, added: Uint8Array): Bytes {
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)]);
}

function range(bytes: Bytes, random: Random): readonly [from: number, length: number] {
  if (bytes.length === 0) return [0, 0];
  const from = random.below(bytes.length);
  return [from, random.logarithmic(1, bytes.length - from)];
}

/** Where a line begins, and where it ends, its newline included. */
function line(bytes: Bytes, random: Random): readonly [from: number, to: number] {
  const at = random.below(bytes.length + 1);
  const from = at === 0 ? 0 : bytes.lastIndexOf(10, at - 1) + 1;
  const newline = bytes.indexOf(10, from);
  return [from, newline < 0 ? bytes.length : newline + 1];
}

function room(random: Random): number {
  return random.logarithmic(1, random.oneIn(LARGE_ONE_IN) ? LARGE_BYTES : SMALL_BYTES);
}

function repeated(bytes: Uint8Array, random: Random): Bytes {
  const times = bytes.length === 0 ? 0 : Math.ceil(room(random) / bytes.length);
  return Buffer.alloc(times * bytes.length, bytes);
}
