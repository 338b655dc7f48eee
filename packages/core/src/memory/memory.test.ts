import { describe, expect, it } from 'vitest';
import { inOtherRealm } from '../../test/realm.js';
import { display } from '../display.js';
import { type CustomMemory, Memory, type MemorySource } from './memory.js';

const PAGE = 65536;

/** Every kind that can grow: at first one page, four at most. */
const GROWABLE: readonly (readonly [string, () => MemorySource])[] = [
  ['ArrayBuffer', () => new ArrayBuffer(PAGE, { maxByteLength: 4 * PAGE })],
  ['SharedArrayBuffer', () => new SharedArrayBuffer(PAGE, { maxByteLength: 4 * PAGE })],
  ['WebAssembly.Memory', () => new WebAssembly.Memory({ initial: 1, maximum: 4 })],
  ['shared WebAssembly.Memory', () => new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true })],
  ['custom', () => custom(4 * PAGE)],
];

function custom(most: number): CustomMemory {
  let buffer = new ArrayBuffer(PAGE);
  return {
    buffer: () => buffer,
    grow(byteLength) {
      if (byteLength > most) return false;
      const longer = new ArrayBuffer(byteLength);
      new Uint8Array(longer).set(new Uint8Array(buffer));
      buffer = longer;
      return true;
    },
  };
}

describe.each(GROWABLE)('%s', (kind, make) => {
  it('grows, keeps its bytes, and tells listeners once', () => {
    const memory = new Memory(make());
    const heard: number[][] = [];
    const stop = memory.onGrow((...lengths) => heard.push(lengths));
    memory.words[5] = 42;
    expect(memory.grow(PAGE)).toBe(true);
    expect(heard).toEqual([]);
    expect(memory.grow(2 * PAGE)).toBe(true);
    expect(heard).toEqual([[PAGE, 2 * PAGE]]);
    expect([memory.byteLength, memory.bytes.length, memory.words.length * 4]).toEqual(
      Array(3).fill(2 * PAGE),
    );
    expect(memory.words[5]).toBe(42);
    expect(memory.bytes[2 * PAGE - 1]).toBe(0);
    expect(memory.bytes.buffer).toBe(memory.buffer);
    stop();
    memory.grow(3 * PAGE);
    expect(heard.length).toBe(1);
    expect(memory.shared).toBe(kind.toLowerCase().includes('shared'));
  });

  it('does not grow past what it can be, and stays as it was', () => {
    const memory = new Memory(make());
    for (const length of [4 * PAGE + 1, 2 ** 32, 2 ** 32 + 1, 2 ** 50])
      expect(memory.grow(length)).toBe(false);
    expect(memory.byteLength).toBe(PAGE);
    expect(memory.grow(4 * PAGE)).toBe(true);
  });
});

it('notices growth by somebody else', () => {
  const source = new WebAssembly.Memory({ initial: 1 });
  const memory = new Memory(source);
  expect(memory.refresh()).toBe(false);
  source.grow(1);
  expect(memory.words[0]).toBeUndefined();
  expect(memory.refresh()).toBe(true);
  expect(memory.words[0]).toBe(0);
  expect(memory.byteLength).toBe(2 * PAGE);
});

it('knows how far it can grow', () => {
  expect(new Memory(new ArrayBuffer(100)).maxByteLength).toBe(100);
  expect(new Memory(new ArrayBuffer(100, { maxByteLength: 300 })).maxByteLength).toBe(300);
  expect(new Memory(new SharedArrayBuffer(100, { maxByteLength: 300 })).maxByteLength).toBe(300);
  expect(new Memory(new WebAssembly.Memory({ initial: 1 })).maxByteLength).toBe(2 ** 32);
  expect(new Memory(custom(0)).maxByteLength).toBe(Number.POSITIVE_INFINITY);
  expect(new Memory({ buffer: () => new ArrayBuffer(8) }).maxByteLength).toBe(8);
});

it('fixed buffers do not grow', () => {
  for (const source of [
    new ArrayBuffer(64),
    new SharedArrayBuffer(64),
    { buffer: () => new ArrayBuffer(64) },
  ]) {
    const memory = new Memory(source);
    expect(memory.grow(64)).toBe(true);
    expect(memory.grow(65)).toBe(false);
  }
});

it('passes on errors of a custom memory that are not about room', () => {
  const failing: CustomMemory = {
    buffer: () => new ArrayBuffer(8),
    grow() {
      throw new TypeError('no');
    },
  };
  expect(() => new Memory(failing).grow(16)).toThrow(new TypeError('no'));
});

it('goes by the length of a custom memory, not by what its grow says', () => {
  let buffer = new ArrayBuffer(8);
  const replace = (byteLength: number) => {
    buffer = new ArrayBuffer(byteLength);
  };
  const forgetful = new Memory({ buffer: () => buffer, grow: replace as unknown as () => boolean });
  expect(forgetful.grow(16)).toBe(true);
  expect(forgetful.bytes.buffer).toBe(buffer);
  const late = new Memory({
    buffer: () => buffer,
    grow(byteLength: number) {
      replace(byteLength - 4);
      throw new RangeError('not quite');
    },
  });
  expect(late.grow(32)).toBe(false);
  expect(late.bytes.buffer).toBe(buffer);
  const boast = new Memory({ buffer: () => buffer, grow: () => true });
  expect(boast.grow(64)).toBe(false);
});

it('tells every listener, also when one throws', () => {
  const memory = new Memory(new ArrayBuffer(8, { maxByteLength: 64 }));
  const heard: string[] = [];
  for (const name of ['one', 'two', 'three']) {
    memory.onGrow(() => {
      heard.push(name);
      memory.onGrow(() => heard.push('late'));
      if (name !== 'three') throw new Error(name);
    });
  }
  expect(() => memory.grow(16)).toThrow('one');
  expect(heard).toEqual(['one', 'two', 'three']);
  expect(() => memory.onGrow(5 as unknown as () => void)).toThrow(
    new TypeError('a listener of growth must be a function, got 5'),
  );
});

// Node's Buffer lies somewhere in an ArrayBuffer that others use too.
it.each([
  new Uint8Array(new ArrayBuffer(64), 16),
  new Float64Array(8),
  new DataView(new ArrayBuffer(64), 16),
])('refuses a view in place of its buffer: %o', (view) => {
  const { name } = view.constructor;
  const message = `memory must be a buffer, not a ${name} on a part of one: copy it into a buffer of its own, view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength)`;
  expect(() => new Memory(view as unknown as MemorySource)).toThrow(new TypeError(message));
  expect(() => new Memory({ buffer: () => view as unknown as ArrayBuffer })).toThrow(new TypeError(message));
});

it.each([null, {}, 5])('refuses a custom memory whose buffer is %s', (buffer) => {
  expect(() => new Memory({ buffer: () => buffer as unknown as ArrayBuffer })).toThrow(
    new TypeError(
      `the buffer of a memory must be an ArrayBuffer or a SharedArrayBuffer, got ${display(buffer)}`,
    ),
  );
});

it('takes buffers of another realm', async () => {
  const { one, two, wasm } = await inOtherRealm<{
    one: ArrayBuffer;
    two: SharedArrayBuffer;
    wasm: WebAssembly.Memory;
  }>(`({
    one: new ArrayBuffer(8, { maxByteLength: 32 }),
    two: new SharedArrayBuffer(8, { maxByteLength: 32 }),
    wasm: new WebAssembly.Memory({ initial: 1 }),
  })`);
  expect([one, two, wasm].map((source) => new Memory(source).kind)).toEqual([
    'array-buffer',
    'shared-array-buffer',
    'wasm-memory',
  ]);
  for (const source of [one, two, wasm]) expect(new Memory(source).grow(32)).toBe(true);
});

it.each([null, undefined, 5, {}, 'memory'])('refuses %s', (source) => {
  expect(() => new Memory(source as unknown as MemorySource)).toThrow(
    new TypeError(
      `memory must be an ArrayBuffer, a SharedArrayBuffer, a WebAssembly.Memory or { buffer(), grow?() }, got ${display(source)}`,
    ),
  );
});
