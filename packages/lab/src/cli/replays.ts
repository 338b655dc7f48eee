/** What compare and fit have in common: traces read one after another, each replayed through its allocators by the threads. */

import type { Comparison, Settings } from '../metrics/comparison.js';
import { checkThere, type OpenOptions, openTrace } from '../node/open-trace.js';
import { ReplayPool } from '../node/threads/pool.js';
import { ALLOCATORS } from '../replay/allocators.js';
import type { Contender } from '../replay/contender.js';
import { contendersFor, leavesOutNaive } from '../replay/contenders.js';
import { withoutFigures } from '../replay/unmeasured.js';
import { gatherFacts, type TraceFacts } from '../trace/facts.js';
import type { Trace } from '../trace/trace.js';
import { Progress } from './terminal.js';

export interface Replayed<Result extends { readonly allocator: string }> {
  readonly comparison: Comparison<Result>;
  /** What was thrown by those without figures that are nobody's fault but ours. */
  readonly internal: readonly unknown[];
  /** Whether the naive allocators were left out. */
  readonly partial: boolean;
}

/** Hands a task to the pool: one trace, one allocator. */
export type Submit<Result> = (
  pool: ReplayPool,
  trace: Trace,
  facts: TraceFacts,
  spec: string,
) => Promise<Result>;

/**
 * Trace by trace, as soon as each is done, and with no progress bar shown while the caller has it. Nothing is read while
 * the threads replay: that would disturb their times.
 * @param named the allocators asked for, undefined for the default
 * @param reading how the files are read
 * @throws UserError where a file is no trace, or an allocator refuses the settings
 */
export async function* replayAll<Result extends { readonly allocator: string }>(
  paths: readonly string[],
  named: readonly Contender[] | undefined,
  settings: Settings,
  submit: Submit<Result>,
  reading: OpenOptions,
): AsyncGenerator<Replayed<Result>> {
  const most = (named ?? ALLOCATORS).length;
  for (const path of paths) await checkThere(path);
  using progress = new Progress(paths.length * most);
  await using pool = new ReplayPool((running) => progress.doing(running.join(', ')));

  for (const path of paths) {
    progress.doing(path);
    const trace = await openTrace(path, reading);
    const chosen = contendersFor(trace, named, settings);
    progress.advance(most - chosen.length);
    const facts = gatherFacts(trace);
    const internal: unknown[] = [];
    const results = await Promise.all(
      chosen.map(async (contender) => {
        try {
          return await submit(pool, trace, facts, contender.spec);
        } catch (error) {
          const result = withoutFigures(contender, settings, error);
          if (result.error.kind === 'internal') internal.push(error);
          return result;
        } finally {
          progress.advance();
        }
      }),
    );
    progress.hide();
    const comparison = { trace: facts, settings, results };
    yield { comparison, internal, partial: leavesOutNaive(trace, named) };
    progress.show();
  }
}
