/** Runs the jobs of a suite, each in a fresh process, the contenders taking turns, several rounds. */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median } from '@freehold/lab';
import type { Job, Result, Suite } from './suite.js';

const JOB = fileURLToPath(new URL('./job.js', import.meta.url));

/** What the process of a job is given. */
export interface Order {
  readonly suite: string;
  readonly job: Job;
  readonly short: boolean;
}

/** What it prints. */
export type Outcome = { readonly value: number } | { readonly failed: string };

/**
 * A contender that fails is not run again at that point.
 * @param tell hears which job runs
 */
export async function runSuite(
  suite: Suite,
  short: boolean,
  rounds: number,
  tell: (what: string) => void,
): Promise<Result[]> {
  const runs = suite
    .jobs(short)
    .map((job) => ({ job, values: [] as number[], failed: null as string | null }));
  for (let round = 0; round < rounds; round++) {
    for (const [i, run] of runs.entries()) {
      const { job } = run;
      if (run.failed !== null || (job.once && round > 0)) continue;
      const where = `${job.contender} ${Object.values(job.at).join(' ')}`;
      tell(`${suite.id}: round ${round + 1} of ${rounds}, job ${i + 1} of ${runs.length}, ${where}`);
      const outcome = await inFreshProcess({ suite: suite.id, job, short });
      if ('value' in outcome) run.values.push(outcome.value);
      else run.failed = outcome.failed;
    }
  }
  return runs.map(({ job, values, failed }) => ({
    ...job,
    rounds: failed === null ? values : [],
    median: failed === null ? median(values) : Number.NaN,
    min: failed === null ? Math.min(...values) : Number.NaN,
    max: failed === null ? Math.max(...values) : Number.NaN,
    failed,
  }));
}

function inFreshProcess(order: Order): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const args = [JOB, JSON.stringify(order)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
    });
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve(JSON.parse(output) as Outcome);
      else {
        const { contender, at } = order.job;
        reject(new Error(`${order.suite}: ${contender} at ${JSON.stringify(at)} failed, status ${status}`));
      }
    });
  });
}
