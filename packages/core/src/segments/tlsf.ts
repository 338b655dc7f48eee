/**
 * Two-level segregated fit: a good fit in O(1). Free segments stand in lists by size, the sizes in a list differ
 * by 1/32 at most, and two levels of bitmaps find the first list of segments that are all large enough. Neighbours
 * are joined as soon as they are free. All bookkeeping lies outside the range, of which no byte is touched: it may
 * be a GPU buffer, a file, or shared memory.
 *
 * Cost: allocate, free, sizeOf, resize: O(1), free, sizeOf and resize by a hash of the address; stats O(1).
 * One case is not: the published algorithm gives up when no list above the request's size has a segment, although
 * one in the list of that very size may be large enough. Here that list is walked before a request fails, and for
 * an aligned request every list from its size up: O(segments in them). null means that no free segment serves.
 * largestFree walks the last list only. A segment costs 32 to 48 bytes, and while used 11 to 21 in the index.
 *
 * Waste: sizes are rounded up to `align`, nothing else. Fragmentation is close to best fit's.
 *
 * When not to use it: where the bytes themselves are at hand and many small blocks are asked for, Heap is faster
 * and takes less memory outside; where addresses must be lowest first, take first fit.
 *
 * Source: M. Masmano, I. Ripoll, A. Crespo, J. Real, "TLSF: a new dynamic memory allocator for real-time systems",
 * Euromicro Conference on Real-Time Systems (ECRTS) 2004.
 */
import {
  type Allocator,
  type AllocatorObserver,
  type AllocatorStats,
  InvalidFreeError,
  type Segment,
} from '../allocator.js';
import { checkAlign, checkGrowth, checkGrowthOptions, checkRange, checkSize, roundUp } from '../arguments.js';
import { AddressIndex } from './address-index.js';
import { type DefragmentOptions, type MovePlan, planMoves } from './defragment.js';
import { FIRST, NIL, SegmentTable } from './segment-table.js';
import { type BinReport, SizeBins } from './size-bins.js';

export interface TlsfOptions {
  /** Bytes in the range `[base, base + capacity)`, a multiple of `align`. */
  readonly capacity: number;
  /** First address, a multiple of `align`; 0 when left out. */
  readonly base?: number;
  /**
   * Every address and size is a multiple of this power of two. Default 8: any typed array can then be laid on any
   * address, and no remainder is too small to serve. 256 suits the offsets of GPU buffers; with 1 nothing is
   * rounded.
   */
  readonly align?: number;
  /**
   * When nothing serves a request, the end of the range moves up by the least multiple of this many bytes with
   * which it can be served; a multiple of `align`. 0, the default, never moves it.
   */
  readonly growBy?: number;
  /** The capacity never grows past this, by itself or by `grow`; as far as addresses go when left out. */
  readonly maxCapacity?: number;
  readonly observer?: AllocatorObserver;
}

/** Where the free bytes are. */
export interface StorageReport {
  readonly freeBytes: number;
  /** Bytes of the largest free segment: what a single request can have. */
  readonly largestFree: number;
  /** The bins that hold free segments, by rising size. */
  readonly bins: readonly BinReport[];
}

/** Sizes below this can be rounded by 32-bit operators. */
const SMALL = 2 ** 30;

export class Tlsf implements Allocator {
  readonly align: number;
  readonly growBy: number;
  readonly maxCapacity: number;
  inspected = 0;

  readonly #table: SegmentTable;
  readonly #index: AddressIndex;
  readonly #bins: SizeBins;
  readonly #observer: AllocatorObserver | undefined;

  /** @throws RangeError naming the option that is not as TlsfOptions says */
  constructor(options: TlsfOptions) {
    const { capacity, base = 0, align = 8, growBy = 0, observer } = options;
    checkRange(base, capacity);
    const { maxCapacity = Number.MAX_SAFE_INTEGER - base } = options;
    checkAlign(align);
    checkGrowthOptions(base, capacity, growBy, maxCapacity);
    for (const [name, value] of Object.entries({ base, capacity, growBy })) checkMultiple(name, value, align);
    this.align = align;
    this.growBy = growBy;
    this.maxCapacity = maxCapacity;
    this.#table = new SegmentTable(base, capacity);
    this.#index = new AddressIndex(this.#table);
    this.#bins = new SizeBins(this.#table, align);
    this.#bins.add(FIRST);
    this.#observer = observer;
  }

  get base(): number {
    return this.#table.base;
  }

  get capacity(): number {
    return this.#table.capacity;
  }

  /**
   * O(1) where a list of segments that are all large enough has one: nearly always. Else the lists from the
   * request's own size up are walked, and null means that no free segment serves.
   */
  allocate(size: number, align = 1): number | null {
    checkSize(size);
    if (align !== 1) checkAlign(align);
    const alignment = Math.max(align, this.align);
    const need = this.#rounded(size);
    this.inspected = 0;
    let node = this.#find(need, alignment);
    if (node === NIL) {
      if (this.growBy === 0 || !this.#growFor(need, alignment)) return null;
      node = this.#table.last;
    }
    const start = this.#table.start(node);
    const address = alignment > this.align ? roundUp(start, alignment) : start;
    this.#take(node, address, need, size);
    return address;
  }

  /** O(1). Free neighbours are joined at once. */
  free(address: number): void {
    const node = this.#index.remove(address);
    if (node === NIL) throw new InvalidFreeError(address, this.#table.classify(address));
    this.#release(node);
  }

  sizeOf(address: number): number {
    return this.#table.size(this.#live(address));
  }

  /** O(1). Shrinking gives the tail back; growing takes from the free segment behind, where there is one. */
  resize(address: number, size: number): boolean {
    checkSize(size);
    const table = this.#table;
    const node = this.#live(address);
    const need = this.#rounded(size);
    const next = table.freeNext(node);
    const room = table.size(node) + (next === NIL ? 0 : table.size(next));
    if (need > room) return false;
    const end = address + table.size(node);
    if (this.#observer !== undefined) this.#observer.release?.(address, end);
    if (next !== NIL) {
      this.#bins.remove(next);
      table.absorbNext(node);
      if (this.#observer !== undefined) this.#observer.coalesce?.(address, end, address + room);
    }
    if (room > need) {
      this.#bins.add(table.split(node, need));
      if (this.#observer !== undefined) this.#observer.split?.(address, address + need, address + room);
    }
    table.setRequested(node, size);
    if (this.#observer !== undefined) this.#observer.take?.(address, address + need, address, size);
    return true;
  }

  /** O(1): one free segment is added, or the last one becomes larger. `newCapacity` must be a multiple of `align`. */
  grow(newCapacity: number): void {
    const capacity = this.capacity;
    checkGrowth(this.base, capacity, newCapacity);
    checkMultiple('newCapacity', newCapacity, this.align);
    if (newCapacity > this.maxCapacity) {
      throw new RangeError(`newCapacity must be at most maxCapacity ${this.maxCapacity}, got ${newCapacity}`);
    }
    if (newCapacity > capacity) this.#extend(newCapacity);
  }

  stats(): AllocatorStats {
    const table = this.#table;
    return {
      capacity: table.capacity,
      usedBytes: table.usedBytes,
      freeBytes: table.freeBytes,
      usedSegments: table.usedSegments,
      freeSegments: table.freeSegments,
      bookkeepingBytes: table.bytes + this.#index.bytes + this.#bins.bytes,
    };
  }

  /** O(segments in the last bin that has any; their sizes differ by 1/32 at most). */
  largestFree(): number {
    const bin = this.#bins.last();
    if (bin === NIL) return 0;
    let largest = 0;
    for (let node = this.#bins.head(bin); node !== NIL; node = this.#table.forth(node)) {
      largest = Math.max(largest, this.#table.size(node));
    }
    return largest;
  }

  /** How the free bytes are spread over sizes. O(bins + free segments). */
  report(): StorageReport {
    return { freeBytes: this.#table.freeBytes, largestFree: this.largestFree(), bins: this.#bins.report() };
  }

  segments(): Iterable<Segment> {
    return this.#table.segments();
  }

  /**
   * Plans at most `maxMoves` moves that join as many free bytes as they can into one segment; moves nothing yet.
   * The caller goes through the moves in order: copies the bytes (a target may overlap its own source: copy as
   * memmove does), tells `move`, and corrects whoever holds the address. Until that is done, no other call may
   * change the allocator, or the rest of the plan is void. O(segments).
   * @throws RangeError when `maxMoves` is no whole number from 0 up
   */
  planMoves(maxMoves: number, options: DefragmentOptions = {}): MovePlan {
    return planMoves(this, maxMoves, this.align, options);
  }

  /**
   * The segment at `from` now starts at `to`: in the free segment right below it, or within its own bytes. O(1).
   * @throws InvalidFreeError when no used segment starts at `from`; RangeError when `to` is no multiple of `align`,
   * or lies elsewhere; nothing is changed
   */
  move(from: number, to: number): void {
    const table = this.#table;
    const node = this.#live(from);
    const below = table.freePrev(node);
    const lowest = below === NIL ? from : table.start(below);
    if (!(to >= lowest && to <= from)) {
      throw new RangeError(
        `to must lie in the free segment right below 0x${from.toString(16)}, got ${String(to)}`,
      );
    }
    checkMultiple('to', to, this.align);
    const size = table.size(node);
    const requested = table.requested(node);
    this.#index.remove(from);
    this.#take(this.#release(node), to, size, requested);
  }

  check(): void {
    this.#table.check(true);
    this.#index.check();
    this.#bins.check();
  }

  #rounded(size: number): number {
    const { align } = this;
    return size < SMALL && align < SMALL ? (size + align - 1) & -align : roundUp(size, align);
  }

  #live(address: number): number {
    const node = this.#index.find(address);
    if (node === NIL) throw new InvalidFreeError(address, this.#table.classify(address));
    return node;
  }

  #find(need: number, align: number): number {
    const bins = this.#bins;
    // Segments start at multiples of this.align: so much more is enough, wherever one starts.
    const bin = bins.firstFrom(bins.atLeast(need + align - this.align));
    if (bin === NIL) return this.#walk(need, align);
    const node = bins.head(bin);
    this.inspected = 1;
    if (this.#observer !== undefined) this.#tellInspected(node, true);
    return node;
  }

  /** Looks at every free segment that may be large enough, in the lists that the published algorithm passes over. */
  #walk(need: number, align: number): number {
    const bins = this.#bins;
    const table = this.#table;
    for (let bin = bins.firstFrom(bins.of(need)); bin !== NIL; bin = bins.firstFrom(bin + 1)) {
      for (let node = bins.head(bin); node !== NIL; node = table.forth(node)) {
        const start = table.start(node);
        const fits = roundUp(start, align) + need <= start + table.size(node);
        this.inspected++;
        if (this.#observer !== undefined) this.#tellInspected(node, fits);
        if (fits) return node;
      }
    }
    return NIL;
  }

  /** Uses `need` bytes at `address` of the free segment, which is in a bin; what is left in front and behind stays free. */
  #take(found: number, address: number, need: number, requested: number): void {
    const table = this.#table;
    const bins = this.#bins;
    const observer = this.#observer;
    let node = found;
    bins.remove(node);
    const start = table.start(node);
    if (address > start) {
      if (observer !== undefined) observer.split?.(start, address, start + table.size(node));
      const rest = table.split(node, address - start);
      bins.add(node);
      node = rest;
    }
    if (table.size(node) > need) {
      if (observer !== undefined) observer.split?.(address, address + need, address + table.size(node));
      bins.add(table.split(node, need));
    }
    table.take(node, requested);
    this.#index.add(node);
    if (observer !== undefined) observer.take?.(address, address + need, address, requested);
  }

  /** The used segment, out of the index already, becomes free and one with its free neighbours. @returns the whole */
  #release(used: number): number {
    const table = this.#table;
    const bins = this.#bins;
    const observer = this.#observer;
    let node = used;
    if (observer !== undefined) observer.release?.(table.start(node), table.start(node) + table.size(node));
    table.release(node);
    const prev = table.freePrev(node);
    if (prev !== NIL) {
      bins.remove(prev);
      const at = table.start(node);
      table.absorbNext(prev);
      node = prev;
      if (observer !== undefined)
        observer.coalesce?.(table.start(node), at, table.start(node) + table.size(node));
    }
    const next = table.freeNext(node);
    if (next !== NIL) {
      bins.remove(next);
      const at = table.start(next);
      table.absorbNext(node);
      if (observer !== undefined)
        observer.coalesce?.(table.start(node), at, table.start(node) + table.size(node));
    }
    bins.add(node);
    return node;
  }

  /** Moves the end by as few multiples of `growBy` as make the last segment serve; false when it may not go so far. */
  #growFor(need: number, align: number): boolean {
    const table = this.#table;
    const free = table.isUsed(table.last) ? table.end : table.start(table.last);
    const missing = roundUp(free, align) + need - table.end;
    const newCapacity = table.capacity + roundUp(missing, this.growBy);
    if (newCapacity > this.maxCapacity) return false;
    this.#extend(newCapacity);
    return true;
  }

  #extend(newCapacity: number): void {
    const table = this.#table;
    const bins = this.#bins;
    const oldCapacity = table.capacity;
    bins.cover(newCapacity);
    const last = table.last;
    const added = table.append(newCapacity - oldCapacity);
    if (this.#observer !== undefined) this.#observer.grow?.(oldCapacity, newCapacity);
    if (table.isUsed(last)) {
      bins.add(added);
      return;
    }
    bins.remove(last);
    table.absorbNext(last);
    bins.add(last);
    if (this.#observer !== undefined) {
      this.#observer.coalesce?.(table.start(last), table.base + oldCapacity, table.end);
    }
  }

  #tellInspected(node: number, fits: boolean): void {
    const start = this.#table.start(node);
    this.#observer?.inspect?.(start, start + this.#table.size(node), fits);
  }
}

function checkMultiple(name: string, value: number, align: number): void {
  if (value % align !== 0) throw new RangeError(`${name} must be a multiple of align ${align}, got ${value}`);
}
