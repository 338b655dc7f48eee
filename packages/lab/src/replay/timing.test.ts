import { afterEach, expect, it, vi } from 'vitest';
import { PlainFit } from '../../test/plain-fit.js';
import { makeTrace } from '../../test/traces.js';
import { RangeArena } from './arena.js';
import { replayAndLook, timing, timingUnlessLong } from './timing.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const TRACE = makeTrace('a+100 b+50 -a -b');

it('times nothing before rounds have ceased to become quicker', () => {
  let rounds = 0;
  const makeArena = () => {
    rounds++;
    const begin = performance.now();
    while (performance.now() - begin < 5);
    return new RangeArena(new PlainFit({ capacity: 1000 }), 16, 16);
  };
  // Each round takes a fifth less than the one before, thirty times over; two readings a round.
  let now = 0;
  let readings = 0;
  const clock = () => {
    if (readings++ % 2 === 1) now += 0.8 ** Math.min(rounds, 30);
    return now;
  };
  const { nsPerOp, nsPerOpMin, nsPerOpMax } = timing(TRACE, makeArena, clock);
  const settled = (1e6 * 0.8 ** 30) / TRACE.length;
  for (const ns of [nsPerOp, nsPerOpMin, nsPerOpMax]) expect(ns! / settled).toBeCloseTo(1, 3);
});

const plainArena = () => new RangeArena(new PlainFit({ capacity: 1000 }), 16, 16);

it('leaves a recording of which no round comes to its end while warming up to a replay made anyway', () => {
  let now = 0;
  const clock = vi.spyOn(performance, 'now');
  clock.mockImplementation(() => (now += 20));
  expect(timingUnlessLong(TRACE, plainArena)).not.toBeNull();
  clock.mockImplementation(() => (now += 600));
  expect(timingUnlessLong(TRACE, plainArena)).toBeNull();
  expect(timing(TRACE, plainArena).nsPerOp).toBe((600 * 1e6) / TRACE.length);
});

it('looks at a replay after so many operations, while the clock stands still', () => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now++);
  const seen: number[] = [];
  const time = replayAndLook(TRACE, plainArena(), {
    operations: [0, 2, 2, 4],
    look({ allocator }) {
      seen.push(allocator.stats().usedBytes);
      now += 1000;
    },
  });
  expect(seen).toEqual([0, 150, 150, 0]);
  // A millisecond for each stretch between the looks, and one for the last.
  expect(time).toBe(5);
});
