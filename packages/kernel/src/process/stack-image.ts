/**
 * What a program finds on its stack when it starts, as on x86-64: from the top down eight zero bytes, the file's
 * name, the strings of the environment and of the arguments, the platform's name, sixteen random bytes; below them
 * the auxiliary vector, the pointers to the environment and to the arguments, and their number, at which the stack
 * pointer stands, a multiple of 16.
 * Source: System V ABI, AMD64 supplement, "Initial Stack"; the order of the strings is Linux's (fs/binfmt_elf.c).
 */
import { ExecError } from '../errors.js';

/** Types of entries of the auxiliary vector. */
export const AT_NULL = 0;
export const AT_PHDR = 3;
export const AT_PHENT = 4;
export const AT_PHNUM = 5;
export const AT_PAGESZ = 6;
export const AT_BASE = 7;
export const AT_FLAGS = 8;
export const AT_ENTRY = 9;
export const AT_UID = 11;
export const AT_EUID = 12;
export const AT_GID = 13;
export const AT_EGID = 14;
export const AT_PLATFORM = 15;
export const AT_HWCAP = 16;
export const AT_CLKTCK = 17;
export const AT_SECURE = 23;
export const AT_RANDOM = 25;
export const AT_EXECFN = 31;

const PLATFORM = 'x86_64';
export const RANDOM_BYTES = 16;
/** No string may be longer, its zero byte included. */
const STRING_BYTES_MAX = 131_072;

export interface StackContents {
  /** First address after the stack. */
  readonly top: number;
  readonly path: string;
  readonly argv: readonly string[];
  /** `NAME=value`. */
  readonly envp: readonly string[];
  /** Types and values; those that point into the stack, and AT_NULL, are added. */
  readonly auxv: readonly (readonly [type: number, value: number])[];
  readonly random: Uint8Array;
  /** All of it together may take so much. */
  readonly bytesMax: number;
}

export interface StackImage {
  /** The stack pointer: where argc lies, and `bytes` begin; they end at `top`. */
  readonly pointer: number;
  readonly bytes: Uint8Array;
}

/** @throws ExecError E2BIG when a string or all together are too long, EINVAL for a string with a zero byte */
export function stackImage(contents: StackContents): StackImage {
  const { top, path, argv, envp, auxv, random, bytesMax } = contents;
  const strings = [...argv, ...envp, path].map(encode);
  const stringBytes = strings.reduce((sum, each) => sum + each.length, 0);
  const pointers = argv.length + envp.length;
  if (stringBytes + pointers * 8 > bytesMax) {
    throw new ExecError(
      'E2BIG',
      `arguments and environment take ${stringBytes + pointers * 8} bytes of at most ${bytesMax}`,
    );
  }
  const stringsAt = top - 8 - stringBytes;
  const platform = encode(PLATFORM);
  const platformAt = stringsAt - (stringsAt % 16) - platform.length;
  const randomAt = platformAt - RANDOM_BYTES;
  const addresses: number[] = [];
  let at = stringsAt;
  for (const each of strings) {
    addresses.push(at);
    at += each.length;
  }
  const words = [
    argv.length,
    ...addresses.slice(0, argv.length),
    0,
    ...addresses.slice(argv.length, pointers),
    0,
    ...auxv.flat(),
    ...[AT_RANDOM, randomAt, AT_EXECFN, addresses[pointers], AT_PLATFORM, platformAt],
    ...[AT_NULL, 0],
  ];
  const unaligned = randomAt - words.length * 8;
  const pointer = unaligned - (unaligned % 16);
  const bytes = new Uint8Array(top - pointer);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => {
    view.setBigUint64(i * 8, BigInt(word), true);
  });
  bytes.set(random.subarray(0, RANDOM_BYTES), randomAt - pointer);
  bytes.set(platform, platformAt - pointer);
  strings.forEach((each, i) => {
    bytes.set(each, addresses[i] - pointer);
  });
  return { pointer, bytes };
}

function encode(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(`${text}\0`);
  if (bytes.indexOf(0) < bytes.length - 1) {
    throw new ExecError('EINVAL', `${JSON.stringify(text)} holds a zero byte, which would end it early`);
  }
  if (bytes.length > STRING_BYTES_MAX) {
    throw new ExecError('E2BIG', `a string of ${bytes.length} bytes, more than ${STRING_BYTES_MAX}`);
  }
  return bytes;
}
