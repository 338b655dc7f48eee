/** Memory as a row of cells, each as dark as it is full. */
import type { Allocator } from 'freehold';

const SHADES = '·░▒▓█';

/** The share of each of `cells` equal parts of the range that is in use. O(segments). */
export function snapshot(allocator: Allocator, cells: number): number[] {
  const { base, capacity } = allocator;
  const used = new Array<number>(cells).fill(0);
  const cellBytes = capacity / cells;
  for (const segment of allocator.segments()) {
    if (!segment.used) continue;
    const end = (segment.end - base) / cellBytes;
    for (let at = (segment.start - base) / cellBytes; at < end; at = Math.floor(at) + 1) {
      const cell = Math.min(cells - 1, Math.floor(at));
      used[cell]! += Math.min(end, cell + 1) - at;
    }
  }
  // Sums of parts of cells may miss 1 by a hair.
  return used.map((share) => Math.min(1, Math.round(share * 1e9) / 1e9));
}

/** `·` nothing in use, `█` everything, three shades between. */
export function draw(shares: readonly number[]): string {
  return shares
    .map((share) => SHADES[share === 0 ? 0 : share === 1 ? 4 : Math.min(3, 1 + Math.floor(share * 3))]!)
    .join('');
}
