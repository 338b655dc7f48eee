/** What is the same for every allocator of a trace: gathered once, before any of them replays it. */
import { peakLiveBytes } from './live.js';
import { missingNotes } from './notes.js';
import { type RecordedGrants, recordedGrants } from './recorded.js';
import { countSizes, type Histogram } from './size-classes.js';
import { OP_FREE, type Trace } from './trace.js';

export interface TraceFacts {
  /** The trace's name: its file without the folder. */
  readonly name: string;
  /** The format it was read from, by its id. */
  readonly format: string;
  readonly operations: number;
  /** Allocations, and reallocations to more or less than nothing. */
  readonly requests: number;
  /** The most bytes live were every request served: no allocator can do with less. */
  readonly peakLiveBytes: number;
  /** Sizes requested, in bytes. */
  readonly requestSizes: Histogram;
  /** The smallest and the largest of them; null where there is no request. */
  readonly requestRange: readonly [smallest: number, largest: number] | null;
  /** What the recorded allocator itself wasted; null where the recording does not tell. */
  readonly recorded: RecordedGrants | null;
  /** What the recording lacks, in words: damaged lines, calls that its recorder cannot record. */
  readonly notes: readonly string[];
}

/** O(length). */
export function gatherFacts(trace: Trace): TraceFacts {
  const requestSizes = countSizes(requestedSizes(trace));
  return {
    name: trace.name,
    format: trace.format,
    operations: trace.length,
    requests: requestSizes.reduce((sum, count) => sum + count, 0),
    peakLiveBytes: peakLiveBytes(trace),
    requestSizes,
    requestRange: requestRange(trace),
    recorded: recordedGrants(trace),
    notes: missingNotes(trace.notes),
  };
}

function* requestedSizes(trace: Trace): Iterable<number> {
  for (let i = 0; i < trace.length; i++) if (trace.op[i] !== OP_FREE) yield trace.size[i]!;
}

function requestRange(trace: Trace): readonly [number, number] | null {
  let smallest = Number.POSITIVE_INFINITY;
  let largest = 0;
  for (const size of requestedSizes(trace)) {
    if (size < smallest) smallest = size;
    if (size > largest) largest = size;
  }
  return smallest === Number.POSITIVE_INFINITY ? null : [smallest, largest];
}
