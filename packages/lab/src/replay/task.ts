/**
 * One allocator on one trace: what a worker thread does, and whoever wants a single answer without threads. The columns
 * of the trace are shared memory; a task copies nothing.
 */
import type { Verification } from '../metrics/fault.js';
import type { Measurement } from '../metrics/measurement.js';
import { recordedGrants } from '../trace/recorded.js';
import type { Trace } from '../trace/trace.js';
import { type Fit, fit as smallestArena } from './fit.js';
import { meter } from './measure.js';
import type { Settings } from './options.js';
import { makeArena, optionsInForce, parseContender } from './registry.js';
import { replayAndLook, timing, timingOf, timingUnlessLong } from './timing.js';
import { verify } from './verify.js';

export interface CompareTask {
  readonly trace: Trace;
  /** `first-fit:order=size-up` */
  readonly spec: string;
  readonly settings: Settings;
  readonly verify: boolean;
  /** Bytes that the contents of blocks may take while they are verified; without limit where not given. */
  readonly memoryBytes?: number;
}

export interface VerifyTask {
  readonly trace: Trace;
  readonly spec: string;
  readonly settings: Settings;
  /** What the bytes of the arena may take. */
  readonly memoryBytes: number;
}

export interface FitTask {
  readonly trace: Trace;
  readonly spec: string;
  readonly align: number;
}

/**
 * Times first, while the loop has met no other code; then measures, then verifies. A long recording is timed in the
 * replay that shows the peaks, as each replay of it takes seconds, and memory that is filled for the first time.
 */
export function compare({
  trace,
  spec,
  settings,
  verify: verifying,
  memoryBytes = Number.POSITIVE_INFINITY,
}: CompareTask): Measurement {
  const contender = parseContender(spec);
  const fresh = () => makeArena(contender, settings);
  const timed = timingUnlessLong(trace, fresh);
  const metered = meter(trace, fresh());
  const time = replayAndLook(trace, fresh(), metered.peaks);
  return {
    trace: trace.name,
    allocator: spec,
    title: contender.kind.title,
    naive: contender.kind.naive,
    options: optionsInForce(contender, settings),
    capacity: settings.capacity,
    ...(timed ?? timingOf(trace, [time])),
    ...metered.measures(),
    recorded: recordedGrants(trace),
    verification: verifying ? verifyOne({ trace, spec, settings, memoryBytes }) : null,
  };
}

/** Where memory does not suffice, the verification says so. */
export function verifyOne({ trace, spec, settings, memoryBytes }: VerifyTask): Verification {
  const contender = parseContender(spec);
  return verify(trace, (mover) => makeArena(contender, settings, mover), memoryBytes);
}

/**
 * Median nanoseconds per operation, in an arena that grows; NaN for a trace without operations. Run it in a process
 * or thread that has replayed nothing else.
 * @param spec an allocator as on the command line: `first-fit:order=size-up`
 * @param clock in milliseconds: the one on the wall when left out
 */
export function timeReplay(trace: Trace, spec: string, clock?: () => number): number {
  const contender = parseContender(spec);
  return (
    timing(trace, () => makeArena(contender, { align: 16, capacity: null }), clock).nsPerOp ?? Number.NaN
  );
}

export function fit({ trace, spec, align }: FitTask): Fit {
  return smallestArena(trace, parseContender(spec), align);
}
