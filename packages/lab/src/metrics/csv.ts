/** Measurements for spreadsheets (CSV, RFC 4180) and for programs (JSON): one row, one object for each. */

import { visible } from '../text/visible.js';
import type { Measurement } from './measurement.js';
import type { Unmeasured } from './unmeasured.js';

/** What JSON shows of a Measurement: all of it but the timeline, which is for drawing. */
export function toRecord(measurement: Measurement): Omit<Measurement, 'timeline'> {
  const { timeline: _drawn, ...record } = measurement;
  return record;
}

const COLUMNS = [
  'trace',
  'allocator',
  'title',
  'capacity',
  'operations',
  'requests',
  'reallocations',
  'moves',
  'nsPerOp',
  'nsPerOpMin',
  'nsPerOpMax',
  'peakLiveBytes',
  'footprintBytes',
  'bookkeepingBytes',
  'utilization',
  'internalFragmentation',
  'internalMean',
  'externalFragmentation',
  'externalMean',
  'externalBytes',
  'johnstoneWilson1',
  'johnstoneWilson2',
  'johnstoneWilson3',
  'johnstoneWilson4',
  'failed',
  'meanSearch',
  'p99Search',
  'maxSearch',
] as const satisfies readonly (keyof Measurement)[];

/**
 * A header and a row for each measurement; lines end with CR LF, an unknown figure is an empty field. Rows without figures
 * come last; the last column tells why there are none.
 */
export function toCsv(measurements: readonly Measurement[], unmeasured: readonly Unmeasured[] = []): string {
  const rows = measurements.map((measurement) => [
    ...COLUMNS.map((column) => measurement[column]),
    verdict(measurement),
  ]);
  const empty = unmeasured.map((each) => [
    ...COLUMNS.map((column) =>
      column === 'trace' || column === 'allocator' || column === 'title' ? each[column] : null,
    ),
    `not measured: ${each.error.message}`,
  ]);
  return [[...COLUMNS, 'verification'], ...rows, ...empty]
    .map((row) => `${row.map(field).join(',')}\r\n`)
    .join('');
}

function verdict({ verification }: Measurement): string | null {
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
