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
import type { Histogram, SizeHistogram } from '../trace/size-classes.js';
import type { Verification } from './fault.js';
import type { OrderFragmentation } from './orders.js';

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
