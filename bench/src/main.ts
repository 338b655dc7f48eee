/** `npm run bench`: who is how fast, every contender in a fresh process, taking turns, in one run. */
import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { Command } from 'commander';
import { runSuite } from './runner.js';
import type { Job, Result, Suite } from './suite.js';
import { fits } from './suites/fits.js';
import { replay } from './suites/replay.js';
import { scale } from './suites/scale.js';

const SUITES: readonly Suite[] = [fits, scale, replay];
const PAGE = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));

interface Options {
  readonly short?: true;
  readonly json?: true;
  readonly write?: true;
  readonly rounds: string;
  readonly job?: string;
}

const program = new Command('npm run bench --')
  .description('Times the allocators against each other and against their goals.')
  .argument('[suite...]', `of ${SUITES.map(({ id }) => id).join(', ')}; all when left out`)
  .option('--short', 'a quick run, to see that it works: small points, no figures to quote')
  .option('--rounds <N>', 'how often each contender is measured', '5')
  .option('--json', 'print the results as JSON')
  .option('--write', 'also write docs/benchmarks.md')
  .option('--job <JSON>', 'measure one job, in this process: what the runner starts')
  .action(run);
await program.parseAsync();

async function run(names: readonly string[], options: Options): Promise<void> {
  if (options.job !== undefined) return measureOne(options.job);
  const unknown = names.find((name) => SUITES.every(({ id }) => id !== name));
  if (unknown !== undefined)
    program.error(`no suite '${unknown}'; there are ${SUITES.map(({ id }) => id).join(', ')}`);
  const short = options.short === true;
  const rounds = short ? 1 : Number(options.rounds);
  if (!(Number.isInteger(rounds) && rounds > 0))
    program.error(`--rounds must be a whole number, got '${options.rounds}'`);
  const suites = SUITES.filter(({ id }) => names.length === 0 || names.includes(id));
  const tell = (what: string) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
  };
  const all: { suite: Suite; results: Result[] }[] = [];
  for (const suite of suites) all.push({ suite, results: await runSuite(suite, short, rounds, tell) });
  tell('');
  if (options.json) {
    const out = all.map(({ suite, results }) => ({ suite: suite.id, results, goals: suite.goals(results) }));
    console.log(JSON.stringify(out));
  } else for (const { suite, results } of all) console.log(terminalText(suite, results));
  if (options.write) await writeFile(PAGE, page(all, names, rounds));
}

async function measureOne(text: string): Promise<void> {
  const { suite: id, job, short } = JSON.parse(text) as { suite: string; job: Job; short: boolean };
  const suite = SUITES.find((each) => each.id === id);
  if (suite === undefined) throw new Error(`no suite ${id}`);
  console.log(await suite.measure(job, short));
}

function terminalText(suite: Suite, results: readonly Result[]): string {
  const { head, rows } = suite.table(results);
  const table = new Table({
    head: [...head],
    colAligns: head.map(() => 'right' as const),
    style: { head: [], border: [], compact: true },
    chars: {
      top: '',
      bottom: '',
      left: '',
      right: '',
      mid: '',
      middle: ' ',
      'top-mid': '',
      'bottom-mid': '',
      'top-left': '',
      'top-right': '',
      'bottom-left': '',
      'bottom-right': '',
      'left-mid': '',
      'mid-mid': '',
      'right-mid': '',
    },
  });
  table.push(...rows.map((row) => [...row]));
  const goals = suite
    .goals(results)
    .map(({ goal, met, found }) => `${met ? 'met   ' : 'MISSED'} ${goal}: ${found}`);
  return `${suite.title}, ns an operation\n${table.toString()}\n${goals.join('\n')}\n`;
}

function page(
  all: readonly { suite: Suite; results: Result[] }[],
  names: readonly string[],
  rounds: number,
): string {
  const [cpu] = cpus();
  const sections = all.map(({ suite, results }) => {
    const { head, rows } = suite.table(results);
    const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
    const goals = suite
      .goals(results)
      .map(({ goal, met, found }) => `- ${met ? 'met' : '**missed**'}: ${goal}; ${found}`);
    return [
      `## ${suite.title}`,
      suite.method,
      [line(head), line(head.map(() => '---:')), ...rows.map(line)].join('\n'),
      goals.join('\n'),
    ].join('\n\n');
  });
  return `# Benchmarks

Made by \`npm run bench -- --write${names.map((name) => ` ${name}`).join('')}\`, every contender in a fresh process, taking turns, ${rounds} rounds; medians, least and
greatest in parentheses. Times are nanoseconds an operation. Node ${process.versions.node}, V8 ${process.versions.v8}, ${cpu?.model ?? 'unknown processor'},
${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB. Times differ from run to run and machine to machine: compare within a table.

${sections.join('\n\n')}
`;
}
