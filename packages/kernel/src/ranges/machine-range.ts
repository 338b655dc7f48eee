/**
 * A machine of one zone, all of whose memory is handed out, as an address range: what PageRange and SlabRange share.
 * Addresses are physical: frame number times 4096. A range below 1 MiB is the top of a machine of 1 MiB whose lower
 * frames are reserved.
 */

import { checkAddress, display, InvalidFreeError } from 'freehold';
import { PageAllocator } from '../frames/page-allocator.js';
import { NO_FRAME, ORDERS } from '../frames/zone.js';
import { FRAME_BYTES, Machine } from '../machine.js';

const LEAST_MACHINE_BYTES = 2 ** 20;
/** Zone borders lie at multiples of this. */
const ZONE_GRANULE = 2 ** 22;

export interface RangeOptions {
  /** Bytes, from 4096 to 4 GiB; rounded down to whole frames. */
  readonly capacity: number;
}

/** A stretch of frames: a free block or one that is held. */
export interface Region {
  readonly frame: number;
  readonly frames: number;
  readonly free: boolean;
}

export class MachineRange {
  readonly machine: Machine;
  readonly pages: PageAllocator;
  readonly base: number;
  readonly capacity: number;
  /** One past the highest frame ever handed out: descriptors above it describe nothing yet. */
  private highestFrame: number;

  /** @throws RangeError for a capacity out of its range */
  constructor(capacity: number) {
    if (!(Number.isSafeInteger(capacity) && capacity >= FRAME_BYTES && capacity <= 2 ** 32)) {
      throw new RangeError(
        `capacity must be at least ${FRAME_BYTES} bytes, at most 4 GiB, got ${display(capacity)}`,
      );
    }
    const frames = Math.floor(capacity / FRAME_BYTES);
    const bytes = Math.max(LEAST_MACHINE_BYTES, frames * FRAME_BYTES);
    this.machine = new Machine(bytes);
    const reservedFrames = this.machine.frames - frames;
    this.pages = new PageAllocator(this.machine, {
      reservedFrames,
      dmaEnd: Math.ceil(bytes / ZONE_GRANULE) * ZONE_GRANULE,
    });
    this.base = reservedFrames * FRAME_BYTES;
    this.capacity = frames * FRAME_BYTES;
    this.highestFrame = reservedFrames;
  }

  /** To be called with each block handed out. */
  noteUse(frame: number, frames: number): void {
    if (frame + frames > this.highestFrame) this.highestFrame = frame + frames;
  }

  /** What describes the frames up to the highest ever used. A machine does not grow, but one of that size would do. */
  get bookkeepingBytes(): number {
    const used = this.highestFrame - this.base / FRAME_BYTES;
    return Math.ceil((this.pages.bookkeepingBytes * used) / this.machine.frames);
  }

  /** Free blocks, and single frames that a CPU has at hand. */
  get freeBlocks(): number {
    const [zone] = this.pages.zones;
    let blocks = zone!.pcpFrames;
    for (let order = 0; order < ORDERS; order++) blocks += zone!.freeBlocks(order);
    return blocks;
  }

  /** Bytes of the largest free block. */
  get largestFreeBlock(): number {
    const [zone] = this.pages.zones;
    for (let order = ORDERS - 1; order >= 0; order--) {
      if (zone!.freeBlocks(order) > 0) return FRAME_BYTES << order;
    }
    return zone!.pcpFrames > 0 ? FRAME_BYTES : 0;
  }

  /** The order of the block that starts at `address`. @throws InvalidFreeError when none does */
  orderAt(address: number): number {
    checkAddress(address);
    const { order, frames } = this.pages.descriptors;
    const frame = Math.floor(address / FRAME_BYTES);
    if (!(address >= this.base && frame < frames)) throw new InvalidFreeError(address, 'outside');
    const head = this.pages.blockAt(frame);
    if (head === NO_FRAME) throw new InvalidFreeError(address, 'free');
    if (head * FRAME_BYTES !== address) throw new InvalidFreeError(address, 'interior');
    return order[head];
  }

  /** Free blocks and what is held between them, in order of address: together they tile the range. O(n log n). */
  regions(): Region[] {
    const [zone] = this.pages.zones;
    const regions: Region[] = [];
    zone!.forEachFree((frame, order) => regions.push({ frame, frames: 1 << order, free: true }));
    zone!.forEachPcp((frame) => regions.push({ frame, frames: 1, free: true }));
    const { references, order } = this.pages.descriptors;
    const free = regions.toSorted((a, b) => a.frame - b.frame);
    const tiled: Region[] = [];
    let at = this.base / FRAME_BYTES;
    for (const region of [...free, { frame: this.machine.frames, frames: 0, free: true }]) {
      while (at < region.frame) {
        const frames = references[at] > 0 ? 1 << order[at] : 1;
        tiled.push({ frame: at, frames, free: false });
        at += frames;
      }
      if (region.frames > 0) tiled.push(region);
      at += region.frames;
    }
    return tiled;
  }
}

/** log2 of the frames that hold `bytes`; may be larger than any block is. */
export function orderFor(bytes: number): number {
  return Math.max(0, Math.ceil(Math.log2(bytes / FRAME_BYTES)));
}
