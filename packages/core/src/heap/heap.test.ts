import { describe, expect, it } from 'vitest';
import { inOtherRealm } from '../../test/realm.js';
import { InvalidFreeError } from '../allocator.js';
import { Heap } from './heap.js';
import type { HeapOptions } from './options.js';

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
  [{ checked: 'no' }, 'checked must be true or false, got "no"'],
  [{ zeroed: 1 }, 'zeroed must be true or false, got 1'],
  [{ aligned: 8 }, 'Heap has no option aligned; known: base, limit, alignment, checked, zeroed'],
])('refuses %o', (options, message) => {
  const buffer = new ArrayBuffer(64 * KiB);
  expect(() => Heap.create(buffer, options)).toThrow(message);
  expect(new Uint8Array(buffer).every((byte) => byte === 0)).toBe(true);
});

describe('calloc', () => {
  it('gives zeros where blocks were used before, and checks the product', () => {
    const heap = Heap.create(new ArrayBuffer(64 * KiB));
    for (const size of [8, 100, 256, 257, 5000]) {
      const dirty = heap.malloc(size);
      heap.view.fill(0xff, dirty, dirty + size);
      heap.free(dirty);
      const address = heap.calloc(1, size);
      expect(address).toBe(dirty);
      expect(heap.view.subarray(address, address + size).every((byte) => byte === 0)).toBe(true);
    }
    const before = heap.stats();
    for (const [count, size] of [
      [2 ** 16, 2 ** 16],
      [2 ** 31, 2 ** 31],
      [2 ** 32 + 1, 2 ** 32],
      [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
      [Number.MAX_VALUE, 2],
      [2, Number.MAX_VALUE],
    ] as const) {
      expect(heap.calloc(count, size)).toBe(0);
    }
    expect(heap.array(Float64Array, Number.MAX_VALUE)).toBeNull();
    expect(() => heap.calloc(-1, 8)).toThrow(
      new RangeError('count must be a whole number from 0 up, got -1'),
    );
    expect(heap.stats()).toEqual(before);
  });

  it('does not clear what is known to be zero', () => {
    const memory = new ArrayBuffer(64 * KiB);
    const heap = Heap.create(memory, { zeroed: true });
    // Written where the heap has never been: were it to clear the block, this would be gone.
    new Uint8Array(memory)[2000] = 9;
    const address = heap.calloc(1, 3000);
    expect(heap.view[2000]).toBe(9);
    heap.free(address);
    expect(heap.calloc(1, 3000)).toBe(address);
    expect(heap.view[2000]).toBe(0);
  });
});

describe('realloc', () => {
  const fill = (heap: Heap, address: number, size: number) => {
    for (let i = 0; i < size; i++) heap.view[address + i] = i * 31;
  };
  const expectFilled = (heap: Heap, address: number, size: number) => {
    for (let i = 0; i < size; i++) expect(heap.view[address + i]).toBe((i * 31) & 255);
  };

  it('is malloc for 0, and keeps a block of no bytes', () => {
    const heap = Heap.create(new ArrayBuffer(64 * KiB));
    const address = heap.realloc(0, 100);
    expect(heap.usableSize(address)).toBe(112);
    expect(heap.realloc(address, 0)).toBe(address);
    expect(heap.usableSize(address)).toBe(16);
    heap.free(address);
  });

  it('grows in place at the top, and shrinks in place', () => {
    const heap = Heap.create(new ArrayBuffer(64 * KiB));
    const address = heap.malloc(100);
    fill(heap, address, 100);
    for (const size of [500, 5000, 300, 3000, 100]) {
      expect(heap.realloc(address, size)).toBe(address);
      expectFilled(heap, address, 100);
      heap.check();
    }
  });

  it.each([{}, { alignment: 8 }, { checked: false }] as const)(
    'an array at the end never moves: %o',
    (options) => {
      const heap = Heap.create(new ArrayBuffer(0, { maxByteLength: 2 ** 22 }), options);
      heap.malloc(1000);
      const address = heap.malloc(100);
      let size = 100;
      for (let i = 1; size < 3_000_000; i++) {
        fill(heap, address, 100);
        heap.view[address + size - 1] = 5;
        const before = size;
        size += (size >> 3) + i;
        expect(heap.realloc(address, size)).toBe(address);
        expect(heap.view[address + before - 1]).toBe(5);
        expectFilled(heap, address, 99);
        heap.check();
      }
      expect(heap.stats().footprintBytes).toBeLessThan(size * 1.06);
      const aligned = heap.alignedAlloc(512, 1000);
      for (let more = 1000; more < 50_000; more += 3000) expect(heap.realloc(aligned, more)).toBe(aligned);
      heap.check();
      heap.free(address);
      heap.free(aligned);
      heap.check();
    },
  );

  // Blocks so small that they wait when freed, and blocks so large that they are merged at once; before there are tables and after.
  it.each([
    [100, 0],
    [100, 40_000],
    [2000, 0],
    [2000, 40_000],
  ])('grows in place over free neighbours: %d bytes each, above %d', (size, below) => {
    const heap = Heap.create(new ArrayBuffer(128 * KiB));
    if (below > 0) heap.malloc(below);
    const all = Array.from({ length: 40 }, () => heap.malloc(size));
    const granted = heap.usableSize(all[0]);
    // Six in a row, which the heap's own blocks have not come between.
    const blocks = all
      .map((_, i) => all.slice(i, i + 6))
      .find((six) => six.every((address, i) => address === six[0] + i * granted))!;
    const { usedBlocks } = heap.stats();
    const [first, second, third, fourth] = blocks as [number, number, number, number];
    fill(heap, first, size);
    heap.free(third);
    heap.free(second);
    heap.free(fourth);
    expect(heap.realloc(first, size * 3)).toBe(first);
    heap.check();
    expect(heap.realloc(first, size * 4)).toBe(first);
    heap.check();
    expectFilled(heap, first, size);
    expect(heap.realloc(first, size * 5)).not.toBe(first);
    heap.check();
    expect(heap.stats().usedBlocks).toBe(usedBlocks - 3);
  });

  it('moves what cannot stay, contents kept', () => {
    const heap = Heap.create(new ArrayBuffer(64 * KiB));
    for (const size of [10, 256, 257, 4000]) {
      const address = heap.malloc(size);
      while (heap.malloc(size) < address);
      fill(heap, address, size);
      const moved = heap.realloc(address, size * 2);
      expect(moved).not.toBe(address);
      expectFilled(heap, moved, size);
      expect(() => heap.free(address)).toThrow(InvalidFreeError);
    }
  });

  it('leaves the block as it was where there is no room', () => {
    const heap = Heap.create(new ArrayBuffer(8 * KiB));
    const address = heap.malloc(3000);
    heap.malloc(1000);
    fill(heap, address, 3000);
    const before = [...heap.walk()];
    for (const size of [7000, 2 ** 32, 2 ** 40]) expect(heap.realloc(address, size)).toBe(0);
    expect([...heap.walk()]).toEqual(before);
    expectFilled(heap, address, 3000);
  });

  it('refuses what is not live', () => {
    const heap = Heap.create(new ArrayBuffer(8 * KiB));
    const address = heap.malloc(100);
    heap.malloc(1);
    heap.free(address);
    for (const call of [
      () => heap.realloc(address, 10),
      () => heap.resize(address, 10),
      () => heap.usableSize(address),
    ]) {
      expect(call).toThrow(new InvalidFreeError(address, 'free'));
    }
    expect(() => heap.realloc(8 * KiB, 10)).toThrow(new InvalidFreeError(8 * KiB, 'outside'));
    heap.check();
  });
});

describe('alignedAlloc', () => {
  it.each([{}, { alignment: 8 }, { checked: false }] as const)(
    'any power of two, kept by realloc: %o',
    (options: HeapOptions) => {
      const heap = Heap.create(new ArrayBuffer(2048 * KiB), options);
      for (let align = 1; align <= 65536; align *= 2) {
        for (const size of [0, 1, 12, 13, 28, 100, 3000]) {
          const address = heap.alignedAlloc(align, size);
          expect(address % Math.max(align, heap.alignment)).toBe(0);
          expect(heap.usableSize(address)).toBeGreaterThanOrEqual(size);
          heap.view.fill(7, address, address + size);
          heap.malloc(40);
          const moved = heap.realloc(address, size + 900);
          expect(moved % align).toBe(0);
          expect(heap.view.subarray(moved, moved + size).every((byte) => byte === 7)).toBe(true);
          heap.view.fill(7, moved, moved + heap.usableSize(moved));
          const again = heap.realloc(moved, size);
          expect(again % align).toBe(0);
          heap.check();
          const { align: told } = [...heap.walk()].find((block) => block.address === again)!;
          expect(told).toBe(align > heap.alignment ? align : 0);
          heap.free(again);
          heap.check();
        }
      }
    },
  );

  it('finds the one place there is', () => {
    const heap = Heap.create(new ArrayBuffer(16 * KiB));
    const aligned = heap.alignedAlloc(4096, 4000);
    while (heap.malloc(100) !== 0);
    while (heap.malloc(1) !== 0);
    expect(heap.alignedAlloc(4096, 4000)).toBe(0);
    heap.free(aligned);
    expect(heap.alignedAlloc(4096, 4000)).toBe(aligned);
    heap.check();
  });

  it.each([0, -16, 3, 24, 0.5, Number.NaN, 2 ** 32])('refuses %d', (align) => {
    const heap = Heap.create(new ArrayBuffer(KiB));
    expect(() => heap.alignedAlloc(align, 8)).toThrow(
      new RangeError(`alignment must be a power of two, 2^31 at most, got ${String(align)}`),
    );
  });
});

describe('usableSize', () => {
  it('is what the block holds: the size rounded up to 16, or to 8 from 16 up', () => {
    const sixteen = Heap.create(new ArrayBuffer(512 * KiB));
    const eight = Heap.create(new ArrayBuffer(512 * KiB), { alignment: 8 });
    for (let size = 0; size <= 600; size++) {
      expect(sixteen.usableSize(sixteen.malloc(size))).toBe(Math.max(16, Math.ceil(size / 16) * 16));
      expect(eight.usableSize(eight.malloc(size))).toBe(Math.max(16, Math.ceil(size / 8) * 8));
    }
  });
});

describe('create', () => {
  it.each([
    [{ base: -1 }, 'base must be an address from 0 to 2^32 - 1, got -1'],
    [{ base: 2 ** 32 }, 'base must be an address from 0 to 2^32 - 1, got 4294967296'],
    [{ limit: 0 }, 'limit must be an address above the base 0, 2^32 at most, got 0'],
    [{ limit: 2 ** 33 }, 'limit must be an address above the base 0, 2^32 at most, got 8589934592'],
    [{ alignment: 32 as 16 }, 'alignment must be 8 or 16, got 32; alignedAlloc serves any power of two'],
    [
      { base: 900 },
      'a heap at 912 needs the bytes up to 1056 at least; the memory has 1000 and cannot grow so far',
    ],
    [{ limit: 100 }, 'a heap at 0 needs the bytes up to 144 at least; its limit is 100'],
  ])('refuses %o and writes nothing', (options: HeapOptions, message) => {
    const memory = new ArrayBuffer(1000);
    expect(() => Heap.create(memory, options)).toThrow(message);
    expect(new Uint8Array(memory).every((byte) => byte === 0)).toBe(true);
  });

  it('leaves all bytes below its base alone', () => {
    const memory = new ArrayBuffer(64 * KiB);
    new Uint8Array(memory).fill(0xab, 0, 5000);
    const heap = Heap.create(memory, { base: 5000 });
    expect(heap.base).toBe(5008);
    while (heap.malloc(50) !== 0);
    expect(new Uint8Array(memory, 0, 5000).every((byte) => byte === 0xab)).toBe(true);
  });
});

it('array: a typed array of zeros, whose view outlives growth', () => {
  const heap = Heap.create(new WebAssembly.Memory({ initial: 1, maximum: 10 }));
  const floats = heap.array(Float64Array, 1000)!;
  expect(floats.address % 16).toBe(0);
  expect(floats.view.length).toBe(1000);
  expect(floats.view.every((value) => value === 0)).toBe(true);
  floats.view[999] = Math.PI;
  const { view } = floats;
  expect(floats.view).toBe(view);
  heap.malloc(200_000);
  expect(view.length).toBe(0);
  expect(floats.view[999]).toBe(Math.PI);
  expect(heap.array(BigInt64Array, 2 ** 29)).toBeNull();
  const { usedBlocks } = heap.stats();
  floats[Symbol.dispose]();
  floats.free();
  expect(floats.address).toBe(0);
  expect(heap.stats().usedBlocks).toBe(usedBlocks - 1);
  expect(() => floats.view).toThrow('this array of the heap has been freed');
});

it.each([33, 100, 5000, 2 ** 20])(
  'an address inside a block of %d granules is told from a free one',
  (granules) => {
    const heap = Heap.create(new ArrayBuffer(2 ** 25));
    heap.malloc(1);
    const address = heap.malloc(16 * granules);
    const end = address + 16 * granules;
    for (const inside of [address + 1, address + 16, address + 16 * 32, end - 16, end - 1]) {
      expect(() => heap.free(inside), String(inside - address)).toThrow('lies inside a used segment');
    }
    expect(() => heap.free(end)).toThrow('is not in use');
  },
);

it.each([undefined, Array, DataView, 8])('array: refuses %s for a type', (type) => {
  const heap = Heap.create(new ArrayBuffer(64 * KiB));
  expect(() => heap.array(type as unknown as Float32ArrayConstructor, 8)).toThrow(
    /^type must be the constructor of a typed array, such as Float32Array, got /,
  );
  expect(heap.stats().usedBlocks).toBe(0);
});

// In JavaScriptCore it is 1 everywhere.
it('array: refuses DataView where it has BYTES_PER_ELEMENT', () => {
  const likeJsc = Object.defineProperty(class extends DataView<ArrayBuffer> {}, 'BYTES_PER_ELEMENT', {
    value: 1,
  });
  const heap = Heap.create(new ArrayBuffer(64 * KiB));
  expect(() => heap.array(likeJsc as unknown as Float32ArrayConstructor, 8)).toThrow(
    /^type must be the constructor of a typed array/,
  );
});

it('array: takes typed arrays of another realm, and what extends one', async () => {
  const heap = Heap.create(new ArrayBuffer(64 * KiB));
  const other = await inOtherRealm<Float32ArrayConstructor>('Float32Array');
  expect(heap.array(other, 8)?.view).toBeInstanceOf(other);
  class Samples extends Float32Array {}
  expect(heap.array(Samples, 8)?.view).toBeInstanceOf(Samples);
});

describe('walk', () => {
  it.each([24, 3000])('blocks of %d bytes may be freed on the way, none is missed', (size) => {
    const heap = Heap.create(new ArrayBuffer(256 * KiB));
    const live = Array.from({ length: 60 }, () => heap.malloc(size));
    const seen: number[] = [];
    for (const { address, kind } of heap.walk()) {
      if (kind !== 'used') continue;
      seen.push(address);
      heap.free(address);
    }
    expect(seen).toEqual(live);
    expect(heap.stats().usedBlocks).toBe(0);
    heap.check();
  });

  it('ends though the heap shrinks and grows on the way', () => {
    const heap = Heap.create(new ArrayBuffer(256 * KiB));
    const live = new Set(Array.from({ length: 60 }, () => heap.malloc(3000)));
    let steps = 0;
    let last = -1;
    for (const { address } of heap.walk()) {
      expect(address).toBeGreaterThan(last);
      last = address;
      const free = [...live].filter((each) => each > address).slice(0, 2);
      for (const each of free) {
        heap.free(each);
        live.delete(each);
      }
      if (steps++ % 3 === 0) live.add(heap.malloc(100));
    }
    expect(steps).toBeLessThan(70);
    heap.check();
  });
});

it('dump: figures and a map, within 80 columns', () => {
  const heap = Heap.create(new ArrayBuffer(8 * KiB));
  const blocks = Array.from({ length: 15 }, () => heap.malloc(100));
  for (const address of blocks.slice(5, 10)) heap.free(address);
  expect(heap.dump()).toBe(
    [
      'heap at 0x0, addresses multiples of 16, frees checked',
      '  used                 1,120 bytes in 10 blocks, 61.4 % of the footprint',
      '  free                 6,928 bytes in 2 blocks, the largest 6,368',
      '  waiting                  0 bytes of the free ones',
      '  at the top           6,368 bytes of the free ones',
      '  bookkeeping            144 bytes',
      '  footprint            1,824 bytes at most so far',
      'a character is 16 bytes: # used, + used and free, . free, = bookkeeping',
      `       0x0  ${'='.repeat(9)}${'#'.repeat(35)}${'.'.repeat(20)}`,
      `     0x400  ${'.'.repeat(15)}${'#'.repeat(35)}`,
      '',
    ].join('\n'),
  );
  const large = Heap.create(new ArrayBuffer(1024 * KiB));
  for (let i = 0; i < 200; i++) large.free(large.malloc(i * 20) && large.malloc(i * 15));
  expect(
    Math.max(
      ...large
        .dump()
        .split('\n')
        .map((line) => line.length),
    ),
  ).toBeLessThanOrEqual(80);
  expect(large.dump()).toContain('+');
});
