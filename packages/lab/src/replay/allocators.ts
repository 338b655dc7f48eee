/**
 * The allocators that traces are replayed through, each a row: its name, its options, and how an arena of it is made. A
 * new one that hands out an address range adds a row made by `range`; one that manages bytes of its own adds a row whose
 * arena is not a RangeArena.
 *
 * All of them answer as C's malloc on a 64-bit system does: every address a multiple of 16 (`--align`). The segment
 * allocators round sizes up to that multiple as well: they would otherwise cut off slivers of less than 16 bytes, in
 * front of the next aligned address, that serve no request and are kept account of all the same.
 */

import { PageRange, SlabRange } from '@freehold/kernel';
import {
  type Allocator,
  Blocks,
  Buddy,
  type Fit,
  IndexedFit,
  lowestBit,
  NaiveAllocator,
  ORDERS,
  type SegmentOptions,
  Tlsf,
} from 'freehold';
import type { Settings } from '../metrics/comparison.js';
import { type Arena, type Mover, RangeArena } from './arena.js';
import { HeapArena } from './heap-arena.js';
import { PageArena, SlabArena } from './kernel-arenas.js';
import {
  type AllocatorOption,
  bytes,
  oneOf,
  onOff,
  powerOfTwoBytes,
  type ReadOption,
  wholeNumber,
} from './options.js';

export interface AllocatorKind {
  readonly id: string;
  /** In words: `First fit, O(log n)`. */
  readonly title: string;
  /** Whether its time per call grows with the number of segments: left out of long traces unless named. */
  readonly naive: boolean;
  /** Whether it takes every address for one that it gave: misuse is not found out. */
  readonly unchecked?: true;
  /** Present where it serves only recordings in these formats, unless it is named. */
  readonly formats?: readonly string[];
  readonly options: readonly AllocatorOption<unknown>[];
  /** Capacities are whole multiples of this. */
  granule(read: ReadOption): number;
  make(read: ReadOption, settings: Settings, mover?: Mover): Arena;
}

const ALIGN = powerOfTwoBytes('align', ({ align }) => align);
/**
 * The break moves a page at a time, as an operating system would have it. Next fit and worst fit place by what is free
 * at the top and so depend on it a little; no figure of memory counts what lies above the highest segment.
 */
const GROW_BY = bytes('grow-by', 1, () => 4096);

const ORDER = oneOf('order', ORDERS, 'address');
const COALESCE = onOff('coalesce', true);
const HEADER = bytes('header', 0, () => 0);
const ROUND = bytes('block', 1, ({ align }) => align);
const MIN_REMAINDER = bytes('min-remainder', 1, () => 1);
const LARGEST_HINT = onOff('largest-hint', false);
const SEGMENT_OPTIONS: readonly AllocatorOption<unknown>[] = [
  ORDER,
  COALESCE,
  ALIGN,
  ROUND,
  HEADER,
  MIN_REMAINDER,
  GROW_BY,
];

/**
 * The least that these two hand out, chosen over 31 recordings of real programs by utilisation (geometric mean): blocks
 * of 16, 32, 48, 64 and 128 bytes gave 67.4, 75.0, 73.9, 73.3 and 64.7 %, buddy units of 16, 32, 64 and 128 bytes gave
 * 61.9, 62.1, 58.2 and 51.5 %. Smaller ones lose to their bookkeeping what they save by rounding.
 */
const LEAST_BYTES = 32;
const BLOCK = bytes('block', 1, ({ align }) => Math.max(LEAST_BYTES, align));
const UNIT = powerOfTwoBytes('unit', ({ align }) => Math.max(LEAST_BYTES, align));
const ORDERS_COUNT = wholeNumber('orders', 1, 31);

/** What the heap rounds to; a larger `--align` is asked for with each request. */
const UNIT_8_16: AllocatorOption<8 | 16> = {
  name: 'unit',
  allowed: '8, 16',
  otherwise: ({ align }) => (align <= 8 ? '8' : '16'),
  parse: (text) => (text === '8' ? 8 : text === '16' ? 16 : undefined),
};

const PAGE_BYTES = 4096;
/** A machine does not grow. Its memory costs nothing before it is touched, its page descriptors do. */
const MEMORY = bytes('memory', PAGE_BYTES, ({ capacity }) => capacity ?? 2 ** 28);
const MIGRATE_TYPES = onOff('migrate-types', true);

export const ALLOCATORS: readonly AllocatorKind[] = [
  ...(['first', 'best', 'worst', 'next'] as const).map(naive),
  ...(['first', 'next', 'best', 'worst'] as const).map(indexed),
  range({
    id: 'tlsf',
    title: 'Two-level segregated fit, O(1)',
    options: [ALIGN, GROW_BY],
    granule: ALIGN,
    make: (bounds, align) => new Tlsf({ align, ...bounds }),
  }),
  range({
    id: 'blocks',
    title: 'Bitmap of equal blocks',
    options: [BLOCK, GROW_BY],
    granule: BLOCK,
    make: (bounds, block) => new Blocks({ block, ...bounds }),
  }),
  range({
    id: 'buddy',
    title: 'Binary buddy system',
    options: [UNIT, ORDERS_COUNT, GROW_BY],
    granule: UNIT,
    powersOfTwo: true,
    make: (bounds, unit, read) => new Buddy({ unit, orders: read(ORDERS_COUNT), ...bounds }),
  }),
  heap('heap', 'malloc on real bytes', true),
  heap('heap-unchecked', 'malloc on real bytes, frees not checked', false),
  {
    id: 'pages',
    title: 'Page allocator of the kernel',
    naive: false,
    formats: ['kmem-pages'],
    options: [MEMORY, MIGRATE_TYPES],
    granule: () => PAGE_BYTES,
    make(read, { align }) {
      const options = { capacity: read(MEMORY), groupByMobility: read(MIGRATE_TYPES) };
      return new PageArena(new PageRange(options), align);
    },
  },
  {
    id: 'slab',
    title: 'Object caches and kmalloc of the kernel',
    naive: false,
    formats: ['kmem'],
    options: [MEMORY],
    granule: () => PAGE_BYTES,
    make: (read, { align }) => new SlabArena(new SlabRange({ capacity: read(MEMORY) }), align),
  },
];

function heap(id: string, title: string, checked: boolean): AllocatorKind {
  return {
    id,
    title,
    naive: false,
    ...(!checked && { unchecked: true }),
    options: [UNIT_8_16],
    granule: () => 16,
    make: (read, settings) => new HeapArena(settings, read(UNIT_8_16), checked),
  };
}

function naive(fit: Fit): AllocatorKind {
  return range({
    id: `naive-${fit}`,
    title: `${capital(fit)} fit, linked lists`,
    naive: true,
    options: [...SEGMENT_OPTIONS, LARGEST_HINT],
    granule: ROUND,
    make: (bounds, _, read) =>
      new NaiveAllocator({ ...segmentOptions(bounds, read), fit, largestHint: read(LARGEST_HINT) }),
  });
}

function indexed(fit: Fit): AllocatorKind {
  return range({
    id: `${fit}-fit`,
    title: `${capital(fit)} fit, O(log n)`,
    options: SEGMENT_OPTIONS,
    granule: ROUND,
    make: (bounds, _, read) => new IndexedFit({ ...segmentOptions(bounds, read), fit }),
  });
}

function segmentOptions(bounds: RangeBounds, read: ReadOption): SegmentOptions {
  return {
    align: read(ALIGN),
    order: read(ORDER),
    coalesce: read(COALESCE),
    header: read(HEADER),
    block: read(ROUND),
    minRemainder: read(MIN_REMAINDER),
    ...bounds,
  };
}

/** An allocator of an address range. */
interface RangeRow {
  readonly id: string;
  readonly title: string;
  readonly naive?: true;
  /** In the order of the help. With ALIGN among them every address is a multiple of it, without, of `--align`. */
  readonly options: readonly AllocatorOption<unknown>[];
  /** What capacities, and steps of growth, are whole multiples of. */
  readonly granule: AllocatorOption<number>;
  /** Whether free blocks are the granule times powers of two. */
  readonly powersOfTwo?: true;
  make(bounds: RangeBounds, granule: number, read: ReadOption): Allocator;
}

function range(row: RangeRow): AllocatorKind {
  const { id, title, naive = false, options } = row;
  return {
    id,
    title,
    naive,
    options,
    granule: (read) => read(row.granule),
    make(read, settings, mover) {
      const granule = read(row.granule);
      const allocator = row.make(boundsOf(settings, read(GROW_BY), granule), granule, read);
      const ownAlign = options.includes(ALIGN) ? read(ALIGN) : null;
      const align = ownAlign ?? settings.align;
      const natural = ownAlign ?? lowestBit(granule);
      return new RangeArena(allocator, align, natural, mover, row.powersOfTwo && granule);
    },
  };
}

interface RangeBounds {
  readonly capacity: number;
  readonly growBy?: number;
}

/** A fixed range of the capacity asked for; else a small one that grows. Both in whole granules. */
function boundsOf({ capacity }: Settings, growBy: number, granule: number): RangeBounds {
  if (capacity !== null) {
    const whole = capacity - (capacity % granule);
    if (whole === 0) throw new RangeError(`capacity must be at least ${granule} bytes, got ${capacity}`);
    return { capacity: whole };
  }
  const step = Math.ceil(growBy / granule) * granule;
  return { capacity: step, growBy: step };
}

function capital(word: string): string {
  return word[0]!.toUpperCase() + word.slice(1);
}
