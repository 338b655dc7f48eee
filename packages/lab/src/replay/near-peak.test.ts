import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NEAR, NearPeak } from './near-peak.js';

interface Moment {
  readonly operation: number;
  readonly live: number;
}

/** @param moments each a value and the bytes live */
function follow(moments: readonly (readonly [value: number, live: number])[]): NearPeak<Moment> {
  const peak = new NearPeak<Moment>();
  moments.forEach(([value, live], operation) => {
    if (peak.mayBe(value, live)) peak.add(value, { operation, live });
  });
  return peak;
}

describe('NearPeak', () => {
  it('has no moment at first, nor where nothing was ever above 0', () => {
    expect(new NearPeak<Moment>().state).toBeUndefined();
    expect(follow([[0, 0]]).state).toBeUndefined();
    expect(follow([[0, 0]]).max).toBe(0);
  });

  it('is when most is live, of moments that are alike', () => {
    const alike: [number, number][] = [
      [1000, 10],
      [1000, 30],
      [1000, 20],
      [1000, 30],
    ];
    expect(follow(alike).state).toEqual({ operation: 1, live: 30 });
  });

  it('is when most is live, where a little more is held before or after', () => {
    const after = follow([
      [6_097_188, 5_264_356],
      [6_097_860, 10_549],
    ]);
    expect(after.state).toEqual({ operation: 0, live: 5_264_356 });
    expect(after.max).toBe(6_097_860);
    const before = follow([
      [6_097_860, 10_549],
      [6_097_188, 5_264_356],
    ]);
    expect(before.state).toEqual({ operation: 1, live: 5_264_356 });
    expect(before.max).toBe(6_097_860);
  });

  it('is the greatest where the others are clearly less', () => {
    const clear: [number, number][] = [
      [989, 900],
      [1000, 10],
      [989, 900],
    ];
    expect(follow(clear).state).toEqual({ operation: 1, live: 10 });
  });

  it('drops what is no longer near, also while less and less is live', () => {
    const falling = Array.from({ length: 10_000 }, (_, i): [number, number] => [10_000 + i, 20_000 - i]);
    // 1 % of 19,999 is 199.99.
    expect(follow(falling).state).toEqual({ operation: 9800, live: 10_200 });
  });

  it('is what a look at all moments finds', () => {
    const moments = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.nat(300)), { maxLength: 300 });
    fc.assert(
      fc.property(moments, (raw) => {
        // All within 3 % of each other, so that many are near and some are not.
        const all = raw.map(([value, live]): [number, number] => [1000 + value, live]);
        const greatest = Math.max(0, ...all.map(([value]) => value));
        const near = all
          .map(([value, live], operation) => ({ value, operation, live }))
          .filter(({ value }) => value >= greatest * (1 - NEAR));
        const [best] = near.sort((a, b) => b.live - a.live || b.value - a.value || a.operation - b.operation);
        const found = follow(all);
        expect(found.max).toBe(greatest);
        expect(found.state?.operation).toBe(best?.operation);
      }),
    );
  });
});
