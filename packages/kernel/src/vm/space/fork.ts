/**
 * Copying an address space: areas and page tables are copied, pages are not. Private pages lose the right to be
 * written on both sides, and whoever writes one first copies it then (see fault.ts). Areas that hold nothing but
 * pages of files or of shared segments are left to be faulted in again.
 *
 * Cost: O(areas + pages of private memory), a frame for each 512 pages that lie together.
 * Source: Linux kernel/fork.c, `dup_mmap`; mm/memory.c, `copy_page_range`.
 */
import { SystemCallError } from '../../errors.js';
import { FRAME_BYTES } from '../../machine.js';
import { NO_ENTRY, PTE_SPECIAL, PTE_WRITE } from '../translation/page-table.js';
import type { Area } from './area.js';
import type { MemoryDescriptor } from './memory-descriptor.js';

/**
 * Gives `child`, which has nothing mapped, what `parent` has.
 * @throws SystemCallError ENOMEM; the child is left half filled then: destroy it
 */
export function copyMemory(parent: MemoryDescriptor, child: MemoryDescriptor): void {
  child.stackLimitBytes = parent.stackLimitBytes;
  child.stackStart = parent.stackStart;
  let copied = false;
  try {
    for (const area of parent.areas) {
      const spare = child.areas.spareObjects(1);
      const twin = child.areas.enter(area.start, area.end, area.flags, area, spare);
      child.areas.freeObjects(spare);
      if (!area.hasAnonymous) continue;
      twin.hasAnonymous = true;
      copied = true;
      if (!copyPages(parent, child, area)) {
        throw new SystemCallError('ENOMEM', 'no memory for the page tables of a copy');
      }
    }
  } finally {
    // Pages of the parent that could be written in place no longer can.
    if (copied) parent.flushTlb();
  }
}

/** Copies table by table, without a call for each page: the first fork of a program is not compiled yet. */
function copyPages(parent: MemoryDescriptor, child: MemoryDescriptor, area: Area): boolean {
  let whole = true;
  const first = area.start / FRAME_BYTES;
  parent.table.forEachLeaf(first, area.end / FRAME_BYTES, (leaf, from, to, page) => {
    if (!whole || isEmpty(parent, leaf, from, to)) return;
    const entry = child.table.reach(page);
    if (entry === NO_ENTRY) whole = false;
    // Reclaim, called for by the table just made, may have taken every page: a file's, which are faulted in again.
    else if (copyEntries(parent, child, leaf, entry >>> 10, from, to) === 0) child.table.prune(page);
  });
  return whole;
}

function isEmpty(space: MemoryDescriptor, leaf: number, from: number, to: number): boolean {
  const { u32 } = space.vm.pages.machine;
  for (let i = from; i < to; i++) if (u32[(leaf << 10) + (i << 1)] !== 0) return false;
  return true;
}

/** @returns how many entries were copied from the table in frame `leaf` to that in frame `twin` */
function copyEntries(
  parent: MemoryDescriptor,
  child: MemoryDescriptor,
  leaf: number,
  twin: number,
  from: number,
  to: number,
): number {
  const { machine, descriptors } = parent.vm.pages;
  const { u32 } = machine;
  const { references } = descriptors;
  let copied = 0;
  for (let i = from; i < to; i++) {
    const entry = (leaf << 10) + (i << 1);
    const low = u32[entry] & ~PTE_WRITE;
    if (low === 0) continue;
    u32[entry] = low;
    child.table.set((twin << 10) + (i << 1), low >>> 12, low & 0xfff, u32[entry + 1] === 0);
    copied++;
    if ((low & PTE_SPECIAL) !== 0) continue;
    references[low >>> 12]++;
    child.addMapping(low >>> 12);
  }
  return copied;
}
