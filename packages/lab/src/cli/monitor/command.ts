/** `freehold monitor`: jobs that come and go, one contiguous segment each, under several policies side by side. */
import { Command, Option } from 'commander';
import { UserError } from '../../errors.js';
import { type MonitorResult, runMonitor } from '../../monitor/monitor.js';
import { draw } from '../../monitor/picture.js';
import { type Contender, makeArena, parseContenders } from '../../replay/contender.js';
import type { Colours } from '../../text/colours.js';
import { type Column, figuresOf } from '../../text/figures.js';
import { formatCount, formatMany, formatSize } from '../../text/format.js';
import { define, table, wrap } from '../../text/table.js';
import { makeJobs, SIZE_DISTRIBUTIONS, type SizeDistribution } from '../../workload/jobs.js';
import { allocatorsHelp, contendersIn, whole } from '../arguments.js';
import { allocatorRows, BEST, starred } from '../rows.js';
import { colours, parseSize, print } from '../terminal.js';

interface MonitorCommandOptions {
  readonly memory: number;
  readonly jobs: number;
  readonly seed: number;
  readonly load: number;
  readonly sizes: SizeDistribution;
  readonly mean?: number;
  readonly largest?: number;
  readonly unit?: number;
  readonly policies: readonly Contender[];
  readonly overtake?: true;
  readonly timeline?: true;
  readonly json?: true;
}

const DEFAULT_POLICIES = ['first-fit', 'next-fit', 'best-fit', 'worst-fit', 'buddy'];
/** Lines of `--timeline`, and cells of each picture. */
const PICTURES = 16;
const CELLS = 64;

const EXAMPLES = `
Examples:
  $ freehold monitor
  $ freehold monitor --load 0.8 --sizes uniform --timeline
  $ freehold monitor --memory 1MiB --mean 64KiB --policies tlsf,buddy:unit=64KiB
  $ freehold monitor --overtake --json
`;

export function monitorCommand(): Command {
  return new Command('monitor')
    .description('run jobs that come and go, one segment each: utilisation and waiting under each policy')
    .addOption(size('--memory <SIZE>', 'memory to host the jobs in').default(64 * 2 ** 20, '64 MiB'))
    .addOption(whole('--jobs <N>', 'number of jobs', 1, 1_000_000).default(10_000))
    .addOption(whole('--seed <N>', 'seed of the mix of jobs', 0, 2 ** 31 - 1).default(1))
    .addOption(
      new Option('--load <SHARE>', 'memory requested ÷ memory, while jobs arrive')
        .default(0.65)
        .argParser(parseLoad),
    )
    .addOption(
      new Option('--sizes <DISTRIBUTION>', 'distribution of the job sizes')
        .choices(SIZE_DISTRIBUTIONS)
        .default('exponential'),
    )
    .addOption(size('--mean <SIZE>', 'mean size of a job (default: 1/16 of the memory)'))
    .addOption(size('--largest <SIZE>', 'largest job (default: 1/2 of the memory)'))
    .addOption(size('--unit <SIZE>', 'sizes are multiples of this (default: about 1/1024 of the memory)'))
    .addOption(
      new Option('--policies <LIST>', 'policies to compare, separated by commas')
        .default(parseContenders(DEFAULT_POLICIES.join(',')), DEFAULT_POLICIES.join(','))
        .argParser((text) => contendersIn(text, '--policies')),
    )
    .option('--overtake', 'let a job that fits start before one that waits for room')
    .option('--timeline', 'draw memory over time under each policy, not only when the last job arrives')
    .option('--json', 'print one JSON object with all figures instead')
    .addHelpText('after', `\n${legend([...COLUMNS, IMPOSSIBLE])}\n${allocatorsHelp()}${EXAMPLES}`)
    .action(monitor);
}

interface Outcome extends MonitorResult {
  readonly policy: string;
}

async function monitor(options: MonitorCommandOptions): Promise<void> {
  const { memory, jobs: count, seed, load, sizes, overtake = false } = options;
  const unit = options.unit ?? 2 ** Math.floor(Math.log2(Math.max(1024, memory) / 1024));
  const meanSize = options.mean ?? memory / 16;
  const largestSize = options.largest ?? memory / 2;
  if (!Number.isInteger(Math.log2(unit))) throw new UserError(`--unit: ${unit} is not a power of two`);
  if (largestSize > memory) {
    throw new UserError(
      `--largest: ${formatSize(largestSize)} is more than the memory, ${formatSize(memory)}`,
    );
  }
  if (largestSize < Math.max(unit, meanSize / 4)) {
    throw new UserError(
      `--largest: ${formatSize(largestSize)} is too small for jobs of ${formatSize(meanSize)} on average, in units of ${formatSize(unit)}`,
    );
  }
  const settings = { align: unit, capacity: memory };
  const mix = { jobs: count, seed, memory, unit, load, sizes, meanSize, largestSize };
  const jobs = makeJobs(mix);
  const outcomes = options.policies.map((policy): Outcome => {
    const { allocator } = makeArena(policy, settings);
    return {
      policy: policy.spec,
      ...runMonitor(jobs, allocator, { overtake, pictures: PICTURES, cells: CELLS }),
    };
  });
  if (options.json) {
    print(JSON.stringify({ mix: { ...mix, overtake }, outcomes }, null, 2));
    return;
  }
  const paint = colours(process.stdout);
  const facts = [
    `${formatMany(count, 'job')} in ${formatSize(memory)}`,
    `sizes ${sizes}, ${formatSize(meanSize)} on average, at most ${formatSize(largestSize)}`,
    `load ${load}`,
    overtake ? 'a job that fits goes first' : 'first come, first served',
    `seed ${seed}`,
  ];
  print(
    [
      `${paint.bold('Monitor')}\n${wrap(facts.join(', '))}`,
      figures(outcomes, paint),
      options.timeline ? timeline(outcomes, paint) : lastPictures(outcomes, paint),
      legend(columnsOf(outcomes)),
    ].join('\n\n'),
  );
}

interface MonitorColumn extends Column<Outcome> {
  readonly meaning: string;
}

const percent = (share: number) => (share * 100).toFixed(1);
/** Times differ by orders of magnitude from load to load. */
const time = (value: number) => (value < 99.5 ? value.toFixed(2) : formatCount(Math.round(value)));

const COLUMNS: readonly MonitorColumn[] = [
  {
    title: 'util',
    meaning: 'share of memory that running jobs asked for, averaged over time, in per cent',
    better: 'higher',
    value: ({ utilization }) => utilization,
    format: percent,
  },
  {
    title: 'wait',
    meaning: 'time from arrival to start, on average; the unit is the mean time a job runs',
    better: 'lower',
    value: ({ meanWait }) => meanWait,
    format: time,
  },
  {
    title: 'longest',
    meaning: 'the longest wait',
    better: 'lower',
    value: ({ maxWait }) => maxWait,
    format: time,
  },
  {
    title: 'jobs/t',
    meaning: 'throughput: jobs that end per unit of time, until the last one ends',
    better: 'higher',
    value: ({ throughput }) => throughput,
    format: (value) => value.toFixed(2),
  },
  {
    title: 'frag',
    meaning: 'jobs refused although enough was free in all: no hole was large enough',
    better: 'lower',
    value: ({ refusedForFragmentation }) => refusedForFragmentation,
    format: formatCount,
  },
  {
    title: 'full',
    meaning: 'jobs refused because less was free than they asked for',
    better: null,
    value: ({ refusedForMemory }) => refusedForMemory,
    format: formatCount,
  },
  {
    title: 'lost',
    meaning:
      'share of the time in which the first job of the queue waits only because of fragmentation, in per cent',
    better: 'lower',
    value: ({ fragmentedTime }) => fragmentedTime,
    format: percent,
  },
  {
    title: 'int',
    meaning: 'share of the granted memory that no job asked for (rounding), in per cent',
    better: 'lower',
    value: ({ granted, utilization }) => (granted === 0 ? 0 : 1 - utilization / granted),
    format: percent,
  },
  {
    title: 'holes',
    meaning: 'free segments, on average',
    better: null,
    value: ({ meanHoles }) => meanHoles,
    format: (value) => value.toFixed(1),
  },
  {
    title: 'search',
    meaning: 'free segments (or tree nodes) looked at per attempt',
    better: null,
    value: ({ meanSearch }) => meanSearch,
    format: (value) => value.toFixed(1),
  },
];
/** Shown where there are some. */
const IMPOSSIBLE: MonitorColumn = {
  title: 'never',
  meaning: 'jobs rejected: they do not fit into empty memory',
  better: 'lower',
  value: ({ impossible }) => impossible,
  format: formatCount,
};

function columnsOf(outcomes: readonly Outcome[]): readonly MonitorColumn[] {
  return outcomes.some(({ impossible }) => impossible > 0) ? [...COLUMNS, IMPOSSIBLE] : COLUMNS;
}

function figures(outcomes: readonly Outcome[], paint: Colours): string {
  const columns = columnsOf(outcomes);
  const rows = figuresOf(columns, outcomes).flatMap((cells, i) =>
    allocatorRows(
      outcomes[i]!.policy,
      cells.map((cell) => starred(cell, paint)),
    ),
  );
  const align = ['left' as const, ...columns.map(() => 'right' as const)];
  return table(['', ...columns.map(({ title }) => title)], rows, align, 1);
}

function lastPictures(outcomes: readonly Outcome[], paint: Colours): string {
  const width = Math.max(...outcomes.map(({ policy }) => policy.length));
  const lines = outcomes.map(({ policy, pictures }) =>
    width + 2 + CELLS > 80
      ? `${policy}\n  ${draw(pictures.at(-1)!)}`
      : `${policy.padEnd(width)}  ${draw(pictures.at(-1)!)}`,
  );
  return [`${paint.bold('Memory')} when the last job arrives; · is free, █ in use`, ...lines].join('\n');
}

function timeline(outcomes: readonly Outcome[], paint: Colours): string {
  const drawn = outcomes.map(({ policy, pictures }) =>
    [policy, ...pictures.map((picture) => `  ${draw(picture)}`)].join('\n'),
  );
  return [
    `${paint.bold('Memory')} over time, downwards, until the last job arrives; · is free, █ in use`,
    ...drawn,
  ].join('\n\n');
}

function legend(columns: readonly MonitorColumn[]): string {
  return [
    `${BEST} marks the best of a column.`,
    ...columns.map(({ title, meaning }) => define(title, meaning, 9)),
  ].join('\n');
}

function size(flags: string, description: string): Option {
  const name = flags.split(' ')[0]!;
  return new Option(flags, description).argParser((text) => parseSize(text, name));
}

function parseLoad(text: string): number {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0.01 && value <= 100) return value;
  throw new UserError(`--load: '${text}' is not a number from 0.01 to 100, such as 0.65`);
}
