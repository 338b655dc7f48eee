/**
 * npm run test:runtimes -- [NAME...] [--short] [--json]: core's tests, `compare`, `fit` and Ctrl-C in each pinned
 * runtime (scripts/runtimes/pins.js), and core's tests and the laboratory's browser entry in Debian's chromium.
 * Exit status 1 where one fails.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { faultOf, faultOfInterrupt, records } from './runtimes/command.js';
import { vitest } from './runtimes/core-tests.js';
import { installed, PINS, QUIET } from './runtimes/pins.js';

/**
 * @typedef {object} Row
 * @property {string} runtime
 * @property {string} version
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {boolean | null} compare null where it is not run
 * @property {boolean | null} fit
 * @property {boolean | null} interrupt
 * @property {number} seconds
 * @property {readonly string[]} faults
 */

const CHROMIUM = '/usr/bin/chromium';
const NAMES = [...PINS.map(({ name }) => name), 'chromium'];
/** One for each engine: V8 at its newest in two runtimes, JavaScriptCore. */
const SHORT = ['node-26', 'bun', 'deno'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
});
for (const name of positionals) {
  if (NAMES.includes(name)) continue;
  process.stderr.write(`'${name}' is not a runtime; there are ${NAMES.join(', ')}\n`);
  process.exit(2);
}
const chosen = positionals.length > 0 ? positionals : values.short ? SHORT : NAMES;

const here = [process.execPath];
const expected = { compare: await records(here, 'compare'), fit: await records(here, 'fit') };
/** @type {Row[]} */
const rows = [];
for (const name of chosen) {
  const pin = PINS.find((pin) => pin.name === name);
  const row = pin === undefined ? await inChromium() : await inRuntime(pin);
  for (const fault of row.faults) process.stderr.write(`${name}: ${fault}\n`);
  rows.push(row);
}
process.stdout.write(values.json ? `${JSON.stringify(rows, null, 2)}\n` : table(rows));
process.exitCode = rows.some(({ faults }) => faults.length > 0) ? 1 : 0;

/**
 * @param {import('./runtimes/pins.js').Pin} pin
 * @returns {Promise<Row>}
 */
async function inRuntime(pin) {
  const { name, version, script } = pin;
  const runtime = [await installed(pin), ...script];
  const began = performance.now();
  process.stderr.write(`${name} ${version}\n`);
  const [engine] = name.split('-');
  const tests = await vitest(runtime, 'vitest.runtimes.config.ts', {
    short: values.short,
    env: { ...QUIET, FREEHOLD_RUNTIME: `${engine} ${version}` },
  });
  const compare = await faultOf(runtime, 'compare', expected.compare, QUIET);
  const fit = await faultOf(runtime, 'fit', expected.fit, QUIET);
  const interrupt = await faultOfInterrupt(runtime, QUIET);
  return {
    runtime: name,
    version,
    ...tests,
    compare: compare === null,
    fit: fit === null,
    interrupt: interrupt === null,
    seconds: secondsSince(began),
    faults: [...tests.faults, ...[compare, fit, interrupt].filter((fault) => fault !== null)],
  };
}

/** @returns {Promise<Row>} */
async function inChromium() {
  const row = { runtime: 'chromium', compare: null, fit: null, interrupt: null };
  if (!existsSync(CHROMIUM)) {
    const faults = ['there is none: apt-get install chromium'];
    return { ...row, version: 'none', passed: 0, failed: 0, skipped: 0, seconds: 0, faults };
  }
  const began = performance.now();
  const version = execFileSync(CHROMIUM, ['--version'], { encoding: 'utf8', stdio: 'pipe' });
  process.stderr.write(`chromium ${version}`);
  const core = await vitest(here, 'vitest.chromium.config.ts', { short: values.short });
  const entry = await vitest(here, 'vitest.browser.config.ts', {
    only: ['packages/lab/test/entry.browser.ts'],
  });
  return {
    ...row,
    version: /[\d.]+/.exec(version)?.[0] ?? 'unknown',
    passed: core.passed + entry.passed,
    failed: core.failed + entry.failed,
    skipped: core.skipped + entry.skipped,
    // What the browser's entry replays is compared with the command, too.
    compare: entry.faults.length === 0,
    seconds: secondsSince(began),
    faults: [...core.faults, ...entry.faults],
  };
}

/** @param {number} began */
function secondsSince(began) {
  return Math.round((performance.now() - began) / 1000);
}

/** @param {readonly Row[]} rows */
function table(rows) {
  /** @param {boolean | null} well */
  const answer = (well) => (well === null ? '-' : well ? 'yes' : 'NO');
  const lines = [
    ['runtime', 'version', 'passed', 'failed', 'skipped', 'compare', 'fit', 'Ctrl-C', 'seconds'],
    ...rows.map((row) => [
      row.runtime,
      row.version,
      ...[row.passed, row.failed, row.skipped].map((count) => count.toLocaleString('en')),
      ...[row.compare, row.fit, row.interrupt].map(answer),
      String(row.seconds),
    ]),
  ];
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const padded = lines.map((line) =>
    line.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
  );
  return `${padded.join('\n')}\n`;
}
