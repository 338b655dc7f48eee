/** The bytes live as a trace goes on. */
import type { Trace } from './trace.js';

/** What the block of each slot holds, and all of them together. */
export class LiveBytes {
  readonly #held: Float64Array;
  #total = 0;

  constructor(slots: number) {
    this.#held = new Float64Array(slots);
  }

  get total(): number {
    return this.#total;
  }

  /** 0 where no block is live. */
  of(slot: number): number {
    return this.#held[slot]!;
  }

  /** The block of the slot holds so many bytes from now on: 0 once it is freed. @returns the total */
  set(slot: number, bytes: number): number {
    this.#total += bytes - this.#held[slot]!;
    this.#held[slot] = bytes;
    return this.#total;
  }
}

/** The most bytes live at once, were every request served. O(length). */
export function peakLiveBytes({ length, slot, size, slots }: Trace): number {
  const live = new LiveBytes(slots);
  let peak = 0;
  for (let i = 0; i < length; i++) {
    // A free has size 0.
    const total = live.set(slot[i]!, size[i]!);
    if (total > peak) peak = total;
  }
  return peak;
}
