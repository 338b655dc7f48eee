/**
 * /proc/meminfo: what the memory of the machine is used for. Source: Linux fs/proc/meminfo.c.
 */
import {
  FRAME_DIRTY,
  FRAME_HEAD,
  OWNER_ANONYMOUS,
  OWNER_FILE,
  OWNER_NAMES,
  OWNER_PAGE_TABLE,
  OWNER_SHARED,
  OWNER_VMALLOC,
} from '../frames/descriptors.js';
import type { PageAllocator } from '../frames/page-allocator.js';
import { FRAME_BYTES } from '../machine.js';
import type { SlabAllocator } from '../slab/slab-allocator.js';
import { labelled, linesOf } from './lines.js';

/** By name as printed, in that order: KiB, but for the counts of huge pages (`HugePages_Total`…). */
export type Meminfo = ReadonlyMap<string, number>;

const FRAME_KIB = FRAME_BYTES / 1024;
/** What Linux gives vmalloc on x86-64: 32 TiB less a byte. */
const VMALLOC_KIB = 2 ** 35 - 1;
/** Its heading, and rows of six and three figures. */
const TABLE = /^(?:total: +used: |(?:Mem|Swap): +\d+ +\d+ +\d)/;

/**
 * What the file tells of this memory, in Linux's order. Lines about what does not exist here are left out (lists of
 * active pages, huge pages), those that tools divide by or add up are there with 0 (swap, buffers). O(frames).
 * @example
 * ```js
 * const kernel = new Kernel();
 * const before = meminfoOf(kernel.slab);
 * kernel.process(1).mmap({ length: 2 ** 20, populate: true });
 * const after = meminfoOf(kernel.slab);
 * after.get('AnonPages') - before.get('AnonPages');   // => 1024
 * // And the last of the four levels of page tables to reach it.
 * after.get('PageTables') - before.get('PageTables');   // => 4
 * ```
 */
export function meminfoOf(slab: SlabAllocator): Map<string, number> {
  const { pages } = slab;
  const frames = framesByUse(pages);
  const { reclaimable, unreclaimable } = slabFrames(slab);
  const free = pages.zones.reduce((sum, zone) => sum + zone.freeFrames, 0);
  const cached = frames.owned[OWNER_FILE] + frames.owned[OWNER_SHARED];
  const told: [string, number][] = [
    ['MemTotal', pages.managedFrames],
    ['MemFree', free],
    ['MemAvailable', available(pages, free, frames.owned[OWNER_FILE], reclaimable)],
    ['Buffers', 0],
    ['Cached', cached],
    ['SwapCached', 0],
    ['SwapTotal', 0],
    ['SwapFree', 0],
    ['Dirty', frames.dirty],
    ['Writeback', 0],
    ['AnonPages', frames.anonymousMapped],
    ['Mapped', frames.cachedMapped],
    ['Shmem', frames.owned[OWNER_SHARED]],
    ['KReclaimable', reclaimable],
    ['Slab', reclaimable + unreclaimable],
    ['SReclaimable', reclaimable],
    ['SUnreclaim', unreclaimable],
    ['PageTables', frames.owned[OWNER_PAGE_TABLE]],
  ];
  return new Map([
    ...told.map(([name, count]): [string, number] => [name, count * FRAME_KIB]),
    ['VmallocTotal', VMALLOC_KIB],
    ['VmallocUsed', frames.owned[OWNER_VMALLOC] * FRAME_KIB],
    ['VmallocChunk', 0],
  ]);
}

function framesByUse({ descriptors }: PageAllocator) {
  const { owner, order, flags, mapCount } = descriptors;
  const owned = new Array<number>(OWNER_NAMES.length).fill(0);
  let anonymousMapped = 0;
  let cachedMapped = 0;
  let dirty = 0;
  for (let frame = 0; frame < descriptors.frames; frame++) {
    if ((flags[frame] & FRAME_HEAD) === 0) continue;
    const by = owner[frame];
    owned[by] += 1 << order[frame];
    if ((flags[frame] & FRAME_DIRTY) !== 0 && by === OWNER_FILE) dirty++;
    if (mapCount[frame] === 0) continue;
    if (by === OWNER_ANONYMOUS) anonymousMapped++;
    else cachedMapped++;
  }
  return { owned, anonymousMapped, cachedMapped, dirty };
}

function slabFrames(slab: SlabAllocator) {
  let reclaimable = 0;
  let unreclaimable = 0;
  for (const cache of slab.caches()) {
    const stats = cache.stats();
    const frames = stats.slabs * stats.framesPerSlab;
    if (stats.reclaimable) reclaimable += frames;
    else unreclaimable += frames;
  }
  return { reclaimable, unreclaimable };
}

/** What could be had without swapping. Source: Linux mm/page_alloc.c, `si_mem_available`. */
function available({ zones }: PageAllocator, free: number, files: number, reclaimable: number): number {
  const reserved = zones.reduce((sum, zone) => {
    const reserve = Math.max(...zone.lowmemReserve) + zone.watermarks.high;
    return sum + Math.min(zone.managed, reserve);
  }, 0);
  const low = zones.reduce((sum, zone) => sum + zone.watermarks.low, 0);
  const takable = (frames: number) => frames - Math.min(Math.floor(frames / 2), low);
  return Math.max(0, free - reserved + takable(files) + takable(reclaimable));
}

/**
 * The text of /proc/meminfo, in the order of the map.
 * @example
 * ```js
 * const { slab } = new Kernel();
 * printMeminfo(meminfoOf(slab)).split('\n')[0];   // => 'MemTotal:          64512 kB'
 * ```
 */
export function printMeminfo(meminfo: Meminfo): string {
  return [...meminfo]
    .map(([name, value]) => {
      const count = isCount(name);
      const wide = count || name === 'HardwareCorrupted';
      return `${labelled(name, value, wide ? 19 : 16)}${count ? '' : ' kB'}\n`;
    })
    .join('');
}

/**
 * Reads the text of /proc/meminfo, with all lines that the kernel prints.
 * @param file named in errors
 * @returns by name, in the order of the lines: KiB, counts for `HugePages_`
 * @throws ProcFormatError naming the line of another form
 * @example
 * ```js
 * const meminfo = parseMeminfo('MemTotal:       24684084 kB\nMemFree:        12342042 kB\n');
 * meminfo.get('MemFree') / meminfo.get('MemTotal');   // => 0.5
 * meminfo.get('Zswap');   // => undefined
 * parseMeminfo('MemTotal: 24 GB');   // => throws ProcFormatError: /proc/meminfo:1: expected a figure
 * ```
 */
export function parseMeminfo(text: string, file = '/proc/meminfo'): Map<string, number> {
  const meminfo = new Map<string, number>();
  for (const line of linesOf(text, file)) {
    // Linux 2.4 begins with a table in bytes, whose figures the other lines tell again.
    if (TABLE.test(line.text)) continue;
    const [, name = '', value, unit] = line.match(
      /^([^:]+): +(\d+)( +kB)?$/,
      "a figure such as 'MemTotal: 24684084 kB'",
    );
    if ((unit === undefined) !== isCount(name)) line.fail(`${name} in kB`);
    meminfo.set(name, Number(value));
  }
  return meminfo;
}

function isCount(name: string): boolean {
  return name.startsWith('HugePages_');
}
