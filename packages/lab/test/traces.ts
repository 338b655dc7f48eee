/** Traces written down by hand, for tests. */
import { TraceBuilder } from '../src/trace/builder.js';
import type { Trace } from '../src/trace/trace.js';

/**
 * A trace of calls by name: `a+100` malloc, `a*100` calloc, `a+100^64` memalign, `a~50` realloc, `-a` free. Names are
 * whole words, slots are given out in order and reused after a free, the one freed last first.
 */
export function makeTrace(calls: string, name = 'test'): Trace {
  const builder = new TraceBuilder();
  const names = new Map<string, number>();
  const idOf = (word: string) => {
    const id = names.get(word) ?? names.size + 1;
    names.set(word, id);
    return id;
  };
  for (const call of calls.trim().split(/\s+/)) {
    const match = /^(-?)(\w+)(?:([+*~])(\d+)(?:\^(\d+))?)?$/.exec(call);
    if (match === null) throw new Error(`no call of a trace: ${call}`);
    const [, minus, word = '', sign, size, align] = match;
    const id = idOf(word);
    const bytes = Number(size);
    if (minus) builder.free(0, id);
    else if (sign === '*') builder.zeroed(0, id, bytes);
    else if (sign === '~') builder.reallocate(0, id, 0, id, bytes);
    else if (align !== undefined) builder.aligned(0, id, bytes, Number(align));
    else builder.allocate(0, id, bytes);
  }
  return builder.finish(name, 'test');
}
