/**
 * Planning a defragmentation of limited size: which used segments to slide down so that the free bytes between them
 * become one segment.
 *
 * A window of neighbouring segments is chosen in which at most so many used ones lie, none of them pinned, and whose
 * free bytes are the most; its used segments then slide down, one by one, to where the window begins. Nothing is moved
 * where that does not make the largest free segment larger. O(segments), one pass.
 *
 * With as many moves as there are used segments, and nothing pinned or specially aligned, all free bytes become one.
 */
import type { Allocator, Segment } from '../allocator.js';
import { roundUp } from '../arguments.js';
import { display } from '../display.js';

export interface DefragmentOptions {
  /** Whether the segment at `address` must stay where it is: somebody holds its address. Left out: none must. */
  readonly pinned?: (address: number) => boolean;
  /** The alignment that the segment at `address` must keep, a power of two. Left out: at least what its request asked for. */
  readonly alignOf?: (address: number) => number;
}

/** Copy `size` bytes from `from` to `to`, which is lower; the two ranges may overlap, as for memmove. */
export interface Move {
  readonly from: number;
  readonly to: number;
  readonly size: number;
}

export interface MovePlan {
  /** To be done in this order. */
  readonly moves: readonly Move[];
  /** Bytes of the largest free segment now, and when all moves are done. */
  readonly largestFreeBefore: number;
  readonly largestFreeAfter: number;
  /** Bytes that the moves copy. */
  readonly movedBytes: number;
}

/** @throws RangeError when `maxMoves` is no whole number from 0 up */
export function planMoves(
  allocator: Allocator,
  maxMoves: number,
  align: number,
  options: DefragmentOptions & Required<Pick<DefragmentOptions, 'alignOf'>>,
): MovePlan {
  if (!(Number.isSafeInteger(maxMoves) && maxMoves >= 0)) {
    throw new RangeError(`maxMoves must be a whole number from 0 up, got ${display(maxMoves)}`);
  }
  const { pinned = () => false, alignOf } = options;
  const largestFreeBefore = allocator.largestFree();
  const none: MovePlan = { moves: [], largestFreeBefore, largestFreeAfter: largestFreeBefore, movedBytes: 0 };
  const segments = [...allocator.segments()];
  const window = bestWindow(segments, maxMoves, pinned);
  if (window === null) return none;
  const moves: Move[] = [];
  let movedBytes = 0;
  let at = segments[window.first].start;
  let largest = 0;
  for (let i = window.first; i <= window.last; i++) {
    const { start, end, used, address } = segments[i];
    if (!used) continue;
    const to = Math.min(start, roundUp(at, Math.max(align, alignOf(address))));
    largest = Math.max(largest, to - at);
    if (to < start) {
      moves.push({ from: start, to, size: end - start });
      movedBytes += end - start;
    }
    at = to + (end - start);
  }
  largest = Math.max(largest, segments[window.last].end - at);
  // Special alignments may leave gaps and so the best window without a gain.
  if (largest <= largestFreeBefore) return none;
  return { moves, largestFreeBefore, largestFreeAfter: largest, movedBytes };
}

/** The window from one free segment to another with the most free bytes; null when none has more than one. */
function bestWindow(
  segments: readonly Segment[],
  maxMoves: number,
  pinned: (address: number) => boolean,
): { first: number; last: number } | null {
  let best: { first: number; last: number } | null = null;
  let bestBytes = 0;
  let first = 0;
  let moves = 0;
  let bytes = 0;
  for (let last = 0; last < segments.length; last++) {
    const { start, end, used, address } = segments[last];
    if (used) {
      moves++;
      if (pinned(address)) {
        first = last + 1;
        moves = 0;
        bytes = 0;
      }
      continue;
    }
    bytes += end - start;
    // The window begins at a free segment and holds no more used ones than may be moved.
    while (moves > maxMoves || segments[first].used) {
      const gone = segments[first++];
      if (gone.used) moves--;
      else bytes -= gone.end - gone.start;
    }
    if (first < last && bytes > bestBytes) {
      bestBytes = bytes;
      best = { first, last };
    }
  }
  return best;
}
