/** The figures of `freehold inspect`: what free memory is good for, what slabs hold, what stands behind a process. */
import {
  type BuddyinfoZone,
  fragmentationIndex,
  type MapsArea,
  type Pagetypeinfo,
  parseBuddyinfo,
  parseMaps,
  parseMeminfo,
  parsePagetypeinfo,
  parseSlabinfo,
  parseSmaps,
  parseVmallocinfo,
  type SlabinfoCache,
  unusableFreeIndex,
  type VmallocinfoArea,
} from '@freehold/kernel';
import { type MemoryFigures, memoryFigures } from './memory.js';
import { type PageSource, pageSize } from './page-size.js';

/** A file that there is nothing from, and what to do about it. */
export interface Missing {
  readonly file: string;
  readonly why: string;
  /** The line that is not what Linux prints there; left out where the file could not be read at all. */
  readonly line?: number;
}

/** Where the files of /proc come from. */
export interface ProcFiles {
  /** What could not be read, in the order in which it was wanted. */
  readonly missing: readonly Missing[];
  /**
   * Reads and parses a file, such as `buddyinfo` or `self/smaps`.
   * @returns null where it cannot be read, or is not what Linux prints in it; `missing` then says why
   */
  read<T>(name: string, parse: (text: string, file: string) => T): Promise<T | null>;
  /** Whether there is such a file. */
  has(name: string): Promise<boolean>;
  /** Bytes of a page of the running system; null of copies, which may be of another. */
  systemPageBytes(): Promise<number | null>;
}

export interface Inspection {
  readonly pageBytes: number;
  /** What told the size of a page; null where nothing did. */
  readonly pageBytesFrom: PageSource;
  readonly memory: MemoryFigures | null;
  readonly zones: readonly ZoneFigures[] | null;
  readonly types: readonly TypeFigures[] | null;
  readonly slabs: SlabFigures | null;
  readonly vmalloc: VmallocFigures | null;
  readonly process: ProcessFigures | null;
  readonly missing: readonly Missing[];
}

export interface VmallocFigures {
  readonly areas: number;
  /** Address space, guard pages included. */
  readonly bytes: number;
  /** Bytes of frames, those of devices left out. */
  readonly frameBytes: number;
  /** By the function that asked, most address space first. */
  readonly callers: readonly {
    readonly caller: string;
    readonly areas: number;
    readonly bytes: number;
    readonly frameBytes: number;
  }[];
}

export interface ZoneFigures {
  readonly node: number;
  readonly zone: string;
  /** Free blocks of `2 ** index` pages. */
  readonly free: readonly number[];
  readonly freeBytes: number;
  readonly largestFreeBytes: number;
  /** For a request of order `index`: -1 to 1. */
  readonly fragmentationIndex: readonly number[];
  /** For a request of order `index`: 0 to 1. */
  readonly unusableFreeIndex: readonly number[];
}

export interface TypeFigures {
  readonly node: number;
  readonly zone: string;
  readonly type: string;
  /** Page blocks of this migrate type; null where the kernel does not tell. */
  readonly pageBlocks: number | null;
  readonly freeBytes: number;
  /** Whether the kernel stopped counting, so that more is free than that. */
  readonly atLeast: boolean;
  readonly largestFreeBytes: number;
}

export interface SlabFigures {
  /** Bytes in slabs. */
  readonly bytes: number;
  /** Bytes of objects in use. */
  readonly activeBytes: number;
  /** Bytes of objects that slabs have room for and nobody uses. */
  readonly freeBytes: number;
  /** Bytes of slabs that no object can have. */
  readonly leftoverBytes: number;
  /** Most bytes first. */
  readonly caches: readonly CacheFigures[];
}

export interface CacheFigures {
  readonly name: string;
  readonly objectBytes: number;
  readonly activeObjects: number;
  readonly objects: number;
  readonly slabs: number;
  readonly bytes: number;
  readonly freeBytes: number;
  readonly leftoverBytes: number;
}

export interface ProcessFigures {
  readonly pid: string;
  readonly areas: number;
  /** Sums over all areas. What only smaps tells is null where only maps could be read. */
  readonly total: MappingFigures;
  /** Areas of one name together, most resident (else largest) first. */
  readonly mappings: readonly MappingFigures[];
}

export interface MappingFigures {
  readonly name: string;
  readonly areas: number;
  readonly sizeBytes: number;
  readonly rssBytes: number | null;
  readonly pssBytes: number | null;
  readonly sharedBytes: number | null;
  readonly privateBytes: number | null;
}

export interface InspectOptions {
  /** The process to look at; undefined for none. */
  readonly pid?: string | undefined;
  /** Bytes of a page; what the system or the files tell, else 4096, when left out. */
  readonly pageBytes?: number | undefined;
}

/** Reads what can be read; the other files are among `missing`. */
export async function inspect(folder: ProcFiles, options: InspectOptions = {}): Promise<Inspection> {
  const meminfo = await folder.read('meminfo', parseMeminfo);
  // A kernel's log has the same figures.
  const log = !(await folder.has('buddyinfo')) && (await folder.has('dmesg'));
  const buddyinfo = await folder.read(log ? 'dmesg' : 'buddyinfo', parseBuddyinfo);
  const pagetypeinfo = await folder.read('pagetypeinfo', parsePagetypeinfo);
  const slabinfo = await folder.read('slabinfo', parseSlabinfo);
  const vmallocinfo = await folder.read('vmallocinfo', parseVmallocinfo);
  const smaps = options.pid === undefined ? null : await folder.read(`${options.pid}/smaps`, parseSmaps);
  const maps =
    options.pid === undefined || smaps !== null ? null : await folder.read(`${options.pid}/maps`, parseMaps);
  const size = pageSize({
    option: options.pageBytes,
    system: await folder.systemPageBytes(),
    ...{ buddyinfo, smaps, vmallocinfo, slabinfo, meminfo },
  });
  const { pageBytes } = size;
  const zones = buddyinfo?.map((zone) => zoneFigures(zone, pageBytes)) ?? null;
  const freeInBlocks = zones?.reduce((sum, { freeBytes }) => sum + freeBytes, 0) ?? null;
  const areas = smaps ?? maps?.map((area) => ({ area, fields: null }));
  return {
    ...size,
    memory: meminfo === null ? null : memoryFigures(meminfo, freeInBlocks),
    zones,
    types: pagetypeinfo === null ? null : typeFigures(pagetypeinfo, pageBytes),
    slabs: slabinfo === null ? null : slabFigures(slabinfo, pageBytes),
    vmalloc: vmallocinfo === null ? null : vmallocFigures(vmallocinfo, pageBytes),
    process: areas === undefined ? null : processFigures(options.pid!, areas),
    missing: folder.missing,
  };
}

function vmallocFigures(areas: readonly VmallocinfoArea[], pageBytes: number): VmallocFigures {
  // Without the place in the function; what has no caller is known by what it is.
  const byCaller = groupBy(
    areas,
    ({ caller, flags }) => caller.replace(/\+0x\S*/, '') || flags.join(' ') || 'unknown',
  );
  const sums = (group: readonly VmallocinfoArea[]) => ({
    areas: group.length,
    bytes: group.reduce((sum, { bytes }) => sum + bytes, 0),
    frameBytes: group.reduce((sum, { pages }) => sum + pages, 0) * pageBytes,
  });
  const callers = [...byCaller].map(([caller, group]) => ({ caller, ...sums(group) }));
  return { ...sums(areas), callers: callers.sort((a, b) => b.bytes - a.bytes) };
}

function zoneFigures({ node, zone, free }: BuddyinfoZone, pageBytes: number): ZoneFigures {
  const orders = [...free.keys()];
  return {
    node,
    zone,
    free,
    freeBytes: bytesOf(free, pageBytes),
    largestFreeBytes: largestOf(free, pageBytes),
    fragmentationIndex: orders.map((order) => fragmentationIndex(free, order) / 1000),
    unusableFreeIndex: orders.map((order) => unusableFreeIndex(free, order) / 1000),
  };
}

function typeFigures({ free, types, blocks }: Pagetypeinfo, pageBytes: number): TypeFigures[] {
  const countsOf = new Map(blocks.map(({ node, zone, counts }) => [`${node} ${zone}`, counts]));
  return free.map(({ node, zone, type, free, stoppedAt }) => {
    const counts = countsOf.get(`${node} ${zone}`);
    return {
      node,
      zone,
      type,
      pageBlocks: counts?.[types.indexOf(type)] ?? null,
      freeBytes: bytesOf(free, pageBytes),
      atLeast: stoppedAt.length > 0,
      largestFreeBytes: largestOf(free, pageBytes),
    };
  });
}

function bytesOf(free: readonly number[], pageBytes: number): number {
  return free.reduce((sum, count, order) => sum + count * 2 ** order, 0) * pageBytes;
}

function largestOf(free: readonly number[], pageBytes: number): number {
  const order = free.findLastIndex((count) => count > 0);
  return order < 0 ? 0 : 2 ** order * pageBytes;
}

function slabFigures(slabinfo: readonly SlabinfoCache[], pageBytes: number): SlabFigures {
  const caches = slabinfo
    .map((cache) => {
      const bytes = cache.slabs * cache.framesPerSlab * pageBytes;
      return {
        name: cache.name,
        objectBytes: cache.objectBytes,
        activeObjects: cache.activeObjects,
        objects: cache.objects,
        slabs: cache.slabs,
        bytes,
        freeBytes: (cache.objects - cache.activeObjects) * cache.objectBytes,
        leftoverBytes: bytes - cache.objects * cache.objectBytes,
      };
    })
    .sort((a, b) => b.bytes - a.bytes);
  const sum = (key: 'bytes' | 'freeBytes' | 'leftoverBytes') =>
    caches.reduce((total, cache) => total + cache[key], 0);
  const [bytes, freeBytes, leftoverBytes] = [sum('bytes'), sum('freeBytes'), sum('leftoverBytes')];
  return { bytes, activeBytes: bytes - freeBytes - leftoverBytes, freeBytes, leftoverBytes, caches };
}

interface AreaFigures {
  readonly area: MapsArea;
  readonly fields: ReadonlyMap<string, number> | null;
}

function processFigures(pid: string, areas: readonly AreaFigures[]): ProcessFigures {
  const byName = groupBy(areas, ({ area }) => area.path || 'anonymous');
  const mappings = [...byName].map(([name, group]) => mapping(name, group));
  mappings.sort((a, b) => (b.rssBytes ?? b.sizeBytes) - (a.rssBytes ?? a.sizeBytes));
  return { pid, areas: areas.length, total: mapping('all', areas), mappings };
}

function mapping(name: string, group: readonly AreaFigures[]): MappingFigures {
  // Null where an area does not tell: none where there is no smaps, and no Pss before Linux 2.6.25.
  const bytes = (...names: string[]) => {
    let sum = 0;
    for (const { fields } of group) {
      for (const key of names) {
        const kib = fields?.get(key);
        if (kib === undefined) return null;
        sum += kib;
      }
    }
    return sum * 1024;
  };
  return {
    name,
    areas: group.length,
    sizeBytes: group.reduce((sum, { area }) => sum + Number(area.end - area.start), 0),
    rssBytes: bytes('Rss'),
    pssBytes: bytes('Pss'),
    sharedBytes: bytes('Shared_Clean', 'Shared_Dirty'),
    privateBytes: bytes('Private_Clean', 'Private_Dirty'),
  };
}

/** The items in groups of one key each, in the order of the first of each. O(items). */
function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
