/** A picture of the segments drawn from an allocator's events alone: what the lesson and the visualiser rely on. */
import { expect } from 'vitest';
import type { Allocator, AllocatorObserver } from '../src/allocator.js';

interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly used: boolean;
}

export class EventPicture implements AllocatorObserver {
  /** The events since the last `clear`, one line each. */
  readonly log: string[] = [];
  /** By start. */
  private readonly stretches = new Map<number, Stretch>();
  private readonly base: number;

  /** Begins with what is there before the first event. */
  constructor(base: number, free: readonly (readonly [start: number, end: number])[]) {
    this.base = base;
    for (const [start, end] of free) this.stretches.set(start, { start, end, used: false });
  }

  clear(): string[] {
    return this.log.splice(0);
  }

  /** Holds the picture against what the allocator says of itself. */
  verify(allocator: Allocator): void {
    const seen = [...this.stretches.values()].sort((a, b) => a.start - b.start);
    expect(seen).toEqual([...allocator.segments()].map(({ start, end, used }) => ({ start, end, used })));
  }

  inspect(start: number, end: number, fits: boolean): void {
    this.log.push(`inspect ${start}-${end} ${fits ? 'fits' : 'does not fit'}`);
    expect(this.stretches.get(start), 'only a free segment is inspected').toEqual({
      start,
      end,
      used: false,
    });
  }

  split(start: number, at: number, end: number): void {
    this.log.push(`split ${start}-${at}-${end}`);
    this.remove(start, end, false);
    this.add(start, at, false);
    this.add(at, end, false);
  }

  coalesce(start: number, at: number, end: number): void {
    this.log.push(`coalesce ${start}-${at}-${end}`);
    this.remove(start, at, false);
    this.remove(at, end, false);
    this.add(start, end, false);
  }

  take(start: number, end: number, address: number, requested: number): void {
    this.log.push(`take ${start}-${end} at ${address} for ${requested}`);
    // A resized segment is taken anew, with free ones behind it that it grows over.
    let used = this.stretches.get(start)?.used ?? false;
    for (let at = start; at < end; used = false) {
      const next = this.stretches.get(at)?.end ?? end;
      this.remove(at, next, used);
      at = next;
    }
    this.add(start, end, true);
  }

  release(start: number, end: number): void {
    this.log.push(`release ${start}-${end}`);
    if (!this.stretches.has(start)) this.cutTail(start, end);
    this.remove(start, end, true);
    this.add(start, end, false);
  }

  grow(oldCapacity: number, newCapacity: number): void {
    this.log.push(`grow ${oldCapacity}-${newCapacity}`);
    this.add(this.base + oldCapacity, this.base + newCapacity, false);
  }

  /** The used segment that ends at `end` gives up what lies from `start` on. */
  private cutTail(start: number, end: number): void {
    const holder = [...this.stretches.values()].find((each) => each.start < start && each.end === end);
    expect(holder?.used, 'only a used segment is released').toBe(true);
    this.add(holder!.start, start, true);
    this.add(start, end, true);
  }

  private add(start: number, end: number, used: boolean): void {
    this.stretches.set(start, { start, end, used });
  }

  private remove(start: number, end: number, used: boolean): void {
    expect(this.stretches.get(start), 'an event speaks of segments that are there').toEqual({
      start,
      end,
      used,
    });
    this.stretches.delete(start);
  }
}
