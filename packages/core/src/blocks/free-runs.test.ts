import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CorruptionError } from '../allocator.js';
import { FreeRuns, NO_BLOCK } from './free-runs.js';

/** The lowest `count` true values in a row from `from` on, by looking at each. */
function findIn(free: readonly boolean[], count: number, from: number): number {
  let run = 0;
  for (let i = from; i < free.length; i++) {
    run = free[i] ? run + 1 : 0;
    if (run === count) return i - count + 1;
  }
  return NO_BLOCK;
}

function longestIn(free: readonly boolean[]): number {
  let run = 0;
  return free.reduce((most, each) => {
    run = each ? run + 1 : 0;
    return Math.max(most, run);
  }, 0);
}

/** Frees the runs of `lengths`, alternately used and free, from block 0 on. */
function filled(lengths: readonly number[]): [FreeRuns, boolean[]] {
  const free = lengths.flatMap((length, i) => Array<boolean>(length).fill(i % 2 === 1));
  const runs = new FreeRuns(Math.max(1, free.length));
  let at = 0;
  lengths.forEach((length, i) => {
    if (i % 2 === 1 && length > 0) runs.give(at, at + length);
    at += length;
  });
  return [runs, free];
}

describe('against an array of booleans', () => {
  const length = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 20 }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 70 }) },
    { weight: 1, arbitrary: fc.constantFrom(31, 32, 33, 224, 255, 256, 257, 512, 2048, 2500) },
  );

  it('finds every run from every place', () => {
    fc.assert(
      fc.property(fc.array(length, { minLength: 1, maxLength: 60, size: 'max' }), (lengths) => {
        const [runs, free] = filled(lengths);
        runs.check(free.length);
        expect(runs.largest).toBe(longestIn(free));
        for (const count of [1, 2, 3, 7, 31, 32, 33, 64, 255, 256, 257, 300, 2049, 6000]) {
          for (const from of [0, 1, 33, 255, 256, 300, 2047, 2048, 2049, free.length - 1, free.length]) {
            if (from < 0) continue;
            expect(runs.find(count, from), `${count} from ${from}`).toBe(findIn(free, count, from));
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('follows any run that is given or taken', () => {
    const blocks = 700;
    const change = fc.tuple(fc.nat({ max: blocks - 1 }), length);
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 60, size: 'max' }), (changes) => {
        const runs = new FreeRuns(blocks);
        const free = Array<boolean>(blocks).fill(false);
        for (const [from, most] of changes) {
          // As far as the blocks are like the first.
          let to = from;
          while (to < Math.min(blocks, from + most) && free[to] === free[from]) to++;
          if (to === from) continue;
          if (free[from]) runs.take(from, to);
          else runs.give(from, to);
          free.fill(!free[from], from, to);
          runs.check(blocks);
          expect(runs.largest).toBe(longestIn(free));
          const used = free.indexOf(false, from);
          expect(runs.firstUsed(from, blocks)).toBe(used < 0 ? blocks : used);
          expect(runs.firstUsed(from, to)).toBe(used < 0 ? to : Math.min(to, used));
          expect(runs.runStart(to)).toBe(free.lastIndexOf(false, to - 1) + 1);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('finds a run of any length at any place of three chunks', () => {
    for (let length = 1; length <= 520; length += length < 70 ? 1 : 37) {
      for (let start = 0; start + length <= 768; start += 29) {
        const runs = new FreeRuns(768);
        runs.give(start, start + length);
        expect([runs.find(length, 0), runs.find(length + 1, 0), runs.largest]).toEqual([
          start,
          NO_BLOCK,
          length,
        ]);
        expect(runs.find(1, start + length - 1)).toBe(start + length - 1);
        expect(runs.find(1, start + length)).toBe(NO_BLOCK);
      }
    }
  });
});

it('looks at few summaries however many blocks there are', () => {
  const blocks = 2 ** 24;
  const runs = new FreeRuns(blocks);
  // Every other block free, and one pair near the end.
  for (let block = 0; block < 2 ** 16; block += 2) runs.give(block, block + 1);
  runs.give(blocks - 1000, blocks - 998);
  expect(runs.find(2, 0)).toBe(blocks - 1000);
  // Six levels of eight, and the eight words of a chunk.
  expect(runs.inspected).toBeLessThanOrEqual(6 * 8 + 8);
  runs.give(2 ** 16, blocks - 1000);
  expect(runs.find(2 ** 23, 0)).toBe(2 ** 16);
  expect(runs.largest).toBe(blocks - 998 - 2 ** 16);
});

it('check() finds each kind of damage', () => {
  interface Insides {
    words: Int32Array;
    starts: Int32Array;
    longest: Int32Array;
    ends: Int32Array;
  }
  const damages: [law: string, damage: (insides: Insides) => void][] = [
    ['no block past the end is free', ({ words }) => words.fill(1, 20, 21)],
    ['every summary agrees with the bits below it', ({ words }) => words.fill(1, 0, 1)],
    ['every summary agrees with the bits below it', ({ starts }) => starts.fill(9, 0, 1)],
    ['every summary agrees with the bits below it', ({ longest }) => longest.fill(9, 1, 2)],
    ['every summary agrees with the bits below it', ({ ends }) => ends.fill(9, 2, 3)],
  ];
  for (const [law, damage] of damages) {
    const runs = new FreeRuns(700);
    runs.give(10, 600);
    runs.check(600);
    damage(runs as unknown as Insides);
    expect(() => runs.check(600)).toThrow(CorruptionError);
    expect(() => runs.check(600)).toThrow(law);
  }
});
