import { expect, it } from 'vitest';
import { makeTrace } from '../../test/traces.js';
import { LiveBytes, peakLiveBytes } from './live.js';

it('follows each block and their sum', () => {
  const live = new LiveBytes(2);
  expect([live.set(0, 100), live.set(1, 2 ** 40), live.set(0, 30)]).toEqual([
    100,
    2 ** 40 + 100,
    2 ** 40 + 30,
  ]);
  expect([live.of(0), live.of(1), live.total]).toEqual([30, 2 ** 40, 2 ** 40 + 30]);
  expect([live.set(1, 0), live.of(1)]).toEqual([30, 0]);
});

it('the peak counts reallocations and reused slots', () => {
  expect(peakLiveBytes(makeTrace('a+100 b*50 a~20 c+60 -b d+70 -a -c'))).toBe(150);
  expect(peakLiveBytes(makeTrace('a+10 a~200 -a b+150'))).toBe(200);
});
