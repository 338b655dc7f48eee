/**
 * What of the laboratory needs Node: files, threads, the page of the report.
 * @module @freehold/lab/node
 */
export { type OpenOptions, openTrace } from './open-trace.js';
export { writeOutput } from './output/write.js';
export { reportPage } from './report-page.js';
export { ReplayPool } from './threads/pool.js';
