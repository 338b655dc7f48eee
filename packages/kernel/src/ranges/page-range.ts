/**
 * The page allocator as an allocator of an address range, for recordings of `alloc_pages` and for comparison with the
 * others: every request is a block of 2^k frames, of a migrate type.
 *
 * Cost: as PageAllocator. Waste: up to half of a block, and at least 4 KiB a request; the watermark keeps some frames
 * back. Not for requests of less than a page.
 */
import {
  type Allocator,
  type AllocatorStats,
  CorruptionError,
  checkAlign,
  checkSize,
  display,
  INSPECT,
  type Segment,
  summary,
} from 'freehold';
import { __GFP_RECLAIMABLE, GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from '../frames/gfp.js';
import { MOVABLE, RECLAIMABLE, UNMOVABLE } from '../frames/migrate.js';
import type { PageAllocator } from '../frames/page-allocator.js';
import { ORDERS } from '../frames/zone.js';
import { FRAME_BYTES } from '../machine.js';
import { MachineRange, orderFor, type RangeOptions } from './machine-range.js';

export interface PageRangeOptions extends RangeOptions {
  /** Whether migrate types are kept apart; all requests count as movable otherwise. On when left out. */
  readonly groupByMobility?: boolean;
}

const GFP_OF_TYPE: ReadonlyMap<number, number> = new Map([
  [UNMOVABLE, GFP_KERNEL],
  [MOVABLE, GFP_HIGHUSER_MOVABLE],
  [RECLAIMABLE, GFP_KERNEL | __GFP_RECLAIMABLE],
]);

/**
 * The page allocator under the interface of core's allocators, to compare it with them: requests in bytes become
 * blocks of 2^k frames. The addresses are physical, from `base` up.
 * @example
 * ```js
 * const range = new PageRange({ capacity: 2 ** 20 });
 * const block = range.allocate(10_000);
 * range.sizeOf(block);   // => 16384
 * range.stats().usedBytes;   // => 16384
 * range.free(block);
 * range.stats().usedSegments;   // => 0
 * ```
 */
export class PageRange implements Allocator {
  /** Lists looked at: 1, or 0 when there was no block. */
  inspected = 0;
  readonly base: number;
  readonly capacity: number;
  /** What serves the requests. */
  readonly pages: PageAllocator;
  private readonly range: MachineRange;
  private readonly groupByMobility: boolean;
  private usedFrames = 0;
  private usedBlocks = 0;

  /** @throws RangeError for a capacity out of its range */
  constructor({ capacity, groupByMobility = true }: PageRangeOptions) {
    this.range = new MachineRange(capacity);
    this.base = this.range.base;
    this.capacity = this.range.capacity;
    this.pages = this.range.pages;
    this.groupByMobility = groupByMobility;
  }

  /** The bytes of the machine, by address. */
  get bytes(): Uint8Array {
    return this.range.machine.u8;
  }

  /**
   * A block of `size` bytes rounded up to 2^k frames, of those that cannot be moved. Blocks lie at multiples of
   * their own size. O(orders).
   * @param align a power of two; one above `size` makes the block larger
   * @returns the address; null when there is none so large, always for more than 4 MiB
   * @throws RangeError for a bad size or alignment
   * @example
   * ```js
   * const range = new PageRange({ capacity: 16 * 2 ** 20 });
   * range.allocate(5000) % 8192;   // => 0
   * range.sizeOf(range.allocate(100, 16_384));   // => 16384
   * range.allocate(4 * 2 ** 20 + 1);   // => null
   * range.allocate(0);   // => throws RangeError
   * ```
   */
  allocate(size: number, align = 1): number | null {
    return this.allocateOf(UNMOVABLE, size, align);
  }

  /**
   * As `allocate`, from the page blocks of a migrate type, so that pages which stay do not lie between those which
   * move.
   * @param type UNMOVABLE, MOVABLE or RECLAIMABLE
   * @returns the address, or null as `allocate`
   * @throws RangeError for another type, or as `allocate`
   * @example
   * ```js
   * const range = new PageRange({ capacity: 64 * 2 ** 20 });
   * const kernel = range.allocateOf(UNMOVABLE, 4096);
   * const user = range.allocateOf(MOVABLE, 4096);
   * // Page blocks of 2 MiB: the two types share none.
   * Math.floor(kernel / 2 ** 21) === Math.floor(user / 2 ** 21);   // => false
   * range.allocateOf(3, 4096);   // => throws RangeError: type must be a migrate type
   * ```
   */
  allocateOf(type: number, size: number, align = 1): number | null {
    checkSize(size);
    checkAlign(align);
    const order = orderFor(Math.max(size, align));
    const gfp = GFP_OF_TYPE.get(this.groupByMobility ? type : MOVABLE);
    if (gfp === undefined) throw new RangeError(`type must be a migrate type, 0 to 2, got ${display(type)}`);
    const frame = order >= ORDERS ? null : this.pages.allocPages(gfp, order);
    this.inspected = frame === null ? 0 : 1;
    if (frame === null) return null;
    this.usedFrames += 1 << order;
    this.usedBlocks++;
    this.range.noteUse(frame, 1 << order);
    return frame * FRAME_BYTES;
  }

  /**
   * Gives a block back; it is joined with its buddy where that is free. A single frame waits on the CPU's list
   * first, and is joined with nothing while it does. O(orders).
   * @throws InvalidFreeError when no block starts at `address`; nothing is changed
   * @example
   * ```js
   * const range = new PageRange({ capacity: 2 ** 20 });
   * const blocks = [range.allocate(8192), range.allocate(8192)];
   * range.free(blocks[0] + 64);   // => throws InvalidFreeError
   * range.largestFree();   // => 524288
   * for (const block of blocks) range.free(block);
   * range.largestFree();   // => 1048576
   * ```
   */
  free(address: number): void {
    const order = this.range.orderAt(address);
    this.pages.freePages(address / FRAME_BYTES, order);
    this.usedFrames -= 1 << order;
    this.usedBlocks--;
  }

  /**
   * Bytes of the block: the request, rounded up. The difference is internal fragmentation.
   * @throws InvalidFreeError when no block starts at `address`
   * @example
   * ```js
   * const range = new PageRange({ capacity: 2 ** 20 });
   * const requested = 66_000;
   * range.sizeOf(range.allocate(requested)) - requested;   // => 65072
   * range.sizeOf(4096);   // => throws InvalidFreeError
   * ```
   */
  sizeOf(address: number): number {
    return FRAME_BYTES << this.range.orderAt(address);
  }

  /**
   * Whether the block serves `size` bytes where it is; it never moves, grows or is split. O(1).
   * @throws InvalidFreeError when no block starts at `address`
   * @example
   * ```js
   * const range = new PageRange({ capacity: 2 ** 20 });
   * const block = range.allocate(5000);
   * [range.resize(block, 8192), range.resize(block, 8193)];   // => [true, false]
   * range.resize(block, 100);   // => true
   * range.sizeOf(block);   // => 8192
   * ```
   */
  resize(address: number, size: number): boolean {
    checkSize(size);
    return size <= this.sizeOf(address);
  }

  /**
   * Used and free bytes and blocks, and the bytes of bookkeeping. O(orders).
   * @example
   * ```js
   * const range = new PageRange({ capacity: 2 ** 20 });
   * range.allocate(4096);
   * const { usedBytes, freeBytes, freeSegments } = range.stats();
   * [usedBytes, freeBytes];   // => [4096, 1044480]
   * // The rest of 1 MiB in powers of two: 4, 8, 16 … 512 KiB.
   * freeSegments;   // => 8
   * ```
   */
  stats(): AllocatorStats {
    const usedBytes = this.usedFrames * FRAME_BYTES;
    return {
      capacity: this.capacity,
      usedBytes,
      freeBytes: this.capacity - usedBytes,
      usedSegments: this.usedBlocks,
      freeSegments: this.range.freeBlocks,
      bookkeepingBytes: this.range.bookkeepingBytes,
    };
  }

  /**
   * Bytes of the largest free block, at most 4 MiB; the watermark may keep it back from a request. O(orders).
   * @example
   * ```js
   * const range = new PageRange({ capacity: 2 ** 20 });
   * const blocks = Array.from({ length: 96 }, () => range.allocate(8192));
   * for (let i = 0; i < 96; i += 2) range.free(blocks[i]);
   * // 640 KiB are free, in pieces: external fragmentation.
   * [range.stats().freeBytes, range.largestFree()];   // => [655360, 262144]
   * range.allocate(400_000);   // => null
   * ```
   */
  largestFree(): number {
    return this.range.largestFreeBlock;
  }

  /**
   * Every block, used and free, by rising address and without gaps. O(frames).
   * @example
   * ```js
   * const range = new PageRange({ capacity: 2 ** 20 });
   * range.allocate(300_000);
   * const [first, second] = range.segments();
   * [first.used, first.start, first.end];   // => [true, 0, 524288]
   * [second.used, second.start, second.end];   // => [false, 524288, 1048576]
   * ```
   */
  *segments(): Generator<Segment, void, undefined> {
    for (const { frame, frames, free } of this.range.regions()) {
      const start = frame * FRAME_BYTES;
      yield { start, end: start + frames * FRAME_BYTES, used: !free, address: start };
    }
  }

  /**
   * Whether every frame is owned once and used and free make up the capacity.
   * @throws CorruptionError naming the broken law. O(frames).
   * @example
   * ```js
   * const range = new PageRange({ capacity: 2 ** 20 });
   * range.check();
   * // Taken behind the range's back:
   * range.pages.allocPages(GFP_KERNEL, 0);
   * range.check();   // => throws CorruptionError: used + free = capacity
   * ```
   */
  check(): void {
    this.pages.check();
    const frames = this.pages.freeFrames + this.usedFrames;
    if (frames * FRAME_BYTES !== this.capacity) {
      throw new CorruptionError('used + free = capacity', `${frames} frames in ${this.capacity} bytes`);
    }
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new PageRange({ capacity: 2 ** 20 }).toJSON().usedBytes;   // => 0
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
