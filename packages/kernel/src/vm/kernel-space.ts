/**
 * The kernel's own mapped memory: `vmalloc`, contiguous in virtual memory, scattered over single frames in physical
 * memory. Each area is followed by a guard page that stays unmapped, so that an overrun faults.
 *
 * Cost: O(log areas) for the place, first fit by address, and a frame and an entry for each page. Waste: the rest of
 * the last page, 4 KiB of addresses an area, page tables. Take kmalloc for what is small, or must be contiguous for a
 * device; this for what is large, which no fragmentation of physical memory can refuse.
 * Source: Linux mm/vmalloc.c.
 */
import { display, INSPECT, InvalidFreeError, summary } from 'freehold';
import { OWNER_VMALLOC } from '../frames/descriptors.js';
import { __GFP_HIGHMEM, GFP_KERNEL } from '../frames/gfp.js';
import { FRAME_BYTES } from '../machine.js';
import type { ObjectCache } from '../slab/cache.js';
import type { SlabAllocator } from '../slab/slab-allocator.js';
import { NO_GAP, Span, SpanTree } from './space/span-tree.js';
import { MappedMemory } from './translation/mapped-memory.js';
import { type Access, MemoryFault } from './translation/memory-fault.js';
import {
  NO_ENTRY,
  PageTable,
  PTE_ACCESSED,
  PTE_DIRTY,
  PTE_GLOBAL,
  PTE_PRESENT,
  PTE_WRITE,
} from './translation/page-table.js';
import type { Tlb } from './translation/tlb.js';

/** Where vmalloc's addresses begin and end; the upper 16 bits (all ones on x86-64) are left out. */
export const VMALLOC_START = 0xc900_0000_0000;
export const VMALLOC_END = 0xe900_0000_0000;

/** Size of the slab object, as of Linux 5.x. */
const VMAP_AREA_BYTES = 64;
const KERNEL_PAGE = PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | PTE_GLOBAL;

/**
 * An area of vmalloc, from its first byte to the end of its guard page, the last.
 * @example
 * ```js
 * const { kernel } = new Kernel().vm;
 * kernel.vmalloc(10_000, { caller: 'load_module' });
 * const area = kernel.areas.head;
 * [area.pages, area.end - area.start, area.caller];   // => [3, 16384, 'load_module']
 * ```
 */
export class VmallocArea extends Span {
  /** Pages with a frame: all but the guard page. */
  readonly pages: number;
  /** Who asked for it, as /proc/vmallocinfo shows it. */
  readonly caller: string;

  constructor(words: Float64Array, object: number, start: number, pages: number, caller: string) {
    super(words, object);
    this.start = start;
    this.end = start + (pages + 1) * FRAME_BYTES;
    this.pages = pages;
    this.caller = caller;
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * const { kernel } = new Kernel().vm;
   * const address = kernel.vmalloc(8192);
   * kernel.areas.head.toJSON().pages;   // => 2
   * ```
   */
  override toJSON(): object {
    return { start: this.start, end: this.end, pages: this.pages, caller: this.caller };
  }

  /** @internal */
  override [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}

export interface VmallocOptions {
  /** GFP_KERNEL when left out. */
  readonly gfp?: number;
  /** `unknown` when left out. */
  readonly caller?: string;
}

/**
 * The kernel's own mapped memory, `kernel.vm.kernel`: vmalloc, and loads and stores there. One for all processes.
 * @example
 * ```js
 * const { kernel } = new Kernel().vm;
 * const module = kernel.vmalloc(20_000, { gfp: GFP_KERNEL | __GFP_ZERO });
 * kernel.store32(module + 19_996, 7);
 * kernel.loadU32(module);   // => 0
 * kernel.vmallocPages;   // => 5
 * kernel.vfree(module);
 * kernel.loadU32(module);   // => throws MemoryFault: SIGSEGV
 * ```
 */
export class KernelSpace extends MappedMemory {
  /** In order of address. */
  readonly areas = new SpanTree<VmallocArea>();
  /** Pages with a frame, of all areas. */
  vmallocPages = 0;
  private readonly slab: SlabAllocator;
  private readonly areaObjects: ObjectCache;

  /** @throws Error when there is no frame for the topmost table */
  constructor(slab: SlabAllocator, tlb: Tlb) {
    const table = PageTable.create(slab.pages);
    if (table === null) throw new Error("no frame is left for the kernel's topmost page table");
    super(slab.pages.machine, tlb, table);
    this.slab = slab;
    this.areaObjects = slab.createCache('vmap_area', VMAP_AREA_BYTES);
  }

  /**
   * At least `size` bytes, from a page border on: contiguous in virtual memory, in single frames wherever they are
   * free. They keep their old contents, unless __GFP_ZERO is given. O(log areas + pages).
   * @returns the address; null, and nothing is changed, when there is not so much memory
   * @throws RangeError when `size` is not a whole number from 1 up
   * @example
   * ```js
   * const { pages, vm } = new Kernel({ memoryBytes: 16 * 2 ** 20 });
   * // Every second frame stays taken: no block of two is left.
   * const frames = Array.from({ length: 3000 }, () => pages.allocPages(GFP_KERNEL, 0));
   * const table = vm.kernel.vmalloc(100_000);
   * table >= VMALLOC_START;   // => true
   * vm.kernel.store8(table + 25 * 4096, 1);   // => throws MemoryFault: SIGSEGV
   * vm.kernel.vmalloc(2 ** 30);   // => null
   * ```
   */
  vmalloc(size: number, options: VmallocOptions = {}): number | null {
    const { gfp = GFP_KERNEL, caller = 'unknown' } = options;
    if (!(Number.isSafeInteger(size) && size >= 1)) {
      throw new RangeError(`size must be a whole number of bytes from 1 up, got ${display(size)}`);
    }
    const { pages: allocator } = this.slab;
    const pages = Math.ceil(size / FRAME_BYTES);
    if (pages > allocator.managedFrames) return null;
    const start = this.areas.lowestGap((pages + 1) * FRAME_BYTES, VMALLOC_START, VMALLOC_END);
    if (start === NO_GAP) return null;
    const object = this.areaObjects.alloc(gfp);
    if (object === null) return null;
    const first = start / FRAME_BYTES;
    for (let page = first; page < first + pages; page++) {
      const frame = allocator.allocPages(gfp | __GFP_HIGHMEM, 0, OWNER_VMALLOC);
      const entry = frame === null ? NO_ENTRY : this.table.reach(page);
      if (frame === null || entry === NO_ENTRY) {
        if (frame !== null) allocator.put(frame);
        this.unmap(first, page);
        this.areaObjects.free(object);
        return null;
      }
      this.table.set(entry, frame, KERNEL_PAGE, false);
    }
    this.areas.insert(new VmallocArea(this.machine.f64, object, start, pages, caller));
    this.vmallocPages += pages;
    return start;
  }

  /**
   * Gives an area back; null is taken and means nothing. O(log areas + pages).
   * @throws InvalidFreeError when no area starts at `address`; nothing is changed
   * @example
   * ```js
   * const { pages, vm } = new Kernel();
   * const area = vm.kernel.vmalloc(100 * 4096);
   * const free = pages.freeFrames;
   * vm.kernel.vfree(area + 4096);   // => throws InvalidFreeError
   * vm.kernel.vfree(area);
   * pages.freeFrames - free >= 100;   // => true
   * vm.kernel.vfree(area);   // => throws InvalidFreeError
   * ```
   */
  vfree(address: number | null): void {
    if (address === null) return;
    const area = this.areas.find(address);
    if (area === null || area.start !== address) {
      const inside = address >= VMALLOC_START && address < VMALLOC_END;
      const reason = !inside ? 'outside' : area !== null && area.start < address ? 'interior' : 'free';
      throw new InvalidFreeError(address, reason);
    }
    const first = area.start / FRAME_BYTES;
    this.unmap(first, first + area.pages);
    this.vmallocPages -= area.pages;
    this.areas.remove(area);
    this.areaObjects.free(area.object);
  }

  /**
   * The frames of an area, in the order of its pages; none for the guard page. O(pages).
   * @example
   * ```js
   * const { pages, kernel } = new Kernel().vm;
   * kernel.vmalloc(3 * 4096);
   * const frames = kernel.framesOf(kernel.areas.head);
   * frames.length;   // => 3
   * // A device that reads memory without page tables is told these, one by one.
   * frames.every((frame) => pages.descriptors.owner[frame] === OWNER_VMALLOC);   // => true
   * ```
   */
  framesOf(area: VmallocArea): number[] {
    const first = area.start / FRAME_BYTES;
    const frames: number[] = [];
    this.table.forEach(first, first + area.pages, (entry) => frames.push(this.machine.u32[entry] >>> 12));
    return frames;
  }

  protected override fault(address: number, access: Access): void {
    throw new MemoryFault('SEGV_MAPERR', address, access, null);
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new Kernel().vm.kernel.toJSON().vmallocPages;   // => 0
   * ```
   */
  toJSON(): object {
    return { asid: this.asid, vmallocAreas: this.areas.length, vmallocPages: this.vmallocPages };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  private unmap(first: number, end: number): void {
    this.table.clearRange(first, end, (entry, page) => {
      this.slab.pages.put(this.machine.u32[entry] >>> 12);
      this.tlb.invalidate(this, page);
    });
  }
}
