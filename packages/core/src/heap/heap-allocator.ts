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
import type { Heap } from './heap.js';

export class HeapAllocator implements Allocator {
  readonly heap: Heap;
  /** A heap does not count what it looks at: always 0. */
  readonly inspected = 0;

  constructor(heap: Heap) {
    this.heap = heap;
  }

  get base(): number {
    return this.heap.base;
  }

  get capacity(): number {
    return this.heap.stats().capacity;
  }

  allocate(size: number, align = 1): number | null {
    checkSize(size);
    checkAlign(align);
    if (align > 2 ** 31) return null;
    const { heap } = this;
    const address = align <= heap.alignment ? heap.malloc(size) : heap.alignedAlloc(align, size);
    return address === 0 ? null : address;
  }

  free(address: number): void {
    if (address === 0) throw new InvalidFreeError(address, 'outside');
    this.heap.free(address);
  }

  sizeOf(address: number): number {
    return this.heap.usableSize(address);
  }

  resize(address: number, size: number): boolean {
    checkSize(size);
    return this.heap.resize(address, size);
  }

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

  largestFree(): number {
    return this.heap.largestFree();
  }

  *segments(): Iterable<Segment> {
    for (const { address, size, kind } of this.heap.walk()) {
      const end = address + size;
      if (kind === 'bookkeeping') yield { start: address, end, used: true, address, own: true };
      else yield { start: address, end, used: kind === 'used', address };
    }
  }

  check(): void {
    this.heap.check();
  }
}
