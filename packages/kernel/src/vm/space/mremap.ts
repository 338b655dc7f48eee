/**
 * Growing, shrinking and moving what is mapped (mremap). Pages move by their page table entries: no byte is copied.
 * Everything that may fail comes first: a call that is refused has changed nothing.
 *
 * Cost: O(log areas) in place; a move O(areas and pages moved), and frames for page tables at the new place.
 * Source: Linux mm/mremap.c (6.17 and later, where one call moves several areas), man 2 mremap.
 */
import { SystemCallError } from '../../errors.js';
import { FRAME_BYTES } from '../../machine.js';
import { hexAddress } from '../translation/memory-fault.js';
import { type Area, type AreaSource, HEAP_NAME, TASK_SIZE } from './area.js';
import { checkAddress, checkFileRange, lengthInPages, rangeEnd } from './map-options.js';
import type { MemoryDescriptor } from './memory-descriptor.js';

export interface RemapOptions {
  /** To another place where there is no room to grow (MREMAP_MAYMOVE). */
  readonly mayMove?: boolean;
  /** Exactly to `address`, even without need; what was mapped there is unmapped. Needs `mayMove` (MREMAP_FIXED). */
  readonly fixed?: boolean;
  /**
   * The pages move, the areas stay: their next touch finds zeroes or the file. Needs `mayMove`; the length must not
   * change (MREMAP_DONTUNMAP).
   */
  readonly dontUnmap?: boolean;
  /** Where to, a multiple of 4096: needed for `fixed`, a hint for `dontUnmap`, of no use otherwise. */
  readonly address?: number;
}

/** What mremap is asked for: lengths in whole pages. */
interface Request extends RemapOptions {
  readonly from: number;
  readonly oldBytes: number;
  readonly newBytes: number;
}

/** The part of an area that moves, and where to. It may be longer there, or be nothing here. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly to: number;
  readonly toEnd: number;
  readonly flags: number;
  readonly source: AreaSource;
  readonly hasAnonymous: boolean;
}

/** See AddressSpace.mremap. @throws SystemCallError */
export function remap(
  space: MemoryDescriptor,
  from: number,
  oldLength: number,
  newLength: number,
  options: RemapOptions,
): number {
  checkAddress(from);
  const oldBytes = oldLength === 0 ? 0 : lengthInPages(oldLength);
  const request = { ...options, from, oldBytes, newBytes: lengthInPages(newLength) };
  checkTarget(request);
  const area = space.areas.at(from);
  if (area === null) throw new SystemCallError('EFAULT', `nothing is mapped at ${hexAddress(from)}`);
  if (oldBytes === 0 && !area.isShared) {
    throw new SystemCallError('EINVAL', 'an old length of 0 maps shared memory again, and this is private');
  }
  if (options.fixed === true || options.dontUnmap === true) return moveByRequest(space, area, request);
  if (request.newBytes > oldBytes) return grow(space, area, request);
  if (request.newBytes < oldBytes) {
    const start = from + request.newBytes;
    space.unmap(start, rangeEnd(start, oldBytes - request.newBytes, 'EINVAL'));
  }
  return from;
}

/** Whether the new place makes sense, whatever is mapped. @throws SystemCallError EINVAL */
function checkTarget({ from, oldBytes, newBytes, ...options }: Request): void {
  const { fixed = false, dontUnmap = false, mayMove = false, address = 0 } = options;
  if (newBytes > TASK_SIZE) {
    throw new SystemCallError(
      'EINVAL',
      `user addresses end at ${hexAddress(TASK_SIZE)}, below ${newBytes} bytes`,
    );
  }
  if (!fixed && !dontUnmap) return;
  checkAddress(fixed ? (options.address ?? Number.NaN) : address);
  if (address > TASK_SIZE - newBytes) {
    throw new SystemCallError(
      'EINVAL',
      `the new place ends past user addresses, at ${hexAddress(TASK_SIZE)}`,
    );
  }
  if (!mayMove) throw new SystemCallError('EINVAL', 'what is moved to an address must be allowed to move');
  if (dontUnmap && oldBytes !== newBytes) {
    throw new SystemCallError('EINVAL', 'areas that stay mapped cannot change their length');
  }
  if (from + oldBytes > address && address + newBytes > from) {
    throw new SystemCallError('EINVAL', 'the new place overlaps the old one');
  }
}

function grow(space: MemoryDescriptor, area: Area, { from, oldBytes, newBytes, mayMove }: Request): number {
  requireWhole(area, from, oldBytes);
  checkGrowth(area, from, newBytes);
  const { areas } = space;
  const end = from + newBytes;
  const roomEnd = area.next?.start ?? TASK_SIZE;
  // An old length of 0 asks for another mapping: the area that is there is none of it.
  if (oldBytes > 0 && from + oldBytes === area.end && end <= roomEnd) {
    areas.grow(area, end);
    return from;
  }
  if (mayMove !== true) {
    throw new SystemCallError('ENOMEM', `no room to grow in place at ${hexAddress(from + oldBytes)}`);
  }
  const to = areas.place({}, newBytes);
  move(space, [pieceOf(area, from, from + oldBytes, to, to + newBytes)], {});
  return to;
}

/** With MREMAP_FIXED or MREMAP_DONTUNMAP. */
function moveByRequest(space: MemoryDescriptor, area: Area, request: Request): number {
  const { from, oldBytes, newBytes, fixed = false, address } = request;
  const kept = Math.min(oldBytes, newBytes);
  const several = fixed && oldBytes === newBytes;
  if (!several) requireWhole(area, from, kept);
  if (oldBytes < newBytes) checkGrowth(area, from, newBytes);
  if (oldBytes === 0 && address === from) {
    throw new SystemCallError('EFAULT', 'the new place would take the place of what is mapped again');
  }
  const tailEnd = kept < oldBytes ? rangeEnd(from, oldBytes, 'EINVAL') : from + kept;
  const to = space.areas.place({ address, fixed }, newBytes);
  const pieces = several
    ? piecesOf(space, from, from + kept, to)
    : [pieceOf(area, from, from + kept, to, to + newBytes)];
  move(space, pieces, request, tailEnd);
  return to;
}

/**
 * Moves the pieces, all or none.
 * @param tailEnd what lies from the last piece up to here is unmapped
 * @throws SystemCallError ENOMEM, and nothing is changed
 */
function move(
  space: MemoryDescriptor,
  pieces: readonly Piece[],
  { fixed = false, dontUnmap = false }: RemapOptions,
  tailEnd = 0,
): void {
  const { areas, table } = space;
  const tailStart = pieces.at(-1)!.end;
  const end = Math.max(tailStart, tailEnd);
  const spare = areas.spareObjects(objectsNeeded(space, pieces, end, fixed, dontUnmap));
  if (!reserveTables(space, pieces)) {
    areas.freeObjects(spare);
    throw new SystemCallError('ENOMEM', 'no memory for the page tables at the new place');
  }
  // The tables made for the new place are empty still: they stay.
  if (fixed) for (const { to, toEnd } of pieces) space.unmapRange(to, toEnd, spare, true);
  for (const { start, end, to, source } of pieces) {
    table.moveRange(start / FRAME_BYTES, end / FRAME_BYTES, to / FRAME_BYTES);
    // The old area may be the last that holds the file.
    if (source.inode !== null) space.vm.cache.hold(source.inode);
  }
  if (!dontUnmap) {
    // Pieces and tail in one cut: two would need an area more.
    areas.cutOut(pieces[0].start, end, spare, (area, from, to) => {
      if (to > tailStart) space.unmapPages(area, Math.max(from, tailStart), to, true);
    });
  }
  for (const { to, toEnd, flags, source, hasAnonymous } of pieces) {
    areas.enter(to, toEnd, flags, source, spare).hasAnonymous ||= hasAnonymous;
    if (source.inode !== null) space.vm.cache.release(source.inode);
  }
  for (const { to, toEnd } of pieces) table.prune(to / FRAME_BYTES, toEnd / FRAME_BYTES);
  table.prune(pieces[0].start / FRAME_BYTES, end / FRAME_BYTES);
  space.flushTlb();
  areas.freeObjects(spare);
}

/** A new area for each piece, and one for each area that is cut in two. */
function objectsNeeded(
  { areas }: MemoryDescriptor,
  pieces: readonly Piece[],
  end: number,
  fixed: boolean,
  dontUnmap: boolean,
): number {
  let needed = pieces.length;
  if (fixed) for (const { to, toEnd } of pieces) needed += areas.splitsNeeded(to, toEnd, false);
  return dontUnmap ? needed : needed + areas.splitsNeeded(pieces[0].start, end, false);
}

/** @returns false, and no table is left behind, when there is no memory */
function reserveTables({ table }: MemoryDescriptor, pieces: readonly Piece[]): boolean {
  const page = (address: number) => address / FRAME_BYTES;
  const whole = pieces.every(({ start, end, to }) => table.reserve(page(start), page(end), page(to)));
  if (!whole) for (const { to, toEnd } of pieces) table.prune(page(to), page(toEnd));
  return whole;
}

/** What is mapped in [start, end); holes are kept. */
function piecesOf(space: MemoryDescriptor, start: number, end: number, to: number): Piece[] {
  const pieces: Piece[] = [];
  for (let area = space.areas.find(start); area !== null && area.start < end; area = area.next) {
    const from = Math.max(start, area.start);
    const until = Math.min(end, area.end);
    pieces.push(pieceOf(area, from, until, to + (from - start), to + (until - start)));
  }
  return pieces;
}

function pieceOf(area: Area, start: number, end: number, to: number, toEnd: number): Piece {
  const { flags, inode, hasAnonymous } = area;
  // Memory that moved away is no part of the heap any more.
  const name = area.name === HEAP_NAME ? null : area.name;
  const source = { inode, offset: area.offsetAt(start), name };
  return { start, end, to, toEnd, flags, source, hasAnonymous };
}

/** @throws SystemCallError EFAULT when the range reaches past the area */
function requireWhole(area: Area, from: number, bytes: number): void {
  if (from + bytes <= area.end) return;
  throw new SystemCallError(
    'EFAULT',
    `the area ends at ${hexAddress(area.end)}, the old length reaches to ${hexAddress(from + bytes)}`,
  );
}

/** @throws SystemCallError EINVAL past the largest file */
function checkGrowth(area: Area, from: number, bytes: number): void {
  if (area.inode !== null) checkFileRange(area.offsetAt(from), bytes);
}
