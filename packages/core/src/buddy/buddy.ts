/**
 * The binary buddy system. Blocks are the unit times a power of two and lie at multiples of their own size; each
 * size ("order") has its free list. A request rounds up to a block size; when its list is empty, a block of the
 * next larger order that has one is halved until it fits, the lower half being used. A freed block joins its
 * buddy, the other half of what it was split from, while that one is free.
 *
 * Cost: allocate, free and resize take O(orders) at worst and one step in the common case, whatever the capacity
 * and however many blocks live. Waste: up to half of each block inside, a quarter of what is granted on average for
 * evenly spread sizes; outside it, half a byte of bookkeeping a unit.
 *
 * Not to be used where sizes lie just above powers of two, or where every byte counts: the fits waste less.
 *
 * A capacity that is no power of two is served whole, its tail by smaller orders; one that is no multiple of the
 * unit is rounded down to it.
 *
 * Source: K. C. Knowlton, "A fast storage allocator", CACM 8 (1965); D. E. Knuth, TAOCP 1, section 2.5, who names
 * H. Markowitz as the first to use it (1963).
 */
import type { Allocator, AllocatorStats, Segment } from '../allocator.js';
import { InvalidFreeError } from '../allocator.js';
import { checkAddress, checkAlign, checkOptions, checkSize, lowestBit, roundUp } from '../arguments.js';
import { type EventQueue, observe } from '../observed.js';
import { checkGrow, checkRangeOptions, RANGE_OPTIONS, type RangeOptions } from '../range-options.js';
import { INSPECT, summary } from '../summary.js';
import { BuddyUnits, NO_UNIT, ORDERS_MAX, UNITS_MAX } from './units.js';

/**
 * `capacity` is rounded down to a multiple of `unit`, of which there must be at least 1 and at most 2^30; `growBy` is
 * rounded up to one. Blocks are aligned relative to `base`.
 */
export interface BuddyOptions extends RangeOptions {
  /** Bytes of the smallest block, a power of two. */
  readonly unit: number;
  /**
   * How many free lists, 1 to 31: the largest block is `unit * 2 ** (orders - 1)` bytes. Left out: as many as the
   * capacity has use for, and more when it grows.
   */
  readonly orders?: number;
}

const OPTIONS: Readonly<Record<keyof BuddyOptions, true>> = { ...RANGE_OPTIONS, unit: true, orders: true };

/**
 * The binary buddy system: every block is the unit times a power of two, and lies at a multiple of its own size
 * from the base. All sizes are in bytes. Allocate, free and resize: O(orders), one step mostly. Up to half of a
 * block is wasted.
 * @example
 * ```js
 * const buddy = new Buddy({ capacity: 1 << 20, unit: 64 });
 * buddy.allocate(100);   // => 0
 * const mesh = buddy.allocate(5000);   // => 8192
 * buddy.sizeOf(mesh);   // => 8192
 * buddy.free(mesh);
 * ```
 */
export class Buddy implements Allocator {
  readonly base: number;
  /** Bytes of the smallest block. */
  readonly unit: number;
  /**
   * Free blocks the last allocate looked at: 1, or 0 when none is large enough; more for an alignment above the
   * block's own size, where no free block is as large as that.
   */
  inspected = 0;
  private readonly blocks: BuddyUnits;
  private readonly observer: EventQueue | undefined;
  /** 1 / unit: exact, as both are powers of two. */
  private readonly perByte: number;
  /** The greatest power of two that divides `base`. */
  private readonly baseAlign: number;
  /** `growBy` in units; 0 when the range does not grow by itself. */
  private readonly growUnits: number;
  private readonly maxCapacity: number;
  private readonly unitsMax: number;
  /** Orders there can ever be. */
  private readonly ordersMax: number;

  /** @throws RangeError for an option out of its range, TypeError for one that is none of them */
  constructor(options: BuddyOptions) {
    checkOptions('Buddy', options, OPTIONS);
    const { unit, orders, observer } = options;
    const { capacity, base, growBy, maxCapacity } = checkRangeOptions(options);
    checkAlign(unit, 'unit');
    this.base = base;
    this.unit = unit;
    this.observer = observe(this, observer);
    this.blocks = new BuddyUnits({
      units: unitsOf('capacity', capacity, unit),
      orders,
      unitBytes: unit,
      base,
      observer: this.observer,
    });
    this.perByte = 1 / unit;
    this.baseAlign = base === 0 ? Number.POSITIVE_INFINITY : lowestBit(base);
    this.growUnits = Math.ceil(growBy / unit);
    this.maxCapacity = maxCapacity;
    this.unitsMax = Math.min(UNITS_MAX, Math.floor(maxCapacity / unit));
    this.ordersMax = orders ?? ORDERS_MAX;
  }

  get capacity(): number {
    return this.blocks.units * this.unit;
  }

  /** How many free lists there are: orders run from 0 to `orders - 1`. */
  get orders(): number {
    return this.blocks.orders;
  }

  /**
   * Takes the lowest free block of the least order that holds `size` bytes, or the lower end of a larger one, which
   * is halved until it fits. O(orders). For an `align` above the block's own size, the aligned part of a free block
   * of at least `align` bytes is taken and the rest of it stays free; where there is no such block, the smaller
   * ones are gone through for one that lies right: a step for each multiple of `align` in the range at most.
   * @param size bytes, a whole number from 1 up
   * @param align a power of two; each block has that of its own size anyway, counted from the base
   * @returns the address, or null when no free block serves and the range may not grow
   * @throws RangeError for a bad size or alignment; nothing is changed
   * @example
   * ```js
   * const buddy = new Buddy({ capacity: 4096, unit: 64 });
   * buddy.allocate(65);   // => 0
   * buddy.allocate(64, 1024);   // => 1024
   * // It would need a block of 4096.
   * buddy.allocate(2049);   // => null
   * buddy.allocate(2048);   // => 2048
   * ```
   */
  allocate(size: number, align = 1): number | null {
    checkSize(size);
    const order = orderOfUnits(Math.ceil(size * this.perByte));
    if (align !== 1) {
      checkAlign(align);
      if (align > this.blockBytes(order)) return this.allocateAligned(size, order, align);
    }
    this.inspected = 0;
    // Every block of the order is aligned, or none is.
    if (align > this.baseAlign) return null;
    const { blocks } = this;
    let from = blocks.findOrder(order);
    if (from === NO_UNIT) {
      if (this.growUnits === 0 || !this.growFor(order, 0, 1)) return null;
      from = blocks.findOrder(order);
    }
    const unit = blocks.firstFree(from);
    const address = this.base + unit * this.unit;
    this.inspected = 1;
    if (this.observer !== undefined) this.observer.inspect(address, address + this.blockBytes(from), true);
    blocks.take(from, unit, order, size);
    return address;
  }

  /**
   * Gives the block at `address` back. It joins its buddy, the other half of what it was split from, while that is
   * free. O(orders): one step for each buddy that is free.
   * @throws InvalidFreeError when no used block starts there; nothing is changed
   * @example
   * ```js
   * const buddy = new Buddy({ capacity: 1024, unit: 64 });
   * const [lower, upper] = [buddy.allocate(64), buddy.allocate(64)];
   * buddy.free(lower);
   * buddy.largestFree();   // => 512
   * buddy.free(upper);
   * buddy.largestFree();   // => 1024
   * buddy.free(upper);   // => throws InvalidFreeError: it was freed already
   * ```
   */
  free(address: number): void {
    const unit = this.unitAt(address);
    this.blocks.giveBack(unit, this.blocks.orderOf(unit));
  }

  /**
   * The bytes of the whole block. O(1).
   * @throws InvalidFreeError when no used block starts at `address`
   * @example
   * ```js
   * const buddy = new Buddy({ capacity: 1 << 20, unit: 1024 });
   * const texture = buddy.allocate(33 * 1024);
   * // Just above a power of two, nearly half is wasted.
   * buddy.sizeOf(texture);   // => 64 * 1024
   * ```
   */
  sizeOf(address: number): number {
    return this.blockBytes(this.blocks.orderOf(this.unitAt(address)));
  }

  /**
   * Makes the block hold `size` bytes in place. O(orders). Shrinking frees the upper halves that are not needed;
   * growing takes in the buddies above.
   * @returns false where the block is itself the upper half of the block it would become, or a buddy is in use;
   * nothing is changed then
   * @throws RangeError for a bad size, InvalidFreeError when no used block starts at `address`
   * @example
   * ```js
   * const buddy = new Buddy({ capacity: 1024, unit: 64 });
   * const [lower, upper] = [buddy.allocate(64), buddy.allocate(64)];
   * buddy.free(lower);
   * // All around it is free, but its buddy lies below: allocate, copy and free instead.
   * buddy.resize(upper, 128);   // => false
   * buddy.resize(buddy.allocate(64), 60);   // => true
   * ```
   */
  resize(address: number, size: number): boolean {
    checkSize(size);
    const unit = this.unitAt(address);
    return this.blocks.resize(unit, orderOfUnits(Math.ceil(size * this.perByte)), size);
  }

  /**
   * Moves the end of the range up to `newCapacity` bytes, rounded down to a multiple of the unit. The new units
   * join the free blocks they touch; without the option `orders` there are more free lists as the range doubles.
   * O(orders), and O(capacity) when the bookkeeping moves to larger arrays, each time half as large again at least.
   * @throws RangeError when `newCapacity` is less than the capacity or more than `maxCapacity`; nothing is changed
   * @example
   * ```js
   * const buddy = new Buddy({ capacity: 1024, unit: 64 });
   * buddy.orders;   // => 5
   * buddy.grow(4096);
   * buddy.orders;   // => 7
   * buddy.allocate(4096);   // => 0
   * ```
   */
  grow(newCapacity: number): void {
    checkGrow(this.capacity, newCapacity, this.maxCapacity);
    const units = unitsOf('newCapacity', newCapacity, this.unit);
    if (units > this.blocks.units) this.blocks.extend(units, this.unitsMax);
  }

  /**
   * The figures of AllocatorStats, in bytes: each block is a segment. O(orders).
   * @example
   * ```js
   * const buddy = new Buddy({ capacity: 1024, unit: 64 });
   * buddy.allocate(1);
   * const { usedBytes, freeBytes, freeSegments } = buddy.stats();
   * // Free are one block each of 64, 128, 256 and 512 bytes.
   * [usedBytes, freeBytes, freeSegments];   // => [64, 960, 4]
   * ```
   */
  stats(): AllocatorStats {
    const { blocks, unit } = this;
    return {
      capacity: this.capacity,
      usedBytes: blocks.used * unit,
      freeBytes: (blocks.units - blocks.used) * unit,
      usedSegments: blocks.usedBlocks,
      freeSegments: blocks.freeBlocksTotal,
      bookkeepingBytes: blocks.bookkeepingBytes,
    };
  }

  /**
   * Bytes of the largest free block, 0 when nothing is free. O(1).
   * @example
   * ```js
   * const buddy = new Buddy({ capacity: 3 * 1024, unit: 64 });
   * // 3072 bytes are free, in a block of 2048 and one of 1024.
   * buddy.largestFree();   // => 2048
   * buddy.allocate(2048);
   * buddy.largestFree();   // => 1024
   * ```
   */
  largestFree(): number {
    const order = this.blocks.largestOrder;
    return order === NO_UNIT ? 0 : this.blockBytes(order);
  }

  /**
   * Every block in address order. Each free block is a segment of its own: two free neighbours that are not buddies
   * stay apart. What was requested of a used one is not remembered; the observer's `take` tells it. The allocator
   * must not be changed during the walk.
   * @example
   * ```js
   * const buddy = new Buddy({ capacity: 1024, unit: 256 });
   * const [, b, c] = [256, 256, 256, 256].map((size) => buddy.allocate(size));
   * buddy.free(b);
   * buddy.free(c);
   * // Neighbours, but not the halves of one block.
   * [...buddy.segments()].filter(({ used }) => !used).map(({ start }) => start);   // => [256, 512]
   * ```
   */
  *segments(): Generator<Segment, void, undefined> {
    const { blocks } = this;
    for (let unit = 0; unit < blocks.units; ) {
      const held = blocks.orderOf(unit);
      const used = held !== NO_UNIT;
      const order = used ? held : blocks.freeOrderAt(unit);
      const start = this.base + unit * this.unit;
      yield { start, end: start + this.blockBytes(order), used, address: start };
      unit += 1 << order;
    }
  }

  /**
   * Addresses of the free blocks of `order`, rising, which is the order in which they are used. O(its length).
   * @throws RangeError when there is no such order
   * @example
   * ```js
   * const buddy = new Buddy({ capacity: 1024, unit: 64, base: 0x1000 });
   * buddy.allocate(64);
   * buddy.freeList(0);   // => [0x1040]
   * buddy.freeList(3);   // => [0x1200]
   * buddy.freeList(5);   // => throws RangeError: order
   * ```
   */
  freeList(order: number): number[] {
    return this.blocks.freeList(order).map((unit) => this.base + unit * this.unit);
  }

  /**
   * Length of the free list of `order`. O(1).
   * @throws RangeError when there is no such order
   * @example
   * ```js
   * const buddy = new Buddy({ capacity: 1024, unit: 64 });
   * buddy.allocate(64);
   * // As a line of Linux's /proc/buddyinfo: the count of each order, the smallest first.
   * Array.from({ length: buddy.orders }, (_, order) => buddy.freeBlocks(order));   // => [1, 1, 1, 1, 0]
   * ```
   */
  freeBlocks(order: number): number {
    return this.blocks.freeBlocks(order);
  }

  /**
   * Bytes of a block of `order`: `unit * 2 ** order`, whether there is such an order or not. O(1).
   * @example
   * ```js
   * const buddy = new Buddy({ capacity: 1 << 20, unit: 64, orders: 8 });
   * // The largest request it can ever serve.
   * buddy.blockBytes(buddy.orders - 1);   // => 8192
   * buddy.allocate(8193);   // => null
   * ```
   */
  blockBytes(order: number): number {
    return this.unit * 2 ** order;
  }

  /**
   * Checks every law of the bookkeeping, such as that no two buddies are free. O(units * orders): for tests.
   * @throws CorruptionError naming the broken law
   * @example
   * ```js
   * const buddy = new Buddy({ capacity: 4096, unit: 64 });
   * const live = [64, 300, 1000, 64].map((size) => buddy.allocate(size));
   * buddy.check();
   * for (const address of live) buddy.free(address);
   * buddy.check();
   * // All halves are joined again.
   * buddy.largestFree();   // => 4096
   * ```
   */
  check(): void {
    this.blocks.check();
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new Buddy({ capacity: 4096, unit: 64 }).toJSON().freeBytes;   // => 4096
   * ```
   */
  toJSON(): object {
    return { base: this.base, unit: this.unit, ...this.stats() };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  /** `allocate` for an alignment above the bytes of a block of `order`. */
  private allocateAligned(size: number, order: number, align: number): number | null {
    this.inspected = 0;
    // Blocks start at the base plus multiples of their own size, which fixes the low bits of their addresses.
    if (this.blockBytes(order) > this.baseAlign) return null;
    // The aligned units: `first` and every `step` of them from there.
    const first = (roundUp(this.base, align) - this.base) * this.perByte;
    const step = align * this.perByte;
    let unit = this.findAligned(order, first, step);
    if (unit === NO_UNIT) {
      if (this.growUnits === 0 || !this.growFor(order, first, step)) return null;
      unit = this.findAligned(order, first, step);
    }
    this.blocks.take(this.blocks.freeOrderAt(unit), unit, order, size);
    return this.base + unit * this.unit;
  }

  /**
   * An aligned unit in a free block of at least `order`: of the smallest that must hold one, or else of one that
   * happens to.
   */
  private findAligned(order: number, first: number, step: number): number {
    const { blocks } = this;
    const reach = orderOfUnits(step);
    const sure = blocks.findOrder(reach);
    if (sure !== NO_UNIT) return this.look(sure, blocks.firstFree(sure), first, step);
    for (let from = blocks.findOrder(order); from !== NO_UNIT; from = blocks.findOrder(from + 1)) {
      for (let block = blocks.firstFree(from); block !== NO_UNIT; ) {
        const unit = this.look(from, block, first, step);
        if (unit !== NO_UNIT) return unit;
        const next = alignedFrom(block, first, step);
        block = next < blocks.units ? blocks.freeFrom(from, next) : NO_UNIT;
      }
    }
    return NO_UNIT;
  }

  /** The aligned unit in the free block of order `from` at unit `block`, or NO_UNIT. */
  private look(from: number, block: number, first: number, step: number): number {
    const unit = alignedFrom(block, first, step);
    const fits = unit < block + 2 ** from;
    this.inspected++;
    if (this.observer !== undefined) {
      const start = this.base + block * this.unit;
      this.observer.inspect(start, start + this.blockBytes(from), fits);
    }
    return fits ? unit : NO_UNIT;
  }

  /** Moves the end by as few multiples of `growBy` as bring a free aligned block of `order`; false when none may. */
  private growFor(order: number, first: number, step: number): boolean {
    if (order >= this.ordersMax) return false;
    const { units } = this.blocks;
    const size = 2 ** order;
    const unit = alignedFrom(this.blocks.freeTail(), first, Math.max(step, size));
    const grown = units + roundUp(unit + size - units, this.growUnits);
    if (grown > this.unitsMax) return false;
    this.blocks.extend(grown, this.unitsMax);
    return true;
  }

  /** The unit at `address`, at which a used block starts. */
  private unitAt(address: number): number {
    checkAddress(address);
    const unit = (address - this.base) * this.perByte;
    if (this.blocks.orderOf(unit) === NO_UNIT) {
      throw new InvalidFreeError(address, this.blocks.whyInvalid(unit));
    }
    return unit | 0;
  }
}

/** The least order whose blocks hold `units` units; ORDERS_MAX, which no block has, above 2^30. */
function orderOfUnits(units: number): number {
  if (units > UNITS_MAX) return ORDERS_MAX;
  return units === 1 ? 0 : 32 - Math.clz32(units - 1);
}

/** The least of `first`, `first + step` and so on that is at least `unit`. */
function alignedFrom(unit: number, first: number, step: number): number {
  return unit <= first ? first : first + roundUp(unit - first, step);
}

function unitsOf(name: string, bytes: number, unit: number): number {
  const units = Math.floor(bytes / unit);
  if (units < 1 || units > UNITS_MAX) {
    throw new RangeError(`${name} must be 1 to 2^30 units of ${unit} bytes, got ${bytes}`);
  }
  return units;
}
