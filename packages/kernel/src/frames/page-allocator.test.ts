import fc from 'fast-check';
import { InvalidFreeError } from 'freehold';
import { describe, expect, it } from 'vitest';
import { FRAME_BYTES, Machine } from '../machine.js';
import { OWNER_SLAB } from './descriptors.js';
import {
  __GFP_ZERO,
  GFP_ATOMIC,
  GFP_DMA,
  GFP_DMA32,
  GFP_HIGHUSER_MOVABLE,
  GFP_KERNEL,
  GFP_NOWAIT,
  parseGfp,
} from './gfp.js';
import { MOVABLE, UNMOVABLE } from './migrate.js';
import { PAGE_OFFSET, PageAllocator } from './page-allocator.js';
import { minFreeKilobytes, pcpBatch, watermarksOf } from './watermarks.js';

const MiB = 2 ** 20;

function boot(megabytes = 64, options = {}) {
  return new PageAllocator(new Machine(megabytes * MiB), options);
}

function drainAll(pages: PageAllocator) {
  for (const zone of pages.zones) zone.drain();
}

describe('alloc_pages', () => {
  it('gives aligned blocks of every order with one reference and takes them back', () => {
    const pages = boot();
    const free = pages.freeFrames;
    for (let order = 0; order <= 10; order++) {
      const frame = pages.allocPages(GFP_KERNEL, order, OWNER_SLAB)!;
      expect(frame % 2 ** order).toBe(0);
      expect(pages.descriptors.references[frame]).toBe(1);
      expect(pages.descriptors.owner[frame]).toBe(OWNER_SLAB);
      pages.check();
      pages.freePages(frame, order);
      pages.check();
    }
    expect(pages.freeFrames).toBe(free);
  });

  it('never gives a reserved frame, and gives all others', () => {
    const pages = boot(4, { reservedFrames: 100 });
    const given = new Set<number>();
    for (
      let frame = pages.allocPages(GFP_ATOMIC, 0);
      frame !== null;
      frame = pages.allocPages(GFP_ATOMIC, 0)
    ) {
      expect(frame).toBeGreaterThanOrEqual(100);
      expect(given.has(frame)).toBe(false);
      given.add(frame);
    }
    // What the watermark keeps back is all that is left.
    const mark = pages.zones[0].watermarks.min;
    const urgent = mark - (mark >> 1);
    expect(1024 - 100 - given.size).toBe(urgent - (urgent >> 2));
    pages.check();
  });

  it('clears frames when told to', () => {
    const pages = boot();
    const first = pages.allocPages(GFP_KERNEL, 2)!;
    pages.machine.frameBytes(first, 4).fill(0xa5);
    pages.freePages(first, 2);
    const again = pages.allocPages(GFP_KERNEL | __GFP_ZERO, 2)!;
    expect(again).toBe(first);
    expect(pages.machine.frameBytes(again, 4).every((byte) => byte === 0)).toBe(true);
  });

  it('gives addresses in the logical space of the kernel', () => {
    const pages = boot();
    const address = pages.getFreePages(GFP_KERNEL, 3)!;
    expect((address - PAGE_OFFSET) % (8 * FRAME_BYTES)).toBe(0);
    pages.freePagesAt(address, 3);
    const zeroed = pages.getZeroedPage(GFP_KERNEL)!;
    expect(pages.machine.frameBytes((zeroed - PAGE_OFFSET) / FRAME_BYTES).every((b) => b === 0)).toBe(true);
  });

  it('counts references: the last holder frees', () => {
    const pages = boot();
    const free = pages.freeFrames;
    const frame = pages.allocPages(GFP_KERNEL, 1)!;
    pages.get(frame);
    pages.put(frame);
    expect(pages.freeFrames).toBe(free - 2);
    pages.put(frame);
    expect(pages.freeFrames).toBe(free);
  });

  it('refuses misuse and is unchanged', () => {
    const pages = boot();
    const frame = pages.allocPages(GFP_KERNEL, 3)!;
    const free = pages.freeFrames;
    for (const order of [-1, 11, 0.5, Number.NaN]) {
      expect(() => pages.allocPages(GFP_KERNEL, order)).toThrow(
        `order must be a whole number from 0 to 10, got ${order}`,
      );
    }
    expect(() => pages.freePages(frame, 2)).toThrow(`the block at frame ${frame} has order 3, not 2`);
    const invalid = (call: () => void, reason: string) => {
      try {
        call();
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidFreeError);
        expect((error as InvalidFreeError).reason).toBe(reason);
        return;
      }
      expect.fail('accepted');
    };
    invalid(() => pages.freePages(frame + 1, 3), 'interior');
    invalid(() => pages.freePages(10 ** 6, 0), 'outside');
    invalid(() => pages.put(-1), 'outside');
    invalid(() => pages.get(frame + 8), 'free');
    expect(pages.freeFrames).toBe(free);
    pages.freePages(frame, 3);
    invalid(() => pages.freePages(frame, 3), 'free');
    pages.check();
  });
});

describe('zones', () => {
  const zoned = () => boot(64, { dma32End: 32 * MiB });

  it('are as many as the machine has room for', () => {
    expect(boot(8).zones.map((zone) => zone.name)).toEqual(['DMA']);
    expect(boot(64).zones.map((zone) => zone.name)).toEqual(['DMA', 'DMA32']);
    expect(zoned().zones.map((zone) => [zone.name, zone.frames])).toEqual([
      ['DMA', 4096],
      ['DMA32', 4096],
      ['Normal', 8192],
    ]);
  });

  it('a DMA request stays below 16 MiB; others start at the top and fall back', () => {
    const pages = zoned();
    expect(pages.allocPages(GFP_DMA, 0)! * FRAME_BYTES).toBeLessThan(16 * MiB);
    const zonesUsed = new Set<number>();
    for (let f = pages.allocPages(GFP_KERNEL, 4); f !== null; f = pages.allocPages(GFP_KERNEL, 4)) {
      zonesUsed.add(pages.descriptors.zone[f]);
    }
    expect([...zonesUsed]).toEqual([2, 1, 0]);
    pages.check();
  });

  it('a DMA32 request stays below that border where DMA ends at it too', () => {
    const pages = boot(64, { dmaEnd: 8 * MiB, dma32End: 8 * MiB });
    expect(pages.zones.map(({ name }) => name)).toEqual(['DMA', 'Normal']);
    expect(pages.allocPages(GFP_DMA32, 0)! * FRAME_BYTES).toBeLessThan(8 * MiB);
    expect(pages.allocPages(GFP_KERNEL, 0)! * FRAME_BYTES).toBeGreaterThanOrEqual(8 * MiB);
    expect(() => boot(64, { dmaEnd: 8 * MiB, dma32End: 4 * MiB })).toThrow(
      'dma32End must not lie below dmaEnd, got 4194304 and 8388608',
    );
  });

  it('keep a reserve from requests that had a better zone', () => {
    // 1 GiB of Normal makes DMA keep back 1/256 of it.
    const pages = boot(1024, { dma32End: 32 * MiB });
    const [dma] = pages.zones;
    expect(dma!.lowmemReserve).toEqual([0, 16, Math.floor((4096 + 253952) / 256)]);
    while (pages.allocPages(GFP_KERNEL, 10) !== null);
    while (pages.allocPages(GFP_KERNEL, 0) !== null);
    expect(dma!.freeFrames).toBeGreaterThan(1000);
    expect(pages.allocPages(GFP_DMA, 0)).not.toBeNull();
  });
});

describe('watermarks', () => {
  it('follow the formula of Linux', () => {
    // 24684084 kB as /proc/meminfo tells of a real machine: floor(sqrt(24684084 * 16)) = 19873.
    expect(minFreeKilobytes(24684084 / 4)).toBe(19873);
    expect(minFreeKilobytes(1024)).toBe(256);
    expect(minFreeKilobytes(100)).toBe(128);
    // 505 kB of 16000 are 126 frames, shared out by size; the gap is a quarter of min.
    expect(watermarksOf([1000, 3000])).toEqual([
      { min: 31, low: 38, high: 45 },
      { min: 94, low: 117, high: 140 },
    ]);
    expect([pcpBatch(2 ** 18), pcpBatch(2 ** 22), pcpBatch(4096), pcpBatch(100)]).toEqual([63, 63, 1, 1]);
  });

  it('hold back more from those who may wait than from the urgent', () => {
    const depth = (gfp: number) => {
      const pages = boot(16);
      while (pages.allocPages(gfp, 0) !== null);
      return pages.freeFrames;
    };
    const { min } = boot(16).zones[0].watermarks;
    expect(depth(GFP_KERNEL)).toBe(min);
    expect(depth(GFP_NOWAIT)).toBe(min);
    expect(depth(GFP_ATOMIC)).toBe(min - (min >> 1) - ((min - (min >> 1)) >> 2));
  });

  it('call for background reclaim below low, and for direct reclaim when there is nothing', () => {
    const pages = boot(16);
    const held: number[] = [];
    let asked = 0;
    pages.background = () => {
      asked++;
      return 0;
    };
    pages.reclaim = () => {
      for (const frame of held.splice(0, 10)) pages.freePages(frame, 0);
      return 10;
    };
    for (let i = 0; i < 3000; i++) held.push(pages.allocPages(GFP_KERNEL, 0)!);
    expect(asked).toBe(0);
    for (let i = 0; i < 2000; i++) {
      const frame = pages.allocPages(GFP_KERNEL, 0);
      expect(frame).not.toBeNull();
      held.push(frame!);
    }
    expect(asked).toBeGreaterThan(0);
    expect(pages.counts.directReclaims).toBeGreaterThan(50);
    pages.check();
  });
});

describe('per-CPU lists', () => {
  it('hand back the frame freed last, and give batches back at the high mark', () => {
    const pages = boot(1024, { cpus: 2 });
    const zone = pages.zones.at(-1)!;
    expect(zone.pcpBatch).toBe(63);
    const frames = Array.from({ length: 1000 }, () => pages.allocPages(GFP_KERNEL, 0)!);
    for (const frame of frames) pages.freePages(frame, 0);
    expect(zone.pcpFrames).toBeLessThanOrEqual(zone.pcpHigh + zone.pcpBatch);
    expect(pages.allocPages(GFP_KERNEL, 0)).toBe(frames.at(-1));
    pages.cpu = 1;
    expect(pages.allocPages(GFP_KERNEL, 0)).not.toBe(frames.at(-2));
    pages.check();
  });
});

describe('migrate types', () => {
  /** Movable user pages and unmovable kernel pages in turn; the user pages then go: how large are the free blocks? */
  function blocksLeft(mixed: boolean): number {
    const pages = boot(128);
    const user: number[] = [];
    for (let i = 0; i < 12000; i++) {
      const movable = i % 8 !== 0;
      const gfp = movable && !mixed ? GFP_HIGHUSER_MOVABLE : GFP_KERNEL;
      const frame = pages.allocPages(gfp, 0)!;
      if (movable) user.push(frame);
    }
    for (const frame of user) pages.freePages(frame, 0);
    drainAll(pages);
    pages.check();
    return pages.zones.reduce((sum, zone) => sum + zone.freeBlocks(9) * 512 + zone.freeBlocks(10) * 1024, 0);
  }

  it('keep large blocks free where mixing would lose them', () => {
    const apart = blocksLeft(false);
    const mixed = blocksLeft(true);
    expect(apart).toBeGreaterThan(mixed * 1.5);
  });

  it('a type without page blocks takes some from another, and gives frames back to them', () => {
    const pages = boot(16);
    const zone = pages.zones[0];
    expect(zone.pageBlocks()).toEqual([0, 8, 0]);
    const frame = pages.allocPages(GFP_KERNEL, 0)!;
    expect(zone.typeOf(frame)).toBe(UNMOVABLE);
    expect(zone.conversions).toBe(2);
    const movable = pages.allocPages(GFP_HIGHUSER_MOVABLE, 0)!;
    expect(zone.typeOf(movable)).toBe(MOVABLE);
    pages.freePages(frame, 0);
    drainAll(pages);
    expect(zone.freeBlocks(10, UNMOVABLE) + zone.freeBlocks(9, UNMOVABLE)).toBeGreaterThan(0);
    pages.check();
  });
});

it('keeps every law under random calls of all kinds', () => {
  const gfp = fc.constantFrom(GFP_KERNEL, GFP_ATOMIC, GFP_HIGHUSER_MOVABLE, GFP_DMA, GFP_KERNEL | 0x10);
  const call = fc.oneof(
    fc.record({ call: fc.constant('alloc' as const), gfp, order: fc.integer({ min: 0, max: 10 }) }),
    {
      weight: 2,
      arbitrary: fc.record({
        call: fc.constant('alloc' as const),
        gfp,
        order: fc.integer({ min: 0, max: 2 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ call: fc.constant('free' as const), which: fc.nat() }) },
    fc.record({ call: fc.constant('cpu' as const), which: fc.integer({ min: 0, max: 1 }) }),
  );
  fc.assert(
    fc.property(fc.array(call, { maxLength: 120, size: 'max' }), (calls) => {
      const pages = boot(16, { cpus: 2, dmaEnd: 4 * MiB, dma32End: 8 * MiB });
      const free = pages.freeFrames;
      const held: [number, number][] = [];
      let used = 0;
      for (const c of calls) {
        if (c.call === 'cpu') pages.cpu = c.which;
        else if (c.call === 'alloc') {
          const frame = pages.allocPages(c.gfp, c.order);
          if (frame === null) continue;
          held.push([frame, c.order]);
          used += 2 ** c.order;
        } else if (held.length > 0) {
          const [[frame, order]] = held.splice(c.which % held.length, 1) as [[number, number]];
          pages.freePages(frame, order);
          used -= 2 ** order;
        }
        expect(pages.freeFrames + used).toBe(free);
      }
      pages.check();
      for (const [frame, order] of held) pages.freePages(frame, order);
      drainAll(pages);
      pages.check();
      expect(pages.freeFrames).toBe(free);
    }),
    { numRuns: 60 },
  );
});

it('a frame refused by the fault injector leaves everything as it was', () => {
  const pages = boot();
  pages.failNth(2);
  const free = pages.freeFrames;
  const frame = pages.allocPages(GFP_KERNEL, 0)!;
  expect(pages.allocPages(GFP_KERNEL, 0)).toBeNull();
  expect(pages.freeFrames).toBe(free - 1);
  expect(pages.allocPages(GFP_KERNEL, 0)).not.toBeNull();
  pages.freePages(frame, 0);
  pages.check();
});

it('gfp flags are read by name, and unknown ones refused', () => {
  expect(parseGfp('GFP_KERNEL|__GFP_ZERO')).toBe(GFP_KERNEL | __GFP_ZERO);
  expect(() => parseGfp('GFP_KERNEL|GFP_SOON')).toThrow('unknown gfp flag "GFP_SOON"');
});
