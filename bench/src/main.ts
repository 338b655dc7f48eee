/** `npm run bench`: who is how fast, every contender in a fresh process, taking turns, in one run. */
import { Command } from 'commander';
import { type Measured, tell, terminalText, writePage } from './report.js';
import { runSuite } from './runner.js';
import { SUITES } from './suites.js';

interface Options {
  readonly short?: true;
  readonly json?: true;
  readonly write?: true;
  readonly rounds: string;
}

const program = new Command('npm run bench --')
  .description('Times the allocators against each other and against their goals.')
  .argument('[suite...]', `of ${SUITES.map(({ id }) => id).join(', ')}; all when left out`)
  .option('--short', 'a quick run, to see that it works: small points, no figures to quote')
  .option('--rounds <N>', 'how often each contender is measured', '5')
  .option('--json', 'print the results as JSON')
  .option('--write', 'also write docs/benchmarks.md')
  .action(run);
await program.parseAsync();

async function run(names: readonly string[], options: Options): Promise<void> {
  const unknown = names.find((name) => SUITES.every(({ id }) => id !== name));
  if (unknown !== undefined)
    program.error(`no suite '${unknown}'; there are ${SUITES.map(({ id }) => id).join(', ')}`);
  const short = options.short === true;
  const rounds = short ? 1 : Number(options.rounds);
  if (!(Number.isInteger(rounds) && rounds > 0))
    program.error(`--rounds must be a whole number, got '${options.rounds}'`);
  const suites = SUITES.filter(({ id }) => names.length === 0 || names.includes(id));
  const all: Measured[] = [];
  for (const suite of suites) all.push({ suite, results: await runSuite(suite, short, rounds, tell) });
  tell('');
  if (options.json) {
    const out = all.map(({ suite, results }) => ({ suite: suite.id, results, goals: suite.goals(results) }));
    console.log(JSON.stringify(out));
  } else for (const measured of all) console.log(terminalText(measured));
  if (options.write) writePage(all, ['npm run bench -- --write', ...names].join(' '), rounds);
}
