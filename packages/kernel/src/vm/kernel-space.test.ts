import { InvalidFreeError } from 'freehold';
import { describe, expect, it } from 'vitest';
import { __GFP_ZERO, GFP_KERNEL } from '../frames/gfp.js';
import { PageAllocator } from '../frames/page-allocator.js';
import { Machine } from '../machine.js';
import { SlabAllocator } from '../slab/slab-allocator.js';
import { VMALLOC_START } from './kernel-space.js';
import { MemoryFault } from './translation/memory-fault.js';
import { VirtualMemory } from './virtual-memory.js';

const PAGE = 4096;

function boot(megabytes = 16) {
  const pages = new PageAllocator(new Machine(megabytes * 2 ** 20));
  const vm = new VirtualMemory(new SlabAllocator(pages));
  return { vm, pages, kernel: vm.kernel };
}

function usedFrames(vm: VirtualMemory): number {
  vm.slab.shrinkAll();
  return vm.pages.managedFrames - vm.pages.freeFrames;
}

describe('vmalloc', () => {
  it('is contiguous where no frames are', () => {
    const { vm, pages, kernel } = boot();
    // Every other frame stays in use: only what the watermark keeps back lies together.
    const all: number[] = [];
    for (let f = pages.allocPages(GFP_KERNEL, 0); f !== null; f = pages.allocPages(GFP_KERNEL, 0))
      all.push(f);
    for (const frame of all) if (frame % 2 === 0) pages.put(frame);
    for (const zone of pages.zones) zone.drain();
    expect(vm.slab.kmalloc(1_000_000)).toBeNull();
    const at = kernel.vmalloc(1_000_000, { caller: 'load_module+0x1a/0x2b0' })!;
    expect(at).toBe(VMALLOC_START);
    const bytes = Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * 31) & 255);
    kernel.write(at, bytes);
    const back = new Uint8Array(bytes.length);
    kernel.read(at, back);
    expect(Buffer.compare(back, bytes)).toBe(0);
    const frames = kernel.framesOf(kernel.areas.head!);
    expect(frames.length).toBe(245);
    expect(frames.every((frame) => frame % 2 === 0)).toBe(true);
    vm.check();
  });

  it('takes the first gap that fits, guard page included', () => {
    const { vm, kernel } = boot();
    const [a, b, c] = [3, 1, 2].map((pages) => kernel.vmalloc(pages * PAGE)!) as [number, number, number];
    expect([a, b, c]).toEqual([VMALLOC_START, VMALLOC_START + 4 * PAGE, VMALLOC_START + 6 * PAGE]);
    expect([...kernel.areas].map((area) => [area.end - area.start, area.pages])).toEqual([
      [4 * PAGE, 3],
      [2 * PAGE, 1],
      [3 * PAGE, 2],
    ]);
    kernel.vfree(a);
    expect(kernel.vmalloc(4 * PAGE)).toBe(VMALLOC_START + 9 * PAGE);
    expect(kernel.vmalloc(PAGE)).toBe(VMALLOC_START);
    expect(kernel.vmalloc(1)).toBe(VMALLOC_START + 2 * PAGE);
    expect(kernel.vmallocPages).toBe(9);
    vm.check();
  });

  it('faults on the guard page, after a free, and anywhere else', () => {
    const { kernel } = boot();
    const at = kernel.vmalloc(2 * PAGE, { gfp: GFP_KERNEL | __GFP_ZERO })!;
    expect(kernel.loadU64(at + 2 * PAGE - 8)).toBe(0n);
    expect(() => kernel.store32(at + 2 * PAGE - 2, 1)).toThrow(MemoryFault);
    expect(() => kernel.loadU8(at - 1)).toThrow(MemoryFault);
    kernel.store8(at, 1);
    kernel.vfree(at);
    expect(() => kernel.loadU8(at)).toThrow(`cannot read at 0x${at.toString(16)}: nothing is mapped there`);
  });

  it('gives everything back, and takes nothing when it fails at any point', () => {
    const { vm, pages, kernel } = boot();
    const used = usedFrames(vm);
    let n = 1;
    for (; ; n++) {
      pages.failNth(n);
      const at = kernel.vmalloc(5 * PAGE);
      pages.failNth(0);
      vm.check();
      if (at !== null) {
        kernel.vfree(at);
        break;
      }
      expect(usedFrames(vm)).toBe(used);
    }
    // One slab, five frames, three tables: each failed once.
    expect(n).toBe(10);
    expect(usedFrames(vm)).toBe(used);
    expect(kernel.vmalloc(17 * 2 ** 20)).toBeNull();
    expect(kernel.vmalloc(15 * 2 ** 20)).toBeNull();
    expect(usedFrames(vm)).toBe(used);
    vm.check();
  });

  it('refuses misuse and is unchanged', () => {
    const { vm, kernel } = boot();
    const at = kernel.vmalloc(2 * PAGE)!;
    const reasonOf = (address: number) => {
      try {
        kernel.vfree(address);
      } catch (error) {
        if (error instanceof InvalidFreeError) return error.reason;
      }
      return 'accepted';
    };
    expect(reasonOf(at + PAGE)).toBe('interior');
    expect(reasonOf(at + 2 * PAGE)).toBe('interior');
    expect(reasonOf(at + 3 * PAGE)).toBe('free');
    expect(reasonOf(4096)).toBe('outside');
    kernel.vfree(null);
    kernel.vfree(at);
    expect(reasonOf(at)).toBe('free');
    for (const size of [0, -1, 0.5, Number.NaN]) {
      expect(() => kernel.vmalloc(size)).toThrow(
        `size must be a whole number of bytes from 1 up, got ${size}`,
      );
    }
    vm.check();
  });
});
