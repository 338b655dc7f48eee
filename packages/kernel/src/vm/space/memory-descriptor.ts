/**
 * What an address space consists of (Linux's `struct mm_struct`, the lesson's memory descriptor): its areas, its page
 * tables, and the counts of its pages. Faults, fork and system calls work on it.
 */
import { OWNER_ANONYMOUS, OWNER_FILE } from '../../frames/descriptors.js';
import type { PageAllocator } from '../../frames/page-allocator.js';
import { FRAME_BYTES } from '../../machine.js';
import type { ObjectCache } from '../../slab/cache.js';
import type { SlabAllocator } from '../../slab/slab-allocator.js';
import type { PageCache } from '../page-cache/page-cache.js';
import { MappedMemory } from '../translation/mapped-memory.js';
import { type PageTable, PTE_SPECIAL } from '../translation/page-table.js';
import type { Tlb } from '../translation/tlb.js';
import { type Area, type AreaOwner, VM_SHARED } from './area.js';
import { AreaMap } from './area-map.js';

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

/** What all address spaces of a machine share: VirtualMemory. */
export interface SharedMemory {
  readonly pages: PageAllocator;
  readonly slab: SlabAllocator;
  readonly tlb: Tlb;
  readonly cache: PageCache;
  /** `vm_area_struct`. */
  readonly areaObjects: ObjectCache;
  /** A frame of zero bytes, mapped read-only wherever anonymous memory was only read. */
  readonly zeroFrame: number;
  readonly counts: VirtualMemoryCounts;
}

/** Pages mapped of each kind. */
export interface ResidentPages {
  anonymous: number;
  file: number;
  shared: number;
}

/** Areas, page tables and counts; AddressSpace adds the system calls. */
export abstract class MemoryDescriptor<Vm extends SharedMemory = SharedMemory>
  extends MappedMemory
  implements AreaOwner
{
  readonly vm: Vm;
  /** Of the descriptor's slab object. */
  readonly object: number;
  readonly areas: AreaMap;
  /** Pages in memory; the zero page is not counted. */
  readonly resident: ResidentPages = { anonymous: 0, file: 0, shared: 0 };
  readonly counts = { minorFaults: 0, majorFaults: 0, copies: 0 };
  /** How far a stack may grow (RLIMIT_STACK). */
  stackLimitBytes = 8 * 2 ** 20;
  /** Where the program found its arguments (start_stack); null when none was loaded. */
  stackStart: number | null = null;

  /** Use `VirtualMemory.createAddressSpace`. */
  constructor(vm: Vm, object: number, table: PageTable) {
    super(vm.pages.machine, vm.tlb, table);
    this.vm = vm;
    this.object = object;
    this.areas = new AreaMap(this, vm.pages.machine.f64, vm.areaObjects, vm.cache);
  }

  /** One more entry leads to the frame; the reference is the caller's. @internal */
  addMapping(frame: number): void {
    this.vm.pages.descriptors.mapCount[frame]++;
    this.countResident(frame, 1);
  }

  /** An entry with this lower word is gone: drops its reference. @internal */
  dropMapping(low: number): void {
    if ((low & PTE_SPECIAL) !== 0) return;
    const frame = low >>> 12;
    this.vm.pages.descriptors.mapCount[frame]--;
    this.countResident(frame, -1);
    this.vm.pages.put(frame);
  }

  /** Forgets the translation of one page in the TLB. @internal */
  invalidate(page: number): void {
    this.tlb.invalidate(this, page);
  }

  /** Forgets all translations in the TLB. @internal */
  flushTlb(): void {
    this.tlb.flush(this);
  }

  /**
   * Unmaps whole pages, as munmap does.
   * @throws SystemCallError ENOMEM, and nothing is changed
   * @internal
   */
  unmap(start: number, end: number): void {
    const spare = this.areas.spareObjects(this.areas.splitsNeeded(start, end, false));
    this.unmapRange(start, end, spare);
    this.areas.freeObjects(spare);
  }

  /**
   * Unmaps every page of the range and cuts it out of the areas. Dirty pages of shared files are written back.
   * @param spare as `areas.spareObjects` gave them for `areas.splitsNeeded`
   * @param keepTables page tables that become empty stay: prune them
   * @internal
   */
  unmapRange(start: number, end: number, spare: number[], keepTables = false): void {
    let any = false;
    this.areas.cutOut(start, end, spare, (area, from, to) => {
      any = this.unmapPages(area, from, to, keepTables) || any;
    });
    if (any) this.flushTlb();
  }

  /** Unmaps a part of an area. @returns whether any page was mapped @internal */
  unmapPages(area: Area, start: number, end: number, keepTables: boolean): boolean {
    const { u32 } = this.machine;
    let any = false;
    const drop = (entry: number) => {
      any = true;
      this.dropMapping(u32[entry]);
    };
    this.table.clearRange(start / FRAME_BYTES, end / FRAME_BYTES, drop, keepTables);
    if ((area.flags & VM_SHARED) !== 0 && area.inode !== null) {
      const first = area.offsetAt(start) / FRAME_BYTES;
      this.vm.cache.writeBackQuietly(area.inode, first, area.offsetAt(end) / FRAME_BYTES);
    }
    return any;
  }

  private countResident(frame: number, by: number): void {
    const owner = this.vm.pages.descriptors.owner[frame];
    if (owner === OWNER_ANONYMOUS) this.resident.anonymous += by;
    else if (owner === OWNER_FILE) this.resident.file += by;
    else this.resident.shared += by;
  }
}
