import { expect, it } from 'vitest';
import { orderFragmentation } from './orders.js';

it('tells for each order why a request fails, and what is of no use to it', () => {
  // Units of 16 bytes: 5 free, 2 blocks of 32, none of 64, 1 of 128: 17 units in 8 blocks.
  const counts = [0, 0, 0, 0, 0, 5, 2, 0, 1];
  expect(orderFragmentation(16, counts)).toEqual([
    { order: 0, blockBytes: 16, free: 5, fragmentationIndex: null, unusableFreeIndex: 0 },
    { order: 1, blockBytes: 32, free: 2, fragmentationIndex: null, unusableFreeIndex: 0.294 },
    { order: 2, blockBytes: 64, free: 0, fragmentationIndex: null, unusableFreeIndex: 0.529 },
    { order: 3, blockBytes: 128, free: 1, fragmentationIndex: null, unusableFreeIndex: 0.529 },
    // 1000 - (1000 + ⌊17000 ÷ 16⌋) ÷ 8
    { order: 4, blockBytes: 256, free: 0, fragmentationIndex: 0.743, unusableFreeIndex: 1 },
  ]);
});

it('where nothing is free, nothing is fragmented', () => {
  expect(orderFragmentation(64, [])).toEqual([
    { order: 0, blockBytes: 64, free: 0, fragmentationIndex: null, unusableFreeIndex: 1 },
  ]);
});
