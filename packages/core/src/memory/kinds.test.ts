/** Memories that take only whole pages or a bigint, are replaced, or were made longer by somebody else. */
import { describe, expect, it } from 'vitest';
import { inOtherRealm } from '../../test/realm.js';
import { Heap } from '../heap/heap.js';
import { Memory, type MemorySource, type WasmMemory } from './memory.js';

const PAGE = 65536;

/** As the buffer that `toResizableBuffer` gives: whole pages, and never fewer. */
function inPages<B extends ArrayBuffer | SharedArrayBuffer>(buffer: B): B {
  const name = 'resize' in buffer ? 'resize' : 'grow';
  const resize = (buffer as unknown as Record<string, (bytes: number) => void>)[name];
  const stand = (bytes: number) => {
    if (bytes % PAGE !== 0 || bytes < buffer.byteLength) throw new RangeError('not whole pages');
    resize.call(buffer, bytes);
  };
  return Object.defineProperty(buffer, name, { value: stand });
}

/** As a memory of 64-bit addresses. */
function wide(): MemorySource {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 256 });
  return {
    get buffer() {
      return memory.buffer;
    },
    grow(pages: unknown) {
      if (typeof pages !== 'bigint') throw new TypeError(`Cannot convert ${pages} to a BigInt`);
      return BigInt(memory.grow(Number(pages)));
    },
  } as unknown as WasmMemory;
}

function resizable(initial: number, shared: boolean): MemorySource {
  const memory = new WebAssembly.Memory({ initial, maximum: 256, shared });
  return memory.toResizableBuffer!();
}

const hasResizable = 'toResizableBuffer' in WebAssembly.Memory.prototype;
const hasWide = (() => {
  try {
    return (
      typeof new WebAssembly.Memory({ initial: 1n, maximum: 2n, address: 'i64' }).grow(0n as never) ===
      'bigint'
    );
  } catch {
    return false;
  }
})();

const STANDS: readonly (readonly [string, () => MemorySource])[] = [
  ['whole pages', () => inPages(new ArrayBuffer(PAGE, { maxByteLength: 256 * PAGE }))],
  ['whole pages, shared', () => inPages(new SharedArrayBuffer(PAGE, { maxByteLength: 256 * PAGE }))],
  ['whole pages, none at first', () => inPages(new ArrayBuffer(0, { maxByteLength: 256 * PAGE }))],
  ['64-bit addresses', wide],
];
const REAL: readonly (readonly [string, () => MemorySource, boolean])[] = [
  ['toResizableBuffer', () => resizable(1, false), hasResizable],
  ['toResizableBuffer, shared', () => resizable(1, true), hasResizable],
  ['toResizableBuffer, none at first', () => resizable(0, false), hasResizable],
  [
    'address: i64',
    () => new WebAssembly.Memory({ initial: 1n, maximum: 256n, address: 'i64' }) as MemorySource,
    hasWide,
  ],
];

function growsToTheEnd(make: () => MemorySource): void {
  const heap = Heap.create(make());
  const first = heap.malloc(100_000);
  expect(first).toBeGreaterThan(0);
  heap.view[first] = 7;
  while (heap.malloc(60_000) !== 0);
  expect(heap.memory.byteLength).toBe(256 * PAGE);
  expect(heap.stats().topBytes).toBeLessThan(62_000);
  expect(heap.view[first]).toBe(7);
  heap.check();
}

describe('a heap grows to the end of', () => {
  it.each(STANDS)('a stand-in: %s', (_what, make) => growsToTheEnd(make));

  for (const [what, make, has] of REAL) {
    it.skipIf(!has)(has ? what : `${what}: this runtime has none`, () => growsToTheEnd(make));
  }
});

it('a stand-in is not resized past its maximum', () => {
  const memory = new Memory(inPages(new ArrayBuffer(PAGE, { maxByteLength: 2 * PAGE })));
  expect(memory.grow(2 * PAGE + 1)).toBe(false);
  expect(memory.grow(PAGE + 1)).toBe(true);
  expect(memory.byteLength).toBe(2 * PAGE);
});

it('passes on a TypeError that has nothing to do with 64-bit addresses', () => {
  const grow = () => {
    throw new TypeError('mine');
  };
  expect(() => new Memory({ buffer: new ArrayBuffer(8), grow }).grow(PAGE)).toThrow(new TypeError('mine'));
});

it('a full memory of another realm, whose RangeError is another one, is full', async () => {
  const source = await inOtherRealm<WebAssembly.Memory>('new WebAssembly.Memory({ initial: 1, maximum: 2 })');
  expect(new Memory(source).grow(3 * PAGE)).toBe(false);
  expect(Heap.create(source).malloc(3 * PAGE)).toBe(0);
});

/** A memory that counts how often it is asked for its buffer. */
function counted(shared: boolean): { source: WebAssembly.Memory; asked: () => number } {
  const source = new WebAssembly.Memory({ initial: 1, maximum: 8, shared });
  const { get } = Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, 'buffer')!;
  let asked = 0;
  Object.defineProperty(source, 'buffer', {
    get() {
      asked++;
      return get!.call(source);
    },
  });
  return { source, asked: () => asked };
}

it('a view of a WebAssembly memory is asked for without asking the memory, until growth detaches it', () => {
  const { source, asked } = counted(false);
  const heap = Heap.create(source);
  const array = heap.array(Uint8Array, 8)!;
  const { view } = heap;
  array.view[0] = 5;
  const before = asked();
  for (let i = 0; i < 100; i++) {
    expect(heap.view).toBe(view);
    expect(heap.buffer).toBe(view.buffer);
    expect(array.view[0]).toBe(5);
  }
  expect(asked()).toBe(before);
  source.grow(1);
  expect(heap.view.length).toBe(2 * PAGE);
  expect(array.view[0]).toBe(5);
});

it('the view of a shared memory that somebody else made longer has all of it; that of an array stays', () => {
  for (const [source, grow] of [
    (() => {
      const { source, asked } = counted(true);
      return [source, () => source.grow(1), asked] as const;
    })(),
    (() => {
      const buffer = new SharedArrayBuffer(PAGE, { maxByteLength: 4 * PAGE });
      return [buffer, () => buffer.grow(2 * PAGE), () => 0] as const;
    })(),
  ]) {
    const heap = Heap.create(source);
    const array = heap.array(Uint8Array, 8)!;
    const { view } = array;
    view[0] = 5;
    grow();
    expect(array.view).toBe(view);
    expect(heap.view.length).toBe(2 * PAGE);
    heap.view[array.address] = 6;
    expect(array.view[0]).toBe(6);
  }
});

it('what only looks like a WebAssembly memory may replace its buffer and leave old views whole', () => {
  let buffer = new ArrayBuffer(PAGE);
  const grow = (pages: number) => {
    const longer = new ArrayBuffer(buffer.byteLength + pages * PAGE);
    new Uint8Array(longer).set(new Uint8Array(buffer));
    buffer = longer;
    return 1;
  };
  const heap = Heap.create({
    get buffer() {
      return buffer;
    },
    grow,
  });
  const array = heap.array(Uint8Array, 8)!;
  array.view[0] = 5;
  grow(1);
  expect(heap.view.buffer).toBe(buffer);
  expect(array.view.buffer).toBe(buffer);
  expect(array.view[0]).toBe(5);
});
