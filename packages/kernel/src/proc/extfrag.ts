/**
 * How fragmented free frames are, for a request of each order, from counts of free blocks: the two indices of
 * /sys/kernel/debug/extfrag. Source: Linux mm/vmstat.c, `__fragmentation_index`, `unusable_free_index`. O(orders).
 */

/**
 * Why a request of `order` fails: towards 0 for want of memory, towards 1000 because what is free is in pieces; -1000
 * where it would not fail at all, 0 where nothing is free.
 * @param free free blocks of `2 ** index` frames
 */
export function fragmentationIndex(free: readonly number[], order: number): number {
  const { frames, blocks, suitable } = contiguous(free, order);
  if (blocks === 0) return 0;
  if (suitable > 0) return -1000;
  return 1000 - Math.floor((1000 + Math.floor((frames * 1000) / 2 ** order)) / blocks);
}

/** What share of the free frames, in thousandths, lies in blocks too small for a request of `order`. */
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
