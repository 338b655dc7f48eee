/** Measurements made up for the tests of what shows them: plausible shapes, computed from a seed and nothing else. */
import { type AllocatorResult, type Comparison, measuredIn } from '../src/metrics/comparison.js';
import type { Measurement, Moment, Timeline } from '../src/metrics/measurement.js';
import { MEASURES, type MeasureValues } from '../src/metrics/measures.js';
import type { TraceFacts } from '../src/trace/facts.js';

export interface MadeUp extends Partial<Measurement> {
  /** Of the trace. */
  readonly operations?: number;
  /** Footprint ÷ live bytes, about. */
  readonly waste?: number;
  readonly points?: number;
}

const OPERATIONS = 2_000_000;
/** A measure that is new needs no line here. */
const NOTHING = Object.fromEntries(MEASURES.map(({ key }) => [key, 0])) as unknown as MeasureValues;

export function makeMeasurement({
  waste = 1.2,
  points = 1000,
  operations = OPERATIONS,
  ...given
}: MadeUp = {}): Measurement {
  const timeline = makeTimeline(points, operations, waste);
  const peakLiveBytes = Math.max(...timeline.liveMax);
  const bookkeepingBytes = 24_000;
  const footprintBytes = Math.max(...timeline.footprintMax);
  const moment: Moment = {
    operation: Math.floor(operations / 2),
    liveBytes: peakLiveBytes,
    grantedBytes: Math.round(peakLiveBytes * (1 + (waste - 1) / 3)),
    bookkeepingBytes,
    footprintBytes,
    freeSegments: 180,
    largestFreeBytes: 70_000,
  };
  return {
    ...NOTHING,
    allocator: 'first-fit',
    title: 'First fit, O(log n)',
    naive: false,
    options: { align: '16' },
    reallocations: 1234,
    moves: 321,
    nsPerOp: 20 + 40 * (waste - 1),
    nsPerOpMin: 18 + 40 * (waste - 1),
    nsPerOpMax: 31 + 40 * (waste - 1),
    nsPerOpQ1: null,
    nsPerOpQ3: null,
    peakLiveBytes,
    footprintBytes,
    bookkeepingBytes,
    utilization: peakLiveBytes / footprintBytes,
    internalFragmentation: 0.04 * waste,
    internalMean: 0.05,
    externalFragmentation: 0.3 / waste,
    externalMean: 0.35,
    externalBytes: 90_000,
    externalShare: 0.06,
    johnstoneWilson1: waste - 0.9,
    johnstoneWilson2: waste - 0.98,
    johnstoneWilson3: waste - 0.92,
    johnstoneWilson4: waste - 0.97,
    failed: 0,
    meanSearch: 3.25,
    p99Search: 12,
    maxSearch: 977,
    atPeakLive: moment,
    atPeakFootprint: moment,
    atEnd: moment,
    timeline,
    freeAtPeakFootprint: makeFree(waste),
    freeOrders: null,
    freeAtEnd: makeFree(waste / 2),
    verification: null,
    ...given,
  };
}

function makeFree(waste: number) {
  const counts = [0, 0, 0, 0, 210, 90, 44, 31, 0, 12, 3, 0, 1].map((count) =>
    Math.ceil(count * waste * waste),
  );
  return { counts, bytes: counts.map((count, k) => count * 3 * 2 ** (k - 2)) };
}

/** Grows in phases, with one spike in one point; the footprint follows and does not quite come back. */
function makeTimeline(points: number, operations: number, waste: number): Timeline {
  const at = Array.from({ length: points }, (_, i) => (i + 1) / points);
  const live = at.map((t, i) =>
    Math.round(
      2e6 * (0.2 + t * 0.5 + 0.25 * Math.sin(9 * t) ** 2) + (i === Math.floor(points * 0.7) ? 9e5 : 0),
    ),
  );
  let high = 0;
  const footprint = live.map((bytes, i) => {
    high = Math.max(high * 0.9995, bytes * waste);
    return Math.round(high + 24_000 + 6000 * Math.sin(i));
  });
  const scaled = (values: readonly number[], by: number) => values.map((value) => Math.round(value * by));
  return {
    operation: at.map((t) => Math.round(t * operations)),
    liveMin: scaled(live, 0.93),
    liveMax: live,
    grantedMin: scaled(live, 0.93 * (1 + (waste - 1) / 3)),
    grantedMax: scaled(live, 1 + (waste - 1) / 3),
    footprintMin: scaled(footprint, 0.97),
    footprintMax: footprint,
    freeSegmentsMin: at.map((t, i) => Math.round(150 * waste * t + (i % 7))),
    freeSegmentsMax: at.map((t, i) => Math.round(190 * waste * t + (i % 11) + 5)),
  };
}

const ALLOCATORS: readonly (readonly [name: string, title: string, waste: number, nsPerOp: number])[] = [
  ['naive-first', 'First fit over a linked list', 1.12, 412],
  ['naive-next', 'Next fit over a linked list', 1.31, 388],
  ['naive-best', 'Best fit over a linked list', 1.08, 2210],
  ['naive-worst', 'Worst fit over a linked list', 1.62, 2350],
  ['first-fit', 'First fit, O(log n)', 1.12, 88],
  ['next-fit', 'Next fit, O(log n)', 1.31, 90],
  ['best-fit', 'Best fit, O(log n)', 1.08, 95.5],
  ['worst-fit', 'Worst fit, O(log n)', 1.62, 93],
  ['tlsf', 'Two-level segregated fit, O(1)', 1.15, 23.1],
  ['blocks', 'Equal blocks in a bitmap', 1.4, 61],
  ['buddy', 'Binary buddy system', 1.94, 31],
];

/** Eleven allocators. */
export function makeMeasurements(): Measurement[] {
  return ALLOCATORS.map(([allocator, title, waste, nsPerOp]) =>
    makeMeasurement({ allocator, title, waste, nsPerOp, maxSearch: Math.round(nsPerOp * 3) }),
  );
}

/** They on one trace, unless other results are given. */
export function makeComparison(
  results: readonly AllocatorResult[] = makeMeasurements(),
  facts: Partial<TraceFacts> = {},
): Comparison {
  const settings = { align: 16, capacity: null };
  const trace: TraceFacts = {
    name: 'program.trace.gz',
    format: 'protobuf',
    operations: OPERATIONS,
    requests: OPERATIONS / 2,
    peakLiveBytes: 0,
    requestSizes: [0, 3, 9, 120, 4_000, 90_000, 700_000, 150_000, 42_000, 8_000, 5_100, 700, 45, 12, 2, 0, 1],
    requestRange: [1, 40_000],
    notes: [],
    recorded: null,
    ...facts,
  };
  const peaks = measuredIn({ trace, settings, results }).map(({ peakLiveBytes }) => peakLiveBytes);
  return {
    trace: { ...trace, peakLiveBytes: facts.peakLiveBytes ?? Math.max(...peaks, 0) },
    settings,
    results,
  };
}
