/** The laboratory of freehold: traces in, answers out. */
export type { Trace, TraceNotes } from './trace/trace.js';
