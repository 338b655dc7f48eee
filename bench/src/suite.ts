/** What a suite of benchmarks is: contenders, each measured in processes of its own, and what is said of the results. */

/** One measurement to be made: a contender at one point of its scale. */
export interface Job {
  readonly contender: string;
  /** Parameters of the point, as JSON can say them. */
  readonly at: Readonly<Record<string, string | number>>;
  /** Made in the first round only: a figure that is the same each time. */
  readonly once?: true;
}

export interface Result extends Job {
  /** Nanoseconds an operation, or what else the job measures, of each round; none where the contender failed. */
  readonly rounds: readonly number[];
  /** NaN, as `min` and `max`, where the contender failed. */
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Why there is no measurement: the contender is too slow there, or gave up. */
  readonly failed: string | null;
}

export interface Table {
  readonly caption?: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Suite {
  readonly id: string;
  readonly title: string;
  /** What is done and timed, for the reader of the numbers. */
  readonly method: string;
  jobs(short: boolean): readonly Job[];
  /**
   * Runs in a process of its own; prepares, warms up, times.
   * @returns nanoseconds an operation
   * @throws Unfinished where the contender cannot do it: the run goes on without it
   */
  measure(job: Job, short: boolean): Promise<number>;
  tables(results: readonly Result[]): readonly Table[];
  /** Each goal, and whether the results meet it. */
  goals(results: readonly Result[]): readonly Goal[];
  /** What else the reader must know: who was left out, and why. */
  notes?(results: readonly Result[]): readonly string[];
}

export interface Goal {
  readonly goal: string;
  readonly met: boolean;
  /** The figure measured. */
  readonly found: string;
}

/** The contender is too slow, or gives up. The message tells a person which. */
export class Unfinished extends Error {
  override readonly name = 'Unfinished';
}

/**
 * Processor time of this process so far, in nanoseconds, to a microsecond: as the clock on a machine that does nothing
 * else, and not disturbed where it does.
 */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/** How long the work takes. */
export function nanoseconds(work: () => void): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start);
}

export function ns(value: number): string {
  return value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en-GB');
}

export function find(
  results: readonly Result[],
  contender: string,
  key: string,
  value: string | number,
): Result {
  const found = results.find(
    (each) =>
      each.contender === contender && Object.entries(each.at).some(([of, at]) => of === key && at === value),
  );
  if (found === undefined) throw new Error(`no result of ${contender} at ${key} ${value}`);
  return found;
}
