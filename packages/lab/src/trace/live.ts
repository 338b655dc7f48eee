/** The bytes of a program that are live, whatever allocator it has. */
import { OP_FREE, type Trace } from './trace.js';

/** The most bytes live at once, were every request served. O(length). */
export function peakLiveBytes(trace: Trace): number {
  const requested = new Float64Array(trace.slots);
  let live = 0;
  let peak = 0;
  for (let i = 0; i < trace.length; i++) {
    const slot = trace.slot[i]!;
    const size = trace.op[i] === OP_FREE ? 0 : trace.size[i]!;
    live += size - requested[slot]!;
    requested[slot] = size;
    if (live > peak) peak = live;
  }
  return peak;
}
