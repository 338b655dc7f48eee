/**
 * The areas of an address space: where a new one fits, how they are split, joined and cut out. It knows nothing of
 * pages: their entries are unmapped or moved by the caller.
 *
 * A change that splits areas needs slab objects for the new halves. `spareObjects` takes them before anything is
 * changed, the change uses what it needs of them, and `freeObjects` gives the rest back.
 * Cost: O(log areas) each. Source: Linux mm/mmap.c, mm/vma.c.
 */
import { SystemCallError } from '../../errors.js';
import { FRAME_BYTES } from '../../machine.js';
import type { ObjectCache } from '../../slab/cache.js';
import type { PageCache } from '../page-cache/page-cache.js';
import { hexAddress } from '../translation/memory-fault.js';
import {
  Area,
  type AreaOwner,
  type AreaSource,
  MAX_AREAS,
  MMAP_BASE,
  MMAP_MIN_ADDRESS,
  TASK_SIZE,
} from './area.js';
import { rangeEnd } from './map-options.js';
import { NO_GAP, SpanTree } from './span-tree.js';

/** Where a new area is wanted: as in MapOptions. */
export interface Place {
  readonly address?: number | undefined;
  readonly fixed?: boolean | undefined;
  readonly noReplace?: boolean | undefined;
}

/**
 * The areas of an address space in order of address, `space.areas`; mmap, mprotect, mremap and munmap change them.
 * @example
 * ```js
 * const { space } = new Kernel().process(1);
 * const at = space.mmap({ length: 3 * 4096 });
 * space.munmap(at + 4096, 4096);
 * Array.from(space.areas, ({ start }) => start - at).slice(0, 2);   // => [0, 8192]
 * // The hole is free again: the lowest gap above.
 * space.areas.lowestGap(4096, at, TASK_SIZE) - at;   // => 4096
 * ```
 */
export class AreaMap extends SpanTree<Area> {
  private readonly owner: AreaOwner;
  private readonly words: Float64Array;
  private readonly objects: ObjectCache;
  private readonly cache: PageCache;

  /**
   * @param words the machine's memory, in which the slab objects lie
   * @param objects `vm_area_struct`
   */
  constructor(owner: AreaOwner, words: Float64Array, objects: ObjectCache, cache: PageCache) {
    super();
    this.owner = owner;
    this.words = words;
    this.objects = objects;
    this.cache = cache;
  }

  /** The area that holds `address`, or null. @internal */
  at(address: number): Area | null {
    const area = this.find(address);
    return area !== null && area.start <= address ? area : null;
  }

  /**
   * Where a new area of `bytes` goes.
   * @throws SystemCallError ENOMEM when there is no room, or past the end of user addresses; EINVAL; EEXIST
   * @internal
   */
  place({ address, fixed = false, noReplace = false }: Place, bytes: number): number {
    if (fixed) {
      const start = address ?? Number.NaN;
      const end = rangeEnd(start, bytes, 'ENOMEM');
      if (start < MMAP_MIN_ADDRESS) {
        throw new SystemCallError('EINVAL', `nothing is mapped below 0x10000, got ${hexAddress(start)}`);
      }
      const there = this.find(start);
      if (noReplace && there !== null && there.start < end) {
        throw new SystemCallError('EEXIST', `${nameOf(there)} is mapped at ${hexAddress(there.start)}`);
      }
      return start;
    }
    if (address !== undefined && address > 0) {
      const hint = Math.floor(address / FRAME_BYTES) * FRAME_BYTES;
      const free = this.lowestGap(bytes, Math.max(hint, MMAP_MIN_ADDRESS), TASK_SIZE);
      if (free === hint) return hint;
    }
    let start = this.highestGap(bytes, MMAP_MIN_ADDRESS, MMAP_BASE);
    if (start === NO_GAP) start = this.lowestGap(bytes, MMAP_BASE, TASK_SIZE);
    if (start !== NO_GAP) return start;
    throw new SystemCallError('ENOMEM', `no range of ${bytes} bytes is free`);
  }

  /**
   * Calls `visit` with every area of [start, end).
   * @throws SystemCallError ENOMEM where part of the range is not mapped, and what `visit` throws
   * @internal
   */
  requireMapped(start: number, end: number, visit: (area: Area) => void): void {
    let at = start;
    for (let area = this.find(start); at < end; area = area.next) {
      if (area === null || area.start > at) {
        throw new SystemCallError('ENOMEM', `nothing is mapped at ${hexAddress(at)}`);
      }
      visit(area);
      at = area.end;
    }
  }

  /** Areas that cutting at the ends of the range makes; when `keep` is false the part within is thrown away. @internal */
  splitsNeeded(start: number, end: number, keep: boolean): number {
    const first = this.cutBy(start);
    const last = this.cutBy(end);
    if (keep) return (first === null ? 0 : 1) + (last === null ? 0 : 1);
    return first !== null && first === last ? 1 : 0;
  }

  /**
   * Slab objects for areas to be made.
   * @throws SystemCallError ENOMEM, and none is kept, when there are not so many, or too many areas
   * @internal
   */
  spareObjects(count: number): number[] {
    if (count > 0 && this.length + count > MAX_AREAS) {
      throw new SystemCallError(
        'ENOMEM',
        `there are ${this.length} areas, and no more than ${MAX_AREAS} may be`,
      );
    }
    const spare: number[] = [];
    while (spare.length < count) {
      const object = this.objects.alloc();
      if (object === null) {
        this.freeObjects(spare);
        throw new SystemCallError('ENOMEM', 'no memory for another area');
      }
      spare.push(object);
    }
    return spare;
  }

  /** @internal */
  freeObjects(spare: readonly number[]): void {
    for (const object of spare) this.objects.free(object);
  }

  /** Enters an area, or lets a neighbour that it continues grow over it. @internal */
  enter(start: number, end: number, flags: number, source: AreaSource, spare: number[]): Area {
    const below = this.below(start);
    if (below !== null && below.end === start && below.isContinuedBy(flags, source)) {
      this.grow(below, end);
      return below;
    }
    const area = this.make(start, end, flags, source, spare);
    if (area.next !== null) this.mergeWithPrevious(area.next);
    return area;
  }

  /** Moves the end of an area up to `end`, below which nothing else lies. @internal */
  grow(area: Area, end: number): void {
    this.resize(area, area.start, end);
    if (area.next !== null) this.mergeWithPrevious(area.next);
  }

  /** Makes `address` a border between areas, if it lies within one. @internal */
  splitAt(address: number, spare: number[]): void {
    const area = this.cutBy(address);
    if (area === null) return;
    const { end, flags, inode, name } = area;
    const source = { inode, offset: area.offsetAt(address), name };
    this.resize(area, area.start, address);
    this.make(address, end, flags, source, spare).hasAnonymous = area.hasAnonymous;
  }

  /** Joins an area with the one below it where they are alike. @internal */
  mergeWithPrevious(area: Area): void {
    const { previous } = area;
    if (previous === null || previous.end !== area.start || !previous.isContinuedBy(area.flags, area)) return;
    const { end } = area;
    previous.hasAnonymous ||= area.hasAnonymous;
    this.discard(area);
    this.resize(previous, previous.start, end);
  }

  /**
   * Cuts [start, end) out of all areas.
   * @param visit is called with each area and the part of it that goes, before that part goes
   * @internal
   */
  cutOut(
    start: number,
    end: number,
    spare: number[],
    visit: (area: Area, from: number, to: number) => void,
  ): void {
    // A cut without length must not split.
    if (start === end) return;
    for (let area = this.find(start); area !== null && area.start < end; ) {
      const { next } = area;
      const from = Math.max(area.start, start);
      const to = Math.min(area.end, end);
      visit(area, from, to);
      if (from > area.start) {
        // A hole within the area: what lies above it becomes an area of its own.
        if (to < area.end) this.splitAt(to, spare);
        this.resize(area, area.start, from);
      } else if (to < area.end) {
        area.offset = area.offsetAt(to);
        this.resize(area, to, area.end);
      } else this.discard(area);
      area = next;
    }
  }

  /** The area that has `address` within, not at its start. */
  private cutBy(address: number): Area | null {
    const area = this.at(address);
    return area !== null && area.start < address ? area : null;
  }

  private make(start: number, end: number, flags: number, source: AreaSource, spare: number[]): Area {
    const area = new Area(this.owner, this.words, spare.pop()!, start, end, flags, source);
    this.insert(area);
    if (area.inode !== null) {
      this.cache.hold(area.inode);
      area.inode.areas.add(area);
    }
    return area;
  }

  /** Takes an area out, whose pages are unmapped or another area's now. */
  private discard(area: Area): void {
    this.remove(area);
    const { inode } = area;
    if (inode !== null) {
      inode.areas.delete(area);
      this.cache.release(inode);
    }
    this.objects.free(area.object);
  }
}

/** An area as messages name it. */
export function nameOf(area: Area): string {
  return area.inode?.path ?? area.name ?? 'anonymous memory';
}
