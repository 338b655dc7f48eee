/** The laboratory of freehold: traces in, answers out. */
export { TraceFormatError } from './formats/errors.js';
export { geometricMean, median } from './metrics/averages.js';
export type { Measurement } from './metrics/measurement.js';
export { MEASURES, type Measure, type MeasureKey } from './metrics/measures.js';
export { type MonitorOptions, type MonitorResult, runMonitor } from './monitor/monitor.js';
export { type OpenOptions, openTrace } from './node/open-trace.js';
export type { Fit } from './replay/fit.js';
export type { Settings } from './replay/options.js';
export { type CompareTask, compare, type FitTask, fit, timeReplay } from './replay/task.js';
export { NO_NOTES, type Trace, type TraceNotes } from './trace/trace.js';
export { type Job, type JobMixOptions, makeJobs, type SizeDistribution } from './workload/jobs.js';
export { Random } from './workload/random.js';
