import { expect, it } from 'vitest';
import { PlainFit } from '../../test/plain-fit.js';
import { makeTrace } from '../../test/traces.js';
import { RangeArena } from './arena.js';
import { timing } from './timing.js';

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
