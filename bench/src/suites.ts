/** Every suite, by the command that runs it. A job finds its suite here by the id. */
import type { Suite } from './suite.js';
import { fits, replacement } from './suites/fits.js';
import { heapSuite } from './suites/heap.js';
import { heapMemory } from './suites/heap-memory.js';
import { heapScale } from './suites/heap-scale.js';
import { kernel } from './suites/kernel.js';
import { replay } from './suites/replay.js';
import { scale } from './suites/scale.js';

/** Of `npm run bench`. */
export const SUITES: readonly Suite[] = [fits, replacement, scale, replay, kernel];
/** Of `npm run bench:heap`, as a job needs them: the recordings and contenders are in the job. */
export const HEAP_SUITES: readonly Suite[] = [heapSuite([], []), heapMemory([]), heapScale];
