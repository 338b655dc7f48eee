/** Who takes part on a trace: the allocators named, or all that suit it. */

import { UserError } from '../errors.js';
import type { Settings } from '../metrics/comparison.js';
import { formatCount } from '../text/format.js';
import { wrap } from '../text/table.js';
import { visibleName } from '../text/visible.js';
import type { Trace } from '../trace/trace.js';
import { ALLOCATORS } from './allocators.js';
import { type Contender, defaultContenders, makeArena } from './contender.js';
import { isOutOfMemory } from './shortage.js';

/** Naive allocators are left out of longer traces, unless named: see `contendersFor`. */
const NAIVE_OPERATIONS_MAX = 50_000;

/**
 * Which allocators run on a trace: those named; else all, but the naive ones only where the trace is short, as a walk
 * of a long list at every call takes minutes on a long one.
 * @throws UserError where an allocator refuses its options or the capacity
 */
export function contendersFor(
  trace: Trace,
  named: readonly Contender[] | undefined,
  settings: Settings,
): Contender[] {
  const all = named ?? defaultContenders(trace.format);
  const chosen = all.filter(({ kind }) => !(kind.naive && leavesOutNaive(trace, named)));
  for (const contender of chosen) {
    try {
      makeArena(contender, settings);
    } catch (error) {
      // Told in its row, as any other that has too little memory.
      if (isOutOfMemory(error)) continue;
      if (!(error instanceof UserError)) throw error;
      const { align, capacity } = settings;
      const given = `--align ${align}${capacity === null ? '' : `, --capacity ${capacity}`}`;
      throw new UserError(`${error.message} (with ${given})`);
    }
  }
  return chosen;
}

/** Whether the naive allocators are left out of this trace. */
export function leavesOutNaive(trace: Trace, named: readonly Contender[] | undefined): boolean {
  return named === undefined && trace.length > NAIVE_OPERATIONS_MAX;
}

/** Tells which allocators were left out of which traces, and how to have them; '' when none was. */
export function leftOutNote(traces: readonly string[]): string {
  if (traces.length === 0) return '';
  const names = ALLOCATORS.filter(({ naive }) => naive).map(({ id }) => id);
  const where = traces.length === 1 ? visibleName(traces[0]!) : `${traces.length} traces`;
  return wrap(
    `The naive allocators were left out of ${where}, of more than ${formatCount(NAIVE_OPERATIONS_MAX)} operations; to include them: --allocators ${names.join(',')}`,
  );
}
