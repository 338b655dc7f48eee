/** Core's tests, and the browser entry of the laboratory, by vitest as the runtime runs it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './processes.js';

const VITEST = 'node_modules/vitest/vitest.mjs';
/** Of core: memory of all kinds, the heap and its stacks, WebAssembly. What takes longest, random calls, is left out. */
const SHORT = [
  'memory/',
  'heap/heap.test',
  'heap/growth.test',
  'heap-debug/',
  'wasm/',
  'wrong-types',
  'replay/shortage',
].map((path) => `/${path}`);

/**
 * @typedef {object} Tests
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {readonly string[]} faults one text for each failure
 */

/**
 * @param {readonly string[]} runtime the binary and what comes before a script
 * @param {string} config of vitest
 * @param {{ short?: boolean, only?: readonly string[], env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<Tests>}
 */
export async function vitest(runtime, config, { short = false, only = [], env = {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'freehold-runtimes-'));
  const report = join(folder, 'report.json');
  try {
    const files = short ? SHORT : only;
    const flags = ['run', '--config', config, '--reporter=json', `--outputFile=${report}`];
    const ended = await run([...runtime, VITEST, ...flags, ...files], { seconds: 900, env });
    return counted(ended, () => JSON.parse(readFileSync(report, 'utf8')));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {import('./processes.js').Ended} ended
 * @param {() => import('vitest/node').JsonTestResults} read
 * @returns {Tests}
 */
function counted({ status, late, stdout, stderr }, read) {
  const faults = [];
  if (late) faults.push('the tests did not end');
  let [passed, failed, skipped] = [0, 0, 0];
  try {
    const report = read();
    passed = report.numPassedTests;
    failed = report.numFailedTests;
    skipped = report.numPendingTests;
    for (const { name, message, assertionResults } of report.testResults) {
      if (message) faults.push(`${name}: ${message}`);
      for (const { fullName, status, failureMessages } of assertionResults) {
        if (status === 'failed') faults.push(`${name}: ${fullName}\n${failureMessages?.join('\n') ?? ''}`);
      }
    }
  } catch {
    faults.push(`no report of the tests\n${stdout}${stderr}`);
  }
  if (passed + failed === 0) faults.push('no test was run');
  if (status !== 0 && faults.length === 0) faults.push(`vitest ended with ${status}\n${stderr}`);
  return { passed, failed, skipped, faults };
}
