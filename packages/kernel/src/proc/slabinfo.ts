/**
 * /proc/slabinfo: every object cache, how many of its objects are in use, and the slabs they lie in.
 * Source: Linux mm/slab_common.c, `print_slabinfo_header`, `cache_show`.
 */
import type { SlabAllocator } from '../slab/slab-allocator.js';
import { linesOf, numbersOf, ProcFormatError, type ProcLine } from './lines.js';

export interface SlabinfoCache {
  readonly name: string;
  readonly activeObjects: number;
  /** Objects that the slabs have room for. */
  readonly objects: number;
  /** Bytes from one object to the next. */
  readonly objectBytes: number;
  readonly objectsPerSlab: number;
  readonly framesPerSlab: number;
  /** Objects that a CPU keeps at hand, and how many come and go at once; 0 in kernels whose CPUs own whole slabs. */
  readonly limit: number;
  readonly batch: number;
  readonly sharedFactor: number;
  readonly activeSlabs: number;
  readonly slabs: number;
  readonly sharedAvailable: number;
  /** What a kernel that keeps statistics prints behind that, from its colon on; '' elsewhere. */
  readonly statistics: string;
}

const COLUMNS =
  '# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> ' +
  ': tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>';

/**
 * All caches with the figures of /proc/slabinfo, the one made last first. O(caches).
 * @example
 * ```js
 * const { slab } = new Kernel();
 * const cache = slab.createCache('dentry', 192);
 * for (let i = 0; i < 50; i++) cache.alloc();
 * const [{ name, activeObjects, objects, slabs }] = slabinfoOf(slab);
 * // Room for 21 in each slab of a frame.
 * [name, activeObjects, objects, slabs];   // => ['dentry', 50, 63, 3]
 * ```
 */
export function slabinfoOf(slabs: SlabAllocator): SlabinfoCache[] {
  return slabs.caches().map((cache) => {
    const stats = cache.stats();
    return {
      name: stats.name,
      activeObjects: stats.activeObjects,
      objects: stats.objects,
      objectBytes: stats.stride,
      objectsPerSlab: stats.objectsPerSlab,
      framesPerSlab: stats.framesPerSlab,
      limit: stats.limit,
      batch: stats.batch,
      sharedFactor: 0,
      activeSlabs: stats.activeSlabs,
      slabs: stats.slabs,
      sharedAvailable: 0,
      statistics: '',
    };
  });
}

/**
 * The text of /proc/slabinfo, version 2.1, for caches without statistics.
 * @example
 * ```js
 * const { slab } = new Kernel();
 * slab.createCache('dentry', 192);
 * const [version, , row] = printSlabinfo(slabinfoOf(slab)).split('\n');
 * version;   // => 'slabinfo - version: 2.1'
 * row.slice(0, 48);   // => 'dentry                 0      0    192   21    1'
 * ```
 */
export function printSlabinfo(caches: readonly SlabinfoCache[]): string {
  const pad = (value: number, width: number) => String(value).padStart(width);
  const rows = caches.map((cache) =>
    [
      cache.name.padEnd(17),
      pad(cache.activeObjects, 6),
      pad(cache.objects, 6),
      pad(cache.objectBytes, 6),
      pad(cache.objectsPerSlab, 4),
      pad(cache.framesPerSlab, 4),
      ': tunables',
      pad(cache.limit, 4),
      pad(cache.batch, 4),
      pad(cache.sharedFactor, 4),
      ': slabdata',
      pad(cache.activeSlabs, 6),
      pad(cache.slabs, 6),
      pad(cache.sharedAvailable, 6),
    ].join(' '),
  );
  return ['slabinfo - version: 2.1', COLUMNS, ...rows, ''].join('\n');
}

const CACHE = "a cache's name, 5 numbers, ': tunables' with 3 and ': slabdata' with 3";

/**
 * Reads the text of /proc/slabinfo, version 2.1 (Linux 2.6.10 and later), with or without statistics.
 * @param file named in errors
 * @throws ProcFormatError naming the line of another form
 * @example
 * ```js
 * const text = printSlabinfo(slabinfoOf(new Kernel().slab));
 * const tasks = parseSlabinfo(text).find(({ name }) => name === 'task_struct');
 * [tasks.activeObjects, tasks.objectBytes];   // => [1, 5888]
 * parseSlabinfo('slabinfo - version: 1.1');   // => throws ProcFormatError: expected 'slabinfo
 * ```
 */
export function parseSlabinfo(text: string, file = '/proc/slabinfo'): SlabinfoCache[] {
  const [version, columns, ...rows] = linesOf(text, file);
  version!.match(
    /^slabinfo - version: 2\.[01](?: +\(statistics\))?$/,
    "'slabinfo - version: 2.1', or 2.0 (Linux 2.6 and later)",
  );
  if (columns === undefined) throw new ProcFormatError(file, 1, 'expected the names of the columns after it');
  columns.match(/^# ?name +<active_objs> /, "'# name <active_objs>' and the other columns");
  return rows.map((line) => {
    const [, head = '', tunables = '', slabdata = '', statistics = ''] = line.match(
      /^(.*) : tunables((?: +\d+){3}) : slabdata((?: +\d+){3})( :.*)?$/,
      CACHE,
    );
    const { name, counts } = nameAndCounts(line, head);
    const [activeObjects, objects, objectBytes, objectsPerSlab, framesPerSlab] = counts;
    const [limit, batch, sharedFactor] = numbersOf(tunables);
    const [activeSlabs, slabs, sharedAvailable] = numbersOf(slabdata);
    return {
      name,
      activeObjects: activeObjects!,
      objects: objects!,
      objectBytes: objectBytes!,
      objectsPerSlab: objectsPerSlab!,
      framesPerSlab: framesPerSlab!,
      limit: limit!,
      batch: batch!,
      sharedFactor: sharedFactor!,
      activeSlabs: activeSlabs!,
      slabs: slabs!,
      sharedAvailable: sharedAvailable!,
      statistics: statistics.trimStart(),
    };
  });
}

/** A name and five numbers: from the end, as a name may hold spaces. O(the line), also where it is all spaces. */
function nameAndCounts(line: ProcLine, head: string): { name: string; counts: number[] } {
  const counts: number[] = [];
  let rest = head;
  while (counts.length < 5) {
    const space = rest.lastIndexOf(' ');
    const word = rest.slice(space + 1);
    if (space < 0 || !/^\d+$/.test(word)) line.fail(CACHE);
    counts.push(Number(word));
    rest = rest.slice(0, space).trimEnd();
  }
  if (!/^\S/.test(rest)) line.fail(CACHE);
  return { name: rest, counts: counts.reverse() };
}
