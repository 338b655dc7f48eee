/** One allocator over several traces: geometric means, so that no trace outweighs another. */

import { geometricMean } from './averages.js';
import type { Measurement } from './measurement.js';
import { MEASURES, type Measure, type MeasureKey } from './measures.js';

/** An allocator's figures by measure; null where a trace has none. Failed requests are summed. */
export interface Means {
  readonly allocator: string;
  readonly traces: number;
  readonly values: Readonly<Record<MeasureKey, number | null>>;
}

/** In order of first appearance. An allocator that was left out of some traces has the means over its own. */
export function meansOf(measurements: readonly Measurement[]): Means[] {
  const allocators = new Set(measurements.map(({ allocator }) => allocator));
  return [...allocators].map((allocator) => {
    const group = measurements.filter((measurement) => measurement.allocator === allocator);
    const values = Object.fromEntries(MEASURES.map((measure) => [measure.key, mean(measure, group)]));
    return { allocator, traces: group.length, values: values as Means['values'] };
  });
}

function mean({ key }: Measure, group: readonly Measurement[]): number | null {
  const values = group.map((measurement) => measurement[key]);
  if (!values.every((value) => value !== null)) return null;
  if (key === 'failed') return values.reduce((sum, value) => sum + value, 0);
  const [to, from] = SCALES[key] ?? POSITIVE;
  return from(geometricMean(values.map(to)));
}

/** What may be 0 is turned into a factor before the mean is taken, and back after it. */
type Scale = readonly [(value: number) => number, (factor: number) => number];
const POSITIVE: Scale = [(value) => value, (factor) => factor];
/** An excess of 25 % is a factor of 1.25. */
const EXCESS: Scale = [(value) => 1 + value, (factor) => factor - 1];
/** A loss of 25 % leaves a factor of 0.75. */
const LOSS: Scale = [(value) => 1 - value, (factor) => 1 - factor];

const SCALES: Partial<Record<MeasureKey, Scale>> = {
  internalFragmentation: LOSS,
  externalFragmentation: LOSS,
  johnstoneWilson1: EXCESS,
  johnstoneWilson2: EXCESS,
  johnstoneWilson3: EXCESS,
  johnstoneWilson4: EXCESS,
  meanSearch: EXCESS,
  p99Search: EXCESS,
  maxSearch: EXCESS,
};
