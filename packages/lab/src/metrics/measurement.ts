/**
 * What replaying one trace through one allocator told: the one type that the terminal's tables, JSON, CSV and the
 * HTML report read.
 *
 * Words used throughout, `t` counting operations done: `r(t)` bytes requested and live, `g(t)` bytes granted for
 * them (rounding, padding and headers included), `b(t)` bookkeeping outside the range, `e(t)` the end of the highest
 * live segment, counted from the base, `h(t)` the highest `e` so far.
 *
 * The footprint `h + b` never shrinks on account of the range: a break that is not given back. Johnstone and
 * Wilson's four measures take the current footprint, `e + b`, which may. Space that no segment ever needed (above
 * `h`) counts nowhere.
 */

import type { RecordedGrants } from '../trace/recorded.js';
import type { OrderFragmentation } from './orders.js';

/** Index k counts the values from `2^(k-1)` to `2^k - 1`; index 0 counts zeros. No trailing zeros. */
export type Histogram = readonly number[];

/** Sizes of free segments below `h`: how many in each class, and the bytes in them. Indexed as Histogram. */
export interface SizeHistogram {
  readonly counts: Histogram;
  readonly bytes: readonly number[];
}

/** The state just after one operation. `footprintBytes = grantedBytes + external bytes + bookkeepingBytes`. */
export interface Moment {
  /** Operations done. */
  readonly operation: number;
  readonly liveBytes: number;
  readonly grantedBytes: number;
  readonly bookkeepingBytes: number;
  /** `h + b`, never shrinking. */
  readonly footprintBytes: number;
  /** Free segments below `h`. */
  readonly freeSegments: number;
  /** The largest of them in bytes; 0 when there is none. */
  readonly largestFreeBytes: number;
}

/**
 * The run in at most about a thousand points, each standing for an equal stretch of operations. Of each quantity the
 * least and the greatest value in the stretch are kept, so that no peak is lost. Columns of equal length.
 */
export interface Timeline {
  /** Operations done at the end of the stretch; the last one is the whole trace. */
  readonly operation: readonly number[];
  readonly liveMin: readonly number[];
  readonly liveMax: readonly number[];
  readonly grantedMin: readonly number[];
  readonly grantedMax: readonly number[];
  /** The current footprint, `e + b`. */
  readonly footprintMin: readonly number[];
  readonly footprintMax: readonly number[];
  /** Free segments in the whole range, the one above `h` included. */
  readonly freeSegmentsMin: readonly number[];
  readonly freeSegmentsMax: readonly number[];
}

/** What breaks a promise of the contract. */
export type FaultKind =
  | 'overlap'
  | 'outside'
  | 'alignment'
  | 'size'
  | 'contents'
  | 'law'
  | 'refusal'
  | 'misuse'
  | 'error';

export interface Fault {
  readonly kind: FaultKind;
  /** Which operation of the trace, the first being 1. */
  readonly operation: number;
  /** The address at fault; null where a law of the whole range is broken. */
  readonly address: number | null;
  /** A sentence: what was found, what was expected. */
  readonly message: string;
}

/** What `--verify` did. The replay of an allocator stops at its first fault. */
export interface Verification {
  readonly fault: Fault | null;
  /** Blocks whose contents were held against their pattern. */
  readonly blocks: number;
  /** Times that the allocator's own `check()` ran. */
  readonly checks: number;
  /** Present where it came to no end for want of memory: why, as the end of a sentence. */
  readonly unverified?: string;
}

export interface Measurement {
  /** The trace's name: its file without the folder. */
  readonly trace: string;
  /** The allocator as named on the command line, options included: `first-fit:order=size-up`. */
  readonly allocator: string;
  /** In words: `First fit, O(log n)`. */
  readonly title: string;
  /** Whether it is a readable twin that walks its lists, and whose bookkeeping is counted as a C program's would be. */
  readonly naive: boolean;
  /** The options in force, whether given or the default of this replay, in text: `{ align: '16' }`. */
  readonly options: Readonly<Record<string, string>>;
  /** Bytes of the arena where `--capacity` fixed it; null where it grew on demand. */
  readonly capacity: number | null;

  readonly operations: number;
  /** Allocations, and reallocations to more or less than nothing. */
  readonly requests: number;
  /** Reallocations that were honoured, and how many of them had to move. */
  readonly reallocations: number;
  readonly moves: number;

  /** Median of the timed rounds, without any measuring; null where nothing was timed. */
  readonly nsPerOp: number | null;
  /** The quickest and the slowest of the rounds. */
  readonly nsPerOpMin: number | null;
  readonly nsPerOpMax: number | null;
  /** max r */
  readonly peakLiveBytes: number;
  /** max (h + b) */
  readonly footprintBytes: number;
  /** max b */
  readonly bookkeepingBytes: number;
  /** max r ÷ max (h + b), from 0 to 1 */
  readonly utilization: number;
  /** (g - r) ÷ g when most bytes are live, from 0 to 1 */
  readonly internalFragmentation: number;
  /** Σ (g - r) ÷ Σ g over all operations */
  readonly internalMean: number;
  /** 1 - largest free ÷ total free, below h, when most bytes are live; 0 where nothing is free */
  readonly externalFragmentation: number;
  /** The mean of the same over at most a few hundred evenly spaced operations. */
  readonly externalMean: number;
  /** h + b - g - b when most bytes are live: free bytes below h. */
  readonly externalBytes: number;
  /** mean (e + b) ÷ mean r - 1. Null, as each of the four, where it would divide by 0. */
  readonly johnstoneWilson1: number | null;
  /** (e + b) ÷ r - 1 when most bytes are live (the first such moment) */
  readonly johnstoneWilson2: number | null;
  /** (e + b) ÷ r - 1 when e + b is greatest (the first such moment) */
  readonly johnstoneWilson3: number | null;
  /** max (e + b) ÷ max r - 1 */
  readonly johnstoneWilson4: number | null;
  /** Requests refused. */
  readonly failed: number;
  /** Free segments looked at per call of `allocate`; null, as the two below, of an allocator that does not count them. */
  readonly meanSearch: number | null;
  readonly p99Search: number | null;
  readonly maxSearch: number | null;

  /** When most bytes are live, when the footprint is greatest (each the first such moment), and after the last operation. */
  readonly atPeakLive: Moment;
  readonly atPeakFootprint: Moment;
  readonly atEnd: Moment;
  readonly timeline: Timeline;
  /** Sizes requested, in bytes. */
  readonly requestSizes: Histogram;
  readonly freeAtPeakFootprint: SizeHistogram;
  readonly freeAtEnd: SizeHistogram;
  /** When the footprint is greatest: null where free blocks are no powers of two of a unit. */
  readonly freeOrders: readonly OrderFragmentation[] | null;

  /** What the recorded allocator itself wasted, the same for every allocator; null where the recording does not tell. */
  readonly recorded: RecordedGrants | null;

  /** Null where `--verify` was not asked for. */
  readonly verification: Verification | null;
}

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
