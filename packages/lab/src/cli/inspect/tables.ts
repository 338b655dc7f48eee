/** What `freehold inspect` prints for people, within 80 columns. */
import type {
  Inspection,
  MappingFigures,
  Missing,
  ProcessFigures,
  SlabFigures,
  VmallocFigures,
} from '../../inspect/inspection.js';
import { PAGE_BYTES_MIN } from '../../inspect/page-size.js';
import type { Colours } from '../../text/colours.js';
import { formatCount, formatMany, formatSize } from '../../text/format.js';
import { define, table, wrap } from '../../text/table.js';
import { NONE } from '../rows.js';
import { memorySection } from './memory-table.js';
import { zoneNames, zoneSections } from './zone-tables.js';

const NAME_COLUMNS = 30;
const AS_ROOT = 'Run it as root, or have root copy them into a folder to be named with --root.';

/** @param rows how many object caches and mappings are shown */
export function describe(inspection: Inspection, rows: number, paint: Colours): string {
  const { memory, zones, types, slabs, vmalloc, process, missing } = inspection;
  const sections: string[] = [];
  if (memory !== null) sections.push(memorySection(memory, paint));
  if (zones !== null) sections.push(...zoneSections(zones, inspection, paint));
  if (types !== null) sections.push(typeSection(types, paint));
  if (slabs !== null) sections.push(slabSection(slabs, rows, paint));
  if (vmalloc !== null) sections.push(vmallocSection(vmalloc, rows, paint));
  if (process !== null) sections.push(processSection(process, rows, paint));
  if ([zones, types, slabs, vmalloc].some((part) => part !== null)) {
    const note = pageNote(inspection);
    if (note !== null) sections.push(wrap(note));
  }
  if (missing.length > 0) {
    const lines = missing.map((each) => wrap(explain(each), 80, 2));
    if (missing.some(({ why }) => why.startsWith('only root'))) lines.push(AS_ROOT);
    sections.push([paint.bold('Not shown'), ...lines].join('\n'));
  }
  return sections.join('\n\n');
}

/** `buddyinfo:2: expected …`, `slabinfo: not there`. */
export function explain({ file, line, why }: Missing): string {
  return `${line === undefined ? file : `${file}:${line}`}: ${why}`;
}

/** Null where the size of a page is as anybody would think. */
function pageNote({ pageBytes, pageBytesFrom }: Inspection): string | null {
  const size = formatSize(pageBytes);
  if (pageBytesFrom === null)
    return `No file tells the size of a page: taken as ${size}. Give it with --page-size, as getconf PAGESIZE prints it there.`;
  if (pageBytes === PAGE_BYTES_MIN || pageBytesFrom === 'option') return null;
  return `A page has ${size}, as ${pageBytesFrom === 'system' ? 'the system says' : `${pageBytesFrom} tells`}.`;
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

/** The end of a path tells most. */
function shorten(name: string): string {
  return name.length <= NAME_COLUMNS ? name : `…${name.slice(1 - NAME_COLUMNS)}`;
}
