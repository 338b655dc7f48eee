/** Arguments of every type that JavaScript has, to every call: refused by an error that names them, nothing changed. */
import { describe, expect, it } from 'vitest';
import { InvalidFreeError } from '../src/allocator.js';
import { BuddyUnits } from '../src/buddy/units.js';
import { display } from '../src/display.js';
import { MemoryDescriptor } from '../src/fits/naive.js';
import { SegmentPolicy } from '../src/fits/options.js';
import { HeapArray } from '../src/heap/array.js';
import { Heap } from '../src/heap/heap.js';
import { HeapAllocator } from '../src/heap/heap-allocator.js';
import { DebugHeap } from '../src/heap-debug/debug-heap.js';
import { HeapMisuseError } from '../src/heap-debug/misuse.js';
import { Memory } from '../src/memory/memory.js';
import { Tlsf } from '../src/tlsf/tlsf.js';
import { heapOfModule, type MallocHeap, mallocImports } from '../src/wasm/malloc-imports.js';
import { picture } from './model.js';
import { must } from './must.js';
import { SUBJECTS } from './subjects.js';

/** What is no number; of those that JavaScript makes a number of, as many as can be make `address`. */
function otherThanNumbers(address: number): unknown[] {
  return [
    null,
    String(address),
    `0x${address.toString(16)}`,
    '',
    BigInt(address),
    true,
    false,
    {},
    { valueOf: () => address },
    Object.create(null),
    [],
    [address],
    () => address,
    Symbol('address'),
    new Number(address),
    new Date(address),
    {
      get [Symbol.toStringTag]() {
        throw new Error('nobody is told what this is');
      },
    },
  ];
}

const BAD_NUMBERS = [Number.NaN, 0.5, -1, Number.POSITIVE_INFINITY, 2 ** 53];

type Kind = new (...args: never[]) => Error;

/** Each value is refused by an error of one of those kinds, which names it, and the picture stays. */
function refuse(
  call: string,
  values: readonly unknown[],
  kinds: readonly Kind[],
  look: () => unknown,
  act: (value: never) => unknown,
): void {
  for (const value of values) {
    const before = JSON.stringify(look());
    let thrown: unknown = null;
    let answer: unknown;
    try {
      answer = act(value as never);
    } catch (error) {
      thrown = error;
    }
    const what = `${call} of ${display(value)}`;
    must(thrown instanceof Error, () => `${what} gave ${display(answer)}`);
    must(
      kinds.some((kind) => thrown instanceof kind),
      () => `${what} threw ${thrown}`,
    );
    const { message } = thrown;
    must(message.includes(display(value)), () => `${what} is told without the value: ${message}`);
    must(JSON.stringify(look()) === before, () => `${what} was refused, and changed something`);
  }
}

describe.each(SUBJECTS.map((subject) => [subject.name, subject] as const))('%s', (_name, subject) => {
  const capacity = subject.granule * Math.ceil(8192 / subject.granule);
  // The first block at address 0, as where null and "" are its address.
  const allocator = subject.make(capacity);
  const address = allocator.allocate(64)!;
  const values = [...otherThanNumbers(address), undefined];
  const look = () => picture(allocator);

  it('addresses', () => {
    refuse('free', values, [InvalidFreeError], look, (value) => allocator.free(value));
    refuse('sizeOf', values, [InvalidFreeError], look, (value) => allocator.sizeOf(value));
    refuse('resize', values, [InvalidFreeError], look, (value) => allocator.resize!(value, 8));
    expect(() => allocator.free(allocator.allocate(2 ** 40)!)).toThrow(
      'address null is not a number; allocate gives a number, or null where there is no room',
    );
    allocator.check();
  });

  it('sizes, alignments and capacities', () => {
    const some = [...otherThanNumbers(64), ...BAD_NUMBERS, 0];
    const kinds = [RangeError];
    refuse('allocate', [...some, undefined], kinds, look, (value) => allocator.allocate(value));
    refuse('resize to', [...some, undefined], kinds, look, (value) => allocator.resize!(address, value));
    refuse('align', some, kinds, look, (value) => allocator.allocate(8, value));
    if (!allocator.grow) return;
    const capacities = [...otherThanNumbers(2 * allocator.capacity), ...BAD_NUMBERS, undefined];
    refuse('grow', capacities, kinds, look, (value) => allocator.grow!(value));
  });

  it('options', () => {
    const some = [...otherThanNumbers(capacity), ...BAD_NUMBERS];
    if (subject.inside) return;
    // A growing one is made with a sum of it.
    if (subject.growBy === 0) refuse('capacity', some, [RangeError], look, (value) => subject.make(value));
    refuse('base', some, [RangeError], look, (base) => subject.make(capacity, { base }));
  });
});

describe('of their own', () => {
  it('Tlsf.move and planMoves', () => {
    const tlsf = new Tlsf({ capacity: 1024, align: 16 });
    for (let i = 0; i < 3; i++) tlsf.allocate(16);
    tlsf.free(0);
    const look = () => picture(tlsf);
    const values = [...otherThanNumbers(0), undefined];
    refuse('move to', values, [RangeError], look, (value) => tlsf.move(16, value));
    refuse('move from', [...otherThanNumbers(16), undefined], [InvalidFreeError], look, (value) =>
      tlsf.move(value, 0),
    );
    refuse('planMoves', values, [RangeError], look, (value) => tlsf.planMoves(value));
    tlsf.check();
  });

  it('BuddyUnits', () => {
    const units = new BuddyUnits({ units: 64 });
    const unit = units.allocate(1);
    const look = () => [0, 1, 2, 3, 4, 5, 6].map((order) => units.freeList(order));
    const values = [...otherThanNumbers(unit), undefined, 0.5];
    refuse('free', values, [InvalidFreeError], look, (value) => units.free(value, 1));
    refuse('free in order', [...otherThanNumbers(1), undefined, 0.5], [RangeError], look, (value) =>
      units.free(unit, value),
    );
    for (const call of ['reserve', 'freeRange', 'isFreeBlock'] as const) {
      const counts =
        call === 'isFreeBlock' ? [...otherThanNumbers(2), 0.5] : [...otherThanNumbers(2), 0.5, 0];
      refuse(`${call}, second`, counts, [RangeError], look, (value) => units[call](2, value));
    }
    refuse('reserve', values, [RangeError], look, (value) => units.reserve(value, 1));
    refuse('allocate', values, [RangeError], look, (value) => units.allocate(value));
    units.check();
  });

  it('MemoryDescriptor.offsetOf', () => {
    const descriptor = new MemoryDescriptor(new SegmentPolicy({ capacity: 64 }), 64);
    refuse(
      'offsetOf',
      [...otherThanNumbers(0), undefined, Number.NaN, -1],
      [RangeError],
      () => 0,
      (value) => descriptor.offsetOf(value),
    );
  });
});

describe.each([true, false])('a heap, checked: %s', (checked) => {
  const heap = Heap.create(new ArrayBuffer(65536, { maxByteLength: 131072 }), { checked });
  const address = heap.malloc(64);
  const look = () => heap.toJSON();

  it('addresses', () => {
    const values = [...otherThanNumbers(address), undefined];
    refuse('free', values, [InvalidFreeError], look, (value) => heap.free(value));
    refuse('usableSize', values, [InvalidFreeError], look, (value) => heap.usableSize(value));
    refuse('resize', values, [InvalidFreeError], look, (value) => heap.resize(value, 8));
    refuse('realloc', values, [InvalidFreeError], look, (value) => heap.realloc(value, 8));
    expect(() => heap.free(null as never)).toThrow('address null is not a number');
  });

  it('sizes, counts and alignments', () => {
    const values = [...otherThanNumbers(64), undefined, Number.NaN, 0.5, -1];
    refuse('malloc', values, [RangeError], look, (value) => heap.malloc(value));
    refuse('realloc', values, [RangeError], look, (value) => heap.realloc(address, value));
    refuse('realloc of none', values, [RangeError], look, (value) => heap.realloc(0, value));
    refuse('resize', values, [RangeError], look, (value) => heap.resize(address, value));
    refuse('calloc', values, [RangeError], look, (value) => heap.calloc(value, 1));
    refuse('calloc of', values, [RangeError], look, (value) => heap.calloc(1, value));
    refuse('alignedAlloc', values, [RangeError], look, (value) => heap.alignedAlloc(value, 8));
    refuse('alignedAlloc of', values, [RangeError], look, (value) => heap.alignedAlloc(64, value));
    refuse('array', values, [RangeError], look, (value) => heap.array(Int8Array, value));
    heap.check();
  });

  it('types of arrays', () => {
    const values = [...otherThanNumbers(1), undefined, String, { BYTES_PER_ELEMENT: 4 }, 7];
    refuse('array', values, [TypeError], look, (value) => heap.array(value, 4));
    expect(heap.array(Float64Array, 4)).toBeInstanceOf(HeapArray);
  });

  it('memory, listeners and bases', () => {
    const { memory } = heap;
    const values = [...otherThanNumbers(64), undefined, Number.NaN, 0.5, -1];
    refuse('grow', [...otherThanNumbers(131072), undefined, -1, 0.5], [RangeError], look, (value) =>
      memory.grow(value),
    );
    const listeners = values.filter((value) => typeof value !== 'function');
    refuse('onGrow', listeners, [TypeError], look, (value) => heap.onGrow(value));
    // Memory asks objects for their tag, since buffers of other realms have other constructors.
    const tagged = values.filter((value) => display(value) !== '[object]');
    refuse('new Memory', tagged, [TypeError], look, (value) => new Memory(value));
    refuse('new DebugHeap', values, [TypeError], look, (value) => new DebugHeap(value));
    refuse('new HeapAllocator', values, [TypeError], look, (value) => new HeapAllocator(value));
    refuse('attach', otherThanNumbers(0), [RangeError], look, (value) => Heap.attach(memory, value));
  });
});

it('objects that are made by a call of another one say by which', () => {
  const AnyHeap = Heap as unknown as new (...values: unknown[]) => Heap;
  const memory = new Memory(new ArrayBuffer(65536));
  for (const values of [[], [memory.source], [memory], [memory, 0], [memory, {}], [null], [1024], [{}]]) {
    expect(() => new AnyHeap(...values)).toThrow(
      new TypeError(
        'a Heap is not made by new: Heap.create(memory) makes one, Heap.attach(memory) goes on with one that is there',
      ),
    );
  }
  const heap = Heap.create(memory);
  const AnyArray = HeapArray as unknown as new (...values: unknown[]) => HeapArray<Int8Array>;
  for (const owner of [undefined, null, 5, memory, memory.source, Int8Array]) {
    expect(() => new AnyArray(owner, Int8Array, 144, 4)).toThrow(
      new TypeError(`an array of a heap is made by heap.array(type, length), got ${display(owner)}`),
    );
  }
  expect(() => new AnyArray(heap, 5, 144, 4)).toThrow(TypeError);
  expect(() => new AnyArray(heap, Int8Array, '144', 4)).toThrow(InvalidFreeError);
  expect(() => new AnyArray(heap, Int8Array, 144)).toThrow(RangeError);
});

describe('a debugging heap', () => {
  const heap = Heap.create(new ArrayBuffer(65536));
  const debug = new DebugHeap(heap);
  const address = debug.malloc(64);
  const look = () => [heap.toJSON(), debug.summary(), debug.damages()];

  it('addresses', () => {
    const values = [...otherThanNumbers(address), undefined];
    const kinds = [HeapMisuseError];
    refuse('free', values, kinds, look, (value) => debug.free(value));
    refuse('freeSized', values, kinds, look, (value) => debug.freeSized(value, 64));
    refuse('usableSize', values, kinds, look, (value) => debug.usableSize(value));
    refuse('resize', values, kinds, look, (value) => debug.resize(value, 8));
    refuse('realloc', values, kinds, look, (value) => debug.realloc(value, 8));
  });

  it('sizes, counts, alignments and types of arrays', () => {
    const values = [...otherThanNumbers(64), undefined, Number.NaN, 0.5, -1];
    const kinds = [RangeError];
    refuse('malloc', values, kinds, look, (value) => debug.malloc(value));
    refuse('realloc', values, kinds, look, (value) => debug.realloc(address, value));
    refuse('resize', values, kinds, look, (value) => debug.resize(address, value));
    refuse('calloc', values, kinds, look, (value) => debug.calloc(value, 1));
    refuse('calloc of', values, kinds, look, (value) => debug.calloc(1, value));
    refuse('alignedAlloc', values, kinds, look, (value) => debug.alignedAlloc(value, 8));
    refuse('alignedAlloc of', values, kinds, look, (value) => debug.alignedAlloc(64, value));
    refuse('freeSized of', values, kinds, look, (value) => debug.freeSized(address, value));
    const alignments = values.filter((value) => value !== undefined);
    refuse('freeSized at', alignments, kinds, look, (value) => debug.freeSized(address, 64, value));
    refuse('array of', values, kinds, look, (value) => debug.array(Int8Array, value));
    refuse('array', [...values, String], [TypeError], look, (value) => debug.array(value, 4));
    debug.check();
  });
});

describe('imports of a module', () => {
  const heap = Heap.create(new ArrayBuffer(65536), { base: 1024 });
  const c = mallocImports(heap);
  const address = c.malloc(64);
  const look = () => heap.toJSON();

  it('every argument of every import', () => {
    const values = (good: number) => [
      ...otherThanNumbers(good),
      undefined,
      0.5,
      Number.NaN,
      2 ** 32,
      -(2 ** 33),
    ];
    const good: Readonly<Record<string, readonly number[]>> = {
      malloc: [64],
      calloc: [1, 64],
      realloc: [address, 64],
      free: [address],
      aligned_alloc: [64, 64],
      posix_memalign: [8, 64, 64],
      malloc_usable_size: [address],
    };
    expect(Object.keys(good)).toEqual(Object.keys(c));
    for (const [name, args] of Object.entries(good)) {
      args.forEach((arg, i) => {
        refuse(`${name}, argument ${i}`, values(arg), [TypeError], look, (value) =>
          c[name](...args.with(i, value)),
        );
      });
    }
  });

  it('heaps and exports', () => {
    const values = [...otherThanNumbers(1), undefined, 7].filter((value) => typeof value !== 'function');
    refuse('mallocImports', values, [TypeError], look, (value: MallocHeap) => mallocImports(value));
    const exports = values.filter((value) => typeof value !== 'object' || value === null);
    refuse('heapOfModule', exports, [TypeError], look, (value) => heapOfModule(value));
    const memory = new WebAssembly.Memory({ initial: 1 });
    const module = { memory, __heap_base: { value: 1024 } };
    const bases = otherThanNumbers(2048).filter((value) => value !== null);
    refuse('base', bases, [RangeError], look, (base) => heapOfModule(module, { base }));
  });
});
