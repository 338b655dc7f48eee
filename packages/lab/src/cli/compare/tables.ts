/** The tables of `freehold compare`, within 80 columns: allocators down, measures across, the best of a column starred. */
import { type Comparison, measuredIn, unmeasuredIn } from '../../metrics/comparison.js';
import { meansOf } from '../../metrics/means.js';
import { isSound, type Measurement } from '../../metrics/measurement.js';
import { MEASURES, type Measure, type MeasureKey } from '../../metrics/measures.js';
import type { Colours } from '../../text/colours.js';
import { type Column, figuresOf } from '../../text/figures.js';
import { enumerate, formatMany, formatSize } from '../../text/format.js';
import { define, table, type Wide, wrap } from '../../text/table.js';
import { visibleName } from '../../text/visible.js';
import type { RecordedGrants } from '../../trace/recorded.js';
import { allocatorRows, BEST, emptyRow, nothingMeasured, notMeasured, starred } from '../rows.js';

/** The columns, as far as 80 columns of text take them. */
const COLUMNS = MEASURES.filter(({ column }) => column).map((measure): Column<Row> & Measure => ({
  ...measure,
  value: ({ values }) => values[measure.key],
  format: (value) => format(measure, value),
}));

/** An allocator and its figures. */
interface Row {
  readonly allocator: string;
  /** Whether all was served and nothing found amiss: only such figures compare. */
  readonly sound: boolean;
  readonly values: Readonly<Record<MeasureKey, number | null>>;
}

/** The table of one trace, headed by what the trace is; below it what could not be done. */
export function traceTable(comparison: Comparison, paint: Colours): string {
  const { name, operations, requests, recorded, notes } = comparison.trace;
  const { capacity } = comparison.settings;
  const measured = measuredIn(comparison);
  const unmeasured = unmeasuredIn(comparison);
  if (measured.length === 0) return nothingMeasured(name, unmeasured, paint);
  const rows = measured.map((measurement) => ({
    allocator: measurement.allocator,
    sound: isSound(measurement),
    values: measurement,
  }));
  const facts = [
    formatMany(operations, 'operation'),
    formatMany(requests, 'request'),
    atMost(comparison, measured),
    capacity === null ? 'in an arena that grows' : `in an arena of ${formatSize(capacity)}`,
  ];
  const shown = recorded === null ? rows : [...rows, asRecorded(recorded)];
  const empty = unmeasured.flatMap((each) => emptyRow(each, COLUMNS.length));
  return [
    paint.bold(visibleName(name)),
    wrap(facts.join(', ')),
    ...notes.map((note) => wrap(`note: ${note}`)),
    '',
    figures(shown, paint, empty),
    ...measured.flatMap(notVerified),
    ...unmeasured.map(notMeasured),
  ].join('\n');
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

/** What the columns shown mean, and what to do about them. */
export function legend(paint: Colours): string {
  const width = Math.max(...COLUMNS.map(({ title }) => title.length)) + 2;
  const lines = COLUMNS.map(({ title, meaning, advice }) => {
    const text = define(title, `${meaning} ${advice}`, width);
    return paint.bold(title) + text.slice(title.length);
  });
  return [`${BEST} marks the best of a column. Shares are in per cent.`, ...lines].join('\n');
}

/** For `--help`: every measure, those of the tables and those that only --json, --csv and --report have. */
export function measuresHelp(): string {
  const lines = MEASURES.map(({ title, meaning }) => define(`  ${title}`, meaning, 10));
  const others = enumerate(MEASURES.filter(({ column }) => !column).map(({ title }) => title));
  return `\nMeasures (${others}: only in --json, --csv and --report):\n${lines.join('\n')}\n`;
}

/** The recorded allocator among the others, with the one figure that its recording tells. Never the best. */
function asRecorded({ internalFragmentation }: RecordedGrants): Row {
  const nothing = Object.fromEntries(MEASURES.map(({ key }) => [key, null]));
  const values = { ...nothing, internalFragmentation } as Row['values'];
  return { allocator: 'recorded', sound: false, values };
}

/** @param more rows without figures */
function figures(rows: readonly Row[], paint: Colours, more: readonly (string | Wide)[][] = []): string {
  const lines = figuresOf(COLUMNS, rows, ({ sound }) => sound).flatMap((cells, i) =>
    allocatorRows(
      rows[i]!.allocator,
      cells.map((cell) => starred(cell, paint)),
    ),
  );
  return table(
    ['', ...COLUMNS.map(({ title }) => title)],
    [...lines, ...more],
    ['left', ...COLUMNS.map(() => 'right' as const)],
    1,
  );
}

/** At most five characters, for all but absurd figures. */
function format({ unit, digits }: Measure, value: number): string {
  if (unit === 'bytes') return formatSize(value);
  const shown = unit === 'fraction' ? value * 100 : value;
  return shown.toFixed(shown < 99.95 ? digits : 0);
}
