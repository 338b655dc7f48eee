/**
 * The measures: what each figure is called, means, and what to do about a bad one. A new one is a row here, and a line
 * where it is measured (replay/measure.ts); the tables, `--help`, JSON, CSV and the report have it then.
 *
 * Words of the formulas, `t` counting operations done: `r(t)` bytes requested and live, `g(t)` bytes granted for
 * them (rounding, padding and headers included), `b(t)` bookkeeping outside the range, `e(t)` the end of the highest
 * live segment, counted from the base, `h(t)` the highest `e` so far.
 *
 * The footprint `h + b` never shrinks on account of the range: a break that is not given back. Johnstone and
 * Wilson's four measures take the current footprint, `e + b`, which may. Space that no segment ever needed (above
 * `h`) counts nowhere.
 */

/** `fraction` prints as per cent: 0.25 is 25 %. */
export type Unit = 'nanoseconds' | 'bytes' | 'fraction' | 'count';

/**
 * How the mean over several traces is taken. `positive`: the geometric mean of figures that are never 0. `excess`: of
 * 1 + each, as an excess of 25 % is a factor of 1.25. `loss`: of 1 - each, as a loss of 25 % leaves a factor of 0.75.
 * `sum`: no mean, all added up.
 */
export type MeanKind = 'positive' | 'excess' | 'loss' | 'sum';

/** Figures that stand beside a measure in JSON and CSV. */
export interface Companions {
  /** The quickest and the slowest of the timed rounds. */
  readonly nsPerOpMin: number | null;
  readonly nsPerOpMax: number | null;
  /** The quartiles of the timed rounds: half of the rounds lie between them. Null where fewer than three were timed. */
  readonly nsPerOpQ1: number | null;
  readonly nsPerOpQ3: number | null;
  /** Σ (g - r) ÷ Σ g over all operations. */
  readonly internalMean: number;
  /** The mean of externalFragmentation over at most a few hundred evenly spaced operations. */
  readonly externalMean: number;
  /** h + b - g - b when most bytes are live: free bytes below h. */
  readonly externalBytes: number;
  /** externalBytes ÷ (h + b) of that moment. */
  readonly externalShare: number;
}

interface Row {
  readonly key: string;
  /** Heads a column: at most six letters. */
  readonly title: string;
  /** In full, for headings. */
  readonly name: string;
  readonly unit: Unit;
  readonly better: 'lower' | 'higher';
  readonly mean: MeanKind;
  /** After the point, in tables; bytes are printed with three digits that count. */
  readonly digits: 0 | 1;
  /** Whether the terminal's table shows it, in the order of the rows, as far as 80 columns of text take them. */
  readonly column: boolean;
  /** Present where there may be no figure (null): when. */
  readonly absent?: string;
  readonly companions?: readonly (keyof Companions)[];
  /** Present where chance has a part in the figure: half of its samples lie between these two. */
  readonly quartiles?: readonly [keyof Companions, keyof Companions];
  /** Present where the figure is a share of something that may be too little to matter: that, as a share of the footprint. */
  readonly shareOf?: keyof Companions;
  /** One line: what the figure means. */
  readonly meaning: string;
  /** One line: what to do about a bad one. */
  readonly advice: string;
}

const ROWS = [
  // Median of the timed rounds, without any measuring.
  {
    key: 'nsPerOp',
    title: 'ns/op',
    name: 'Time per operation',
    unit: 'nanoseconds',
    better: 'lower',
    mean: 'positive',
    digits: 1,
    column: true,
    absent: 'nothing was timed',
    companions: ['nsPerOpMin', 'nsPerOpMax', 'nsPerOpQ1', 'nsPerOpQ3'],
    quartiles: ['nsPerOpQ1', 'nsPerOpQ3'],
    meaning:
      'Time per call of the trace, of which no data is written. heap works on real bytes: its own headers, clearing in calloc and copying in realloc count.',
    advice: 'Slow: take tlsf or buddy; their time hardly depends on the live blocks.',
  },
  // max r ÷ max (h + b), from 0 to 1.
  {
    key: 'utilization',
    title: 'util',
    name: 'Utilisation',
    unit: 'fraction',
    better: 'higher',
    mean: 'positive',
    digits: 1,
    column: true,
    meaning: 'Most bytes ever live ÷ all memory ever needed, bookkeeping included.',
    advice: 'Low: int shows rounding, ext shows holes; the rest is bookkeeping.',
  },
  // (g - r) ÷ g when most bytes are live, from 0 to 1.
  {
    key: 'internalFragmentation',
    title: 'int',
    name: 'Internal fragmentation',
    unit: 'fraction',
    better: 'lower',
    mean: 'loss',
    digits: 1,
    column: true,
    companions: ['internalMean'],
    meaning: 'Share of the granted bytes that were not requested, when most are live.',
    advice: 'High: a smaller --align, unit or block; another allocator than buddy.',
  },
  // 1 - largest free ÷ total free, below h, when most bytes are live; 0 where nothing is free.
  {
    key: 'externalFragmentation',
    title: 'ext',
    name: 'External fragmentation',
    unit: 'fraction',
    better: 'lower',
    mean: 'loss',
    digits: 1,
    column: true,
    companions: ['externalMean', 'externalBytes', 'externalShare'],
    shareOf: 'externalShare',
    meaning:
      'Share of the free bytes outside the largest hole, when most are live; in brackets where less than 5 % of the memory is free: no reason to act.',
    advice: 'High without brackets: best-fit, tlsf; short-lived blocks in an arena of their own.',
  },
  // mean (e + b) ÷ mean r - 1.
  {
    key: 'johnstoneWilson1',
    title: 'JW#1',
    name: 'Johnstone & Wilson #1',
    unit: 'fraction',
    better: 'lower',
    mean: 'excess',
    digits: 1,
    column: true,
    absent: 'nothing was ever live',
    meaning: 'Johnstone & Wilson: memory held beyond the live bytes, on average.',
    advice: 'High while #4 is low: memory idles between peaks; give the top back.',
  },
  // (e + b) ÷ r - 1 when most bytes are live (the first such moment).
  {
    key: 'johnstoneWilson2',
    title: 'JW#2',
    name: 'Johnstone & Wilson #2',
    unit: 'fraction',
    better: 'lower',
    mean: 'excess',
    digits: 1,
    column: true,
    absent: 'nothing was ever live',
    meaning: 'The same when most bytes are live.',
    advice: 'High: waste when memory is scarcest; see int and ext for its kind.',
  },
  // max (e + b) ÷ r - 1 when e + b is greatest: of the moments within 1 % of it, when most bytes are live.
  {
    key: 'johnstoneWilson3',
    title: 'JW#3',
    name: 'Johnstone & Wilson #3',
    unit: 'fraction',
    better: 'lower',
    mean: 'excess',
    digits: 1,
    column: true,
    absent: 'nothing was live then',
    meaning: 'The same when most memory is held.',
    advice: 'Far above #2: late survivors keep the top in use.',
  },
  // max (e + b) ÷ max r - 1.
  {
    key: 'johnstoneWilson4',
    title: 'JW#4',
    name: 'Johnstone & Wilson #4',
    unit: 'fraction',
    better: 'lower',
    mean: 'excess',
    digits: 1,
    column: true,
    absent: 'nothing was ever live',
    meaning: 'The same, from the most held to the most live: memory to provide.',
    advice: 'High: `freehold fit` finds out whether a smaller fixed arena serves.',
  },
  // Requests refused.
  {
    key: 'failed',
    title: 'failed',
    name: 'Failed requests',
    unit: 'count',
    better: 'lower',
    mean: 'sum',
    digits: 0,
    column: true,
    meaning: 'Requests refused because no room was left.',
    advice: 'Not 0: a larger --capacity; `freehold fit` finds the least that serves.',
  },
  // Free segments looked at per call of `allocate`.
  {
    key: 'meanSearch',
    title: 'search',
    name: 'Mean search',
    unit: 'count',
    better: 'lower',
    mean: 'excess',
    digits: 1,
    column: true,
    absent: 'the allocator does not count them',
    meaning: 'Free segments (or tree nodes, bitmap words) inspected per request.',
    advice: 'High: first-fit chooses as naive-first does, without the walk.',
  },
  {
    key: 'p99Search',
    title: 'p99',
    name: 'Search, 99th percentile',
    unit: 'count',
    better: 'lower',
    mean: 'excess',
    digits: 0,
    column: true,
    absent: 'the allocator does not count them',
    meaning: 'The same: 99 of 100 requests inspect no more.',
    advice: 'High: some calls stall; take tlsf where the worst case counts.',
  },
  {
    key: 'maxSearch',
    title: 'max',
    name: 'Longest search',
    unit: 'count',
    better: 'lower',
    mean: 'excess',
    digits: 0,
    column: false,
    absent: 'the allocator does not count them',
    meaning: 'The same: the longest search of the run.',
    advice: 'High: take tlsf where a bound is needed.',
  },
  // max (h + b).
  {
    key: 'footprintBytes',
    title: 'needed',
    name: 'Footprint',
    unit: 'bytes',
    better: 'lower',
    mean: 'positive',
    digits: 0,
    column: false,
    meaning: 'From the base to the highest byte ever needed, with the bookkeeping outside.',
    advice: 'The size to provide when the arena may grow; `freehold fit` finds the least when it may not.',
  },
  // max b.
  {
    key: 'bookkeepingBytes',
    title: 'books',
    name: 'Bookkeeping',
    unit: 'bytes',
    better: 'lower',
    mean: 'positive',
    digits: 0,
    column: false,
    meaning: 'Most memory outside the range that the allocator used to describe it.',
    advice: 'High: many small blocks; larger blocks or units, or an allocator that keeps its state inside.',
  },
] as const satisfies readonly Row[];

type KnownRow = (typeof ROWS)[number];

/** The keys of a Measurement that hold a figure to compare. */
export type MeasureKey = KnownRow['key'];

export interface Measure extends Row {
  readonly key: MeasureKey;
}

/** Every measure that is shown, in the order of the columns. */
export const MEASURES: readonly Measure[] = ROWS;

/** A figure for each measure; null only where the measure says when it is absent. */
export type MeasureValues = {
  readonly [Each in KnownRow as Each['key']]: Each extends { readonly absent: string }
    ? number | null
    : number;
};
