import { describe, expect, it } from 'vitest';
import { makeComparison, makeMeasurement } from '../../test/measurements.js';
import type { Measurement } from '../metrics/measurement.js';
import { packTraces } from './pack.js';
import { NO_VALUE, type PackedColumn, type PageData } from './page-data.js';
import { groupByTrace } from './traces.js';

function unpack({ step, data }: PackedColumn): (number | null)[] {
  const bytes = Buffer.from(data, 'base64');
  return Array.from({ length: bytes.length / 2 }, (_, i) => {
    const level = bytes.readUInt16LE(i * 2);
    return level === NO_VALUE ? null : level * step;
  });
}

function pack(...measurements: Measurement[]): PageData {
  return packTraces(groupByTrace(measurements));
}

describe('packTraces', () => {
  it('keeps a timeline that fits, each value to 16 bits', () => {
    const measurement = makeMeasurement();
    const { traces, columns } = pack(measurement);
    const { timeline } = measurement;
    expect(traces[0]!.operation).toEqual(timeline.operation);
    const footprint = unpack(columns[traces[0]!.allocators[0]!.footprint.max]!);
    const greatest = Math.max(...timeline.footprintMax);
    expect(Math.max(...footprint.map((value) => value!))).toBeCloseTo(greatest, 6);
    timeline.footprintMax.forEach((value, i) => {
      expect(Math.abs(footprint[i]! - value)).toBeLessThanOrEqual(greatest / 65534 / 2 + 1e-6);
    });
  });

  it('keeps whole numbers below 2^16 as they are', () => {
    const measurement = makeMeasurement();
    const { traces, columns } = pack(measurement);
    const { freeSegments } = traces[0]!.allocators[0]!;
    expect(unpack(columns[freeSegments.min]!)).toEqual(measurement.timeline.freeSegmentsMin);
    expect(unpack(columns[freeSegments.max]!)).toEqual(measurement.timeline.freeSegmentsMax);
  });

  it('joins stretches without losing a peak or a trough, and ends where the trace ends', () => {
    // The live bytes of these have a spike in one point alone.
    const measurements = ['a', 'b', 'c', 'd'].flatMap((trace) => makeComparison({ trace }));
    const { traces, columns } = pack(...measurements);
    const { operation, allocators } = traces[0]!;
    const { timeline } = measurements[0]!;
    expect(operation.length).toBeLessThan(timeline.operation.length);
    expect(operation.at(-1)).toBe(timeline.operation.at(-1));
    const most = unpack(columns[allocators[0]!.live.max]!);
    const least = unpack(columns[allocators[0]!.live.min]!);
    const spike = Math.max(...timeline.liveMax);
    expect(most.filter((value) => Math.abs(value! - spike) < 1)).toHaveLength(1);
    let first = 0;
    operation.forEach((end, i) => {
      const past = timeline.operation.findIndex((each) => each > end);
      const last = past === -1 ? timeline.operation.length : past;
      const tolerance = spike / 65534;
      expect(Math.abs(most[i]! - Math.max(...timeline.liveMax.slice(first, last)))).toBeLessThan(tolerance);
      expect(Math.abs(least[i]! - Math.min(...timeline.liveMin.slice(first, last)))).toBeLessThan(tolerance);
      first = last;
    });
  });

  it('has no value where a replay stopped before the end of the trace', () => {
    const whole = makeMeasurement({ allocator: 'whole', points: 10, operations: 100 });
    const stopped = makeMeasurement({ allocator: 'stopped', points: 4, operations: 40 });
    const { traces, columns } = pack(stopped, whole);
    expect(traces[0]!.operation).toEqual(whole.timeline.operation);
    const live = unpack(columns[traces[0]!.allocators[0]!.live.max]!);
    expect(live.slice(0, 4)).not.toContain(null);
    expect(live.slice(4)).toEqual(Array(6).fill(null));
  });

  it('stores columns that are alike once', () => {
    const { columns, traces } = pack(
      makeMeasurement({ allocator: 'naive-first' }),
      makeMeasurement({ allocator: 'first-fit' }),
    );
    expect(columns).toHaveLength(8);
    const [naive, indexed] = traces[0]!.allocators;
    expect({ ...naive, name: '' }).toEqual({ ...indexed, name: '' });
  });

  it('takes a trace of no operations', () => {
    expect(
      pack(makeMeasurement({ points: 0, operations: 0, timeline: emptyTimeline() })).traces[0]!.operation,
    ).toEqual([]);
  });

  it('stays within its budget whatever comes', () => {
    const measurements = Array.from({ length: 30 }, (_, i) => makeComparison({ trace: `trace ${i}` })).flat();
    // No two alike, so that nothing is shared.
    const distinct = measurements.map((measurement, i) => ({
      ...measurement,
      timeline: mapColumns(measurement.timeline, (value, at) => value + ((i * 7919 + at * 31) % 1013)),
    }));
    const size = pack(...distinct).columns.reduce((sum, { data }) => sum + data.length, 0);
    expect(size).toBeGreaterThan(100_000);
    expect(size).toBeLessThan(450_000);
  });
});

type Timeline = Measurement['timeline'];

function mapColumns(timeline: Timeline, change: (value: number, at: number) => number): Timeline {
  const { operation, ...columns } = timeline;
  const changed = Object.fromEntries(
    Object.entries(columns).map(([name, values]) => [name, values.map(change)]),
  );
  return { ...timeline, ...changed, operation };
}

function emptyTimeline(): Timeline {
  const { operation, ...columns } = makeMeasurement({ points: 1 }).timeline;
  const empty = Object.fromEntries(
    [['operation', operation], ...Object.entries(columns)].map(([name]) => [name, []]),
  );
  return empty as unknown as Timeline;
}
