/**
 * Page faults: what is done when an access finds no entry in the page tables that allows it.
 *
 * Anonymous memory gets the zero page when read and a cleared frame when written; a page of a file is taken from the
 * page cache, which reads it at the first touch; a page that others share is copied when it is written, unless it is
 * shared on purpose; a stack grows. Cost: O(log areas), tables on the way, and a frame cleared, copied or read.
 * A fault that fails leaves everything as it was.
 * Source: Linux mm/memory.c, `handle_mm_fault`, `do_wp_page`; mm/mmap.c, `expand_downwards`.
 */
import { OWNER_ANONYMOUS } from '../../frames/descriptors.js';
import { __GFP_ZERO, GFP_HIGHUSER_MOVABLE } from '../../frames/gfp.js';
import { FRAME_BYTES } from '../../machine.js';
import { PAGE_NO_MEMORY } from '../page-cache/page-cache.js';
import type { Access, FaultCode } from '../translation/memory-fault.js';
import {
  NO_ENTRY,
  PTE_ACCESSED,
  PTE_DIRTY,
  PTE_PRESENT,
  PTE_SPECIAL,
  PTE_USER,
  PTE_WRITE,
} from '../translation/page-table.js';
import {
  type Area,
  MMAP_MIN_ADDRESS,
  PROT_MASK,
  STACK_GUARD_BYTES,
  VM_EXEC,
  VM_GROWSDOWN,
  VM_SHARED,
  VM_WRITE,
} from './area.js';
import type { MemoryDescriptor } from './memory-descriptor.js';

/** `minor`: resolved from memory. `major`: a page was read from its file. Otherwise why it cannot be resolved. */
export type FaultResult = 'minor' | 'major' | FaultCode;

const READABLE = PTE_PRESENT | PTE_USER | PTE_ACCESSED;
const WRITABLE = READABLE | PTE_WRITE | PTE_DIRTY;

/** Makes the page of `address` present for the access, if it may be. */
export function resolveFault(space: MemoryDescriptor, address: number, access: Access): FaultResult {
  const { vm, table } = space;
  const page = Math.floor(address / FRAME_BYTES);
  const area = space.areas.find(address);
  if (area === null) return 'SEGV_MAPERR';
  const oldStart = area.start;
  if (oldStart > address && !growStack(space, area, page * FRAME_BYTES)) return 'SEGV_MAPERR';
  let result: FaultResult = 'SEGV_ACCERR';
  if (permits(area, access)) {
    const entry = table.reach(page);
    if (entry === NO_ENTRY) result = 'OOM';
    else {
      const low = vm.pages.machine.u32[entry];
      result =
        low === 0
          ? mapMissing(space, area, page, entry, access)
          : mapForWriting(space, area, page, entry, low, access);
      if (vm.pages.machine.u32[entry] === 0) table.prune(page);
    }
  }
  if (result === 'minor' || result === 'major') {
    vm.counts.faults++;
    if (result === 'major') {
      vm.counts.majorFaults++;
      space.counts.majorFaults++;
    } else space.counts.minorFaults++;
  } else if (area.start !== oldStart) space.areas.resize(area, oldStart, area.end);
  return result;
}

function permits(area: Area, access: Access): boolean {
  const { flags } = area;
  if (access === 'write') return (flags & VM_WRITE) !== 0;
  // The processor cannot forbid reading what may be written or executed.
  return access === 'execute' ? (flags & VM_EXEC) !== 0 : (flags & PROT_MASK) !== 0;
}

/** Takes a stack down to `start`, within its limit and not too near to the area below. */
function growStack(space: MemoryDescriptor, area: Area, start: number): boolean {
  if ((area.flags & VM_GROWSDOWN) === 0) return false;
  if (area.end - start > space.stackLimitBytes || start < MMAP_MIN_ADDRESS) return false;
  const { previous } = area;
  const gap = previous === null ? start : start - previous.end;
  const guarded = previous !== null && (previous.flags & VM_GROWSDOWN) === 0;
  if (gap < (guarded && (previous.flags & PROT_MASK) !== 0 ? STACK_GUARD_BYTES : 0)) return false;
  space.areas.resize(area, start, area.end);
  return true;
}

/** Nothing is mapped at the page yet. */
function mapMissing(
  space: MemoryDescriptor,
  area: Area,
  page: number,
  entry: number,
  access: Access,
): FaultResult {
  const { vm, table } = space;
  const executable = (area.flags & VM_EXEC) !== 0;
  const { inode } = area;
  if (inode === null) {
    if (access !== 'write') {
      table.set(entry, vm.zeroFrame, READABLE | PTE_SPECIAL, executable);
      return 'minor';
    }
    return mapZeroed(space, area, entry);
  }
  const readBefore = vm.cache.counts.pagesRead;
  const frame = vm.cache.pageAt(inode, area.offsetAt(page * FRAME_BYTES) / FRAME_BYTES);
  if (frame < 0) return frame === PAGE_NO_MEMORY ? 'OOM' : 'BUS_ADRERR';
  const result = vm.cache.counts.pagesRead === readBefore ? 'minor' : 'major';
  if (access === 'write' && (area.flags & VM_SHARED) === 0) {
    return mapCopy(space, area, entry, frame) ? result : 'OOM';
  }
  vm.pages.get(frame);
  space.addMapping(frame);
  if (access === 'write') vm.cache.markDirty(frame);
  table.set(entry, frame, access === 'write' ? WRITABLE : READABLE, executable);
  return result;
}

/** The page is mapped, but not for this access. */
function mapForWriting(
  space: MemoryDescriptor,
  area: Area,
  page: number,
  entry: number,
  low: number,
  access: Access,
): FaultResult {
  const { vm } = space;
  const { u32 } = vm.pages.machine;
  // Another's fault may have resolved this one, and an execution asks the area only.
  if (access !== 'write' || (low & PTE_WRITE) !== 0) return 'minor';
  const frame = low >>> 12;
  if ((area.flags & VM_SHARED) !== 0) {
    vm.cache.markDirty(frame);
    u32[entry] = low | WRITABLE;
    return 'minor';
  }
  if ((low & PTE_SPECIAL) !== 0) {
    const result = mapZeroed(space, area, entry);
    if (result === 'minor') space.invalidate(page);
    return result;
  }
  const { owner, references } = vm.pages.descriptors;
  if (owner[frame] === OWNER_ANONYMOUS && references[frame] === 1) {
    vm.counts.reuses++;
    u32[entry] = low | WRITABLE;
    return 'minor';
  }
  if (!mapCopy(space, area, entry, frame)) return 'OOM';
  space.dropMapping(low);
  space.invalidate(page);
  return 'minor';
}

function mapZeroed(space: MemoryDescriptor, area: Area, entry: number): FaultResult {
  const { vm } = space;
  const frame = vm.pages.allocPages(GFP_HIGHUSER_MOVABLE | __GFP_ZERO, 0, OWNER_ANONYMOUS);
  if (frame === null) return 'OOM';
  vm.counts.zeroed++;
  area.hasAnonymous = true;
  space.addMapping(frame);
  space.table.set(entry, frame, WRITABLE, (area.flags & VM_EXEC) !== 0);
  return 'minor';
}

/** Maps a copy of the frame, writable; the old entry's own reference is still to be dropped. */
function mapCopy(space: MemoryDescriptor, area: Area, entry: number, from: number): boolean {
  const { vm } = space;
  // Held, so that the reclaim which the allocation may call for leaves it alone.
  vm.pages.get(from);
  const frame = vm.pages.allocPages(GFP_HIGHUSER_MOVABLE, 0, OWNER_ANONYMOUS);
  if (frame !== null) {
    vm.pages.machine.copyFrame(from, frame);
    vm.counts.copies++;
    space.counts.copies++;
    area.hasAnonymous = true;
    space.addMapping(frame);
    space.table.set(entry, frame, WRITABLE, (area.flags & VM_EXEC) !== 0);
  }
  vm.pages.put(from);
  return frame !== null;
}
