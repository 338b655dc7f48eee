/** A shadow of an allocator: what is live according to the calls made, held against what the allocator says. */
import { expect } from 'vitest';
import type { Allocator, Segment } from '../src/allocator.js';
import type { Subject } from './subjects.js';

export class Model {
  readonly allocator: Allocator;
  readonly subject: Subject;
  /** Live blocks, address to bytes requested. */
  readonly live = new Map<number, number>();

  constructor(subject: Subject, allocator: Allocator) {
    this.subject = subject;
    this.allocator = allocator;
  }

  allocate(size: number, align = 1): number | null {
    const address = this.allocator.allocate(size, align);
    if (address === null) {
      const missed = [...this.allocator.segments()].find((s) => !s.used && this.subject.fits(s, size, align));
      expect(missed, `allocate(${size}, ${align}) gave null although a free segment fits`).toBeUndefined();
      return null;
    }
    expect(address % align, `allocate(${size}, ${align}) gave ${address}, not a multiple of align`).toBe(0);
    expect(this.live.has(address), `address ${address} was given out twice`).toBe(false);
    this.live.set(address, size);
    return address;
  }

  free(address: number): void {
    this.allocator.free(address);
    this.live.delete(address);
  }

  resize(address: number, size: number): void {
    if (this.allocator.resize?.(address, size)) this.live.set(address, size);
  }

  /** The n-th live address, counted round. */
  pick(n: number): number | undefined {
    return this.live.size === 0 ? undefined : [...this.live.keys()][n % this.live.size];
  }

  /** Holds every promise of the contract against the shadow. */
  verify(): void {
    const { allocator, live } = this;
    allocator.check();
    const segments = [...allocator.segments()];
    expectTiles(allocator, segments);
    const used = segments.filter((s) => s.used);
    expect(used.map((s) => s.address)).toEqual([...live.keys()].sort((a, b) => a - b));
    for (const s of used) {
      const granted = allocator.sizeOf(s.address);
      expect(granted, `sizeOf(${s.address})`).toBeGreaterThanOrEqual(live.get(s.address)!);
      expect(s.address + granted, 'granted bytes end inside the segment').toBeLessThanOrEqual(s.end);
      if (s.requested !== undefined) expect(s.requested).toBe(live.get(s.address));
    }
    const free = segments.filter((s) => !s.used);
    const stats = allocator.stats();
    expect(stats.usedSegments).toBe(used.length);
    expect(stats.freeSegments).toBe(free.length);
    expect(stats.usedBytes).toBe(used.reduce((sum, s) => sum + s.end - s.start, 0));
    expect(stats.freeBytes).toBe(free.reduce((sum, s) => sum + s.end - s.start, 0));
    expect(stats.capacity).toBe(allocator.capacity);
    expect(allocator.largestFree()).toBe(free.reduce((max, s) => Math.max(max, s.end - s.start), 0));
  }
}

export function expectTiles(allocator: Allocator, segments: readonly Segment[]): void {
  let at = allocator.base;
  for (const s of segments) {
    expect(s.start, 'segments tile the range').toBe(at);
    expect(s.end, 'no segment is empty').toBeGreaterThan(s.start);
    expect(s.address).toBeGreaterThanOrEqual(s.start);
    expect(s.address).toBeLessThan(s.end);
    at = s.end;
  }
  expect(at, 'segments end where the range ends').toBe(allocator.base + allocator.capacity);
}

/** Everything the contract lets one see: two equal pictures mean an allocator that was not changed. */
export function picture(allocator: Allocator): unknown {
  return { segments: [...allocator.segments()], stats: allocator.stats(), largest: allocator.largestFree() };
}
