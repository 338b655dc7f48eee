/** `npm run bench:heap`: the heap and its peers, native ones among them, on recordings of real programs. */
import { mkdirSync } from 'node:fs';
import { openTrace } from '@freehold/lab/node';
import { Command } from 'commander';
import { BUILD } from './heap/build.js';
import { CONTENDERS, type HeapContender } from './heap/contenders.js';
import { operationsOf, writeOperations } from './heap/operations.js';
import { chooseRecordings, nameOf } from './heap/recordings.js';
import { type Measured, tell, terminalText, writePage } from './report.js';
import { runSuite } from './runner.js';
import type { Suite } from './suite.js';
import { heapSuite, operationsPath, summary } from './suites/heap.js';
import { heapMemory } from './suites/heap-memory.js';
import { heapScale } from './suites/heap-scale.js';
import { HEAP_SUITES } from './suites.js';

const SUITES = HEAP_SUITES.map(({ id }) => id);

interface Options {
  readonly contenders?: string;
  readonly traces?: string;
  readonly short?: true;
  readonly json?: true;
  readonly write?: true;
  readonly rounds: string;
}

const IDS = CONTENDERS.map(({ id }) => id);

const program = new Command('npm run bench:heap --')
  .description(
    'Times the heap against other mallocs, native, JavaScript and WebAssembly, and measures how tightly each packs.',
  )
  .argument('[suite...]', `of ${SUITES.join(', ')}; all when left out`)
  .option(
    '--contenders <LIST>',
    `of ${IDS.join(', ')}; separated by commas (default: all that are installed)`,
  )
  .option(
    '--traces <LIST>',
    'recordings: names as in the table, or paths (default: ../shared/traces, or samples)',
  )
  .option('--rounds <N>', 'how often each contender is measured', '5')
  .option('--short', 'a quick run, to see that it works: one recording, no figures to quote')
  .option('--json', 'print one line of JSON')
  .option('--write', 'also write docs/benchmarks.md')
  .addHelpText(
    'after',
    `
Examples:
  $ npm run bench:heap                                     everything: some 25 minutes
  $ npm run bench:heap -- heap --contenders heap,glibc     the heap against the C library
  $ npm run bench:heap -- heap --traces vlc,app.trace.gz   on two recordings only
`,
  )
  .configureHelp({ helpWidth: 80 })
  // Wrong use is 2 here as in every command.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .action(run);
await program.parseAsync();

async function run(suites: readonly string[], options: Options): Promise<void> {
  const unknown = suites.find((name) => !SUITES.includes(name));
  if (unknown !== undefined) program.error(`no suite '${unknown}'; there are ${SUITES.join(', ')}`);
  const short = options.short === true;
  const rounds = short ? 1 : Number(options.rounds);
  if (!(Number.isInteger(rounds) && rounds > 0))
    program.error(`--rounds must be a whole number from 1 up, got '${options.rounds}'`);
  const contenders = chosenContenders(options.contenders);
  const wanted = (id: string) => suites.length === 0 || suites.includes(id);

  const measured: Measured[] = [];
  const versions = new Map<HeapContender, string | null>();
  const traces: string[] = [];
  if (SUITES.some((id) => id !== heapScale.id && wanted(id))) {
    mkdirSync(BUILD, { recursive: true });
    const paths = orRefuse(() => chooseRecordings(options.traces, short));
    for (const path of paths) traces.push(await prepareTrace(path));
  }
  const measure = async (suite: Suite) => {
    measured.push({ suite, results: await runSuite(suite, short, rounds, tell) });
  };
  if (wanted('heap')) {
    for (const contender of contenders) {
      tell(`preparing ${contender.id}`);
      versions.set(contender, contender.prepare());
    }
    const ready = [...versions.keys()].filter((each) => versions.get(each) !== null);
    await measure(heapSuite(traces, ready));
  }
  if (wanted('heap-memory')) await measure(heapMemory(traces));
  if (wanted(heapScale.id)) await measure(heapScale);
  tell('');
  const missing = [...versions].filter(([, version]) => version === null).map(([each]) => each);
  for (const { id, install } of missing) process.stderr.write(`${id} is missing; to have it: ${install}\n`);
  if (options.json) console.log(JSON.stringify(toJson(measured, versions, rounds)));
  else for (const each of measured) console.log(terminalText(each));
  if (options.write) {
    const command = ['npm run bench:heap --', ...process.argv.slice(2)].join(' ');
    const named = [...versions].map(([{ id }, version]) => version && `${id}: ${version}`).filter(Boolean);
    writePage(measured, command, rounds, named.length > 0 ? `Contenders: ${named.join('; ')}.` : '');
  }
}

/** One object: means and single figures of the recordings, then everything else that was measured. */
function toJson(
  measured: readonly Measured[],
  versions: ReadonlyMap<HeapContender, string | null>,
  rounds: number,
): object {
  const heap = measured.find(({ suite }) => suite.id === 'heap');
  const others = measured.filter(({ suite }) => suite.id !== 'heap');
  return {
    ...(heap && summary(heap.results)),
    ...Object.fromEntries(others.map(({ suite, results }) => [suite.id, results])),
    goals: measured.flatMap(({ suite, results }) => suite.goals(results)),
    contenders: [...versions].map(([{ id, what, install }, version]) => ({
      id,
      what,
      ...(version === null ? { missing: install } : { version }),
    })),
    rounds,
    node: process.versions.node,
  };
}

function chosenContenders(list: string | undefined): readonly HeapContender[] {
  if (list === undefined) return CONTENDERS;
  return list.split(',').map((id) => {
    const found = CONTENDERS.find((each) => each.id === id.trim());
    return found ?? program.error(`no contender '${id}'; there are ${IDS.join(', ')}`);
  });
}

async function prepareTrace(path: string): Promise<string> {
  const name = nameOf(path);
  tell(`reading ${name}`);
  try {
    writeOperations(operationsPath(name), operationsOf(await openTrace(path)));
  } catch (error) {
    refuse(error);
  }
  return name;
}

function orRefuse<T>(choose: () => T): T {
  try {
    return choose();
  } catch (error) {
    return refuse(error);
  }
}

/** Ends the program with the error's message, which names what was wrong. */
function refuse(error: unknown): never {
  return program.error(error instanceof Error ? error.message : String(error));
}
