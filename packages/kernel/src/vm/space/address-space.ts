/**
 * The address space of a process: the system calls on its areas, and loads and stores through its page tables.
 *
 * Cost: mmap and munmap O(log areas) and what they unmap; a first touch is a fault, see fault.ts. Waste: the part of
 * the last page that is not asked for; tables for pages that lie far apart. A call that is refused throws a
 * SystemCallError, and everything is as before. Not for memory of the kernel itself: see kernel-space.ts.
 * Source: Linux mm/mmap.c, mm/mprotect.c, mm/msync.c (5.x).
 */
import { INSPECT, summary } from 'freehold';
import { SystemCallError } from '../../errors.js';
import { FRAME_BYTES } from '../../machine.js';
import { type Access, MemoryFault } from '../translation/memory-fault.js';
import { NO_ENTRY, PTE_NX, PTE_PRESENT, PTE_WRITE } from '../translation/page-table.js';
import {
  type Area,
  PROT_MASK,
  PROT_WRITE,
  TASK_SIZE,
  VM_EXEC,
  VM_MAYWRITE,
  VM_SHARED,
  VM_WRITE,
} from './area.js';
import { nameOf } from './area-map.js';
import { type FaultResult, resolveFault } from './fault.js';
import { copyMemory } from './fork.js';
import {
  checkProtection,
  flagsOf,
  lengthInPages,
  type MapOptions,
  mappedRangeEnd,
  rangeEnd,
} from './map-options.js';
import { MemoryDescriptor, type SharedMemory } from './memory-descriptor.js';
import { type RemapOptions, remap } from './mremap.js';

/** What makes address spaces and forgets them: VirtualMemory. */
export interface AddressSpaceMaker extends SharedMemory {
  createAddressSpace(): AddressSpace | null;
  forgetSpace(space: AddressSpace): void;
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
export class AddressSpace extends MemoryDescriptor<AddressSpaceMaker> {
  private destroyed = false;

  /**
   * Maps memory; nothing is read or cleared before the first touch. O(log areas).
   * @returns the address, a multiple of 4096
   * @throws SystemCallError EINVAL for an argument out of range; ENOMEM past the end of user addresses, when no range
   * is free, when there is no memory for the bookkeeping, or when there are 65,530 areas already; EACCES for a shared
   * writable mapping of a file that may not be written; EEXIST as said of `noReplace`
   * @example
   * ```js
   * const { vm } = new Kernel();
   * const space = vm.createAddressSpace();
   * const inode = vm.cache.open(new MemoryFile('/etc/motd', new TextEncoder().encode('hello')));
   * const text = space.mmap({ length: inode.size, inode, protection: PROT_READ });
   * space.readString(text);   // => 'hello'
   * const there = { address: text, length: 1, fixed: true, noReplace: true };
   * space.mmap(there);   // => throws SystemCallError: EEXIST
   * space.mmap({ length: 2 ** 47 });   // => throws SystemCallError: ENOMEM: no range of
   * ```
   */
  mmap(options: MapOptions): number {
    this.requireAlive();
    const { shared = false, fixed = false, inode = null, populate = false } = options;
    const bytes = lengthInPages(options.length);
    const flags = flagsOf(options);
    const { areas, vm } = this;
    const start = areas.place(options, bytes);
    const end = start + bytes;
    // All that may fail comes first.
    const spare = areas.spareObjects(1 + (fixed ? areas.splitsNeeded(start, end, false) : 0));
    const segment = shared && inode === null ? vm.cache.createSegment('/dev/zero (deleted)', bytes) : null;
    if (shared && inode === null && segment === null) {
      areas.freeObjects(spare);
      throw new SystemCallError('ENOMEM', `no memory for a shared segment of ${bytes} bytes`);
    }
    if (fixed) this.unmapRange(start, end, spare);
    const offset = inode === null ? 0 : (options.offset ?? 0);
    areas.enter(start, end, flags, { inode: inode ?? segment, offset, name: options.name ?? null }, spare);
    areas.freeObjects(spare);
    if (segment !== null) vm.cache.release(segment);
    if (populate) this.populate(start, bytes);
    return start;
  }

  /**
   * Unmaps every page of [address, address + length), and splits the areas it cuts. Dirty pages of shared files are
   * written back. Where nothing is mapped nothing happens. O(log areas + pages in memory).
   * @throws SystemCallError EINVAL; ENOMEM when an area must be split and there is no memory for its second half, or
   * there are 65,530 areas already
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const at = space.mmap({ length: 3 * 4096 });
   * const areas = space.areas.length;
   * // A hole in the middle makes two of one.
   * space.munmap(at + 4096, 4096);
   * space.areas.length - areas;   // => 1
   * ```
   */
  munmap(address: number, length: number): void {
    this.unmap(address, rangeEnd(address, length, 'EINVAL'));
  }

  /**
   * Grows, shrinks or moves what is mapped at [address, address + oldLength). Pages that move keep their frames: no
   * byte is copied. An old length of 0 maps shared memory once more. O(log areas) in place, O(pages) for a move.
   * @param oldLength bytes, rounded up to pages. They may reach over several areas where the call shrinks, or moves
   * them with `fixed` at the same length; then holes among them stay holes
   * @param newLength a whole number of bytes from 1 up, rounded up to pages
   * @returns the address now
   * @throws SystemCallError EINVAL for an argument out of range, new and old place that overlap, or an old length of 0
   * of private memory; EFAULT where nothing is mapped or the old length reaches past the area; ENOMEM when there is
   * no room to grow and it may not move, no range is free, there is no memory for areas and page tables, or there
   * would be more than 65,530 areas
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * space.mmap({ length: 4096 });
   * const list = space.mmap({ length: 4096 });
   * space.store8(list, 7);
   * // The one mapped before lies above, in its way.
   * space.mremap(list, 4096, 8192);   // => throws SystemCallError: ENOMEM: no room to grow in place
   * const moved = space.mremap(list, 4096, 8192, { mayMove: true });
   * [moved === list, space.loadU8(moved)];   // => [false, 7]
   * space.mremap(moved, 8192, 4096) === moved;   // => true
   * ```
   */
  mremap(address: number, oldLength: number, newLength: number, options: RemapOptions = {}): number {
    this.requireAlive();
    return remap(this, address, oldLength, newLength, options);
  }

  /**
   * Sets the protection of every page of [address, address + length); areas are split and merged as needed. O(log
   * areas + pages in memory).
   * @throws SystemCallError EINVAL; ENOMEM where part of the range is not mapped, when there is no memory for the areas
   * to be split, or they would be too many; EACCES where a shared file may not be written
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const at = space.mmap({ length: 2 * 4096 });
   * space.mprotect(at, 4096, PROT_NONE);
   * // A guard page: an underrun of the page above it faults.
   * space.store8(at + 4095, 1);   // => throws MemoryFault: SEGV_ACCERR
   * space.store8(at + 4096, 1);
   * ```
   */
  mprotect(address: number, length: number, protection: number): void {
    const { areas } = this;
    checkProtection(protection);
    const end = mappedRangeEnd(address, length);
    if (end === address) return;
    areas.requireMapped(address, end, (area) => {
      if ((protection & PROT_WRITE) !== 0 && (area.flags & VM_MAYWRITE) === 0) {
        throw new SystemCallError('EACCES', `${nameOf(area)} is open for reading only and mapped shared`);
      }
    });
    const spare = areas.spareObjects(areas.splitsNeeded(address, end, true));
    areas.splitAt(address, spare);
    areas.splitAt(end, spare);
    for (let area = areas.find(address); area !== null && area.start < end; ) {
      const { next } = area;
      this.protectArea(area, (area.flags & ~PROT_MASK) | protection);
      area = next;
    }
    this.flushTlb();
    for (let area = areas.find(address); area !== null && area.start <= end; ) {
      areas.mergeWithPrevious(area);
      area = area.next;
    }
  }

  /**
   * Writes the dirty pages of shared file mappings in the range back. O(areas + pages of the range).
   * @returns how many pages were written
   * @throws SystemCallError EINVAL; ENOMEM where part of the range is not mapped; EIO, with the file's error as cause
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
    this.areas.requireMapped(address, end, () => {});
    let written = 0;
    for (let area = this.areas.find(address); area !== null && area.start < end; area = area.next) {
      if ((area.flags & VM_SHARED) === 0 || area.inode === null) continue;
      const first = area.offsetAt(Math.max(area.start, address)) / FRAME_BYTES;
      const last = area.offsetAt(Math.min(area.end, end)) / FRAME_BYTES;
      try {
        written += this.vm.cache.writeBack(area.inode, first, last);
      } catch (error) {
        throw new SystemCallError('EIO', `${nameOf(area)} cannot be written: ${String(error)}`, error);
      }
    }
    return written;
  }

  /**
   * A copy of the address space: the same areas, and every page of private memory shared until one side writes it.
   * O(areas + pages of private memory). `ProcessTable.fork` makes a process around it.
   * @throws SystemCallError ENOMEM, and nothing is left behind
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
  fork(): AddressSpace {
    this.requireAlive();
    const child = this.vm.createAddressSpace();
    if (child === null) throw new SystemCallError('ENOMEM', 'no memory for an address space');
    try {
      copyMemory(this, child);
      return child;
    } catch (error) {
      child.destroy();
      throw error;
    }
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
    return this.areas.at(address);
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

  protected override fault(address: number, access: Access): void {
    const result = resolveFault(this, address, access);
    if (result === 'minor' || result === 'major') return;
    const cause = result === 'BUS_ADRERR' ? this.areaAt(address)?.inode?.error : undefined;
    throw new MemoryFault(result, address, access, cause);
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new Kernel().processes.get(1).space.toJSON().areas > 0;   // => true
   * ```
   */
  toJSON(): object {
    return {
      asid: this.asid,
      areas: this.areas.length,
      mappedBytes: this.mappedBytes,
      residentPages: this.residentPages,
    };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  private requireAlive(): void {
    if (this.destroyed) throw new Error('the address space was destroyed before');
  }

  private protectArea(area: Area, flags: number): void {
    const accessible = (flags & PROT_MASK) !== 0;
    const writable = (flags & VM_WRITE) !== 0;
    const executable = (flags & VM_EXEC) !== 0;
    this.table.forEach(area.start / FRAME_BYTES, area.end / FRAME_BYTES, (entry) => {
      this.table.protect(entry, accessible, writable, executable);
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
}
