/** A naive allocator and its indexed twin, given the same calls: throws where they differ. */
import type { AllocatorObserver, Segment } from '../src/allocator.js';
import { IndexedFit } from '../src/fits/indexed-fit.js';
import { NaiveAllocator } from '../src/fits/naive.js';
import { FITS, ORDERS, type SegmentOptions } from '../src/fits/options.js';

/** The five kinds of event but `inspect`: searches go different ways to the same end. */
function recorder(events: string[]): AllocatorObserver {
  return {
    split: (start, at, end) => events.push(`split ${start} ${at} ${end}`),
    coalesce: (start, at, end) => events.push(`coalesce ${start} ${at} ${end}`),
    take: (start, end, address, requested) => events.push(`take ${start} ${end} ${address} ${requested}`),
    release: (start, end) => events.push(`release ${start} ${end}`),
    grow: (oldCapacity, newCapacity) => events.push(`grow ${oldCapacity} ${newCapacity}`),
  };
}

export class Twins {
  readonly naive: NaiveAllocator;
  readonly indexed: IndexedFit;
  readonly live: number[] = [];
  private readonly naiveEvents: string[] = [];
  private readonly indexedEvents: string[] = [];
  private readonly options: SegmentOptions;
  private calls = 0;
  private lastCall = 'new';

  constructor(options: SegmentOptions) {
    this.options = options;
    this.naive = new NaiveAllocator({ ...options, observer: recorder(this.naiveEvents), largestHint: true });
    this.indexed = new IndexedFit({ ...options, observer: recorder(this.indexedEvents) });
  }

  allocate(size: number, align = 1): number | null {
    this.called(`allocate(${size}, ${align})`);
    const address = this.naive.allocate(size, align);
    this.same('address', address, this.indexed.allocate(size, align));
    if (address !== null) this.live.push(address);
    return address;
  }

  free(address: number): void {
    this.called(`free(${address})`);
    this.naive.free(address);
    this.indexed.free(address);
  }

  /** Frees the n-th of the live blocks, counted round. */
  freeNth(n: number): void {
    const { live } = this;
    if (live.length === 0) return;
    const i = n % live.length;
    const address = live[i];
    live[i] = live[live.length - 1];
    live.pop();
    this.free(address);
  }

  resizeNth(n: number, size: number): void {
    if (this.live.length > 0) this.resize(this.live[n % this.live.length], size);
  }

  resize(address: number, size: number): boolean {
    this.called(`resize(${address}, ${size})`);
    const done = this.naive.resize(address, size);
    this.same('answer', done, this.indexed.resize(address, size));
    return done;
  }

  grow(newCapacity: number): void {
    this.called(`grow(${newCapacity})`);
    this.naive.grow(newCapacity);
    this.indexed.grow(newCapacity);
  }

  /** Holds the whole free list of one against that of the other, and all that was told since the last time. */
  compare(): void {
    const { naive, indexed } = this;
    this.sameSegments('free list', naive.freeList(), indexed.freeList());
    this.same('events', this.naiveEvents.join(', '), this.indexedEvents.join(', '));
    this.naiveEvents.length = 0;
    this.indexedEvents.length = 0;
    this.same('capacity', naive.capacity, indexed.capacity);
    this.same('largest free', naive.largestFree(), indexed.largestFree());
    this.same('free bytes', naive.stats().freeBytes, indexed.stats().freeBytes);
  }

  /** Holds all segments against each other, and lets both check themselves. */
  verify(): void {
    this.compare();
    this.sameSegments('segments', this.naive.segments(), [...this.indexed.segments()]);
    this.naive.check();
    this.indexed.check();
  }

  private sameSegments(what: string, naive: readonly Segment[], indexed: readonly Segment[]): void {
    const alike = naive.length === indexed.length && naive.every((each, i) => sameSegment(each, indexed[i]));
    if (!alike) this.differ(what, text(naive), text(indexed));
  }

  private called(call: string): void {
    this.calls++;
    this.lastCall = call;
  }

  private same(what: string, naive: unknown, indexed: unknown): void {
    if (naive !== indexed) this.differ(what, naive, indexed);
  }

  private differ(what: string, naive: unknown, indexed: unknown): never {
    const where = `${JSON.stringify(this.options)}, call ${this.calls}, ${this.lastCall}`;
    throw new Error(`${what}: naive ${naive}, indexed ${indexed}; ${where}`);
  }
}

function sameSegment(a: Segment, b: Segment): boolean {
  return (
    a.start === b.start &&
    a.end === b.end &&
    a.used === b.used &&
    a.address === b.address &&
    a.requested === b.requested
  );
}

function text(segments: readonly Segment[]): string {
  let text = '';
  for (const { start, end, used, address, requested } of segments) {
    text += used ? `[${start} ${end} ${address} ${requested}]` : `(${start} ${end})`;
  }
  return text;
}

/** Every fit with every order of the free list, with coalescing and without. */
export const POLICIES: readonly Pick<SegmentOptions, 'fit' | 'order' | 'coalesce'>[] = FITS.flatMap((fit) =>
  ORDERS.flatMap((order) => [true, false].map((coalesce) => ({ fit, order, coalesce }))),
);
