/** What compare and fit have in common: traces read one after another, each replayed through its allocators by the threads. */
import { checkThere, openTrace } from '../formats/open.js';
import type { Settings } from '../replay/options.js';
import { ReplayPool } from '../replay/pool.js';
import { type Contender, defaultContenders } from '../replay/registry.js';
import type { Trace } from '../trace/trace.js';
import { contendersFor } from './arguments.js';
import { Progress } from './terminal.js';

export interface TraceResults<Result> {
  readonly trace: string;
  /** In the order of the allocators. */
  readonly results: readonly Result[];
  /** Whether the naive allocators were left out. */
  readonly partial: boolean;
}

/** Hands a task to the pool: one trace, one allocator. */
export type Submit<Result> = (pool: ReplayPool, trace: Trace, spec: string) => Promise<Result>;

/**
 * Trace by trace, as soon as each is done, and with no progress bar shown while the caller has it; while the threads
 * replay one, the next is read.
 * @param named the allocators asked for, undefined for the default
 * @throws UserError where a file is no trace, or an allocator refuses the settings
 */
export async function* replayAll<Result>(
  paths: readonly string[],
  named: readonly Contender[] | undefined,
  settings: Settings,
  submit: Submit<Result>,
): AsyncGenerator<TraceResults<Result>> {
  const wanted = named ?? defaultContenders();
  for (const path of paths) await checkThere(path);
  using progress = new Progress(paths.length * wanted.length);
  await using pool = new ReplayPool((running) => progress.doing(running.join(', ')));

  const begin = async (path: string) => {
    const trace = await openTrace(path);
    const chosen = contendersFor(trace, named, settings);
    progress.advance(wanted.length - chosen.length);
    const results = chosen.map(async ({ spec }) => {
      const result = await submit(pool, trace, spec);
      progress.advance();
      return result;
    });
    return {
      trace: trace.name,
      partial: chosen.length < wanted.length,
      results: handledLater(Promise.all(results)),
    };
  };

  let next = begin(paths[0]!);
  for (let i = 0; i < paths.length; i++) {
    const { trace, partial, results } = await next;
    if (i + 1 < paths.length) next = handledLater(begin(paths[i + 1]!));
    const done = { trace, partial, results: await results };
    progress.hide();
    yield done;
    progress.show();
  }
}

/** The error of a promise that is awaited only after others is not lost, and ends nothing before its turn. */
function handledLater<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
