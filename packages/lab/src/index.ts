/** The laboratory of freehold: traces in, answers out. */
export { TraceFormatError } from './formats/errors.js';
export { type OpenOptions, openTrace } from './formats/open.js';
export { NO_NOTES, type Trace, type TraceNotes } from './trace/trace.js';
