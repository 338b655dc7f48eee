/** A shadow of an allocator: what is live according to the calls made, held against what the allocator says. */
import type { Allocator, Segment } from '../src/allocator.js';
import type { EventPicture } from './events.js';
import { must } from './must.js';
import type { Subject } from './subjects.js';

export class Model {
  readonly allocator: Allocator;
  readonly subject: Subject;
  /** Live blocks, address to bytes requested. */
  readonly live = new Map<number, number>();
  /** What the range may grow to. */
  readonly maxCapacity: number;

  private readonly events: EventPicture | undefined;

  /** @param allocator one just made, and what it tells if that is to be held against the contract, too */
  constructor(subject: Subject, allocator: Allocator, events?: EventPicture) {
    this.subject = subject;
    this.allocator = allocator;
    this.events = events;
    this.maxCapacity = allocator.capacity + subject.growth;
  }

  allocate(size: number, align = 1): number | null {
    const before = this.allocator.capacity;
    const address = this.allocator.allocate(size, align);
    this.events?.told(address === null ? 'full' : 'allocated');
    const call = () => `allocate(${size}, ${align}) gave ${address}`;
    if (address === null) {
      const missed = this.serving(size, align);
      must(missed === undefined, () => `${call()} although [${missed?.start}, ${missed?.end}) serves`);
      must(this.allocator.capacity === before, () => `${call()} and the range grew nevertheless`);
      return null;
    }
    must(address % align === 0, () => `${call()}, not a multiple of align`);
    const { inspected } = this.allocator;
    must(this.subject.inside === true || inspected >= 1, () => `${call()} having inspected ${inspected}`);
    must(!this.live.has(address), () => `${call()}, which is in use`);
    this.live.set(address, size);
    return address;
  }

  /** A free segment that serves, or one that there would be if the range grew; undefined when none does. */
  private serving(size: number, align: number): Pick<Segment, 'start' | 'end'> | undefined {
    const { allocator, subject } = this;
    const free = [...allocator.segments()].filter((segment) => !segment.used);
    if (subject.growBy > 0) {
      const { base, capacity } = allocator;
      let start = base + capacity;
      if (subject.coalesces) for (const each of free.toReversed()) if (each.end === start) start = each.start;
      const steps = Math.floor((this.maxCapacity - capacity) / subject.growBy);
      const end = base + capacity + steps * subject.growBy;
      free.push({ start, end, used: false, address: start });
    }
    return free.find((segment) => subject.fits(segment, size, align, allocator.base));
  }

  free(address: number): void {
    this.allocator.free(address);
    this.events?.told('freed');
    this.live.delete(address);
  }

  resize(address: number, size: number): void {
    const before = this.endOf(address);
    const done = this.allocator.resize?.(address, size) ?? false;
    const after = this.endOf(address);
    if (done) this.live.set(address, size);
    else
      must(after === before, () => `resize(${address}, ${size}) was refused and moved ${before} to ${after}`);
    if (!done) this.events?.told('refused');
    else this.events?.told(after < before ? 'shrunk' : after > before ? 'extended' : 'unmoved');
  }

  grow(newCapacity: number): void {
    this.allocator.grow?.(newCapacity);
    this.events?.told('grown');
  }

  private endOf(address: number): number {
    return address + this.allocator.sizeOf(address);
  }

  /** The n-th live address, counted round. */
  pick(n: number): number | undefined {
    return this.live.size === 0 ? undefined : [...this.live.keys()][n % this.live.size];
  }

  /** Holds every promise of the contract against the shadow. */
  verify(): void {
    const { allocator, live } = this;
    allocator.check();
    this.events?.verify(allocator);
    const segments = [...allocator.segments()];
    expectTiles(allocator, segments);
    let used = 0;
    let usedBytes = 0;
    let free = 0;
    let largest = 0;
    let own = 0;
    for (const { start, end, address, requested, ...segment } of segments) {
      if (!segment.used) {
        free++;
        largest = Math.max(largest, end - start);
        continue;
      }
      if (segment.own) {
        own += end - start;
        continue;
      }
      const asked = live.get(address);
      const granted = allocator.sizeOf(address);
      const where = () => `the segment [${start}, ${end}) at ${address}, asked for ${asked}`;
      must(asked !== undefined, () => `${where()}, is in use`);
      must(granted >= asked, () => `${where()}, has ${granted} bytes`);
      must(address + granted <= end, () => `${where()}, is granted ${granted} bytes`);
      must(requested === undefined || requested === asked, () => `${where()}, tells ${requested}`);
      used++;
      usedBytes += end - start;
    }
    must(used === live.size, () => `${used} segments of ${live.size} live blocks`);
    const stats = allocator.stats();
    const { capacity } = allocator;
    const counted = {
      capacity,
      usedSegments: used,
      freeSegments: free,
      usedBytes,
      freeBytes: capacity - usedBytes - own,
    };
    for (const [name, value] of Object.entries(counted)) {
      const told = stats[name as keyof typeof counted];
      must(told === value, () => `stats() tells ${name} ${told}, and there are ${value}`);
    }
    const told = allocator.largestFree();
    must(told === largest, () => `largestFree() tells ${told}, and there is ${largest}`);
  }
}

export function expectTiles(allocator: Allocator, segments: readonly Segment[]): void {
  const { base, capacity } = allocator;
  let at = base;
  for (const { start, end, address } of segments) {
    const where = () => `[${start}, ${end}) at ${address}, after ${at}`;
    must(start === at, () => `segments tile the range, not ${where()}`);
    must(
      end > start && address >= start && address < end,
      () => `a segment holds its address, not ${where()}`,
    );
    at = end;
  }
  must(at === base + capacity, () => `segments end at ${at}, and the range at ${base + capacity}`);
}

/** Everything the contract lets one see: two equal pictures mean an allocator that was not changed. */
export function picture(allocator: Allocator): unknown {
  return { segments: [...allocator.segments()], stats: allocator.stats(), largest: allocator.largestFree() };
}
