/** The tables of `freehold compare`, within 80 columns: allocators down, measures across, the best of a column starred. */
import { type Comparison, measuredIn, unmeasuredIn } from '../../metrics/comparison.js';
import { meansOf } from '../../metrics/means.js';
import { isSound, type Measurement } from '../../metrics/measurement.js';
import { MEASURES, type Measure } from '../../metrics/measures.js';
import { type Figures, significanceOf, spreadOf } from '../../metrics/significance.js';
import type { Unmeasured } from '../../metrics/unmeasured.js';
import { type Colours, PLAIN } from '../../text/colours.js';
import { type Column, figuresOf } from '../../text/figures.js';
import { enumerate, formatMany, formatSize } from '../../text/format.js';
import { define, table, wrap } from '../../text/table.js';
import { visibleName } from '../../text/visible.js';
import type { RecordedGrants } from '../../trace/recorded.js';
import { allocatorRows, BEST, emptyRow, nothingMeasured, notMeasured, starred } from '../rows.js';

/** Of the text of a table, in columns of the terminal. */
const WIDTH = 80;

/** An allocator and its figures. */
interface Row {
  readonly allocator: string;
  /** Whether all was served and nothing found amiss: only such figures compare. */
  readonly sound: boolean;
  readonly values: Figures;
}

interface FigureColumn extends Column<Row>, Pick<Measure, 'meaning' | 'advice'> {
  /** A column of zeros is left out. */
  readonly unlessZero?: true;
  /** Present where it is left out of a table that does not fit 80 columns of text: the lower, the sooner. */
  readonly spare?: number;
}

/** All columns that a table may have. */
const COLUMNS: readonly FigureColumn[] = MEASURES.filter(({ column }) => column).flatMap((measure) =>
  measure.quartiles === undefined ? [columnOf(measure)] : [columnOf(measure), spreadColumn(measure)],
);

function columnOf(measure: Measure): FigureColumn {
  const { key, title, better, meaning, advice } = measure;
  return {
    title,
    better,
    meaning,
    advice,
    ...(key === 'failed' && { unlessZero: true }),
    value: ({ values }) => values[key],
    format: (value) => format(measure, value),
    ...(key === 'p99Search' && { spare: 1 }),
    ...significanceOf(measure, ({ values }: Row) => values),
  };
}

function spreadColumn(measure: Measure): FigureColumn {
  return {
    title: '±%',
    better: null,
    spare: 2,
    meaning: `Half of the timed rounds lie so near to ${measure.title}.`,
    advice: `High: the machine was busy. ${measure.title} has a star only where the spread leaves no doubt.`,
    value: ({ values }) => spreadOf(measure, values),
    format: (value) => String(Math.round(value * 100)),
  };
}

function columnsFor(rows: readonly Row[]): readonly FigureColumn[] {
  return COLUMNS.filter(
    ({ unlessZero, value }) => !unlessZero || rows.some((row) => (value(row) ?? 0) !== 0),
  );
}

/** The table of one trace, headed by what the trace is; below it what could not be done. */
export function traceTable(comparison: Comparison, paint: Colours): string {
  const { name, operations, requests, recorded, notes } = comparison.trace;
  const { capacity } = comparison.settings;
  const measured = measuredIn(comparison);
  const unmeasured = unmeasuredIn(comparison);
  if (measured.length === 0) return nothingMeasured(name, unmeasured, paint);
  const rows = measured.map(rowOf);
  const facts = [
    formatMany(operations, 'operation'),
    formatMany(requests, 'request'),
    atMost(comparison, measured),
    capacity === null ? 'in an arena that grows' : `in an arena of ${formatSize(capacity)}`,
  ];
  const shown = recorded === null ? rows : [...rows, asRecorded(recorded)];
  return [
    paint.bold(visibleName(name)),
    wrap(facts.join(', ')),
    ...notes.map((note) => wrap(`note: ${note}`)),
    '',
    figures(shown, paint, unmeasured),
    ...measured.flatMap(notVerified),
    ...unmeasured.map(notMeasured),
  ].join('\n');
}

function rowOf(measurement: Measurement): Row {
  return { allocator: measurement.allocator, sound: isSound(measurement), values: measurement };
}

/** Where every allocator refused something, no run had all live that the program has. */
function atMost({ trace }: Comparison, measured: readonly Measurement[]): string {
  if (measured.some(isSound)) return `at most ${formatSize(trace.peakLiveBytes)} live`;
  const served = Math.max(...measured.map(({ peakLiveBytes }) => peakLiveBytes));
  return `at most ${formatSize(served)} served at once`;
}

function notVerified({ allocator, verification }: Measurement): string[] {
  if (verification?.unverified === undefined) return [];
  return [wrap(`${allocator} could not be verified: ${verification.unverified}.`)];
}

/** Geometric means of the allocators that ran on every trace; '' where there is but one trace. */
export function meansTable(comparisons: readonly Comparison[], paint: Colours): string {
  const traces = comparisons.length;
  if (traces < 2) return '';
  const means = meansOf(comparisons).filter((each) => each.traces === traces);
  if (means.length === 0) return '';
  const rows = means.map(({ allocator, values }) => ({ allocator, sound: values.failed === 0, values }));
  const what = 'geometric means, of the allocators that ran on all';
  return [paint.bold(`All ${traces} traces`), what, '', figures(rows, paint)].join('\n');
}

/** What the columns shown of these results mean, and what to do about them. */
export function legend(comparisons: readonly Comparison[], paint: Colours): string {
  const shown = columnsFor(comparisons.flatMap((comparison) => measuredIn(comparison).map(rowOf)));
  const width = Math.max(...shown.map(({ title }) => title.length)) + 2;
  const lines = shown.map(({ title, meaning, advice }) => {
    const text = define(title, `${meaning} ${advice}`, width);
    return paint.bold(title) + text.slice(title.length);
  });
  return [`${BEST} marks the best of a column. Shares are in per cent.`, ...lines].join('\n');
}

/** For `--help`: every measure, those of the tables and those that only --json, --csv and --report have. */
export function measuresHelp(): string {
  const rest = MEASURES.filter(({ column }) => !column);
  const others = enumerate(rest.map(({ title }) => title));
  const lines = [...COLUMNS, ...rest].map(({ title, meaning }) => define(`  ${title}`, meaning, 10));
  return `\nMeasures (${others}: only in --json, --csv and --report):\n${lines.join('\n')}\n`;
}

/** The recorded allocator among the others, with the one figure that its recording tells. Never the best. */
function asRecorded({ internalFragmentation }: RecordedGrants): Row {
  const nothing = Object.fromEntries(MEASURES.map(({ key }) => [key, null]));
  const values = { ...nothing, internalFragmentation } as Row['values'];
  return { allocator: 'recorded', sound: false, values };
}

function figures(rows: readonly Row[], paint: Colours, unmeasured: readonly Unmeasured[] = []): string {
  let columns = columnsFor(rows);
  const draw = (colours: Colours) => figuresIn(columns, rows, colours, unmeasured);
  const spare = columns.filter((each) => each.spare !== undefined).toSorted((a, b) => a.spare! - b.spare!);
  for (const least of spare) {
    if (
      !draw(PLAIN)
        .split('\n')
        .some((line) => line.length > WIDTH)
    )
      break;
    columns = columns.filter((column) => column !== least);
  }
  return draw(paint);
}

function figuresIn(
  columns: readonly FigureColumn[],
  rows: readonly Row[],
  paint: Colours,
  unmeasured: readonly Unmeasured[],
): string {
  const lines = figuresOf(columns, rows, ({ sound }) => sound).flatMap((cells, i) =>
    allocatorRows(
      rows[i]!.allocator,
      cells.map((cell) => starred(cell, paint)),
    ),
  );
  return table(
    ['', ...columns.map(({ title }) => title)],
    [...lines, ...unmeasured.flatMap((each) => emptyRow(each, columns.length))],
    ['left', ...columns.map(() => 'right' as const)],
    1,
  );
}

/** At most five characters, for all but absurd figures. */
function format({ unit, digits }: Measure, value: number): string {
  if (unit === 'bytes') return formatSize(value);
  const shown = unit === 'fraction' ? value * 100 : value;
  return shown.toFixed(shown < 99.95 ? digits : 0);
}
