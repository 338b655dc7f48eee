/** Measurements for spreadsheets (CSV, RFC 4180) and for programs (JSON): one row, one object for each. */
import { visible } from '../output/visible.js';
import type { Measurement } from './measurement.js';

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

/** A header and a row for each measurement; lines end with CR LF, an unknown figure is an empty field. */
export function toCsv(measurements: readonly Measurement[]): string {
  const rows = measurements.map((measurement) => [
    ...COLUMNS.map((column) => measurement[column]),
    measurement.verification === null ? null : (measurement.verification.fault?.message ?? 'sound'),
  ]);
  return [[...COLUMNS, 'verification'], ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('');
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
