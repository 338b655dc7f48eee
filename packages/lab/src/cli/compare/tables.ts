/** The tables of `freehold compare`, within 80 columns: allocators down, measures across, the best of a column starred. */
import { meansOf } from '../../metrics/means.js';
import type { Measurement } from '../../metrics/measurement.js';
import { MEASURES, type Measure, type MeasureKey } from '../../metrics/measures.js';
import type { Unmeasured } from '../../metrics/unmeasured.js';
import type { Colours } from '../../text/colours.js';
import { formatMany, formatSize } from '../../text/format.js';
import { define, table, type Wide, wrap } from '../../text/table.js';
import { visibleName } from '../../text/visible.js';
import type { RecordedGrants } from '../../trace/recorded.js';
import { allocatorRows, BEST, emptyRow, NONE, nothingMeasured, notMeasured } from '../rows.js';

/** The columns, as far as 80 columns of text take them. */
const COLUMNS: readonly Measure[] = (
  [
    'nsPerOp',
    'utilization',
    'internalFragmentation',
    'externalFragmentation',
    'johnstoneWilson1',
    'johnstoneWilson2',
    'johnstoneWilson3',
    'johnstoneWilson4',
    'failed',
    'meanSearch',
    'p99Search',
  ] as const satisfies readonly MeasureKey[]
).map((key) => MEASURES.find((measure) => measure.key === key)!);

/** An allocator and its figures. */
interface Row {
  readonly allocator: string;
  /** Whether all was served and nothing found amiss: only such figures compare. */
  readonly sound: boolean;
  readonly values: Readonly<Record<MeasureKey, number | null>>;
}

/** The table of one trace, headed by what the trace is; below it what could not be done. All are of that trace. */
export function traceTable(
  measurements: readonly Measurement[],
  paint: Colours,
  unmeasured: readonly Unmeasured[] = [],
): string {
  const [first] = measurements;
  if (first === undefined) return nothingMeasured(unmeasured, paint);
  const { trace, operations, requests, capacity, recorded } = first;
  const rows = measurements.map((measurement) => ({
    allocator: measurement.allocator,
    sound: measurement.failed === 0 && !measurement.verification?.fault,
    values: measurement,
  }));
  const peak = formatSize(Math.max(...measurements.map(({ peakLiveBytes }) => peakLiveBytes)));
  const facts = [
    formatMany(operations, 'operation'),
    formatMany(requests, 'request'),
    // Where all refused something, nobody knows what would have been live.
    rows.some(({ sound }) => sound) ? `at most ${peak} live` : `at most ${peak} served at once`,
    capacity === null ? 'in an arena that grows' : `in an arena of ${formatSize(capacity)}`,
  ];
  const shown = recorded === null ? rows : [...rows, asRecorded(recorded)];
  const empty = unmeasured.flatMap((each) => emptyRow(each, COLUMNS.length));
  return [
    paint.bold(visibleName(trace)),
    wrap(facts.join(', ')),
    '',
    figures(shown, paint, empty),
    ...measurements.flatMap(notVerified),
    ...unmeasured.map(notMeasured),
  ].join('\n');
}

function notVerified({ allocator, verification }: Measurement): string[] {
  if (verification?.unverified === undefined) return [];
  return [wrap(`${allocator} could not be verified: ${verification.unverified}.`)];
}

/** Geometric means of the allocators that ran on every trace; '' where there is but one trace. */
export function meansTable(measurements: readonly Measurement[], traces: number, paint: Colours): string {
  if (traces < 2) return '';
  const means = meansOf(measurements).filter((each) => each.traces === traces);
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
  const others = MEASURES.filter((measure) => !COLUMNS.includes(measure)).map(({ title }) => title);
  return `\nMeasures (${others.join(', ')}: only in --json, --csv and --report):\n${lines.join('\n')}\n`;
}

/** The recorded allocator among the others, with the one figure that its recording tells. Never the best. */
function asRecorded({ internalFragmentation }: RecordedGrants): Row {
  const nothing = Object.fromEntries(MEASURES.map(({ key }) => [key, null]));
  const values = { ...nothing, internalFragmentation } as Row['values'];
  return { allocator: 'recorded', sound: false, values };
}

/** @param more rows without figures */
function figures(rows: readonly Row[], paint: Colours, more: readonly (string | Wide)[][] = []): string {
  const best = new Map(COLUMNS.map((measure) => [measure.key, bestText(measure, rows)]));
  const lines = rows.flatMap((row) => {
    const cells = COLUMNS.map((measure) => {
      const text = format(measure, row.values[measure.key]);
      return row.sound && text === best.get(measure.key) ? paint.green(BEST + text) : text;
    });
    return allocatorRows(row.allocator, cells);
  });
  return table(
    ['', ...COLUMNS.map(({ title }) => title)],
    [...lines, ...more],
    ['left', ...COLUMNS.map(() => 'right' as const)],
    1,
  );
}

/** The best figure of a column as it is printed, so that what looks the same is starred the same; null where all do. */
function bestText(measure: Measure, rows: readonly Row[]): string | null {
  const values = rows.filter(({ sound }) => sound).flatMap(({ values }) => values[measure.key] ?? []);
  const texts = new Set(values.map((value) => format(measure, value)));
  if (texts.size < 2) return null;
  return format(measure, measure.better === 'lower' ? Math.min(...values) : Math.max(...values));
}

/** At most five characters, for all but absurd figures. */
function format({ key, unit }: Measure, value: number | null): string {
  if (value === null) return NONE;
  if (unit === 'bytes') return formatSize(value);
  if (unit === 'count' && key !== 'meanSearch') return value.toFixed(0);
  const shown = unit === 'fraction' ? value * 100 : value;
  return shown.toFixed(shown < 99.95 ? 1 : 0);
}
