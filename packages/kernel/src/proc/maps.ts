/**
 * /proc/PID/maps: the areas of an address space. Source: Linux fs/proc/task_mmu.c, `show_map_vma`.
 */
import type { AddressSpace } from '../vm/address-space.js';
import type { Area } from '../vm/area.js';
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
  /^([0-9a-f]{8,16})-([0-9a-f]{8,16}) ([r-][w-][x-][ps]) ([0-9a-f]{8,16}) ([0-9a-f]{2,}):([0-9a-f]{2,}) (\d+)(?: (.*))?$/s;

/** What the file tells of this address space. */
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

/** @throws ProcFormatError */
export function parseMaps(text: string, file = '/proc/PID/maps'): MapsArea[] {
  return linesOf(text, file).map(
    (line) => parseArea(line) ?? line.fail("'START-END rwxp OFFSET MAJOR:MINOR INODE' and a path"),
  );
}

/** Null where the line tells of no area. */
export function parseArea(line: ProcLine): MapsArea | null {
  const found = AREA.exec(line.text);
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
