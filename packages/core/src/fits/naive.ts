/**
 * The naive allocator: a linked list of the allocated segments, a linked list of the free ones, a node each with
 * start and end, and a descriptor that holds both. First, next, best and worst fit over a free list in any of
 * five orders. It is the readable reference: IndexedFit makes the same decisions in O(log n).
 *
 * Cost, with f free and u used segments: allocate O(f), whether it succeeds or not; free O(u + f), because it
 * walks the allocated list to find the segment and the free list to find neighbours; stats O(1); segments
 * O((u + f) log(u + f)), since neither list need be in address order.
 *
 * Waste: nothing inside a segment but what the options ask for (headers, blocks, alignment); 48 bytes a segment
 * outside the range. External fragmentation is what the policies are compared by.
 *
 * Not for: more than some thousand segments. Take IndexedFit, or Tlsf where O(1) counts for more than the policy.
 *
 * Source: D. E. Knuth, The Art of Computer Programming, volume 1, section 2.5, algorithms A and B, with the
 * roving pointer of its exercise 6.
 */
import { type Allocator, type AllocatorStats, InvalidFreeError, law, type Segment } from '../allocator.js';
import { checkAddress, checkAlign, checkBoolean, checkOptions, checkSize } from '../arguments.js';
import { display } from '../display.js';
import { type EventQueue, observe } from '../observed.js';
import { INSPECT, summary } from '../summary.js';
import { type MemoryMapping, settleMapping } from './mapping.js';
import { checkLinks, FreeList, NODE_BYTES, SegmentList, SegmentNode } from './naive-list.js';
import { SEGMENT_OPTIONS, type SegmentOptions, SegmentPolicy } from './options.js';

export interface NaiveOptions extends SegmentOptions {
  /**
   * Whether the descriptor remembers the size of the largest free segment, so that larger requests fail without
   * a walk; default false. See MemoryDescriptor.
   */
  readonly largestHint?: boolean;
  /** The file or device that the range is mapped to, for the descriptor to tell; memory of its own when left out. */
  readonly mapping?: MemoryMapping;
}

/** Bytes of a MemoryDescriptor as a C struct: base, break, limit, five list pointers, the hint, the mapping. */
const DESCRIPTOR_BYTES = 80;

/**
 * What the allocator knows of its memory: where it lies, what it is mapped to, and the heads of the two lists.
 * @example
 * ```js
 * const { descriptor } = new NaiveAllocator({ capacity: 4096, base: 0x1000, maxCapacity: 8192 });
 * [descriptor.base, descriptor.break, descriptor.limit];   // => [0x1000, 0x2000, 0x3000]
 * [descriptor.segments.length, descriptor.free.length];   // => [0, 1]
 * ```
 */
export class MemoryDescriptor {
  readonly base: number;
  /** Where the range ends, and where it may end at most. */
  break: number;
  readonly limit: number;
  /** The file or device behind the range; null where that is memory of its own. */
  readonly mapping: Required<MemoryMapping> | null;
  /** The allocated segments, newest first: most segments are freed young, and so found soon. */
  readonly segments = new SegmentList();
  readonly free: FreeList;
  /** Where the next search of next fit begins; null: at the head of the free list. */
  rover: SegmentNode | null = null;
  /**
   * Without largestHint always infinite; with it at least the size of the largest free segment, and mostly just
   * that. A freed or merged segment raises it. Taking from the largest leaves it too high, for what is now the
   * largest is not known: to find out at once would cost a walk each time. Instead every search that walks the
   * whole list (of best and worst fit each, of first and next fit each that fails) makes it exact on its way.
   * So after the largest was taken, one request at most walks in vain.
   */
  largest = Number.POSITIVE_INFINITY;

  /** @throws RangeError where the mapping is none */
  constructor(policy: SegmentPolicy, capacity: number, mapping?: MemoryMapping) {
    this.base = policy.base;
    this.break = policy.base + capacity;
    this.limit = policy.base + policy.maxCapacity;
    this.mapping = mapping === undefined ? null : settleMapping(mapping, capacity);
    this.free = new FreeList(policy.order);
  }

  /**
   * Where in the mapped file or device the byte at `address` lies; null where nothing is mapped. O(1).
   * @throws RangeError when `address` is not inside the range
   * @example
   * ```js
   * const mapping = { kind: 'file', name: 'data.bin', offset: 8192 };
   * const { descriptor } = new NaiveAllocator({ capacity: 4096, base: 0x1000, mapping });
   * descriptor.offsetOf(0x1010);   // => 8208
   * descriptor.offsetOf(0x2000);   // => throws RangeError: address
   * ```
   */
  offsetOf(address: number): number | null {
    if (!(typeof address === 'number' && address >= this.base && address < this.break)) {
      throw new RangeError(
        `address must be from ${this.base} up, below ${this.break}, got ${display(address)}`,
      );
    }
    return this.mapping === null ? null : this.mapping.offset + (address - this.base);
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new NaiveAllocator({ capacity: 4096 }).descriptor.toJSON().freeSegments;   // => 1
   * ```
   */
  toJSON(): object {
    return {
      base: this.base,
      break: this.break,
      limit: this.limit,
      mapping: this.mapping,
      segments: this.segments.length,
      freeSegments: this.free.length,
      largest: this.largest,
    };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}

/**
 * A linked list of the allocated segments and one of the free, as in a textbook: first, next, best or worst fit
 * over a free list in any of five orders. The readable reference, for teaching and for checking others. O(n) a
 * call. All sizes are in bytes.
 * @example
 * ```js
 * const place = (fit) => {
 *   const naive = new NaiveAllocator({ capacity: 1000, fit });
 *   const [a, , c] = [300, 10, 100, 10].map((size) => naive.allocate(size));
 *   naive.free(c);
 *   naive.free(a);
 *   return naive.allocate(90);
 * };
 * ['first', 'next', 'best', 'worst'].map(place);   // => [0, 420, 310, 420]
 * ```
 */
export class NaiveAllocator implements Allocator {
  readonly policy: SegmentPolicy;
  readonly descriptor: MemoryDescriptor;
  inspected = 0;
  private readonly largestHint: boolean;
  private readonly observer: EventQueue | undefined;
  private usedBytes = 0;

  /** @throws RangeError naming the option that is not as NaiveOptions says, TypeError for one that is none of them */
  constructor(options: NaiveOptions) {
    checkOptions('NaiveAllocator', options, { ...SEGMENT_OPTIONS, largestHint: true, mapping: true });
    const { largestHint = false } = options;
    checkBoolean('largestHint', largestHint);
    this.policy = new SegmentPolicy(options);
    this.descriptor = new MemoryDescriptor(this.policy, options.capacity, options.mapping);
    this.largestHint = largestHint;
    this.observer = observe(this, options.observer);
    const { base, break: end, free } = this.descriptor;
    free.insert(new SegmentNode(base, end));
    if (this.largestHint) this.descriptor.largest = end - base;
  }

  get base(): number {
    return this.descriptor.base;
  }

  get capacity(): number {
    return this.descriptor.break - this.descriptor.base;
  }

  /**
   * Walks the free list and takes `size` bytes out of the segment that the policy chooses. O(free segments);
   * `inspected` tells how many it looked at.
   * @param size bytes, a whole number from 1 up
   * @param align a power of two; the option `align` is the least
   * @returns the address, or null when no free segment serves and the range may not grow
   * @throws RangeError for a bad size or alignment; nothing is changed
   * @example
   * ```js
   * const naive = new NaiveAllocator({ capacity: 256 });
   * naive.allocate(10);   // => 0
   * // The padding from 10 to 64 becomes a free segment.
   * naive.allocate(10, 64);   // => 64
   * naive.allocate(183);   // => null
   * naive.inspected;   // => 2
   * ```
   */
  allocate(size: number, align = 1): number | null {
    checkSize(size);
    checkAlign(align);
    this.inspected = 0;
    const need = this.policy.need(size);
    const alignment = Math.max(align, this.policy.align);
    let node = this.search(need, alignment);
    if (node === null && this.growFor(need, alignment)) node = this.search(need, alignment);
    return node === null ? null : this.take(node, need, alignment, size);
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new NaiveAllocator({ capacity: 4096 }).toJSON().freeBytes;   // => 4096
   * ```
   */
  toJSON(): object {
    return { fit: this.policy.fit, order: this.policy.order, base: this.base, ...this.stats() };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  /** Once round the free list, from the rover in next fit and from the head in the others. */
  private search(need: number, align: number): SegmentNode | null {
    const { descriptor, policy } = this;
    const { head } = descriptor.free;
    if (need > descriptor.largest || head === null) return null;
    const from = descriptor.rover ?? head;
    let chosen: SegmentNode | null = null;
    let largest = 0;
    let node = from;
    do {
      const fits = policy.place(node.start, node.end, need, align) >= 0;
      this.inspected++;
      this.observer?.inspect(node.start, node.end, fits);
      if (fits) {
        if (policy.fit === 'first' || policy.fit === 'next') return node;
        if (chosen === null || (policy.fit === 'best' ? node.size < chosen.size : node.size > chosen.size)) {
          chosen = node;
        }
      }
      largest = Math.max(largest, node.size);
      node = node.next ?? head;
    } while (node !== from);
    if (this.largestHint) descriptor.largest = largest;
    return chosen;
  }

  /** Takes the request out of the free segment `node`, which is known to serve. */
  private take(node: SegmentNode, need: number, align: number, size: number): number {
    const { policy } = this;
    const observer = this.observer;
    const { free, segments } = this.descriptor;
    const { start, end, next } = node;
    const head = policy.place(start, end, need, align);
    const from = policy.cutFront(start, head);
    const to = policy.cutBack(head + need, end);
    if (from > start) observer?.split(start, from, end);
    if (to < end) observer?.split(from, to, end);

    let used = node;
    if (from === start && to === end) free.remove(node);
    else {
      // What remains keeps the node, and its place in the list: the bytes behind if there are any.
      used = new SegmentNode(from, to);
      if (to < end) {
        free.shrink(node, to, end);
        if (from > start) free.insert(new SegmentNode(start, from));
      } else free.shrink(node, start, from);
    }
    if (policy.fit === 'next') this.descriptor.rover = to < end ? node : next;
    if (this.largestHint && free.length <= 1) this.descriptor.largest = free.head?.size ?? 0;

    used.address = head + policy.header;
    used.requested = size;
    segments.insertBefore(segments.head, used);
    this.usedBytes += to - from;
    observer?.take(from, to, used.address, size);
    return used.address;
  }

  /**
   * Walks the allocated list for the segment at `address` and gives it back; a walk of the free list finds the
   * neighbours it joins. O(used + free segments).
   * @throws InvalidFreeError when no used segment starts there; nothing is changed
   * @example
   * ```js
   * const naive = new NaiveAllocator({ capacity: 100, coalesce: false });
   * for (const address of [naive.allocate(50), naive.allocate(50)]) naive.free(address);
   * // All is free, but without coalescing in two pieces.
   * naive.allocate(100);   // => null
   * naive.free(0);   // => throws InvalidFreeError: freed already
   * ```
   */
  free(address: number): void {
    const node = this.find(address);
    this.descriptor.segments.remove(node);
    this.giveBack(node);
  }

  /** The used segment at `address`, found by a walk. */
  private find(address: number): SegmentNode {
    checkAddress(address);
    const { base, break: end, segments } = this.descriptor;
    if (!(address >= base && address < end)) throw new InvalidFreeError(address, 'outside');
    let interior = false;
    for (let node = segments.head; node !== null; node = node.next) {
      if (node.address === address) return node;
      interior ||= node.start <= address && address < node.end;
    }
    throw new InvalidFreeError(address, interior ? 'interior' : 'free');
  }

  /** Makes a used segment, of no list by now, a free one. */
  private giveBack(node: SegmentNode): void {
    this.usedBytes -= node.size;
    this.observer?.release(node.start, node.end);
    this.addFree(node);
  }

  /** Puts a segment into the free list, merged with its free neighbours where the policy coalesces. */
  private addFree(node: SegmentNode): void {
    const { descriptor } = this;
    const observer = this.observer;
    if (this.policy.coalesce) {
      const [left, right] = this.freeNeighbours(node.start, node.end);
      if (left !== null) {
        observer?.coalesce(left.start, node.start, node.end);
        node.start = left.start;
        this.absorb(left, node);
      }
      if (right !== null) {
        observer?.coalesce(node.start, right.start, right.end);
        node.end = right.end;
        this.absorb(right, node);
      }
    }
    descriptor.free.insert(node);
    if (this.largestHint) descriptor.largest = Math.max(descriptor.largest, node.size);
  }

  /** The free segments that end at `start` and that start at `end`. In a list of any order, only a walk tells. */
  private freeNeighbours(start: number, end: number): [SegmentNode | null, SegmentNode | null] {
    let left: SegmentNode | null = null;
    let right: SegmentNode | null = null;
    for (let node = this.descriptor.free.head; node !== null; node = node.next) {
      if (node.end === start) left = node;
      else if (node.start === end) right = node;
    }
    return [left, right];
  }

  /** Drops the free node `old`, whose bytes are `merged`'s now; a rover that stood there moves along. */
  private absorb(old: SegmentNode, merged: SegmentNode): void {
    this.descriptor.free.remove(old);
    if (this.descriptor.rover === old) this.descriptor.rover = merged;
  }

  /**
   * Bytes from `address` to the end of its segment: at least those requested. O(used segments).
   * @throws InvalidFreeError when no used segment starts at `address`
   * @example
   * ```js
   * const naive = new NaiveAllocator({ capacity: 1024, minRemainder: 32 });
   * const a = naive.allocate(1000);
   * // The 24 bytes left are not worth a segment: the request has them too.
   * naive.sizeOf(a);   // => 1024
   * ```
   */
  sizeOf(address: number): number {
    return this.find(address).end - address;
  }

  /**
   * Makes the segment hold `size` bytes in place. Shrinking gives the bytes behind back, if they are worth a
   * segment; growing takes from the free segment that follows, as far as it reaches. O(used + free segments).
   * @returns false when there is no room behind; nothing is changed then
   * @throws RangeError for a bad size, InvalidFreeError when no used segment starts at `address`
   * @example
   * ```js
   * const naive = new NaiveAllocator({ capacity: 100 });
   * const [a, b] = [naive.allocate(40), naive.allocate(20)];
   * naive.resize(a, 30);   // => true
   * naive.resize(a, 41);   // => false
   * naive.freeList().map(({ start, end }) => [start, end]);   // => [[30, 40], [60, 100]]
   * ```
   */
  resize(address: number, size: number): boolean {
    checkSize(size);
    const node = this.find(address);
    const tail = address - this.policy.header + this.policy.need(size);
    if (tail > node.end) {
      if (!this.extend(node, tail)) return false;
    } else {
      const cut = this.policy.cutBack(tail, node.end);
      if (cut < node.end) {
        const rest = new SegmentNode(cut, node.end);
        this.observer?.split(node.start, cut, node.end);
        node.end = cut;
        this.giveBack(rest);
      }
    }
    node.requested = size;
    this.observer?.take(node.start, node.end, address, size);
    return true;
  }

  /** Lets the used segment `node` reach at least to `tail`, at the cost of the free one behind it. */
  private extend(node: SegmentNode, tail: number): boolean {
    const { free, rover } = this.descriptor;
    const [, behind] = this.freeNeighbours(node.start, node.end);
    if (behind === null || behind.end < tail) return false;
    const to = this.policy.cutBack(tail, behind.end);
    if (to < behind.end) this.observer?.split(behind.start, to, behind.end);
    this.observer?.coalesce(node.start, node.end, to);
    this.usedBytes += to - node.end;
    node.end = to;
    if (to < behind.end) {
      free.shrink(behind, to, behind.end);
    } else {
      if (rover === behind) this.descriptor.rover = behind.next;
      free.remove(behind);
    }
    return true;
  }

  /**
   * Moves the break up to `base + newCapacity`. The new bytes are freed: they merge with a free segment at the end
   * of the range. O(free segments).
   * @throws RangeError when `newCapacity` is less than the capacity or more than `maxCapacity`; nothing is changed
   * @example
   * ```js
   * const naive = new NaiveAllocator({ capacity: 100 });
   * naive.allocate(90);
   * naive.allocate(50);   // => null
   * naive.grow(200);
   * naive.descriptor.break;   // => 200
   * naive.allocate(50);   // => 90
   * ```
   */
  grow(newCapacity: number): void {
    const { descriptor, capacity } = this;
    this.policy.checkGrow(capacity, newCapacity);
    if (newCapacity === capacity) return;
    const added = new SegmentNode(descriptor.break, descriptor.base + newCapacity);
    descriptor.break = added.end;
    this.observer?.grow(capacity, newCapacity);
    this.addFree(added);
  }

  /** Moves the break so far that the request fits behind it; false where the options forbid it. */
  private growFor(need: number, align: number): boolean {
    const end = this.descriptor.break;
    const last = this.policy.coalesce ? this.freeNeighbours(end, end)[0] : null;
    const newCapacity = this.policy.capacityFor(this.capacity, last?.start ?? end, need, align);
    if (newCapacity < 0) return false;
    this.grow(newCapacity);
    return true;
  }

  /**
   * The figures of AllocatorStats, in bytes. `bookkeepingBytes` is what the descriptor and the nodes would take up
   * as C structs. O(1).
   * @example
   * ```js
   * const naive = new NaiveAllocator({ capacity: 1000 });
   * const before = naive.stats().bookkeepingBytes;
   * naive.allocate(10);
   * // A node of six words of eight bytes.
   * naive.stats().bookkeepingBytes - before;   // => 48
   * ```
   */
  stats(): AllocatorStats {
    const { capacity } = this;
    const usedBytes = this.usedBytes;
    const { free, segments } = this.descriptor;
    return {
      capacity,
      usedBytes,
      freeBytes: capacity - usedBytes,
      usedSegments: segments.length,
      freeSegments: free.length,
      bookkeepingBytes: DESCRIPTOR_BYTES + NODE_BYTES * (segments.length + free.length),
    };
  }

  /**
   * Bytes of the largest free segment, 0 when nothing is free. A walk of the free list, O(free segments).
   * @example
   * ```js
   * const naive = new NaiveAllocator({ capacity: 100 });
   * naive.allocate(60);
   * naive.largestFree();   // => 40
   * naive.allocate(40);
   * naive.largestFree();   // => 0
   * ```
   */
  largestFree(): number {
    let largest = 0;
    for (const node of this.descriptor.free) largest = Math.max(largest, node.size);
    return largest;
  }

  /**
   * Every segment in address order, with the bytes requested of each used one. O(n log n): neither list need be in
   * that order.
   * @example
   * ```js
   * const naive = new NaiveAllocator({ capacity: 40 });
   * const [a] = [10, 20].map((size) => naive.allocate(size));
   * naive.free(a);
   * const draw = ({ start, end, used }) => (used ? '#' : '.').repeat((end - start) / 10);
   * naive.segments().map(draw).join('|');   // => '.|##|.'
   * ```
   */
  segments(): Segment[] {
    const used = [...this.descriptor.segments].map(usedSegment);
    return [...used, ...this.freeList()].sort((a, b) => a.start - b.start);
  }

  /**
   * The free segments in the order of the list. O(free segments).
   * @example
   * ```js
   * const naive = new NaiveAllocator({ capacity: 100, order: 'size-up' });
   * const [a, , c] = [20, 10, 10, 10].map((size) => naive.allocate(size));
   * naive.free(a);
   * naive.free(c);
   * // First fit over this order is best fit.
   * naive.freeList().map(({ start, end }) => end - start);   // => [10, 20, 50]
   * ```
   */
  freeList(): Segment[] {
    return [...this.descriptor.free].map(freeSegment);
  }

  /**
   * Checks every law of the two lists. O(n log n).
   * @throws CorruptionError naming the broken law
   * @example
   * ```js
   * const naive = new NaiveAllocator({ capacity: 100 });
   * naive.allocate(40);
   * // Break a list by hand, and see which law it was.
   * naive.descriptor.free.head.end = 90;
   * naive.check();   // => throws CorruptionError: segments end at the break
   * ```
   */
  check(): void {
    const { descriptor, policy } = this;
    const { free, segments, rover } = descriptor;
    checkLinks(free, 'the free list');
    checkLinks(segments, 'the allocated list');
    for (let node = free.head; node?.next; node = node.next) {
      const { next } = node;
      law(free.precedes(node, next), `the free list is in the order ${policy.order}`, () => pair(node, next));
    }
    let at = descriptor.base;
    let usedBytes = 0;
    let wasFree = false;
    for (const { start, end, used, address, requested = 0 } of this.segments()) {
      const where = () => `[${start}, ${end}) after ${at}`;
      law(start === at && end > start, 'segments tile the range without gap or overlap', where);
      law(used || !wasFree || !policy.coalesce, 'no two free segments are neighbours', where);
      if (used) {
        const inside = address - policy.header >= start && address + requested <= end && requested > 0;
        law(inside, 'header and request lie inside their segment', where);
        law(address % policy.align === 0, 'every address is a multiple of align', () => String(address));
        usedBytes += end - start;
      }
      at = end;
      wasFree = !used;
    }
    law(at === descriptor.break, 'segments end at the break', () => `${at} and ${descriptor.break}`);
    law(
      usedBytes === this.usedBytes,
      'usedBytes counts the used segments',
      () => `${usedBytes} and ${this.usedBytes}`,
    );
    law(
      rover === null || [...free].includes(rover),
      'the rover stands in the free list',
      () => `[${rover?.start}, ${rover?.end})`,
    );
    const largest = this.largestFree();
    law(
      largest <= descriptor.largest,
      'no free segment is larger than the hint',
      () => `${largest} and ${descriptor.largest}`,
    );
  }
}

function usedSegment({ start, end, address, requested }: SegmentNode): Segment {
  return { start, end, used: true, address, requested };
}

function freeSegment({ start, end }: SegmentNode): Segment {
  return { start, end, used: false, address: start };
}

function pair(a: SegmentNode, b: SegmentNode): string {
  return `[${a.start}, ${a.end}) before [${b.start}, ${b.end})`;
}
