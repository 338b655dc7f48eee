import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { notes, operations } from '../../test/recordings.js';
import { TraceBuilder } from './builder.js';
import { checkTrace } from './check.js';
import type { Trace } from './trace.js';

function build(calls: (builder: TraceBuilder) => void): Trace {
  const builder = new TraceBuilder();
  calls(builder);
  const trace = builder.finish('test', 'none');
  checkTrace(trace);
  return trace;
}

describe('TraceBuilder', () => {
  it('maps names to dense slots and gives out first the one freed last', () => {
    const trace = build((b) => {
      b.allocate(0x7f, 0x1000, 100);
      b.zeroed(0x7f, 0x2000, 200);
      b.aligned(0xffff_8881, 0x08ce_8800, 300, 64);
      b.free(0x7f, 0x1000);
      b.free(0x7f, 0x2000);
      b.allocate(0, 1, 5);
      b.allocate(0, 2, 6);
      b.free(0xffff_8881, 0x08ce_8800);
    });
    expect(operations(trace)).toEqual([
      'malloc 0:100',
      'calloc 1:200',
      'memalign 2:300^6',
      'free 0',
      'free 1',
      'malloc 1:5',
      'malloc 0:6',
      'free 2',
    ]);
    expect(trace.slots).toBe(3);
    expect(trace.notes).toEqual(notes({}));
  });

  it('keeps the slot of a block that is moved', () => {
    const trace = build((b) => {
      b.allocate(0, 1, 10);
      b.allocate(0, 2, 20);
      b.reallocate(0, 1, 0, 9, 30);
      b.reallocate(0, 9, 0, 9, 0);
      b.free(0, 1);
      b.free(0, 9);
    });
    expect(operations(trace)).toEqual([
      'malloc 0:10',
      'malloc 1:20',
      'realloc 0:30',
      'realloc 0:0',
      'free 0',
    ]);
    expect(trace.notes).toEqual(notes({ unknownFrees: 1 }));
  });

  it('counts and leaves out frees of names never seen, and makes a realloc of one an allocation', () => {
    const trace = build((b) => {
      b.free(1, 1);
      b.reallocate(1, 1, 2, 2, 50);
      b.free(2, 2);
      b.free(2, 2);
    });
    expect(operations(trace)).toEqual(['malloc 0:50', 'free 0']);
    expect(trace.notes).toEqual(notes({ unknownFrees: 3 }));
  });

  it('frees a block whose name is given out again, whether by an allocation or by a move', () => {
    const trace = build((b) => {
      b.allocate(0, 1, 10);
      b.allocate(0, 2, 20);
      b.allocate(0, 1, 30);
      b.reallocate(0, 2, 0, 1, 40);
      b.allocate(0, 3, 50);
      b.free(0, 1);
      b.free(0, 2);
    });
    expect(operations(trace)).toEqual([
      'malloc 0:10',
      'malloc 1:20',
      'free 0',
      'malloc 0:30',
      'free 0',
      'realloc 1:40',
      'malloc 0:50',
      'free 1',
    ]);
    expect(trace.notes).toEqual(notes({ implicitFrees: 2, unknownFrees: 1 }));
  });

  it('counts what it is told of, and adds no operation for it', () => {
    const trace = build((b) => {
      b.nullFree();
      b.failed();
      b.failed();
      b.unnamed();
      b.skipLine();
      b.skipLine();
      b.skipLine();
    });
    expect(trace.length).toBe(0);
    expect(trace.notes).toEqual(
      notes({ nullFrees: 1, failedAllocations: 2, unnamedAllocations: 1, skippedLines: 3 }),
    );
  });

  it('gives every process its own addresses; the first one named owns what came before', () => {
    const trace = build((b) => {
      b.allocate(0, 1, 10);
      b.process(0, 77);
      b.allocate(0, 2, 20);
      b.process(0, 88);
      b.allocate(0, 1, 30);
      b.free(0, 2);
      b.process(0, 77);
      b.free(0, 1);
      b.process(0, 88);
      b.free(0, 1);
    });
    expect(operations(trace)).toEqual(['malloc 0:10', 'malloc 1:20', 'malloc 2:30', 'free 0', 'free 2']);
    expect(trace.notes).toEqual(notes({ unknownFrees: 1, processes: 2 }));
  });

  it.each([
    [0, 0],
    [1, 0],
    [2, 1],
    [16, 4],
    [24, 5],
    [4097, 13],
    [2 ** 40, 40],
  ])('alignment %d is 2^%d', (align, log2) => {
    const trace = build((b) => b.aligned(0, 1, 8, align));
    expect(operations(trace)).toEqual([log2 === 0 ? 'malloc 0:8' : `memalign 0:8^${log2}`]);
  });

  it('widens the column of sizes for one of 4 GiB, and keeps every other', () => {
    const small = build((b) => b.allocate(0, 1, 2 ** 32 - 1));
    expect(small.size).toBeInstanceOf(Uint32Array);
    expect([...small.size]).toEqual([2 ** 32 - 1]);
    const wide = build((b) => {
      for (let i = 0; i < 70_000; i++) b.allocate(1, i, i === 66_000 ? 2 ** 53 - 1 : i);
      b.free(1, 66_000);
    });
    expect(wide.size).toBeInstanceOf(Float64Array);
    expect(wide.size[66_000]).toBe(2 ** 53 - 1);
    expect(wide.size[69_999]).toBe(69_999);
    expect([wide.op[70_000], wide.slot[70_000]]).toEqual([4, 66_000]);
  });

  it('keeps little of processes that are gone, and knows those that come back', () => {
    const before = process.memoryUsage();
    const builder = new TraceBuilder();
    for (let pid = 0; pid < 100_000; pid++) {
      builder.process(0, pid);
      builder.allocate(0, 16, 1);
      if (pid % 2 === 1) builder.free(0, 16);
    }
    builder.process(0, 10);
    builder.free(0, 16);
    builder.process(7, 10);
    builder.free(0, 16);
    const { heapUsed, external } = process.memoryUsage();
    // 12 KB each would be 1.2 GB.
    expect(heapUsed + external - before.heapUsed - before.external).toBeLessThan(100e6);
    const { notes, slots } = builder.finish('made', 'test');
    expect(notes).toMatchObject({ processes: 100_001, unknownFrees: 1, implicitFrees: 0 });
    expect(slots).toBe(50_001);
  });

  it('obeys every law of a trace whatever it is told, and counts all it left out', () => {
    const name = fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 8 }));
    const size = fc.integer({ min: 0, max: 100 });
    const call = fc.oneof(
      fc.tuple(fc.constant('allocate'), name, name, size),
      fc.tuple(fc.constant('free'), name, name, size),
      fc.tuple(fc.constant('reallocate'), name, name, size),
      fc.tuple(fc.constant('process'), name, name, size),
    );
    fc.assert(
      fc.property(fc.array(call, { maxLength: 200, size: 'max' }), (calls) => {
        let made = 0;
        const trace = build((b) => {
          for (const [what, [high, low], [newHigh, newLow], bytes] of calls) {
            if (what === 'process') b.process(0, 1 + high);
            else made++;
            if (what === 'allocate') b.allocate(high, low, bytes);
            if (what === 'free') b.free(high, low);
            if (what === 'reallocate') b.reallocate(high, low, newHigh, newLow, bytes);
          }
        });
        // A realloc of an unknown name is counted and kept; a free of one is counted and left out.
        const lost = made + trace.notes.implicitFrees - trace.length;
        expect(lost).toBeGreaterThanOrEqual(0);
        expect(lost).toBeLessThanOrEqual(trace.notes.unknownFrees);
      }),
    );
  });
});
