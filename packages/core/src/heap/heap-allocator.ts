/**
 * A heap behind the contract of all allocators, for whatever drives those: replays, measures, the conformance suite.
 *
 * What the heap keeps of itself lies inside the range, in segments of its own that come and go. The range begins at the
 * heap's base and ends where the memory or the limit does; growth of the memory moves the end. Programs that hold a heap
 * have no need of this.
 *
 * Cost and waste: the heap's.
 */
import { type Allocator, type AllocatorStats, InvalidFreeError, type Segment } from '../allocator.js';
import { checkAlign, checkSize } from '../arguments.js';
import { display } from '../display.js';
import { INSPECT, summary } from '../summary.js';
import { Heap } from './heap.js';

/**
 * A heap behind the contract of all allocators, for code that drives any of them. Null is the answer of a full
 * heap, and 0 an address that is never given.
 * @example
 * ```js
 * const churn = (allocator) => {
 *   for (let size = 1; size <= 1000; size++) allocator.free(allocator.allocate(size));
 *   return allocator.stats().usedBytes;
 * };
 * churn(new HeapAllocator(Heap.create(new ArrayBuffer(65536))));   // => 0
 * churn(new Tlsf({ capacity: 65536 }));   // => 0
 * ```
 */
export class HeapAllocator implements Allocator {
  readonly heap: Heap;
  /** A heap does not count what it looks at: always 0. */
  readonly inspected = 0;

  /** @throws TypeError unless `heap` is one */
  constructor(heap: Heap) {
    if (!(heap instanceof Heap)) {
      throw new TypeError(
        `HeapAllocator wraps a Heap, such as Heap.create(memory) returns, got ${display(heap)}`,
      );
    }
    this.heap = heap;
  }

  get base(): number {
    return this.heap.base;
  }

  get capacity(): number {
    return this.heap.stats().capacity;
  }

  /**
   * `Heap.malloc`, or `alignedAlloc` for an `align` above the heap's own.
   * @param size bytes, a whole number from 1 up
   * @param align a power of two
   * @returns the address; null when there is no room, and for an `align` above 2^31
   * @throws RangeError for a bad size or alignment
   * @example
   * ```js
   * const allocator = new HeapAllocator(Heap.create(new ArrayBuffer(65536)));
   * allocator.allocate(100, 256);   // => 256
   * allocator.allocate(65536);   // => null
   * // Other than malloc's, a size of 0 is misuse here.
   * allocator.allocate(0);   // => throws RangeError: size
   * ```
   */
  allocate(size: number, align = 1): number | null {
    checkSize(size);
    checkAlign(align);
    if (align > 2 ** 31) return null;
    const { heap } = this;
    const address = align <= heap.alignment ? heap.malloc(size) : heap.alignedAlloc(align, size);
    return address === 0 ? null : address;
  }

  /**
   * `Heap.free`, but that 0 is refused as well.
   * @throws InvalidFreeError for an address that is not that of a live block; nothing is changed
   * @example
   * ```js
   * const allocator = new HeapAllocator(Heap.create(new ArrayBuffer(65536)));
   * allocator.free(allocator.allocate(100));
   * allocator.free(0);   // => throws InvalidFreeError: outside the range
   * ```
   */
  free(address: number): void {
    if (address === 0) throw new InvalidFreeError(address, 'outside');
    this.heap.free(address);
  }

  /**
   * `Heap.usableSize`: the bytes of the block, at least those requested. O(1).
   * @throws InvalidFreeError for an address that is not that of a live block
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536), { alignment: 8 });
   * const allocator = new HeapAllocator(heap);
   * // Blocks are multiples of 8 here.
   * allocator.sizeOf(allocator.allocate(33));   // => 40
   * ```
   */
  sizeOf(address: number): number {
    return this.heap.usableSize(address);
  }

  /**
   * `Heap.resize`: in place or not at all.
   * @returns false when there is no room behind the block; it is as it was then
   * @throws RangeError for a bad size, InvalidFreeError for an address that is not that of a live block
   * @example
   * ```js
   * const allocator = new HeapAllocator(Heap.create(new ArrayBuffer(65536)));
   * const [block, next] = [allocator.allocate(64), allocator.allocate(64)];
   * allocator.resize(block, 65);   // => false
   * allocator.resize(next, 60_000);   // => true
   * ```
   */
  resize(address: number, size: number): boolean {
    checkSize(size);
    return this.heap.resize(address, size);
  }

  /**
   * The heap's figures as those of all allocators. What it keeps of itself is `own`: inside the range, in neither
   * `usedBytes` nor `freeBytes`; `bookkeepingBytes`, what lies outside, is 0. O(1).
   * @example
   * ```js
   * const allocator = new HeapAllocator(Heap.create(new ArrayBuffer(65536)));
   * const { capacity, usedBytes, freeBytes, own } = allocator.stats();
   * own;   // => { bytes: 144, reachBytes: 144 }
   * capacity - usedBytes - freeBytes;   // => 144
   * ```
   */
  stats(): AllocatorStats {
    const { capacity, usedBytes, freeBytes, usedBlocks, freeBlocks, bookkeepingBytes, reachBytes } =
      this.heap.stats();
    return {
      capacity,
      usedBytes,
      freeBytes,
      usedSegments: usedBlocks,
      freeSegments: freeBlocks,
      bookkeepingBytes: 0,
      own: { bytes: bookkeepingBytes, reachBytes },
    };
  }

  /**
   * `Heap.largestFree`, 0 when nothing is free. O(blocks of one bin).
   * @example
   * ```js
   * const allocator = new HeapAllocator(Heap.create(new ArrayBuffer(65536)));
   * const size = allocator.largestFree();   // => 65392
   * allocator.allocate(size + 1);   // => null
   * ```
   */
  largestFree(): number {
    return this.heap.largestFree();
  }

  /**
   * Every block in address order; those of the heap's own bookkeeping are used, with `own: true`. What was
   * requested of the others is not remembered. The heap must not be changed during the walk.
   * @example
   * ```js
   * const allocator = new HeapAllocator(Heap.create(new ArrayBuffer(65536)));
   * allocator.allocate(100);
   * const owned = [...allocator.segments()].filter(({ own }) => own);
   * owned.at(-1).end;   // => 144
   * ```
   */
  *segments(): Iterable<Segment> {
    for (const { address, size, kind } of this.heap.walk()) {
      const end = address + size;
      if (kind === 'bookkeeping') yield { start: address, end, used: true, address, own: true };
      else yield { start: address, end, used: kind === 'used', address };
    }
  }

  /**
   * `Heap.check`. O(blocks).
   * @throws CorruptionError naming the broken law
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536));
   * const allocator = new HeapAllocator(heap);
   * for (const size of [10, 200, 3000]) allocator.allocate(size);
   * allocator.check();   // => undefined
   * ```
   */
  check(): void {
    this.heap.check();
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new HeapAllocator(Heap.create(new ArrayBuffer(65536))).toJSON().usedBytes;   // => 0
   * ```
   */
  toJSON(): object {
    return { base: this.base, ...this.stats() };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}
