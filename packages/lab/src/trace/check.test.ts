import { describe, expect, it } from 'vitest';
import { TraceBuilder } from './builder.js';
import { checkTrace } from './check.js';
import type { Trace } from './trace.js';

/** malloc 0, memalign 1, realloc 0, free 1, malloc 1, free 0 */
function sound(): Trace {
  const builder = new TraceBuilder();
  builder.allocate(0, 10, 100);
  builder.aligned(0, 11, 200, 32);
  builder.reallocate(0, 10, 0, 12, 300);
  builder.free(0, 11);
  builder.allocate(0, 13, 400);
  builder.free(0, 12);
  return builder.finish('sound', 'none');
}

/** A change of one value in one column, after another change. */
function put(
  column: 'op' | 'slot' | 'size' | 'align',
  at: number,
  value: number,
  before: (trace: Trace) => Trace = (trace) => trace,
): (trace: Trace) => Trace {
  return (trace) => {
    before(trace)[column][at] = value;
    return trace;
  };
}

describe('checkTrace', () => {
  it('accepts a sound trace', () => {
    checkTrace(sound());
  });

  const broken: [string, (trace: Trace) => Trace, string][] = [
    ['a short column', (t) => ({ ...t, slot: t.slot.subarray(1) }), 'slot with 5 entries in a trace of 6'],
    [
      'a column of its own memory',
      (t) => ({ ...t, op: Uint8Array.from(t.op) }),
      'lies on shared memory, where there is any; found op',
    ],
    ['an unknown operation', put('op', 2, 5), 'one of the five; found 5 at operation 3'],
    ['a slot too high', put('slot', 5, 2), 'below the number of slots; found slot 2 of 2 at operation 6'],
    ['a size on a free', put('size', 3, 1), 'a free has size 0; found 1 at operation 4'],
    ['an alignment on a malloc', put('align', 0, 4), 'found 2^4 of an operation 0 at operation 1'],
    ['an aligned allocation without one', put('align', 1, 0), 'found 2^0 of an operation 2 at operation 2'],
    [
      'a free of a dead block',
      put('slot', 5, 1, put('op', 4, 4, put('size', 4, 0))),
      'dead slot 1 at operation 5',
    ],
    ['a second block in a slot', put('op', 2, 0), 'found live slot 0 at operation 3'],
    ['a slot left out', put('slot', 0, 1), 'found slot 1 after 0 at operation 1'],
    ['too many slots', (t) => ({ ...t, slots: 3 }), 'found 3 slots, 2 blocks'],
    [
      'half a byte',
      (t) => ({ ...t, size: new Float64Array(new SharedArrayBuffer(48)).fill(0.5) }),
      'sizes are whole numbers from 0 up; found 0.5 at operation 1',
    ],
  ];
  it.each(broken)('refuses %s', (_what, breakIt, message) => {
    expect(() => checkTrace(breakIt(sound()))).toThrow(message);
  });
});
