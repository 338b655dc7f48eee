/** `freehold fit`: the smallest arena in which a trace completes, for every allocator. */
import { Command } from 'commander';
import { geometricMean } from '../../metrics/averages.js';
import type { Unmeasured } from '../../metrics/unmeasured.js';
import type { Fit } from '../../replay/fit.js';
import type { Contender } from '../../replay/registry.js';
import type { Colours } from '../../text/colours.js';
import { formatCount, formatMany, formatSize } from '../../text/format.js';
import { define, table, wrap } from '../../text/table.js';
import { visibleName } from '../../text/visible.js';
import {
  alignOption,
  allocatorsHelp,
  allocatorsOption,
  asOption,
  leftOutNote,
  zstdWindowOption,
} from '../arguments.js';
import { tellProblems } from '../problems.js';
import { replayAll, type Submit } from '../replays.js';
import { allocatorRows, BEST, emptyRow, NONE, nothingMeasured, notMeasured } from '../rows.js';
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
  const fits: Fit[] = [];
  const unmeasured: Unmeasured[] = [];
  const internal: unknown[] = [];
  const leftOut: string[] = [];
  const { align } = options;
  const submit: Submit<Fit> = (pool, trace, spec) => pool.fit({ trace, spec, align });
  const settings = { align, capacity: null };
  const reading = { format: options.as, zstdWindow: options.zstdWindow };
  for await (const { trace, results, partial, ...others } of replayAll(
    paths,
    options.allocators,
    settings,
    submit,
    reading,
  )) {
    fits.push(...results);
    unmeasured.push(...others.unmeasured);
    internal.push(...others.internal);
    if (partial) leftOut.push(trace);
    if (!options.json) print(`${fitTable(results, paint, others.unmeasured)}\n`);
  }
  if (options.json) print(JSON.stringify([...fits, ...unmeasured], null, 2));
  else
    print([meansTable(fits, paths.length, paint), LEGEND, leftOutNote(leftOut)].filter(Boolean).join('\n\n'));
  tellProblems({ unmeasured, internal });
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

/** The table of one trace, headed by what the trace is. */
function fitTable(fits: readonly Fit[], paint: Colours, unmeasured: readonly Unmeasured[]): string {
  const [first] = fits;
  if (first === undefined) return nothingMeasured(unmeasured, paint);
  const { trace, operations, peakLiveBytes } = first;
  const best = bestOf(fits.map(({ smallestBytes }) => smallestBytes));
  const rows = fits.flatMap((fit) => {
    const { smallestBytes, bookkeepingBytes, grownBytes } = fit;
    const smallest = smallestBytes === null ? 'none' : formatSize(smallestBytes);
    return allocatorRows(fit.allocator, [
      smallestBytes !== null && smallestBytes === best ? paint.green(`${BEST}${smallest}`) : smallest,
      smallestBytes === null ? NONE : formatCount(smallestBytes),
      formatRatio(fit.ratio),
      formatSize(grownBytes),
      bookkeepingBytes === null ? NONE : formatSize(bookkeepingBytes),
    ]);
  });
  const head = ['', 'smallest', 'bytes', 'x live', 'growing', 'books'];
  rows.push(...unmeasured.flatMap((each) => emptyRow(each, head.length - 1)));
  return [
    paint.bold(visibleName(trace)),
    `${formatMany(operations, 'operation')}, at most ${formatSize(peakLiveBytes)} live`,
    '',
    table(head, rows, ['left', 'right', 'right', 'right', 'right', 'right']),
    ...unmeasured.map(notMeasured),
    ...fits.flatMap(notMonotone),
    worstCaseNote(first),
  ].join('\n');
}

function worstCaseNote({ worstCases: { any, firstFit, bestFit, buddy } }: Fit): string {
  const worst = `The worst program with as much live and sizes in this range: at least ${formatSize(any)} with any allocator, at most ${formatSize(firstFit)} with first-fit and ${formatSize(buddy)} with buddy`;
  return `\n${wrap(`${worst}, near ${formatSize(bestFit)} with best-fit.`)}`;
}

function notMonotone({ allocator, smallestBytes, failsAtBytes }: Fit): string[] {
  if (smallestBytes === null || failsAtBytes === null) return [];
  const found = `${allocator} serves all in ${formatCount(smallestBytes)} bytes but not in ${formatCount(failsAtBytes)}`;
  return [wrap(`${found}: a larger arena is not always safe with it. Use just that size, or try yours.`)];
}

/** Geometric means of smallest ÷ live, over all traces; '' where there is but one. */
function meansTable(fits: readonly Fit[], traces: number, paint: Colours): string {
  if (traces < 2) return '';
  const allocators = [...new Set(fits.map(({ allocator }) => allocator))];
  const means = allocators.flatMap((allocator) => {
    const ratios = fits.filter((fit) => fit.allocator === allocator).flatMap(({ ratio }) => ratio ?? []);
    return ratios.length < traces ? [] : [{ allocator, mean: geometricMean(ratios) }];
  });
  const best = bestOf(means.map(({ mean }) => formatRatio(mean)));
  const rows = means.flatMap(({ allocator, mean }) => {
    const text = formatRatio(mean);
    return allocatorRows(allocator, [text === best ? paint.green(`${BEST}${text}`) : text]);
  });
  const title = `${paint.bold(`All ${traces} traces`)}\ngeometric means, of allocators that served every trace`;
  return `${title}\n\n${table(['', 'x live'], rows, ['left', 'right'])}`;
}

/** The least; null where all are the same. */
function bestOf<T extends number | string>(values: readonly (T | null)[]): T | null {
  const present = [...new Set(values.filter((value) => value !== null))];
  return present.length < 2 ? null : present.reduce((a, b) => (Number(b) < Number(a) ? b : a));
}

function formatRatio(ratio: number | null): string {
  return ratio === null ? NONE : ratio.toFixed(3);
}
