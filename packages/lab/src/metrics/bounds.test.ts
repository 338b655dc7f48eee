import { expect, it } from 'vitest';
import { worstCases } from './bounds.js';

it('Robson’s bounds, sizes from 1 to 1024 words of 16 bytes', () => {
  const words = worstCases(2 ** 20, 1, 1024);
  expect(words).toEqual({
    any: 2 ** 20 * 6 - 1024 + 1,
    firstFit: 2 ** 20 * 11,
    bestFit: 2 ** 20 * 1022,
    buddy: 2 ** 20 * 11,
  });
  const bytes = worstCases(2 ** 24, 16, 1024 * 16);
  for (const key of ['any', 'firstFit', 'bestFit', 'buddy'] as const)
    expect(bytes[key]).toBe(16 * words[key]);
});

it('with a single size no allocator needs more than what is live', () => {
  expect(worstCases(4096, 64, 64)).toEqual({ any: 4096, firstFit: 4096, bestFit: 4096, buddy: 4096 });
});
