/**
 * Linux's two measures of fragmentation, for allocators whose free blocks are a unit times a power of two: for a request
 * of each order, why it would fail, and how much of what is free is of no use to it.
 */
import { fragmentationIndex, unusableFreeIndex } from '@freehold/kernel';
import { type Histogram, sizeClass } from '../trace/size-classes.js';

/** For requests of `blockBytes`, the unit times 2 to the power of `order`. */
export interface OrderFragmentation {
  readonly order: number;
  readonly blockBytes: number;
  /** Free blocks of just that size. */
  readonly free: number;
  /**
   * From 0 to 1: near 0 a request fails for want of memory, near 1 because what is free is in pieces. Null where it does
   * not fail, or nothing is free. Linux gives thousandths, and -1000 where it does not fail.
   */
  readonly fragmentationIndex: number | null;
  /** Share of the free bytes that lie in blocks too small for the request. */
  readonly unusableFreeIndex: number;
}

/**
 * Up to the order of the largest free block and one beyond.
 * @param unit bytes of a block of order 0, a power of two
 * @param counts free blocks by size; those are powers of two, so that a class holds one size
 */
export function orderFragmentation(unit: number, counts: Histogram): readonly OrderFragmentation[] {
  const free = counts.slice(sizeClass(unit));
  return [...free, 0].map((count, order) => {
    const index = fragmentationIndex(free, order);
    return {
      order,
      blockBytes: unit * 2 ** order,
      free: count,
      fragmentationIndex: index > 0 ? index / 1000 : null,
      unusableFreeIndex: unusableFreeIndex(free, order) / 1000,
    };
  });
}
