import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countSizes, sizeClass } from '../trace/size-classes.js';
import { Counts } from './histogram.js';

describe('Counts', () => {
  it('is 0 throughout before anything is counted', () => {
    const counts = new Counts();
    expect([counts.mean, counts.max, counts.total, counts.percentile(0.99)]).toEqual([0, 0, 0, 0]);
  });

  it('gives the exact percentile: the least value that enough of the values do not exceed', () => {
    const counts = new Counts();
    for (let value = 1; value <= 100; value++) counts.add(value);
    expect(counts.percentile(0.99)).toBe(99);
    expect(counts.percentile(0.5)).toBe(50);
    expect(counts.percentile(1)).toBe(100);
    expect(counts.mean).toBe(50.5);
    counts.add(100_000);
    expect(counts.max).toBe(100_000);
    expect(counts.percentile(0.99)).toBe(100);
  });

  it('agrees with sorting', () => {
    const share = fc.constantFrom(0.01, 0.5, 0.9, 0.99, 1);
    fc.assert(
      fc.property(fc.array(fc.nat(3000), { minLength: 1 }), share, (values, share) => {
        const counts = new Counts();
        for (const value of values) counts.add(value);
        const sorted = values.toSorted((a, b) => a - b);
        expect(counts.percentile(share)).toBe(sorted[Math.ceil(share * values.length) - 1]);
        expect(counts.max).toBe(sorted.at(-1));
      }),
    );
  });
});

describe('size classes', () => {
  it.each([
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [1023, 10],
    [1024, 11],
    [2 ** 31, 32],
    [2 ** 32 - 1, 32],
    [2 ** 32, 33],
    [2 ** 52 + 1, 53],
    [Number.MAX_SAFE_INTEGER, 53],
  ])('%d belongs to class %d', (size, expected) => {
    expect(sizeClass(size)).toBe(expected);
  });

  it('are counted without trailing zeros', () => {
    expect(countSizes([0, 1, 2, 3, 3])).toEqual([1, 1, 3]);
    expect(countSizes([])).toEqual([]);
    expect(countSizes([2 ** 53 - 1])).toHaveLength(54);
  });
});
