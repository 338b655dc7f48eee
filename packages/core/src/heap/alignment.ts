/**
 * The alignment that a block was asked for with, where it is more than the heap's, so that realloc keeps it. It stands in
 * the note of the block in the map (block-map.ts): above the mark the logarithm, in granules, less 1, in as many bits
 * as that takes.
 *
 * In the map nobody overwrites it, and a block of n times its alignment takes just that: its granules are always enough
 * for the note, from 2 for an alignment of 2 granules to 7 for one of 2^17 and more. Blocks that are shorter are made so long.
 *
 * Cost: O(1). Waste: none where the size is the alignment or more; else up to 6 granules.
 */
import { noteOf, setNote } from './block-map.js';
import type { Granule, WordIndex } from './layout.js';

/** The least granules of a block that was asked for with an alignment of `align` granules, a power of two above 1. */
export function leastFor(align: number): number {
  return 2 + bitsOf(logOf(align));
}

/** Notes the alignment of the used block at `block`, in granules; the block has `leastFor` of it. */
export function noteAlignment(words: Int32Array, map: WordIndex, block: Granule, align: number): void {
  const log = logOf(align);
  setNote(words, map, block, 2 + bitsOf(log), 1 | (log << 1));
}

/** The alignment, in granules, that the used block was asked for; 0 where none was. */
export function alignmentOf(words: Int32Array, map: WordIndex, block: Granule, length: number): number {
  const note = noteOf(words, map, block, length);
  return (note & 1) === 0 ? 0 : 2 ** ((note >>> 1) + 1);
}

/** The block is about to be freed. */
export function clearAlignment(words: Int32Array, map: WordIndex, block: Granule, length: number): void {
  setNote(words, map, block, length, 0);
}

/** The logarithm less 1. */
function logOf(align: number): number {
  return 30 - Math.clz32(align);
}

function bitsOf(value: number): number {
  return 32 - Math.clz32(value);
}
