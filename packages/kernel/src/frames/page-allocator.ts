/**
 * The lowest level: `alloc_pages`, which allocates contiguous frames of physical memory, and `__get_free_pages`,
 * which does the same and gives their address in the caller's logical space.
 *
 * Zones DMA, DMA32 and Normal, watermarks and reserves, per-CPU lists, migrate types, a hook for reclaim, and a
 * descriptor with a reference count for every frame. It models the classic era that the lesson describes: 4 KiB
 * frames, orders 0 to 10, one memory node.
 *
 * Cost: a single frame O(1) through the per-CPU list; 2^k frames O(orders). Bookkeeping: 16 bytes of descriptor a
 * frame and under 4 bytes for the three buddy systems. Not for objects smaller than a frame: see slab/.
 * Source: Linux mm/page_alloc.c (5.x).
 */
import { CorruptionError, display, INSPECT, InvalidFreeError, summary } from 'freehold';
import { FRAME_BYTES, type Machine } from '../machine.js';
import { FRAME_HEAD, FrameDescriptors, OWNER_FREE, OWNER_KERNEL, OWNER_RESERVED } from './descriptors.js';
import {
  __GFP_DIRECT_RECLAIM,
  __GFP_DMA,
  __GFP_DMA32,
  __GFP_HIGH,
  __GFP_KSWAPD_RECLAIM,
  __GFP_ZERO,
} from './gfp.js';
import { migrateTypeOf } from './migrate.js';
import { lowmemReserveOf, watermarksOf } from './watermarks.js';
import { NO_FRAME, ORDERS, Zone } from './zone.js';

/** Where the kernel sees frame 0 in its logical space; the upper 16 bits (all ones on x86-64) are left out. */
export const PAGE_OFFSET = 0x8880_0000_0000;

/** CPUs that a machine can have. */
export const CPUS_MAX = 64;

const MiB = 2 ** 20;
/** An order above this is costly: reclaim is tried once only. */
const COSTLY_ORDER = 3;
const RECLAIM_TRIES = 8;

export interface PageAllocatorOptions {
  /** Frames at the bottom of memory that are never given out: the kernel's image. 256 (1 MiB) when left out. */
  readonly reservedFrames?: number;
  /** CPUs with lists of their own. 1 when left out. */
  readonly cpus?: number;
  /** Bytes at which zone DMA ends: 16 MiB when left out. A multiple of 4 MiB. */
  readonly dmaEnd?: number;
  /** Bytes at which zone DMA32 ends and Normal begins: 4 GiB when left out. A multiple of 4 MiB, not below `dmaEnd`. */
  readonly dma32End?: number;
}

/** Is asked to free memory; tells how many frames it gave back. */
export type ReclaimHook = (order: number, gfp: number) => number;

export interface PageAllocatorCounts {
  allocations: number;
  frees: number;
  /** Requests that got nothing. */
  failures: number;
  /** Times the reclaim hook was called by a request that waited for it. */
  directReclaims: number;
  /** Times a zone below its low mark called for background reclaim. */
  wakeups: number;
}

/**
 * Allocates blocks of `2 ** order` contiguous frames of a machine's memory, by the buddy system, zone by zone. All
 * that the kernel, the page cache and processes hold comes from here in the end.
 * @example
 * ```js
 * const pages = new PageAllocator(new Machine(64 * 2 ** 20));
 * pages.zones.map(({ name, managed }) => `${name}: ${managed}`);   // => ['DMA: 3840', 'DMA32: 12288']
 * const frame = pages.allocPages(GFP_KERNEL, 3);
 * pages.managedFrames - pages.freeFrames;   // => 8
 * pages.freePages(frame, 3);
 * pages.managedFrames - pages.freeFrames;   // => 0
 * ```
 */
export class PageAllocator {
  readonly machine: Machine;
  readonly descriptors: FrameDescriptors;
  /** From the lowest up; a zone that the machine is too small for is absent. */
  readonly zones: readonly Zone[];
  readonly counts: PageAllocatorCounts = {
    allocations: 0,
    frees: 0,
    failures: 0,
    directReclaims: 0,
    wakeups: 0,
  };
  /** The CPU whose lists the next calls use, from 0. */
  cpu = 0;
  /** Called when a request that may wait finds too little. */
  reclaim: ReclaimHook | undefined;
  /** Called when a zone falls below its low mark. */
  background: ReclaimHook | undefined;
  /** The highest zone for requests below the end of DMA, of DMA32, and anywhere: where a zone is absent, the one below. */
  private readonly bestZones: readonly number[];
  private reclaiming = false;
  /** Requests until one fails by order of the fault injector; 0 when off. */
  private failIn = 0;

  constructor(machine: Machine, options: PageAllocatorOptions = {}) {
    const { reservedFrames = 256, cpus = 1, dmaEnd = 16 * MiB, dma32End = 4096 * MiB } = options;
    if (!(Number.isInteger(cpus) && cpus >= 1 && cpus <= CPUS_MAX)) {
      throw new RangeError(`cpus must be a whole number from 1 to ${CPUS_MAX}, got ${display(cpus)}`);
    }
    for (const [name, value] of Object.entries({ dmaEnd, dma32End })) {
      if (!(Number.isInteger(value) && value > 0 && value % (4 * MiB) === 0)) {
        throw new RangeError(`${name} must be a multiple of 4 MiB, got ${display(value)}`);
      }
    }
    if (dma32End < dmaEnd) {
      throw new RangeError(`dma32End must not lie below dmaEnd, got ${dma32End} and ${dmaEnd}`);
    }
    this.machine = machine;
    this.descriptors = new FrameDescriptors(machine.frames);
    const ends = [dmaEnd, dma32End, Number.POSITIVE_INFINITY].map((end) =>
      Math.min(machine.frames, end / FRAME_BYTES),
    );
    if (!(Number.isInteger(reservedFrames) && reservedFrames >= 0 && reservedFrames < ends[0])) {
      throw new RangeError(`reservedFrames must leave part of zone DMA, got ${display(reservedFrames)}`);
    }
    const zones: Zone[] = [];
    const bestZones: number[] = [];
    let first = 0;
    ['DMA', 'DMA32', 'Normal'].forEach((name, place) => {
      const frames = ends[place] - first;
      bestZones.push(frames === 0 ? zones.length - 1 : zones.length);
      if (frames === 0) return;
      zones.push(
        new Zone({
          name,
          index: zones.length,
          first,
          frames,
          reserved: first === 0 ? reservedFrames : 0,
          cpus,
        }),
      );
      this.descriptors.zone.fill(zones.length - 1, first, ends[place]);
      first = ends[place];
    });
    this.zones = zones;
    this.bestZones = bestZones;
    const managed = zones.map((zone) => zone.managed);
    const marks = watermarksOf(managed);
    const reserves = lowmemReserveOf(managed);
    zones.forEach((zone, index) => {
      zone.watermarks = marks[index];
      zone.lowmemReserve = reserves[index];
    });
    this.descriptors.owner.fill(OWNER_RESERVED, 0, reservedFrames);
  }

  /**
   * Takes `2 ** order` contiguous frames with one reference, from the best zone that `gfp` allows. The frames keep
   * their old contents, unless __GFP_ZERO is given. O(1) for one frame, O(orders) for more; reclaim costs extra.
   * @param order 0 to 10
   * @param owner an OWNER_ constant, kept in the descriptor
   * @returns the first frame's number, a multiple of `2 ** order`; null when no zone has a block so large, or when
   * its reserve is not for this request
   * @throws RangeError for an order out of its range
   * @example
   * ```js
   * const pages = new PageAllocator(new Machine(16 * 2 ** 20));
   * const buffer = pages.allocPages(GFP_KERNEL | __GFP_DMA, 4);
   * buffer % 16;   // => 0
   * while (pages.allocPages(GFP_KERNEL, 0) !== null);
   * pages.allocPages(GFP_KERNEL, 0);   // => null
   * // An interrupt handler cannot wait for memory: the reserve is for such.
   * pages.allocPages(GFP_ATOMIC, 0) !== null;   // => true
   * ```
   */
  allocPages(gfp: number, order: number, owner: number = OWNER_KERNEL): number | null {
    if (!(order >= 0 && order < ORDERS && Number.isInteger(order))) {
      throw new RangeError(`order must be a whole number from 0 to ${ORDERS - 1}, got ${display(order)}`);
    }
    if (this.failIn !== 0 && --this.failIn === 0) {
      this.counts.failures++;
      return null;
    }
    let frame = this.fromZones(gfp, order, false);
    if (frame === NO_FRAME) {
      frame = this.slowPath(gfp, order);
      if (frame === NO_FRAME) {
        this.counts.failures++;
        return null;
      }
    }
    this.counts.allocations++;
    const { references, flags, order: orders, owner: owners } = this.descriptors;
    references[frame] = 1;
    flags[frame] = FRAME_HEAD;
    orders[frame] = order;
    owners[frame] = owner;
    if ((gfp & __GFP_ZERO) !== 0) this.machine.zeroFrames(frame, 1 << order);
    return frame;
  }

  /**
   * As `allocPages`, but gives the address of the first byte in the kernel's logical space, `PAGE_OFFSET` on: for
   * the kernel's own buffers, which it reads and writes itself. Give them back by `freePagesAt`.
   * @returns null when no zone may serve
   * @throws RangeError for an order out of 0 to 10
   * @example
   * ```js
   * const { machine, pages } = new Kernel();
   * const buffer = pages.getFreePages(GFP_KERNEL, 1);
   * // Logical addresses are physical ones, moved up: no page table is asked.
   * machine.u8[buffer - PAGE_OFFSET + 8191] = 7;
   * (buffer - PAGE_OFFSET) % 8192;   // => 0
   * pages.getFreePages(GFP_KERNEL, 11);   // => throws RangeError: order must be a whole number from 0 to 10
   * ```
   */
  getFreePages(gfp: number, order: number): number | null {
    const frame = this.allocPages(gfp, order);
    return frame === null ? null : PAGE_OFFSET + frame * FRAME_BYTES;
  }

  /**
   * The address of one page of zero bytes in the kernel's logical space. Take it for pages that a process will see:
   * nothing of the last holder leaks. Give it back by `freePagesAt`. O(4096 bytes).
   * @returns null when no zone may serve
   * @example
   * ```js
   * const { machine, pages } = new Kernel();
   * const secret = pages.getFreePages(GFP_KERNEL, 0);
   * machine.u8.fill(42, secret - PAGE_OFFSET, secret - PAGE_OFFSET + 4096);
   * pages.freePagesAt(secret, 0);
   * const page = pages.getZeroedPage(GFP_KERNEL);
   * // The frame freed last is given first; its bytes are gone.
   * [page === secret, machine.u8[page - PAGE_OFFSET]];   // => [true, 0]
   * ```
   */
  getZeroedPage(gfp: number): number | null {
    return this.getFreePages(gfp | __GFP_ZERO, 0);
  }

  /**
   * Drops one reference of the block of `2 ** order` frames at `frame`; without any left it is free, and joined with
   * its buddy where that is free too. O(orders).
   * @throws InvalidFreeError when no allocated block starts there, RangeError when it has another order; nothing is
   * changed
   * @example
   * ```js
   * const { pages } = new Kernel();
   * const frame = pages.allocPages(GFP_KERNEL, 2);
   * pages.freePages(frame, 0);   // => throws RangeError: has order 2, not 0
   * pages.freePages(frame + 1, 0);   // => throws InvalidFreeError
   * pages.freePages(frame, 2);
   * pages.freePages(frame, 2);   // => throws InvalidFreeError
   * ```
   */
  freePages(frame: number, order: number): void {
    this.checkHeld(frame);
    const held = this.descriptors.order[frame];
    if (held !== order) {
      throw new RangeError(`the block at frame ${frame} has order ${held}, not ${display(order)}`);
    }
    this.release(frame, held);
  }

  /**
   * As `freePages`, by the address that `getFreePages` or `getZeroedPage` gave.
   * @throws InvalidFreeError and RangeError as `freePages`
   * @example
   * ```js
   * const { pages } = new Kernel();
   * const free = pages.freeFrames;
   * const address = pages.getFreePages(GFP_KERNEL, 5);
   * pages.freePagesAt(address + 4096, 5);   // => throws InvalidFreeError
   * pages.freePagesAt(address, 5);
   * pages.freeFrames - free;   // => 0
   * ```
   */
  freePagesAt(address: number, order: number): void {
    this.freePages((address - PAGE_OFFSET) / FRAME_BYTES, order);
  }

  /**
   * One more holder of the block at `frame`, which is then free only after one more `put`: a page that a second
   * process maps. O(1).
   * @throws InvalidFreeError when no allocated block starts there
   * @example
   * ```js
   * const { pages } = new Kernel();
   * const frame = pages.allocPages(GFP_KERNEL, 0);
   * pages.get(frame);
   * pages.freePages(frame, 0);
   * pages.descriptors.references[frame];   // => 1
   * ```
   */
  get(frame: number): void {
    this.checkHeld(frame);
    this.descriptors.references[frame]++;
  }

  /**
   * One holder less of the block at `frame`; the last one frees it. Like `freePages`, for callers that do not know
   * the order.
   * @throws InvalidFreeError when no allocated block starts there
   * @example
   * ```js
   * const { pages } = new Kernel();
   * const free = pages.freeFrames;
   * const shared = pages.allocPages(GFP_HIGHUSER_MOVABLE, 4);
   * pages.get(shared);
   * pages.put(shared);
   * free - pages.freeFrames;   // => 16
   * pages.put(shared);
   * free - pages.freeFrames;   // => 0
   * ```
   */
  put(frame: number): void {
    this.checkHeld(frame);
    this.release(frame, this.descriptors.order[frame]);
  }

  /**
   * The first frame of the allocated block that `frame` belongs to; -1 when it is free. O(11).
   * @example
   * ```js
   * const { pages } = new Kernel();
   * const block = pages.allocPages(GFP_KERNEL, 3);
   * pages.blockAt(block + 7) === block;   // => true
   * pages.put(block);
   * pages.blockAt(block + 7);   // => -1
   * ```
   */
  blockAt(frame: number): number {
    const { references, order } = this.descriptors;
    for (let above = 0; above < ORDERS; above++) {
      const head = (frame >>> above) << above;
      if (references[head] > 0 && frame < head + (1 << order[head])) return head;
    }
    return NO_FRAME;
  }

  /**
   * The n-th `allocPages` from now fails, whatever is free, and those after it are served again; 0 switches it off.
   * For tests of callers without memory, at one place after another.
   * @example
   * ```js
   * const kernel = new Kernel();
   * const init = kernel.process(1);
   * kernel.pages.failNth(1);
   * kernel.processes.fork(init);   // => throws SystemCallError: ENOMEM
   * kernel.processes.size;   // => 1
   * kernel.processes.fork(init).pid;   // => 2
   * ```
   */
  failNth(n: number): void {
    this.failIn = n;
  }

  /** Frames that are free, on per-CPU lists included. */
  get freeFrames(): number {
    return this.zones.reduce((sum, zone) => sum + zone.freeFrames + zone.pcpFrames, 0);
  }

  get managedFrames(): number {
    return this.zones.reduce((sum, zone) => sum + zone.managed, 0);
  }

  /** Bytes that describe the frames, outside of them. */
  get bookkeepingBytes(): number {
    const zones = this.zones.reduce((sum, zone) => sum + zone.bookkeepingBytes, 0);
    return zones + this.descriptors.bytesPerFrame * this.descriptors.frames;
  }

  /**
   * @throws CorruptionError unless every frame is free once, held once, or reserved. O(frames).
   * @example
   * ```js
   * const { pages } = new Kernel();
   * const frame = pages.allocPages(GFP_KERNEL, 0);
   * pages.check();
   * // A driver writes where it must not.
   * pages.descriptors.references[frame] = 0;
   * pages.check();   // => throws CorruptionError: the first frame of a held block has references
   * ```
   */
  check(): void {
    const { references, flags, order: orders, owner, frames } = this.descriptors;
    const seen = new Uint8Array(frames);
    const claim = (first: number, count: number, as: number, what: string) => {
      for (let frame = first; frame < first + count; frame++) {
        if (seen[frame] !== 0) {
          throw new CorruptionError(
            'every frame is owned once',
            `frame ${frame} twice, the second time ${what}`,
          );
        }
        seen[frame] = as;
      }
    };
    for (const zone of this.zones) {
      zone.check();
      zone.forEachFree((frame, order) => claim(frame, 1 << order, 1, 'free'));
      zone.forEachPcp((frame) => claim(frame, 1, 1, 'on a per-CPU list'));
    }
    for (let frame = 0; frame < frames; frame++) {
      if (owner[frame] === OWNER_RESERVED) claim(frame, 1, 2, 'reserved');
      else if ((flags[frame] & FRAME_HEAD) !== 0) claim(frame, 1 << orders[frame], 2, 'held');
    }
    for (let frame = 0; frame < frames; frame++) {
      if (seen[frame] === 0) throw new CorruptionError('free + used = total', `frame ${frame} is neither`);
      const isHead = (flags[frame] & FRAME_HEAD) !== 0;
      if (references[frame] > 0 !== isHead) {
        throw new CorruptionError(
          'the first frame of a held block has references, no other frame has',
          `${references[frame]} references of frame ${frame}`,
        );
      }
    }
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * const pages = new PageAllocator(new Machine(2 ** 24));
   * pages.toJSON().freeFrames === pages.freeFrames;   // => true
   * ```
   */
  toJSON(): object {
    return {
      managedFrames: this.managedFrames,
      freeFrames: this.freeFrames,
      zones: this.zones.length,
      bookkeepingBytes: this.bookkeepingBytes,
    };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  private checkHeld(frame: number): void {
    const references = this.descriptors.references[frame];
    if (references > 0) return;
    const reason =
      references === undefined ? 'outside' : this.blockAt(frame) === NO_FRAME ? 'free' : 'interior';
    throw new InvalidFreeError(frame * FRAME_BYTES, reason);
  }

  private release(frame: number, order: number): void {
    const { descriptors } = this;
    if (--descriptors.references[frame] > 0) return;
    descriptors.flags[frame] = 0;
    descriptors.owner[frame] = OWNER_FREE;
    descriptors.tag[frame] = 0;
    const zone = this.zones[descriptors.zone[frame]];
    if (order === 0) zone.freeFrame(frame, this.cpu);
    else zone.freeBlock(frame, order);
    this.counts.frees++;
  }

  /** Tries each zone from the best one down; `hard` goes below the low mark, as far as the flags allow. */
  private fromZones(gfp: number, order: number, hard: boolean): number {
    const type = migrateTypeOf(gfp);
    const best = this.bestZone(gfp);
    for (let index = best; index >= 0; index--) {
      const zone = this.zones[index];
      if (!mayTake(zone, best, order, gfp, hard)) continue;
      const frame = order === 0 ? zone.allocateFrame(type, this.cpu) : zone.allocateBlock(order, type);
      if (frame !== NO_FRAME) return frame;
    }
    return NO_FRAME;
  }

  private bestZone(gfp: number): number {
    return this.bestZones[(gfp & __GFP_DMA) !== 0 ? 0 : (gfp & __GFP_DMA32) !== 0 ? 1 : 2];
  }

  private slowPath(gfp: number, order: number): number {
    if ((gfp & __GFP_KSWAPD_RECLAIM) !== 0) {
      this.counts.wakeups++;
      this.runReclaim(this.background, order, gfp);
    }
    let frame = this.fromZones(gfp, order, true);
    if (frame !== NO_FRAME) return frame;
    // Frames held back on the lists of any CPU may make the block, or be the last ones.
    for (const zone of this.zones) zone.drain();
    frame = this.fromZones(gfp, order, true);
    const tries = (gfp & __GFP_DIRECT_RECLAIM) === 0 ? 0 : order > COSTLY_ORDER ? 1 : RECLAIM_TRIES;
    for (let i = 0; i < tries && frame === NO_FRAME && this.reclaim !== undefined; i++) {
      this.counts.directReclaims++;
      if (this.runReclaim(this.reclaim, order, gfp) === 0) break;
      for (const zone of this.zones) zone.drain();
      frame = this.fromZones(gfp, order, true);
    }
    return frame;
  }

  /** A hook that itself allocates must not be called again from there. */
  private runReclaim(hook: ReclaimHook | undefined, order: number, gfp: number): number {
    if (hook === undefined || this.reclaiming) return 0;
    this.reclaiming = true;
    try {
      return hook(order, gfp);
    } finally {
      this.reclaiming = false;
    }
  }
}

/** Whether the zone stays above its mark after the request. Source: `__zone_watermark_ok`. */
function mayTake(zone: Zone, best: number, order: number, gfp: number, hard: boolean): boolean {
  let mark = hard ? zone.watermarks.min : zone.watermarks.low;
  if (hard) {
    if ((gfp & __GFP_HIGH) !== 0) mark -= mark >> 1;
    if ((gfp & __GFP_DIRECT_RECLAIM) === 0 && (gfp & __GFP_HIGH) !== 0) mark -= mark >> 2;
  }
  const left = zone.freeFrames - ((1 << order) - 1);
  if (left <= mark + zone.lowmemReserve[best]) {
    // Single frames waiting on the lists are as good as free.
    return order === 0 && left + zone.pcpFrames > mark + zone.lowmemReserve[best];
  }
  return order === 0 || zone.hasBlock(order);
}

/** The frame behind an address of the kernel's logical space. */
export function frameOfAddress(address: number): number {
  return Math.floor((address - PAGE_OFFSET) / FRAME_BYTES);
}
