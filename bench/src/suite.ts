/** What a suite of benchmarks is: contenders, each measured in processes of its own, and what is said of the results. */

/** One measurement to be made: a contender at one point of its scale. */
export interface Job {
  readonly contender: string;
  /** Parameters of the point, as JSON can say them. */
  readonly at: Readonly<Record<string, string | number>>;
}

export interface Result extends Job {
  /** Nanoseconds an operation, of each round. */
  readonly rounds: readonly number[];
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Suite {
  readonly id: string;
  readonly title: string;
  /** What is done and timed, for the reader of the numbers. */
  readonly method: string;
  jobs(short: boolean): readonly Job[];
  /** Runs in a process of its own; prepares, warms up, times. @returns nanoseconds an operation */
  measure(job: Job, short: boolean): Promise<number>;
  /** The table: head and rows. */
  table(results: readonly Result[]): {
    readonly head: readonly string[];
    readonly rows: readonly (readonly string[])[];
  };
  /** Each goal, and whether the results meet it. */
  goals(results: readonly Result[]): readonly Goal[];
}

export interface Goal {
  readonly goal: string;
  readonly met: boolean;
  /** The figure measured. */
  readonly found: string;
}

/** A small fast generator (xorshift32), the same everywhere: what is timed must not be the random numbers. */
export function random(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

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
  const found = results.find((each) => each.contender === contender && each.at[key] === value);
  if (found === undefined) throw new Error(`no result of ${contender} at ${key} ${value}`);
  return found;
}
