import { expect, it } from 'vitest';
import { makeComparison, makeMeasurement } from '../../test/measurements.js';
import { meansOf } from './means.js';

it('means are geometric: of times, of what utilisation leaves, of factors', () => {
  const [means] = meansOf([
    makeComparison([
      makeMeasurement({
        nsPerOp: 10,
        utilization: 0.9,
        internalFragmentation: 0,
        externalFragmentation: 0.75,
        johnstoneWilson1: 0.25,
        failed: 2,
        meanSearch: 0,
      }),
    ]),
    makeComparison([
      makeMeasurement({
        nsPerOp: 40,
        utilization: 0.4,
        internalFragmentation: 0.36,
        externalFragmentation: 0,
        johnstoneWilson1: 4,
        failed: 3,
        meanSearch: 3,
      }),
    ]),
  ]);
  expect(means!.allocator).toBe('first-fit');
  expect(means!.traces).toBe(2);
  const { values } = means!;
  expect(values.nsPerOp).toBeCloseTo(20, 12);
  expect(values.utilization).toBeCloseTo(0.6, 12);
  expect(values.internalFragmentation).toBeCloseTo(1 - 0.8, 12);
  expect(values.externalFragmentation).toBeCloseTo(1 - 0.5, 12);
  expect(values.johnstoneWilson1).toBeCloseTo(2.5 - 1, 12);
  expect(values.meanSearch).toBeCloseTo(2 - 1, 12);
  expect(values.failed).toBe(5);
});

it('an allocator has its own traces, and no mean where a figure is missing', () => {
  const means = meansOf([
    makeComparison([makeMeasurement({ allocator: 'a' }), makeMeasurement({ allocator: 'b', nsPerOp: null })]),
    makeComparison([makeMeasurement({ allocator: 'b' })]),
  ]);
  expect(means.map(({ allocator, traces }) => [allocator, traces])).toEqual([
    ['a', 1],
    ['b', 2],
  ]);
  expect(means[1]!.values.nsPerOp).toBeNull();
  expect(means[1]!.values.utilization).not.toBeNull();
});
