/** The tables of free blocks and both indices of fragmentation, by order, within 80 columns. */
import type { Inspection, ZoneFigures } from '../../inspect/inspection.js';
import { PAGE_BYTES_MIN } from '../../inspect/page-size.js';
import type { Colours } from '../../text/colours.js';
import { formatCount, formatSize } from '../../text/format.js';
import { table, wrap } from '../../text/table.js';

const COLUMNS = 80;

export function zoneSections(
  zones: readonly ZoneFigures[],
  inspection: Inspection,
  paint: Colours,
): string[] {
  const { pageBytes } = inspection;
  const name = zoneNames(zones);
  const orders = [...(zones[0]?.free.keys() ?? [])];
  const sizes: GridRow = { name: 'size', cell: (order) => short(2 ** order * pageBytes) };
  const grid = (cell: (zone: ZoneFigures, order: number) => string, more: readonly GridRow[] = []) =>
    gridOf(orders, [
      ...more,
      ...zones.map((zone) => ({ name: name(zone), cell: (order: number) => cell(zone, order) })),
    ]);
  const totals = zones.map((zone) => {
    const blocks = zone.free.reduce((sum, count) => sum + count, 0);
    return [name(zone), formatSize(zone.freeBytes), formatCount(blocks), formatSize(zone.largestFreeBytes)];
  });
  return [
    `${paint.bold('Free blocks')} of each order (buddyinfo); order k is 2^k pages\n` +
      grid(({ free }, order) => String(free[order]), [sizes]),
    table(['zone', 'free', 'blocks', 'largest'], totals, ['left', 'right', 'right', 'right']),
    `${paint.bold('Unusable free index')}: share of the free memory in blocks too small for the order\n` +
      `${grid(({ unusableFreeIndex }, order) => unusableFreeIndex[order]!.toFixed(3))}\n` +
      wrap(
        `Near 1 at the orders a driver or huge pages${hugeOrder(inspection)} want: compact, by writing 1 to /proc/sys/vm/compact_memory.`,
      ),
    `${paint.bold('Fragmentation index')}: why a request of the order would fail; -1: it would not\n` +
      `${grid(({ fragmentationIndex }, order) => index(fragmentationIndex[order]!))}\n` +
      wrap(
        'Towards 0: too little memory is free; free some. Towards 1: it is in pieces; compact. The kernel compacts by itself above 0.5 (vm.extfrag_threshold).',
      ),
  ];
}

interface GridRow {
  readonly name: string;
  readonly cell: (order: number) => string;
}

/** A column for each order; in as many tables, one below the other, as it takes to fit. */
function gridOf(orders: readonly number[], rows: readonly GridRow[]): string {
  for (let parts = 1; ; parts++) {
    const length = Math.ceil(orders.length / parts);
    const tables = Array.from({ length: Math.ceil(orders.length / length) }, (_, part) =>
      gridPart(orders.slice(part * length, (part + 1) * length), rows),
    );
    const fits = tables.every((text) => text.split('\n').every((line) => line.length <= COLUMNS));
    if (fits || length <= 1) return tables.join('\n');
  }
}

function gridPart(orders: readonly number[], rows: readonly GridRow[]): string {
  const head = ['order', ...orders.map(String)];
  const cells = rows.map(({ name, cell }) => [name, ...orders.map(cell)]);
  return table(
    head,
    cells,
    head.map((_, i) => (i === 0 ? 'left' : 'right')),
    1,
  );
}

/** ` (order 9)`, where the size of a huge page is known; else what it is at most. */
function hugeOrder({ memory, pageBytes }: Inspection): string {
  const huge = memory?.hugePageBytes ?? null;
  if (huge !== null && huge > pageBytes) return ` (order ${Math.round(Math.log2(huge / pageBytes))})`;
  return pageBytes === PAGE_BYTES_MIN ? ' (order 9 at 4 KiB)' : '';
}

/** What a zone is called: with its memory node, where there are several. */
export function zoneNames(zones: readonly ZoneOfNode[]): (zone: ZoneOfNode) => string {
  const several = zones.some(({ node }) => node !== zones[0]!.node);
  return ({ node, zone }) => (several ? `${node} ${zone}` : zone);
}

interface ZoneOfNode {
  readonly node: number;
  readonly zone: string;
}

/** `-1`, `0.125`, `1`: as long as five columns. */
function index(value: number): string {
  return value === -1 ? '-1' : value.toFixed(3);
}

/** `4K`, `2M`, `1G`: sizes of blocks, which are powers of two. */
function short(bytes: number): string {
  const unit = ['K', 'M', 'G', 'T', 'P', 'E'].findLastIndex((_, i) => bytes >= 2 ** (10 * (i + 1)));
  return `${bytes / 2 ** (10 * (unit + 1))}${'KMGTPE'[unit]}`;
}
