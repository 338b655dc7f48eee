/**
 * Virtual memory of one machine: what all address spaces share. The TLB, the page cache, the zero page, the slab
 * caches of descriptors and areas, and the answer to the page allocator's call for reclaim.
 */
import { INSPECT, summary } from 'freehold';
import { OWNER_KERNEL } from '../frames/descriptors.js';
import { __GFP_ZERO, GFP_KERNEL } from '../frames/gfp.js';
import type { PageAllocator } from '../frames/page-allocator.js';
import type { ObjectCache } from '../slab/cache.js';
import type { SlabAllocator } from '../slab/slab-allocator.js';
import { checkVirtualMemory } from './check.js';
import { KernelSpace } from './kernel-space.js';
import { PageCache } from './page-cache/page-cache.js';
import { AddressSpace, type AddressSpaceMaker } from './space/address-space.js';
import { AREA_BYTES } from './space/area.js';
import type { VirtualMemoryCounts } from './space/memory-descriptor.js';
import { PageTable } from './translation/page-table.js';
import { Tlb } from './translation/tlb.js';

/** Size of the slab object of a memory descriptor, about that of Linux 5.x. */
const SPACE_BYTES = 1048;
/** Frames that reclaim is asked for at once (SWAP_CLUSTER_MAX). */
const RECLAIM_BATCH = 32;

/**
 * The part that all address spaces of a machine share, `kernel.vm`: TLB, page cache, the zero page, and reclaim.
 * @example
 * ```js
 * const { vm, pages } = new Kernel();
 * const space = vm.createAddressSpace();
 * const at = space.mmap({ length: 1000 * 4096 });
 * const free = pages.freeFrames;
 * for (let i = 0; i < 1000; i++) space.loadU8(at + i * 4096);
 * // Memory that is only read is the one zero page: page tables are all it costs.
 * [space.counts.minorFaults, free - pages.freeFrames < 10];   // => [1000, true]
 * ```
 */
export class VirtualMemory implements AddressSpaceMaker {
  readonly pages: PageAllocator;
  readonly slab: SlabAllocator;
  readonly tlb = new Tlb();
  readonly cache: PageCache;
  /** The kernel's own mapped memory: vmalloc. */
  readonly kernel: KernelSpace;
  /** `vm_area_struct`. */
  readonly areaObjects: ObjectCache;
  /** A frame of zero bytes, mapped read-only wherever anonymous memory was only read. */
  readonly zeroFrame: number;
  readonly spaces = new Set<AddressSpace>();
  readonly counts: VirtualMemoryCounts = { faults: 0, majorFaults: 0, copies: 0, reuses: 0, zeroed: 0 };
  /** `mm_struct`. */
  private readonly spaceObjects: ObjectCache;

  /**
   * Also answers the page allocator's calls for reclaim from now on: pages of files, then free slabs.
   * @throws Error when there are no frames for the zero page and the kernel's page table
   */
  constructor(slab: SlabAllocator) {
    const { pages } = slab;
    const zeroFrame = pages.allocPages(GFP_KERNEL | __GFP_ZERO, 0, OWNER_KERNEL);
    if (zeroFrame === null) throw new Error('no frame is left for the zero page');
    this.zeroFrame = zeroFrame;
    this.pages = pages;
    this.slab = slab;
    this.cache = new PageCache(pages, slab);
    this.kernel = new KernelSpace(slab, this.tlb);
    this.areaObjects = slab.createCache('vm_area_struct', AREA_BYTES);
    this.spaceObjects = slab.createCache('mm_struct', SPACE_BYTES, { align: 64 });
    pages.reclaim = (order) => this.reclaim(1 << order);
    pages.background = (order) => this.reclaim(1 << order);
  }

  /**
   * An address space with nothing mapped; `destroy` it. `ProcessTable.exec` makes one for each new program.
   * @returns null when there is no memory for its descriptor and topmost table
   * @example
   * ```js
   * const { pages, vm } = new Kernel();
   * const space = vm.createAddressSpace();
   * [space.areas.length, space.table.tables, vm.spaces.has(space)];   // => [0, 1, true]
   * vm.slab.shrinkAll();
   * pages.failNth(1);
   * vm.createAddressSpace();   // => null
   * ```
   */
  createAddressSpace(): AddressSpace | null {
    const object = this.spaceObjects.alloc();
    if (object === null) return null;
    const table = PageTable.create(this.pages);
    if (table === null) {
      this.spaceObjects.free(object);
      return null;
    }
    const space = new AddressSpace(this, object, table);
    this.spaces.add(space);
    return space;
  }

  /** Gives the descriptor of an address space back; its areas are gone. Called by AddressSpace.destroy. @internal */
  forgetSpace(space: AddressSpace): void {
    this.spaces.delete(space);
    this.tlb.leave(space);
    space.table.destroy(this.zeroFrame);
    this.spaceObjects.free(space.object);
  }

  /**
   * Frees frames: clean pages of files, dirty ones after writing them, then free slabs. Anonymous memory stays:
   * there is no swap. The page allocator calls it when memory is short.
   * @returns how many frames
   * @example
   * ```js
   * const { slab, vm } = new Kernel();
   * for (const object of Array.from({ length: 80 }, () => slab.kmalloc(4096))) slab.kfree(object);
   * vm.reclaim(64) >= 64;   // => true
   * // Nothing is left that could be given up.
   * vm.reclaim(64);   // => 0
   * ```
   */
  reclaim(wanted: number): number {
    const freed = this.cache.reclaim(Math.max(wanted, RECLAIM_BATCH));
    return freed >= wanted ? freed : freed + this.slab.shrinkAll();
  }

  /** Frames that hold page tables of address spaces (nr_page_table_pages); the kernel's own are not counted. */
  get pageTableFrames(): number {
    let tables = 0;
    for (const space of this.spaces) tables += space.table.tables;
    return tables;
  }

  /**
   * Walks everything: areas, tables, descriptors of frames, the page cache, the TLB; object caches and frames too.
   * @throws CorruptionError naming the broken law. O(frames + mapped pages).
   * @example
   * ```js
   * const { vm } = new Kernel();
   * const space = vm.createAddressSpace();
   * const at = space.mmap({ length: 4096, populate: true });
   * vm.check();
   * // An entry made read-only and the TLB not told: stores would still go through.
   * space.store8(at, 1);
   * vm.pages.machine.u32[space.table.find(at / 4096)] &= ~PTE_WRITE;
   * vm.check();   // => throws CorruptionError
   * ```
   */
  check(): void {
    checkVirtualMemory(this);
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new Kernel().vm.toJSON().spaces;   // => 1
   * ```
   */
  toJSON(): object {
    return { spaces: this.spaces.size, pageTableFrames: this.pageTableFrames, ...this.counts };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}
