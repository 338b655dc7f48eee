/**
 * Copying an address space: areas and page tables are copied, pages are not. Private pages lose the right to be
 * written on both sides, and whoever writes one first copies it then (see fault.ts). Areas that hold nothing but
 * pages of files or of shared segments are left to be faulted in again.
 *
 * Cost: O(areas + pages of private memory), a frame for each 512 pages that lie together.
 * Source: Linux kernel/fork.c, `dup_mmap`; mm/memory.c, `copy_page_range`.
 */
import { FRAME_BYTES } from '../machine.js';
import type { AddressSpace } from './address-space.js';
import type { Area } from './area.js';
import { NO_ENTRY, PTE_SPECIAL, PTE_WRITE } from './page-table.js';

/** @returns null, and nothing is left behind, when there is no memory */
export function forkAddressSpace(parent: AddressSpace): AddressSpace | null {
  const { vm } = parent;
  const child = vm.createAddressSpace();
  if (child === null) return null;
  child.stackLimitBytes = parent.stackLimitBytes;
  child.stackStart = parent.stackStart;
  let whole = true;
  let copied = false;
  for (const area of parent.areas) {
    const object = vm.areaObjects.alloc();
    if (object === null) {
      whole = false;
      break;
    }
    const twin = child.enter(object, area.start, area.end, area.flags, area);
    if (!area.hasAnonymous) continue;
    twin.hasAnonymous = true;
    copied = true;
    if (!copyPages(parent, child, area)) {
      whole = false;
      break;
    }
  }
  // Pages of the parent that could be written in place no longer can.
  if (copied) parent.flushTlb();
  if (whole) return child;
  child.destroy();
  return null;
}

/** Copies table by table, without a call for each page: the first fork of a program is not compiled yet. */
function copyPages(parent: AddressSpace, child: AddressSpace, area: Area): boolean {
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

function isEmpty(space: AddressSpace, leaf: number, from: number, to: number): boolean {
  const { u32 } = space.vm.pages.machine;
  for (let i = from; i < to; i++) if (u32[(leaf << 10) + (i << 1)] !== 0) return false;
  return true;
}

/** @returns how many entries were copied from the table in frame `leaf` to that in frame `twin` */
function copyEntries(
  parent: AddressSpace,
  child: AddressSpace,
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
