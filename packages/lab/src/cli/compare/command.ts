/** `freehold compare`: every allocator on every trace, side by side. */
import { cpus } from 'node:os';
import { Command } from 'commander';
import { type Comparison, measuredIn } from '../../metrics/comparison.js';
import { toCsv, toRecords } from '../../metrics/csv.js';
import type { Measurement } from '../../metrics/measurement.js';
import { checkOutputs } from '../../node/output/check.js';
import { writeOutput } from '../../node/output/write.js';
import { reportPage } from '../../node/report-page.js';
import type { Contender } from '../../replay/contender.js';
import { leftOutNote } from '../../replay/contenders.js';
import { renderReport } from '../../report/report.js';
import { formatMany } from '../../text/format.js';
import { alignOption, allocatorsHelp, allocatorsOption, asOption, zstdWindowOption } from '../arguments.js';
import { tellProblems } from '../problems.js';
import { replayAll, type Submit } from '../replays.js';
import { colours, parseSize, print } from '../terminal.js';
import { VERSION } from '../version.js';
import { legend, meansTable, measuresHelp, traceTable } from './tables.js';

interface CompareOptions {
  readonly allocators?: readonly Contender[];
  readonly capacity?: number;
  readonly align: number;
  readonly as?: string;
  readonly zstdWindow: number;
  readonly verify?: true;
  readonly json?: true;
  readonly csv?: string;
  readonly report?: string;
}

const EXAMPLES = `
Examples:
  $ freehold compare app.trace.gz
  $ freehold compare *.gz --allocators best-fit,tlsf,buddy:unit=64
  $ freehold compare app.trace.gz --capacity 64MiB --verify
  $ freehold compare app.trace.gz --report app.html --csv app.csv
  $ freehold compare kmem.txt --as kmem-pages --align 4096
`;

export function compareCommand(): Command {
  return new Command('compare')
    .description('replay traces through allocators: their time, memory and fragmentation, side by side')
    .argument('<trace...>', 'recordings of malloc and free in any format that `freehold info` reads')
    .addOption(allocatorsOption())
    .option(
      '--capacity <SIZE>',
      'a fixed arena, such as 64MiB; refused requests are counted (default: it grows)',
      (text) => parseSize(text, '--capacity'),
    )
    .addOption(alignOption())
    .addOption(asOption())
    .addOption(zstdWindowOption())
    .option('--verify', 'check every promise on real bytes; exit status 1 when one is broken')
    .option('--json', 'print a JSON array of objects instead of tables')
    .option('--csv <FILE>', 'also write the figures as CSV')
    .option('--report <FILE>', 'also write a report with charts, one HTML file')
    .addHelpText('after', measuresHelp() + allocatorsHelp() + EXAMPLES)
    .action(compare);
}

async function compare(paths: readonly string[], options: CompareOptions): Promise<void> {
  const { csv, report } = options;
  checkOutputs({ '--csv': csv, '--report': report }, paths);
  const paint = colours(process.stdout);
  const comparisons: Comparison[] = [];
  const internal: unknown[] = [];
  const leftOut: string[] = [];
  const settings = { align: options.align, capacity: options.capacity ?? null };
  const verify = options.verify === true;
  const submit: Submit<Measurement> = (pool, trace, { peakLiveBytes }, spec) =>
    pool.compare({ trace, spec, settings, verify }, peakLiveBytes);
  const reading = { format: options.as, zstdWindow: options.zstdWindow };
  for await (const replayed of replayAll(paths, options.allocators, settings, submit, reading)) {
    const { comparison, partial } = replayed;
    comparisons.push(comparison);
    internal.push(...replayed.internal);
    if (partial) leftOut.push(comparison.trace.name);
    if (!options.json) print(`${traceTable(comparison, paint)}\n`);
  }
  // Files first: a reader who has seen enough ends the printing.
  if (csv !== undefined) await writeOutput(csv, [toCsv(comparisons)], { replace: true });
  if (report !== undefined && comparisons.some((each) => measuredIn(each).length > 0)) {
    const typed = ['freehold', ...process.argv.slice(2)].map(quoteForShell).join(' ');
    const meta = { version: VERSION, command: typed, created: new Date(), machine: machine() };
    await writeOutput(report, [renderReport(comparisons, meta, reportPage())], { replace: true });
  }
  if (options.json) {
    print(JSON.stringify(toRecords(comparisons), null, 2));
  } else {
    const parts = [meansTable(comparisons, paint), legend(comparisons, paint), leftOutNote(leftOut)];
    print(parts.filter(Boolean).join('\n\n'));
  }
  tellProblems(comparisons, internal);
}

function machine(): string {
  const cores = cpus();
  return `${cores[0]?.model.trim() ?? process.arch}, ${formatMany(cores.length, 'core')}, ${process.platform}, Node ${process.versions.node}`;
}

function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
