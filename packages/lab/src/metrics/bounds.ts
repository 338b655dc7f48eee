/**
 * What theory says of the worst case: the memory that an allocator may need for some program that never has more than
 * `live` bytes, in sizes from `smallest` to `largest`. A recorded program needs far less as a rule; who must never fail
 * provides this.
 *
 * Sources: Robson, Bounds for some functions concerning dynamic storage allocation (1974) and Worst case fragmentation of
 * first fit and best fit storage allocation strategies (1977); Knuth, The Art of Computer Programming 1, 2.5.
 */
import type { TraceFacts } from '../trace/facts.js';

/** Bytes. */
export interface WorstCases {
  /** No allocator that never moves a block can promise to do with less. */
  readonly any: number;
  /** First fit in order of addresses never needs more. */
  readonly firstFit: number;
  /** What best fit comes close to. */
  readonly bestFit: number;
  /** What the binary buddy system never exceeds. */
  readonly buddy: number;
}

/** @param smallest, largest as granted: rounded up to the alignment, from 1 up */
export function worstCases(live: number, smallest: number, largest: number): WorstCases {
  const n = largest / smallest;
  const log2 = Math.log2(n);
  return {
    any: Math.max(live, live * (1 + log2 / 2) - largest + smallest),
    firstFit: live * (1 + Math.ceil(log2)),
    bestFit: live * Math.max(1, n - 2),
    buddy: live * (1 + log2),
  };
}

/** Of programs with as many bytes live, in sizes between the same two, each rounded up to `align`. */
export function worstCasesOf({ peakLiveBytes, requestRange }: TraceFacts, align: number): WorstCases {
  const [smallest, largest] = requestRange ?? [1, 1];
  const granted = (bytes: number) => Math.ceil(Math.max(bytes, 1) / align) * align;
  return worstCases(peakLiveBytes, granted(smallest), granted(largest));
}
