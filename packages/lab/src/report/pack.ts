/**
 * Timelines made small enough that a report of many traces and allocators still opens at once: stretches are joined
 * until all columns fit a budget, each keeping its least and greatest value so that no peak is lost, and values are
 * rounded to 16 bits.
 *
 * Sixteen bits tell 0.0008 % of a column's peak apart, where the page prints three digits; as decimal text the same
 * columns took two and a half times the room.
 */
import type { Timeline } from '../metrics/measurement.js';
import {
  NO_VALUE,
  type PackedAllocator,
  type PackedColumn,
  type PackedTrace,
  type PageData,
} from './page-data.js';
import type { TraceResults } from './traces.js';

/** Characters that all columns together may take. */
const BUDGET = 400_000;
/** What a chart as wide as a desk's screen can show. */
const MOST_POINTS = 1000;
const CHARACTERS_A_VALUE = (2 * 4) / 3;

const QUANTITIES = ['live', 'granted', 'footprint', 'freeSegments'] as const;
const BOUNDS = [
  ['min', 'Min'],
  ['max', 'Max'],
] as const;
const COLUMNS = QUANTITIES.length * BOUNDS.length;

export function packTraces(traces: readonly TraceResults[]): PageData {
  const allocators = traces.reduce((sum, { measurements }) => sum + measurements.length, 0);
  const points = Math.min(MOST_POINTS, Math.floor(BUDGET / (COLUMNS * CHARACTERS_A_VALUE * allocators)));
  const columns = new ColumnTable();
  return {
    traces: traces.map((trace) => packTrace(trace, Math.max(points, 1), columns)),
    columns: columns.list,
  };
}

function packTrace({ measurements }: TraceResults, points: number, columns: ColumnTable): PackedTrace {
  // The longest: a replay that stopped at a fault has fewer operations than the trace.
  const all = measurements.map(({ timeline }) => timeline.operation);
  const longest = all.reduce((a, b) => ((b.at(-1) ?? 0) > (a.at(-1) ?? 0) ? b : a));
  const operation = thin(longest, points);
  return {
    operation,
    allocators: measurements.map(({ allocator, timeline }) => ({
      name: allocator,
      ...packTimeline(timeline, operation, columns),
    })),
  };
}

/** At most `points` of the values, evenly spaced, the last one always among them. */
function thin(values: readonly number[], points: number): number[] {
  const kept = Math.min(points, values.length);
  return Array.from({ length: kept }, (_, i) => values[Math.ceil(((i + 1) * values.length) / kept) - 1]!);
}

function packTimeline(
  timeline: Timeline,
  ends: readonly number[],
  columns: ColumnTable,
): Omit<PackedAllocator, 'name'> {
  const pack = (quantity: (typeof QUANTITIES)[number]) => {
    const [min, max] = BOUNDS.map(([bound, suffix]) =>
      columns.place(packColumn(join(timeline.operation, timeline[`${quantity}${suffix}`], ends, bound))),
    );
    return { min: min!, max: max! };
  };
  return {
    live: pack('live'),
    granted: pack('granted'),
    footprint: pack('footprint'),
    freeSegments: pack('freeSegments'),
  };
}

/** The least or greatest value of each stretch up to `ends`; null for a stretch that the timeline does not reach. */
function join(
  operation: readonly number[],
  values: readonly number[],
  ends: readonly number[],
  bound: 'min' | 'max',
): (number | null)[] {
  let at = 0;
  return ends.map((end) => {
    let joined: number | null = null;
    for (; at < operation.length && operation[at]! <= end; at++) {
      joined = joined === null ? values[at]! : Math[bound](joined, values[at]!);
    }
    return joined;
  });
}

function packColumn(values: readonly (number | null)[]): PackedColumn {
  const greatest = values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  const levels = NO_VALUE - 1;
  const step = greatest <= levels ? 1 : greatest / levels;
  const view = new DataView(new ArrayBuffer(values.length * 2));
  values.forEach((value, i) => {
    view.setUint16(i * 2, value === null ? NO_VALUE : Math.round(value / step), true);
  });
  const bytes = Array.from(new Uint8Array(view.buffer), (byte) => String.fromCharCode(byte));
  return { step, data: btoa(bytes.join('')) };
}

/** Columns in order of first appearance, each once. */
class ColumnTable {
  readonly list: PackedColumn[] = [];
  readonly #places = new Map<string, number>();

  place(column: PackedColumn): number {
    const key = `${column.step} ${column.data}`;
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.list.push(column) - 1;
      this.#places.set(key, place);
    }
    return place;
  }
}
