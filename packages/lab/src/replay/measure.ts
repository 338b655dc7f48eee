/**
 * Replays a trace through an arena operation by operation and takes every measure of memory and search (see
 * measures.ts for the definitions); time is taken elsewhere, without any of this.
 *
 * Two replays. The first, metering, knows the state after every operation: bytes requested and granted in O(1), the end
 * of the highest segment by a tournament over the slots; it walks all segments only at moments evenly spread, few enough
 * that the walks together cost about as much as the replay. The second halts at the two peaks, which are known only when
 * the first is over, to look at the holes there: it may be any other replay, such as one that is timed.
 */

import { Counts, externalFragmentation, type Holes, holesBelow } from '../metrics/histogram.js';
import type { Measurement, Moment } from '../metrics/measurement.js';
import { orderFragmentation } from '../metrics/orders.js';
import { LiveBytes } from '../trace/live.js';
import { OP_FREE, type Trace } from '../trace/trace.js';
import type { Arena } from './arena.js';
import { HighestEnd } from './highest-end.js';
import { NearPeak } from './near-peak.js';
import { Replay } from './replay.js';
import { TimelineBuilder } from './timeline.js';
import { type Looks, replayAndLook, type Timing } from './timing.js';

/** Segments that the walks at evenly spread moments visit in all, about; and how many moments at most. */
const VISITS_MAX = 4_000_000;
const SAMPLES_MAX = 256;

/** The part of a Measurement that one replay tells. */
export type Measures = Omit<
  Measurement,
  'allocator' | 'title' | 'naive' | 'options' | keyof Timing | 'verification'
>;

/** Takes the measures. O(length · cost of the allocator). */
export function measure(trace: Trace, makeArena: () => Arena): Measures {
  const metered = meter(trace, makeArena());
  replayAndLook(trace, makeArena(), metered.peaks);
  return metered.measures();
}

/** What the first replay found out. Its arena is not kept. */
export interface Metered {
  /** What has to look at another replay of the same trace, through a fresh arena. */
  readonly peaks: Looks;
  /** All measures, when the peaks have been looked at. */
  measures(): Measures;
}

/** The first of the two replays, the one that costs more. */
export function meter(trace: Trace, arena: Arena): Metered {
  const first = new Meter(trace, arena);
  for (let i = 0; i < trace.length; i++) first.step(i);
  const known = first.result();
  const peaks = new Peaks(first.peakLive, first.peakFootprint);
  const { blockUnit } = arena;
  return { peaks, measures: () => ({ ...known, ...peaks.result(blockUnit) }) };
}

/** The first replay: sums, extremes, and what was the case when they were reached. */
class Meter {
  readonly #trace: Trace;
  readonly #arena: Arena;
  readonly #replay: Replay;
  readonly #base: number;
  /** Where the allocator does not tell the end of its highest segment itself. */
  readonly #ends: HighestEnd | null;
  readonly #searches = new Counts();
  readonly #timeline: TimelineBuilder;
  /** Operations between two samples of the holes. */
  readonly #sampling: number;
  /** Bytes requested. */
  readonly #requested: LiveBytes;
  /** r, g, b, h and e + b after the last operation. */
  #live = 0;
  #granted = 0;
  #bookkeeping = 0;
  /** Of the bookkeeping, what lies outside the range. */
  #outside = 0;
  #reach = 0;
  #current = 0;
  #liveSum = 0;
  #grantedSum = 0;
  #currentSum = 0;
  #bookkeepingMax = 0;
  /** The moments when most bytes are live, when the footprint is greatest, and when the current one is. */
  peakLive = NOTHING;
  #currentAtPeakLive = 0;
  readonly #footprints = new NearPeak<State>();
  readonly #currents = new NearPeak<State>();
  #externalSum = 0;
  #samples = 0;

  constructor(trace: Trace, arena: Arena) {
    this.#trace = trace;
    this.#arena = arena;
    this.#replay = new Replay(trace, arena);
    this.#base = arena.allocator.base;
    this.#ends = arena.allocator.stats().own === undefined ? new HighestEnd(trace.slots) : null;
    this.#timeline = new TimelineBuilder(trace.length);
    this.#requested = new LiveBytes(trace.slots);
    const samples = Math.max(8, Math.min(SAMPLES_MAX, Math.floor(VISITS_MAX / (2 * trace.slots + 1))));
    this.#sampling = Math.ceil(trace.length / samples);
  }

  get peakFootprint(): State {
    return this.#footprints.state ?? NOTHING;
  }

  step(i: number): void {
    this.#perform(i);
    const { usedBytes, bookkeepingBytes, freeSegments, own } = this.#arena.allocator.stats();
    const end = this.#ends === null ? own!.reachBytes : this.#ends.max;
    this.#granted = usedBytes;
    this.#outside = bookkeepingBytes;
    this.#bookkeeping = bookkeepingBytes + (own === undefined ? 0 : own.bytes);
    if (end > this.#reach) this.#reach = end;
    this.#current = end + bookkeepingBytes;
    this.#note(i + 1);
    this.#timeline.add(i + 1, this.#live, usedBytes, this.#current, freeSegments);
    if ((i + 1) % this.#sampling === 0) {
      this.#externalSum += externalFragmentation(holesBelow(this.#arena.allocator, this.#reach));
      this.#samples++;
    }
  }

  /** All but what the peaks tell. */
  result(): Omit<Measures, keyof PeakMeasures> {
    const trace = this.#trace;
    const replay = this.#replay;
    const atEnd = this.#state(trace.length);
    const counted = this.#searches.max > 0;
    const holesAtEnd = holesBelow(this.#arena.allocator, this.#reach);
    const peak = this.peakLive;
    const footprintBytes = this.#footprints.max;
    const currentMax = this.#currents.max;
    return {
      reallocations: replay.reallocations,
      moves: replay.moves,
      peakLiveBytes: peak.live,
      footprintBytes,
      bookkeepingBytes: this.#bookkeepingMax,
      utilization: shareOf(peak.live, footprintBytes),
      internalFragmentation: internalFragmentation(peak.live, peak.granted),
      internalMean: internalFragmentation(this.#liveSum, this.#grantedSum),
      externalMean: this.#samples === 0 ? 0 : this.#externalSum / this.#samples,
      johnstoneWilson1: excess(this.#currentSum, this.#liveSum),
      johnstoneWilson2: excess(this.#currentAtPeakLive, peak.live),
      johnstoneWilson3: excess(currentMax, this.#currents.state?.live ?? 0),
      johnstoneWilson4: excess(currentMax, peak.live),
      failed: replay.failed,
      // Who counts has looked at one segment at least.
      meanSearch: counted ? this.#searches.mean : null,
      p99Search: counted ? this.#searches.percentile(0.99) : null,
      maxSearch: counted ? this.#searches.max : null,
      atEnd: toMoment(atEnd, holesAtEnd),
      timeline: this.#timeline.result(),
      freeAtEnd: holesAtEnd.sizes,
    };
  }

  /** Lets the replay do operation `i` and follows its block. */
  #perform(i: number): void {
    const replay = this.#replay;
    const slot = this.#trace.slot[i]!;
    const before = replay.addresses[slot]!;
    const failed = replay.failed;
    replay.step(i);
    if (this.#trace.op[i] === OP_FREE) {
      this.#live = this.#requested.set(slot, 0);
      this.#ends?.set(slot, 0);
      return;
    }
    const address = replay.addresses[slot]!;
    // A block resized in place was not searched for.
    if (address !== before || replay.failed > failed) this.#searches.add(this.#arena.allocator.inspected);
    if (replay.failed > failed) return;
    this.#live = this.#requested.set(slot, this.#trace.size[i]!);
    this.#ends?.set(slot, address + this.#arena.allocator.sizeOf(address) - this.#base);
  }

  /** Adds the state after `operation` operations to sums and extremes. */
  #note(operation: number): void {
    const live = this.#live;
    const current = this.#current;
    const bookkeeping = this.#bookkeeping;
    this.#liveSum += live;
    this.#grantedSum += this.#granted;
    this.#currentSum += current;
    if (bookkeeping > this.#bookkeepingMax) this.#bookkeepingMax = bookkeeping;
    if (live > this.peakLive.live) {
      this.peakLive = this.#state(operation);
      this.#currentAtPeakLive = current;
    }
    if (this.#currents.mayBe(current, live)) this.#currents.add(current, this.#state(operation));
    const footprint = this.#reach + this.#outside;
    if (this.#footprints.mayBe(footprint, live)) this.#footprints.add(footprint, this.#state(operation));
  }

  #state(operation: number): State {
    return {
      operation,
      live: this.#live,
      granted: this.#granted,
      bookkeeping: this.#bookkeeping,
      outside: this.#outside,
      reach: this.#reach,
    };
  }
}

interface State {
  readonly operation: number;
  readonly live: number;
  readonly granted: number;
  readonly bookkeeping: number;
  /** Of the bookkeeping, what lies outside the range. */
  readonly outside: number;
  /** h */
  readonly reach: number;
}

/** Before the first operation. */
const NOTHING: State = { operation: 0, live: 0, granted: 0, bookkeeping: 0, outside: 0, reach: 0 };

type PeakMeasures = Pick<
  Measures,
  | 'externalFragmentation'
  | 'externalBytes'
  | 'externalShare'
  | 'atPeakLive'
  | 'atPeakFootprint'
  | 'freeAtPeakFootprint'
  | 'freeOrders'
>;

/** The holes at the two peaks, which are looked at in the order in which they come. */
class Peaks implements Looks {
  readonly operations: readonly number[];
  readonly #live: State;
  readonly #footprint: State;
  readonly #states: readonly State[];
  readonly #holes: Holes[] = [];

  constructor(live: State, footprint: State) {
    this.#live = live;
    this.#footprint = footprint;
    this.#states = live.operation <= footprint.operation ? [live, footprint] : [footprint, live];
    this.operations = this.#states.map(({ operation }) => operation);
  }

  look({ allocator }: Arena): void {
    const state = this.#states[this.#holes.length]!;
    this.#holes.push(holesBelow(allocator, state.reach));
  }

  /** @param unit bytes of a block of order 0, undefined where there are no orders */
  result(unit: number | undefined): PeakMeasures {
    const live = this.#holes[this.#states.indexOf(this.#live)]!;
    const footprint = this.#holes[this.#states.indexOf(this.#footprint)]!;
    return {
      externalFragmentation: externalFragmentation(live),
      externalBytes: live.bytes,
      externalShare: shareOf(live.bytes, footprintOf(this.#live)),
      atPeakLive: toMoment(this.#live, live),
      atPeakFootprint: toMoment(this.#footprint, footprint),
      freeAtPeakFootprint: footprint.sizes,
      freeOrders: unit === undefined ? null : orderFragmentation(unit, footprint.sizes.counts),
    };
  }
}

function footprintOf({ reach, outside }: State): number {
  return reach + outside;
}

function toMoment(state: State, holes: Holes): Moment {
  return {
    operation: state.operation,
    liveBytes: state.live,
    grantedBytes: state.granted,
    bookkeepingBytes: state.bookkeeping,
    footprintBytes: footprintOf(state),
    freeSegments: holes.segments,
    largestFreeBytes: holes.largest,
  };
}

function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function internalFragmentation(live: number, granted: number): number {
  return shareOf(granted - live, granted);
}

/** How much `held` exceeds `live`, as a share of `live`. */
function excess(held: number, live: number): number | null {
  return live === 0 ? null : held / live - 1;
}
