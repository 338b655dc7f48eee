import { describe, expect, it } from 'vitest';
import { firstAligned } from './aligned.js';

describe('firstAligned', () => {
  it('finds what trying one block after the other finds', () => {
    for (const base of [0, 1, 2, 6, 8, 24, 100, 4096]) {
      for (const block of [1, 2, 3, 4, 6, 7, 12, 16, 24, 48, 100, 192]) {
        for (const align of [1, 2, 4, 8, 16, 64, 256]) {
          for (const from of [0, 1, 5, 63]) {
            let expected = from;
            while (expected < from + 256 && (base + expected * block) % align !== 0) expected++;
            if (expected === from + 256) expected = Number.POSITIVE_INFINITY;
            expect(firstAligned(base, block, align, from), `${base} ${block} ${align} ${from}`).toBe(
              expected,
            );
          }
        }
      }
    }
  });

  it('reckons above 2^32', () => {
    expect(firstAligned(3 * 2 ** 40, 48, 2 ** 36, 1)).toBe(Number.POSITIVE_INFINITY);
    expect(firstAligned(3 * 2 ** 40, 48, 2 ** 36, 0)).toBe(0);
    // 3 * 2^32 + 4096 * index is a multiple of 2^34 from index 2^20 on.
    expect(firstAligned(3 * 2 ** 32, 4096, 2 ** 34, 0)).toBe(2 ** 20);
    expect(firstAligned(3 * 2 ** 32, 4096, 2 ** 34, 2 ** 20 + 1)).toBe(2 ** 20 + 2 ** 22);
    expect(firstAligned(4096, 4096, 2 ** 50, 0)).toBe(Number.POSITIVE_INFINITY);
    expect(firstAligned(2 ** 50 - 4096 * 5, 4096, 2 ** 50, 0)).toBe(5);
    expect(firstAligned(2 ** 50 - (2 ** 31 - 1) * 5, 2 ** 31 - 1, 2 ** 50, 0)).toBe(5);
  });
});
