/**
 * The address space of a process, under a descriptor: the head of the list of its areas and the index over it, the
 * area found last, the page tables, and the counts (Linux's `struct mm_struct`, the lesson's memory descriptor).
 *
 * Cost: mmap and munmap O(log areas) and what they unmap; a first touch is a fault, see fault.ts. Waste: the part of
 * the last page that is not asked for; tables for pages that lie far apart. A call that finds no memory gives null or
 * false, and everything is as before. Not for memory of the kernel itself: see vmalloc.ts.
 * Source: Linux mm/mmap.c, mm/mprotect.c, mm/msync.c (5.x).
 */
import { OWNER_ANONYMOUS, OWNER_FILE } from '../frames/descriptors.js';
import { FRAME_BYTES } from '../machine.js';
import {
  Area,
  type AreaSource,
  MAX_AREAS,
  MMAP_BASE,
  MMAP_MIN_ADDRESS,
  PROT_MASK,
  PROT_WRITE,
  TASK_SIZE,
  VM_EXEC,
  VM_MAYWRITE,
  VM_SHARED,
} from './area.js';
import { type FaultResult, reprotected, resolveFault } from './fault.js';
import { forkAddressSpace } from './fork.js';
import type { Inode } from './inode.js';
import { checkProtection, flagsOf, lengthInPages, mappedRangeEnd, rangeEnd } from './map-arguments.js';
import { MappedMemory } from './mapped-memory.js';
import { type Access, MappingError, MemoryFault } from './memory-fault.js';
import { NO_ENTRY, type PageTable, PTE_NX, PTE_PRESENT, PTE_SPECIAL, PTE_WRITE } from './page-table.js';
import { NO_GAP, SpanTree } from './span-tree.js';
import type { VirtualMemory } from './virtual-memory.js';

export interface MapOptions {
  /** A whole number of bytes from 1 up, rounded up to pages. */
  readonly length: number;
  /** Where; taken as a hint unless `fixed`. The highest free place when left out. */
  readonly address?: number;
  /** PROT_ bits; PROT_READ | PROT_WRITE when left out. */
  readonly protection?: number;
  /** Writes are seen by all who map the same, and reach the file. Private when left out. */
  readonly shared?: boolean;
  /** Exactly at `address`; what was mapped there is unmapped. */
  readonly fixed?: boolean;
  /** With `fixed`: refused with EEXIST instead, where something is mapped. */
  readonly noReplace?: boolean;
  /** A file or segment; anonymous memory when left out. */
  readonly inode?: Inode;
  /** Bytes into the file, a multiple of 4096. */
  readonly offset?: number;
  /** Touches every page at once. As in Linux, running out of memory there is no failure of the call. */
  readonly populate?: boolean;
  /** A stack. */
  readonly growsDown?: boolean;
  /** Shown by /proc/PID/maps where there is no path, for example `[stack]`. */
  readonly name?: string;
}

/** Pages mapped of each kind. */
export interface ResidentPages {
  anonymous: number;
  file: number;
  shared: number;
}

/**
 * The memory of a process: areas, page tables, and loads and stores through them. Made by
 * `VirtualMemory.createAddressSpace`; `process.space` is one.
 * @example
 * ```js
 * const { vm } = new Kernel();
 * const space = vm.createAddressSpace();
 * const at = space.mmap({ length: 10_000 });
 * [space.mappedBytes, space.residentPages];   // => [12288, 0]
 * space.store8(at, 1);
 * space.residentPages;   // => 1
 * space.destroy();
 * ```
 */
export class AddressSpace extends MappedMemory {
  readonly vm: VirtualMemory;
  /** Of the descriptor's slab object. */
  readonly object: number;
  readonly areas = new SpanTree<Area>();
  /** Pages in memory; the zero page is not counted. */
  readonly resident: ResidentPages = { anonymous: 0, file: 0, shared: 0 };
  readonly counts = { minorFaults: 0, majorFaults: 0, copies: 0 };
  /** How far a stack may grow (RLIMIT_STACK). */
  stackLimitBytes = 8 * 2 ** 20;
  /** Where the program found its arguments (start_stack); null when none was loaded. */
  stackStart: number | null = null;
  private destroyed = false;

  /** Use `VirtualMemory.createAddressSpace`. */
  constructor(vm: VirtualMemory, object: number, table: PageTable) {
    super(vm.pages.machine, vm.tlb, table);
    this.vm = vm;
    this.object = object;
  }

  /**
   * Maps memory; nothing is read or cleared before the first touch. O(log areas).
   * @returns the address, a multiple of 4096; null when there is no memory for the bookkeeping, no free range, or
   * there are 65,530 areas already
   * @throws MappingError EINVAL for an argument out of range, ENOMEM past the end of user addresses, EACCES for a
   * shared writable mapping of a file that may not be written, EEXIST as said of `noReplace`
   * @example
   * ```js
   * const { vm } = new Kernel();
   * const space = vm.createAddressSpace();
   * const inode = vm.cache.open(new MemoryFile('/etc/motd', new TextEncoder().encode('hello')));
   * const text = space.mmap({ length: inode.size, inode, protection: PROT_READ });
   * space.readString(text);   // => 'hello'
   * const there = { address: text, length: 1, fixed: true, noReplace: true };
   * space.mmap(there);   // => throws MappingError: EEXIST
   * space.mmap({ length: 2 ** 47 });   // => null
   * ```
   */
  mmap(options: MapOptions): number | null {
    this.requireAlive();
    const { shared = false, fixed = false, inode = null, populate = false } = options;
    const bytes = lengthInPages(options.length);
    const flags = flagsOf(options);
    const address = this.place(options, bytes);
    if (address === null || this.areas.length >= MAX_AREAS) return null;
    const { vm } = this;
    // All that may fail comes first.
    const object = vm.areaObjects.alloc();
    if (object === null) return null;
    const spare = fixed && this.splitsNeeded(address, address + bytes, false) > 0 ? this.spareObjects(1) : [];
    const segment = shared && inode === null ? vm.cache.createSegment('/dev/zero (deleted)', bytes) : null;
    if (spare === null || (shared && inode === null && segment === null)) {
      vm.areaObjects.free(object);
      this.freeObjects(spare ?? []);
      if (segment !== null) vm.cache.release(segment);
      return null;
    }
    if (fixed) this.unmapRange(address, address + bytes, spare);
    const offset = inode === null ? 0 : (options.offset ?? 0);
    const source = { inode: inode ?? segment, offset, name: options.name ?? null };
    this.enter(object, address, address + bytes, flags, source);
    if (segment !== null) vm.cache.release(segment);
    if (populate) this.populate(address, bytes);
    return address;
  }

  /**
   * Unmaps every page of [address, address + length), and splits the areas it cuts. Dirty pages of shared files are
   * written back. Where nothing is mapped nothing happens. O(log areas + pages in memory).
   * @returns false, and nothing is changed, when an area must be split and there is no memory for its second half,
   * or there are 65,530 areas already
   * @throws MappingError EINVAL
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const at = space.mmap({ length: 3 * 4096 });
   * const areas = space.areas.length;
   * // A hole in the middle makes two of one.
   * space.munmap(at + 4096, 4096);   // => true
   * space.areas.length - areas;   // => 1
   * ```
   */
  munmap(address: number, length: number): boolean {
    const end = rangeEnd(address, length, 'EINVAL');
    const spare = this.spareObjects(this.splitsNeeded(address, end, false));
    if (spare === null) return false;
    this.unmapRange(address, end, spare);
    return true;
  }

  /**
   * Sets the protection of every page of [address, address + length); areas are split and merged as needed. O(log
   * areas + pages in memory).
   * @returns false, and nothing is changed, when there is no memory for the areas to be split, or they would be too
   * many
   * @throws MappingError EINVAL; ENOMEM where part of the range is not mapped; EACCES where a shared file may not be
   * written
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const at = space.mmap({ length: 2 * 4096 });
   * space.mprotect(at, 4096, PROT_NONE);   // => true
   * // A guard page: an underrun of the page above it faults.
   * space.store8(at + 4095, 1);   // => throws MemoryFault: SEGV_ACCERR
   * space.store8(at + 4096, 1);
   * ```
   */
  mprotect(address: number, length: number, protection: number): boolean {
    checkProtection(protection);
    const end = mappedRangeEnd(address, length);
    if (end === address) return true;
    this.requireMapped(address, end, (area) => {
      if ((protection & PROT_WRITE) !== 0 && (area.flags & VM_MAYWRITE) === 0) {
        throw new MappingError('EACCES', `${nameOf(area)} is open for reading only and mapped shared`);
      }
    });
    const spare = this.spareObjects(this.splitsNeeded(address, end, true));
    if (spare === null) return false;
    this.splitAt(address, spare);
    this.splitAt(end, spare);
    for (let area = this.areas.find(address); area !== null && area.start < end; ) {
      const { next } = area;
      this.protectArea(area, (area.flags & ~PROT_MASK) | protection);
      area = next;
    }
    this.flushTlb();
    for (let area = this.areas.find(address); area !== null && area.start <= end; ) {
      this.mergeWithPrevious(area);
      area = area.next;
    }
    return true;
  }

  /**
   * Writes the dirty pages of shared file mappings in the range back. O(areas + pages of the range).
   * @returns how many pages were written
   * @throws MappingError EINVAL; ENOMEM where part of the range is not mapped; EIO, with the file's error as cause
   * @example
   * ```js
   * const { vm } = new Kernel();
   * const file = new MemoryFile('/var/db', new Uint8Array(100));
   * const space = vm.createAddressSpace();
   * const at = space.mmap({ length: 100, shared: true, inode: vm.cache.open(file) });
   * space.store8(at + 5, 42);
   * [file.bytes[5], space.msync(at, 100), file.bytes[5]];   // => [0, 1, 42]
   * ```
   */
  msync(address: number, length: number): number {
    const end = mappedRangeEnd(address, length);
    this.requireMapped(address, end, () => {});
    let written = 0;
    for (let area = this.areas.find(address); area !== null && area.start < end; area = area.next) {
      if ((area.flags & VM_SHARED) === 0 || area.inode === null) continue;
      const first = area.offsetAt(Math.max(area.start, address)) / FRAME_BYTES;
      const last = area.offsetAt(Math.min(area.end, end)) / FRAME_BYTES;
      try {
        written += this.vm.cache.writeBack(area.inode, first, last);
      } catch (error) {
        throw new MappingError('EIO', `${nameOf(area)} cannot be written: ${String(error)}`, error);
      }
    }
    return written;
  }

  /**
   * A copy of the address space: the same areas, and every page of private memory shared until one side writes it.
   * O(areas + pages of private memory). `ProcessTable.fork` makes a process around it.
   * @returns null, and nothing is left behind, when there is no memory
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const at = space.mmap({ length: 4096 });
   * const common = space.mmap({ length: 4096, shared: true });
   * const child = space.fork();
   * for (const address of [at, common]) child.store8(address, 5);
   * [space.loadU8(at), space.loadU8(common)];   // => [0, 5]
   * ```
   */
  fork(): AddressSpace | null {
    this.requireAlive();
    return forkAddressSpace(this);
  }

  /**
   * Unmaps everything and gives the page tables and the descriptor back. Nothing can be mapped after it.
   * `ProcessTable.exit` does it for a process.
   * @throws Error when it was destroyed before
   * @example
   * ```js
   * const { pages, vm } = new Kernel();
   * const space = vm.createAddressSpace();
   * const free = pages.freeFrames;
   * space.mmap({ length: 100 * 4096, populate: true });
   * space.destroy();
   * // The topmost page table goes too.
   * pages.freeFrames - free;   // => 1
   * space.mmap({ length: 4096 });   // => throws Error: the address space was destroyed
   * ```
   */
  destroy(): void {
    this.requireAlive();
    this.unmapRange(0, TASK_SIZE, []);
    this.vm.forgetSpace(this);
    this.destroyed = true;
  }

  /**
   * Makes the page of `address` present for the access, as the access itself would: the variant that throws nothing.
   * @returns `minor` also when the page was present already
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const at = space.mmap({ length: 4096, protection: PROT_READ });
   * space.touch(at, 'read');   // => 'minor'
   * space.touch(at, 'write');   // => 'SEGV_ACCERR'
   * space.touch(0, 'read');   // => 'SEGV_MAPERR'
   * ```
   */
  touch(address: number, access: Access): FaultResult {
    const page = Math.floor(address / FRAME_BYTES);
    const entry = page >= 0 && page < 2 ** 36 ? this.table.find(page) : NO_ENTRY;
    if (entry !== NO_ENTRY) {
      const low = this.machine.u32[entry];
      const executable = this.machine.u32[entry + 1] !== PTE_NX;
      const allowed = access === 'read' || (access === 'write' ? (low & PTE_WRITE) !== 0 : executable);
      if ((low & PTE_PRESENT) !== 0 && allowed) return 'minor';
    }
    return resolveFault(this, address, access);
  }

  /**
   * The area that holds `address`, or null.
   * @example
   * ```js
   * const { space, task } = new Kernel().process(1);
   * const { name, permissions } = space.areaAt(task.stackPointer);
   * [name, permissions];   // => ['[stack]', 'rw-p']
   * space.areaAt(0);   // => null
   * ```
   */
  areaAt(address: number): Area | null {
    const area = this.areas.find(address);
    return area !== null && area.start <= address ? area : null;
  }

  /** Bytes of all areas (VmSize). O(areas). */
  get mappedBytes(): number {
    let bytes = 0;
    for (const area of this.areas) bytes += area.bytes;
    return bytes;
  }

  /** Pages in memory (VmRSS). */
  get residentPages(): number {
    const { anonymous, file, shared } = this.resident;
    return anonymous + file + shared;
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
   * Enters an area, or lets a neighbour that it continues grow over it.
   * @param object the slab object for it, freed when it is not needed
   * @internal
   */
  enter(object: number, start: number, end: number, flags: number, source: AreaSource): Area {
    const below = this.areas.below(start);
    if (below !== null && below.end === start && below.isContinuedBy(flags, source)) {
      this.vm.areaObjects.free(object);
      this.areas.resize(below, below.start, end);
      const { next } = below;
      if (next !== null) this.mergeWithPrevious(next);
      return below;
    }
    const area = new Area(this, object, start, end, flags, source);
    this.areas.insert(area);
    if (area.inode !== null) {
      this.vm.cache.hold(area.inode);
      area.inode.areas.add(area);
    }
    if (area.next !== null) this.mergeWithPrevious(area.next);
    return area;
  }

  protected override fault(address: number, access: Access): void {
    const result = resolveFault(this, address, access);
    if (result === 'minor' || result === 'major') return;
    const area = this.areaAt(address);
    throw new MemoryFault(
      result,
      address,
      access,
      area,
      result === 'BUS_ADRERR' ? area?.inode?.error : undefined,
    );
  }

  private requireAlive(): void {
    if (this.destroyed) throw new Error('the address space was destroyed before');
  }

  private countResident(frame: number, by: number): void {
    const owner = this.vm.pages.descriptors.owner[frame];
    if (owner === OWNER_ANONYMOUS) this.resident.anonymous += by;
    else if (owner === OWNER_FILE) this.resident.file += by;
    else this.resident.shared += by;
  }

  /** Where a new area goes; null when there is no room. */
  private place(options: MapOptions, bytes: number): number | null {
    const { address, fixed = false, noReplace = false } = options;
    if (fixed) {
      const end = rangeEnd(address ?? Number.NaN, bytes, 'ENOMEM');
      if (address! < MMAP_MIN_ADDRESS) {
        throw new MappingError('EINVAL', `nothing is mapped below 0x10000, got 0x${address!.toString(16)}`);
      }
      const there = this.areas.find(address!);
      if (noReplace && there !== null && there.start < end) {
        throw new MappingError('EEXIST', `${nameOf(there)} is mapped at 0x${there.start.toString(16)}`);
      }
      return address!;
    }
    if (address !== undefined && address > 0) {
      const hint = Math.floor(address / FRAME_BYTES) * FRAME_BYTES;
      const free = this.areas.lowestGap(bytes, Math.max(hint, MMAP_MIN_ADDRESS), TASK_SIZE);
      if (free === hint) return hint;
    }
    let start = this.areas.highestGap(bytes, MMAP_MIN_ADDRESS, MMAP_BASE);
    if (start === NO_GAP) start = this.areas.lowestGap(bytes, MMAP_BASE, TASK_SIZE);
    return start === NO_GAP ? null : start;
  }

  /** Areas that cutting at the ends of the range makes; when `keep` is false the part within is thrown away. */
  private splitsNeeded(start: number, end: number, keep: boolean): number {
    const cut = (address: number) => {
      const area = this.areaAt(address);
      return area !== null && area.start < address ? area : null;
    };
    const first = cut(start);
    const last = cut(end);
    if (keep) return (first === null ? 0 : 1) + (last === null ? 0 : 1);
    return first !== null && first === last ? 1 : 0;
  }

  /** Slab objects for areas to be split off; null, and none is kept, when there are not so many, or too many areas. */
  private spareObjects(count: number): number[] | null {
    if (count > 0 && this.areas.length + count > MAX_AREAS) return null;
    const objects: number[] = [];
    for (let i = 0; i < count; i++) {
      const object = this.vm.areaObjects.alloc();
      if (object === null) {
        this.freeObjects(objects);
        return null;
      }
      objects.push(object);
    }
    return objects;
  }

  private freeObjects(objects: readonly number[]): void {
    for (const object of objects) this.vm.areaObjects.free(object);
  }

  /** Makes `address` a border between areas, if it lies within one. */
  private splitAt(address: number, spare: number[]): void {
    const area = this.areaAt(address);
    if (area === null || area.start === address) return;
    const { end, flags, inode, name } = area;
    const source = { inode, offset: area.offsetAt(address), name };
    this.areas.resize(area, area.start, address);
    const upper = new Area(this, spare.pop()!, address, end, flags, source);
    upper.hasAnonymous = area.hasAnonymous;
    this.areas.insert(upper);
    if (inode !== null) {
      this.vm.cache.hold(inode);
      inode.areas.add(upper);
    }
  }

  private mergeWithPrevious(area: Area): void {
    const { previous } = area;
    if (previous === null || previous.end !== area.start || !previous.isContinuedBy(area.flags, area)) return;
    const { end } = area;
    previous.hasAnonymous ||= area.hasAnonymous;
    this.removeArea(area);
    this.areas.resize(previous, previous.start, end);
  }

  /** Takes an area out, whose pages are unmapped or another area's now. */
  private removeArea(area: Area): void {
    this.areas.remove(area);
    const { inode } = area;
    if (inode !== null) {
      inode.areas.delete(area);
      this.vm.cache.release(inode);
    }
    this.vm.areaObjects.free(area.object);
  }

  private unmapRange(start: number, end: number, spare: number[]): void {
    let flush = false;
    for (let area = this.areas.find(start); area !== null && area.start < end; ) {
      const { next } = area;
      const from = Math.max(area.start, start);
      const to = Math.min(area.end, end);
      flush = this.unmapPages(area, from, to) || flush;
      if (from > area.start) {
        // A hole within the area: what lies above it becomes an area of its own.
        if (to < area.end) this.splitAt(to, spare);
        this.areas.resize(area, area.start, from);
      } else if (to < area.end) {
        area.offset = area.offsetAt(to);
        this.areas.resize(area, to, area.end);
      } else this.removeArea(area);
      area = next;
    }
    if (flush) this.flushTlb();
    this.freeObjects(spare);
  }

  /** @returns whether any page was mapped */
  private unmapPages(area: Area, start: number, end: number): boolean {
    const { u32 } = this.machine;
    let any = false;
    this.table.clearRange(start / FRAME_BYTES, end / FRAME_BYTES, (entry) => {
      any = true;
      this.dropMapping(u32[entry]);
    });
    if ((area.flags & VM_SHARED) !== 0 && area.inode !== null) {
      const first = area.offsetAt(start) / FRAME_BYTES;
      this.vm.cache.writeBackQuietly(area.inode, first, area.offsetAt(end) / FRAME_BYTES);
    }
    return any;
  }

  private protectArea(area: Area, flags: number): void {
    const { u32 } = this.machine;
    const high = (flags & VM_EXEC) !== 0 ? 0 : PTE_NX;
    this.table.forEach(area.start / FRAME_BYTES, area.end / FRAME_BYTES, (entry) => {
      u32[entry] = reprotected(u32[entry], flags);
      u32[entry + 1] = high;
    });
    area.flags = flags;
  }

  private populate(address: number, bytes: number): void {
    const area = this.areaAt(address);
    if (area === null || (area.flags & PROT_MASK) === 0) return;
    const access = (area.flags & (PROT_WRITE | VM_SHARED)) === PROT_WRITE ? 'write' : 'read';
    for (let at = address; at < address + bytes; at += FRAME_BYTES) {
      const result = this.touch(at, access);
      if (result !== 'minor' && result !== 'major') return;
    }
  }

  private requireMapped(start: number, end: number, visit: (area: Area) => void): void {
    let at = start;
    for (let area = this.areas.find(start); at < end; area = area.next) {
      if (area === null || area.start > at) {
        throw new MappingError('ENOMEM', `nothing is mapped at 0x${at.toString(16)}`);
      }
      visit(area);
      at = area.end;
    }
  }
}

function nameOf(area: Area): string {
  return area.inode?.path ?? area.name ?? 'anonymous memory';
}
