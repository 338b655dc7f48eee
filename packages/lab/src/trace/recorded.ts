/** What the recorded allocator itself wasted by rounding, where the recording tells what it granted. */
import { LiveBytes } from './live.js';
import { OP_FREE, type Trace } from './trace.js';

export interface RecordedGrants {
  /** (g - r) ÷ g when most bytes are live, as Measurement.internalFragmentation. */
  readonly internalFragmentation: number;
  /** Σ (g - r) ÷ Σ g over all operations. */
  readonly internalMean: number;
  /** g when most bytes are live. */
  readonly grantedAtPeakBytes: number;
}

/** Null where the recording does not tell, of any block. O(length). */
export function recordedGrants({ length, op, slot, size, slots, details }: Trace): RecordedGrants | null {
  if (details === undefined || !details.granted.some((bytes) => bytes > 0)) return null;
  const requested = new LiveBytes(slots);
  const granted = new LiveBytes(slots);
  let [liveSum, heldSum] = [0, 0];
  let [livePeak, heldAtPeak] = [0, 0];
  for (let i = 0; i < length; i++) {
    const at = slot[i]!;
    const bytes = size[i]!;
    const live = requested.set(at, bytes);
    // A block of which nothing is told counts as granted exactly.
    const held = granted.set(at, op[i] === OP_FREE ? 0 : Math.max(details.granted[i]!, bytes));
    liveSum += live;
    heldSum += held;
    if (live > livePeak) [livePeak, heldAtPeak] = [live, held];
  }
  const share = (used: number, of: number) => (of === 0 ? 0 : (of - used) / of);
  return {
    internalFragmentation: share(livePeak, heldAtPeak),
    internalMean: share(liveSum, heldSum),
    grantedAtPeakBytes: heldAtPeak,
  };
}
