/** The process of a single job, started by the runner: measures, and prints the outcome as JSON. */
import type { Order, Outcome } from './runner.js';
import { Unfinished } from './suite.js';
import { HEAP_SUITES, SUITES } from './suites.js';

const { suite: id, job, short } = JSON.parse(process.argv[2]!) as Order;
const suite = [...SUITES, ...HEAP_SUITES].find((each) => each.id === id);
if (suite === undefined) throw new Error(`no suite ${id}`);
console.log(JSON.stringify(await outcome(suite.measure(job, short))));

async function outcome(measured: Promise<number>): Promise<Outcome> {
  try {
    const value = await measured;
    return Number.isFinite(value) ? { value } : { failed: `measured ${value}` };
  } catch (error) {
    if (error instanceof Unfinished) return { failed: error.message };
    throw error;
  }
}
