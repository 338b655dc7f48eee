/**
 * First, next, best and worst fit in O(log n): every request is given the very address that NaiveAllocator would
 * give with the same options, and the free list is the same, segment by segment, after every call.
 *
 * The free segments stand in a FreeIndex: in list order for first and next fit, whose search is "the first from
 * here that is large enough", in order of size for best and worst fit. Used ones are found by their address in
 * a hash table, neighbours by links, both in O(1).
 *
 * Cost, with n free segments: allocate, free, resize and grow O(log n), stats O(1), largestFree O(log n). Where a
 * request must be aligned, segments that are large enough but lie badly are passed over one by one, at O(log n)
 * each. freeList is O(n) where the index is in list order, else O(n log n).
 *
 * Waste: nothing inside a segment but what the options ask for; outside the range 32 bytes a segment (40 with
 * headers), 11 to 21 more if it is used, and some 30 if it is free.
 *
 * Not for: a few dozen segments, where walking a list is quicker; hard bounds on time, which Tlsf gives.
 *
 * Source: the policies are NaiveAllocator's. First fit over an ordered tree with maxima: R. P. Brent, ACM TOPLAS
 * 11 (1989); Linux finds room for vmalloc in the same way (mm/vmalloc.c).
 */
import { type Allocator, type AllocatorStats, InvalidFreeError, law, type Segment } from '../allocator.js';
import { checkAddress, checkAlign, checkOptions, checkSize } from '../arguments.js';
import { type EventQueue, observe } from '../observed.js';
import { INSPECT, summary } from '../summary.js';
import { AddressIndex } from './address-index.js';
import { FreeIndex, type IndexOrder } from './free-index.js';
import { SEGMENT_OPTIONS, type SegmentOptions, SegmentPolicy } from './options.js';
import { FIRST, NIL, SegmentTable } from './segment-table.js';

/**
 * First, next, best or worst fit in O(log n), n free segments: the same addresses as NaiveAllocator gives with the
 * same options. All sizes are in bytes; no byte of the range is touched.
 * @example
 * ```js
 * const best = new IndexedFit({ capacity: 1000, fit: 'best' });
 * const [a, , c] = [300, 10, 100, 10].map((size) => best.allocate(size));
 * best.free(a);
 * best.free(c);
 * // The hole of 100 bytes serves it, not the larger ones at 0 and at the end.
 * best.allocate(90);   // => 310
 * ```
 */
export class IndexedFit implements Allocator {
  readonly policy: SegmentPolicy;
  private readonly observer: EventQueue | undefined;
  private readonly table: SegmentTable;
  private readonly addresses: AddressIndex;
  private readonly freeIndex: FreeIndex;
  /** In order of rank: 1 or -1 times the number of the segment's release in the newest orders; 0: its start. */
  private readonly rankSign: number;
  private releases = 0;
  /** Next fit's: the free segment where the next search begins, or NIL for the head of the list. */
  private rover = NIL;

  /** @throws RangeError naming the option that is not as SegmentOptions says, TypeError for one that is none of them */
  constructor(options: SegmentOptions) {
    checkOptions('IndexedFit', options, SEGMENT_OPTIONS);
    const policy = new SegmentPolicy(options);
    const { base, header, minRemainder, order } = policy;
    this.policy = policy;
    this.observer = observe(this, options.observer);
    this.table = new SegmentTable(base, options.capacity, header > 0 || minRemainder > 1);
    this.addresses = new AddressIndex(this.table);
    this.freeIndex = new FreeIndex(this.table, indexOrder(policy));
    this.rankSign = order === 'newest-first' ? -1 : order === 'newest-last' ? 1 : 0;
    this.freeIndex.insert(FIRST, options.capacity, this.newRank(base));
  }

  get base(): number {
    return this.table.base;
  }

  get capacity(): number {
    return this.table.capacity;
  }

  /** Pages of the index that the last `allocate` looked at, and 1 for the end of the range where that had to move. */
  get inspected(): number {
    return this.freeIndex.visited;
  }

  /**
   * Takes `size` bytes out of the free segment that the policy chooses. O(log n); with an alignment, O(log n) more
   * for each segment that is large enough but lies badly.
   * @param size bytes, a whole number from 1 up
   * @param align a power of two; the option `align` is the least
   * @returns the address, or null when no free segment serves and the range may not grow
   * @throws RangeError for a bad size or alignment; nothing is changed
   * @example
   * ```js
   * const fit = new IndexedFit({ capacity: 1024, growBy: 4096, maxCapacity: 8192 });
   * fit.allocate(1000);   // => 0
   * // The range grows by 4096, and may not grow twice.
   * fit.allocate(2000, 256);   // => 1024
   * fit.capacity;   // => 5120
   * fit.allocate(4000);   // => null
   * ```
   */
  allocate(size: number, align = 1): number | null {
    checkSize(size);
    checkAlign(align);
    this.freeIndex.visited = 0;
    const need = this.policy.need(size);
    const alignment = Math.max(align, this.policy.align);
    let node = this.search(need, alignment);
    if (node === NIL) {
      if (!this.growFor(need, alignment)) return null;
      node = this.table.last;
      this.freeIndex.visited++;
      this.serves(node, need, alignment);
    }
    return this.take(node, need, alignment, size);
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new IndexedFit({ capacity: 4096, fit: 'best' }).toJSON().fit;   // => 'best'
   * ```
   */
  toJSON(): object {
    return { fit: this.policy.fit, base: this.base, ...this.stats() };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  /** The free segment that the policy chooses, or NIL. */
  private search(need: number, align: number): number {
    const free = this.freeIndex;
    const rover = this.rover;
    if (rover === NIL) {
      let node = free.firstFit(need);
      while (node !== NIL && !this.serves(node, need, align)) node = free.fitAfter(node, need);
      return node;
    }
    const first = free.fitFrom(rover, need);
    let node = first;
    while (node !== NIL && !this.serves(node, need, align)) node = free.fitAfter(node, need);
    if (node !== NIL) return node;
    // Round the list: from its head to where this search began.
    node = free.firstFit(need);
    while (node !== first && !this.serves(node, need, align)) node = free.fitAfter(node, need);
    return node === first ? NIL : node;
  }

  /** Whether a free segment that is large enough also lies so that the request fits. */
  private serves(node: number, need: number, align: number): boolean {
    const start = this.table.start(node);
    const end = start + this.table.size(node);
    const fits = this.policy.place(start, end, need, align) >= 0;
    this.observer?.inspect(start, end, fits);
    return fits;
  }

  /** Takes the request out of the free segment `node`, which is known to serve. */
  private take(node: number, need: number, align: number, size: number): number {
    const table = this.table;
    const free = this.freeIndex;
    const { policy } = this;
    const start = table.start(node);
    const end = start + table.size(node);
    const head = policy.place(start, end, need, align);
    const from = policy.cutFront(start, head);
    const to = policy.cutBack(head + need, end);
    if (from > start) this.observer?.split(start, from, end);
    if (to < end) this.observer?.split(from, to, end);
    if (policy.fit === 'next') this.rover = free.after(node);
    // What remains behind keeps the place in the list, or else what remains in front.
    const used = from > start ? table.split(node, from - start) : node;
    if (to < end) {
      const rest = table.split(used, to - from);
      free.replace(node, rest, end - to, this.keptRank(node, to));
      if (from > start) free.insert(node, from - start, this.newRank(start));
      if (policy.fit === 'next') this.rover = rest;
    } else if (from > start) free.replace(node, node, from - start, this.keptRank(node, start));
    else free.remove(node);
    const address = head + policy.header;
    table.take(used, size);
    table.setAddress(used, address);
    this.addresses.add(used);
    this.observer?.take(from, to, address, size);
    return address;
  }

  /**
   * Gives the segment at `address` back; it joins its free neighbours, unless the option `coalesce` is false.
   * O(log n).
   * @throws InvalidFreeError when no used segment starts there; nothing is changed
   * @example
   * ```js
   * const fit = new IndexedFit({ capacity: 300, header: 16 });
   * const [a, b] = [fit.allocate(100), fit.allocate(100)];
   * // Addresses lie behind their headers.
   * [a, b];   // => [16, 132]
   * fit.free(0);   // => throws InvalidFreeError: lies inside a used segment
   * fit.free(a);
   * fit.freeList().map(({ start, end }) => end - start);   // => [116, 68]
   * ```
   */
  free(address: number): void {
    checkAddress(address);
    const node = this.addresses.remove(address);
    if (node === NIL) throw new InvalidFreeError(address, this.table.classify(address));
    this.table.release(node);
    this.giveBack(node);
  }

  /** Puts a segment that has become free into the index, merged with its free neighbours where it should be. */
  private giveBack(node: number): void {
    if (this.observer !== undefined) {
      const start = this.table.start(node);
      this.observer.release(start, start + this.table.size(node));
    }
    this.addFree(node);
  }

  private addFree(node: number): void {
    const table = this.table;
    const free = this.freeIndex;
    const left = this.policy.coalesce ? table.freePrev(node) : NIL;
    const right = this.policy.coalesce ? table.freeNext(node) : NIL;
    let start = table.start(node);
    let end = start + table.size(node);
    if (left !== NIL) {
      const middle = start;
      start = table.start(left);
      this.observer?.coalesce(start, middle, end);
    }
    if (right !== NIL) {
      const middle = end;
      end += table.size(right);
      this.observer?.coalesce(start, middle, end);
    }
    const merged = left === NIL ? node : left;
    const rank = this.newRank(start);
    if (left !== NIL) {
      if (right !== NIL) free.remove(right);
      free.replace(left, left, end - start, rank);
    } else if (right !== NIL) free.replace(right, node, end - start, rank);
    else free.insert(node, end - start, rank);
    if (right !== NIL) {
      if (this.rover === right) this.rover = merged;
      table.absorbNext(node);
    }
    if (left !== NIL) table.absorbNext(left);
  }

  /** The rank of a segment that enters the free list. */
  private newRank(start: number): number {
    return this.rankSign === 0 ? start : this.rankSign * ++this.releases;
  }

  /** The rank of what remains, from `start` on, of the free segment `node`. */
  private keptRank(node: number, start: number): number {
    return this.rankSign === 0 ? start : this.freeIndex.rankOf(node);
  }

  /**
   * Bytes from `address` to the end of its segment: at least those requested. O(1).
   * @throws InvalidFreeError when no used segment starts at `address`
   * @example
   * ```js
   * const fit = new IndexedFit({ capacity: 1024, header: 8, block: 32 });
   * // 8 + 50 bytes, rounded up to 64, of which the header has 8.
   * fit.sizeOf(fit.allocate(50));   // => 56
   * ```
   */
  sizeOf(address: number): number {
    const node = this.find(address);
    return this.table.start(node) + this.table.size(node) - address;
  }

  private find(address: number): number {
    checkAddress(address);
    const node = this.addresses.find(address);
    if (node === NIL) throw new InvalidFreeError(address, this.table.classify(address));
    return node;
  }

  /**
   * Makes the segment hold `size` bytes in place: gives the bytes behind back where they are worth a segment, or
   * takes from the free segment that follows. O(log n).
   * @returns false when there is no room behind; nothing is changed then
   * @throws RangeError for a bad size, InvalidFreeError when no used segment starts at `address`
   * @example
   * ```js
   * const fit = new IndexedFit({ capacity: 100, minRemainder: 16 });
   * const file = fit.allocate(50);
   * fit.resize(file, 101);   // => false
   * fit.resize(file, 90);   // => true
   * // The 10 bytes left were not worth a segment.
   * fit.sizeOf(file);   // => 100
   * ```
   */
  resize(address: number, size: number): boolean {
    checkSize(size);
    const table = this.table;
    const node = this.find(address);
    const start = table.start(node);
    const end = start + table.size(node);
    const tail = address - this.policy.header + this.policy.need(size);
    if (tail > end) {
      if (!this.extend(node, end, tail)) return false;
    } else {
      const cut = this.policy.cutBack(tail, end);
      if (cut < end) {
        this.observer?.split(start, cut, end);
        this.giveBack(table.split(node, cut - start));
      }
    }
    table.setRequested(node, size);
    this.observer?.take(start, start + table.size(node), address, size);
    return true;
  }

  /** Lets the used segment `node` reach from `end` at least to `tail`, at the cost of the free one behind it. */
  private extend(node: number, end: number, tail: number): boolean {
    const table = this.table;
    const free = this.freeIndex;
    const behind = table.freeNext(node);
    if (behind === NIL) return false;
    const limit = end + table.size(behind);
    if (limit < tail) return false;
    const to = this.policy.cutBack(tail, limit);
    if (to < limit) this.observer?.split(end, to, limit);
    this.observer?.coalesce(table.start(node), end, to);
    if (to < limit) {
      const rest = table.split(behind, to - end);
      free.replace(behind, rest, limit - to, this.keptRank(behind, to));
      if (this.rover === behind) this.rover = rest;
    } else {
      if (this.rover === behind) this.rover = free.after(behind);
      free.remove(behind);
    }
    table.absorbNext(node);
    return true;
  }

  /**
   * Moves the end of the range up to `newCapacity` bytes; the new ones join a free segment at the end. O(log n).
   * @throws RangeError when `newCapacity` is less than the capacity or more than `maxCapacity`; nothing is changed
   * @example
   * ```js
   * const fit = new IndexedFit({ capacity: 100, base: 1000 });
   * fit.allocate(80);
   * fit.grow(200);
   * fit.largestFree();   // => 120
   * fit.grow(100);   // => throws RangeError: newCapacity
   * ```
   */
  grow(newCapacity: number): void {
    const { capacity } = this;
    this.policy.checkGrow(capacity, newCapacity);
    if (newCapacity === capacity) return;
    this.observer?.grow(capacity, newCapacity);
    this.addFree(this.table.append(newCapacity - capacity));
  }

  /** Moves the end of the range so far that the request fits behind it; false where the options forbid it. */
  private growFor(need: number, align: number): boolean {
    const table = this.table;
    const { last } = table;
    const start = this.policy.coalesce && !table.isUsed(last) ? table.start(last) : table.end;
    const newCapacity = this.policy.capacityFor(this.capacity, start, need, align);
    if (newCapacity < 0) return false;
    this.grow(newCapacity);
    return true;
  }

  /**
   * The figures of AllocatorStats, in bytes. O(1).
   * @example
   * ```js
   * const fit = new IndexedFit({ capacity: 1000, header: 16 });
   * for (let i = 0; i < 10; i++) fit.allocate(4);
   * // For 40 bytes requested:
   * const { usedBytes, freeSegments } = fit.stats();
   * [usedBytes, freeSegments];   // => [200, 1]
   * ```
   */
  stats(): AllocatorStats {
    const table = this.table;
    return {
      capacity: table.capacity,
      usedBytes: table.usedBytes,
      freeBytes: table.freeBytes,
      usedSegments: table.usedSegments,
      freeSegments: table.freeSegments,
      bookkeepingBytes: table.bytes + this.addresses.bytes + this.freeIndex.bytes,
    };
  }

  /**
   * Bytes of the largest free segment, 0 when nothing is free. O(log n).
   * @example
   * ```js
   * const fit = new IndexedFit({ capacity: 100 });
   * const [a, , c] = [40, 20, 30].map((size) => fit.allocate(size));
   * fit.free(a);
   * fit.free(c);
   * // External fragmentation: the share of the free bytes that one request cannot have.
   * 1 - fit.largestFree() / fit.stats().freeBytes;   // => 0.5
   * ```
   */
  largestFree(): number {
    return this.freeIndex.largest();
  }

  /**
   * Every segment in address order, with the bytes requested of each used one. O(1) a segment. The allocator must
   * not be changed during the walk.
   * @example
   * ```js
   * const fit = new IndexedFit({ capacity: 100, header: 8 });
   * fit.allocate(10);
   * const [used] = fit.segments();
   * used;   // => { start: 0, end: 18, used: true, address: 8, requested: 10 }
   * ```
   */
  segments(): Iterable<Segment> {
    return this.table.segments();
  }

  /**
   * The free segments in the order of the list, as NaiveAllocator's. O(n), or O(n log n) where the index has
   * another order.
   * @example
   * ```js
   * const fit = new IndexedFit({ capacity: 100, order: 'newest-first' });
   * const [a, , c] = [10, 10, 10, 10].map((size) => fit.allocate(size));
   * fit.free(a);
   * fit.free(c);
   * // Last freed, first used.
   * fit.freeList().map(({ start }) => start);   // => [20, 0, 40]
   * ```
   */
  freeList(): Segment[] {
    const { order } = this.policy;
    const entries = Array.from(this.freeIndex, (node) => {
      const start = this.table.start(node);
      return { start, size: this.table.size(node), rank: this.freeIndex.rankOf(node) };
    });
    const indexed = indexOrder(this.policy);
    if (indexed !== 'rank' && indexed !== order) {
      const sign = order === 'size-up' ? 1 : order === 'size-down' ? -1 : 0;
      entries.sort((a, b) => sign * (a.size - b.size) || a.rank - b.rank);
    }
    return entries.map(({ start, size }) => ({ start, end: start + size, used: false, address: start }));
  }

  /**
   * Checks every law of the bookkeeping, the index included. O(n log n) at most: for tests.
   * @throws CorruptionError naming the broken law
   * @example
   * ```js
   * const run = (allocator) => {
   *   const addresses = [100, 2000, 30].map((size) => allocator.allocate(size, 64));
   *   allocator.check();
   *   return addresses;
   * };
   * run(new IndexedFit({ capacity: 9999 }));   // => run(new NaiveAllocator({ capacity: 9999 }))
   * ```
   */
  check(): void {
    const table = this.table;
    const free = this.freeIndex;
    table.check(this.policy.coalesce);
    this.addresses.check();
    free.check((node) => table.size(node));
    law(
      free.size === table.freeSegments,
      'every free segment is in the index',
      () => `${free.size} of ${table.freeSegments}`,
    );
    let roverStands = this.rover === NIL;
    for (const node of free) {
      const start = table.start(node);
      const rank = free.rankOf(node);
      roverStands ||= node === this.rover;
      law(!table.isUsed(node), 'every entry of the index is free', () => `the segment at ${start}`);
      law(
        this.rankSign !== 0 || rank === start,
        'a segment is ranked by its start where the order is not by age',
        () => `rank ${rank} of the segment at ${start}`,
      );
    }
    law(roverStands, 'the rover is a free segment', () => `segment ${this.rover}`);
    const { align, header, minRemainder } = this.policy;
    for (const { start, used, address } of this.segments()) {
      if (!used) continue;
      const padding = address - header - start;
      law(address % align === 0, 'every address is a multiple of align', () => `${address} and ${align}`);
      law(
        padding >= 0 && padding < minRemainder,
        'padding worth a segment is one',
        () => `${padding} bytes before the header of ${address}`,
      );
    }
  }
}

/** Best and worst fit search by size; first and next fit in list order. */
function indexOrder({ fit, order }: SegmentPolicy): IndexOrder {
  if (fit === 'best') return 'size-up';
  if (fit === 'worst') return 'size-down';
  return order === 'size-up' || order === 'size-down' ? order : 'rank';
}
