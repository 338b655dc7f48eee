/** The formats that traces are read from, and written to: a new one adds its line. */
import { android } from './android.js';
import type { TraceFormat } from './format.js';
import { heaptrack } from './heaptrack.js';
import { kmem, kmemPages } from './kmem.js';
import { ltrace } from './ltrace.js';
import { mtrace } from './mtrace.js';
import { ostep } from './ostep.js';
import { protobuf } from './protobuf.js';
import { rep } from './rep.js';
import { valgrind } from './valgrind.js';

export const FORMATS: readonly TraceFormat[] = [
  protobuf,
  rep,
  mtrace,
  valgrind,
  ltrace,
  heaptrack,
  android,
  ostep,
  kmem,
  kmemPages,
];
