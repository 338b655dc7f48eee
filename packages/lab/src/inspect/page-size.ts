/** The bytes of a page, of which buddyinfo and slabinfo tell numbers: said by a file, else concluded from figures. */
import type { BuddyinfoZone, Meminfo, SlabinfoCache, SmapsArea, VmallocinfoArea } from '@freehold/kernel';

/** Linux has none smaller, and most machines have none larger. */
export const PAGE_BYTES_MIN = 4096;
/** Linux can be built for so much on a few processors; what seems larger is none. */
const PAGE_BYTES_MAX = 2 ** 20;

/** Where the size of a page is known from; null where nothing tells and it is taken as 4 KiB. */
export type PageSource =
  | 'option'
  | 'system'
  | 'buddyinfo'
  | 'smaps'
  | 'vmallocinfo'
  | 'slabinfo'
  | 'meminfo'
  | null;

export interface PageSize {
  readonly pageBytes: number;
  readonly pageBytesFrom: PageSource;
}

export interface Evidence {
  /** What the user says. */
  readonly option?: number | undefined;
  /** What the running system says of itself. */
  readonly system: number | null;
  readonly buddyinfo: readonly BuddyinfoZone[] | null;
  readonly smaps: readonly SmapsArea[] | null;
  readonly vmallocinfo: readonly VmallocinfoArea[] | null;
  readonly slabinfo: readonly SlabinfoCache[] | null;
  readonly meminfo: Meminfo | null;
}

/** The first that tells, what is said before what is concluded. O(the files). */
export function pageSize(evidence: Evidence): PageSize {
  const { option, system, buddyinfo, smaps, vmallocinfo, slabinfo, meminfo } = evidence;
  const told: [PageSource, number | null | undefined][] = [
    ['option', option],
    ['system', system],
    ['buddyinfo', buddyinfo?.[0]?.pageBytes],
    ['smaps', smaps && ofSmaps(smaps)],
    ['vmallocinfo', vmallocinfo && ofGuards(vmallocinfo)],
    ['slabinfo', slabinfo && ofSlabs(slabinfo)],
    ['meminfo', meminfo && ofMultiples(meminfo)],
  ];
  for (const [from, bytes] of told)
    if (bytes !== null && bytes !== undefined) return { pageBytes: bytes, pageBytesFrom: from };
  return { pageBytes: PAGE_BYTES_MIN, pageBytesFrom: null };
}

/** The smallest: areas of huge pages tell theirs. What the processor maps may be smaller than the kernel's pages. */
function ofSmaps(smaps: readonly SmapsArea[]): number | null {
  let least = Number.POSITIVE_INFINITY;
  for (const { fields } of smaps) {
    const kib = fields.get('KernelPageSize') ?? fields.get('MMUPageSize');
    if (kib !== undefined && kib > 0) least = Math.min(least, kib);
  }
  return Number.isFinite(least) ? least * 1024 : null;
}

/** Behind the frames of an area lies a page without one. Null where no area tells, as each of one mapped in part. */
function ofGuards(areas: readonly VmallocinfoArea[]): number | null {
  for (const { bytes, pages, flags } of areas) {
    const page = bytes / (pages + 1);
    const whole = Number.isInteger(Math.log2(page)) && page >= PAGE_BYTES_MIN && page <= PAGE_BYTES_MAX;
    if (pages > 0 && flags.includes('vmalloc') && whole) return page;
  }
  return null;
}

/**
 * The smallest page whose slabs have room for their objects. A kernel fills a slab by more than half, so that one cache
 * is enough; null without any slab.
 */
function ofSlabs(slabinfo: readonly SlabinfoCache[]): number | null {
  let most = 0;
  for (const { objectBytes, objectsPerSlab, framesPerSlab } of slabinfo)
    if (framesPerSlab > 0) most = Math.max(most, (objectBytes * objectsPerSlab) / framesPerSlab);
  return most === 0 ? null : asPage(2 ** Math.ceil(Math.log2(most)));
}

/** Figures that the kernel counts in pages. */
const IN_PAGES = [
  ...[
    'MemTotal',
    'MemFree',
    'MemAvailable',
    'Buffers',
    'Cached',
    'SwapCached',
    'Dirty',
    'AnonPages',
    'Mapped',
  ],
  ...['Active(anon)', 'Inactive(anon)', 'Active(file)', 'Inactive(file)', 'Unevictable', 'Mlocked', 'Shmem'],
  ...['SReclaimable', 'SUnreclaim', 'PageTables', 'Committed_AS'],
];
/** So many figures are all multiples of twice the page by chance in one of 256 files. */
const FIGURES_MIN = 8;

/** The largest power of two that all figures are multiples of; null where they are too few. */
function ofMultiples(meminfo: Meminfo): number | null {
  const figures = IN_PAGES.map((name) => meminfo.get(name) ?? 0).filter((kib) => kib > 0);
  if (figures.length < FIGURES_MIN) return null;
  let kib = PAGE_BYTES_MAX / 1024;
  while (figures.some((figure) => figure % kib !== 0)) kib /= 2;
  return asPage(kib * 1024);
}

/** Null where a page of Linux cannot be of that size. */
function asPage(bytes: number): number | null {
  return bytes > PAGE_BYTES_MAX ? null : Math.max(bytes, PAGE_BYTES_MIN);
}
