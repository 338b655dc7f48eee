/** Runs the jobs of a suite, each in a fresh process, the contenders taking turns, several rounds. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Job, Result, Suite } from './suite.js';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

/** @param tell hears which job runs */
export async function runSuite(
  suite: Suite,
  short: boolean,
  rounds: number,
  tell: (what: string) => void,
): Promise<Result[]> {
  const jobs = suite.jobs(short);
  const times = jobs.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, job] of jobs.entries()) {
      tell(
        `${suite.id}: round ${round + 1} of ${rounds}, ${job.contender} ${Object.values(job.at).join(' ')}`,
      );
      times[i]!.push(await inFreshProcess(suite, job, short));
    }
  }
  return jobs.map((job, i) => {
    const sorted = [...times[i]!].sort((a, b) => a - b);
    return { ...job, rounds: times[i]!, median: median(sorted), min: sorted[0]!, max: sorted.at(-1)! };
  });
}

function inFreshProcess(suite: Suite, job: Job, short: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    const args = [MAIN, '--job', JSON.stringify({ suite: suite.id, job, short })];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
    });
    child.on('error', reject);
    child.on('close', (status) => {
      const time = Number(output.trim() || Number.NaN);
      if (status === 0 && Number.isFinite(time)) resolve(time);
      else
        reject(
          new Error(`${suite.id}: ${job.contender} at ${JSON.stringify(job.at)} failed, status ${status}`),
        );
    });
  });
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
