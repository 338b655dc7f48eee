/**
 * The alignment that a block was asked for with, where it is more than the heap's: its mark in the map says that there
 * is one, its last word holds the logarithm. realloc keeps it.
 *
 * Cost: O(1). Waste: the word, 4 bytes.
 */
import { CorruptionError } from '../allocator.js';
import { hex } from '../display.js';
import { isMarked, lengthOf } from './block-map.js';
import type { Granule, WordIndex } from './layout.js';

/** Writes the alignment, in bytes, into the last word of the block, which must have its mark. */
export function noteAlignment(
  words: Int32Array,
  map: WordIndex,
  scale: number,
  block: Granule,
  alignment: number,
): void {
  const end = block + lengthOf(words, map, block);
  words[(end << scale) - 1] = 31 - Math.clz32(alignment);
}

/**
 * The alignment, in bytes, that the used block was asked for; 0 where none was.
 * @throws CorruptionError where somebody wrote over the word that holds it
 */
export function alignmentOf(
  words: Int32Array,
  map: WordIndex,
  scale: number,
  block: Granule,
  length: number,
): number {
  if (length === 1 || !isMarked(words, map, block)) return 0;
  const log = words[((block + length) << scale) - 1];
  const granuleLog = scale + 2;
  // Somebody wrote past the end of the block.
  if (!(log > granuleLog && log < 32 && (block & ((1 << (log - granuleLog)) - 1)) === 0)) {
    const unit = 4 << scale;
    throw new CorruptionError(
      'the last word of an aligned block holds the logarithm of its alignment',
      `${log}, in the block at ${hex(block * unit)} of ${length * unit} bytes`,
    );
  }
  return 2 ** log;
}
