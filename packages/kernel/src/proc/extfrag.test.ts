import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fragmentationIndex, unusableFreeIndex } from './extfrag.js';

it('the indices of a real zone', () => {
  // 4 single frames and 1 pair, nothing larger: a request of 4 frames fails although 6 are free.
  const free = [4, 1, 0];
  expect([0, 1, 2].map((order) => fragmentationIndex(free, order))).toEqual([-1000, -1000, 500]);
  expect([0, 1, 2].map((order) => unusableFreeIndex(free, order))).toEqual([0, 666, 1000]);
});

it('unusable is what a kernel told of its own zones', () => {
  // buddyinfo and /sys/kernel/debug/extfrag/unusable_index of one moment, Linux 6.18.
  const zones = [
    [
      [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 3],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 66, 200],
    ],
    [
      [412, 374, 317, 276, 236, 176, 138, 110, 92, 90, 650],
      [0, 0, 1, 3, 6, 10, 18, 29, 47, 78, 138],
    ],
  ] as const;
  for (const [free, told] of zones) {
    expect(told.map((_, order) => unusableFreeIndex(free, order))).toEqual(told);
  }
});

it('nothing free: no fragmentation, nothing usable', () => {
  expect(fragmentationIndex([0, 0], 1)).toBe(0);
  expect(unusableFreeIndex([0, 0], 1)).toBe(1000);
});

it('lack of memory is near 0, pieces are near 1000', () => {
  // A request for 1024 frames: 1 free frame, against 1023 single ones.
  expect(fragmentationIndex([1, 0], 10)).toBe(0);
  expect(fragmentationIndex([1023, 0], 10)).toBe(999);
});

it('the indices agree with each other, whatever is free', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(5000), { minLength: 11, maxLength: 11 }),
      fc.integer({ min: 0, max: 10 }),
      (free, order) => {
        const index = fragmentationIndex(free, order);
        const unusable = unusableFreeIndex(free, order);
        const served = free.some((count, of) => of >= order && count > 0);
        expect(index === -1000).toBe(served);
        expect(unusable < 1000).toBe(served);
        if (order > 0) expect(unusableFreeIndex(free, order - 1)).toBeLessThanOrEqual(unusable);
        expect(index).toBeLessThanOrEqual(1000);
      },
    ),
  );
});
