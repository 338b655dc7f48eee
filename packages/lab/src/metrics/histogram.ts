/** Counts of small whole numbers, exact: search lengths with their percentiles; free segments by size. */
import type { Allocator } from 'freehold';
import { CLASSES, type SizeHistogram, sizeClass, trimmed } from '../trace/size-classes.js';

/** Every value counted for itself: exact percentiles. Room for the greatest value seen: 8 bytes for each up to it. */
export class Counts {
  total = 0;
  max = 0;
  #sum = 0;
  #counts = new Float64Array(64);

  /** @param value a whole number from 0 up */
  add(value: number): void {
    if (value >= this.#counts.length) {
      const grown = new Float64Array(2 ** Math.ceil(Math.log2(value + 1)));
      grown.set(this.#counts);
      this.#counts = grown;
    }
    this.#counts[value]!++;
    this.total++;
    this.#sum += value;
    if (value > this.max) this.max = value;
  }

  /** 0 when nothing was counted. */
  get mean(): number {
    return this.total === 0 ? 0 : this.#sum / this.total;
  }

  /** The least value that at least `share` of those counted do not exceed; 0 when nothing was counted. */
  percentile(share: number): number {
    let below = 0;
    for (let value = 0; value <= this.max; value++) {
      below += this.#counts[value]!;
      if (below >= share * this.total) return value;
    }
    return this.max;
  }
}

/** The free segments below an address, in sum. */
export interface Holes {
  readonly segments: number;
  readonly bytes: number;
  readonly largest: number;
  readonly sizes: SizeHistogram;
}

/** Walks the segments; what lies above `limit` (from the base) does not count, nor the part of a segment above it. O(n). */
export function holesBelow(allocator: Allocator, limit: number): Holes {
  const counts = new Float64Array(CLASSES);
  const sums = new Float64Array(CLASSES);
  const highest = allocator.base + limit;
  let segments = 0;
  let bytes = 0;
  let largest = 0;
  for (const { start, end, used } of allocator.segments()) {
    if (start >= highest) break;
    if (used) continue;
    const size = Math.min(end, highest) - start;
    segments++;
    bytes += size;
    if (size > largest) largest = size;
    counts[sizeClass(size)]!++;
    sums[sizeClass(size)]! += size;
  }
  return { segments, bytes, largest, sizes: { counts: trimmed(counts), bytes: trimmed(sums) } };
}

/** 1 - largest ÷ total: the share of the free bytes that no single request can have; 0 where nothing is free. */
export function external(holes: Holes): number {
  return holes.bytes === 0 ? 0 : 1 - holes.largest / holes.bytes;
}
