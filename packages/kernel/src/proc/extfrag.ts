/**
 * How fragmented free frames are, for a request of each order, from counts of free blocks: the two indices of
 * /sys/kernel/debug/extfrag. Source: Linux mm/vmstat.c, `__fragmentation_index`, `unusable_free_index`. O(orders).
 */

/**
 * Why a request of `order` fails: towards 0 for want of memory, towards 1000 because free memory is in pieces; -1000
 * where it would not fail at all, 0 where nothing is free; a little below 0 where one block is all. Linux compacts
 * memory above 500. O(orders).
 * @param free free blocks of `2 ** index` frames
 * @param order of the request, 0 up
 * @example
 * ```js
 * // A hundred single frames, and a request of 8.
 * fragmentationIndex([100], 3);   // => 865
 * // Two frames: there is too little, whether in pieces or not.
 * fragmentationIndex([2], 3);   // => 375
 * fragmentationIndex([0, 0, 0, 1], 3);   // => -1000
 * ```
 */
export function fragmentationIndex(free: readonly number[], order: number): number {
  const { frames, blocks, suitable } = contiguous(free, order);
  if (blocks === 0) return 0;
  if (suitable > 0) return -1000;
  return 1000 - Math.floor((1000 + Math.floor((frames * 1000) / 2 ** order)) / blocks);
}

/**
 * The share of the free frames, in thousandths, that lies in blocks too small for a request of `order`; 1000 where
 * nothing is free. O(orders).
 * @param free free blocks of `2 ** index` frames
 * @param order of the request, 0 up
 * @example
 * ```js
 * // 8 single frames and a block of 8.
 * unusableFreeIndex([8, 0, 0, 1], 3);   // => 500
 * unusableFreeIndex([8, 0, 0, 1], 0);   // => 0
 * unusableFreeIndex([], 0);   // => 1000
 * ```
 */
export function unusableFreeIndex(free: readonly number[], order: number): number {
  const { frames, suitable } = contiguous(free, order);
  // Nothing free is as good as nothing usable.
  if (frames === 0) return 1000;
  return Math.floor(((frames - suitable * 2 ** order) * 1000) / frames);
}

/** Free frames, free blocks, and how many requests of `order` the blocks would serve. */
function contiguous(free: readonly number[], order: number) {
  let frames = 0;
  let blocks = 0;
  let suitable = 0;
  free.forEach((count, of) => {
    blocks += count;
    frames += count * 2 ** of;
    if (of >= order) suitable += count * 2 ** (of - order);
  });
  return { frames, blocks, suitable };
}
