/**
 * Virtual memory of one machine: what all address spaces share. The TLB, the page cache, the zero page, the slab
 * caches of descriptors and areas, and the answer to the page allocator's call for reclaim.
 */
import { OWNER_KERNEL } from '../frames/descriptors.js';
import { __GFP_ZERO, GFP_KERNEL } from '../frames/gfp.js';
import type { PageAllocator } from '../frames/page-allocator.js';
import type { ObjectCache } from '../slab/cache.js';
import type { SlabAllocator } from '../slab/slab-allocator.js';
import { AddressSpace } from './address-space.js';
import { AREA_BYTES } from './area.js';
import { checkVirtualMemory } from './check.js';
import { KernelSpace } from './kernel-space.js';
import { PageCache } from './page-cache.js';
import { PageTable } from './page-table.js';
import { Tlb } from './tlb.js';

/** Size of the slab object of a memory descriptor, about that of Linux 5.x. */
const SPACE_BYTES = 1048;
/** Frames that reclaim is asked for at once (SWAP_CLUSTER_MAX). */
const RECLAIM_BATCH = 32;

export interface VirtualMemoryCounts {
  /** Faults that were resolved; those of them for which a page had to be read from its file. */
  faults: number;
  majorFaults: number;
  /** Frames copied because a page was written that others share. */
  copies: number;
  /** Write faults on a page that nobody shared any more: made writable in place. */
  reuses: number;
  /** Frames cleared for anonymous memory. */
  zeroed: number;
}

export class VirtualMemory {
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

  /** An address space with nothing mapped; null when there is no memory for its descriptor and topmost table. */
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

  /** Gives the descriptor of an address space back; its areas are gone. Called by AddressSpace.destroy. */
  forgetSpace(space: AddressSpace): void {
    this.spaces.delete(space);
    this.tlb.leave(space);
    space.table.destroy(this.zeroFrame);
    this.spaceObjects.free(space.object);
  }

  /** Frees frames: clean pages of files, dirty ones after writing them, then free slabs. @returns how many */
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
   * Walks everything: areas, tables, descriptors of frames, the page cache, the TLB.
   * @throws CorruptionError naming the broken law. O(frames + mapped pages).
   */
  check(): void {
    checkVirtualMemory(this);
  }
}
