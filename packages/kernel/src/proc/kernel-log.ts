/**
 * Free blocks in a kernel's log, written where a request failed or the out-of-memory killer came: the figures of
 * buddyinfo with the bytes of each order. Source: Linux mm/show_mem.c, `show_free_areas`.
 */
import type { BuddyinfoZone } from './buddyinfo-zone.js';
import { ORDERS_MAX, type ProcLine, ZONE_ROWS_MAX } from './lines.js';

const BLOCKS = /\d\*\d+kB/;
/** Behind what syslog and the kernel put before a line. Machines of one memory node may name none. */
const ZONE = /(?:^|[\s\]>:])(?:Node (\d+) )?(\w+): +(\d+\*\d+kB(?:.*[^ ])?) *= *(\d+)kB$/;
/** Letters tell the migrate types that are free. */
const ORDER = /^(\d+)\*(\d+)kB$/;
const TYPES = /^\(\w*\)$/;
const FORM = "'Node 0 NAME: 1*4kB 0*8kB … = 4kB'";

/** Whether the line tells free blocks as a log does. */
export function isKernelLog({ text }: ProcLine): boolean {
  return BLOCKS.test(text);
}

/** The free blocks of the last report. @throws ProcFormatError naming the line of another form */
export function zonesOfLog(lines: readonly ProcLine[]): BuddyinfoZone[] {
  let zones = new Map<string, BuddyinfoZone>();
  for (const line of lines) {
    if (!isKernelLog(line)) continue;
    const zone = zoneOf(line);
    const key = `${zone.node} ${zone.zone}`;
    // Told again: memory ran out once more.
    if (zones.has(key)) zones = new Map();
    const [first = zone] = zones.values();
    const { free, pageBytes } = first;
    if (zone.free.length !== free.length) line.fail(`${free.length} orders, as in the zone before`);
    if (zone.pageBytes !== pageBytes) line.fail(`pages of ${pageBytes! / 1024}kB, as in the zone before`);
    zones.set(key, zone);
    line.atMost(zones.size, ZONE_ROWS_MAX, 'zones');
  }
  return [...zones.values()];
}

function zoneOf(line: ProcLine): BuddyinfoZone {
  const [, node = '0', zone = '', list = '', total] = line.match(ZONE, FORM);
  const words = list.split(/ +/).filter((word) => !TYPES.test(word));
  line.atMost(words.length, ORDERS_MAX, 'orders');
  const orders = words.map((word) => ORDER.exec(word) ?? line.fail(FORM));
  const free = orders.map(([, count]) => Number(count));
  const sizes = orders.map(([, , size]) => Number(size));
  const page = sizes[0]!;
  if (page < 4 || !Number.isInteger(Math.log2(page))) line.fail('a page of 4kB or a larger power of two');
  if (sizes.some((size, order) => size !== page * 2 ** order))
    line.fail(`blocks of ${page}kB, ${2 * page}kB and so on, each twice the one before`);
  const sum = free.reduce((bytes, count, order) => bytes + count * page * 2 ** order, 0);
  if (sum !== Number(total)) line.fail(`blocks of ${sum}kB in all`);
  return { node: line.node(node), zone, free, pageBytes: page * 1024 };
}
