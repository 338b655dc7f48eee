/** The measurements of one trace, and what the report derives from them in more than one place. */
import type { Measurement } from '../metrics/measurement.js';

export interface TraceResults {
  /** What the report calls the trace: its name, with a number where several have the same. */
  readonly name: string;
  /** At least one, in the order given. */
  readonly measurements: readonly Measurement[];
  /** The most bytes ever live where every request was served: no allocator can do with less. */
  readonly lowerBound: number;
}

/** Groups by trace, in order of first appearance. An allocator that comes again begins another trace of that name. */
export function groupByTrace(measurements: readonly Measurement[]): readonly TraceResults[] {
  const groups: { name: string; measurements: Measurement[] }[] = [];
  for (const measurement of measurements) {
    const namesakes = groups.filter(({ measurements }) => measurements[0]!.trace === measurement.trace);
    const open = namesakes.find(
      (group) => !group.measurements.some(({ allocator }) => allocator === measurement.allocator),
    );
    if (open !== undefined) {
      open.measurements.push(measurement);
      continue;
    }
    const name =
      namesakes.length === 0 ? measurement.trace : `${measurement.trace} (${namesakes.length + 1})`;
    groups.push({ name, measurements: [measurement] });
  }
  return groups.map((group) => ({
    ...group,
    lowerBound: Math.max(...group.measurements.map(({ peakLiveBytes }) => peakLiveBytes)),
  }));
}

/** Whether every request was served and nothing was found amiss: only such results compare. */
export function isSound(measurement: Measurement): boolean {
  return measurement.failed === 0 && !measurement.verification?.fault;
}

/** Footprint ÷ lower bound; null where nothing was ever live. */
export function overhead(measurement: Measurement, { lowerBound }: TraceResults): number | null {
  return lowerBound === 0 ? null : measurement.footprintBytes / lowerBound;
}

/** Where the bytes of a footprint go. The parts add up to the footprint. */
export interface Breakdown {
  readonly live: number;
  /** Granted beyond what was asked for: rounding, padding, headers. */
  readonly internal: number;
  /** Free bytes below the highest ever needed. */
  readonly external: number;
  readonly bookkeeping: number;
}

/** At the first moment when the footprint is greatest. */
export function breakdown({ atPeakFootprint: moment }: Measurement): Breakdown {
  return {
    live: moment.liveBytes,
    internal: moment.grantedBytes - moment.liveBytes,
    external: moment.footprintBytes - moment.grantedBytes - moment.bookkeepingBytes,
    bookkeeping: moment.bookkeepingBytes,
  };
}
