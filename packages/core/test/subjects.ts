/** Every allocator of core with every option set that the conformance suite runs over. A new allocator adds its rows here. */
import type { Allocator, AllocatorObserver, Segment } from '../src/allocator.js';
import { Buddy } from '../src/buddy/buddy.js';

export interface SubjectOptions {
  base?: number;
  observer?: AllocatorObserver;
}

export interface Subject {
  readonly name: string;
  make(capacity: number, options?: SubjectOptions): Allocator;
  /** Every segment's size is a multiple of this many bytes, and so must the capacities be that the suite makes. */
  readonly granule: number;
  /** Whether free neighbours become one: after a drain the range is as it was when new. */
  readonly coalesces: boolean;
  /** Whether the free segment could serve the request: when `allocate` gives null, no free segment may. */
  fits(free: Segment, size: number, align: number): boolean;
}

export const SUBJECTS: readonly Subject[] = [
  buddy('units of 256 bytes', 256),
  buddy('pages, 18 orders', 4096, { orders: 18 }),
  // Capacities of an odd number of triple units are no powers of two.
  buddy('capacities of three units and their multiples', 256, {}, 3),
];

function buddy(
  what: string,
  unit: number,
  options: { readonly orders?: number } = {},
  unitsAtATime = 1,
): Subject {
  return {
    name: `buddy: ${what}`,
    make: (capacity, made) => new Buddy({ capacity, unit, ...options, ...made }),
    granule: unit * unitsAtATime,
    coalesces: true,
    fits: (free, size, align) => {
      let block = unit;
      while (block < size) block *= 2;
      // A block begins a multiple of its own size past the base, and at a multiple of align only if that has one.
      return free.end - free.start >= Math.max(block, align) && free.start % Math.min(block, align) === 0;
    },
  };
}
