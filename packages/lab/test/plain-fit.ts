/**
 * First fit over a plain sorted array, so simple that its every address can be told by hand: what measuring and
 * verification are tested with, and what is broken on purpose to see the fault found.
 */
import {
  type Allocator,
  type AllocatorStats,
  CorruptionError,
  InvalidFreeError,
  type Segment,
} from 'freehold';

export interface PlainOptions {
  readonly capacity: number;
  /** Every size is rounded up to this; so every address is a multiple of it. */
  readonly round?: number;
  /** Bytes by which the range grows when nothing fits; left out: it does not. */
  readonly growBy?: number;
}

export class PlainFit implements Allocator {
  readonly base = 0;
  capacity: number;
  inspected = 0;
  protected readonly round: number;
  protected readonly growBy: number;
  /** Used segments in address order. */
  protected readonly used: { start: number; end: number }[] = [];

  constructor({ capacity, round = 1, growBy = 0 }: PlainOptions) {
    this.capacity = capacity;
    this.round = round;
    this.growBy = growBy;
  }

  allocate(size: number, align = 1): number | null {
    const need = Math.ceil(size / this.round) * this.round;
    this.inspected = 0;
    for (;;) {
      for (const { start, end, used } of this.segments()) {
        if (used) continue;
        this.inspected++;
        const address = Math.ceil(start / align) * align;
        if (address + need <= end) return this.take(address, address + need);
      }
      if (this.growBy === 0) return null;
      this.capacity += this.growBy;
    }
  }

  protected take(start: number, end: number): number {
    this.used.push({ start, end });
    this.used.sort((a, b) => a.start - b.start);
    return start;
  }

  free(address: number): void {
    this.used.splice(this.used.indexOf(this.find(address)), 1);
  }

  sizeOf(address: number): number {
    const { start, end } = this.find(address);
    return end - start;
  }

  resize(address: number, size: number): boolean {
    const segment = this.find(address);
    const end = address + Math.ceil(size / this.round) * this.round;
    const next = this.used[this.used.indexOf(segment) + 1]?.start ?? this.capacity;
    if (end > next) return false;
    segment.end = end;
    return true;
  }

  stats(): AllocatorStats {
    const usedBytes = this.used.reduce((sum, { start, end }) => sum + end - start, 0);
    return {
      capacity: this.capacity,
      usedBytes,
      freeBytes: this.capacity - usedBytes,
      usedSegments: this.used.length,
      freeSegments: [...this.segments()].filter((segment) => !segment.used).length,
      bookkeepingBytes: this.used.length * 10,
    };
  }

  largestFree(): number {
    return Math.max(
      0,
      ...[...this.segments()].filter(({ used }) => !used).map(({ start, end }) => end - start),
    );
  }

  *segments(): Generator<Segment> {
    let at = 0;
    for (const { start, end } of this.used) {
      if (start > at) yield { start: at, end: start, used: false, address: at };
      yield { start, end, used: true, address: start };
      at = end;
    }
    if (at < this.capacity) yield { start: at, end: this.capacity, used: false, address: at };
  }

  check(): void {
    let at = 0;
    for (const { start, end } of this.used) {
      if (start < at) throw new CorruptionError('segments do not overlap', `[${start}, ${end}) after ${at}`);
      at = end;
    }
  }

  protected find(address: number): { start: number; end: number } {
    const segment = this.used.find(({ start }) => start === address);
    if (segment === undefined) throw new InvalidFreeError(address, 'free');
    return segment;
  }
}
