/** About how many bytes a replay takes, so that no more are started at once than there is memory for. */
import type { Measurement } from '../metrics/measurement.js';
import { peakLiveBytes } from '../trace/live.js';
import type { Trace } from '../trace/trace.js';

/** A thread by itself: the engine, the code, what the collector has not taken back yet. */
const THREAD = 32 * 2 ** 20;
/**
 * For each block live at once: the replay's and the meter's arrays, and the records of the two arenas of measuring. Best
 * fit, which keeps most, took 160 with five million live blocks.
 */
const MEASURING_PER_SLOT = 180;
/** 25 bytes of the shadow and 8 of the replay; 16 of its interval, twice that where they come in no order. */
const SHADOW_PER_SLOT = 65;
/** Tables grow by copies: the old one is there until the new one is whole, and until the collector has been by. */
const GROWTH = 2.5;
/** An arena with bytes of its own holds them, those lost to rounding and holes too, in both arenas of measuring. */
const OWN_BYTES = 2;
/** The bytes of a range are kept in pages of so many: a block touches two more than it fills, at most. */
const PAGE = 2 ** 20;

/** Timing, measuring, or looking for the smallest arena. */
export function bytesOfMeasuring(trace: Trace): number {
  return THREAD + MEASURING_PER_SLOT * trace.slots + OWN_BYTES * peakLiveBytes(trace);
}

/** Verifying, but for the bytes of the arena. */
export function bytesOfShadow(trace: Trace): number {
  return THREAD + SHADOW_PER_SLOT * trace.slots;
}

/** Verifying an allocator whose figures are known. */
export function bytesOfVerifying(
  trace: Trace,
  { footprintBytes, bookkeepingBytes, peakLiveBytes }: Measurement,
): number {
  const touched = peakLiveBytes + 2 * PAGE * trace.slots;
  return bytesOfShadow(trace) + GROWTH * bookkeepingBytes + Math.min(footprintBytes, touched) + PAGE;
}
