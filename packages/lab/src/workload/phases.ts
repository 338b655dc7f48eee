/**
 * What a stretch of random calls is like: programs do not call malloc uniformly, and neither do faults show themselves
 * under uniform calls. A heap is filled, churned and emptied, with sizes of one kind for a while, blocks freed in the order
 * they came, in the opposite one, or in none.
 */
import {
  constant,
  type Distribution,
  type Draw,
  logarithmic,
  mixture,
  nearMultiples,
  nearPowersOfTwo,
  whole,
} from './distributions.js';
import type { Random } from './random.js';

/** Which live block is freed or reallocated next. */
export type Order = 'newest' | 'oldest' | 'any';

export interface Phase {
  /** Calls in it, and bytes requested, at most: it ends with whichever comes first. */
  readonly calls: number;
  readonly bytes: number;
  /** Of 100 calls. The rest are frees. */
  readonly allocations: number;
  readonly reallocations: number;
  readonly order: Order;
  /** Bytes of the next block, from 1 up. */
  readonly size: Draw;
}

const CALLS_MAX = 5000;
/** So that phases of large blocks, which take their time to fill, are short. */
const BYTES_MAX = 16 * 2 ** 20;
const ORDERS: readonly Order[] = ['newest', 'oldest', 'any', 'any'];
/** Growing, churning, growing by realloc, shrinking, emptying. */
const SHARES = [
  { allocations: 65, reallocations: 10 },
  { allocations: 45, reallocations: 10 },
  { allocations: 20, reallocations: 60 },
  { allocations: 25, reallocations: 10 },
  { allocations: 0, reallocations: 0 },
];

const SIZES: readonly Distribution[] = [
  whole(1, 64),
  // Small ones mostly, as programs ask.
  mixture([64, 256, 256, 1024, 1024, 65_536].map((most) => logarithmic(1, most))),
  logarithmic(1, 2 ** 20),
  nearPowersOfTwo(17),
  nearMultiples(16, 80),
  logarithmic(32 * 2 ** 10, 2 * 2 ** 20),
];
/** One size for a whole phase. */
const ONE_SIZE = constant(logarithmic(1, 4096));

export function nextPhase(random: Random): Phase {
  return {
    calls: random.logarithmic(20, CALLS_MAX),
    bytes: BYTES_MAX,
    ...random.pick(SHARES),
    order: random.pick(ORDERS),
    size: (random.oneIn(SIZES.length + 1) ? ONE_SIZE : random.pick(SIZES))(random),
  };
}

/** A power of two: mostly a small one, seldom a page or more. */
export function nextAlign(random: Random): number {
  return 2 ** (random.oneIn(20) ? random.below(17) : random.below(9));
}

/** What a block of `size` bytes is reallocated to. */
export function nextSize(random: Random, phase: Phase, size: number): number {
  switch (random.below(5)) {
    case 0:
      return size + 1 + random.below(64);
    case 1:
      return Math.max(1, size - random.below(64));
    case 2:
      return Math.min(2 * size, 2 ** 21);
    case 3:
      return Math.max(1, size >>> 1);
    default:
      return phase.size();
  }
}
