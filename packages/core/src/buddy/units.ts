/**
 * The binary buddy system in unit numbers and orders: a block of order k is `2 ** k` units at a multiple of `2 ** k`.
 * `Buddy` puts addresses and sizes on top; an allocator of page frames takes it as it is.
 *
 * Cost: O(orders) a call, one step in the common case, whatever the number of units and of live blocks. Waste: 0.51
 * bytes of bookkeeping a unit, a quarter for the free lists and a quarter for the orders of used blocks.
 *
 * Source: K. C. Knowlton, "A fast storage allocator", CACM 8 (1965); D. E. Knuth, TAOCP 1, section 2.5.
 */
import { type AllocatorObserver, InvalidFreeError, type InvalidFreeReason } from '../allocator.js';
import { checkAddress, checkOptions } from '../arguments.js';
import { display } from '../display.js';
import { type EventQueue, guard } from '../observed.js';
import { INSPECT, summary } from '../summary.js';
import { checkLaws } from './check.js';
import { FreeBlocks, trailingZeros } from './free-blocks.js';
import { UsedOrders } from './used-orders.js';

/** What `allocate` gives when no block is free, and `orderOf` where no used block starts. */
export const NO_UNIT = -1;

/** Units are numbered in 32-bit integers. */
export const UNITS_MAX = 2 ** 30;
export const ORDERS_MAX = 31;

export interface BuddyUnitsOptions {
  /** How many units there are, 1 to 2^30. */
  readonly units: number;
  /** How many free lists, 1 to 31. Left out: as many as the units have use for, and more when they grow. */
  readonly orders?: number | undefined;
  /** Bytes of a unit and the address of the first, for the observer and for errors; 1 and 0 when left out. */
  readonly unitBytes?: number;
  readonly base?: number;
  readonly observer?: AllocatorObserver | undefined;
}

const OPTIONS: Readonly<Record<keyof BuddyUnitsOptions, true>> = {
  units: true,
  orders: true,
  unitBytes: true,
  base: true,
  observer: true,
};

/** The methods that change what is free. */
const CHANGES = ['allocate', 'free', 'reserve', 'freeRange', 'take', 'giveBack', 'resize', 'extend'] as const;

/**
 * A buddy system of units, such as page frames: a block of order k is `2 ** k` units at a multiple of `2 ** k`.
 * @example
 * ```js
 * const frames = new BuddyUnits({ units: 1024 });
 * frames.allocate(0);   // => 0
 * frames.allocate(3);   // => 8
 * ```
 */
export class BuddyUnits {
  /** Units in used blocks. */
  used = 0;
  usedBlocks = 0;
  private readonly unitBytes: number;
  private readonly base: number;
  private readonly observer: EventQueue | undefined;
  /** The option `orders`; 0 when left out. */
  private readonly ordersFixed: number;
  private count: number;
  /** The largest order a block can have. */
  private top: number;
  private lists: FreeBlocks;
  private held: UsedOrders;

  /** All units are free. @throws RangeError for an option out of its range, TypeError for one that is none of them */
  constructor(options: BuddyUnitsOptions) {
    checkOptions('BuddyUnits', options, OPTIONS);
    const { units, orders, unitBytes = 1, base = 0, observer } = options;
    checkWhole('units', units, 1, UNITS_MAX);
    if (orders !== undefined) checkWhole('orders', orders, 1, ORDERS_MAX);
    this.unitBytes = unitBytes;
    this.base = base;
    this.observer = guard(this, observer, CHANGES, (unit) => this.giveBack(unit, this.orderOf(unit)));
    this.ordersFixed = orders ?? 0;
    this.count = units;
    this.top = this.topOrder(units);
    this.held = new UsedOrders(units);
    this.lists = new FreeBlocks(units, this.top + 1);
    for (let unit = 0; unit < units; ) {
      const order = this.pieceOrder(unit, units);
      this.lists.insert(order, unit >>> order);
      unit += 1 << order;
    }
  }

  /** How many units there are; they are numbered from 0. */
  get units(): number {
    return this.count;
  }

  /** How many free lists there are: orders run from 0 to `orders - 1`. */
  get orders(): number {
    return this.top + 1;
  }

  /** The largest order of which a block is free; NO_UNIT when none is. O(1). */
  get largestOrder(): number {
    return 31 - Math.clz32(this.lists.mask);
  }

  get bookkeepingBytes(): number {
    return this.held.bookkeepingBytes + this.lists.bookkeepingBytes;
  }

  /** Length of all free lists together. O(orders). */
  get freeBlocksTotal(): number {
    let total = 0;
    for (let order = 0; order <= this.top; order++) total += this.lists.counts[order];
    return total;
  }

  /**
   * Length of the free list of `order`. O(1). @throws RangeError when there is no such order
   * @example
   * ```js
   * const frames = new BuddyUnits({ units: 13 });
   * [0, 1, 2, 3].map((order) => frames.freeBlocks(order));   // => [1, 0, 1, 1]
   * ```
   */
  freeBlocks(order: number): number {
    this.checkOrder(order);
    return this.lists.counts[order];
  }

  /**
   * The first units of the free blocks of `order`, rising. O(its length). @throws RangeError for a bad order
   * @example
   * ```js
   * new BuddyUnits({ units: 32, orders: 4 }).freeList(3);   // => [0, 8, 16, 24]
   * ```
   */
  freeList(order: number): number[] {
    this.checkOrder(order);
    return this.lists.list(order).map((index) => index << order);
  }

  /**
   * The order of the used block that starts at `unit`; NO_UNIT when none does. O(1).
   * @example
   * ```js
   * const frames = new BuddyUnits({ units: 16 });
   * frames.allocate(2);
   * [frames.orderOf(0), frames.orderOf(1)];   // => [2, NO_UNIT]
   * ```
   */
  orderOf(unit: number): number {
    const whole = unit | 0;
    return whole === unit && whole >= 0 && whole < this.count ? this.held.get(whole) : NO_UNIT;
  }

  /**
   * Whether just this block is in a free list, not a larger one around it. O(1). @throws RangeError for a bad order
   * @example
   * ```js
   * const frames = new BuddyUnits({ units: 16 });
   * [frames.isFreeBlock(8, 3), frames.isFreeBlock(0, 4)];   // => [false, true]
   * ```
   */
  isFreeBlock(unit: number, order: number): boolean {
    this.checkOrder(order);
    if (!(Number.isInteger(unit) && unit >= 0 && unit < this.count)) return false;
    return isMultiple(unit, order) && this.lists.has(order, unit >>> order);
  }

  /**
   * The order of the free block that holds `unit`, one of the range; NO_UNIT when it is in use. O(orders).
   * @example
   * ```js
   * const frames = new BuddyUnits({ units: 16 });
   * frames.allocate(1);
   * [frames.freeOrderAt(1), frames.freeOrderAt(3)];   // => [NO_UNIT, 1]
   * ```
   */
  freeOrderAt(unit: number): number {
    for (let order = 0; order <= this.top; order++) {
      if (this.lists.has(order, unit >>> order)) return order;
    }
    return NO_UNIT;
  }

  /**
   * Takes a block of `order`: the lowest free one, or the lower end of the lowest free block of the least larger order.
   * @returns its first unit, or NO_UNIT when no free block is large enough
   * @throws RangeError when there is no such order
   * @example
   * ```js
   * const frames = new BuddyUnits({ units: 12 });
   * frames.allocate(3);   // => 0
   * frames.allocate(3);   // => NO_UNIT
   * ```
   */
  allocate(order: number): number {
    this.checkOrder(order);
    const from = this.findOrder(order);
    if (from === NO_UNIT) return NO_UNIT;
    const unit = this.firstFree(from);
    this.take(from, unit, order, this.unitBytes * (1 << order));
    return unit;
  }

  /**
   * Gives back the block of `order` at `unit`.
   * @throws InvalidFreeError when no used block starts there, RangeError when it has another order; nothing is changed
   * @example
   * ```js
   * const frames = new BuddyUnits({ units: 16 });
   * frames.free(frames.allocate(2), 2);
   * frames.free(frames.allocate(2), 1);   // => throws RangeError: has order 2
   * ```
   */
  free(unit: number, order: number): void {
    checkAddress(unit);
    const held = this.orderOf(unit);
    if (held === NO_UNIT) throw new InvalidFreeError(this.addressOf(unit), this.whyInvalid(unit));
    if (held !== order)
      throw new RangeError(`the block at unit ${unit} has order ${held}, not ${display(order)}`);
    this.giveBack(unit, order);
  }

  /**
   * Takes the `count` units from `unit` on out of what is free, as used blocks of the largest orders that tile them: the
   * kernel's own image, holes, a part to be freed later. O(orders) for each block taken or cut.
   * @returns false when any of them is in use or beyond the end; nothing is changed then
   * @example
   * ```js
   * const frames = new BuddyUnits({ units: 16 });
   * frames.reserve(3, 6);   // => true
   * frames.allocate(2);   // => 12
   * ```
   */
  reserve(unit: number, count: number): boolean {
    const end = this.checkRun(unit, count);
    if (end > this.count) return false;
    for (let at = unit; at < end; ) {
      const order = this.freeOrderAt(at);
      if (order === NO_UNIT) return false;
      at = ((at >>> order) + 1) << order;
    }
    for (let at = unit; at < end; ) {
      const order = this.pieceOrder(at, end);
      // All of the piece is free, hence joined: one free block holds it.
      this.take(this.freeOrderAt(at), at, order, this.unitBytes * (1 << order));
      at += 1 << order;
    }
    return true;
  }

  /**
   * Gives back all used blocks from `unit` on, which `count` units must tile exactly. O(orders) for each.
   * @throws InvalidFreeError naming the first unit where no used block starts, or that lies inside the last one; nothing
   * is changed
   * @example
   * ```js
   * const frames = new BuddyUnits({ units: 16 });
   * frames.reserve(3, 6);
   * frames.freeRange(4, 4);
   * frames.freeRange(4, 5);   // => throws InvalidFreeError: freed already
   * ```
   */
  freeRange(unit: number, count: number): void {
    const end = this.checkRun(unit, count);
    for (let at = unit; at < end; ) {
      const order = this.orderOf(at);
      if (order === NO_UNIT) throw new InvalidFreeError(this.addressOf(at), this.whyInvalid(at));
      at += 1 << order;
      if (at > end) throw new InvalidFreeError(this.addressOf(end), 'interior');
    }
    for (let at = unit; at < end; ) {
      const order = this.orderOf(at);
      this.giveBack(at, order);
      at += 1 << order;
    }
  }

  /**
   * The least order from `order` up that has a free block; NO_UNIT when none has. O(1).
   * @example
   * ```js
   * const frames = new BuddyUnits({ units: 16 });
   * frames.allocate(0);
   * [frames.findOrder(2), frames.findOrder(4)];   // => [2, NO_UNIT]
   * ```
   */
  findOrder(order: number): number {
    const larger = order > this.top ? 0 : this.lists.mask >>> order;
    return larger === 0 ? NO_UNIT : order + trailingZeros(larger);
  }

  /**
   * The first unit of the lowest free block of `order`, which has one. O(1).
   * @example
   * ```js
   * const frames = new BuddyUnits({ units: 32, orders: 4 });
   * frames.allocate(3);
   * frames.firstFree(3);   // => 8
   * ```
   */
  firstFree(order: number): number {
    return this.lists.first(order) << order;
  }

  /**
   * First unit of the lowest free block of `order` that holds `unit` or lies behind it; or NO_UNIT. O(1).
   * @example
   * ```js
   * new BuddyUnits({ units: 32, orders: 4 }).freeFrom(3, 17);   // => 16
   * ```
   */
  freeFrom(order: number, unit: number): number {
    const { lists } = this;
    const index = unit >>> order;
    const found = lists.has(order, index) ? index : lists.after(order, index);
    return found === NO_UNIT ? NO_UNIT : found << order;
  }

  /**
   * Unchecked: halves the free block of order `from` around `unit` down to that of `order` there, and uses it.
   * @example
   * ```js
   * const frames = new BuddyUnits({ units: 16, unitBytes: 4096 });
   * frames.take(4, 6, 1, 8192);
   * [frames.orderOf(6), frames.freeOrderAt(0)];   // => [1, 2]
   * ```
   */
  take(from: number, unit: number, order: number, requestedBytes: number): void {
    const { lists, observer } = this;
    lists.remove(from, unit >>> from);
    for (let half = from - 1; half >= order; half--) {
      if (observer !== undefined) this.tellSplit(observer, unit, half + 1);
      lists.insert(half, (unit >>> half) ^ 1);
    }
    this.held.set(unit, order);
    this.used += 1 << order;
    this.usedBlocks++;
    if (observer !== undefined) this.tellTaken(observer, unit, order, requestedBytes);
  }

  /**
   * Unchecked: frees the used block of `order` at `unit`. O(orders).
   * @example
   * ```js
   * const frames = new BuddyUnits({ units: 16 });
   * frames.giveBack(frames.allocate(1), 1);
   * frames.used;   // => 0
   * ```
   */
  giveBack(unit: number, order: number): void {
    this.held.clear(unit, order);
    this.used -= 1 << order;
    this.usedBlocks--;
    if (this.observer !== undefined) this.tellReleased(this.observer, unit, order);
    this.join(unit, order);
  }

  /**
   * Unchecked: makes the used block at `unit` one of order `to` in place: frees upper halves, or takes in the buddies above.
   * @returns false when it is itself an upper half of what it would become, or a buddy is in use; nothing is changed then
   * @example
   * ```js
   * const frames = new BuddyUnits({ units: 16, unitBytes: 4096 });
   * frames.reserve(1, 1);
   * frames.resize(1, 1, 8192);   // => false
   * ```
   */
  resize(unit: number, to: number, requestedBytes: number): boolean {
    const { lists, observer } = this;
    const from = this.orderOf(unit);
    if (to > from) {
      if (to > this.top || !isMultiple(unit, to)) return false;
      for (let order = from; order < to; order++) {
        if (!lists.has(order, (unit >>> order) + 1)) return false;
      }
    }
    for (let order = from; order < to; order++) {
      lists.remove(order, (unit >>> order) + 1);
      if (observer !== undefined) this.tellJoined(observer, unit, order + 1);
    }
    for (let order = from - 1; order >= to; order--) {
      const upper = unit + (1 << order);
      if (observer !== undefined) {
        this.tellSplit(observer, unit, order + 1);
        this.tellReleased(observer, upper, order);
      }
      lists.insert(order, upper >>> order);
    }
    this.held.clear(unit, from);
    this.held.set(unit, to);
    this.used += (1 << to) - (1 << from);
    if (observer !== undefined) this.tellTaken(observer, unit, to, requestedBytes);
    return true;
  }

  /**
   * Moves the end up to `units`; the new units are free. O(orders), and O(units) when the arrays become larger.
   * @param most how many units there can ever be
   * @example
   * ```js
   * const frames = new BuddyUnits({ units: 8 });
   * frames.extend(16, 64);
   * frames.largestOrder;   // => 4
   * ```
   */
  extend(units: number, most: number): void {
    const { observer } = this;
    const old = this.count;
    if (units > this.held.units) this.makeRoom(units, most);
    this.count = units;
    this.top = this.topOrder(units);
    if (observer !== undefined) observer.grow(old * this.unitBytes, units * this.unitBytes);
    for (let unit = old; unit < units; ) {
      const order = this.pieceOrder(unit, units);
      const next = unit + (1 << order);
      if (observer !== undefined && next < units) {
        observer.split(this.addressOf(unit), this.addressOf(next), this.addressOf(units));
      }
      this.join(unit, order);
      unit = next;
    }
  }

  /**
   * The unit from which on all is free up to the end. O(orders) for each free block there.
   * @example
   * ```js
   * const frames = new BuddyUnits({ units: 16 });
   * frames.reserve(4, 1);
   * frames.freeTail();   // => 5
   * ```
   */
  freeTail(): number {
    let end = this.count;
    for (let order = 0; order <= this.top && end > 0 && isMultiple(end, order); ) {
      if (this.lists.has(order, (end >>> order) - 1)) {
        end -= 1 << order;
        order = 0;
      } else {
        order++;
      }
    }
    return end;
  }

  /**
   * Checks every law of the bookkeeping. O(units * orders). @throws CorruptionError naming the broken law
   * @example
   * ```js
   * const frames = new BuddyUnits({ units: 16 });
   * frames.used = 3;
   * frames.check();   // => throws CorruptionError: used + free = capacity
   * ```
   */
  check(): void {
    checkLaws(this, this.lists, this.held);
  }

  /**
   * Why no used block starts at `unit`. O(orders).
   * @example
   * ```js
   * const frames = new BuddyUnits({ units: 16 });
   * frames.reserve(0, 4);
   * [1, 4, 16].map((unit) => frames.whyInvalid(unit));   // => ['interior', 'free', 'outside']
   * ```
   */
  whyInvalid(unit: number): InvalidFreeReason {
    if (!(unit >= 0 && unit < this.count)) return 'outside';
    return this.freeOrderAt(Math.floor(unit)) === NO_UNIT ? 'interior' : 'free';
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * JSON.parse(JSON.stringify(new BuddyUnits({ units: 64 }))).units;   // => 64
   * ```
   */
  toJSON(): object {
    return {
      units: this.units,
      used: this.used,
      usedBlocks: this.usedBlocks,
      bookkeepingBytes: this.bookkeepingBytes,
    };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  /** Puts a block into its free list, as one with its buddy while that is free. */
  private join(unit: number, order: number): void {
    const { lists, top, observer } = this;
    let index = unit >>> order;
    let joined = order;
    while (joined < top && lists.has(joined, index ^ 1)) {
      lists.remove(joined, index ^ 1);
      index >>>= 1;
      joined++;
      if (observer !== undefined) this.tellJoined(observer, index << joined, joined);
    }
    lists.insert(joined, index);
  }

  /** Half as much room again at least, so that growing by small steps costs O(1) a unit. */
  private makeRoom(units: number, most: number): void {
    const { held, lists } = this;
    const room = Math.min(most, Math.max(units, Math.floor(held.units * 1.5)));
    this.held = new UsedOrders(room);
    this.held.copy(held);
    this.lists = new FreeBlocks(room, this.topOrder(room) + 1);
    for (let order = 0; order < lists.orders; order++) {
      for (const index of lists.list(order)) this.lists.insert(order, index);
    }
  }

  /** The order of the largest block that starts at `unit` and ends by `end`. */
  private pieceOrder(unit: number, end: number): number {
    const fits = 31 - Math.clz32(end - unit);
    return Math.min(this.top, fits, unit === 0 ? fits : trailingZeros(unit));
  }

  private topOrder(units: number): number {
    return (this.ordersFixed || 32 - Math.clz32(units)) - 1;
  }

  private addressOf(unit: number): number {
    return this.base + unit * this.unitBytes;
  }

  private checkOrder(order: number): void {
    checkWhole('order', order, 0, this.top);
  }

  /** @returns the unit after the last */
  private checkRun(unit: number, count: number): number {
    checkWhole('unit', unit, 0, this.count - 1);
    checkWhole('count', count, 1, UNITS_MAX);
    return unit + count;
  }

  private tellTaken(observer: EventQueue, unit: number, order: number, requestedBytes: number): void {
    const start = this.addressOf(unit);
    observer.take(start, start + this.unitBytes * 2 ** order, start, requestedBytes);
  }

  private tellReleased(observer: EventQueue, unit: number, order: number): void {
    const start = this.addressOf(unit);
    observer.release(start, start + this.unitBytes * 2 ** order);
  }

  /** The block of `order` that holds `unit` has become two halves. */
  private tellSplit(observer: EventQueue, unit: number, order: number): void {
    const start = this.addressOf((unit >>> order) << order);
    const bytes = this.unitBytes * 2 ** order;
    observer.split(start, start + bytes / 2, start + bytes);
  }

  /** The block of `order` at `unit` has become one, of two halves. */
  private tellJoined(observer: EventQueue, unit: number, order: number): void {
    const start = this.addressOf(unit);
    const bytes = this.unitBytes * 2 ** order;
    observer.coalesce(start, start + bytes / 2, start + bytes);
  }
}

function isMultiple(unit: number, order: number): boolean {
  return (unit >>> order) << order === unit;
}

function checkWhole(name: string, value: number, least: number, most: number): void {
  if (!(Number.isInteger(value) && value >= least && value <= most)) {
    throw new RangeError(`${name} must be a whole number from ${least} to ${most}, got ${display(value)}`);
  }
}
