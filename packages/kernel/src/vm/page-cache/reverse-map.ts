/**
 * From a page of a file to the entries that map it, through the areas that map its file: what reclaim and writing
 * back need. Cost: O(areas of the file). Source: Linux mm/rmap.c, `rmap_walk_file`.
 */
import { FRAME_BYTES } from '../../machine.js';
import { NO_ENTRY, PTE_ACCESSED, PTE_DIRTY, PTE_WRITE } from '../translation/page-table.js';
import type { CachedPage } from './inode.js';
import type { Mapper } from './mapper.js';

type MappingVisitor = (space: Mapper, entry: number, page: number, low: number) => void;

/** Takes the page out of every address space. Tables that become empty stay until their range is unmapped. */
export function unmapEverywhere(words: Uint32Array, cached: CachedPage): void {
  forEachMapping(words, cached, (space, entry, page, low) => {
    space.dropMapping(low);
    space.table.clear(entry);
    space.invalidate(page);
  });
}

/** Clears the accessed bits. @returns whether any was set */
export function clearAccessed(words: Uint32Array, cached: CachedPage): boolean {
  let accessed = false;
  forEachMapping(words, cached, (space, entry, page, low) => {
    if ((low & PTE_ACCESSED) === 0) return;
    accessed = true;
    words[entry] = low & ~PTE_ACCESSED;
    space.invalidate(page);
  });
  return accessed;
}

/** The next write to the page faults, so that it is seen. */
export function writeProtect(words: Uint32Array, cached: CachedPage): void {
  forEachMapping(words, cached, (space, entry, page, low) => {
    if ((low & (PTE_WRITE | PTE_DIRTY)) === 0) return;
    words[entry] = low & ~(PTE_WRITE | PTE_DIRTY);
    space.invalidate(page);
  });
}

/** @param words the machine's memory, in which the entries lie */
function forEachMapping(words: Uint32Array, cached: CachedPage, visit: MappingVisitor): void {
  const offset = cached.index * FRAME_BYTES;
  for (const area of cached.inode.areas) {
    const { space } = area;
    const address = area.start + (offset - area.offset);
    if (address < area.start || address >= area.end) continue;
    const page = address / FRAME_BYTES;
    const entry = space.table.find(page);
    if (entry === NO_ENTRY) continue;
    const low = words[entry];
    if (low !== 0 && low >>> 12 === cached.frame) visit(space, entry, page, low);
  }
}
