/** A trace as the report shows it, and what the report derives in more than one place. */
import { type Comparison, measuredIn, type Settings } from '../metrics/comparison.js';
import type { Measurement } from '../metrics/measurement.js';
import type { TraceFacts } from '../trace/facts.js';

export interface TraceResults {
  /** What the report calls the trace: its name, with a number where several have the same. */
  readonly name: string;
  readonly facts: TraceFacts;
  readonly settings: Settings;
  /** At least one, in the order given. */
  readonly measurements: readonly Measurement[];
}

/** The traces with figures. */
export function tracesOf(comparisons: readonly Comparison[]): readonly TraceResults[] {
  const namesakes = new Map<string, number>();
  return comparisons
    .map((comparison) => ({ ...comparison, measurements: measuredIn(comparison) }))
    .filter(({ measurements }) => measurements.length > 0)
    .map(({ trace, settings, measurements }) => {
      const count = (namesakes.get(trace.name) ?? 0) + 1;
      namesakes.set(trace.name, count);
      const name = count === 1 ? trace.name : `${trace.name} (${count})`;
      return { name, facts: trace, settings, measurements };
    });
}

/** Footprint ÷ lower bound, the most bytes ever live; null where nothing was. */
export function overhead(measurement: Measurement, { facts }: TraceResults): number | null {
  return facts.peakLiveBytes === 0 ? null : measurement.footprintBytes / facts.peakLiveBytes;
}

/** Where the bytes of a footprint go. The parts add up to the footprint of the moment. */
export interface Breakdown {
  readonly live: number;
  /** Granted beyond what was asked for: rounding, padding, headers. */
  readonly internal: number;
  /** Free bytes below the highest ever needed. */
  readonly external: number;
  readonly bookkeeping: number;
}

/** At the peak of the footprint. */
export function breakdown({ atPeakFootprint: moment }: Measurement): Breakdown {
  return {
    live: moment.liveBytes,
    internal: moment.grantedBytes - moment.liveBytes,
    external: moment.footprintBytes - moment.grantedBytes - moment.bookkeepingBytes,
    bookkeeping: moment.bookkeepingBytes,
  };
}
