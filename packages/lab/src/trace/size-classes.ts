/** Counts by size: a class for each power of two. */

/** Index k counts the values from `2^(k-1)` to `2^k - 1`; index 0 counts zeros. No trailing zeros. */
export type Histogram = readonly number[];

/** Sizes of free segments below `h`: how many in each class, and the bytes in them. Indexed as Histogram. */
export interface SizeHistogram {
  readonly counts: Histogram;
  readonly bytes: readonly number[];
}

/** The class of a size: 0 for 0, else k for `2^(k-1)` to `2^k - 1`. Sizes may exceed 2^32. */
export function sizeClass(size: number): number {
  return size < 2 ** 32 ? 32 - Math.clz32(size) : 64 - Math.clz32(Math.floor(size / 2 ** 32));
}

/** One for 0, and one for each power of two below 2^53. */
export const CLASSES = 54;

/** The sizes of a trace's requests, in bytes, as a Histogram. */
export function countSizes(sizes: Iterable<number>): Histogram {
  const counts = new Float64Array(CLASSES);
  for (const size of sizes) counts[sizeClass(size)]!++;
  return trimmed(counts);
}

/** Without the zeros at the end. */
export function trimmed(values: Float64Array): number[] {
  const length = values.findLastIndex((value) => value !== 0) + 1;
  return [...values.subarray(0, length)];
}
