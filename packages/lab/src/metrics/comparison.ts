/**
 * The answer to a trace: what the trace is, and what came of each allocator. The one type that the terminal's tables,
 * JSON, CSV and the HTML report read.
 */
import type { TraceFacts } from '../trace/facts.js';
import type { Measurement } from './measurement.js';
import type { Unmeasured } from './unmeasured.js';

/** What holds for every allocator of a run. */
export interface Settings {
  /** Every address is a multiple of this, a power of two. */
  readonly align: number;
  /** Bytes of the arena; null: it grows on demand. */
  readonly capacity: number | null;
}

/** One trace through several allocators. */
export interface Comparison<Result extends AnyResult = Measurement> {
  readonly trace: TraceFacts;
  readonly settings: Settings;
  /** In the order of the allocators. */
  readonly results: readonly (Result | Unmeasured)[];
}

/** What came of an allocator: figures, or why there are none. */
export type AllocatorResult = Measurement | Unmeasured;

/** A result with figures has no `error`. */
interface AnyResult {
  readonly allocator: string;
  readonly error?: never;
}

/** The results with figures. */
export function measuredIn<Result extends AnyResult>({ results }: Comparison<Result>): Result[] {
  return results.filter((result): result is Result => result.error === undefined);
}

export function unmeasuredIn<Result extends AnyResult>({ results }: Comparison<Result>): Unmeasured[] {
  return results.filter((result): result is Unmeasured => result.error !== undefined);
}
