/**
 * Each command interrupted at moments spread over its run, and as soon as a temporary file is there: it ends by the
 * signal, what was there is there, whole, and nothing else is.
 */
import { mkdirSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type Ended, freehold, type RunOptions, Scratch } from './process.js';

const SAMPLES = fileURLToPath(new URL('../../../samples/', import.meta.url));
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const MOMENTS = 10;
const OLD = 'what was there';

interface Interrupted {
  readonly name: string;
  readonly argv: readonly string[];
  /** Files that the command replaces: their names in the folder it runs in, and what they hold when it is done. */
  readonly outputs?: Readonly<Record<string, RegExp>>;
}

const NGINX = `${SAMPLES}nginx.trace.gz`;
const CC1 = `${SAMPLES}cc1.trace.gz`;
const CSV = /^trace,[\s\S]*\r\n$/;
const REPORT = /^<!doctype html>[\s\S]*<\/html>\n$/;

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());
const SMALL = scratch.recording('in.rep', 1000);
const SCRIPT = scratch.at('script.txt');
writeFileSync(SCRIPT, Array.from({ length: 200 }, () => 'p = kmalloc 100\nkfree $p\n').join(''));

const COMMANDS: readonly Interrupted[] = [
  {
    name: 'compare with --csv and --report',
    argv: ['compare', SMALL, '-a', 'tlsf', '--csv', 'out.csv', '--report', 'out.html'],
    outputs: { 'out.csv': CSV, 'out.html': REPORT },
  },
  {
    name: 'convert',
    argv: ['convert', CC1, 'out.rep', '--force'],
    outputs: { 'out.rep': /^\d+\n\d+\n184912\n(?:.*\n){184913}$/ },
  },
  { name: 'fit', argv: ['fit', SMALL, '-a', 'tlsf'] },
  { name: 'info', argv: ['info', NGINX] },
  { name: 'fuzz', argv: ['fuzz', '-a', 'tlsf', '-n', '5000', '--seed', '1'] },
  { name: 'monitor', argv: ['monitor', '--jobs', '500'] },
  { name: 'kernel with a script', argv: ['kernel', SCRIPT] },
  { name: 'kernel --demo', argv: ['kernel', '--demo'] },
  { name: 'inspect', argv: ['inspect'] },
  { name: 'lesson', argv: ['lesson'] },
];

let runs = 0;

/** Runs it in a folder of its own with the old outputs, and its own folder for temporary files. */
async function run({ argv, outputs = {} }: Interrupted, onStart?: Interruption) {
  const folder = scratch.at(`run-${runs++}`);
  const temporary = `${folder}-tmp`;
  for (const path of [folder, temporary]) mkdirSync(path);
  for (const name of Object.keys(outputs)) writeFileSync(`${folder}/${name}`, OLD);
  const options: RunOptions = { cwd: folder, env: { TMPDIR: temporary } };
  const ended = await freehold(
    argv,
    onStart === undefined ? options : { ...options, onStart: (kill) => onStart(kill, [folder, temporary]) },
  );
  expect(readdirSync(temporary), 'left in the temporary folder').toEqual([]);
  expect(readdirSync(folder), 'left in the folder').toEqual(Object.keys(outputs));
  const contents = Object.keys(outputs).map((name) => readFileSync(`${folder}/${name}`, 'utf8'));
  return { ended, contents };
}

type Interruption = (kill: (signal: NodeJS.Signals) => void, folders: readonly string[]) => void;

/** Each output is the old one or the new one, whole. */
function expectOldOrNew({ outputs = {} }: Interrupted, contents: readonly string[]): void {
  Object.values(outputs).forEach((whole, i) => {
    if (contents[i] !== OLD) expect(contents[i]).toMatch(whole);
  });
}

function expectEnd({ status, signal, stderr }: Ended, sent: NodeJS.Signals): void {
  // It may have been done before the signal came.
  if (signal === null) expect(status).toBe(0);
  else expect(signal).toBe(sent);
  expect(stderr).not.toMatch(/error|Error|at .*:\d+/);
}

describe.each(COMMANDS)('$name', (command) => {
  it.concurrent('interrupted at moments spread over its run', async () => {
    const { ended, contents } = await run(command);
    expect([ended.status, ended.signal]).toEqual([0, null]);
    expect(contents).not.toContain(OLD);
    expectOldOrNew(command, contents);
    const signals = process.env['SHORT'] ? [null] : SIGNALS;
    let hits = 0;
    for (const chosen of signals) {
      for (let i = 0; i < MOMENTS; i++) {
        const sent = chosen ?? SIGNALS[i % SIGNALS.length]!;
        const moment = ((i + 0.5) / MOMENTS) * ended.milliseconds;
        const interrupted = await run(command, (kill) => setTimeout(kill, moment, sent));
        expectEnd(interrupted.ended, sent);
        expectOldOrNew(command, interrupted.contents);
        if (interrupted.ended.signal !== null) hits++;
      }
    }
    // The run's length varies; that most signals come too late would be another fault.
    expect(hits).toBeGreaterThanOrEqual(3);
  });
});

describe.each(COMMANDS.filter(({ outputs }) => outputs !== undefined))('$name', (command) => {
  it.concurrent.each(SIGNALS)('gets %s as soon as a temporary file is there', async (sent) => {
    const { ended, contents } = await run(command, (kill, folders) => {
      for (const folder of folders) {
        const watcher = watch(folder, (_event, name) => {
          if (!name?.endsWith('.tmp')) return;
          watcher.close();
          kill(sent);
        });
        watcher.unref();
      }
    });
    expectEnd(ended, sent);
    expectOldOrNew(command, contents);
    // Long enough to be met for certain: hundreds of milliseconds.
    if (command.name === 'convert') expect([ended.signal, contents[0]]).toEqual([sent, OLD]);
  });
});
