/** Every allocator of core with every option set that the conformance suite runs over. A new allocator adds its rows here. */
import type { Allocator, AllocatorObserver, Segment } from '../src/allocator.js';
import { roundUp } from '../src/arguments.js';
import { Blocks } from '../src/blocks/blocks.js';
import { Buddy } from '../src/buddy/buddy.js';
import { IndexedFit } from '../src/segments/indexed-fit.js';
import { NaiveAllocator, type NaiveOptions } from '../src/segments/naive.js';
import { type SegmentOptions, SegmentPolicy } from '../src/segments/options.js';
import { Tlsf } from '../src/segments/tlsf.js';

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
  blocks('of 256 bytes', 256),
  blocks('of 4096 bytes', 4096),
  blocks('of 1000 bytes', 1000),
  buddy('units of 256 bytes', 256),
  buddy('pages, 18 orders', 4096, { orders: 18 }),
  // Capacities of an odd number of triple units are no powers of two.
  buddy('capacities of three units and their multiples', 256, {}, 3),
  naive({ fit: 'first' }),
  naive({ fit: 'next', order: 'newest-first', largestHint: true }),
  naive({ fit: 'best', order: 'newest-last', header: 4, minRemainder: 24, largestHint: true }),
  naive({ fit: 'worst', order: 'size-down', coalesce: false, header: 8, align: 16, block: 16 }),
  indexed({ fit: 'first' }),
  indexed({ fit: 'first', order: 'newest-first', coalesce: false }),
  indexed({ fit: 'first', header: 16, align: 16, block: 16, minRemainder: 32 }),
  indexed({ fit: 'next' }),
  indexed({ fit: 'next', order: 'size-up', header: 8, align: 16, block: 16, coalesce: false }),
  indexed({ fit: 'best' }),
  indexed({ fit: 'best', order: 'newest-last', header: 4, minRemainder: 24 }),
  indexed({ fit: 'worst' }),
  indexed({ fit: 'worst', order: 'size-up', coalesce: false, block: 24 }),
  tlsf(1),
  tlsf(16),
  tlsf(256),
];

function blocks(what: string, block: number): Subject {
  return {
    name: `blocks: ${what}`,
    make: (capacity, made) => new Blocks({ capacity, block, ...made }),
    granule: block,
    coalesces: true,
    fits: (free, size, align) => {
      for (let start = free.start; start + size <= free.end; start += block)
        if (start % align === 0) return true;
      return false;
    },
  };
}

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

function tlsf(align: number): Subject {
  return {
    name: `tlsf: align ${align}`,
    make: (capacity, made) => new Tlsf({ capacity, align, ...made }),
    granule: align,
    coalesces: true,
    fits: ({ start, end }, size, to) => roundUp(start, Math.max(align, to)) + roundUp(size, align) <= end,
  };
}

function naive(options: Omit<NaiveOptions, 'capacity'>): Subject {
  return list('naive', options, (all) => new NaiveAllocator(all));
}

function indexed(options: Omit<SegmentOptions, 'capacity'>): Subject {
  return list('indexed', options, (all) => new IndexedFit(all));
}

function list(
  kind: string,
  options: Omit<SegmentOptions, 'capacity'>,
  make: (all: SegmentOptions) => Allocator,
): Subject {
  const policy = new SegmentPolicy({ ...options, capacity: 1 });
  const told = Object.entries(options).map(([option, value]) => `${option} ${value}`);
  return {
    name: `${kind}: ${told.join(', ')}`,
    make: (capacity, made) => make({ ...options, capacity, ...made }),
    granule: 1,
    coalesces: policy.coalesce,
    fits: ({ start, end }, size, align) =>
      policy.place(start, end, policy.need(size), Math.max(align, policy.align)) >= 0,
  };
}
