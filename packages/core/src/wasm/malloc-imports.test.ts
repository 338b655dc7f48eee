import { describe, expect, it, vi } from 'vitest';
import { InvalidFreeError } from '../allocator.js';
import { Heap } from '../heap/heap.js';
import { heapOfModule, mallocImports } from './malloc-imports.js';

const EINVAL = 28;
const ENOMEM = 48;

function moduleLike(pages = 1, maximum = 100) {
  const memory = new WebAssembly.Memory({ initial: pages, maximum });
  return { memory, __heap_base: { value: 1024 } };
}

function made(pages?: number, maximum?: number) {
  const exports = moduleLike(pages, maximum);
  const heap = heapOfModule(exports);
  return { heap, memory: exports.memory, c: mallocImports(heap) };
}

/** What WebAssembly makes of the number that a function gives back. */
const i32 = (value: number) => value | 0;

describe('mallocImports', () => {
  it('has the seven functions, by their names in C', () => {
    expect(Object.keys(made().c).sort()).toEqual([
      'aligned_alloc',
      'calloc',
      'free',
      'malloc',
      'malloc_usable_size',
      'posix_memalign',
      'realloc',
    ]);
  });

  it('asks for the heap once, at the first call', () => {
    const { heap } = made();
    const give = vi.fn(() => heap);
    const c = mallocImports(give);
    expect(give).not.toHaveBeenCalled();
    c.free(0);
    expect(c.malloc_usable_size(0)).toBe(0);
    expect(give).not.toHaveBeenCalled();
    c.free(c.malloc(1));
    c.free(c.calloc(1, 1));
    expect(give).toHaveBeenCalledTimes(1);
  });

  it('reads sizes as unsigned, and answers NULL above PTRDIFF_MAX', () => {
    const { c, heap } = made();
    const kept = c.malloc(100);
    for (const size of [-1, -2147483648, 0x8000_0000]) {
      expect(c.malloc(size)).toBe(0);
      expect(c.calloc(1, size)).toBe(0);
      expect(c.calloc(size, 1)).toBe(0);
      expect(c.realloc(kept, size)).toBe(0);
      expect(c.aligned_alloc(16, size)).toBe(0);
      expect(c.posix_memalign(8, 16, size)).toBe(ENOMEM);
    }
    expect(c.calloc(-1, -1)).toBe(0);
    expect(c.calloc(0x10000, 0x10000)).toBe(0);
    expect(heap.stats().usedBlocks).toBe(1);
  });

  it('gives and takes addresses above 2 GiB, negative as i32', () => {
    const buffer = new ArrayBuffer(65536);
    const heap = Heap.create(buffer);
    const high = { address: 0x9000_0010, freed: 0, resized: 0, asked: 0 };
    const c = mallocImports({
      malloc: () => high.address,
      calloc: () => high.address,
      realloc: (address) => {
        high.resized = address;
        return high.address;
      },
      free: (address) => {
        high.freed = address;
      },
      alignedAlloc: () => high.address,
      usableSize: (address) => {
        high.asked = address;
        return 16;
      },
      view: heap.view,
    });
    expect(c.calloc(0x10000, 0x8000)).toBe(0);
    expect(c.calloc(0x10000, 0x7fff)).toBe(high.address);
    const address = i32(c.malloc(16));
    expect(address).toBeLessThan(0);
    c.realloc(address, 20);
    c.malloc_usable_size(address);
    c.free(address);
    expect(high).toEqual({
      address: 0x9000_0010,
      freed: 0x9000_0010,
      resized: 0x9000_0010,
      asked: 0x9000_0010,
    });
    expect(c.posix_memalign(64, 16, 16)).toBe(0);
    expect(new DataView(buffer).getUint32(64, true)).toBe(0x9000_0010);
  });

  it('aligns', () => {
    const { c, memory } = made();
    for (let alignment = 1; alignment <= 65536; alignment *= 2) {
      const address = c.aligned_alloc(alignment, 10);
      expect(address).not.toBe(0);
      expect(address % alignment).toBe(0);
      expect(c.malloc_usable_size(address)).toBeGreaterThanOrEqual(10);
      if (alignment < 4) expect(c.posix_memalign(8, alignment, 10)).toBe(EINVAL);
      else {
        expect(c.posix_memalign(8, alignment, 10)).toBe(0);
        const other = new DataView(memory.buffer).getUint32(8, true);
        expect(other).not.toBe(0);
        expect(other % alignment).toBe(0);
        c.free(other);
      }
      c.free(address);
    }
    for (const alignment of [0, 3, 24, -1, 100]) {
      expect(c.aligned_alloc(alignment, 10)).toBe(0);
      expect(c.posix_memalign(8, alignment, 10)).toBe(EINVAL);
    }
    expect(c.aligned_alloc(-2147483648, 10)).toBe(0);
    expect(c.posix_memalign(8, -2147483648, 10)).toBe(ENOMEM);
  });

  it.each([-1, -3, -8, 65_536, 65_533, 65_536 - 1, 0x7fff_ffff])(
    'refuses a result pointer at %d, where the memory has no room for it, before it allocates',
    (result) => {
      const { c, heap } = made();
      const before = JSON.stringify(heap);
      expect(() => c.posix_memalign(result, 16, 100)).toThrow(RangeError);
      expect(() => c.posix_memalign(result, 16, 100)).toThrow(
        `result must point to 4 bytes of the memory, which ends at 65536, got ${result >>> 0}`,
      );
      // Not even where the memory would reach so far after growth.
      expect(() => c.posix_memalign(result, 16, 200_000)).toThrow(RangeError);
      expect(JSON.stringify(heap)).toBe(before);
      expect(c.posix_memalign(result, 24, 100)).toBe(EINVAL);
      expect(c.posix_memalign(65_532, 16, 100)).toBe(0);
    },
  );

  it('leaves *result alone when posix_memalign fails, and the block when realloc does', () => {
    const { c, memory } = made(1, 2);
    new DataView(memory.buffer).setUint32(8, 0xabcd, true);
    expect(c.posix_memalign(8, 24, 8)).toBe(EINVAL);
    expect(c.posix_memalign(8, 64, 1_000_000)).toBe(ENOMEM);
    expect(new DataView(memory.buffer).getUint32(8, true)).toBe(0xabcd);
    const address = c.malloc(50);
    new Uint8Array(memory.buffer).fill(7, address, address + 50);
    expect(c.realloc(address, 1_000_000)).toBe(0);
    expect(new Uint8Array(memory.buffer, address, 50).every((byte) => byte === 7)).toBe(true);
    c.free(address);
  });

  it('sees pages that the module adds, before whatever call comes first', () => {
    const { c, heap, memory } = made(1, 100);
    for (let round = 0; round < 10; round++) {
      memory.grow(1);
      const first = c.malloc(40);
      memory.grow(1);
      const second = c.calloc(10, 10);
      expect(new Uint8Array(memory.buffer, second, 100).every((byte) => byte === 0)).toBe(true);
      new Uint8Array(memory.buffer).fill(9, second, second + 100);
      memory.grow(1);
      const third = c.realloc(second, 5000);
      expect(new Uint8Array(memory.buffer, third, 100).every((byte) => byte === 9)).toBe(true);
      memory.grow(1);
      expect(c.malloc_usable_size(first)).toBeGreaterThanOrEqual(40);
      memory.grow(1);
      expect(c.posix_memalign(8, 64, 10)).toBe(0);
      memory.grow(1);
      c.free(new DataView(memory.buffer).getUint32(8, true));
      memory.grow(1);
      c.free(third);
      c.free(first);
      heap.check();
    }
    expect(heap.stats().usedBlocks).toBe(0);
  });

  it('serves a shared memory, which keeps its old views when it grows', () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 10, shared: true });
    const c = mallocImports(Heap.create(memory, { base: 1024 }));
    memory.grow(1);
    const block = c.malloc(100_000);
    expect(block).not.toBe(0);
    memory.grow(1);
    expect(c.posix_memalign(8, 4096, 200_000)).toBe(0);
    const aligned = new DataView(memory.buffer).getUint32(8, true);
    expect(aligned % 4096).toBe(0);
    expect(c.malloc_usable_size(aligned)).toBeGreaterThanOrEqual(200_000);
    c.free(aligned);
    c.free(block);
  });

  it('lets the error of a bad free through', () => {
    const { c } = made();
    const address = c.malloc(10);
    c.free(address);
    expect(() => c.free(address)).toThrow(InvalidFreeError);
    expect(() => c.free(address + 1)).toThrow(InvalidFreeError);
    expect(() => c.realloc(address, 10)).toThrow(InvalidFreeError);
  });
});

describe('heapOfModule', () => {
  it('makes a heap above __heap_base', () => {
    const exports = moduleLike();
    expect(heapOfModule(exports).base).toBe(1024);
    expect(heapOfModule(exports, { base: 4096, limit: 60_000 }).base).toBe(4096);
    expect(
      heapOfModule({ ...exports, __heap_base: new WebAssembly.Global({ value: 'i32' }, 5000) }).base,
    ).toBe(5008);
  });

  it.each([
    [Number.NaN, 'base must be an address from 0 to 2^32 - 1, got NaN'],
    [2 ** 32 + 4096, 'base must be an address from 0 to 2^32 - 1, got 4294971392'],
    [4096.5, 'base must be an address from 0 to 2^32 - 1, got 4096.5'],
    [1023, 'base must be at least 1024, where the data and stack of the module end (__heap_base), got 1023'],
  ])('refuses %d for a base, and leaves the memory of the module alone', (base, message) => {
    const exports = moduleLike();
    expect(() => heapOfModule(exports, { base })).toThrow(new RangeError(message));
    expect(new Uint8Array(exports.memory.buffer).every((byte) => byte === 0)).toBe(true);
  });

  it('takes a base from who knows it where the module tells none', () => {
    const { memory } = moduleLike();
    expect(heapOfModule({ memory }, { base: 2048 }).base).toBe(2048);
  });

  it('says that memory64 is not served', () => {
    const { memory } = moduleLike();
    const heapBase = new WebAssembly.Global({ value: 'i64' }, 5000n);
    expect(() => heapOfModule({ memory, __heap_base: heapBase })).toThrow(
      new TypeError(
        'the module has 64-bit addresses (memory64; its __heap_base is an i64), but a heap has 32-bit addresses',
      ),
    );
  });

  it('says what is missing', () => {
    const { memory } = moduleLike();
    expect(() => heapOfModule({ _start: 0, __heap_base: { value: 8 } })).toThrow(
      'the module exports no memory under the name "memory" but _start, __heap_base',
    );
    expect(() => heapOfModule({ memory })).toThrow(
      'the module exports no __heap_base, the end of its data, but memory; link it with -Wl,--export=__heap_base',
    );
  });
});
