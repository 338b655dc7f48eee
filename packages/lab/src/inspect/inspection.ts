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
  type SmapsArea,
  unusableFreeIndex,
  type VmallocinfoArea,
} from '@freehold/kernel';

/** A file that there is nothing from, and what to do about it. */
export interface Missing {
  readonly file: string;
  readonly why: string;
}

/** Where the files of /proc come from. */
export interface ProcFiles {
  /** What could not be read, in the order in which it was wanted. */
  readonly missing: readonly Missing[];
  /**
   * Reads and parses a file, such as `buddyinfo` or `self/smaps`.
   * @returns null where it cannot be read; `missing` then says why
   */
  read<T>(name: string, parse: (text: string, file: string) => T): Promise<T | null>;
}

export interface Inspection {
  readonly pageBytes: number;
  readonly memory: MemoryFigures | null;
  readonly zones: readonly ZoneFigures[] | null;
  readonly types: readonly TypeFigures[] | null;
  readonly slabs: SlabFigures | null;
  readonly vmalloc: VmallocFigures | null;
  readonly process: ProcessFigures | null;
  readonly missing: readonly Missing[];
}

/** What memory is used for, in bytes; 0 where the kernel does not tell. */
export interface MemoryFigures {
  readonly total: number;
  readonly free: number;
  /** What could be had without swapping. */
  readonly available: number;
  /** The page cache without shared memory. */
  readonly files: number;
  /** Private memory of processes. */
  readonly anonymous: number;
  /** Shared segments and files in memory. */
  readonly shared: number;
  readonly slabs: number;
  readonly pageTables: number;
  /** Frames mapped by vmalloc. */
  readonly vmalloc: number;
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
  /** Bytes of a page; what smaps of this process tells, else 4096, when left out. */
  readonly pageBytes?: number | undefined;
}

/** Reads what can be read. @throws UserError where a file is not what Linux prints in it */
export async function inspect(folder: ProcFiles, options: InspectOptions = {}): Promise<Inspection> {
  const meminfo = await folder.read('meminfo', parseMeminfo);
  const buddyinfo = await folder.read('buddyinfo', parseBuddyinfo);
  const pagetypeinfo = await folder.read('pagetypeinfo', parsePagetypeinfo);
  const slabinfo = await folder.read('slabinfo', parseSlabinfo);
  const vmallocinfo = await folder.read('vmallocinfo', parseVmallocinfo);
  const smaps = options.pid === undefined ? null : await folder.read(`${options.pid}/smaps`, parseSmaps);
  const maps =
    options.pid === undefined || smaps !== null ? null : await folder.read(`${options.pid}/maps`, parseMaps);
  const pageBytes = options.pageBytes ?? (smaps === null ? 4096 : pageBytesOf(smaps));
  const areas = smaps ?? maps?.map((area) => ({ area, fields: null }));
  return {
    pageBytes,
    memory: meminfo === null ? null : memoryFigures(meminfo),
    zones: buddyinfo?.map((zone) => zoneFigures(zone, pageBytes)) ?? null,
    types: pagetypeinfo === null ? null : typeFigures(pagetypeinfo, pageBytes),
    slabs: slabinfo === null ? null : slabFigures(slabinfo, pageBytes),
    vmalloc: vmallocinfo === null ? null : vmallocFigures(vmallocinfo, pageBytes),
    process: areas === undefined ? null : processFigures(options.pid!, areas),
    missing: folder.missing,
  };
}

function pageBytesOf(smaps: readonly SmapsArea[]): number {
  return (smaps[0]?.fields.get('MMUPageSize') ?? 4) * 1024;
}

function memoryFigures(meminfo: ReadonlyMap<string, number>): MemoryFigures {
  const bytes = (name: string) => (meminfo.get(name) ?? 0) * 1024;
  return {
    total: bytes('MemTotal'),
    free: bytes('MemFree'),
    available: bytes('MemAvailable'),
    files: bytes('Buffers') + bytes('Cached') - bytes('Shmem'),
    anonymous: bytes('AnonPages'),
    shared: bytes('Shmem'),
    slabs: bytes('Slab'),
    pageTables: bytes('PageTables'),
    vmalloc: bytes('VmallocUsed'),
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
  const told = group.every(({ fields }) => fields !== null);
  const bytes = (...names: string[]) =>
    told
      ? group.reduce((sum, { fields }) => names.reduce((all, key) => all + (fields?.get(key) ?? 0), sum), 0) *
        1024
      : null;
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
