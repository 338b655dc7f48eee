/**
 * From a page of a file to the entries that map it, through the areas that map its file: what reclaim and writing
 * back need. Cost: O(areas of the file). Source: Linux mm/rmap.c, `rmap_walk_file`.
 */
import { FRAME_BYTES } from '../machine.js';
import type { AddressSpace } from './address-space.js';
import type { CachedPage } from './inode.js';
import { NO_ENTRY, PTE_ACCESSED, PTE_DIRTY, PTE_WRITE } from './page-table.js';

type MappingVisitor = (space: AddressSpace, entry: number, page: number, low: number) => void;

/** Takes the page out of every address space. Tables that become empty stay until their range is unmapped. */
export function unmapEverywhere(cached: CachedPage): void {
  forEachMapping(cached, (space, entry, page, low) => {
    space.dropMapping(low);
    space.table.clear(entry);
    space.invalidate(page);
  });
}

/** Clears the accessed bits. @returns whether any was set */
export function clearAccessed(cached: CachedPage): boolean {
  let accessed = false;
  forEachMapping(cached, (space, entry, page, low) => {
    if ((low & PTE_ACCESSED) === 0) return;
    accessed = true;
    space.vm.pages.machine.u32[entry] = low & ~PTE_ACCESSED;
    space.invalidate(page);
  });
  return accessed;
}

/** The next write to the page faults, so that it is seen. */
export function writeProtect(cached: CachedPage): void {
  forEachMapping(cached, (space, entry, page, low) => {
    if ((low & (PTE_WRITE | PTE_DIRTY)) === 0) return;
    space.vm.pages.machine.u32[entry] = low & ~(PTE_WRITE | PTE_DIRTY);
    space.invalidate(page);
  });
}

function forEachMapping(cached: CachedPage, visit: MappingVisitor): void {
  const offset = cached.index * FRAME_BYTES;
  for (const area of cached.inode.areas) {
    const { space } = area;
    const address = area.start + (offset - area.offset);
    if (address < area.start || address >= area.end) continue;
    const page = address / FRAME_BYTES;
    const entry = space.table.find(page);
    if (entry === NO_ENTRY) continue;
    const low = space.vm.pages.machine.u32[entry];
    if (low !== 0 && low >>> 12 === cached.frame) visit(space, entry, page, low);
  }
}
