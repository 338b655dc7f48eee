import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DisjointIntervals } from './intervals.js';

describe('DisjointIntervals', () => {
  it('takes neighbours, and tells which interval is overlapped', () => {
    const live = new DisjointIntervals();
    expect(live.add(10, 20)).toBeNull();
    expect(live.add(20, 30)).toBeNull();
    expect(live.add(0, 10)).toBeNull();
    expect(live.add(19, 20)).toEqual({ start: 10, end: 20 });
    expect(live.add(5, 100)).toEqual({ start: 0, end: 10 });
    expect(live.add(29, 31)).toEqual({ start: 20, end: 30 });
    expect(live.add(30, 31)).toBeNull();
    expect(live.size).toBe(4);
    live.remove(10);
    expect(live.add(9, 20)).toEqual({ start: 0, end: 10 });
    expect(live.add(10, 21)).toEqual({ start: 20, end: 30 });
    expect(live.add(12, 18)).toBeNull();
    expect([...live].map(({ start }) => start)).toEqual([0, 12, 20, 30]);
  });

  it('sees an interval that encloses others', () => {
    const live = new DisjointIntervals();
    live.add(100, 110);
    expect(live.add(0, 1000)).toEqual({ start: 100, end: 110 });
  });

  it('refuses to remove what is not there', () => {
    const live = new DisjointIntervals();
    live.add(1, 3);
    expect(() => live.remove(2)).toThrow('no interval starts at 2');
  });

  it('agrees with a plain list, over chunks that split and empty', () => {
    // Enough intervals for several chunks, then calls at random among them.
    const calls = fc.array(fc.tuple(fc.nat(4000), fc.integer({ min: 1, max: 6 }), fc.boolean()), {
      minLength: 200,
      maxLength: 600,
      size: 'max',
    });
    fc.assert(
      fc.property(calls, (calls) => {
        const live = new DisjointIntervals();
        const model = new Map<number, number>();
        for (let start = 0; start < 4000; start += 3) {
          live.add(start, start + 2);
          model.set(start, start + 2);
        }
        for (const [start, length, remove] of calls) {
          if (remove || model.has(start)) {
            const victim = [...model.keys()][start % model.size]!;
            live.remove(victim);
            model.delete(victim);
            continue;
          }
          expect(live.covers(start)).toBe([...model].some(([s, e]) => s <= start && start < e));
          const overlaps = [...model].some(([s, e]) => s < start + length && start < e);
          expect(live.add(start, start + length) !== null).toBe(overlaps);
          if (!overlaps) model.set(start, start + length);
        }
        const expected = [...model].sort(([a], [b]) => a - b).map(([start, end]) => ({ start, end }));
        expect([...live]).toEqual(expected);
        for (const start of model.keys()) live.remove(start);
        expect([...live]).toEqual([]);
        expect(live.add(0, 4000)).toBeNull();
      }),
      { numRuns: 20 },
    );
  });
});
