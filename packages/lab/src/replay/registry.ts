/**
 * The allocators that traces are replayed through, each a row: its name, its options, and how an arena of it is made.
 * One that manages bytes of its own is another row, whose arena is not a RangeArena.
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
import { UserError } from '../errors.js';
import { suggestion, unknownName } from '../text/nearest.js';
import { type Arena, type Mover, RangeArena } from './arena.js';
import { HeapArena } from './heap-arena.js';
import { PageArena, SlabArena } from './kernel-arenas.js';
import {
  bytes,
  type Option,
  oneOf,
  onOff,
  powerOfTwoBytes,
  type Read,
  type Settings,
  wholeNumber,
} from './options.js';
import { isOutOfMemory } from './shortage.js';

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
  readonly options: readonly Option<unknown>[];
  /** Capacities are whole multiples of this. */
  granule(read: Read): number;
  make(read: Read, settings: Settings, mover?: Mover): Arena;
}

/** An allocator with its options, as one of those to compare. */
export interface Contender {
  readonly kind: AllocatorKind;
  /** As written: `first-fit:order=size-up`. */
  readonly spec: string;
  /** The options given, by name. */
  readonly given: ReadonlyMap<string, string>;
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
const SEGMENT_OPTIONS = [ORDER, COALESCE, ALIGN, ROUND, HEADER, MIN_REMAINDER, GROW_BY];

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
const UNIT_8_16: Option<8 | 16> = {
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
  {
    id: 'tlsf',
    title: 'Two-level segregated fit, O(1)',
    naive: false,
    options: [ALIGN, GROW_BY],
    granule: (read) => read(ALIGN),
    make(read, settings, mover) {
      const align = read(ALIGN);
      const allocator = new Tlsf({ align, ...range(settings, read(GROW_BY), align) });
      return new RangeArena(allocator, align, align, mover);
    },
  },
  {
    id: 'blocks',
    title: 'Bitmap of equal blocks',
    naive: false,
    options: [BLOCK, GROW_BY],
    granule: (read) => read(BLOCK),
    make(read, settings, mover) {
      const block = read(BLOCK);
      const allocator = new Blocks({ block, ...range(settings, read(GROW_BY), block) });
      return new RangeArena(allocator, settings.align, lowestBit(block), mover);
    },
  },
  {
    id: 'buddy',
    title: 'Binary buddy system',
    naive: false,
    options: [UNIT, ORDERS_COUNT, GROW_BY],
    granule: (read) => read(UNIT),
    make(read, settings, mover) {
      const unit = read(UNIT);
      const allocator = new Buddy({
        unit,
        orders: read(ORDERS_COUNT),
        ...range(settings, read(GROW_BY), unit),
      });
      return new RangeArena(allocator, settings.align, unit, mover);
    },
  },
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
  return segments(
    `naive-${fit}`,
    `${capital(fit)} fit, linked lists`,
    true,
    [LARGEST_HINT],
    (read, options) => {
      return new NaiveAllocator({ ...options, fit, largestHint: read(LARGEST_HINT) });
    },
  );
}

function indexed(fit: Fit): AllocatorKind {
  return segments(`${fit}-fit`, `${capital(fit)} fit, O(log n)`, false, [], (_read, options) => {
    return new IndexedFit({ ...options, fit });
  });
}

function segments(
  id: string,
  title: string,
  naive: boolean,
  more: readonly Option<unknown>[],
  make: (read: Read, options: SegmentOptions) => Allocator,
): AllocatorKind {
  return {
    id,
    title,
    naive,
    options: [...SEGMENT_OPTIONS, ...more],
    granule: (read) => read(ROUND),
    make(read, settings, mover) {
      const align = read(ALIGN);
      const options: SegmentOptions = {
        align,
        order: read(ORDER),
        coalesce: read(COALESCE),
        header: read(HEADER),
        block: read(ROUND),
        minRemainder: read(MIN_REMAINDER),
        ...range(settings, read(GROW_BY), read(ROUND)),
      };
      return new RangeArena(make(read, options), align, align, mover);
    },
  };
}

interface RangeOptions {
  readonly capacity: number;
  readonly growBy?: number;
}

/** A fixed range of the capacity asked for; else a small one that grows. Both in whole granules. */
function range({ capacity }: Settings, growBy: number, granule: number): RangeOptions {
  if (capacity !== null) {
    const whole = capacity - (capacity % granule);
    if (whole === 0) throw new RangeError(`capacity must be at least ${granule} bytes, got ${capacity}`);
    return { capacity: whole };
  }
  const step = Math.ceil(growBy / granule) * granule;
  return { capacity: step, growBy: step };
}

/** Every allocator for recordings in that format with its defaults, in the order of the registry. */
export function defaultContenders(format: string): Contender[] {
  return ALLOCATORS.filter(({ formats }) => formats?.includes(format) ?? true).map((kind) => ({
    kind,
    spec: kind.id,
    given: new Map(),
  }));
}

/**
 * Reads `first-fit:order=size-up:coalesce=off`.
 * @throws UserError naming what is unknown or not allowed, and what there is instead
 */
export function parseContender(spec: string): Contender {
  const [id, ...settings] = spec.split(':');
  const kind = ALLOCATORS.find((each) => each.id === id);
  if (kind === undefined) {
    const known = ALLOCATORS.map((each) => each.id);
    throw new UserError(unknownName('allocator', id ?? '', known));
  }
  const given = new Map<string, string>();
  for (const setting of settings) {
    const [name = '', value] = splitOnce(setting, '=');
    const option = kind.options.find((each) => each.name === name);
    if (option === undefined) {
      const known = kind.options.map((each) => each.name);
      throw new UserError(`${kind.id} has no option '${name}' (in '${spec}')${suggestion(name, known)}`);
    }
    if (given.has(name)) throw new UserError(`option '${name}' is given twice in '${spec}'`);
    if (value === undefined || option.parse(value) === undefined) {
      throw new UserError(
        `${kind.id}: option '${name}' is '${value ?? ''}' (in '${spec}'); allowed: ${option.allowed}`,
      );
    }
    given.set(name, value);
  }
  return { kind, spec, given };
}

/** What an option of the contender is, given or default. */
export function reader({ given }: Contender, settings: Settings): Read {
  return (option) => option.parse(given.get(option.name) ?? option.otherwise(settings))!;
}

/** All options of the contender as they are in force. */
export function optionsInForce({ kind, given }: Contender, settings: Settings): Record<string, string> {
  return Object.fromEntries(
    kind.options.map((option) => [option.name, given.get(option.name) ?? option.otherwise(settings)]),
  );
}

/**
 * A fresh arena.
 * @throws UserError where the allocator refuses its options or the capacity; what V8 throws where there is no memory for it
 */
export function makeArena(contender: Contender, settings: Settings, mover?: Mover): Arena {
  try {
    return contender.kind.make(reader(contender, settings), settings, mover);
  } catch (error) {
    if (error instanceof RangeError && !isOutOfMemory(error)) {
      throw new UserError(`${contender.spec}: ${error.message}`);
    }
    throw error;
  }
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function capital(word: string): string {
  return word[0]!.toUpperCase() + word.slice(1);
}
