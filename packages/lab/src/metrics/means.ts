/** One allocator over several traces: geometric means, so that no trace outweighs another. */

import { geometricMean } from './averages.js';
import { type Comparison, measuredIn } from './comparison.js';
import type { Measurement } from './measurement.js';
import { type Companions, MEASURES, type MeanKind, type Measure } from './measures.js';
import type { Figures } from './significance.js';

/** An allocator's figures by measure, with what tells whether they say something; null where a trace has none. */
export interface Means {
  readonly allocator: string;
  readonly traces: number;
  readonly values: Figures;
}

/** In order of first appearance. An allocator that was left out of some traces has the means over its own. */
export function meansOf(comparisons: readonly Comparison[]): Means[] {
  const measurements = comparisons.flatMap((comparison) => measuredIn(comparison));
  const allocators = new Set(measurements.map(({ allocator }) => allocator));
  return [...allocators].map((allocator) => {
    const group = measurements.filter((measurement) => measurement.allocator === allocator);
    const values = Object.fromEntries(
      MEASURES.flatMap((measure) =>
        [measure.key, ...beside(measure)].map((key) => [key, mean(measure, key, group)]),
      ),
    );
    return { allocator, traces: group.length, values: values as Figures };
  });
}

/** Companions that are on the scale of the measure. */
function beside({ quartiles, shareOf }: Measure): readonly (keyof Companions)[] {
  return [...(quartiles ?? []), ...(shareOf === undefined ? [] : [shareOf])];
}

function mean(measure: Measure, key: keyof Figures, group: readonly Measurement[]): number | null {
  const values = group.map((measurement) => measurement[key]);
  if (!values.every((value) => value !== null)) return null;
  if (measure.mean === 'sum') return values.reduce((sum, value) => sum + value, 0);
  const [to, from] = SCALES[measure.mean];
  return from(geometricMean(values.map(to)));
}

/** What may be 0 is turned into a factor before the mean is taken, and back after it. */
type Scale = readonly [(value: number) => number, (factor: number) => number];
const SCALES: Readonly<Record<Exclude<MeanKind, 'sum'>, Scale>> = {
  positive: [(value) => value, (factor) => factor],
  excess: [(value) => 1 + value, (factor) => factor - 1],
  loss: [(value) => 1 - value, (factor) => 1 - factor],
};
