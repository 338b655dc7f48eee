/** Every allocator of core with every option set that the conformance suite runs over. A new allocator adds its rows here. */
import type { Allocator, AllocatorObserver, Segment } from '../src/allocator.js';
import { roundUp } from '../src/arguments.js';
import { Blocks } from '../src/blocks/blocks.js';
import { Buddy } from '../src/buddy/buddy.js';
import { IndexedFit } from '../src/fits/indexed-fit.js';
import { NaiveAllocator, type NaiveOptions } from '../src/fits/naive.js';
import { type SegmentOptions, SegmentPolicy } from '../src/fits/options.js';
import { Heap } from '../src/heap/heap.js';
import { HeapAllocator } from '../src/heap/heap-allocator.js';
import type { HeapOptions } from '../src/heap/options.js';
import { checkRange } from '../src/range-options.js';
import { Tlsf } from '../src/tlsf/tlsf.js';
import { POLICIES } from './twins.js';

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
  /**
   * Whether bookkeeping lies inside the range, on real bytes: no range is above 4 GiB then, none is taken whole, no
   * segment looked at is counted, no observer told, and the options are those of another object.
   */
  readonly inside?: true;
  /** Multiples of this many bytes by which the range grows by itself, and to how much more than it was made with; or 0. */
  readonly growBy: number;
  readonly growth: number;
  /**
   * Whether a request could be served from this free stretch of a range that begins at `base`: when `allocate` gives
   * null, none of the free segments may, nor what the range would have at its end if it grew as far as it may.
   */
  fits(free: Pick<Segment, 'start' | 'end'>, size: number, align: number, base: number): boolean;
}

/** What the list allocators are told besides fit, order and coalescing. Seven, so that every fit and order meets each. */
const SETS: readonly Partial<SegmentOptions>[] = [
  { growBy: 1000 },
  { header: 8, align: 16, block: 16 },
  { header: 4, minRemainder: 24 },
  { block: 24, growBy: 100 },
  { align: 8, minRemainder: 32 },
  { header: 16, align: 16, block: 16, minRemainder: 32 },
  { header: 12, align: 4, growBy: 4096 },
];

/** How far a growing range grows: not by a multiple of what it grows by. */
const GROWTH = 6000;

export const SUBJECTS: readonly Subject[] = [
  blocks('of 256 bytes', 256),
  blocks('of 4096 bytes', 4096),
  blocks('of 1000 bytes', 1000),
  blocks('of 256 bytes, growing', 256, 3),
  blocks('of 1000 bytes, growing', 1000, 1),
  buddy('units of 256 bytes', 256),
  buddy('pages, 18 orders', 4096, { orders: 18 }),
  // Capacities of an odd number of triple units are no powers of two.
  buddy('capacities of three units and their multiples', 256, { granules: 3 }),
  buddy('units of 256 bytes, growing', 256, { growBy: 5 }),
  buddy('three units and multiples, 20 orders, growing', 256, { orders: 20, granules: 3, growBy: 1 }),
  tlsf(1),
  tlsf(16),
  tlsf(256),
  tlsf(8, 125),
  tlsf(64, 1),
  heap({}),
  heap({ alignment: 8 }),
  ...POLICIES.flatMap((policy, i) => [
    naive({ ...policy, largestHint: i % 3 === 0 }),
    naive({ ...policy, ...SETS[i % SETS.length], largestHint: i % 3 === 1 }),
    indexed(policy),
    indexed({ ...policy, ...SETS[i % SETS.length] }),
  ]),
];

/** On a buffer of its own; without checks a heap refuses nothing, so that it is no subject. */
function heap(options: HeapOptions): Subject {
  const unit = options.alignment ?? 16;
  return {
    name: `heap: alignment ${unit}`,
    make: (capacity, { base = 0 } = {}) => {
      checkRange(base, capacity);
      return new HeapAllocator(Heap.create(new ArrayBuffer(base + capacity), { ...options, base }));
    },
    granule: 16,
    coalesces: false,
    inside: true,
    growBy: 0,
    growth: 0,
    // Before what lies above the last block can be used, the map may have to grow, there as well.
    fits: ({ start, end }, size, align) => {
      const aligned = align > unit ? roundUp(start, align) + 4 : start;
      return aligned + roundUp(size, unit) + 512 + (end - start) / 16 <= end;
    },
  };
}

/** @param growBy in blocks */
function blocks(what: string, block: number, growBy = 0): Subject {
  const growing = grows(block * growBy);
  return {
    name: `blocks: ${what}`,
    make: (capacity, made) => new Blocks({ ...growing.options(capacity), block, ...made }),
    granule: block,
    coalesces: true,
    ...growing.told,
    fits: (free, size, align) => {
      for (let start = free.start; start + size <= free.end; start += block)
        if (start % align === 0) return true;
      return false;
    },
  };
}

/** @param growBy in units */
function buddy(
  what: string,
  unit: number,
  { orders = 31, granules = 1, growBy = 0 }: { orders?: number; granules?: number; growBy?: number } = {},
): Subject {
  const growing = grows(unit * growBy);
  const bounded = orders < 31 ? { orders } : {};
  return {
    name: `buddy: ${what}`,
    make: (capacity, made) => new Buddy({ ...growing.options(capacity), unit, ...bounded, ...made }),
    granule: unit * granules,
    coalesces: true,
    ...growing.told,
    fits: (free, size, align, base) => {
      let block = unit;
      while (block < size) block *= 2;
      if (block > unit * 2 ** (orders - 1)) return false;
      // Blocks begin at multiples of their own size past the base.
      const first = base + roundUp(free.start - base, block);
      for (let start = first; start + block <= free.end; start += block) if (start % align === 0) return true;
      return false;
    },
  };
}

/** @param growBy in multiples of `align` */
function tlsf(align: number, growBy = 0): Subject {
  const growing = grows(align * growBy);
  return {
    name: `tlsf: align ${align}${growBy > 0 ? ', growing' : ''}`,
    make: (capacity, made) => new Tlsf({ ...growing.options(capacity), align, ...made }),
    granule: align,
    coalesces: true,
    ...growing.told,
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
  options: Omit<NaiveOptions, 'capacity'>,
  make: (all: NaiveOptions) => Allocator,
): Subject {
  const { largestHint, ...shared } = options;
  const policy = new SegmentPolicy({ ...shared, capacity: 1 });
  const growing = grows(policy.growBy);
  const told = Object.entries(options).map(([option, value]) => `${option} ${value}`);
  return {
    name: `${kind}: ${told.join(', ')}`,
    make: (capacity, made) => make({ ...options, ...growing.options(capacity), ...made }),
    granule: 1,
    coalesces: policy.coalesce,
    ...growing.told,
    fits: ({ start, end }, size, align) =>
      policy.place(start, end, policy.need(size), Math.max(align, policy.align)) >= 0,
  };
}

function grows(growBy: number) {
  const growth = growBy === 0 ? 0 : GROWTH;
  return {
    told: { growBy, growth },
    options: (capacity: number) =>
      growBy === 0 ? { capacity } : { capacity, growBy, maxCapacity: capacity + growth },
  };
}
