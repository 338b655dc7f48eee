/**
 * /proc/buddyinfo: free blocks of each order in each zone. Source: Linux mm/vmstat.c, `frag_show_print`.
 */
import type { PageAllocator } from '../frames/page-allocator.js';
import { ORDERS } from '../frames/zone.js';
import { linesOf, numbersOf, ORDERS_MAX, ZONE_ROWS_MAX } from './lines.js';

export interface BuddyinfoZone {
  readonly node: number;
  readonly zone: string;
  /** Free blocks of `2 ** index` frames. */
  readonly free: readonly number[];
}

/** What the file tells of this allocator. Frames on per-CPU lists are in no block, as in Linux. */
export function buddyinfoOf(pages: PageAllocator): BuddyinfoZone[] {
  return pages.zones.map((zone) => ({
    node: 0,
    zone: zone.name,
    free: Array.from({ length: ORDERS }, (_, order) => zone.freeBlocks(order)),
  }));
}

export function printBuddyinfo(zones: readonly BuddyinfoZone[]): string {
  return zones
    .map(({ node, zone, free }) => {
      const counts = free.map((count) => `${String(count).padStart(6)} `).join('');
      return `Node ${node}, zone ${zone.padStart(8)} ${counts}\n`;
    })
    .join('');
}

/** @throws ProcFormatError also where there are more orders, nodes or zones than Linux can have */
export function parseBuddyinfo(text: string, file = '/proc/buddyinfo'): BuddyinfoZone[] {
  const zones: BuddyinfoZone[] = [];
  for (const line of linesOf(text, file)) {
    const [, node, zone = '', counts = ''] = line.match(
      /^Node (\d+), zone +(\S+)((?: +\d+)+) *$/,
      "'Node 0, zone NAME' and the free blocks of each order",
    );
    const free = numbersOf(counts);
    line.atMost(free.length, ORDERS_MAX, 'orders');
    line.atMost(zones.length + 1, ZONE_ROWS_MAX, 'zones');
    const orders = zones[0]?.free.length ?? free.length;
    if (free.length !== orders) line.fail(`${orders} orders, as in line 1`);
    zones.push({ node: line.node(node), zone, free });
  }
  return zones;
}
