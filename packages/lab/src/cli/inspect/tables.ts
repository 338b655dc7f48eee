/** What `freehold inspect` prints for people, within 80 columns. */
import type {
  Inspection,
  MappingFigures,
  MemoryFigures,
  ProcessFigures,
  SlabFigures,
  VmallocFigures,
  ZoneFigures,
} from '../../inspect/inspection.js';
import type { Colours } from '../../text/colours.js';
import { formatCount, formatMany, formatSize } from '../../text/format.js';
import { define, table, wrap } from '../../text/table.js';
import { NONE } from '../rows.js';

const NAME_COLUMNS = 30;
const AS_ROOT = 'Run it as root, or have root copy them into a folder to be named with --root.';

/** @param rows how many object caches and mappings are shown */
export function describe(inspection: Inspection, rows: number, paint: Colours): string {
  const { memory, zones, types, slabs, vmalloc, process, pageBytes, missing } = inspection;
  const sections: string[] = [];
  if (memory !== null) sections.push(memorySection(memory, paint));
  if (zones !== null) sections.push(...zoneSections(zones, pageBytes, paint));
  if (types !== null) sections.push(typeSection(types, paint));
  if (slabs !== null) sections.push(slabSection(slabs, rows, paint));
  if (vmalloc !== null) sections.push(vmallocSection(vmalloc, rows, paint));
  if (process !== null) sections.push(processSection(process, rows, paint));
  if (missing.length > 0) {
    const lines = missing.map(({ file, why }) => wrap(`${file}: ${why}`, 80, 2));
    if (missing.some(({ why }) => why.startsWith('only root'))) lines.push(AS_ROOT);
    sections.push([paint.bold('Not shown'), ...lines].join('\n'));
  }
  return sections.join('\n\n');
}

function zoneSections(zones: readonly ZoneFigures[], pageBytes: number, paint: Colours): string[] {
  const orders = zones[0]?.free.length ?? 0;
  const name = zoneNames(zones);
  const head = ['order', ...Array.from({ length: orders }, (_, order) => String(order))];
  const align = head.map((_, i) => (i === 0 ? ('left' as const) : ('right' as const)));
  const blockSizes = head.slice(1).map((_, order) => short(2 ** order * pageBytes));
  const grid = (cell: (zone: ZoneFigures, order: number) => string, more: string[][] = []) =>
    table(
      head,
      [...more, ...zones.map((zone) => [name(zone), ...zone.free.map((_, order) => cell(zone, order))])],
      align,
      1,
    );
  const totals = zones.map((zone) => {
    const blocks = zone.free.reduce((sum, count) => sum + count, 0);
    return [name(zone), formatSize(zone.freeBytes), formatCount(blocks), formatSize(zone.largestFreeBytes)];
  });
  return [
    `${paint.bold('Free blocks')} of each order (buddyinfo); order k is 2^k pages\n` +
      grid(({ free }, order) => String(free[order]), [['size', ...blockSizes]]),
    table(['zone', 'free', 'blocks', 'largest'], totals, ['left', 'right', 'right', 'right']),
    `${paint.bold('Unusable free index')}: share of the free memory in blocks too small for the order\n` +
      `${grid(({ unusableFreeIndex }, order) => unusableFreeIndex[order]!.toFixed(3))}\n` +
      wrap(
        'Near 1 at the orders a driver or huge pages (order 9 at 4 KiB) want: compact, by writing 1 to /proc/sys/vm/compact_memory.',
      ),
    `${paint.bold('Fragmentation index')}: why a request of the order would fail; -1: it would not\n` +
      `${grid(({ fragmentationIndex }, order) => index(fragmentationIndex[order]!))}\n` +
      wrap(
        'Towards 0: too little memory is free; free some. Towards 1: it is in pieces; compact. The kernel compacts by itself above 0.5 (vm.extfrag_threshold).',
      ),
  ];
}

function memorySection(memory: MemoryFigures, paint: Colours): string {
  const uses: [string, number, string][] = [
    ['free', memory.free, 'in the free blocks below'],
    ['files', memory.files, 'the page cache: given up when memory is needed'],
    ['processes', memory.anonymous, 'private: stacks, heaps, copies of written pages'],
    ['shared', memory.shared, 'shared segments, files in memory'],
    ['slabs', memory.slabs, "objects of the kernel's own"],
    ['vmalloc', memory.vmalloc, 'contiguous in addresses only'],
    ['page tables', memory.pageTables, 'the cost of translating addresses'],
  ];
  const rows = uses.map(([use, bytes, what]) => [
    use,
    formatSize(bytes),
    `${((100 * bytes) / memory.total).toFixed(1)}`,
    what,
  ]);
  return [
    `${paint.bold('Memory')} (meminfo): ${formatSize(memory.total)}, of which ${formatSize(memory.available)} is available without swapping`,
    table(['', 'bytes', '%', ''], rows, ['left', 'right', 'right', 'left']),
  ].join('\n');
}

function vmallocSection(vmalloc: VmallocFigures, shown: number, paint: Colours): string {
  const rows = vmalloc.callers
    .slice(0, shown)
    .map(({ caller, areas, bytes, frameBytes }) => [
      shorten(caller),
      formatCount(areas),
      formatSize(bytes),
      frameBytes === 0 ? NONE : formatSize(frameBytes),
    ]);
  return [
    `${paint.bold('vmalloc')} (vmallocinfo): ${formatMany(vmalloc.areas, 'area')} of ${formatSize(vmalloc.bytes)}, with ${formatSize(vmalloc.frameBytes)} of frames`,
    table(['asked for by', 'areas', 'addresses', 'frames'], rows, ['left', 'right', 'right', 'right']),
    wrap('Contiguous in addresses only, on single frames: fragmentation refuses none of it.'),
  ].join('\n');
}

/** What a zone is called: with its memory node, where there are several. */
function zoneNames(zones: readonly ZoneOfNode[]): (zone: ZoneOfNode) => string {
  const several = zones.some(({ node }) => node !== zones[0]!.node);
  return ({ node, zone }) => (several ? `${node} ${zone}` : zone);
}

interface ZoneOfNode {
  readonly node: number;
  readonly zone: string;
}

function typeSection(types: NonNullable<Inspection['types']>, paint: Colours): string {
  const name = zoneNames(types);
  const rows = types
    .filter(({ freeBytes, pageBlocks }) => freeBytes > 0 || (pageBlocks ?? 0) > 0)
    .map(({ node, zone, type, pageBlocks, freeBytes, atLeast, largestFreeBytes }) => [
      name({ node, zone }),
      type,
      pageBlocks === null ? NONE : formatCount(pageBlocks),
      `${atLeast ? '>' : ''}${formatSize(freeBytes)}`,
      largestFreeBytes === 0 ? NONE : formatSize(largestFreeBytes),
    ]);
  return [
    `${paint.bold('Migrate types')} (pagetypeinfo): pages that cannot move, apart from the others`,
    table(['zone', 'type', 'page blocks', 'free', 'largest'], rows, [
      'left',
      'left',
      'right',
      'right',
      'right',
    ]),
    wrap(
      'Unmovable page blocks spread over a zone keep compaction from making large blocks. Free memory in them serves unmovable requests.',
    ),
  ].join('\n');
}

function slabSection(slabs: SlabFigures, shown: number, paint: Colours): string {
  const share = (bytes: number, of: number) => (of === 0 ? NONE : `${((100 * bytes) / of).toFixed(1)}`);
  const rows = slabs.caches
    .filter(({ bytes }) => bytes > 0)
    .slice(0, shown)
    .map((cache) => [
      shorten(cache.name),
      formatCount(cache.objectBytes),
      formatCount(cache.activeObjects),
      formatCount(cache.objects),
      formatSize(cache.bytes),
      share(cache.bytes - cache.freeBytes - cache.leftoverBytes, cache.bytes),
    ]);
  const used = slabs.caches.filter(({ slabs }) => slabs > 0).length;
  const percent = (bytes: number) => `${formatSize(bytes)} (${share(bytes, slabs.bytes)} %)`;
  return [
    paint.bold('Object caches') +
      ` (slabinfo): ${formatMany(slabs.caches.length, 'cache')}, ${formatCount(used)} with slabs, ${formatSize(slabs.bytes)}`,
    define('  in use', `${percent(slabs.activeBytes)}: objects in use by the kernel`, 12),
    define('  free', `${percent(slabs.freeBytes)}: free places in slabs that are partly used`, 12),
    define('  left over', `${percent(slabs.leftoverBytes)}: ends of slabs too short for an object`, 12),
    table(['cache', 'bytes', 'in use', 'objects', 'memory', 'used %'], rows, [
      'left',
      'right',
      'right',
      'right',
      'right',
      'right',
    ]),
    wrap('A low share in use is fragmentation: a few objects in use hold whole slabs.'),
  ].join('\n');
}

function processSection(process: ProcessFigures, shown: number, paint: Colours): string {
  const size = (bytes: number | null) => (bytes === null ? NONE : formatSize(bytes));
  const cells = (figures: MappingFigures) => [
    shorten(figures.name),
    size(figures.sizeBytes),
    size(figures.rssBytes),
    size(figures.pssBytes),
    size(figures.sharedBytes),
    size(figures.privateBytes),
  ];
  const rows = process.mappings.slice(0, shown).map(cells);
  return [
    `${paint.bold(`Process ${process.pid}`)}: ${formatMany(process.areas, 'area')}`,
    table(
      ['mapping', 'size', 'rss', 'pss', 'shared', 'private'],
      [...rows, cells(process.total)],
      ['left', 'right', 'right', 'right', 'right', 'right'],
      1,
    ),
    wrap(
      'Mapped is not used: size is address space, rss what is in memory, pss the same with each shared page divided among its holders, so that the pss of all processes add up. Private is the memory that an exit would free.',
    ),
  ].join('\n');
}

/** `-1`, `0.125`, `1`: as long as five columns. */
function index(value: number): string {
  return value === -1 ? '-1' : value.toFixed(3);
}

/** `4K`, `2M`: sizes of blocks, which are powers of two. */
function short(bytes: number): string {
  return bytes < 2 ** 20 ? `${bytes / 2 ** 10}K` : `${bytes / 2 ** 20}M`;
}

/** The end of a path tells most. */
function shorten(name: string): string {
  return name.length <= NAME_COLUMNS ? name : `…${name.slice(1 - NAME_COLUMNS)}`;
}
