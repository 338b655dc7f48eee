/** What memory is used for, from meminfo: no byte in two rows, and a row for what no other accounts for. */
import type { Meminfo } from '@freehold/kernel';

/** In bytes; null where the kernel does not tell. */
export interface MemoryFigures {
  readonly total: number | null;
  readonly free: number | null;
  /** Of buddyinfo's free blocks; null where there is none. Free memory beyond it is in no block. */
  readonly freeInBlocks: number | null;
  /** What could be had without swapping. */
  readonly available: number | null;
  /** The page cache; without shared memory, where that is told. */
  readonly files: number | null;
  /** Private memory of processes. */
  readonly anonymous: number | null;
  /** Shared segments and files in memory. */
  readonly shared: number | null;
  readonly slabs: number | null;
  /** Frames mapped by vmalloc. */
  readonly vmalloc: number | null;
  /** The kernel's stacks of threads, where they are not among vmalloc. */
  readonly kernelStacks: number | null;
  readonly perCpu: number | null;
  readonly pageTables: number | null;
  /** Set apart for huge pages, in use or not. */
  readonly hugePages: number | null;
  /** Of one huge page, of the default size. */
  readonly hugePageBytes: number | null;
  /** Swapped pages, compressed. */
  readonly zswap: number | null;
  /** The total less free memory and all uses; below 0 where the figures are of different times or machines. */
  readonly unaccounted: number | null;
}

/** @param freeInBlocks bytes of the free blocks of buddyinfo; null without one. O(1). */
export function memoryFigures(meminfo: Meminfo, freeInBlocks: number | null): MemoryFigures {
  const bytes = (name: string) => {
    const kib = meminfo.get(name);
    return kib === undefined ? null : kib * 1024;
  };
  const shared = bytes('Shmem');
  const vmalloc = vmallocBytes(bytes);
  const uses = {
    files: fileBytes(sum(bytes('Buffers'), bytes('Cached')), shared),
    anonymous: bytes('AnonPages'),
    shared,
    slabs: bytes('Slab'),
    vmalloc,
    // Stacks are mapped by vmalloc since 4.9, and counted with it since that is counted.
    kernelStacks: vmalloc === null ? bytes('KernelStack') : null,
    perCpu: bytes('Percpu'),
    pageTables: sum(bytes('PageTables'), bytes('SecPageTables')),
    hugePages: bytes('Hugetlb') ?? hugePageBytes(meminfo),
    zswap: bytes('Zswap'),
  };
  const total = bytes('MemTotal');
  const free = bytes('MemFree');
  const used = sum(free, ...Object.values(uses));
  return {
    total,
    free,
    freeInBlocks,
    available: bytes('MemAvailable'),
    ...uses,
    hugePageBytes: bytes('Hugepagesize'),
    unaccounted: total === null || used === null ? null : total - used,
  };
}

/** Of those that are told; null where none is. */
function sum(...parts: readonly (number | null)[]): number | null {
  const told = parts.filter((part) => part !== null);
  return told.length === 0 ? null : told.reduce((all, part) => all + part, 0);
}

/** Shared memory is in the page cache, but in a container's figures it may be counted apart. */
function fileBytes(cached: number | null, shared: number | null): number | null {
  return cached === null || shared === null || shared > cached ? cached : cached - shared;
}

/**
 * Linux before 4.4 tells address space, devices and all, and the largest chunk free beside it. Until 5.2 it tells 0,
 * having stopped counting; since then frames.
 */
function vmallocBytes(bytes: (name: string) => number | null): number | null {
  const used = bytes('VmallocUsed');
  return used === 0 || (bytes('VmallocChunk') ?? 0) > 0 ? null : used;
}

/** Of the default size, where the sum over all sizes (`Hugetlb`, Linux 4.16) is not told. */
function hugePageBytes(meminfo: Meminfo): number | null {
  const [pages, kib] = [meminfo.get('HugePages_Total'), meminfo.get('Hugepagesize')];
  return pages === undefined || kib === undefined ? null : pages * kib * 1024;
}
