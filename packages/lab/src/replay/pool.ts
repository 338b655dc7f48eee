/**
 * The worker threads that replay: as many at once as the machine has cores, a fresh one for each task, so that the
 * compiler sees the calls of the loop meet a single class of allocator.
 */
import { availableParallelism } from 'node:os';
import { Tinypool } from 'tinypool';
import type { Measurement } from '../metrics/measurement.js';
import type { Fit } from './fit.js';
import type { CompareTask, FitTask } from './worker.js';

export class ReplayPool implements AsyncDisposable {
  readonly #threads = availableParallelism();
  readonly #pool = new Tinypool({
    filename: new URL('./worker.js', import.meta.url).href,
    isolateWorkers: true,
    minThreads: 0,
    maxThreads: this.#threads,
  });
  /** Names of the tasks not done, in the order in which they are taken up. */
  readonly #waiting: string[] = [];
  readonly #onChange: (running: readonly string[]) => void;

  /** @param onChange hears the names of the tasks that run, whenever they change */
  constructor(onChange: (running: readonly string[]) => void) {
    this.#onChange = onChange;
  }

  compare(task: CompareTask): Promise<Measurement> {
    return this.#run<Measurement>('compare', task);
  }

  fit(task: FitTask): Promise<Fit> {
    return this.#run<Fit>('fit', task);
  }

  async #run<Result>(name: 'compare' | 'fit', task: CompareTask | FitTask): Promise<Result> {
    const label = `${task.spec} on ${task.trace.name}`;
    this.#waiting.push(label);
    this.#tell();
    try {
      return (await this.#pool.run(task, { name })) as Result;
    } finally {
      this.#waiting.splice(this.#waiting.indexOf(label), 1);
      this.#tell();
    }
  }

  #tell(): void {
    this.#onChange(this.#waiting.slice(0, this.#threads));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy();
  }
}
