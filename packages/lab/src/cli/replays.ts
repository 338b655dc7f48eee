/** What compare and fit have in common: traces read one after another, each replayed through its allocators by the threads. */

import type { Unmeasured } from '../metrics/unmeasured.js';
import { checkThere, type OpenOptions, openTrace } from '../node/open-trace.js';
import { ReplayPool } from '../node/threads/pool.js';
import type { Settings } from '../replay/options.js';
import { ALLOCATORS, type Contender } from '../replay/registry.js';
import { unmeasured } from '../replay/unmeasured.js';
import type { Trace } from '../trace/trace.js';
import { contendersFor, leavesOutNaive } from './arguments.js';
import { Progress } from './terminal.js';

export interface TraceResults<Result> {
  readonly trace: string;
  /** In the order of the allocators, those without figures left out. */
  readonly results: readonly Result[];
  readonly unmeasured: readonly Unmeasured[];
  /** What was thrown by those of them that are nobody's fault but ours. */
  readonly internal: readonly unknown[];
  /** Whether the naive allocators were left out. */
  readonly partial: boolean;
}

/** Hands a task to the pool: one trace, one allocator. */
export type Submit<Result> = (pool: ReplayPool, trace: Trace, spec: string) => Promise<Result>;

/**
 * Trace by trace, as soon as each is done, and with no progress bar shown while the caller has it. Nothing is read while
 * the threads replay: that would disturb their times.
 * @param named the allocators asked for, undefined for the default
 * @param reading how the files are read
 * @throws UserError where a file is no trace, or an allocator refuses the settings
 */
export async function* replayAll<Result>(
  paths: readonly string[],
  named: readonly Contender[] | undefined,
  settings: Settings,
  submit: Submit<Result>,
  reading: OpenOptions,
): AsyncGenerator<TraceResults<Result>> {
  const most = (named ?? ALLOCATORS).length;
  for (const path of paths) await checkThere(path);
  using progress = new Progress(paths.length * most);
  await using pool = new ReplayPool((running) => progress.doing(running.join(', ')));

  for (const path of paths) {
    progress.doing(path);
    const trace = await openTrace(path, reading);
    const chosen = contendersFor(trace, named, settings);
    progress.advance(most - chosen.length);
    const without: Unmeasured[] = [];
    const internal: unknown[] = [];
    const results = await Promise.all(
      chosen.map(async (contender) => {
        try {
          return [await submit(pool, trace, contender.spec)];
        } catch (error) {
          const row = unmeasured(trace.name, contender, settings, error);
          without.push(row);
          if (row.error.kind === 'internal') internal.push(error);
          return [];
        } finally {
          progress.advance();
        }
      }),
    );
    progress.hide();
    yield {
      trace: trace.name,
      results: results.flat(),
      unmeasured: without,
      internal,
      partial: leavesOutNaive(trace, named),
    };
    progress.show();
  }
}
