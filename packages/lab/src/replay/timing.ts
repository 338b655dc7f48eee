/** How long a trace takes, per operation: whole replays of it through fresh arenas, without any measuring. */
import { median, quartiles } from '../metrics/averages.js';
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
/**
 * They end after so long even so, in the middle of a round: a long recording has met all of the compiler's tiers by then,
 * and a single round of it takes so long that chance no longer matters.
 */
const WARM_UP_MS = 1500;
/** ...in the first round after a third of that already, where less than this part is done: it would take 3 s or more. */
const SLOW_PART = 1 / 6;
/** Operations between two looks at the clock while warming up. */
const STRETCH = 2 ** 18;
/** Then rounds are timed for this long, but three at least... */
const TIMED_MS = 150;
const ROUNDS_MIN = 3;
/** ...unless fewer have taken so long. */
const LONG_MS = 1500;

/**
 * Nanoseconds per operation: the median of the rounds timed, the quickest and the slowest, and the quartiles; null
 * without operations.
 */
export type Timing = Pick<Measurement, 'nsPerOp' | 'nsPerOpMin' | 'nsPerOpMax' | 'nsPerOpQ1' | 'nsPerOpQ3'>;
/** Of fewer rounds nothing can be said about chance. */
const SPREAD_ROUNDS_MIN = 3;

/**
 * Nanoseconds per operation; the setting up of the arena is left out, its growth is not. Call it in a thread
 * that has replayed through no other allocator: the calls of the loop are quick only while they meet a single class.
 * @param clock tells the milliseconds from then to now; left out, those of the clock on the wall
 */
export function timing(trace: Trace, makeArena: () => Arena, clock = milliseconds): Timing {
  return timingUnlessLong(trace, makeArena, clock) ?? timingOf(trace, [round(trace, makeArena(), clock)]);
}

/**
 * The same; null for a recording of which a single round outlasts the warm-up. One is enough then, and any replay may be
 * that one.
 */
export function timingUnlessLong(trace: Trace, makeArena: () => Arena, clock = milliseconds): Timing | null {
  if (trace.length === 0) {
    return { nsPerOp: null, nsPerOpMin: null, nsPerOpMax: null, nsPerOpQ1: null, nsPerOpQ3: null };
  }
  if (!warmUp(trace, makeArena, clock)) return null;
  const times: number[] = [];
  const warm = performance.now();
  let elapsed = 0;
  do {
    times.push(round(trace, makeArena(), clock));
    elapsed = performance.now() - warm;
  } while (elapsed < TIMED_MS || (times.length < ROUNDS_MIN && elapsed < LONG_MS));
  return timingOf(trace, times);
}

/** @param times of whole replays, in milliseconds */
export function timingOf(trace: Trace, times: readonly number[]): Timing {
  const each = 1e6 / trace.length;
  const spread = times.length < SPREAD_ROUNDS_MIN ? null : quartiles(times);
  return {
    nsPerOp: median(times) * each,
    nsPerOpQ1: spread && spread[0] * each,
    nsPerOpQ3: spread && spread[1] * each,
    nsPerOpMin: Math.min(...times) * each,
    nsPerOpMax: Math.max(...times) * each,
  };
}

/** @returns whether any round came to its end */
function warmUp(trace: Trace, makeArena: () => Arena, clock: () => number): boolean {
  const begin = performance.now();
  let quickest = Number.POSITIVE_INFINITY;
  let settled = begin;
  let rounds = 0;
  const tooLong = (done: number) => {
    const elapsed = performance.now() - begin;
    if (rounds === 0 && elapsed > WARM_UP_MS / 3 && done < SLOW_PART * trace.length) return true;
    return elapsed > WARM_UP_MS;
  };
  for (let now = begin; now - settled < SETTLED_MS && now - begin < WARM_UP_MS; now = performance.now()) {
    const time = roundUnless(tooLong, trace, makeArena(), clock);
    if (time === null) break;
    rounds++;
    if (time >= QUICKER * quickest) continue;
    quickest = time;
    settled = performance.now();
  }
  return rounds > 0;
}

/** Milliseconds of one replay. */
function round(trace: Trace, arena: Arena, clock: () => number): number {
  const replay = new Replay(trace, arena);
  const begin = clock();
  replay.run(0, trace.length);
  return clock() - begin;
}

/** The same; null where it is given up, as `tooLong` says, which is told how many operations are done. */
function roundUnless(
  tooLong: (done: number) => boolean,
  trace: Trace,
  arena: Arena,
  clock: () => number,
): number | null {
  const replay = new Replay(trace, arena);
  const begin = clock();
  for (let at = 0; at < trace.length; at += STRETCH) {
    if (tooLong(at)) return null;
    replay.run(at, Math.min(at + STRETCH, trace.length));
  }
  return clock() - begin;
}

/** Moments of a replay at which somebody looks at its arena. */
export interface Looks {
  /** After how many operations, rising. */
  readonly operations: readonly number[];
  /** Called at each of them in turn. Must leave the arena as it is. */
  look(arena: Arena): void;
}

/** One replay, in which `looks` looks. @returns milliseconds that it takes, the looks left out */
export function replayAndLook(trace: Trace, arena: Arena, looks: Looks): number {
  const replay = new Replay(trace, arena);
  let time = 0;
  let at = 0;
  const run = (to: number) => {
    const begin = milliseconds();
    replay.run(at, to);
    time += milliseconds() - begin;
    at = to;
  };
  for (const operation of looks.operations) {
    run(operation);
    looks.look(arena);
  }
  run(trace.length);
  return time;
}

function milliseconds(): number {
  return performance.now();
}
