/** The formats that traces are read from, and written to: a new one adds its line. */
import type { TraceFormat } from './format.js';
import { protobuf } from './protobuf.js';

export const FORMATS: readonly TraceFormat[] = [protobuf];
