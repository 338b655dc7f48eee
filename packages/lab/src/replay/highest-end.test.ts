import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HighestEnd } from './highest-end.js';

describe('HighestEnd', () => {
  it('follows blocks up and down', () => {
    const ends = new HighestEnd(3);
    expect(ends.max).toBe(0);
    ends.set(0, 10);
    ends.set(2, 30);
    expect(ends.max).toBe(30);
    ends.set(2, 5);
    expect(ends.max).toBe(10);
    ends.set(0, 0);
    ends.set(2, 0);
    expect(ends.max).toBe(0);
  });

  it('serves a trace of one slot, and of none', () => {
    expect(new HighestEnd(0).max).toBe(0);
    const ends = new HighestEnd(1);
    ends.set(0, 2 ** 50);
    expect(ends.max).toBe(2 ** 50);
  });

  it('is the maximum of what is set, for any number of slots', () => {
    const sets = fc.array(fc.tuple(fc.nat(40), fc.nat(2 ** 40)), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(sets, (sets) => {
        const ends = new HighestEnd(41);
        const model = new Array<number>(41).fill(0);
        for (const [slot, end] of sets) {
          ends.set(slot, end);
          model[slot] = end;
          expect(ends.max).toBe(Math.max(...model));
        }
      }),
    );
  });
});
