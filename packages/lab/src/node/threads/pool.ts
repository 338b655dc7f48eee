/**
 * The worker threads that replay: a fresh one for each task, so that the compiler sees the calls of the loop meet a single
 * class of allocator, and so that all its memory is given back at the end. As many run at once as the machine has cores
 * and memory for.
 *
 * A pool of the npm registry was here before. It kept no thread for a second task either, left a task waiting for ever
 * whose thread ended without an error, and cannot start fewer threads where tasks are large.
 */
import { availableParallelism } from 'node:os';
import { type ResourceLimits, Worker } from 'node:worker_threads';
import type { Verification } from '../../metrics/fault.js';
import type { Measurement } from '../../metrics/measurement.js';
import { bytesOfMeasuring, bytesOfShadow, bytesOfVerifying } from '../../replay/estimates.js';
import type { Fit } from '../../replay/fit.js';
import { ENDED, shortageOf } from '../../replay/shortage.js';
import type { CompareTask, FitTask } from '../../replay/task.js';
import { unverified } from '../../replay/verify.js';
import { memoryForReplays } from './memory.js';
import type { Answer, ThreadTask } from './thread.js';
import { unpackError } from './thread-errors.js';

export interface PoolOptions {
  /** At most so many at once: as many as there are cores, when left out. */
  readonly threads?: number;
  /** Bytes that all of them may take; when left out, what the machine has free whenever none runs. */
  readonly memoryBytes?: number;
  /** Limits of each thread's own heap, in which no arena lies. */
  readonly resourceLimits?: ResourceLimits;
  /** The thread's entry. */
  readonly entry?: URL;
}

interface Job {
  readonly label: string;
  /** Bytes that it is expected to take. */
  readonly bytes: number;
  /** @param most bytes it may take */
  start(most: number): Promise<void>;
}

export class ReplayPool implements AsyncDisposable {
  readonly #onChange: (running: readonly string[]) => void;
  readonly #options: PoolOptions;
  readonly #threads: number;
  readonly #waiting: Job[] = [];
  readonly #running = new Set<Job>();
  readonly #workers = new Set<Worker>();
  /** Bytes that all running jobs may take, as of when none ran. */
  #budget = 0;

  /** @param onChange hears the names of the tasks that run, whenever they change */
  constructor(onChange: (running: readonly string[]) => void, options: PoolOptions = {}) {
    this.#onChange = onChange;
    this.#options = options;
    this.#threads = options.threads ?? availableParallelism();
  }

  /**
   * Measures; then verifies, if the task says so, in another thread, so that the figures are there whatever comes of it.
   * @throws what the replay threw; an error of code ERR_WORKER_OUT_OF_MEMORY or ERR_THREAD_ENDED where the thread ended without a word
   */
  async compare(task: CompareTask): Promise<Measurement> {
    const label = labelOf(task);
    const { trace } = task;
    const measurement = await this.#run<Measurement>(label, bytesOfMeasuring(trace), () => ({
      kind: 'compare',
      task: { ...task, verify: false },
    }));
    if (!task.verify) return measurement;
    return { ...measurement, verification: await this.#verify(task, measurement) };
  }

  /** @throws as `compare` */
  fit(task: FitTask): Promise<Fit> {
    return this.#run<Fit>(labelOf(task), bytesOfMeasuring(task.trace), () => ({ kind: 'fit', task }));
  }

  async #verify({ trace, spec, settings }: CompareTask, measurement: Measurement): Promise<Verification> {
    try {
      return await this.#run<Verification>(
        `verifying ${spec} on ${trace.name}`,
        bytesOfVerifying(trace, measurement),
        (most) => ({
          kind: 'verify',
          task: { trace, spec, settings, memoryBytes: Math.max(0, most - bytesOfShadow(trace)) },
        }),
        true,
      );
    } catch (error) {
      const why = shortageOf(error);
      if (why === null) throw error;
      return unverified(why);
    }
  }

  /** @param next whether it is taken up before what waits already */
  #run<Result>(
    label: string,
    bytes: number,
    task: (most: number) => ThreadTask,
    next = false,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const job: Job = {
        label,
        bytes,
        start: (most) => this.#inThread(task(most)).then((result) => resolve(result as Result), reject),
      };
      if (next) this.#waiting.unshift(job);
      else this.#waiting.push(job);
      this.#startWhatFits();
    });
  }

  /** Starts what waits as long as there are cores and memory; one job always runs, however large. */
  #startWhatFits(): void {
    while (this.#running.size < this.#threads) {
      if (this.#running.size === 0) this.#budget = this.#options.memoryBytes ?? memoryForReplays();
      let left = this.#budget;
      for (const { bytes } of this.#running) left -= bytes;
      const at = this.#running.size === 0 ? 0 : this.#waiting.findIndex(({ bytes }) => bytes <= left);
      const [job] = at < 0 ? [] : this.#waiting.splice(at, 1);
      if (job === undefined) break;
      this.#running.add(job);
      const most = Math.max(this.#budget / this.#threads, Math.min(job.bytes, this.#budget));
      void job.start(most).then(() => {
        this.#running.delete(job);
        this.#startWhatFits();
      });
    }
    this.#tell();
  }

  #tell(): void {
    const labels = [...this.#running].map(({ label }) => label);
    const short = this.#waiting.length > 0 && labels.length > 0 && labels.length < this.#threads;
    this.#onChange(short ? [...labels, 'the others wait for memory'] : labels);
  }

  async #inThread(task: ThreadTask): Promise<unknown> {
    const { resourceLimits, entry = new URL('./thread.js', import.meta.url) } = this.#options;
    const worker = new Worker(entry, {
      workerData: task,
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
    });
    this.#workers.add(worker);
    try {
      const answer = await answerOf(worker);
      if ('error' in answer) throw unpackError(answer.error);
      return answer.result;
    } finally {
      await worker.terminate();
      this.#workers.delete(worker);
    }
  }

  /** Ends what runs; what waits is never taken up. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#waiting.length = 0;
    await Promise.all([...this.#workers].map((worker) => worker.terminate()));
  }
}

function labelOf({ spec, trace }: CompareTask | FitTask): string {
  return `${spec} on ${trace.name}`;
}

/** The thread's one message; rejected where it ends without one. */
function answerOf(worker: Worker): Promise<Answer> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('messageerror', reject);
    worker.once('error', reject);
    worker.once('exit', (status) => {
      const error = new Error(`its thread ended without a result, with status ${status}`);
      reject(Object.assign(error, { code: ENDED }));
    });
  });
}
