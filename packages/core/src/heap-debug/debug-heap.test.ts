import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Heap } from '../heap/heap.js';
import { DebugHeap } from './debug-heap.js';
import { HeapMisuseError } from './misuse.js';
import type { DebugHeapOptions } from './options.js';

function make(options?: DebugHeapOptions, bytes = 2 ** 22): DebugHeap {
  return new DebugHeap(Heap.create(new ArrayBuffer(0, { maxByteLength: bytes })), options);
}

const bytesOf = (heap: DebugHeap, address: number, length: number) => [
  ...heap.view.subarray(address, address + length),
];

describe('DebugHeap', () => {
  it('gives fresh blocks 0x5a, cleared ones 0, freed ones 0x6b', () => {
    const heap = make();
    const fresh = heap.malloc(20);
    const cleared = heap.calloc(4, 5);
    const aligned = heap.alignedAlloc(512, 20);
    expect(bytesOf(heap, fresh, 20)).toEqual(new Array(20).fill(0x5a));
    expect(bytesOf(heap, cleared, 20)).toEqual(new Array(20).fill(0));
    expect(bytesOf(heap, aligned, 20)).toEqual(new Array(20).fill(0x5a));
    for (const address of [fresh, cleared, aligned]) {
      heap.free(address);
      expect(bytesOf(heap, address, 20)).toEqual(new Array(20).fill(0x6b));
    }
  });

  it('keeps an array whose free is refused, until it can be freed', () => {
    const heap = make();
    const array = heap.array(Uint8Array, 16)!;
    const behind = array.address + 16;
    heap.view[behind] ^= 1;
    expect(() => array.free()).toThrow(HeapMisuseError);
    expect(array.view.length).toBe(16);
    heap.view[behind] ^= 1;
    array.free();
    expect(array.address).toBe(0);
    expect(heap.leaks()).toEqual([]);
  });

  it('lets nothing of a freed block stay in the memory, where asked to', () => {
    const heap = make({ zeroOnFree: true, quarantine: 0 });
    const keeps = heap.malloc(1);
    const secret = heap.malloc(1000);
    heap.view.fill(0x73, secret, secret + 1000);
    heap.free(secret);
    expect(heap.view.subarray(secret, secret + 1000).includes(0x73)).toBe(false);
    const other = heap.malloc(500);
    heap.view.fill(0x73, other, other + 500);
    const moved = heap.realloc(other, 2000);
    expect(heap.view.subarray(other, other + 500).includes(0x73)).toBe(false);
    expect(heap.view[moved]).toBe(0x73);
    heap.free(moved);
    heap.free(keeps);
    expect(heap.view.includes(0x73)).toBe(false);
  });

  it('lets nothing stay either of what a block gives back in place', () => {
    const heap = new DebugHeap(Heap.create(new ArrayBuffer(8192)), { zeroOnFree: true });
    const address = heap.malloc(5000);
    heap.view.fill(0x73, address, address + 5000);
    expect(heap.realloc(address, 3000)).toBe(address);
    expect(heap.resize(address, 1000)).toBe(true);
    expect(heap.view.lastIndexOf(0x73)).toBe(address + 999);
    expect(bytesOf(heap, address, 1000)).toEqual(new Array(1000).fill(0x73));
    heap.check();
  });

  it('grows and shrinks blocks, moving them, alignment and contents kept', () => {
    const heap = make();
    const address = heap.alignedAlloc(1024, 100);
    heap.view.fill(7, address, address + 100);
    const larger = heap.realloc(address, 5000);
    expect(larger % 1024).toBe(0);
    expect(larger).not.toBe(address);
    expect(bytesOf(heap, larger, 101)).toEqual([...new Array(100).fill(7), 0x5a]);
    const smaller = heap.realloc(larger, 50);
    expect(smaller % 1024).toBe(0);
    expect(bytesOf(heap, smaller, 50)).toEqual(new Array(50).fill(7));
    expect(heap.usableSize(smaller)).toBe(50);
    // A block that moves is live once.
    expect(heap.summary()).toMatchObject({ liveBlocks: 1, liveBytes: 50, peakBytes: 5000 });
  });

  it('leaves the block as it was when realloc finds no room, and shrinks it in place', () => {
    const heap = new DebugHeap(Heap.create(new ArrayBuffer(8192)));
    const address = heap.malloc(5000);
    heap.view.fill(7, address, address + 5000);
    expect(heap.realloc(address, 6000)).toBe(0);
    expect(heap.usableSize(address)).toBe(5000);
    expect(heap.realloc(address, 4000)).toBe(address);
    expect(heap.usableSize(address)).toBe(4000);
    expect(heap.summary().liveBytes).toBe(4000);
    expect(bytesOf(heap, address, 4000)).toEqual(new Array(4000).fill(7));
    heap.check();
    heap.view[address + 4000] = 0;
    expect(() => heap.free(address)).toThrow('offset 4000: 0x0 instead of 0xcc');
  });

  it('resizes in place, red zones moving along', () => {
    const heap = make();
    const address = heap.alignedAlloc(64, 100);
    heap.view.fill(7, address, address + 100);
    expect(heap.resize(address, 200)).toBe(true);
    expect(bytesOf(heap, address, 200)).toEqual([...new Array(100).fill(7), ...new Array(100).fill(0x5a)]);
    // Too large for the hole that the alignment left: it lies behind.
    const next = heap.malloc(500);
    expect(heap.resize(address, 3000)).toBe(false);
    expect(heap.resize(address, 50)).toBe(true);
    expect(heap.usableSize(address)).toBe(50);
    expect(heap.summary()).toMatchObject({ liveBlocks: 2, liveBytes: 550, peakBytes: 700 });
    heap.check();
    heap.view[address + 50] = 0;
    expect(() => heap.free(address)).toThrow('offset 50: 0x0 instead of 0xcc');
    heap.view[address + 50] = 0xcc;
    heap.faults.failAt(1);
    expect(heap.resize(next, 500)).toBe(false);
    heap.free(address);
    heap.free(next);
    heap.flush();
    expect(heap.stats().usedBlocks).toBe(0);
  });

  it('empties the quarantine before it gives up', () => {
    const heap = new DebugHeap(Heap.create(new ArrayBuffer(8192)));
    for (let round = 0; round < 5; round++) {
      const address = heap.malloc(5000);
      expect(address).not.toBe(0);
      heap.free(address);
    }
    expect(heap.summary()).toMatchObject({ liveBlocks: 0, quarantinedBlocks: 1 });
  });

  it('keeps to the size of the quarantine', () => {
    const heap = make({ quarantine: 1000 });
    for (let i = 0; i < 50; i++) {
      heap.free(heap.malloc(i * 30));
      expect(heap.summary().quarantinedBytes).toBeLessThanOrEqual(1000);
    }
    heap.flush();
    expect(heap.stats().usedBlocks).toBe(0);
    const none = make({ quarantine: 0 });
    none.free(none.malloc(10));
    expect(none.stats().usedBlocks).toBe(0);
  });

  it('keeps the quarantine where emptying it does not help', () => {
    const heap = make({ quarantine: 5000 });
    const kept = heap.malloc(100);
    const large = heap.malloc(10_000);
    heap.free(kept);
    for (const size of [2 ** 40, 2 ** 31, 2 ** 22]) {
      expect(heap.malloc(size)).toBe(0);
      expect(heap.alignedAlloc(64, size)).toBe(0);
    }
    // Larger than the quarantine: not kept back, and nothing else is pushed out for it.
    heap.free(large);
    expect(heap.summary()).toMatchObject({ liveBlocks: 0, frees: 2, quarantinedBlocks: 1 });
    expect(() => heap.free(large)).toThrow('double free of allocation 2');
    heap.view[kept] = 0;
    expect(() => heap.check()).toThrow('write after the free of allocation 1');
  });

  it('gives 0 for what no memory can hold, and refuses what is no size, as the heap does', () => {
    const heap = make();
    expect(heap.malloc(2 ** 33)).toBe(0);
    expect(heap.calloc(2 ** 30, 2 ** 30)).toBe(0);
    expect(heap.alignedAlloc(2 ** 31, 10)).toBe(0);
    for (const size of [-1, 1.5, Number.NaN]) {
      const message = `size must be a whole number from 0 up, got ${String(size)}`;
      expect(() => heap.malloc(size)).toThrow(new RangeError(message));
      expect(() => heap.calloc(1, size)).toThrow(new RangeError(message));
      expect(() => heap.realloc(heap.malloc(1), size)).toThrow(new RangeError(message));
      expect(() => heap.alignedAlloc(64, size)).toThrow(new RangeError(message));
    }
    expect(() => heap.alignedAlloc(24, 1)).toThrow(
      new RangeError('alignment must be a power of two, 2^31 at most, got 24'),
    );
  });

  it('gives typed arrays that are freed in their block', () => {
    const heap = make();
    {
      using samples = heap.array(Float64Array, 10)!;
      samples.view[9] = 1.5;
      expect(heap.usableSize(samples.address)).toBe(80);
    }
    expect(heap.summary()).toMatchObject({ liveBlocks: 0, allocations: 1, frees: 1 });
  });

  it('shows the heap below', () => {
    const heap = make();
    const { heap: below } = heap;
    const listener = vi.fn();
    const stop = heap.onGrow(listener);
    const address = heap.malloc(100_000);
    stop();
    heap.free(address);
    expect(listener).toHaveBeenCalledTimes(1);
    expect(heap.stats()).toEqual(below.stats());
    expect([...heap.walk()]).toEqual([...below.walk()]);
    expect(heap.dump()).toBe(below.dump());
    expect([heap.base, heap.limit, heap.alignment, heap.checked]).toEqual([0, 2 ** 32, 16, true]);
    expect(heap.buffer).toBe(below.buffer);
    expect(heap.largestFree()).toBe(below.largestFree());
    expect(heap.trim()).toBeGreaterThan(100_000);
    expect(heap.summary().quarantinedBlocks).toBe(0);
  });

  it.each([
    [{ redZone: -1 }, 'redZone must be a whole number from 0 up, got -1'],
    [{ quarantine: Number.NaN }, 'quarantine must be a whole number from 0 up, got NaN'],
    [{ stackDepth: 0.5 }, 'stackDepth must be a whole number from 0 up, got 0.5'],
  ])('refuses %o', (options, message) => {
    expect(() => make(options)).toThrow(new RangeError(message));
  });

  it.each([
    [
      { redzone: 1 },
      'DebugHeap has no option redzone; known: redZone, quarantine, zeroOnFree, stackDepth, onMisuse',
    ],
    [
      null,
      'DebugHeap must be given an object of options (redZone, quarantine, zeroOnFree, stackDepth, onMisuse), got null',
    ],
    [{ zeroOnFree: 'no' }, 'zeroOnFree must be true or false, got "no"'],
    [{ onMisuse: 5 }, 'onMisuse must be a function, got 5'],
  ])('refuses %o, which only JavaScript lets through', (options, message) => {
    expect(() => make(options as DebugHeapOptions)).toThrow(message);
  });

  it('refuses to wrap what is no heap', () => {
    expect(() => new DebugHeap(new ArrayBuffer(8) as unknown as Heap)).toThrow(
      new TypeError('DebugHeap wraps a Heap, such as Heap.create(memory) returns, got [object ArrayBuffer]'),
    );
  });

  it('stays right in the middle of anything', () => {
    const size = fc.oneof(fc.nat(100), fc.nat(5000));
    const step = fc.oneof(
      fc.record({ call: fc.constant('malloc' as const), size }),
      fc.record({ call: fc.constant('calloc' as const), size }),
      fc.record({ call: fc.constant('aligned' as const), size, power: fc.nat(9) }),
      fc.record({ call: fc.constant('realloc' as const), size, which: fc.nat() }),
      fc.record({ call: fc.constant('resize' as const), size, which: fc.nat() }),
      fc.record({ call: fc.constant('free' as const), which: fc.nat() }),
    );
    const options = fc.record({
      redZone: fc.constantFrom(0, 1, 16, 50),
      quarantine: fc.constantFrom(0, 3000, 2 ** 20),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 100 }),
        options,
        fc.constantFrom(8, 16),
        (steps, chosen, alignment) => {
          const below = Heap.create(new ArrayBuffer(0, { maxByteLength: 65536 }), {
            alignment: alignment === 8 ? 8 : 16,
          });
          const heap = new DebugHeap(below, chosen);
          const model: { address: number; size: number; value: number; align: number }[] = [];
          let value = 0;
          const add = (address: number, size: number, align: number) => {
            if (address === 0) return;
            expect(address % align).toBe(0);
            value = (value + 1) % 256;
            heap.view.fill(value, address, address + size);
            model.push({ address, size, value, align });
          };
          for (const step of steps) {
            if (step.call === 'malloc') add(heap.malloc(step.size), step.size, alignment);
            else if (step.call === 'calloc') add(heap.calloc(1, step.size), step.size, alignment);
            else if (step.call === 'aligned') {
              add(heap.alignedAlloc(2 ** step.power, step.size), step.size, 2 ** step.power);
            } else if (model.length > 0) {
              const at = step.which % model.length;
              const block = model[at];
              const size = step.call === 'free' ? block.size : step.size;
              let { address } = block;
              if (step.call === 'realloc') address = heap.realloc(address, size);
              if (address === 0 || (step.call === 'resize' && !heap.resize(address, size))) continue;
              const kept = heap.view.subarray(address, address + Math.min(size, block.size));
              expect(kept.every((byte) => byte === block.value)).toBe(true);
              model.splice(at, 1);
              if (step.call === 'free') heap.free(address);
              else add(address, size, block.align);
            }
            heap.check();
          }
          expect(heap.summary()).toMatchObject({
            liveBlocks: model.length,
            liveBytes: model.reduce((sum, { size }) => sum + size, 0),
          });
          for (const { address } of model) heap.free(address);
          heap.flush();
          expect(below.stats().usedBlocks).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('leaks', () => {
  function leaky(): DebugHeap {
    const heap = make();
    heap.free(heap.malloc(5));
    heap.tagged('parser', () => {
      heap.malloc(100);
      heap.malloc(1500);
    });
    heap.malloc(10);
    heap.tagged('names', () => heap.calloc(10, 1));
    return heap;
  }

  it('are put together by tag, the most bytes first', () => {
    const heap = leaky();
    expect(heap.tag).toBe('');
    expect(heap.leaks()).toMatchObject([
      { tag: 'parser', stack: [], blocks: 2, bytes: 1600, largest: 1500 },
      { tag: '', blocks: 1, bytes: 10, largest: 10 },
      { tag: 'names', blocks: 1, bytes: 10, largest: 10 },
    ]);
    expect(heap.leaks()[0].examples.map(({ serial, size }) => [serial, size])).toEqual([
      [2, 100],
      [3, 1500],
    ]);
  });

  it('are told since a moment', () => {
    const heap = leaky();
    const { allocations } = heap.summary();
    expect(heap.leaks('tag', allocations)).toEqual([]);
    heap.malloc(7);
    expect(heap.leaks('tag', allocations)).toMatchObject([{ tag: '', blocks: 1, bytes: 7 }]);
  });

  it('are put together by callers', () => {
    const heap = make({ stackDepth: 4 });
    // In braces: what ends in a call has no frame in JavaScriptCore.
    const first = () => {
      heap.malloc(10);
    };
    const second = () => {
      heap.malloc(20);
    };
    for (let i = 0; i < 3; i++) first();
    second();
    const groups = heap.leaks('stack');
    expect(groups.map(({ blocks, bytes, stack }) => [blocks, bytes, stack[0].name])).toEqual([
      [3, 30, 'first'],
      [1, 20, 'second'],
    ]);
    expect(heap.leaks('tag')).toMatchObject([{ blocks: 4, bytes: 50, stack: [] }]);
    expect(heap.toJSON().leaks.length).toBe(2);
  });

  it('are reported to people', () => {
    expect(leaky().report()).toBe(
      [
        '5 allocations, 1 free',
        'live: 4 blocks, 1,620 bytes; at most 1,620 bytes',
        'in quarantine: 1 block, 48 bytes',
        '',
        'not freed     blocks      bytes    largest',
        'parser             2      1,600      1,500',
        '(no tag)           1         10         10',
        'names              1         10         10',
        '',
      ].join('\n'),
    );
    const heap = make();
    heap.free(heap.malloc(1));
    expect(heap.report()).toMatch(/\n\nevery block was freed\n$/);
  });

  it('are reported by callers with a word on how to have some', () => {
    expect(leaky().report('stack')).toMatch(
      /names +1 +10 +10\n\nno callers were noted: new DebugHeap\(heap, \{ stackDepth: 16 \}\)\n$/,
    );
    expect(make().report('stack')).toMatch(/every block was freed\n$/);
    expect(make({ stackDepth: 1 }).report('stack')).not.toContain('noted');
  });

  it('are reported in 80 columns, whatever the tags and stacks', () => {
    const heap = make({ stackDepth: 8 });
    heap.tag = 'a tag that is much longer than anybody would want to have in a table of leaks';
    const address = heap.malloc(1_000_000);
    heap.view[address + 1_000_000] = 1;
    const text = heap.report('stack');
    expect(text).toMatch(/\n {4}\S/);
    const table = text.slice(text.indexOf('not freed'));
    for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(text).toContain('write past the end of allocation 1 (1000000 bytes at ');
  });

  it('go to JSON with all else', () => {
    const heap = leaky();
    const json: unknown = JSON.parse(JSON.stringify(heap));
    expect(json).toEqual({ summary: heap.summary(), leaks: heap.leaks(), damages: [] });
    expect(heap.summary()).toMatchObject({ allocations: 5, frees: 1, liveBlocks: 4, peakBytes: 1620 });
  });
});

describe('faults', () => {
  const ask = (heap: DebugHeap, times: number) =>
    Array.from({ length: times }, (_, i) => (heap.malloc(i) === 0 ? 'x' : '.')).join('');

  it('fail the n-th request, every n-th, or all from the n-th on', () => {
    const heap = make();
    expect(ask(heap, 3)).toBe('...');
    heap.faults.failAt(2);
    expect(ask(heap, 6)).toBe('.x....');
    expect(heap.faults).toMatchObject({ requests: 6, failed: 1 });
    heap.faults.failEvery(3);
    expect(ask(heap, 9)).toBe('..x..x..x');
    heap.faults.failFrom(4);
    expect(ask(heap, 7)).toBe('...xxxx');
    expect(heap.faults).toMatchObject({ requests: 7, failed: 4 });
    heap.faults.stop();
    expect(ask(heap, 3)).toBe('...');
    for (const n of [0, -1, 1.5, Number.NaN]) expect(() => heap.faults.failAt(n)).toThrow(RangeError);
  });

  it('strike every call that asks for memory, and leave the block of a realloc', () => {
    const heap = make();
    const address = heap.malloc(100);
    heap.view.fill(7, address, address + 100);
    heap.faults.failFrom(1);
    expect(heap.malloc(1)).toBe(0);
    expect(heap.calloc(1, 1)).toBe(0);
    expect(heap.alignedAlloc(64, 1)).toBe(0);
    expect(heap.array(Uint8Array, 1)).toBe(null);
    expect(heap.realloc(address, 200)).toBe(0);
    expect(heap.realloc(address, 50)).toBe(0);
    expect(heap.realloc(0, 50)).toBe(0);
    expect(heap.faults.failed).toBe(7);
    expect(heap.usableSize(address)).toBe(100);
    expect(bytesOf(heap, address, 100)).toEqual(new Array(100).fill(7));
    heap.free(address);
    expect(heap.summary()).toMatchObject({ liveBlocks: 0, allocations: 1 });
  });
});
