/** A buddy system as one would write it on a blackboard: sorted arrays of unit numbers, one an order. */

interface Options {
  unit: number;
  capacity: number;
  base?: number;
  orders?: number;
  growBy?: number;
  maxCapacity?: number;
}

export class BuddyModel {
  readonly base: number;
  units = 0;
  lists: number[][] = [];
  /** First unit to order. */
  private readonly used = new Map<number, number>();
  private readonly options: Options;

  constructor(options: Options) {
    this.options = options;
    this.base = options.base ?? 0;
    this.grow(options.capacity);
  }

  freeBlocks(): [unit: number, order: number][] {
    return this.lists.flatMap((list, order) => list.map((unit): [number, number] => [unit, order]));
  }

  sizeOf(address: number): number {
    return this.options.unit * 2 ** this.used.get(this.unitAt(address))!;
  }

  allocate(size: number, align = 1): number | null {
    const order = this.orderOf(size);
    const found = this.find(order, align);
    if (found === null) return this.growFor(order, align) ? this.allocate(size, align) : null;
    const [block, unit] = found;
    let from = this.lists.findIndex((list) => list.includes(block));
    this.lists[from] = this.lists[from].filter((other) => other !== block);
    // The half without the unit stays free.
    for (let at = block; from > order; from--) {
      const upper = at + 2 ** (from - 1);
      this.insert(unit < upper ? upper : at, from - 1);
      if (unit >= upper) at = upper;
    }
    this.used.set(unit, order);
    return this.base + unit * this.options.unit;
  }

  free(address: number): void {
    const unit = this.unitAt(address);
    const order = this.used.get(unit)!;
    this.used.delete(unit);
    this.join(unit, order);
  }

  resize(address: number, size: number): boolean {
    const unit = this.unitAt(address);
    const order = this.used.get(unit)!;
    const wanted = this.orderOf(size);
    const buddies = [];
    for (let k = order; k < wanted; k++) buddies.push([unit + 2 ** k, k] as const);
    const ok = buddies.every(([buddy, k]) => unit % 2 ** (k + 1) === 0 && this.lists[k]?.includes(buddy));
    if (!ok || wanted >= this.lists.length) return false;
    for (const [buddy, k] of buddies) this.lists[k] = this.lists[k].filter((other) => other !== buddy);
    for (let k = order - 1; k >= wanted; k--) this.insert(unit + 2 ** k, k);
    this.used.set(unit, wanted);
    return true;
  }

  grow(capacity: number): void {
    const from = this.units;
    this.units = Math.floor(capacity / this.options.unit);
    const orders = this.options.orders ?? Math.floor(Math.log2(this.units)) + 1;
    while (this.lists.length < orders) this.lists.push([]);
    // Unit by unit: they join into the largest blocks by themselves.
    for (let unit = from; unit < this.units; unit++) this.join(unit, 0);
  }

  /**
   * The lowest block of the least order whose blocks have `align` bytes, or else the lowest of the least order that
   * holds an aligned unit; and that unit.
   */
  private find(order: number, align: number): [block: number, unit: number] | null {
    const orders = [...this.lists.keys()].filter((each) => each >= order);
    const large = (each: number) => this.options.unit * 2 ** each >= align;
    for (const each of [...orders.filter(large), ...orders.filter((each) => !large(each))]) {
      for (const block of this.lists[each]) {
        for (let unit = block; unit < block + 2 ** each; unit += 2 ** order) {
          if (this.isAligned(unit, align)) return [block, unit];
        }
      }
    }
    return null;
  }

  private isAligned(unit: number, align: number): boolean {
    return (this.base + unit * this.options.unit) % align === 0;
  }

  /** Tries one multiple of growBy after the other. */
  private growFor(order: number, align: number): boolean {
    const { unit, growBy, orders, maxCapacity = 2 ** 40 } = this.options;
    if (growBy === undefined || order >= (orders ?? 31)) return false;
    // Nowhere is a block of the order aligned.
    if (this.base % Math.min(align, unit * 2 ** order) !== 0) return false;
    for (let units = this.units; units * unit <= maxCapacity; units += Math.ceil(growBy / unit)) {
      const size = 2 ** order;
      for (let first = 0; first + size <= units; first += size) {
        if (!this.isAligned(first, align) || !this.isFree(first, first + size)) continue;
        this.grow(units * unit);
        return true;
      }
    }
    return false;
  }

  /** Whether all units are free or past the end. */
  private isFree(from: number, to: number): boolean {
    return [...this.used].every(([unit, order]) => unit + 2 ** order <= from || unit >= to);
  }

  private join(unit: number, order: number): void {
    const buddy = unit % 2 ** (order + 1) === 0 ? unit + 2 ** order : unit - 2 ** order;
    if (order + 1 < this.lists.length && this.lists[order].includes(buddy)) {
      this.lists[order] = this.lists[order].filter((other) => other !== buddy);
      this.join(Math.min(unit, buddy), order + 1);
    } else {
      this.insert(unit, order);
    }
  }

  private insert(unit: number, order: number): void {
    this.lists[order].push(unit);
    this.lists[order].sort((a, b) => a - b);
  }

  private orderOf(size: number): number {
    let order = 0;
    while (this.options.unit * 2 ** order < size) order++;
    return order;
  }

  private unitAt(address: number): number {
    return (address - this.base) / this.options.unit;
  }
}
