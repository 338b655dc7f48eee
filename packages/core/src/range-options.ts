/**
 * What every allocator of an address range is made with, and the checks of it, once for all: where the range lies, how
 * large it is, and whether its end moves.
 */
import type { AllocatorObserver } from './allocator.js';
import { checkBytes } from './arguments.js';
import { display } from './display.js';

/** All sizes are in bytes. Each allocator says what it rounds them to, or what they must be multiples of. */
export interface RangeOptions {
  /** Bytes in the range `[base, base + capacity)`. */
  readonly capacity: number;
  /** First address; 0 when left out. */
  readonly base?: number;
  /**
   * When nothing serves a request, the end of the range moves up by the least multiple of this many bytes with
   * which it can be served. 0, the default, never moves it: the range grows only when told to.
   */
  readonly growBy?: number;
  /** The capacity never grows past this, by itself or by `grow`; as far as addresses go when left out. */
  readonly maxCapacity?: number;
  readonly observer?: AllocatorObserver;
}

/** The names of all RangeOptions. */
export const RANGE_OPTIONS: Readonly<Record<keyof RangeOptions, true>> = {
  capacity: true,
  base: true,
  growBy: true,
  maxCapacity: true,
  observer: true,
};

/** The options with every default in place. */
export type SettledRange = Required<Omit<RangeOptions, 'observer'>>;

/**
 * @returns the options with every default in place
 * @throws RangeError naming the option, unless all are whole numbers of bytes, `maxCapacity` is at least `capacity`,
 *   and no address will ever lie outside the safe integers
 */
export function checkRangeOptions(options: RangeOptions): SettledRange {
  const { capacity, base = 0, growBy = 0 } = options;
  checkRange(base, capacity);
  const { maxCapacity = Number.MAX_SAFE_INTEGER - base } = options;
  checkBytes('growBy', growBy, 0, Number.MAX_SAFE_INTEGER);
  checkBytes('maxCapacity', maxCapacity, capacity, Number.MAX_SAFE_INTEGER - base);
  return { capacity, base, growBy, maxCapacity };
}

/** @throws RangeError unless `[base, base + capacity)` is a range of at least one byte within the safe integers */
export function checkRange(base: number, capacity: number): void {
  if (!(Number.isSafeInteger(base) && base >= 0)) {
    throw new RangeError(`base must be a whole number from 0 to 2^53 - 1, got ${display(base)}`);
  }
  if (!(Number.isSafeInteger(capacity) && capacity > 0)) {
    throw new RangeError(
      `capacity must be a whole number of bytes from 1 to 2^53 - 1, got ${display(capacity)}`,
    );
  }
  if (!Number.isSafeInteger(base + capacity)) {
    throw new RangeError(`base + capacity must stay below 2^53, got ${base} + ${capacity}`);
  }
}

/** @throws RangeError unless a range of `capacity` bytes may grow to `newCapacity` */
export function checkGrow(capacity: number, newCapacity: number, maxCapacity: number): void {
  if (!(Number.isSafeInteger(newCapacity) && newCapacity >= capacity)) {
    throw new RangeError(
      `newCapacity must be a whole number of bytes, at least the capacity ${capacity}, got ${display(newCapacity)}`,
    );
  }
  if (newCapacity > maxCapacity) {
    throw new RangeError(`newCapacity must be at most maxCapacity ${maxCapacity}, got ${newCapacity}`);
  }
}
