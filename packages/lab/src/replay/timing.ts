/** How long a trace takes, per operation: whole replays of it through fresh arenas, without any measuring. */
import { median } from '../metrics/averages.js';
import type { Measurement } from '../metrics/measurement.js';
import type { Trace } from '../trace/trace.js';
import type { Arena } from './arena.js';
import { Replay } from './replay.js';

/**
 * Rounds that only warm up (the compiler's tiers, the caches) go on until none has been quicker by a tenth for this
 * long. Short recordings are over long before the compiler is, which works beside them.
 */
const SETTLED_MS = 100;
const QUICKER = 0.9;
/** They end after so long even so, in the middle of a round: a long recording has met all of the compiler's tiers by then. */
const WARM_UP_MS = 1500;
/** Operations between two looks at the clock while warming up. */
const STRETCH = 2 ** 18;
/** Then rounds are timed for this long, but three at least... */
const TIMED_MS = 150;
const ROUNDS_MIN = 3;
/** ...unless fewer have taken so long that chance no longer matters. */
const LONG_MS = 1500;

/** Nanoseconds per operation: the median of the rounds timed, the quickest and the slowest; null without operations. */
export type Timing = Pick<Measurement, 'nsPerOp' | 'nsPerOpMin' | 'nsPerOpMax'>;

/**
 * Nanoseconds per operation; the setting up of the arena is left out, its growth is not. Call it in a thread
 * that has replayed through no other allocator: the calls of the loop are quick only while they meet a single class.
 * @param clock tells the milliseconds from then to now; left out, those of the clock on the wall
 */
export function timing(trace: Trace, makeArena: () => Arena, clock = milliseconds): Timing {
  if (trace.length === 0) return { nsPerOp: null, nsPerOpMin: null, nsPerOpMax: null };
  warmUp(trace, makeArena, clock);
  const times: number[] = [];
  const warm = performance.now();
  let elapsed = 0;
  do {
    times.push(round(trace, makeArena(), clock));
    elapsed = performance.now() - warm;
  } while (elapsed < TIMED_MS || (times.length < ROUNDS_MIN && elapsed < LONG_MS));
  const each = 1e6 / trace.length;
  return {
    nsPerOp: median(times) * each,
    nsPerOpMin: Math.min(...times) * each,
    nsPerOpMax: Math.max(...times) * each,
  };
}

function warmUp(trace: Trace, makeArena: () => Arena, clock: () => number): void {
  const begin = performance.now();
  let quickest = Number.POSITIVE_INFINITY;
  let settled = begin;
  for (let now = begin; now - settled < SETTLED_MS && now - begin < WARM_UP_MS; now = performance.now()) {
    const time = round(trace, makeArena(), clock, begin + WARM_UP_MS);
    if (time >= QUICKER * quickest) continue;
    quickest = time;
    settled = performance.now();
  }
}

/**
 * Milliseconds of one replay.
 * @param until when by the clock on the wall it is given up; left out, never: nothing but the replay is in the loop then
 */
function round(trace: Trace, arena: Arena, clock: () => number, until = Number.POSITIVE_INFINITY): number {
  const replay = new Replay(trace, arena);
  const stretch = until === Number.POSITIVE_INFINITY ? trace.length : STRETCH;
  const begin = clock();
  for (let at = 0; at < trace.length && performance.now() < until; at += stretch) {
    replay.run(at, Math.min(at + stretch, trace.length));
  }
  return clock() - begin;
}

function milliseconds(): number {
  return performance.now();
}
