/**
 * The map of all blocks of a heap: two bits a granule, apart from the blocks, so that nobody who writes past the end
 * of a block can harm it, and every pointer is judged by facts.
 *
 * Granules come in groups of 32, and each group has a pair of words. STARTS: a bit is set where a block begins, used
 * or free, and at the top. STATES: of a granule where a block begins, whether the block is used; of the granules behind
 * it in a used block, the *note*: of the second one the *mark*, that it was asked for with an alignment of its own, and
 * of the next ones which (alignment.ts). Such a block begins at a multiple of that, so that its note stands in the same
 * word.
 *
 * A length is the distance to the next start. A block with a whole group inside keeps its length in the STATES of the
 * first and of the last such group, where no block begins and the bits mean nothing else. So no length takes more than
 * four words to read, from either end, and no block needs a header.
 *
 * `map` is the index of the word where the pair of granule 0 would be.
 *
 * Cost: O(1) each. Waste: 1/64 of the bytes up to the top with granules of 16 bytes, 1/32 with 8.
 * Source: ours. Bitmaps of starts are known from the mark bits of garbage collectors; lengths in the gaps are what
 * keeps `free` at a few nanoseconds without a byte of header.
 */

import type { Granule, WordIndex } from './layout.js';
import * as L from './layout.js';

const { OWN_WORDS } = L;

/** Granules of a map of `groups` groups: a pair of words each, and one that is read past the last. */
export function mapGranules(groups: number, scale: number): number {
  return (OWN_WORDS + 2 * (groups + 1) + (1 << scale) - 1) >>> scale;
}

/** Length of the block that starts at `i`. */
export function lengthOf(words: Int32Array, map: WordIndex, i: Granule): number {
  const w = map + ((i >>> 5) << 1);
  const bit = i & 31;
  const next = words[w + 2];
  const near = ((words[w] >>> bit) >>> 1) | (next << (31 - bit));
  if (near !== 0) return 32 - Math.clz32(near & -near);
  return next !== 0 ? 63 - bit - Math.clz32(next & -next) : words[w + 3];
}

/** Start of the block that ends where `i` starts. There must be one. */
export function previousOf(words: Int32Array, map: WordIndex, i: Granule): number {
  const w = map + ((i >>> 5) << 1);
  const before = words[w] & ((1 << (i & 31)) - 1);
  if (before !== 0) return (i & ~31) + 31 - Math.clz32(before);
  const group = words[w - 2];
  return group !== 0 ? (i & ~31) - 1 - Math.clz32(group) : i - words[w - 1];
}

/** Start of the block that granule `i` lies in. O(granules from there / 32). */
export function startBefore(words: Int32Array, map: WordIndex, i: Granule): number {
  let group = i >>> 5;
  let starts = words[map + (group << 1)] & (-1 >>> (31 - (i & 31)));
  while (starts === 0) starts = words[map + (--group << 1)];
  return (group << 5) + 31 - Math.clz32(starts);
}

/** Lets a block begin at `i`, not used. */
export function setStart(words: Int32Array, map: WordIndex, i: Granule): void {
  const w = map + ((i >>> 5) << 1);
  const bit = 1 << (i & 31);
  const starts = words[w];
  // STATES of a group without starts may hold a length, or one that was.
  words[w + 1] = starts === 0 ? 0 : words[w + 1] & ~bit;
  words[w] = starts | bit;
}

/** Lets a used block begin at `i`. */
export function setUsedStart(words: Int32Array, map: WordIndex, i: Granule): void {
  const w = map + ((i >>> 5) << 1);
  const bit = 1 << (i & 31);
  const starts = words[w];
  words[w + 1] = starts === 0 ? bit : words[w + 1] | bit;
  words[w] = starts | bit;
}

/** No block begins at `i` any more; one that is free, or the top, did. */
export function clearStart(words: Int32Array, map: WordIndex, i: Granule): void {
  const w = map + ((i >>> 5) << 1);
  words[w] &= ~(1 << (i & 31));
}

/** Notes the length of the block at `i` if it has a whole group inside. Starts inside it must be cleared. */
export function setLength(words: Int32Array, map: WordIndex, i: Granule, length: number): void {
  if (length < 33) return;
  const first = (i >>> 5) + 1;
  const last = ((i + length) >>> 5) - 1;
  if (last < first) return;
  words[map + (first << 1) + 1] = length;
  words[map + (last << 1) + 1] = length;
}

/** The block at `i` is used. */
export function setUsed(words: Int32Array, map: WordIndex, i: Granule): void {
  const w = map + ((i >>> 5) << 1) + 1;
  words[w] |= 1 << (i & 31);
}

export function setFree(words: Int32Array, map: WordIndex, i: Granule): void {
  const w = map + ((i >>> 5) << 1) + 1;
  words[w] &= ~(1 << (i & 31));
}

/**
 * The note of the used block of `length` at `i`, an even granule: its mark, and above that the states of as many more
 * granules as it has, up to NOTE_BITS in all. It lies in one word: see alignment.ts for what is noted.
 */
export function noteOf(words: Int32Array, map: WordIndex, i: Granule, length: number): number {
  const states = words[map + ((i >>> 5) << 1) + 1];
  return ((states >>> (i & 31)) >>> 1) & noteMask(i, length);
}

export function setNote(words: Int32Array, map: WordIndex, i: Granule, length: number, note: number): void {
  const w = map + ((i >>> 5) << 1) + 1;
  const at = (i & 31) + 1;
  words[w] = (words[w] & ~(noteMask(i, length) << at)) | (note << at);
}

/** The most bits of a note, its mark among them. */
export const NOTE_BITS = 6;

/** As many bits as there are granules behind the first, in the same word. */
function noteMask(i: Granule, length: number): number {
  return (1 << Math.min(NOTE_BITS, length - 1, 31 - (i & 31))) - 1;
}

export function isStart(words: Int32Array, map: WordIndex, i: Granule): boolean {
  return ((words[map + ((i >>> 5) << 1)] >>> (i & 31)) & 1) === 1;
}

/** Whether the block at `i` is used; `i` must be a start. */
export function isUsed(words: Int32Array, map: WordIndex, i: Granule): boolean {
  return ((words[map + ((i >>> 5) << 1) + 1] >>> (i & 31)) & 1) === 1;
}
