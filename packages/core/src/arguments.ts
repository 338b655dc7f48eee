/**
 * The checks that every allocator makes of its arguments, and arithmetic on addresses that holds above 4 GiB,
 * where bitwise operators (32 bits) do not.
 */
import { InvalidFreeError } from './allocator.js';
import { display } from './display.js';

/**
 * What JavaScript leaves unsaid and TypeScript only tells those who use it.
 * @param names every option there is, as keys
 * @throws TypeError unless `options` is an object, has no other options, and an observer that is an object, if any
 */
export function checkOptions(who: string, options: object, names: Readonly<Record<string, unknown>>): void {
  const known = Object.keys(names);
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(
      `${who} must be given an object of options (${known.join(', ')}), got ${display(options)}`,
    );
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(names, name)) {
      throw new TypeError(`${who} has no option ${name}; known: ${known.join(', ')}`);
    }
    if (name === 'observer' && (value === null || !['object', 'undefined'].includes(typeof value))) {
      throw new TypeError(`observer must be an object, got ${display(value)}`);
    }
  }
}

/** @throws RangeError naming the option, unless `value` is true or false */
export function checkBoolean(name: string, value: boolean): void {
  if (typeof value !== 'boolean')
    throw new RangeError(`${name} must be true or false, got ${display(value)}`);
}

/**
 * What JavaScript would take for a number, as null for 0 or "64" for 64, may be somebody's address.
 * @throws InvalidFreeError unless `address` is a number
 * @internal
 */
export function checkAddress(address: number): void {
  if (typeof address !== 'number') throw new InvalidFreeError(address, 'outside');
}

/**
 * @throws RangeError unless `size` is a whole number of bytes from 1 to 2^53 - 1
 * @internal
 */
export function checkSize(size: number): void {
  if (!(Number.isSafeInteger(size) && size > 0)) throw badSize(size);
}

/** Apart, to keep checkSize so small that the compiler copies it into every caller. */
function badSize(size: number): RangeError {
  return new RangeError(`size must be a whole number of bytes from 1 to 2^53 - 1, got ${display(size)}`);
}

/**
 * @throws RangeError unless `align` is a power of two from 1 to 2^52
 * @internal
 */
export function checkAlign(align: number, name = 'align'): void {
  if (!isPowerOfTwo(align)) {
    throw new RangeError(`${name} must be a power of two, got ${display(align)}`);
  }
}

/** @throws RangeError naming the option, unless `value` is a whole number of bytes from `least` to `most` */
export function checkBytes(name: string, value: number, least: number, most: number): void {
  if (!(Number.isSafeInteger(value) && value >= least && value <= most)) {
    throw new RangeError(
      `${name} must be a whole number of bytes from ${least} to ${most}, got ${display(value)}`,
    );
  }
}

/** Whether `value` is 2^k for a whole k from 0 to 52. */
export function isPowerOfTwo(value: number): boolean {
  if (!(Number.isSafeInteger(value) && value > 0)) return false;
  const high = Math.floor(value / 0x1_0000_0000);
  const low = value >>> 0;
  return high === 0 ? (low & (low - 1)) === 0 : low === 0 && (high & (high - 1)) === 0;
}

/** The least multiple of `multiple` (any whole number from 1 up) that is at least `value`. */
export function roundUp(value: number, multiple: number): number {
  const rest = value % multiple;
  return rest === 0 ? value : value + (multiple - rest);
}

/**
 * The greatest power of two that divides `value`: the alignment that an address happens to have. O(1), exact above
 * 2^32.
 * @param value a whole number from 1 to 2^53 - 1
 * @example
 * ```js
 * lowestBit(0x1a00);   // => 512
 * lowestBit(7);   // => 1
 * // `value & -value` sees the low 32 bits only, and would give 0 here.
 * lowestBit(5 * 2 ** 40);   // => 2 ** 40
 * ```
 */
export function lowestBit(value: number): number {
  const low = value >>> 0;
  if (low !== 0) return (low & -low) >>> 0;
  const high = Math.floor(value / 0x1_0000_0000);
  return (high & -high) * 0x1_0000_0000;
}
