import fc from 'fast-check';
import { CorruptionError, InvalidFreeError } from 'freehold';
import { describe, expect, it } from 'vitest';
import { __GFP_ZERO, GFP_DMA, GFP_KERNEL } from '../frames/gfp.js';
import { PAGE_OFFSET, PageAllocator } from '../frames/page-allocator.js';
import { Machine } from '../machine.js';
import { slabGeometry } from './geometry.js';
import { SLAB_POISON, SLAB_RED_ZONE } from './guard.js';
import { KMALLOC_SIZES, SlabAllocator, ZERO_SIZE_PTR } from './slab-allocator.js';

const MiB = 2 ** 20;

function boot(megabytes = 32) {
  const pages = new PageAllocator(new Machine(megabytes * MiB));
  return { pages, slab: new SlabAllocator(pages), bytes: pages.machine.u8 };
}

function invalid(call: () => void, reason: string) {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidFreeError);
    expect((error as InvalidFreeError).reason).toBe(reason);
    return;
  }
  expect.fail('accepted');
}

describe('the geometry of slabs', () => {
  it.each([
    // Object size, objects a slab, frames a slab: lines of a real /proc/slabinfo.
    [64, 64, 1],
    [96, 42, 1],
    [104, 39, 1],
    [192, 21, 1],
    [256, 16, 1],
    [312, 13, 1],
    [376, 21, 2],
    [448, 18, 2],
    [512, 16, 2],
    [1016, 16, 4],
    [1024, 16, 4],
    [2048, 16, 8],
    [4096, 8, 8],
    [8192, 4, 8],
  ])('of %d bytes is as Linux lays them out', (size, objects, frames) => {
    const geometry = slabGeometry(size)!;
    expect([geometry.objectsPerSlab, 1 << geometry.order]).toEqual([objects, frames]);
  });

  it('holds every stride up to the largest slab', () => {
    for (let stride = 8; stride <= 2 ** 15; stride += 8) {
      const { order, objectsPerSlab, leftover } = slabGeometry(stride)!;
      expect(objectsPerSlab).toBeGreaterThanOrEqual(1);
      expect(objectsPerSlab * stride + leftover).toBe(4096 << order);
    }
    expect(slabGeometry(2 ** 15 + 8)).toBeNull();
  });
});

describe('an object cache', () => {
  it('runs the constructor when a slab is made, never at an allocation', () => {
    const { slab, bytes } = boot();
    const cache = slab.createCache('file', 200, {
      ctor: (address) => bytes.fill(7, address - PAGE_OFFSET, address - PAGE_OFFSET + 200),
    });
    for (let i = 0; i < 100_000; i++) {
      const address = cache.alloc()!;
      expect(bytes[address - PAGE_OFFSET]).toBe(7);
      cache.free(address);
    }
    const { allocations, constructorRuns, objectsPerSlab } = cache.stats();
    expect(allocations).toBe(100_000);
    // A batch at hand needs objects of a few slabs, whatever the number of allocations.
    expect(constructorRuns).toBeLessThanOrEqual(4 * objectsPerSlab);
    cache.check();
  });

  it('gives a slab back whose constructor throws, and undoes what it has constructed', () => {
    const { slab, pages } = boot();
    let alive = 0;
    const ctor = () => {
      if (alive === 3) throw new Error('no more');
      alive++;
    };
    const cache = slab.createCache('file', 200, { ctor, dtor: () => alive-- });
    const free = pages.freeFrames;
    expect(() => cache.alloc()).toThrow('no more');
    expect(alive).toBe(0);
    expect(pages.freeFrames).toBe(free);
    expect(cache.stats().slabs).toBe(0);
    cache.check();
    pages.check();
  });

  it('runs the destructor when a slab is given back', () => {
    const { slab, pages } = boot();
    const free = pages.freeFrames;
    let alive = 0;
    const cache = slab.createCache('inode', 600, { ctor: () => alive++, dtor: () => alive-- });
    const objects = Array.from({ length: 100 }, () => cache.alloc()!);
    for (const object of objects) cache.free(object);
    expect(alive).toBeGreaterThanOrEqual(100);
    const frames = cache.shrink();
    expect(alive).toBe(0);
    expect(frames).toBeGreaterThan(0);
    expect(pages.freeFrames).toBe(free);
  });

  it('moves slabs between its lists', () => {
    const { slab } = boot();
    const cache = slab.createCache('big', 2000);
    const { objectsPerSlab, limit } = cache.stats();
    const objects = Array.from({ length: objectsPerSlab * 6 }, () => cache.alloc()!);
    expect(cache.lists().full).toBeGreaterThanOrEqual(6);
    for (const object of objects) cache.free(object);
    expect(cache.lists().free).toBeGreaterThanOrEqual(4);
    expect(cache.stats().activeObjects).toBe(0);
    expect(limit).toBe(24);
    cache.check();
  });

  it('shifts the first object of successive slabs by a colour', () => {
    const { slab } = boot();
    const cache = slab.createCache('odd', 360, { align: 8 });
    const { objectsPerSlab } = cache.stats();
    for (let i = 0; i < objectsPerSlab * 4; i++) cache.alloc();
    const firsts = [...cache.objects()]
      .filter((_, i) => i % objectsPerSlab === 0)
      .map((address) => address % 4096);
    expect(new Set(firsts).size).toBe(firsts.length);
    expect(firsts.slice(0, 3)).toEqual([0, 8, 16]);
  });

  it('refuses to be destroyed while objects live, naming how many', () => {
    const { slab, pages } = boot();
    const free = pages.freeFrames;
    const cache = slab.createCache('dentry', 192);
    const objects = [cache.alloc()!, cache.alloc()!, cache.alloc()!];
    expect(() => slab.destroyCache(cache)).toThrow(
      'cache dentry cannot be destroyed: 3 objects are still in use',
    );
    for (const object of objects) cache.free(object);
    slab.destroyCache(cache);
    expect(pages.freeFrames).toBe(free);
    expect(() => slab.destroyCache(cache)).toThrow('cache dentry was destroyed before');
    expect(() => cache.alloc()).toThrow('cache dentry was destroyed');
    slab.createCache('dentry', 192);
    expect(() => slab.createCache('dentry', 10)).toThrow('there is a cache named dentry already');
  });

  it('finds every invalid free', () => {
    const { slab } = boot();
    const cache = slab.createCache('area', 100);
    const other = slab.createCache('other', 100);
    const address = cache.alloc()!;
    invalid(() => cache.free(address + 8), 'interior');
    invalid(() => cache.free(address + 0.5), 'interior');
    invalid(() => cache.free(address + 104), 'free');
    invalid(() => other.free(address), 'outside');
    invalid(() => cache.free(0), 'outside');
    cache.free(address);
    invalid(() => cache.free(address), 'free');
    slab.check();
  });

  it('clears an object with __GFP_ZERO, also a poisoned one, never a constructed one', () => {
    const { slab, bytes } = boot();
    const plain = slab.createCache('plain', 40, { flags: SLAB_POISON | SLAB_RED_ZONE });
    const address = plain.alloc(GFP_KERNEL | __GFP_ZERO)!;
    expect(bytes.subarray(address - PAGE_OFFSET, address - PAGE_OFFSET + 40).every((b) => b === 0)).toBe(
      true,
    );
    plain.free(address);
    const built = slab.createCache('built', 40, { ctor: () => {} });
    expect(() => built.alloc(GFP_KERNEL | __GFP_ZERO)).toThrow(
      'objects of cache built are constructed: __GFP_ZERO would undo that',
    );
    expect(built.stats()).toMatchObject({ activeObjects: 0, slabs: 0 });
    slab.check();
  });

  it('gives null when there is no frame, and goes on when there is', () => {
    const { slab, pages } = boot();
    const cache = slab.createCache('x', 3000);
    pages.failNth(1);
    expect(cache.alloc()).toBeNull();
    expect(cache.stats().slabs).toBe(0);
    expect(cache.alloc()).not.toBeNull();
    slab.check();
  });

  it.each([
    [0, {}, 'size of cache c must be a whole number of bytes from 1 up, got 0'],
    [1.5, {}, 'size of cache c must be a whole number of bytes from 1 up, got 1.5'],
    [40000, {}, 'size of cache c must be at most 32768 bytes, got 40000: use alloc_pages'],
    [8, { align: 3 }, 'align of cache c must be a power of two up to 4096, got 3'],
    [8, { flags: 8 }, 'flags of cache c must be SLAB_RED_ZONE, SLAB_POISON or both, got 8'],
    [8, { flags: SLAB_POISON, ctor: () => {} }, 'cache c cannot poison objects that must stay constructed'],
  ])('refuses size %d with %o', (size, options, message) => {
    expect(() => boot().slab.createCache('c', size, options)).toThrow(message);
  });
});

describe('an object cache whose request for frames calls for reclaim', () => {
  it('keeps the objects that reclaim frees into it', () => {
    const { pages, slab } = boot(2);
    const cache = slab.createCache('thing', 600);
    const objects: number[] = [];
    // Full slabs only, nothing at hand.
    do objects.push(cache.alloc()!);
    while (cache.stats().activeObjects < cache.stats().objects);
    const frames: number[] = [];
    for (
      let frame = pages.allocPages(GFP_KERNEL, 0);
      frame !== null;
      frame = pages.allocPages(GFP_KERNEL, 0)
    ) {
      frames.push(frame);
    }
    pages.reclaim = () => {
      for (const object of objects.splice(0, 3)) cache.free(object);
      return 3;
    };
    objects.push(cache.alloc()!);
    slab.check();
    expect(cache.stats().activeObjects).toBe(objects.length);
    pages.reclaim = undefined;
    for (const frame of frames) pages.freePages(frame, 0);
    for (const object of objects) cache.free(object);
    slab.check();
    cache.destroy();
    expect(slab.shrinkAll()).toBe(0);
  });
});

describe('debug flags', () => {
  it('an overrun is found at free, with the place, and the object stays in use', () => {
    const { slab, bytes } = boot();
    const cache = slab.createCache('guarded', 20, { flags: SLAB_RED_ZONE });
    const address = cache.alloc()!;
    bytes[address - PAGE_OFFSET + 20] = 1;
    expect(() => cache.free(address)).toThrow(CorruptionError);
    expect(() => cache.free(address)).toThrow(
      `0x1 instead of 0xcc at byte 20 of the object of 20 bytes at 0x${address.toString(16)} in cache guarded`,
    );
    bytes[address - PAGE_OFFSET + 20] = 0xcc;
    cache.free(address);
    cache.check();
  });

  it('a write after free is found at the next allocation, and by check', () => {
    const { slab, bytes } = boot();
    const cache = slab.createCache('poisoned', 64, { flags: SLAB_POISON | SLAB_RED_ZONE });
    const address = cache.alloc()!;
    cache.free(address);
    expect(bytes[address - PAGE_OFFSET]).toBe(0x6b);
    expect(bytes[address - PAGE_OFFSET + 63]).toBe(0xa5);
    bytes[address - PAGE_OFFSET + 5] = 0;
    expect(() => cache.check()).toThrow('0x0 instead of 0x6b at byte 5');
    expect(() => cache.alloc()).toThrow('0x0 instead of 0x6b at byte 5');
  });
});

describe('kmalloc', () => {
  it('rounds up to the sizes of the caches, larger ones to frames', () => {
    const { slab } = boot();
    for (let size = 1; size <= 8192; size++) {
      const address = slab.kmalloc(size)!;
      expect(slab.ksize(address)).toBe(KMALLOC_SIZES.find((s) => s >= size));
      slab.kfree(address);
    }
    for (const [size, granted] of [
      [8193, 16384],
      [65536, 65536],
      [65537, 131072],
      [4 * MiB, 4 * MiB],
    ] as const) {
      const address = slab.kmalloc(size)!;
      expect(slab.ksize(address)).toBe(granted);
      slab.kfree(address);
    }
    expect(slab.kmalloc(4 * MiB + 1)).toBeNull();
    slab.check();
  });

  it('with __GFP_ZERO clears what was used before, all of it and nothing else', () => {
    const { slab, bytes } = boot();
    for (const size of [100, 8192, 20_000]) {
      const before = slab.kmalloc(size)!;
      const next = slab.kmalloc(size)!;
      const granted = slab.ksize(before);
      for (const each of [before, next]) bytes.fill(0xaa, each - PAGE_OFFSET, each - PAGE_OFFSET + granted);
      slab.kfree(before);
      const at = slab.kmalloc(size, GFP_KERNEL | __GFP_ZERO)! - PAGE_OFFSET;
      expect(at).toBe(before - PAGE_OFFSET);
      expect(bytes.subarray(at, at + granted).every((byte) => byte === 0)).toBe(true);
      expect(bytes.subarray(next - PAGE_OFFSET).indexOf(0)).toBeGreaterThanOrEqual(granted);
    }
    slab.check();
  });

  it('of nothing is a pointer of size 0; freeing that or null means nothing', () => {
    const { slab } = boot();
    expect(slab.kmalloc(0)).toBe(ZERO_SIZE_PTR);
    expect(slab.ksize(ZERO_SIZE_PTR)).toBe(0);
    slab.kfree(ZERO_SIZE_PTR);
    slab.kfree(null);
  });

  it('takes DMA memory from below 16 MiB', () => {
    const { slab } = boot(64);
    expect(slab.kmalloc(100, GFP_DMA)! - PAGE_OFFSET).toBeLessThan(16 * MiB);
    expect(slab.cache('dma-kmalloc-128')!.stats().activeObjects).toBe(1);
    expect(slab.kmalloc(100, GFP_KERNEL)! - PAGE_OFFSET).toBeGreaterThanOrEqual(16 * MiB);
  });

  it('refuses misuse', () => {
    const { slab } = boot();
    for (const size of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => slab.kmalloc(size)).toThrow(`size must be a whole number of bytes from 0 up, got ${size}`);
    }
    const small = slab.kmalloc(100)!;
    const large = slab.kmalloc(100_000)!;
    invalid(() => slab.kfree(small + 8), 'interior');
    invalid(() => slab.kfree(large + 8), 'interior');
    invalid(() => slab.kfree(12345), 'outside');
    slab.kfree(small);
    slab.kfree(large);
    invalid(() => slab.kfree(small), 'free');
    invalid(() => slab.ksize(small), 'free');
    invalid(() => slab.kfree(large), 'free');
    slab.check();
  });
});

it('keeps every law and every byte under random calls', () => {
  const call = fc.oneof(
    fc.record({ call: fc.constant('alloc' as const), size: fc.integer({ min: 1, max: 3000 }) }),
    fc.record({ call: fc.constant('alloc' as const), size: fc.integer({ min: 4000, max: 70000 }) }),
    { weight: 2, arbitrary: fc.record({ call: fc.constant('free' as const), size: fc.nat() }) },
    fc.record({ call: fc.constant('shrink' as const), size: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(call, { maxLength: 150, size: 'max' }), (calls) => {
      const { slab, pages, bytes } = boot(8);
      const free = pages.freeFrames;
      const held: { address: number; size: number; mark: number }[] = [];
      let mark = 0;
      for (const c of calls) {
        if (c.call === 'shrink') slab.shrinkAll();
        else if (c.call === 'alloc') {
          const address = slab.kmalloc(c.size);
          if (address === null) continue;
          mark = (mark + 1) & 255;
          bytes.fill(mark, address - PAGE_OFFSET, address - PAGE_OFFSET + c.size);
          held.push({ address, size: c.size, mark });
        } else if (held.length > 0) {
          const [{ address, size, mark }] = held.splice(c.size % held.length, 1) as [(typeof held)[number]];
          const block = bytes.subarray(address - PAGE_OFFSET, address - PAGE_OFFSET + size);
          expect(block.every((byte) => byte === mark)).toBe(true);
          slab.kfree(address);
        }
      }
      slab.check();
      pages.check();
      for (const { address } of held) slab.kfree(address);
      slab.shrinkAll();
      for (const zone of pages.zones) zone.drain();
      pages.check();
      expect(pages.freeFrames).toBe(free);
    }),
    { numRuns: 40 },
  );
});
