/** What a run of benchmarks says: on the terminal, and in docs/benchmarks.md. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import type { Result, Suite, Table as SuiteTable } from './suite.js';

const PAGE = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));

/** What else the machine had to do when the run began, in processes that wait for a core. */
const LOAD = loadavg()[0]!;

/** One suite with what was measured. */
export interface Measured {
  readonly suite: Suite;
  readonly results: readonly Result[];
}

/** Tells stderr what goes on, where it is a terminal; '' takes it away. */
export function tell(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what.slice(0, 79)}`);
}

export function terminalText({ suite, results }: Measured): string {
  const goals = suite
    .goals(results)
    .map(({ goal, met, found }) => `${met ? 'met   ' : 'MISSED'} ${goal}: ${found}`);
  const notes = suite.notes?.(results) ?? [];
  return [suite.title, ...suite.tables(results).map(plain), goals.join('\n'), notes.join('\n')]
    .filter(Boolean)
    .join('\n\n')
    .concat('\n');
}

const BARE = [
  ...[
    'top',
    'bottom',
    'left',
    'right',
    'mid',
    'top-mid',
    'bottom-mid',
    'top-left',
    'top-right',
    'bottom-left',
  ],
  ...['bottom-right', 'left-mid', 'mid-mid', 'right-mid'],
];

function plain({ caption, head, rows }: SuiteTable): string {
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, i) => (i === 0 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
    chars: { ...Object.fromEntries(BARE.map((part) => [part, ''])), middle: '  ' },
  });
  table.push(...rows.map((row) => [...row]));
  return caption === undefined ? table.toString() : `${caption}\n${table.toString()}`;
}

/**
 * Puts the suites' sections into docs/benchmarks.md, each in place of its older self; other sections stay.
 * @param command what was run: `npm run bench -- --write`
 * @param machine what else the figures depend on, such as the versions of peers
 */
export function writePage(all: readonly Measured[], command: string, rounds: number, machine = ''): void {
  const old = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : '# Benchmarks\n';
  const made = `Made by \`${command}\`, every contender in a fresh process, taking turns; medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}. ${describeMachine()}${machine && ` ${machine}`}\nTimes differ from run to run and machine to machine: compare within a table.`;
  writeFileSync(
    PAGE,
    all.reduce((page, measured) => withSection(page, measured.suite.id, section(measured, made)), old),
  );
}

/** The page with this text between the marks of the section, which is added at the end where it is missing. */
export function withSection(page: string, id: string, text: string): string {
  const [begin, end] = [`<!-- ${id} -->`, `<!-- end of ${id} -->`];
  const marked = `${begin}\n\n${text}\n\n${end}`;
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) return `${page.trimEnd()}\n\n${marked}\n`;
  return page.slice(0, from) + marked + page.slice(to + end.length);
}

function section({ suite, results }: Measured, made: string): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const tables = suite.tables(results).map(({ caption, head, rows }) => {
    const ruler = head.map((_, i) => (i === 0 ? '---' : '---:'));
    const table = [line(head), line(ruler), ...rows.map(line)].join('\n');
    return caption === undefined ? table : `${caption}\n\n${table}`;
  });
  const goals = suite
    .goals(results)
    .map(({ goal, met, found }) => `- ${met ? 'met' : '**missed**'}: ${goal}; ${found}`);
  const notes = suite.notes?.(results) ?? [];
  return [
    `## ${suite.title}`,
    suite.method,
    made,
    ...tables,
    goals.join('\n'),
    notes.map((note) => `- ${note}`).join('\n'),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function describeMachine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `Node ${process.versions.node}, V8 ${process.versions.v8}, ${cpu?.model ?? 'unknown processor'}, ${cpus().length} cores, ${memory} GiB, load average ${LOAD.toFixed(1)} at the start.`;
}
