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
  type Segment,
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

  /** Blocks lie at multiples of their own size; requests of more than 4 MiB get null. */
  allocate(size: number, align = 1): number | null {
    return this.allocateOf(UNMOVABLE, size, align);
  }

  /** As `allocate`, from the page blocks of a migrate type. */
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

  free(address: number): void {
    const order = this.range.orderAt(address);
    this.pages.freePages(address / FRAME_BYTES, order);
    this.usedFrames -= 1 << order;
    this.usedBlocks--;
  }

  sizeOf(address: number): number {
    return FRAME_BYTES << this.range.orderAt(address);
  }

  /** In place where the block is large enough; a block is never split. */
  resize(address: number, size: number): boolean {
    checkSize(size);
    return size <= this.sizeOf(address);
  }

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

  /** O(orders). */
  largestFree(): number {
    return this.range.largestFreeBlock;
  }

  *segments(): Generator<Segment, void, undefined> {
    for (const { frame, frames, free } of this.range.regions()) {
      const start = frame * FRAME_BYTES;
      yield { start, end: start + frames * FRAME_BYTES, used: !free, address: start };
    }
  }

  check(): void {
    this.pages.check();
    const frames = this.pages.freeFrames + this.usedFrames;
    if (frames * FRAME_BYTES !== this.capacity) {
      throw new CorruptionError('used + free = capacity', `${frames} frames in ${this.capacity} bytes`);
    }
  }
}
