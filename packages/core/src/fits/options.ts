/**
 * The options of the list allocators (the naive lists and the indexed fits), checked once, and the arithmetic
 * that follows from them: how many bytes a request needs, where it lies in a free segment, what is cut off.
 * Both allocators hold one SegmentPolicy and ask it, so that they cannot disagree.
 */
import { checkAlign, checkBoolean, checkBytes, roundUp } from '../arguments.js';
import { display } from '../display.js';
import { checkGrow, checkRangeOptions, RANGE_OPTIONS, type RangeOptions } from '../range-options.js';
import { INSPECT, summary } from '../summary.js';

export const FITS = ['first', 'next', 'best', 'worst'] as const;
/**
 * Which of the free segments that can serve a request does: the first in the list; the first from where the
 * last search ended, round the list; the smallest; the largest. Equal sizes: the earliest in the list.
 */
export type Fit = (typeof FITS)[number];

export const ORDERS = ['address', 'size-up', 'size-down', 'newest-first', 'newest-last'] as const;
/**
 * The order of the free list. Equal sizes stand in address order. In the two `newest` orders a segment enters
 * the list when it is freed, merged or not, at the front or at the back. What remains of a segment that was
 * taken from keeps its place; where bytes remain both in front (padding) and behind, those behind keep the place
 * and those in front enter the list as if just freed.
 */
export type FreeListOrder = (typeof ORDERS)[number];

export interface SegmentOptions extends RangeOptions {
  /** Default `first`. */
  readonly fit?: Fit;
  /** Default `address`. */
  readonly order?: FreeListOrder;
  /**
   * Whether a segment merges with its free neighbours as soon as it is freed; default true. Without it free
   * segments keep their boundaries for ever.
   */
  readonly coalesce?: boolean;
  /** Bytes kept in front of every address given out, as a malloc would for its own notes; default 0. */
  readonly header?: number;
  /** Every address is a multiple of this power of two; default 1. A request may ask for more, never for less. */
  readonly align?: number;
  /** Header and request together are rounded up to a multiple of this many bytes; default 1. */
  readonly block?: number;
  /**
   * Smallest rest worth a segment of its own, in bytes, default 1: when less than this would remain in front of
   * the header (padding) or behind the request, it is not cut off but stays in the used segment, as waste.
   */
  readonly minRemainder?: number;
}

/** The names of all SegmentOptions. */
export const SEGMENT_OPTIONS: Readonly<Record<keyof SegmentOptions, true>> = {
  ...RANGE_OPTIONS,
  fit: true,
  order: true,
  coalesce: true,
  header: true,
  align: true,
  block: true,
  minRemainder: true,
};

/**
 * SegmentOptions, checked and filled in, and the arithmetic on bytes that follows from them: what an allocator of
 * your own asks to place requests as NaiveAllocator and IndexedFit do.
 * @example
 * ```js
 * const policy = new SegmentPolicy({ capacity: 1024, header: 8 });
 * [policy.fit, policy.order, policy.need(100)];   // => ['first', 'address', 108]
 * new SegmentPolicy({ capacity: 1024, fit: 'closest' });   // => throws RangeError: first, next, best, worst
 * ```
 */
export class SegmentPolicy {
  readonly base: number;
  readonly fit: Fit;
  readonly order: FreeListOrder;
  readonly coalesce: boolean;
  readonly header: number;
  readonly align: number;
  readonly block: number;
  readonly minRemainder: number;
  readonly growBy: number;
  readonly maxCapacity: number;

  /** @throws RangeError naming the option and its value, when one is not as SegmentOptions says */
  constructor(options: SegmentOptions) {
    const { fit = 'first', order = 'address', coalesce = true } = options;
    const { header = 0, align = 1, block = 1, minRemainder = 1 } = options;
    const { base, growBy, maxCapacity } = checkRangeOptions(options);
    checkOneOf('fit', fit, FITS);
    checkOneOf('order', order, ORDERS);
    checkBoolean('coalesce', coalesce);
    checkBytes('header', header, 0, Number.MAX_SAFE_INTEGER);
    checkAlign(align);
    checkBytes('block', block, 1, Number.MAX_SAFE_INTEGER);
    checkBytes('minRemainder', minRemainder, 1, Number.MAX_SAFE_INTEGER);
    this.base = base;
    this.fit = fit;
    this.order = order;
    this.coalesce = coalesce;
    this.header = header;
    this.align = align;
    this.block = block;
    this.minRemainder = minRemainder;
    this.growBy = growBy;
    this.maxCapacity = maxCapacity;
  }

  /**
   * Bytes of the range that a request of `size` bytes needs: header in front, rounded up to whole blocks.
   * @example
   * ```js
   * // As a malloc that keeps 8 bytes in front of each block, and rounds up to 16.
   * const policy = new SegmentPolicy({ capacity: 1024, header: 8, block: 16 });
   * [1, 8, 9, 24, 25].map((size) => policy.need(size));   // => [16, 16, 32, 32, 48]
   * ```
   */
  need(size: number): number {
    return this.block === 1 ? this.header + size : roundUp(this.header + size, this.block);
  }

  /**
   * Where in the free segment `[start, end)` the header of a request of `need` bytes would lie, so that the
   * address behind it is a multiple of `align`; -1 when the request does not fit there.
   * @example
   * ```js
   * const policy = new SegmentPolicy({ capacity: 1024, header: 8 });
   * // The header lies at 56, so that the address is 64.
   * policy.place(10, 200, policy.need(100), 64);   // => 56
   * policy.place(10, 160, policy.need(100), 64);   // => -1
   * ```
   */
  place(start: number, end: number, need: number, align: number): number {
    const head = align === 1 ? start : roundUp(start + this.header, align) - this.header;
    return head + need <= end ? head : -1;
  }

  /**
   * Where the used segment begins whose header lies at `head`: a short padding from `start` on stays in it.
   * @example
   * ```js
   * const policy = new SegmentPolicy({ capacity: 1024, minRemainder: 16 });
   * // 32 bytes of padding are a segment of their own, 8 are waste.
   * [policy.cutFront(0, 32), policy.cutFront(0, 8)];   // => [32, 0]
   * ```
   */
  cutFront(start: number, head: number): number {
    return head - start < this.minRemainder ? start : head;
  }

  /**
   * Where the used segment ends whose request ends at `tail`: a short rest up to `end` stays in it.
   * @example
   * ```js
   * const policy = new SegmentPolicy({ capacity: 1024, minRemainder: 16 });
   * // A request that ends at 100, in free segments that end at 120 and at 110.
   * [policy.cutBack(100, 120), policy.cutBack(100, 110)];   // => [100, 110]
   * ```
   */
  cutBack(tail: number, end: number): number {
    return end - tail < this.minRemainder ? end : tail;
  }

  /**
   * The capacity to grow to so that a request fits in what is free from `start` to the end of the range: more
   * by the fewest multiples of `growBy`; -1 when the range may not grow, or not so far.
   * @example
   * ```js
   * const policy = new SegmentPolicy({ capacity: 4096, growBy: 4096, maxCapacity: 16384 });
   * // The last 96 bytes are free; 5000 are needed.
   * policy.capacityFor(4096, 4000, 5000, 1);   // => 12288
   * policy.capacityFor(4096, 4000, 20_000, 1);   // => -1
   * ```
   */
  capacityFor(capacity: number, start: number, need: number, align: number): number {
    if (this.growBy === 0) return -1;
    const head = roundUp(start + this.header, align) - this.header;
    const missing = head + need - (this.base + capacity);
    const grown = capacity + roundUp(missing, this.growBy);
    return grown <= this.maxCapacity ? grown : -1;
  }

  /**
   * @throws RangeError unless a range of `capacity` bytes may grow to `newCapacity`
   * @example
   * ```js
   * const policy = new SegmentPolicy({ capacity: 4096, maxCapacity: 8192 });
   * policy.checkGrow(4096, 8192);   // => undefined
   * policy.checkGrow(4096, 8193);   // => throws RangeError: maxCapacity
   * policy.checkGrow(4096, 4095);   // => throws RangeError: at least the capacity
   * ```
   */
  checkGrow(capacity: number, newCapacity: number): void {
    checkGrow(capacity, newCapacity, this.maxCapacity);
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new SegmentPolicy({ capacity: 4096, fit: 'best' }).toJSON().fit;   // => 'best'
   * ```
   */
  toJSON(): object {
    return { ...this };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}

function checkOneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) {
    throw new RangeError(`${name} must be one of ${allowed.join(', ')}, got ${display(value)}`);
  }
}
