/** `freehold compare`: every allocator on every trace, side by side. */
import { cpus } from 'node:os';
import { Command } from 'commander';
import { toCsv, toRecord } from '../../metrics/csv.js';
import type { Measurement } from '../../metrics/measurement.js';
import type { Unmeasured } from '../../metrics/unmeasured.js';
import { checkOutputs } from '../../node/output/check.js';
import { writeOutput } from '../../node/output/write.js';
import { reportPage } from '../../node/report-page.js';
import type { Contender } from '../../replay/registry.js';
import { renderReport } from '../../report/report.js';
import { formatMany } from '../../text/format.js';
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
  const measurements: Measurement[] = [];
  const unmeasured: Unmeasured[] = [];
  const internal: unknown[] = [];
  const leftOut: string[] = [];
  const settings = { align: options.align, capacity: options.capacity ?? null };
  const verify = options.verify === true;
  const submit: Submit<Measurement> = (pool, trace, spec) => pool.compare({ trace, spec, settings, verify });
  const reading = { format: options.as, zstdWindow: options.zstdWindow };
  for await (const { trace, results, partial, ...others } of replayAll(
    paths,
    options.allocators,
    settings,
    submit,
    reading,
  )) {
    measurements.push(...results);
    unmeasured.push(...others.unmeasured);
    internal.push(...others.internal);
    if (partial) leftOut.push(trace);
    if (!options.json) print(`${traceTable(results, paint, others.unmeasured)}\n`);
  }
  // Files first: a reader who has seen enough ends the printing.
  if (csv !== undefined) await writeOutput(csv, [toCsv(measurements, unmeasured)], { replace: true });
  if (report !== undefined && measurements.length > 0) {
    const typed = ['freehold', ...process.argv.slice(2)].map(quoteForShell).join(' ');
    const meta = { version: VERSION, command: typed, created: new Date(), machine: machine(), unmeasured };
    await writeOutput(report, [renderReport(measurements, meta, reportPage())], { replace: true });
  }
  if (options.json) {
    print(JSON.stringify([...measurements.map(toRecord), ...unmeasured], null, 2));
  } else {
    const parts = [meansTable(measurements, paths.length, paint), legend(paint), leftOutNote(leftOut)];
    print(parts.filter(Boolean).join('\n\n'));
  }
  tellProblems({ measurements, unmeasured, internal });
}

function machine(): string {
  const cores = cpus();
  return `${cores[0]?.model.trim() ?? process.arch}, ${formatMany(cores.length, 'core')}, ${process.platform}, Node ${process.versions.node}`;
}

function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
