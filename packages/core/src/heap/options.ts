/** What a heap may be made with, and the checks of it. */
import { checkBoolean, checkOptions } from '../arguments.js';
import { display } from '../display.js';
import { ADDRESSABLE, Memory } from '../memory/memory.js';

export interface HeapOptions {
  /** Address of the first byte that is the heap's; rounded up to a multiple of 16. 0 when left out. */
  readonly base?: number;
  /**
   * Address that the heap never reaches past, 4 GiB when left out. All bytes from the base to here are the heap's,
   * also those that somebody else adds to the memory.
   */
  readonly limit?: number;
  /** Every address is a multiple of this, 16 when left out. 8 rounds less up, and has a map twice as large. */
  readonly alignment?: 8 | 16;
  /**
   * Whether `free`, `realloc` and `usableSize` find out and refuse every address that is none of a live block; true
   * when left out. Without checks such an address damages the heap, and addresses above it may be given out twice.
   */
  readonly checked?: boolean;
  /** Says that all bytes from the base on are 0, as in a new buffer: `calloc` need not clear them. False when left out. */
  readonly zeroed?: boolean;
}

const OPTIONS: Readonly<Record<keyof HeapOptions, true>> = {
  base: true,
  limit: true,
  alignment: true,
  checked: true,
  zeroed: true,
};

/** The options with every default in place. */
export interface SettledOptions {
  /** A multiple of 16. */
  readonly base: number;
  readonly limit: number;
  readonly alignment: 8 | 16;
  readonly checked: boolean;
  readonly zeroed: boolean;
}

/** @throws RangeError for an option that is out of range, TypeError for one that is none of them */
export function settle(options: HeapOptions): SettledOptions {
  checkOptions('Heap', options, OPTIONS);
  const { limit = ADDRESSABLE, alignment = 16, checked = true, zeroed = false } = options;
  const base = settleBase(options.base ?? 0);
  if (!(Number.isSafeInteger(limit) && limit > base && limit <= ADDRESSABLE)) {
    throw new RangeError(
      `limit must be an address above the base ${base}, 2^32 at most, got ${display(limit)}`,
    );
  }
  if (alignment !== 8 && alignment !== 16) {
    throw new RangeError(
      `alignment must be 8 or 16, got ${display(alignment)}; alignedAlloc serves any power of two`,
    );
  }
  checkBoolean('checked', checked);
  checkBoolean('zeroed', zeroed);
  return { base, limit, alignment, checked, zeroed };
}

/** @throws RangeError unless `base` is an address; rounds it up to 16 */
export function settleBase(base: number): number {
  if (!(Number.isSafeInteger(base) && base >= 0 && base < ADDRESSABLE)) {
    throw new RangeError(`base must be an address from 0 to 2^32 - 1, got ${display(base)}`);
  }
  return Math.ceil(base / 16) * 16;
}

/** @throws RangeError unless `count` is a whole number from 0 up */
export function checkCount(name: string, count: number): void {
  if (!(Number.isInteger(count) && count >= 0)) {
    throw new RangeError(`${name} must be a whole number from 0 up, got ${display(count)}`);
  }
}

/** @throws TypeError where somebody else than this class makes a Heap, which TypeScript forbids */
export function checkOwnCall(memory: unknown, flags: unknown): void {
  if (memory instanceof Memory && typeof flags === 'number') return;
  throw new TypeError(
    'a Heap is not made by new: Heap.create(memory) makes one, Heap.attach(memory) goes on with one that is there',
  );
}
