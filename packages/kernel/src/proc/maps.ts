/**
 * /proc/PID/maps: the areas of an address space. Source: Linux fs/proc/task_mmu.c, `show_map_vma`.
 */
import type { AddressSpace } from '../vm/space/address-space.js';
import type { Area } from '../vm/space/area.js';
import { linesOf, type ProcLine } from './lines.js';

export interface MapsArea {
  readonly start: bigint;
  /** Exclusive. */
  readonly end: bigint;
  /** `rw-p`: read, write, execute; `p` private or `s` shared. */
  readonly permissions: string;
  /** Where in the file the area begins, in bytes. */
  readonly offset: bigint;
  readonly major: number;
  readonly minor: number;
  readonly inode: bigint;
  /** A file, `[heap]`, `[stack]` and the like; '' for memory without a name. */
  readonly path: string;
}

/** Where the path begins: 25 columns and 6 for each byte of a pointer. */
const PATH_COLUMN = 73;
const AREA =
  /^\s*([0-9a-f]{8,16})-([0-9a-f]{8,16}) ([r-][w-][x-][ps]) ([0-9a-f]{8,16}) ([0-9a-f]{2,}):([0-9a-f]{2,}) (\d+)(?: (.*))?$/s;

/**
 * The areas of an address space as /proc/PID/maps lists them, rising. O(areas).
 * @example
 * ```js
 * const kernel = new Kernel();
 * kernel.process(1).heap.malloc(100);
 * const maps = mapsOf(kernel.process(1).space);
 * maps.map(({ permissions, path }) => `${permissions} ${path}`);   // => ['rw-p [heap]', 'rw-p [stack]']
 * ```
 */
export function mapsOf(space: AddressSpace): MapsArea[] {
  return Array.from(space.areas, areaOf);
}

export function areaOf({ start, end, permissions, offset, inode, label }: Area): MapsArea {
  const [major, minor] = inode?.device ?? [0, 0];
  return {
    start: BigInt(start),
    end: BigInt(end),
    permissions,
    offset: BigInt(offset),
    major,
    minor,
    inode: BigInt(inode?.number ?? 0),
    path: label,
  };
}

/**
 * The text of /proc/PID/maps, byte for byte as Linux prints it; '' for no areas.
 * @example
 * ```js
 * const { space } = new Kernel().process(1);
 * const line = printMaps(mapsOf(space)).trimEnd();
 * line.slice(0, 40);   // => '7fffffffe000-7ffffffff000 rw-p 00000000 '
 * // The path begins in column 74, as tools expect.
 * line.slice(73);   // => '[stack]'
 * ```
 */
export function printMaps(areas: readonly MapsArea[]): string {
  return areas.map((area) => `${printArea(area)}\n`).join('');
}

export function printArea(area: MapsArea): string {
  const hex = (value: bigint | number, digits: number) => value.toString(16).padStart(digits, '0');
  const head = [
    `${hex(area.start, 8)}-${hex(area.end, 8)}`,
    area.permissions,
    hex(area.offset, 8),
    `${hex(area.major, 2)}:${hex(area.minor, 2)}`,
    area.inode,
    '',
  ].join(' ');
  if (area.path === '') return head;
  return `${head.padEnd(PATH_COLUMN - 1)} ${area.path.replaceAll('\n', '\\012')}`;
}

/**
 * Reads the text of /proc/PID/maps, of any 64- or 32-bit Linux.
 * @param file named in errors
 * @throws ProcFormatError naming the line of another form
 * @example
 * ```js
 * const text = '00400000-00452000 r-xp 00001000 08:02 173521 /usr/bin/dbus-daemon\n';
 * const [area] = parseMaps(text);
 * [area.end - area.start, area.offset, area.inode];   // => [0x52000n, 4096n, 173521n]
 * area.path;   // => '/usr/bin/dbus-daemon'
 * parseMaps('rubbish');   // => throws ProcFormatError: /proc/PID/maps:1
 * ```
 */
export function parseMaps(text: string, file = '/proc/PID/maps'): MapsArea[] {
  return linesOf(text, file).map(
    (line) => parseArea(line) ?? line.fail("'START-END rwxp OFFSET MAJOR:MINOR INODE' and a path"),
  );
}

/** Null where the line tells of no area. */
export function parseArea(line: ProcLine): MapsArea | null {
  const found = AREA.exec(line.raw);
  if (found === null) return null;
  const [
    ,
    start = '',
    end = '',
    permissions = '',
    offset = '',
    major = '',
    minor = '',
    inode = '',
    path = '',
  ] = found;
  return {
    start: BigInt(`0x${start}`),
    end: BigInt(`0x${end}`),
    permissions,
    offset: BigInt(`0x${offset}`),
    major: Number.parseInt(major, 16),
    minor: Number.parseInt(minor, 16),
    inode: BigInt(inode),
    path: path.trimStart().replaceAll('\\012', '\n'),
  };
}
