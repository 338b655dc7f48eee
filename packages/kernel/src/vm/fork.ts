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

function copyPages(parent: AddressSpace, child: AddressSpace, area: Area): boolean {
  const { machine, descriptors } = parent.vm.pages;
  const { u32 } = machine;
  const { references } = descriptors;
  let whole = true;
  parent.table.forEach(area.start / FRAME_BYTES, area.end / FRAME_BYTES, (entry, page) => {
    if (!whole) return;
    const to = child.table.reach(page);
    if (to === NO_ENTRY) {
      whole = false;
      return;
    }
    if (u32[entry] === 0) {
      // Reclaim, called for by the table just made, took the page: a file's, which is faulted in again.
      child.table.prune(page);
      return;
    }
    const low = u32[entry] & ~PTE_WRITE;
    const frame = low >>> 12;
    u32[entry] = low;
    child.table.set(to, frame, low & 0xfff, u32[entry + 1] === 0);
    if ((low & PTE_SPECIAL) !== 0) return;
    references[frame]++;
    child.addMapping(frame);
  });
  return whole;
}
