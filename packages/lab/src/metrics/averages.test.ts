import { expect, it } from 'vitest';
import { geometricMean, median } from './averages.js';

it('the median is the value in the middle, in whatever order they come', () => {
  const values = [10, 9, 100];
  expect(median(values)).toBe(10);
  expect(values).toEqual([10, 9, 100]);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

it('a half and a double cancel out in the geometric mean', () => {
  expect(geometricMean([0.5, 2, 8])).toBeCloseTo(2, 12);
  expect(geometricMean([])).toBeNaN();
});
