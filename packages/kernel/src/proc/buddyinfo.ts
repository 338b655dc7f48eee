/**
 * /proc/buddyinfo: free blocks of each order in each zone. Source: Linux mm/vmstat.c, `frag_show_print`.
 */
import type { PageAllocator } from '../frames/page-allocator.js';
import { ORDERS } from '../frames/zone.js';
import type { BuddyinfoZone } from './buddyinfo-zone.js';
import { isKernelLog, zonesOfLog } from './kernel-log.js';
import { linesOf, numbersOf, ORDERS_MAX, ZONE_ROWS_MAX } from './lines.js';

export type { BuddyinfoZone };

/**
 * The free blocks of each order, zone by zone, as /proc/buddyinfo lists them. Frames on per-CPU lists are in no
 * block, as in Linux.
 * @example
 * ```js
 * const pages = new PageAllocator(new Machine(16 * 2 ** 20));
 * const [dma] = buddyinfoOf(pages);
 * // 16 MiB less the lowest, the kernel's image: 1 + 2 + 3 * 4 MiB.
 * [dma.zone, dma.free.slice(8)];   // => ['DMA', [1, 1, 3]]
 * pages.allocPages(GFP_HIGHUSER_MOVABLE, 9);
 * buddyinfoOf(pages)[0].free.slice(8);   // => [1, 0, 3]
 * ```
 */
export function buddyinfoOf(pages: PageAllocator): BuddyinfoZone[] {
  return pages.zones.map((zone) => ({
    node: 0,
    zone: zone.name,
    free: Array.from({ length: ORDERS }, (_, order) => zone.freeBlocks(order)),
  }));
}

/**
 * The text of /proc/buddyinfo, byte for byte as Linux prints it.
 * @example
 * ```js
 * const zones = [{ node: 0, zone: 'DMA', free: [1, 0, 7] }];
 * printBuddyinfo(zones);   // => 'Node 0, zone      DMA      1      0      7 \n'
 * ```
 */
export function printBuddyinfo(zones: readonly BuddyinfoZone[]): string {
  return zones
    .map(({ node, zone, free }) => {
      const counts = free.map((count) => `${String(count).padStart(6)} `).join('');
      return `Node ${node}, zone ${zone.padStart(8)} ${counts}\n`;
    })
    .join('');
}

/**
 * Reads the text of /proc/buddyinfo, with as many orders as it has; or a kernel's log with the same figures, as it
 * writes them where memory ran out (`Node 0 Normal: 12*4kB 3*8kB = 72kB`), the last of several.
 * @param file named in errors
 * @throws ProcFormatError naming the line of another form, with another number of orders than the first, or with
 * more orders, nodes or zones than Linux can have; of a log, with blocks that do not add up to what it tells
 * @example
 * ```js
 * const text = 'Node 0, zone   Normal    216     55      0 \n';
 * const [{ zone, free }] = parseBuddyinfo(text);
 * [zone, free];   // => ['Normal', [216, 55, 0]]
 * // How fragmented is the machine that this was copied from, for requests of four frames?
 * fragmentationIndex(free, 2) > 500;   // => true
 * const [logged] = parseBuddyinfo('[ 12.5] Node 0 DMA: 2*64kB 1*128kB = 256kB\n');
 * [logged.free, logged.pageBytes];   // => [[2, 1], 65536]
 * parseBuddyinfo('', 'copy.txt');   // => throws ProcFormatError: copy.txt:1: is empty
 * ```
 */
export function parseBuddyinfo(text: string, file = '/proc/buddyinfo'): BuddyinfoZone[] {
  const lines = linesOf(text, file);
  if (lines.some(isKernelLog)) return zonesOfLog(lines);
  const zones: BuddyinfoZone[] = [];
  for (const line of lines) {
    const [, node, zone = '', counts = ''] = line.match(
      /^Node +(\d+), +zone +(\S+)((?: +\d+)+)$/,
      "'Node 0, zone NAME' and the free blocks of each order",
    );
    const free = numbersOf(counts);
    line.atMost(free.length, ORDERS_MAX, 'orders');
    line.atMost(zones.length + 1, ZONE_ROWS_MAX, 'zones');
    const orders = zones[0]?.free.length ?? free.length;
    if (free.length !== orders) line.fail(`${orders} orders, as in line ${lines[0]!.number}`);
    zones.push({ node: line.node(node), zone, free });
  }
  return zones;
}
