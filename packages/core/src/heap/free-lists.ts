/**
 * The free blocks of a heap by size, in tables that are a block of the heap themselves.
 *
 * Quick lists: one for each length up to the heap's `quick` granules, last in first out; what malloc and free of
 * common sizes touch. They are linked both ways, but for the first, whose PREVIOUS means nothing: so taking it leaves
 * the next one alone. Bins: doubly linked lists of merged blocks, one for each length up to 32 granules,
 * four for each doubling above, with a bitmap of those that are not empty. A free block's first words are NEXT,
 * PREVIOUS and LENGTH. In a block that waits in a quick list the length is below 0, the blocks from it to the list's end
 * negated: so lists need no counts of their own, and taking a block leaves none to be kept.
 *
 * Cost: O(1); `findFit` looks at up to SCAN blocks of a bin for the least that serves.
 * Source: dlmalloc's bins (D. Lea 1996), the two bitmap steps of TLSF (Masmano et al. 2004).
 */

import type { Granule, WordIndex } from './layout.js';
import * as L from './layout.js';

const { OWN_WORDS, NEXT, PREVIOUS, LENGTH } = L;

/**
 * Blocks of a bin that a search looks at, each perhaps a miss of the caches. With 2, 32 or 128 the footprints of real
 * programs changed by less than 0.1 % in the mean.
 */
const SCAN = 8;
const EXACT = 32;
const BINS = EXACT + 4 * 25;
const BITMAP_WORDS = Math.ceil(BINS / 32);

/** Words of the tables: bitmap of bins, heads of bins, then head of each quick list (0 is unused). */
const BITMAP_AT = OWN_WORDS;
const BINS_AT = BITMAP_AT + BITMAP_WORDS;
export const QUICK_AT = BINS_AT + BINS;

/** Words of tables with quick lists up to `quick` granules. */
export function tableWords(quick: number): number {
  return QUICK_AT + quick + 1;
}

/** Granules of such tables. */
export function tableGranules(quick: number, scale: number): number {
  return (tableWords(quick) + (1 << scale) - 1) >>> scale;
}

/** The bin of a length from 1 up. Lengths of the same bin differ by less than a quarter. */
export function binOf(length: number): number {
  if (length <= EXACT) return length - 1;
  const log = 31 - Math.clz32(length);
  return EXACT + ((log - 5) << 2) + ((length >>> (log - 2)) & 3);
}

/** Puts the merged block at granule `i` first in its bin. `tables` is a word index, `scale` log2 of words a granule. */
export function insert(
  words: Int32Array,
  tables: WordIndex,
  scale: number,
  i: Granule,
  length: number,
): void {
  const bin = binOf(length);
  if (link(words, tables + BINS_AT + bin, scale, i, length) === 0) {
    const group = tables + BITMAP_AT + (bin >>> 5);
    words[group] |= 1 << (bin & 31);
  }
}

export function remove(
  words: Int32Array,
  tables: WordIndex,
  scale: number,
  i: Granule,
  length: number,
): void {
  const at = i << scale;
  const next = words[at + NEXT];
  const previous = words[at + PREVIOUS];
  if (next !== 0) words[(next << scale) + PREVIOUS] = previous;
  if (previous !== 0) {
    words[(previous << scale) + NEXT] = next;
    return;
  }
  const bin = binOf(length);
  words[tables + BINS_AT + bin] = next;
  if (next === 0) {
    const group = tables + BITMAP_AT + (bin >>> 5);
    words[group] &= ~(1 << (bin & 31));
  }
}

/** Puts the block at `i` first in the list whose head is the word `head`. @returns the one that was first */
export function link(words: Int32Array, head: number, scale: number, i: Granule, length: number): number {
  const at = i << scale;
  const next = words[head];
  words[at + NEXT] = next;
  words[at + PREVIOUS] = 0;
  words[at + LENGTH] = length;
  words[head] = i;
  if (next !== 0) words[(next << scale) + PREVIOUS] = i;
  return next;
}

export function unlink(words: Int32Array, head: number, scale: number, i: Granule): void {
  const next = words[(i << scale) + NEXT];
  const previous = words[(i << scale) + PREVIOUS];
  if (next !== 0) words[(next << scale) + PREVIOUS] = previous;
  if (previous !== 0) words[(previous << scale) + NEXT] = next;
  else words[head] = next;
}

/** Puts the block at `i` first in the quick list whose head is the word `head`. */
export function pushWaiting(words: Int32Array, head: number, scale: number, i: Granule): void {
  const at = i << scale;
  const next = words[head];
  words[head] = i;
  words[at + NEXT] = next;
  if (next === 0) words[at + LENGTH] = -1;
  else {
    words[(next << scale) + PREVIOUS] = i;
    words[at + LENGTH] = words[(next << scale) + LENGTH] - 1;
  }
}

/** Takes any block out of the quick list whose head is the word `head`: the first takes its place. O(1). */
export function unlinkWaiting(words: Int32Array, head: number, scale: number, i: Granule): void {
  const first = words[head];
  const second = words[(first << scale) + NEXT];
  words[head] = second;
  if (first === i) return;
  const to = first << scale;
  const from = i << scale;
  const next = words[from + NEXT];
  const previous = words[from + PREVIOUS];
  words[to + NEXT] = next;
  words[to + LENGTH] = words[from + LENGTH];
  if (next !== 0) words[(next << scale) + PREVIOUS] = first;
  // Where the second is the one taken out, the first is its own successor, and first again.
  if (second === i) words[head] = first;
  else {
    words[to + PREVIOUS] = previous;
    words[(previous << scale) + NEXT] = first;
  }
}

/** Blocks in the quick list that begins with the block at `i`, 0 for none. */
export function countWaiting(words: Int32Array, scale: number, i: Granule): number {
  return i === 0 ? 0 : -words[(i << scale) + LENGTH];
}

/**
 * The merged block to carve `length` granules from: the least of those looked at that is large enough.
 * @param thorough whether to look at the whole bin of the length rather than give up on it after SCAN blocks
 * @returns its granule, 0 when none is large enough
 */
export function findFit(
  words: Int32Array,
  tables: WordIndex,
  scale: number,
  length: number,
  thorough: boolean,
): number {
  let bin = binOf(length);
  if (bin >= EXACT) {
    const found = leastOf(words, scale, words[tables + BINS_AT + bin], length, thorough);
    if (found !== 0) return found;
    bin++;
  }
  let group = bin >>> 5;
  if (group >= BITMAP_WORDS) return 0;
  let bits = words[tables + BITMAP_AT + group] & (-1 << (bin & 31));
  while (bits === 0) {
    if (++group >= BITMAP_WORDS) return 0;
    bits = words[tables + BITMAP_AT + group];
  }
  bin = (group << 5) + 31 - Math.clz32(bits & -bits);
  const head = words[tables + BINS_AT + bin];
  return bin < EXACT ? head : leastOf(words, scale, head, length, false);
}

/** The least block of a list that has `length` granules, 0 when none has. Looks at SCAN blocks unless `thorough`. */
export function leastOf(
  words: Int32Array,
  scale: number,
  head: number,
  length: number,
  thorough: boolean,
): number {
  let best = 0;
  let least = 0x7fff_ffff;
  let left = SCAN;
  for (let i = head; i !== 0; i = words[(i << scale) + NEXT]) {
    const found = words[(i << scale) + LENGTH];
    if (found >= length && found < least) {
      best = i;
      if (found === length) break;
      least = found;
    }
    if (--left <= 0 && !(thorough && best === 0)) break;
  }
  return best;
}

/** Granules and blocks in the quick lists. O(quick). */
export function quickTotals(
  words: Int32Array,
  tables: WordIndex,
  scale: number,
  quick: number,
): { blocks: number; granules: number } {
  let blocks = 0;
  let granules = 0;
  const at = tables + QUICK_AT;
  for (let length = 1; length <= quick; length++) {
    // Of thousands of lists all but some dozens are empty: eight at a time are passed over.
    while (length + 7 <= quick && areEmpty(words, at + length)) length += 8;
    if (length > quick) break;
    const count = countWaiting(words, scale, words[at + length]);
    blocks += count;
    granules += count * length;
  }
  return { blocks, granules };
}

/** Whether the eight lists whose heads begin at word `i` hold nothing. */
function areEmpty(words: Int32Array, i: Granule): boolean {
  const first = words[i] | words[i + 1] | words[i + 2] | words[i + 3];
  return (first | words[i + 4] | words[i + 5] | words[i + 6] | words[i + 7]) === 0;
}

/** Length of the largest merged block, 0 when there is none. O(bitmap words + blocks of the highest bin). */
export function largestMerged(words: Int32Array, tables: WordIndex, scale: number): number {
  for (let group = BITMAP_WORDS - 1; group >= 0; group--) {
    const bits = words[tables + BITMAP_AT + group];
    if (bits === 0) continue;
    const bin = (group << 5) + 31 - Math.clz32(bits);
    return largestOf(words, scale, words[tables + BINS_AT + bin]);
  }
  return 0;
}

/** Length of the largest block of a list, 0 when it is empty. */
export function largestOf(words: Int32Array, scale: number, head: number): number {
  let largest = 0;
  for (let i = head; i !== 0; i = words[(i << scale) + NEXT]) {
    largest = Math.max(largest, words[(i << scale) + LENGTH]);
  }
  return largest;
}

/** The heads of all bins, in order of length. */
export function* bins(words: Int32Array, tables: WordIndex): Iterable<readonly [bin: number, head: number]> {
  for (let bin = 0; bin < BINS; bin++) yield [bin, words[tables + BINS_AT + bin]];
}

/** Whether the bitmap says that the bin has blocks. */
export function isBinNonEmpty(words: Int32Array, tables: WordIndex, bin: number): boolean {
  return ((words[tables + BITMAP_AT + (bin >>> 5)] >>> (bin & 31)) & 1) === 1;
}

/** Bits of the bitmap that stand for no bin: a search would take what lies behind the bins for the head of one. */
export function strayBits(words: Int32Array, tables: WordIndex): number {
  return words[tables + BITMAP_AT + BITMAP_WORDS - 1] & (-1 << (BINS & 31));
}
