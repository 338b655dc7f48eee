/** The measures: what each figure is called, means, and what to do about a bad one. */

/** The keys of a Measurement that hold a figure to compare. */
export type MeasureKey =
  | 'nsPerOp'
  | 'utilization'
  | 'internalFragmentation'
  | 'externalFragmentation'
  | 'johnstoneWilson1'
  | 'johnstoneWilson2'
  | 'johnstoneWilson3'
  | 'johnstoneWilson4'
  | 'failed'
  | 'meanSearch'
  | 'p99Search'
  | 'maxSearch'
  | 'footprintBytes'
  | 'bookkeepingBytes';

/** `fraction` prints as per cent: 0.25 is 25 %. */
export type Unit = 'nanoseconds' | 'bytes' | 'fraction' | 'count';

export interface Measure {
  readonly key: MeasureKey;
  /** Heads a column: at most six letters. */
  readonly title: string;
  /** In full, for headings. */
  readonly name: string;
  readonly unit: Unit;
  readonly better: 'lower' | 'higher';
  /** One line: what the figure means. */
  readonly meaning: string;
  /** One line: what to do about a bad one. */
  readonly advice: string;
}

/** Every measure that is shown, in the order of the columns. */
export const MEASURES: readonly Measure[] = [
  {
    key: 'nsPerOp',
    title: 'ns/op',
    name: 'Time per operation',
    unit: 'nanoseconds',
    better: 'lower',
    meaning: 'Time per call of the trace; no byte is written.',
    advice: 'Slow: take tlsf or buddy; their time hardly depends on the live blocks.',
  },
  {
    key: 'utilization',
    title: 'util',
    name: 'Utilisation',
    unit: 'fraction',
    better: 'higher',
    meaning: 'Most bytes ever live ÷ all memory ever needed, bookkeeping included.',
    advice: 'Low: int shows rounding, ext shows holes; the rest is bookkeeping.',
  },
  {
    key: 'internalFragmentation',
    title: 'int',
    name: 'Internal fragmentation',
    unit: 'fraction',
    better: 'lower',
    meaning: 'Share of the granted bytes that were not requested, when most are live.',
    advice: 'High: a smaller --align, unit or block; another allocator than buddy.',
  },
  {
    key: 'externalFragmentation',
    title: 'ext',
    name: 'External fragmentation',
    unit: 'fraction',
    better: 'lower',
    meaning: 'Share of the free bytes outside the largest hole, when most are live.',
    advice: 'High: best-fit, tlsf; short-lived blocks in an arena of their own.',
  },
  {
    key: 'johnstoneWilson1',
    title: 'JW#1',
    name: 'Johnstone & Wilson #1',
    unit: 'fraction',
    better: 'lower',
    meaning: 'Johnstone & Wilson: memory held beyond the live bytes, on average.',
    advice: 'High while #4 is low: memory idles between peaks; give the top back.',
  },
  {
    key: 'johnstoneWilson2',
    title: 'JW#2',
    name: 'Johnstone & Wilson #2',
    unit: 'fraction',
    better: 'lower',
    meaning: 'The same when most bytes are live.',
    advice: 'High: waste when memory is scarcest; see int and ext for its kind.',
  },
  {
    key: 'johnstoneWilson3',
    title: 'JW#3',
    name: 'Johnstone & Wilson #3',
    unit: 'fraction',
    better: 'lower',
    meaning: 'The same when most memory is held.',
    advice: 'Far above #2: late survivors keep the top in use, or it was a near tie.',
  },
  {
    key: 'johnstoneWilson4',
    title: 'JW#4',
    name: 'Johnstone & Wilson #4',
    unit: 'fraction',
    better: 'lower',
    meaning: 'The same, from the most held to the most live: memory to provide.',
    advice: 'High: `freehold fit` finds out whether a smaller fixed arena serves.',
  },
  {
    key: 'failed',
    title: 'failed',
    name: 'Failed requests',
    unit: 'count',
    better: 'lower',
    meaning: 'Requests refused because no room was left.',
    advice: 'Not 0: a larger --capacity; `freehold fit` finds the least that serves.',
  },
  {
    key: 'meanSearch',
    title: 'search',
    name: 'Mean search',
    unit: 'count',
    better: 'lower',
    meaning: 'Free segments (or tree nodes, bitmap words) inspected per request.',
    advice: 'High: first-fit chooses as naive-first does, without the walk.',
  },
  {
    key: 'p99Search',
    title: 'p99',
    name: 'Search, 99th percentile',
    unit: 'count',
    better: 'lower',
    meaning: 'The same: 99 of 100 requests inspect no more.',
    advice: 'High: some calls stall; take tlsf where the worst case counts.',
  },
  {
    key: 'maxSearch',
    title: 'max',
    name: 'Longest search',
    unit: 'count',
    better: 'lower',
    meaning: 'The same: the longest search of the run.',
    advice: 'High: take tlsf where a bound is needed.',
  },
  {
    key: 'footprintBytes',
    title: 'needed',
    name: 'Footprint',
    unit: 'bytes',
    better: 'lower',
    meaning: 'From the base to the highest byte ever needed, with the bookkeeping outside.',
    advice: 'The size to provide when the arena may grow; `freehold fit` finds the least when it may not.',
  },
  {
    key: 'bookkeepingBytes',
    title: 'books',
    name: 'Bookkeeping',
    unit: 'bytes',
    better: 'lower',
    meaning: 'Most memory outside the range that the allocator used to describe it.',
    advice: 'High: many small blocks; larger blocks or units, or an allocator that keeps its state inside.',
  },
];
