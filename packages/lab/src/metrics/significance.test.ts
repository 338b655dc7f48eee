import { describe, expect, it } from 'vitest';
import { makeMeasurement } from '../../test/measurements.js';
import { MEASURES } from './measures.js';
import { isOfLittle, rangeOf, spreadOf } from './significance.js';

const measure = (wanted: string) => MEASURES.find(({ key }) => key === wanted)!;
const TIME = measure('nsPerOp');

describe('what chance leaves to a time', () => {
  it('is the half of its rounds in the middle', () => {
    const timed = makeMeasurement({ nsPerOp: 100, nsPerOpQ1: 90, nsPerOpQ3: 120 });
    expect(rangeOf(TIME, timed)).toEqual([90, 120]);
    expect(spreadOf(TIME, timed)).toBeCloseTo(0.2, 12);
  });

  it('is never less than what differs between two processes, and no spread is told of one round', () => {
    const close = makeMeasurement({ nsPerOp: 100, nsPerOpQ1: 99.9, nsPerOpQ3: 100.1 });
    expect(rangeOf(TIME, close)).toEqual([97.5, 102.5]);
    const single = makeMeasurement({ nsPerOp: 100 });
    expect(rangeOf(TIME, single)).toEqual([97.5, 102.5]);
    expect(spreadOf(TIME, single)).toBeNull();
  });

  it('is nothing for what is not a time, and where nothing was timed', () => {
    expect(rangeOf(measure('utilization'), makeMeasurement())).toBeUndefined();
    expect(rangeOf(TIME, makeMeasurement({ nsPerOp: null }))).toBeUndefined();
    expect(spreadOf(TIME, makeMeasurement({ nsPerOp: null }))).toBeNull();
  });
});

it('external fragmentation is of little where less than 5 % of the memory is free', () => {
  const external = measure('externalFragmentation');
  expect(isOfLittle(external, makeMeasurement({ externalShare: 0.049 }))).toBe(true);
  expect(isOfLittle(external, makeMeasurement({ externalShare: 0.05 }))).toBe(false);
  expect(isOfLittle(measure('internalFragmentation'), makeMeasurement({ externalShare: 0 }))).toBe(false);
});
