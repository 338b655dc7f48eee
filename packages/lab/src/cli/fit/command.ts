/** `freehold fit`: the smallest arena in which a trace completes, for every allocator. */
import { Command } from 'commander';
import { geometricMean } from '../../metrics/averages.js';
import { type WorstCases, worstCasesOf } from '../../metrics/bounds.js';
import { type Comparison, measuredIn, unmeasuredIn } from '../../metrics/comparison.js';
import type { Contender } from '../../replay/contender.js';
import { leftOutNote } from '../../replay/contenders.js';
import type { SmallestArena } from '../../replay/smallest-arena.js';
import type { Colours } from '../../text/colours.js';
import { type Column, figuresOf } from '../../text/figures.js';
import { formatCount, formatMany, formatSize } from '../../text/format.js';
import { define, table, wrap } from '../../text/table.js';
import { visibleName } from '../../text/visible.js';
import { alignOption, allocatorsHelp, allocatorsOption, asOption, zstdWindowOption } from '../arguments.js';
import { tellProblems } from '../problems.js';
import { replayAll, type Submit } from '../replays.js';
import { allocatorRows, emptyRow, NONE, nothingMeasured, notMeasured, starred } from '../rows.js';
import { colours, print } from '../terminal.js';

interface FitOptions {
  readonly allocators?: readonly Contender[];
  readonly align: number;
  readonly as?: string;
  readonly zstdWindow: number;
  readonly json?: true;
}

const EXAMPLES = `
Examples:
  $ freehold fit app.trace.gz
  $ freehold fit *.gz --allocators best-fit,tlsf --json
`;

export function fitCommand(): Command {
  return new Command('fit')
    .description('find the smallest fixed arena in which a whole trace is served')
    .argument('<trace...>', 'recordings of malloc and free in any format that `freehold info` reads')
    .addOption(allocatorsOption())
    .addOption(alignOption())
    .addOption(asOption())
    .addOption(zstdWindowOption())
    .option('--json', 'print a JSON array of objects instead of tables')
    .addHelpText('after', allocatorsHelp() + EXAMPLES)
    .action(fit);
}

async function fit(paths: readonly string[], options: FitOptions): Promise<void> {
  const paint = colours(process.stdout);
  const comparisons: Comparison<SmallestArena>[] = [];
  const internal: unknown[] = [];
  const leftOut: string[] = [];
  const { align } = options;
  const submit: Submit<SmallestArena> = (pool, trace, { peakLiveBytes }, spec) =>
    pool.findSmallestArena({ trace, peakLiveBytes, spec, align });
  const settings = { align, capacity: null };
  const reading = { format: options.as, zstdWindow: options.zstdWindow };
  for await (const replayed of replayAll(paths, options.allocators, settings, submit, reading)) {
    const { comparison, partial } = replayed;
    comparisons.push(comparison);
    internal.push(...replayed.internal);
    if (partial) leftOut.push(comparison.trace.name);
    if (!options.json) print(`${fitTable(comparison, paint)}\n`);
  }
  if (options.json) print(JSON.stringify(toRecords(comparisons), null, 2));
  else print([meansTable(comparisons, paint), LEGEND, leftOutNote(leftOut)].filter(Boolean).join('\n\n'));
  tellProblems(comparisons, internal);
}

/** A flat list, those without an answer last. */
function toRecords(comparisons: readonly Comparison<SmallestArena>[]): object[] {
  const found = comparisons.flatMap((comparison) => {
    const { trace, settings } = comparison;
    const { name, operations, peakLiveBytes } = trace;
    const worstCases = worstCasesOf(trace, settings.align);
    return measuredIn(comparison).map(({ allocator, title, options, smallestBytes, ...others }) => ({
      trace: name,
      allocator,
      title,
      options,
      operations,
      peakLiveBytes,
      smallestBytes,
      worstCases,
      ...others,
    }));
  });
  const missing = comparisons.flatMap((comparison) =>
    unmeasuredIn(comparison).map((each) => ({ trace: comparison.trace.name, ...each })),
  );
  return [...found, ...missing];
}

const LEGEND = [
  ['smallest', 'Least fixed capacity found in which every request is served.'],
  ['bytes', 'The same in bytes, to give to --capacity.'],
  ['x live', 'Smallest ÷ the most bytes ever live; no allocator can go below 1.'],
  ['growing', 'Size of the arena when it grows on demand instead of being fixed.'],
  ['books', 'Bookkeeping outside the arena; it needs memory as well.'],
]
  .map(([title = '', meaning = '']) => define(title, meaning, 10))
  .join('\n');

const COLUMNS: readonly Column<SmallestArena>[] = [
  {
    title: 'smallest',
    better: 'lower',
    value: ({ smallestBytes }) => smallestBytes,
    format: formatSize,
    exact: true,
  },
  { title: 'bytes', better: null, value: ({ smallestBytes }) => smallestBytes, format: formatCount },
  { title: 'x live', better: null, value: ({ ratio }) => ratio, format: formatRatio },
  { title: 'growing', better: null, value: ({ grownBytes }) => grownBytes, format: formatSize },
  { title: 'books', better: null, value: ({ bookkeepingBytes }) => bookkeepingBytes, format: formatSize },
];

/** The table of one trace, headed by what the trace is. */
function fitTable(comparison: Comparison<SmallestArena>, paint: Colours): string {
  const { trace, settings } = comparison;
  const fits = measuredIn(comparison);
  const unmeasured = unmeasuredIn(comparison);
  if (fits.length === 0) return nothingMeasured(trace.name, unmeasured, paint);
  const rows = figuresOf(COLUMNS, fits).flatMap((figures, i) =>
    allocatorRows(
      fits[i]!.allocator,
      figures.map((figure, column) => starred(figure, paint, column === 0 ? 'none' : NONE)),
    ),
  );
  rows.push(...unmeasured.flatMap((each) => emptyRow(each, COLUMNS.length)));
  return [
    paint.bold(visibleName(trace.name)),
    `${formatMany(trace.operations, 'operation')}, at most ${formatSize(trace.peakLiveBytes)} live`,
    '',
    table(['', ...COLUMNS.map(({ title }) => title)], rows, ['left', ...COLUMNS.map(() => 'right' as const)]),
    ...unmeasured.map(notMeasured),
    ...fits.flatMap(notMonotone),
    worstCaseNote(worstCasesOf(trace, settings.align)),
  ].join('\n');
}

function worstCaseNote({ any, firstFit, bestFit, buddy }: WorstCases): string {
  const worst = `The worst program with as much live and sizes in this range: at least ${formatSize(any)} with any allocator, at most ${formatSize(firstFit)} with first-fit and ${formatSize(buddy)} with buddy`;
  return `\n${wrap(`${worst}, near ${formatSize(bestFit)} with best-fit.`)}`;
}

function notMonotone({ allocator, smallestBytes, failsAtBytes }: SmallestArena): string[] {
  if (smallestBytes === null || failsAtBytes === null) return [];
  const found = `${allocator} serves all in ${formatCount(smallestBytes)} bytes but not in ${formatCount(failsAtBytes)}`;
  return [wrap(`${found}: a larger arena is not always safe with it. Use just that size, or try yours.`)];
}

interface Mean {
  readonly allocator: string;
  readonly ratio: number;
}

const MEAN: Column<Mean> = {
  title: 'x live',
  better: 'lower',
  value: ({ ratio }) => ratio,
  format: formatRatio,
};

/** Geometric means of smallest ÷ live, over all traces; '' where there is but one. */
function meansTable(comparisons: readonly Comparison<SmallestArena>[], paint: Colours): string {
  const traces = comparisons.length;
  if (traces < 2) return '';
  const fits = comparisons.flatMap((comparison) => measuredIn(comparison));
  const allocators = [...new Set(fits.map(({ allocator }) => allocator))];
  const means = allocators.flatMap((allocator): Mean[] => {
    const ratios = fits.filter((fit) => fit.allocator === allocator).flatMap(({ ratio }) => ratio ?? []);
    return ratios.length < traces ? [] : [{ allocator, ratio: geometricMean(ratios) }];
  });
  const rows = figuresOf([MEAN], means).flatMap((figures, i) =>
    allocatorRows(
      means[i]!.allocator,
      figures.map((figure) => starred(figure, paint)),
    ),
  );
  const title = `${paint.bold(`All ${traces} traces`)}\ngeometric means, of allocators that served every trace`;
  return `${title}\n\n${table(['', MEAN.title], rows, ['left', 'right'])}`;
}

function formatRatio(ratio: number): string {
  return ratio.toFixed(3);
}
