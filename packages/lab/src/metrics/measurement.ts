/** What replaying one trace through one allocator told: see measures.ts for the figures and the words used. */

import type { SizeHistogram } from '../trace/size-classes.js';
import type { Verification } from './fault.js';
import type { Companions, MeasureValues } from './measures.js';
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

export interface Measurement extends MeasureValues, Companions {
  /** The allocator as named on the command line, options included: `first-fit:order=size-up`. */
  readonly allocator: string;
  /** In words: `First fit, O(log n)`. */
  readonly title: string;
  /** Whether it is a readable twin that walks its lists, and whose bookkeeping is counted as a C program's would be. */
  readonly naive: boolean;
  /** The options in force, whether given or the default of this replay, in text: `{ align: '16' }`. */
  readonly options: Readonly<Record<string, string>>;

  /** Reallocations that were honoured, and how many of them had to move. */
  readonly reallocations: number;
  readonly moves: number;
  /** max r: of what was served, so that it may be less than the trace's where requests were refused. */
  readonly peakLiveBytes: number;

  /** When most bytes are live (the first such moment). */
  readonly atPeakLive: Moment;
  /**
   * When the footprint is greatest: of the moments within 1 % of it, the one when most bytes are live. Its
   * `footprintBytes` may be less than the greatest by as much.
   */
  readonly atPeakFootprint: Moment;
  /** After the last operation. */
  readonly atEnd: Moment;
  readonly timeline: Timeline;
  /** At the moment of `atPeakFootprint`. */
  readonly freeAtPeakFootprint: SizeHistogram;
  readonly freeAtEnd: SizeHistogram;
  /** At the moment of `atPeakFootprint`: null where free blocks are no powers of two of a unit. */
  readonly freeOrders: readonly OrderFragmentation[] | null;

  /** Null where `--verify` was not asked for. */
  readonly verification: Verification | null;
}

/** Whether every request was served and nothing was found amiss: only such results compare. */
export function isSound({ failed, verification }: Measurement): boolean {
  return failed === 0 && !verification?.fault;
}
