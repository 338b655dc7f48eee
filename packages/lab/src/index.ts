/**
 * The laboratory of freehold: recordings in, answers out. This entry runs everywhere; `@freehold/lab/node` adds files,
 * threads and the page of the report.
 * @module @freehold/lab
 */
export { FaultError, UserError } from './errors.js';
export type { DecompressOptions, Gunzip } from './formats/decompress.js';
export { TraceFormatError } from './formats/errors.js';
export { type ReadOptions, readTrace } from './formats/read-trace.js';
export { geometricMean, median } from './metrics/averages.js';
export type { Fault, FaultKind, Verification } from './metrics/fault.js';
export type { Measurement } from './metrics/measurement.js';
export { MEASURES, type Measure, type MeasureKey } from './metrics/measures.js';
export { type MonitorOptions, type MonitorResult, runMonitor } from './monitor/monitor.js';
export type { Fit } from './replay/fit.js';
export type { Settings } from './replay/options.js';
export { ALLOCATORS } from './replay/registry.js';
export { type CompareTask, compare, type FitTask, fit, timeReplay } from './replay/task.js';
export { type Part, type ReportMeta, type ReportPage, renderReport } from './report/report.js';
export { NO_NOTES, type Trace, type TraceNotes } from './trace/trace.js';
export { type Job, type JobMixOptions, makeJobs, type SizeDistribution } from './workload/jobs.js';
export { Random } from './workload/random.js';
