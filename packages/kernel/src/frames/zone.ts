/**
 * A zone: a stretch of frames that serves the same purposes, with a buddy system of orders 0 to 10 for each migrate
 * type and per-CPU lists of single frames in front of them.
 *
 * Each page block of 512 frames belongs to one migrate type at a time: it is free memory in that type's buddy
 * system and counts as used in the others. A request whose own blocks have nothing takes the largest free block of
 * another type, and with it, where half of the page block is free, the page block.
 *
 * Cost: a single frame comes from and goes to a per-CPU list in O(1), with a batch moved every so often; other
 * orders cost the buddy system's O(orders); converting a page block is O(512), and rare.
 * Source: Linux mm/page_alloc.c, `rmqueue`, `__rmqueue_fallback`, `steal_suitable_fallback`.
 */
import { BuddyUnits, CorruptionError, INSPECT, NO_UNIT, summary } from 'freehold';
import { FALLBACKS, MIGRATE_TYPES, MOVABLE } from './migrate.js';
import { pcpBatch, type Watermarks } from './watermarks.js';

export const ORDERS = 11;
export const PAGE_BLOCK_ORDER = 9;
export const PAGE_BLOCK_FRAMES = 2 ** PAGE_BLOCK_ORDER;
/** What the allocating calls give when the zone has nothing. */
export const NO_FRAME = -1;

/** A list holds as many batches before one is given back. */
const PCP_BATCHES = 6;

export interface ZoneOptions {
  readonly name: string;
  /** Its place in the fallback order: 0 is the lowest. */
  readonly index: number;
  /** First frame, a multiple of 1024. */
  readonly first: number;
  readonly frames: number;
  /** Frames at the start that are never given out. */
  readonly reserved: number;
  readonly cpus: number;
}

export class Zone {
  readonly name: string;
  readonly index: number;
  readonly first: number;
  readonly frames: number;
  /** Frames given out by the allocator: all but the reserved ones. */
  readonly managed: number;
  readonly pcpBatch: number;
  readonly pcpHigh: number;
  watermarks: Watermarks = { min: 0, low: 0, high: 0 };
  /** Frames kept back from requests whose best zone is the index. */
  lowmemReserve: readonly number[] = [];
  /** Frames in the buddy systems; those on per-CPU lists are not counted, as in Linux. */
  freeFrames = 0;
  /** Frames on per-CPU lists. */
  pcpFrames = 0;
  /** Requests served from page blocks of another migrate type. */
  fallbacks = 0;
  /** Page blocks that changed their migrate type. */
  conversions = 0;
  private readonly buddies: readonly BuddyUnits[];
  private readonly blockTypes: Uint8Array;
  /** Stacks of free frames, one a CPU and type: `pcpHigh + pcpBatch` places each. */
  private readonly pcp: readonly Int32Array[];
  private readonly pcpCounts: Int32Array;

  constructor(options: ZoneOptions) {
    const { name, index, first, frames, reserved, cpus } = options;
    this.name = name;
    this.index = index;
    this.first = first;
    this.frames = frames;
    this.managed = frames - reserved;
    this.pcpBatch = pcpBatch(this.managed);
    this.pcpHigh = this.pcpBatch * PCP_BATCHES;
    this.blockTypes = new Uint8Array(Math.ceil(frames / PAGE_BLOCK_FRAMES)).fill(MOVABLE);
    const lists = cpus * MIGRATE_TYPES;
    this.pcpCounts = new Int32Array(lists);
    this.pcp = Array.from({ length: lists }, () => new Int32Array(this.pcpHigh + this.pcpBatch));
    this.buddies = Array.from({ length: MIGRATE_TYPES }, (_, type) => {
      const buddy = new BuddyUnits({ units: frames, orders: ORDERS });
      // All page blocks start out movable; in the other types' systems they are taken, block by block.
      if (type === MOVABLE) {
        if (reserved > 0) buddy.reserve(0, reserved);
      } else {
        for (let at = 0; at < frames; at += PAGE_BLOCK_FRAMES) {
          buddy.reserve(at, Math.min(PAGE_BLOCK_FRAMES, frames - at));
        }
      }
      return buddy;
    });
    this.freeFrames = this.managed;
  }

  /**
   * For `JSON.stringify`: where the zone lies and what is free, in frames of 4 KiB. O(1).
   * @example
   * ```js
   * new Kernel().pages.zones[0].toJSON().name;   // => 'DMA'
   * ```
   */
  toJSON(): object {
    const { name, index, first, frames, managed, freeFrames, pcpFrames, watermarks } = this;
    return { name, index, first, frames, managed, freeFrames, pcpFrames, watermarks };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  /** Takes a single frame through the list of `cpu`. */
  allocateFrame(type: number, cpu: number): number {
    const list = cpu * MIGRATE_TYPES + type;
    if (this.pcpCounts[list] === 0) this.refill(list, type);
    const count = this.pcpCounts[list];
    if (count === 0) return NO_FRAME;
    this.pcpCounts[list] = count - 1;
    this.pcpFrames--;
    return this.pcp[list][count - 1];
  }

  /** Gives a single frame back through the list of `cpu`. */
  freeFrame(frame: number, cpu: number): void {
    const type = this.typeOf(frame);
    const list = cpu * MIGRATE_TYPES + type;
    if (this.pcpCounts[list] === this.pcpHigh + this.pcpBatch) this.drainList(list, this.pcpBatch);
    this.pcp[list][this.pcpCounts[list]++] = frame;
    this.pcpFrames++;
  }

  /** Takes `2 ** order` frames from the buddy systems, of the type's own page blocks if they have any. */
  allocateBlock(order: number, type: number): number {
    let unit = this.buddies[type].allocate(order);
    if (unit === NO_UNIT) {
      unit = this.allocateFallback(order, type);
      if (unit === NO_UNIT) return NO_FRAME;
    }
    this.freeFrames -= 1 << order;
    return this.first + unit;
  }

  freeBlock(frame: number, order: number): void {
    this.buddies[this.typeOf(frame)].free(frame - this.first, order);
    this.freeFrames += 1 << order;
  }

  /** Gives every frame of the per-CPU lists back, where it may join its buddies. */
  drain(): void {
    for (let list = 0; list < this.pcp.length; list++) this.drainList(list, this.pcpCounts[list]);
  }

  /** Whether a free block of at least `order` exists, in page blocks of any type. */
  hasBlock(order: number): boolean {
    const { buddies } = this;
    for (let type = 0; type < MIGRATE_TYPES; type++) if (buddies[type].largestOrder >= order) return true;
    return false;
  }

  /** Free blocks of `order`, of one migrate type or of all. */
  freeBlocks(order: number, type?: number): number {
    if (type !== undefined) return this.buddies[type].freeBlocks(order);
    return this.buddies.reduce((sum, buddy) => sum + buddy.freeBlocks(order), 0);
  }

  /** First frames of the free blocks of `order` and `type`, rising. O(their number). */
  freeList(order: number, type: number): number[] {
    return this.buddies[type].freeList(order).map((unit) => this.first + unit);
  }

  /** Page blocks of each migrate type. */
  pageBlocks(): number[] {
    const counts = new Array<number>(MIGRATE_TYPES).fill(0);
    for (const type of this.blockTypes) counts[type]++;
    return counts;
  }

  /** The migrate type of the page block that holds `frame`. */
  typeOf(frame: number): number {
    return this.blockTypes[(frame - this.first) >>> PAGE_BLOCK_ORDER];
  }

  get bookkeepingBytes(): number {
    const buddies = this.buddies.reduce((sum, buddy) => sum + buddy.bookkeepingBytes, 0);
    const lists = this.pcp.reduce((sum, list) => sum + list.byteLength, 0);
    return buddies + lists + this.blockTypes.byteLength + this.pcpCounts.byteLength;
  }

  /** Calls `visit` with each free block in the buddy systems. */
  forEachFree(visit: (frame: number, order: number, type: number) => void): void {
    for (let type = 0; type < MIGRATE_TYPES; type++) {
      for (let order = 0; order < ORDERS; order++) {
        for (const frame of this.freeList(order, type)) visit(frame, order, type);
      }
    }
  }

  /** Calls `visit` with each frame on a per-CPU list. */
  forEachPcp(visit: (frame: number) => void): void {
    this.pcp.forEach((stack, list) => {
      for (let i = 0; i < this.pcpCounts[list]; i++) visit(stack[i]);
    });
  }

  /** @throws CorruptionError naming the broken law. O(frames). */
  check(): void {
    let free = 0;
    for (const buddy of this.buddies) buddy.check();
    this.forEachFree((frame, order, type) => {
      free += 1 << order;
      if (this.typeOf(frame) !== type) {
        throw new CorruptionError(
          'free memory lies in page blocks of its own migrate type',
          `frame ${frame} of type ${this.typeOf(frame)} free in the lists of type ${type}`,
        );
      }
    });
    if (free !== this.freeFrames) {
      throw new CorruptionError(
        'the count of free frames is the sum of the free lists',
        `${this.freeFrames} counted, ${free} listed in zone ${this.name}`,
      );
    }
    let pcp = 0;
    this.forEachPcp(() => pcp++);
    if (pcp !== this.pcpFrames) {
      throw new CorruptionError(
        'the per-CPU lists hold as many frames as counted',
        `${pcp} and ${this.pcpFrames}`,
      );
    }
  }

  private refill(list: number, type: number): void {
    const stack = this.pcp[list];
    let count = 0;
    while (count < this.pcpBatch) {
      const frame = this.allocateBlock(0, type);
      if (frame === NO_FRAME) break;
      stack[count++] = frame;
    }
    // The lowest frame is handed out first, as from the buddy system itself.
    stack.subarray(0, count).reverse();
    this.pcpCounts[list] = count;
    this.pcpFrames += count;
  }

  /** Gives back the `count` frames that have been on the list longest. */
  private drainList(list: number, count: number): void {
    const stack = this.pcp[list];
    for (let i = 0; i < count; i++) this.freeBlock(stack[i], 0);
    stack.copyWithin(0, count, this.pcpCounts[list]);
    this.pcpCounts[list] -= count;
    this.pcpFrames -= count;
  }

  private allocateFallback(order: number, type: number): number {
    for (let larger = ORDERS - 1; larger >= order; larger--) {
      for (const other of FALLBACKS[type]) {
        if (this.buddies[other].freeBlocks(larger) === 0) continue;
        this.fallbacks++;
        return this.takeFrom(other, larger, order, type);
      }
    }
    return NO_UNIT;
  }

  /** Serves a request out of the largest free block, of order `larger`, that the page blocks of type `other` have. */
  private takeFrom(other: number, larger: number, order: number, type: number): number {
    const donor = this.buddies[other];
    // What cannot move is worth a page block of its own even for a small request: it would spoil another's.
    if (larger >= PAGE_BLOCK_ORDER / 2 || type !== MOVABLE) {
      const found = donor.allocate(larger);
      donor.free(found, larger);
      if (larger >= PAGE_BLOCK_ORDER) {
        for (let at = found; at < found + (1 << larger); at += PAGE_BLOCK_FRAMES)
          this.convert(at, other, type);
        return this.buddies[type].allocate(order);
      }
      const block = (found >>> PAGE_BLOCK_ORDER) << PAGE_BLOCK_ORDER;
      if (this.freeIn(block, other) >= PAGE_BLOCK_FRAMES / 2) {
        this.convert(block, other, type);
        return this.buddies[type].allocate(order);
      }
    }
    return donor.allocate(order);
  }

  /** Free frames in the page block that starts at `block`. */
  private freeIn(block: number, type: number): number {
    let free = 0;
    this.forEachPiece(block, type, (_unit, order, used) => {
      if (!used) free += 1 << order;
    });
    return free;
  }

  /** Gives the page block that starts at `block` from one migrate type to another, with what of it is in use. */
  private convert(block: number, from: number, to: number): void {
    const donor = this.buddies[from];
    const taker = this.buddies[to];
    const used: number[] = [];
    const free: number[] = [];
    this.forEachPiece(block, from, (unit, order, isUsed) => (isUsed ? used : free).push(unit, order));
    for (let i = 0; i < free.length; i += 2) donor.reserve(free[i], 1 << free[i + 1]);
    taker.freeRange(block, Math.min(PAGE_BLOCK_FRAMES, this.frames - block));
    for (let i = 0; i < used.length; i += 2) taker.reserve(used[i], 1 << used[i + 1]);
    this.blockTypes[block >>> PAGE_BLOCK_ORDER] = to;
    this.conversions++;
  }

  private forEachPiece(
    block: number,
    type: number,
    visit: (unit: number, order: number, used: boolean) => void,
  ): void {
    const buddy = this.buddies[type];
    const end = Math.min(block + PAGE_BLOCK_FRAMES, this.frames);
    for (let unit = block; unit < end; ) {
      let order = buddy.orderOf(unit);
      const used = order !== NO_UNIT;
      if (!used) for (order = 0; order < PAGE_BLOCK_ORDER && !buddy.isFreeBlock(unit, order); ) order++;
      visit(unit, order, used);
      unit += 1 << order;
    }
  }
}
