/**
 * `npm run bench:speed -- --against DIR`: what users wait for, beside another build in DIR, on any runtime. Each
 * measurement is a process of its own, the builds taking turns.
 */
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { median } from '@freehold/lab';
import { Command } from 'commander';
import { whole } from './options.js';
import { tell } from './report.js';
import { SPEED_CASES, type SpeedCase } from './speed/cases.js';
import { ns } from './suite.js';

const HERE = fileURLToPath(new URL('../..', import.meta.url));
const JOB = fileURLToPath(new URL('./speed/job.js', import.meta.url));

interface Options {
  readonly against?: string;
  readonly runtime: readonly string[];
  readonly only: string;
  readonly rounds: number;
}

const program = new Command('npm run bench:speed --')
  .description('Times what users wait for, in processor time; with --against, beside another build.')
  .option('--against <DIR>', 'a built checkout, taking turns with this one')
  .option('--runtime <PATH...>', 'Node, Bun: any number of them', [process.execPath])
  .option('--only <WORD>', 'cases whose names have it in them', '')
  .option('--rounds <N>', 'how often each is measured', whole, 5)
  .configureHelp({ helpWidth: 80 })
  // Wrong use is 2 here as in every command.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .action(run);
await program.parseAsync();

function run({ against, runtime, only, rounds }: Options): void {
  const builds = against === undefined ? [HERE] : [resolve(against), HERE];
  const cases = SPEED_CASES.filter(({ id, what }) => id.includes(only) || what.includes(only));
  if (cases.length === 0)
    program.error(`no case '${only}'; there are ${SPEED_CASES.map(({ id }) => id).join(', ')}`);
  const heads = against === undefined ? ['now'] : ['before', 'now', 'ratio', 'goal'];
  for (const path of runtime) {
    console.log(`${versionOf(path)}, nanoseconds an operation, medians of ${rounds}\n`);
    console.log(`| case | ${heads.join(' | ')} |`);
    console.log(`| --- | ${heads.map(() => '---:').join(' | ')} |`);
    for (const each of cases)
      console.log(`| ${[each.what, ...cellsOf(each, path, builds, rounds)].join(' | ')} |`);
    console.log('');
  }
}

function cellsOf(
  { id, goal }: SpeedCase,
  runtime: string,
  builds: readonly string[],
  rounds: number,
): string[] {
  const times: number[][] = builds.map(() => []);
  for (let round = 0; round < rounds; round++) {
    builds.forEach((build, i) => {
      tell(`${id}: round ${round + 1} of ${rounds}`);
      const core = pathToFileURL(join(build, 'packages/core/dist/index.js')).href;
      times[i]!.push(Number(execFileSync(runtime, [JOB, core, id], { encoding: 'utf8' })));
    });
  }
  tell('');
  const medians = times.map((each) => median(each));
  const [before, now] = medians;
  const compared = now === undefined ? [] : [`${(now / before!).toFixed(2)} ×`, `≤ ${goal} ×`];
  return [...medians.map(ns), ...compared];
}

function versionOf(runtime: string): string {
  const script = "const { bun, node } = process.versions; console.log(bun ? 'Bun ' + bun : 'Node ' + node)";
  return execFileSync(runtime, ['-e', script], { encoding: 'utf8' }).trim();
}
