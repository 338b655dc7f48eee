/** Which figures say something: what chance decides, and what is a share of next to nothing. */
import type { Column } from '../text/figures.js';
import type { Companions, Measure, MeasureKey } from './measures.js';

/** The figures of an allocator, with what stands beside them; null where there are none. */
export type Figures = Readonly<Record<MeasureKey, number | null>> &
  Partial<Readonly<Record<keyof Companions, number | null>>>;

/**
 * Medians less than 5 % apart are never told apart, however close their rounds are: other work that lasts longer than
 * the rounds of an allocator, 150 ms, shows in no spread.
 */
const NOISE = 0.05 / 2;

/** What is free is little below this share of the footprint: without any hole the footprint would be that much less. */
const LITTLE = 0.05;

/**
 * Between which two values the figure lies, where chance has a part in it; undefined where it has none, or where there
 * is no figure. Of two figures whose ranges overlap neither is better.
 */
export function rangeOf(
  { key, quartiles }: Measure,
  figures: Figures,
): readonly [number, number] | undefined {
  const value = figures[key];
  if (quartiles === undefined || value === null) return undefined;
  const [low, high] = quartiles.map((each) => figures[each] ?? value);
  return [Math.min(low!, value - NOISE * value), Math.max(high!, value + NOISE * value)];
}

/** What a column of the measure needs to mark only figures that say something. */
export function significanceOf<Row>(
  measure: Measure,
  figuresOf: (row: Row) => Figures,
): Pick<Column<Row>, 'range' | 'aside'> {
  return {
    ...(measure.quartiles !== undefined && { range: (row: Row) => rangeOf(measure, figuresOf(row)) }),
    ...(measure.shareOf !== undefined && { aside: (row: Row) => isOfLittle(measure, figuresOf(row)) }),
  };
}

/**
 * How far half of the samples lie from the figure at most, as a share of it; null where that is not known, or where
 * chance has no part in it.
 */
export function spreadOf({ key, quartiles }: Measure, figures: Figures): number | null {
  const value = figures[key];
  if (quartiles === undefined || value === null || value === 0) return null;
  const [low, high] = quartiles.map((each) => figures[each] ?? null);
  if (typeof low !== 'number' || typeof high !== 'number') return null;
  return Math.max(value - low, high - value) / value;
}

/** Whether the figure is a share of so little that it is no reason to act. */
export function isOfLittle({ shareOf }: Measure, figures: Figures): boolean {
  const share = shareOf === undefined ? null : figures[shareOf];
  return typeof share === 'number' && share < LITTLE;
}
