/**
 * A picture of the segments drawn from an allocator's events alone: what the lesson and the visualiser rely on. Every
 * event must speak of segments that are there, and every call must tell the sequence that AllocatorObserver promises.
 */
import type { Allocator, AllocatorObserver } from '../src/allocator.js';
import { must } from './must.js';

interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly used: boolean;
  /** Bytes that the last `take` told; 0 while it is part of another or free. */
  readonly requested: number;
}

/** What each call tells, events by their names. */
const SEQUENCES = {
  allocated: /^(inspect )*(grow ((split|coalesce) )*(inspect )+)?(split )*take $/,
  full: /^(inspect )*$/,
  freed: /^release (coalesce )*$/,
  shrunk: /^(split release (coalesce )?)+take $/,
  extended: /^(split )?(coalesce )+take $/,
  unmoved: /^take $/,
  refused: /^$/,
  grown: /^(grow ((split|coalesce) )*)?$/,
};

export class EventPicture implements AllocatorObserver {
  /** The events since the last `clear`, one line each. */
  readonly log: string[] = [];
  /** By start. */
  private readonly stretches = new Map<number, Stretch>();
  private readonly base: number;

  /** Begins with what is there before the first event. */
  constructor(base: number, free: readonly (readonly [start: number, end: number])[]) {
    this.base = base;
    for (const [start, end] of free) this.add(start, end, false);
  }

  clear(): string[] {
    return this.log.splice(0);
  }

  /** Holds what was told since the last time against what a call of this outcome should tell. */
  told(outcome: keyof typeof SEQUENCES): void {
    const names = this.log.map((line) => `${line.slice(0, line.indexOf(' '))} `).join('');
    must(SEQUENCES[outcome].test(names), () => `a call that ${outcome} told: ${this.log.join(', ')}`);
    this.clear();
  }

  /** Holds the picture against what the allocator says of itself. */
  verify(allocator: Allocator): void {
    let segments = 0;
    for (const { start, end, used, requested } of allocator.segments()) {
      const drawn = this.stretches.get(start);
      must(
        drawn?.end === end && drawn.used === used,
        () => `${text({ start, end, used })} is drawn as ${text(drawn)}`,
      );
      must(
        !used || requested === undefined || requested === drawn.requested,
        () => `${text(drawn)} was taken for ${drawn.requested}, and tells ${requested}`,
      );
      segments++;
    }
    must(segments === this.stretches.size, () => `${segments} segments are drawn as ${this.stretches.size}`);
  }

  inspect(start: number, end: number, fits: boolean): void {
    this.log.push(`inspect ${start}-${end} ${fits ? 'fits' : 'does not fit'}`);
    this.at(start, end, false);
  }

  split(start: number, at: number, end: number): void {
    this.log.push(`split ${start}-${at}-${end}`);
    const { used } = this.at(start, end);
    this.add(start, at, used);
    this.add(at, end, used);
  }

  coalesce(start: number, at: number, end: number): void {
    this.log.push(`coalesce ${start}-${at}-${end}`);
    const { used } = this.at(start, at);
    this.at(at, end, false);
    this.stretches.delete(at);
    this.add(start, end, used);
  }

  take(start: number, end: number, address: number, requested: number): void {
    this.log.push(`take ${start}-${end} at ${address} for ${requested}`);
    this.at(start, end);
    must(address >= start && address + requested <= end, () => `${this.log.at(-1)}`);
    this.add(start, end, true, requested);
  }

  release(start: number, end: number): void {
    this.log.push(`release ${start}-${end}`);
    this.at(start, end, true);
    this.add(start, end, false);
  }

  grow(oldCapacity: number, newCapacity: number): void {
    this.log.push(`grow ${oldCapacity}-${newCapacity}`);
    this.add(this.base + oldCapacity, this.base + newCapacity, false);
  }

  private add(start: number, end: number, used: boolean, requested = 0): void {
    must(end > start, () => `nothing lies from ${start} to ${end}: ${this.log.at(-1)}`);
    this.stretches.set(start, { start, end, used, requested });
  }

  /** The stretch of an event, which must be there. */
  private at(start: number, end: number, used?: boolean): Stretch {
    const drawn = this.stretches.get(start);
    must(
      drawn?.end === end && (used === undefined || drawn.used === used),
      () => `${this.log.at(-1)} speaks of what is ${text(drawn)}`,
    );
    return drawn;
  }
}

function text(stretch: Pick<Stretch, 'start' | 'end' | 'used'> | undefined): string {
  if (stretch === undefined) return 'nothing';
  return `${stretch.used ? 'used' : 'free'} [${stretch.start}, ${stretch.end})`;
}
