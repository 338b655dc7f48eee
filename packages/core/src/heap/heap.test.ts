import { describe, expect, it } from 'vitest';
import { InvalidFreeError } from '../allocator.js';
import { Heap } from './heap.js';

const KiB = 1024;

describe('malloc', () => {
  it('gives addresses that are multiples of 16, never 0, and blocks apart from each other', () => {
    const heap = Heap.create(new ArrayBuffer(64 * KiB));
    const blocks = [1, 15, 16, 17, 100, 1000, 5000].map((size) => ({ address: heap.malloc(size), size }));
    blocks.forEach(({ address, size }, i) => {
      expect(address).toBeGreaterThan(0);
      expect(address % 16).toBe(0);
      heap.view.fill(i + 1, address, address + size);
    });
    blocks.forEach(({ address, size }, i) => {
      expect(heap.view.subarray(address, address + size).every((byte) => byte === i + 1)).toBe(true);
    });
    heap.check();
  });

  it('gives 0 when the heap is full, and serves again after a free', () => {
    const heap = Heap.create(new ArrayBuffer(4 * KiB));
    const address = heap.malloc(3 * KiB);
    expect(address).not.toBe(0);
    expect(heap.malloc(3 * KiB)).toBe(0);
    expect(heap.malloc(2 ** 32)).toBe(0);
    expect(heap.malloc(Number.MAX_SAFE_INTEGER)).toBe(0);
    heap.free(address);
    expect(heap.malloc(3 * KiB)).not.toBe(0);
  });

  it('gives a block of its own for no bytes', () => {
    const heap = Heap.create(new ArrayBuffer(4 * KiB));
    const addresses = [heap.malloc(0), heap.malloc(0), heap.calloc(0, 8), heap.calloc(8, 0)];
    expect(new Set(addresses).size).toBe(4);
    expect(addresses).not.toContain(0);
    for (const address of addresses) heap.free(address);
    expect(heap.stats().usedBlocks).toBe(0);
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'refuses %d bytes',
    (size) => {
      const heap = Heap.create(new ArrayBuffer(4 * KiB));
      const address = heap.malloc(8);
      const before = heap.stats();
      const message = `size must be a whole number from 0 up, got ${String(size)}`;
      expect(() => heap.malloc(size)).toThrow(new RangeError(message));
      expect(() => heap.calloc(1, size)).toThrow(new RangeError(message));
      expect(() => heap.realloc(address, size)).toThrow(new RangeError(message));
      expect(() => heap.alignedAlloc(64, size)).toThrow(new RangeError(message));
      expect(heap.stats()).toEqual(before);
    },
  );

  it.each([8, 16] as const)('keeps its map above a first block of any size, units of %d', (alignment) => {
    for (let size = 2 ** 10; size <= 2 ** 26; size *= 2) {
      const heap = Heap.create(new ArrayBuffer(0, { maxByteLength: 2 ** 27 }), { base: 33840, alignment });
      const address = heap.malloc(size + 33000);
      expect(address).not.toBe(0);
      heap.check();
      heap.free(address);
      heap.check();
    }
  });
});

describe('free', () => {
  it('comes as the first call after somebody else has grown the memory', () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const heap = Heap.create(memory);
    for (const size of [10, 10, 100, 5000]) {
      const address = heap.malloc(size);
      memory.grow(1);
      heap.free(address);
      heap.check();
      memory.grow(1);
      expect(() => heap.free(address)).toThrow(InvalidFreeError);
    }
    expect(heap.stats().usedBlocks).toBe(0);
  });

  it('takes 0 and does nothing', () => {
    Heap.create(new ArrayBuffer(4 * KiB)).free(0);
  });

  it('refuses a double free, an interior and a foreign address', () => {
    const heap = Heap.create(new ArrayBuffer(4 * KiB));
    const address = heap.malloc(100);
    heap.malloc(1);
    expect(() => heap.free(address + 16)).toThrow(new InvalidFreeError(address + 16, 'interior'));
    expect(() => heap.free(address + 1)).toThrow(new InvalidFreeError(address + 1, 'interior'));
    expect(() => heap.free(3 * KiB)).toThrow(new InvalidFreeError(3 * KiB, 'free'));
    expect(() => heap.free(4 * KiB)).toThrow(new InvalidFreeError(4 * KiB, 'outside'));
    expect(() => heap.free(heap.base + 16)).toThrow(new InvalidFreeError(heap.base + 16, 'outside'));
    heap.free(address);
    expect(() => heap.free(address)).toThrow(new InvalidFreeError(address, 'free'));
    heap.check();
  });
});

it.each<[object, string]>([
  [{ checked: 'no' }, 'checked must be true or false, got no'],
  [{ zeroed: 1 }, 'zeroed must be true or false, got 1'],
  [{ aligned: 8 }, 'Heap has no option aligned; there are base, limit, alignment, checked, zeroed'],
])('refuses %o', (options, message) => {
  const buffer = new ArrayBuffer(64 * KiB);
  expect(() => Heap.create(buffer, options)).toThrow(message);
  expect(new Uint8Array(buffer).every((byte) => byte === 0)).toBe(true);
});
