/**
 * Two-level segregated fit: a good fit in O(1). Free segments stand in bins by size, the sizes in a bin differ by 1/32
 * at most, and two levels of bitmaps find the first bin of segments that are all large enough. Neighbours are joined
 * as soon as they are free. All bookkeeping lies outside the range, of which no byte is touched: it may be a GPU
 * buffer, a file, or shared memory.
 *
 * Cost: allocate, free, sizeOf and resize O(1), stats O(1). allocate and free are so on average: now and then a bin is
 * swept of what has left it, see SizeBins. One case is not: the published algorithm gives up when no bin above the
 * request's size has a segment, although one in the bin of that very size may be large enough. Here that bin is walked
 * before a request fails, and for an aligned request every bin from its size up: O(segments in them). null means that
 * no free segment serves, or that segments begin in nearly 2^24 different stretches of 128 * `align` bytes, more than
 * which cannot be told apart. largestFree walks the last bin only.
 *
 * Bookkeeping: half a byte to one for each `align` bytes where segments are small, so 8 to 16 for one of 256 at 16; 56
 * to 112 for one where they are large; see BoundaryMap. 4 to 16 more for each free segment.
 *
 * Waste: sizes are rounded up to `align`, nothing else. Fragmentation is close to best fit's. What was requested is not
 * remembered: segments() tells what was granted.
 *
 * When not to use it: where the bytes themselves are at hand and many small blocks are asked for, Heap is faster
 * and takes less memory outside; where addresses must be lowest first, take first fit.
 *
 * Source: M. Masmano, I. Ripoll, A. Crespo, J. Real, "TLSF: a new dynamic memory allocator for real-time systems",
 * Euromicro Conference on Real-Time Systems (ECRTS) 2004.
 */
import { type Allocator, type AllocatorStats, InvalidFreeError, type Segment } from '../allocator.js';
import { checkAddress, checkAlign, checkOptions, checkSize, lowestBit, roundUp } from '../arguments.js';
import { display, hex } from '../display.js';
import { type EventQueue, observe } from '../observed.js';
import { checkGrow, checkRangeOptions, RANGE_OPTIONS, type RangeOptions } from '../range-options.js';
import { INSPECT, summary } from '../summary.js';
import { BoundaryMap, FIRST } from './boundary-map.js';
import { type DefragmentOptions, type MovePlan, planMoves } from './defragment.js';
import { NIL } from './page-list.js';
import { type BinReport, SizeBins } from './size-bins.js';

/** `capacity`, `base` and `growBy` must be multiples of `align`. */
export interface TlsfOptions extends RangeOptions {
  /**
   * Every address and size is a multiple of this power of two. Default 8: any typed array can then be laid on any
   * address, and no remainder is too small to serve. 256 suits the offsets of GPU buffers; with 1 nothing is
   * rounded.
   */
  readonly align?: number;
}

/** Where the free bytes are. */
export interface StorageReport {
  readonly freeBytes: number;
  /** Bytes of the largest free segment: what a single request can have. */
  readonly largestFree: number;
  /** The bins that hold free segments, by rising size. */
  readonly bins: readonly BinReport[];
}

const OPTIONS: Readonly<Record<keyof TlsfOptions, true>> = { ...RANGE_OPTIONS, align: true };

/**
 * Two-level segregated fit: a good fit in O(1). For nearly everything: SharedArrayBuffers, GPU buffers, files. No
 * byte of the range is touched. All sizes are in bytes, addresses and sizes multiples of `align`.
 * @example
 * ```js
 * // One GPU buffer for all, with offsets at multiples of 256.
 * const tlsf = new Tlsf({ capacity: 2 ** 24, align: 256 });
 * const vertices = tlsf.allocate(36 * 1000);   // => 0
 * const uniforms = tlsf.allocate(64);   // => 36096
 * tlsf.sizeOf(uniforms);   // => 256
 * ```
 */
export class Tlsf implements Allocator {
  readonly align: number;
  readonly growBy: number;
  readonly maxCapacity: number;
  inspected = 0;

  private readonly map: BoundaryMap;
  private readonly bins: SizeBins;
  private readonly observer: EventQueue | undefined;
  /** 1 / align: exact, as it is a power of two. */
  private readonly perByte: number;
  /** The largest alignment that a request was ever given, `align` at least. */
  private alignMost: number;

  /** @throws RangeError naming the option that is not as TlsfOptions says, TypeError for one that is none of them */
  constructor(options: TlsfOptions) {
    checkOptions('Tlsf', options, OPTIONS);
    const { align = 8, observer } = options;
    const { capacity, base, growBy, maxCapacity } = checkRangeOptions(options);
    checkAlign(align);
    for (const [name, value] of Object.entries({ base, capacity, growBy })) checkMultiple(name, value, align);
    this.align = align;
    this.growBy = growBy;
    this.maxCapacity = maxCapacity;
    this.perByte = 1 / align;
    this.alignMost = align;
    this.map = new BoundaryMap(base, capacity, align);
    this.bins = new SizeBins(this.map);
    this.bins.add(FIRST, this.map.granules);
    this.observer = observe(this, observer, ['move']);
  }

  get base(): number {
    return this.map.base;
  }

  get capacity(): number {
    return this.map.granules * this.align;
  }

  /**
   * Takes at least `size` bytes. O(1) where a bin of segments that are all large enough has one: nearly always.
   * Else the bins from the request's own size up are walked.
   * @param size bytes, a whole number from 1 up; rounded up to the allocator's `align`
   * @param align a power of two; that of the allocator is the least
   * @returns the address, or null when no free segment serves and the range may not grow
   * @throws RangeError for a bad size or alignment; nothing is changed
   * @example
   * ```js
   * const memory = new SharedArrayBuffer(4096);
   * const tlsf = new Tlsf({ capacity: memory.byteLength });
   * const ids = tlsf.allocate(10 * 4);   // => 0
   * const matrix = tlsf.allocate(16 * 8, 64);   // => 64
   * new Float64Array(memory, matrix, 16).byteLength;   // => 128
   * tlsf.allocate(4096);   // => null
   * tlsf.allocate(100, 48);   // => throws RangeError: align
   * ```
   */
  allocate(size: number, align = 1): number | null {
    checkSize(size);
    if (align !== 1) {
      checkAlign(align);
      if (align > this.align) return this.allocateAligned(size, align);
    }
    const { bins, map } = this;
    const need = Math.ceil(size * this.perByte);
    const bin = bins.firstFrom(bins.atLeast(need));
    if (bin === NIL || map.isFull) return this.allocateAligned(size, this.align);
    const segment = bins.pop(bin);
    this.inspected = 1;
    if (this.observer !== undefined) this.tellInspected(segment, true);
    return this.take(segment, bins.poppedSize, need, size);
  }

  /**
   * Gives the segment at `address` back; it joins its free neighbours at once. O(1) on average.
   * @throws InvalidFreeError when no used segment starts there; nothing is changed
   * @example
   * ```js
   * const tlsf = new Tlsf({ capacity: 1024 });
   * const [a, b] = [100, 100, 100].map((size) => tlsf.allocate(size));
   * tlsf.free(a);
   * tlsf.free(b);
   * // The 208 bytes at 0, and those behind the third.
   * tlsf.stats().freeSegments;   // => 2
   * tlsf.free(a);   // => throws InvalidFreeError: freed already
   * ```
   */
  free(address: number): void {
    checkAddress(address);
    const { bins, map } = this;
    const segment = map.find(address);
    if (segment === NIL) throw this.invalidFree(address);
    if (this.observer !== undefined) this.tellReleased(segment);
    const next = map.next(segment);
    const prev = map.prev(segment);
    const start = map.index(segment);
    let end = map.index(next);
    let whole = segment;
    let first = start;
    map.release(segment, end - start);
    if (prev !== NIL && !map.isUsed(prev)) {
      whole = prev;
      first = map.index(prev);
      bins.remove(start - first);
      map.erase(segment);
      if (this.observer !== undefined) this.tellCoalesced(prev, start - first, end - first);
    }
    if (!map.isUsed(next)) {
      const above = map.size(next);
      bins.remove(above);
      map.erase(next);
      if (this.observer !== undefined) this.tellCoalesced(whole, end - first, end - first + above);
      end += above;
    }
    bins.add(whole, end - first);
  }

  /**
   * Bytes granted: the size requested, rounded up to `align`. O(1).
   * @throws InvalidFreeError when no used segment starts at `address`
   * @example
   * ```js
   * const tlsf = new Tlsf({ capacity: 1024, align: 16 });
   * tlsf.sizeOf(tlsf.allocate(1));   // => 16
   * tlsf.sizeOf(512);   // => throws InvalidFreeError: not in use
   * ```
   */
  sizeOf(address: number): number {
    return this.map.size(this.live(address)) * this.align;
  }

  /**
   * Makes the segment hold `size` bytes in place. Shrinking gives the tail back; growing takes from the free
   * segment behind, where there is one. O(1).
   * @returns false when there is no room behind; nothing is changed then
   * @throws RangeError for a bad size, InvalidFreeError when no used segment starts at `address`
   * @example
   * ```js
   * const tlsf = new Tlsf({ capacity: 1024 });
   * const [log, last] = [tlsf.allocate(100), tlsf.allocate(100)];
   * tlsf.resize(last, 500);   // => true
   * // Behind it lies another: allocate, copy and free instead.
   * tlsf.resize(log, 200);   // => false
   * ```
   */
  resize(address: number, size: number): boolean {
    checkSize(size);
    const { map } = this;
    const segment = this.live(address);
    const need = Math.ceil(size * this.perByte);
    const held = map.size(segment);
    const next = map.next(segment);
    const behind = map.isFree(next) ? map.size(next) : 0;
    const room = held + behind;
    if (need > room || map.isFull) return false;
    if (this.observer !== undefined) this.tellResized(address, held, behind, need, size);
    if (need === held) return true;
    if (behind > 0) {
      this.bins.remove(behind);
      map.erase(next);
    }
    map.usedGranules += need - held;
    if (room > need) this.bins.add(map.begin(segment, need), room - need);
    return true;
  }

  /**
   * Moves the end of the range up to `newCapacity` bytes: one free segment is added, or the last one becomes
   * larger. O(1).
   * @throws RangeError when `newCapacity` is less than the capacity, more than `maxCapacity` or not a multiple of
   * `align`
   * @example
   * ```js
   * const memory = new SharedArrayBuffer(4096, { maxByteLength: 2 ** 20 });
   * const tlsf = new Tlsf({ capacity: memory.byteLength });
   * tlsf.allocate(5000);   // => null
   * memory.grow(8192);
   * tlsf.grow(memory.byteLength);
   * tlsf.allocate(5000);   // => 0
   * ```
   */
  grow(newCapacity: number): void {
    const { capacity } = this;
    checkGrow(capacity, newCapacity, this.maxCapacity);
    checkMultiple('newCapacity', newCapacity, this.align);
    if (newCapacity > capacity) this.extend(newCapacity);
  }

  /**
   * The figures of AllocatorStats, in bytes: `usedBytes` counts what was granted. O(1).
   * @example
   * ```js
   * const tlsf = new Tlsf({ capacity: 1024, align: 64 });
   * tlsf.allocate(65);
   * const { usedBytes, freeBytes, usedSegments } = tlsf.stats();
   * [usedBytes, freeBytes, usedSegments];   // => [128, 896, 1]
   * ```
   */
  stats(): AllocatorStats {
    const { map } = this;
    return {
      capacity: map.granules * this.align,
      usedBytes: map.usedGranules * this.align,
      freeBytes: (map.granules - map.usedGranules) * this.align,
      usedSegments: map.usedSegments,
      freeSegments: map.segments - map.usedSegments,
      bookkeepingBytes: map.bytes + this.bins.bytes,
    };
  }

  /**
   * Bytes of the largest free segment, 0 when nothing is free. O(segments in the last bin that has any; their sizes
   * differ by 1/32 at most).
   * @example
   * ```js
   * const tlsf = new Tlsf({ capacity: 1024 });
   * tlsf.allocate(8, 512);
   * tlsf.largestFree();   // => 1016
   * ```
   */
  largestFree(): number {
    const bin = this.bins.last();
    if (bin === NIL) return 0;
    let largest = 0;
    for (const segment of this.bins.list(bin)) largest = Math.max(largest, this.map.size(segment));
    return largest * this.align;
  }

  /** The address from which on all is free: where the last free segment starts, or the end of the range. O(1). */
  get freeTail(): number {
    const { map } = this;
    const last = map.prev(map.end);
    return map.start(map.isFree(last) ? last : map.end);
  }

  /**
   * How the free bytes are spread over sizes. O(bins + free segments).
   * @example
   * ```js
   * const tlsf = new Tlsf({ capacity: 1024 });
   * const [a] = [24, 8].map((size) => tlsf.allocate(size));
   * tlsf.free(a);
   * tlsf.report().bins[0];   // => { least: 24, below: 32, segments: 1, bytes: 24 }
   * ```
   */
  report(): StorageReport {
    const { freeBytes } = this.stats();
    return { freeBytes, largestFree: this.largestFree(), bins: this.bins.report() };
  }

  /**
   * Every segment in address order, with the bytes granted. What was requested is not remembered; the observer's
   * `take` tells it. O(1) a segment. The allocator must not be changed during the walk.
   * @example
   * ```js
   * const tlsf = new Tlsf({ capacity: 1024, base: 4096 });
   * tlsf.allocate(100);
   * // The addresses in use, such as those to be freed at shutdown.
   * [...tlsf.segments()].filter(({ used }) => used).map(({ address }) => address);   // => [4096]
   * ```
   */
  segments(): Iterable<Segment> {
    return this.map.list();
  }

  /**
   * Plans at most `maxMoves` moves that join as many free bytes as they can into one segment; moves nothing yet.
   * The caller goes through the moves in order: copies the bytes (a target may overlap its own source: copy as
   * memmove does), tells `move`, and corrects whoever holds the address. Until that is done, no other call may
   * change the allocator, or the rest of the plan is void. O(segments).
   *
   * Every address keeps the alignment that its request asked for. Which that was is not remembered: an address that
   * happens to lie on a larger multiple keeps to that, up to the largest alignment ever asked for. With `alignOf` the
   * caller, who knows, may have a tighter plan.
   * @throws RangeError when `maxMoves` is no whole number from 0 up
   * @example
   * ```js
   * const tlsf = new Tlsf({ capacity: 1024 });
   * const [a] = [256, 512].map((size) => tlsf.allocate(size));
   * tlsf.free(a);
   * const plan = tlsf.planMoves(1);
   * plan.moves;   // => [{ from: 256, to: 0, size: 512 }]
   * [plan.largestFreeBefore, plan.largestFreeAfter];   // => [256, 512]
   * ```
   */
  planMoves(maxMoves: number, options: DefragmentOptions = {}): MovePlan {
    // What a segment's own request asked for divides its address, and is no more than the most that any asked for.
    const { alignOf = (address) => Math.min(lowestBit(address), this.alignMost) } = options;
    return planMoves(this, maxMoves, this.align, { ...options, alignOf });
  }

  /**
   * The segment at `from` now starts at `to`: in the free segment right below it, or within its own bytes. O(1).
   * The observer is told of a release and a take, for all bytes granted.
   * @throws InvalidFreeError when no used segment starts at `from`; RangeError when `to` is no multiple of `align`,
   * or lies elsewhere; nothing is changed
   * @example
   * ```js
   * const bytes = new Uint8Array(1024);
   * const tlsf = new Tlsf({ capacity: bytes.length });
   * const [hole, block] = [tlsf.allocate(256), tlsf.allocate(512)];
   * tlsf.free(hole);
   * for (const { from, to, size } of tlsf.planMoves(1).moves) {
   *   bytes.copyWithin(to, from, from + size);
   *   tlsf.move(from, to);
   * }
   * tlsf.sizeOf(0);   // => 512
   * tlsf.sizeOf(block);   // => throws InvalidFreeError
   * ```
   */
  move(from: number, to: number): void {
    const { map } = this;
    const segment = this.live(from);
    const below = map.prev(segment);
    const lowest = below !== NIL && map.isFree(below) ? map.start(below) : from;
    if (!(typeof to === 'number' && to >= lowest && to <= from)) {
      throw new RangeError(`to must lie in the free segment right below ${hex(from)}, got ${display(to)}`);
    }
    checkMultiple('to', to, this.align);
    const size = map.size(segment);
    this.free(from);
    const whole = below === NIL || map.isUsed(below) ? segment : below;
    this.bins.remove(map.size(whole));
    this.takeAt(to, whole, size, size * this.align);
  }

  /**
   * Checks every law of the bookkeeping. O(segments + bins): for tests.
   * @throws CorruptionError naming the broken law
   * @example
   * ```js
   * const tlsf = new Tlsf({ capacity: 1024 });
   * tlsf.allocate(100);
   * tlsf.free(50);   // => throws InvalidFreeError
   * tlsf.check();   // => undefined
   * ```
   */
  check(): void {
    this.map.check();
    this.bins.check();
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * const tlsf = new Tlsf({ capacity: 4096 });
   * tlsf.allocate(100);
   * JSON.parse(JSON.stringify(tlsf)).usedSegments;   // => 1
   * ```
   */
  toJSON(): object {
    return { base: this.base, ...this.stats() };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  private invalidFree(address: number): InvalidFreeError {
    return new InvalidFreeError(address, this.map.classify(address));
  }

  private live(address: number): number {
    checkAddress(address);
    const segment = this.map.find(address);
    if (segment === NIL) throw this.invalidFree(address);
    return segment;
  }

  /** For an alignment above the allocator's own, and where no bin of larger segments has one. */
  private allocateAligned(size: number, align: number): number | null {
    const { bins, map } = this;
    this.inspected = 0;
    if (map.isFull) return null;
    const need = Math.ceil(size * this.perByte);
    // Segments start at multiples of this.align: so much more is enough, wherever one starts.
    const bin = bins.firstFrom(bins.atLeast(need + align * this.perByte - 1));
    let segment: number;
    if (bin === NIL) {
      segment = this.search(need, align);
      if (segment === NIL) return null;
      bins.remove(map.size(segment));
    } else {
      segment = bins.pop(bin);
      this.inspected = 1;
      if (this.observer !== undefined) this.tellInspected(segment, true);
    }
    if (align > this.alignMost) this.alignMost = align;
    return this.takeAt(roundUp(map.start(segment), align), segment, need, size);
  }

  /** A free segment that serves, in the bins that the published algorithm passes over, or at the end, which moves; or NIL. */
  private search(need: number, align: number): number {
    const segment = this.walk(need, align);
    if (segment !== NIL || this.growBy === 0 || !this.growFor(need, align)) return segment;
    const grown = this.map.prev(this.map.end);
    this.inspected++;
    if (this.observer !== undefined) this.tellInspected(grown, true);
    return grown;
  }

  /** Looks at every free segment that may be large enough. */
  private walk(need: number, align: number): number {
    const { bins, map, observer } = this;
    for (let bin = bins.firstFrom(bins.of(need)); bin !== NIL; bin = bins.firstFrom(bin + 1)) {
      for (const segment of bins.list(bin)) {
        const fits = roundUp(map.start(segment), align) + need * this.align <= map.start(map.next(segment));
        this.inspected++;
        if (observer !== undefined) this.tellInspected(segment, fits);
        if (fits) return segment;
      }
    }
    return NIL;
  }

  /** As `take`, of the part from `address` on; what lies before it stays free. */
  private takeAt(address: number, segment: number, need: number, requested: number): number {
    const { bins, map } = this;
    const held = map.size(segment);
    const padding = (address - map.start(segment)) * this.perByte;
    if (padding === 0) return this.take(segment, held, need, requested);
    const rest = map.begin(segment, padding);
    bins.add(segment, padding);
    if (this.observer !== undefined) this.tellSplit(segment, padding, held);
    return this.take(rest, held - padding, need, requested);
  }

  /**
   * Uses the first `need` granules of a free segment of `held`, which is out of its bin; what is left stays free.
   * @returns its address
   */
  private take(segment: number, held: number, need: number, requested: number): number {
    const { map } = this;
    if (held > need) this.bins.add(map.begin(segment, need), held - need);
    map.take(segment, need);
    if (this.observer !== undefined) this.tellTaken(segment, need, held, requested);
    return map.start(segment);
  }

  /** Moves the end by as few multiples of `growBy` as make the last segment serve; false when it may not go so far. */
  private growFor(need: number, align: number): boolean {
    const { capacity } = this;
    const missing = roundUp(this.freeTail, align) + need * this.align - (this.base + capacity);
    const newCapacity = capacity + roundUp(missing, this.growBy);
    if (newCapacity > this.maxCapacity) return false;
    this.extend(newCapacity);
    return true;
  }

  private extend(newCapacity: number): void {
    const { bins, capacity, map } = this;
    const added = (newCapacity - capacity) * this.perByte;
    const last = map.prev(map.end);
    const fresh = map.extend(added);
    bins.cover(map.granules);
    if (this.observer !== undefined) this.observer.grow(capacity, newCapacity);
    if (map.isUsed(last)) {
      bins.add(fresh, added);
      return;
    }
    const held = map.size(last);
    map.erase(fresh);
    bins.remove(held);
    bins.add(last, held + added);
    if (this.observer !== undefined) this.tellCoalesced(last, held, held + added);
  }

  /** The used segment of `held` granules, with `behind` free ones above it, comes to have `need`. */
  private tellResized(start: number, held: number, behind: number, need: number, requested: number): void {
    const { align, observer } = this;
    if (observer === undefined) return;
    const end = start + held * align;
    const limit = end + behind * align;
    const newEnd = start + need * align;
    if (need < held) {
      observer.split(start, newEnd, end);
      observer.release(newEnd, end);
      if (behind > 0) observer.coalesce(newEnd, end, limit);
    } else if (need > held) {
      if (newEnd < limit) observer.split(end, newEnd, limit);
      observer.coalesce(start, end, newEnd);
    }
    observer.take(start, newEnd, start, requested);
  }

  private tellInspected(segment: number, fits: boolean): void {
    this.observer?.inspect(this.map.start(segment), this.map.start(this.map.next(segment)), fits);
  }

  /** The first `size` granules of a free segment of `held` are used. */
  private tellTaken(segment: number, size: number, held: number, requested: number): void {
    if (held > size) this.tellSplit(segment, size, held);
    const start = this.map.start(segment);
    this.observer?.take(start, start + size * this.align, start, requested);
  }

  private tellReleased(segment: number): void {
    this.observer?.release(this.map.start(segment), this.map.start(this.map.next(segment)));
  }

  /** The segment, of `size` granules, is parted behind `at` of them. */
  private tellSplit(segment: number, at: number, size: number): void {
    const start = this.map.start(segment);
    this.observer?.split(start, start + at * this.align, start + size * this.align);
  }

  private tellCoalesced(segment: number, at: number, size: number): void {
    const start = this.map.start(segment);
    this.observer?.coalesce(start, start + at * this.align, start + size * this.align);
  }
}

function checkMultiple(name: string, value: number, align: number): void {
  if (value % align !== 0) throw new RangeError(`${name} must be a multiple of align ${align}, got ${value}`);
}
