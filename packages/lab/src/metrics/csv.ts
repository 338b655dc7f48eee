/** Comparisons for spreadsheets (CSV, RFC 4180) and for programs (JSON): one row, one object for each allocator of each trace. */

import { visible } from '../text/visible.js';
import type { TraceFacts } from '../trace/facts.js';
import { type Comparison, measuredIn, type Settings, unmeasuredIn } from './comparison.js';
import type { Measurement } from './measurement.js';
import { MEASURES, type Unit } from './measures.js';
import type { Unmeasured } from './unmeasured.js';

/** What JSON shows of a measurement: all of it and of its trace but the timeline, which is for drawing. */
export interface MeasurementRecord
  extends Omit<Measurement, 'timeline'>,
    Pick<TraceFacts, 'operations' | 'requests' | 'requestSizes' | 'recorded'>,
    Pick<Settings, 'capacity'> {
  /** The name of the trace. */
  readonly trace: string;
}

export type UnmeasuredRecord = Unmeasured & { readonly trace: string };

/** A flat list, those without figures last. */
export function toRecords(comparisons: readonly Comparison[]): (MeasurementRecord | UnmeasuredRecord)[] {
  return [...comparisons.flatMap(measuredRecords), ...comparisons.flatMap(unmeasuredRecords)];
}

function measuredRecords(comparison: Comparison): MeasurementRecord[] {
  const { name, operations, requests, requestSizes, recorded } = comparison.trace;
  const { capacity } = comparison.settings;
  return measuredIn(comparison).map(
    ({ allocator, title, naive, options, verification, timeline: _drawn, ...figures }) => ({
      trace: name,
      allocator,
      title,
      naive,
      options,
      capacity,
      operations,
      requests,
      ...figures,
      requestSizes,
      recorded,
      verification,
    }),
  );
}

function unmeasuredRecords(comparison: Comparison): UnmeasuredRecord[] {
  return unmeasuredIn(comparison).map((each) => ({ trace: comparison.trace.name, ...each }));
}

/** Times, bytes, shares, counts: each measure with its companions. */
const COLUMNS = [
  'trace',
  'allocator',
  'title',
  'capacity',
  'operations',
  'requests',
  'reallocations',
  'moves',
  ...columnsOf('nanoseconds'),
  'peakLiveBytes',
  ...columnsOf('bytes'),
  ...columnsOf('fraction'),
  ...columnsOf('count'),
] as const satisfies readonly (keyof MeasurementRecord)[];

function columnsOf(unit: Unit) {
  return MEASURES.filter((measure) => measure.unit === unit).flatMap(({ key, companions = [] }) => [
    key,
    ...companions,
  ]);
}

/**
 * A header and a row for each allocator of each trace; lines end with CR LF, an unknown figure is an empty field. Rows
 * without figures come last; the last column tells why there are none.
 */
export function toCsv(comparisons: readonly Comparison[]): string {
  const rows = comparisons
    .flatMap(measuredRecords)
    .map((record) => [...COLUMNS.map((column) => record[column]), verdict(record)]);
  const empty = comparisons
    .flatMap(unmeasuredRecords)
    .map((record) => [
      ...COLUMNS.map((column) =>
        column === 'trace' || column === 'allocator' || column === 'title' ? record[column] : null,
      ),
      `not measured: ${record.error.message}`,
    ]);
  return [[...COLUMNS, 'verification'], ...rows, ...empty]
    .map((row) => `${row.map(field).join(',')}\r\n`)
    .join('');
}

function verdict({ verification }: MeasurementRecord): string | null {
  if (verification === null) return null;
  if (verification.unverified !== undefined) return `not verified: ${verification.unverified}`;
  return verification.fault?.message ?? 'sound';
}

/** What a spreadsheet takes for a formula, and runs: those who name files are not those who open the table. */
const FORMULA = /^[=+\-@\n]/;

/** Texts show their control characters and are never formulas: a `'` before one says so to a spreadsheet. */
function field(value: string | number | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value);
  const shown = visible(value);
  const text = FORMULA.test(shown) ? `'${shown}` : shown;
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
