/**
 * Random calls to one arena until it is thrown away, everything checked that the shadow checks (see shadow.ts): contents
 * whenever a block is freed or reallocated, the allocator's laws at intervals, all at the end. The seed decides everything,
 * so a fault is repeated by it.
 */
import type { Fault } from '../metrics/fault.js';
import type { Arena, Mover } from '../replay/arena.js';
import type { Settings } from '../replay/options.js';
import { Broken, faultOf, hex, Shadow } from '../replay/shadow.js';
import { nextAlign, nextPhase, nextSize, type Order, type Phase } from '../workload/phases.js';
import { Random } from '../workload/random.js';
import { misuse } from './misuse.js';
import type { Need } from './need.js';

export interface Fuzzed {
  /** Longer searches than this many live blocks make would take minutes. */
  readonly blocksMax: number;
  /** Whether frees of what is not live must be refused. */
  readonly checked: boolean;
  make(settings: Settings, mover: Mover): Arena;
  /** Capacities below this hold no block: the arena grows instead. */
  readonly capacityLeast?: number;
  /** What a request needs; left out, its size and alignment, with room to grow without end. */
  need?(settings: Settings, size: number, align: number): Need;
}

/** What was called, how often. */
export interface Tally {
  operations: number;
  allocations: number;
  reallocations: number;
  moves: number;
  frees: number;
  /** Requests that found no room. */
  refused: number;
  misuses: number;
  /** Times that the laws were checked, and blocks whose contents were. */
  checks: number;
  blocks: number;
  /** Most blocks live at once. */
  peakBlocks: number;
}

const CALLS_LEAST = 2000;
const CALLS_MAX = 200_000;
/** Bytes requested and live at once, at most: fuzzing must fit in a small machine's memory. */
const LIVE_BYTES_MAX = 64 * 2 ** 20;
const CAPACITY_LEAST = 16 * 2 ** 10;
const CAPACITY_MAX = 16 * 2 ** 20;
/**
 * The laws are checked once in so many calls for each live block and for so many bytes of the range, as a check looks at
 * all blocks and some bitmaps, but not more often than once in LAWS_LEAST.
 */
const LAWS_PER_BLOCK = 2;
const LAWS_PER_BYTE = 1 / 8192;
const LAWS_LEAST = 100;
const MISUSE_ONE_IN = 100;
/**
 * With twice the bytes needed free in one piece, to round them up and to align them, with these and a share of the range
 * for bookkeeping inside, nobody has a reason to refuse.
 */
const SPARE_BYTES = 1024;
const SPARE_SHARE = 1 / 16;
/** The last calls are told with a fault. */
const TRAIL = 12;

export class Episode {
  readonly seed: number;
  readonly tally: Tally = {
    operations: 0,
    allocations: 0,
    reallocations: 0,
    moves: 0,
    frees: 0,
    refused: 0,
    misuses: 0,
    checks: 0,
    blocks: 0,
    peakBlocks: 0,
  };
  fault: Fault | null = null;
  done = false;
  readonly #random: Random;
  readonly #fuzzed: Fuzzed;
  readonly #shadow: Shadow;
  readonly #settings: Settings;
  /** Calls that it consists of. */
  readonly #calls: number;
  readonly #blocksMax: number;
  /** The slots that hold blocks, in no order; and those that hold none. */
  readonly #live: number[] = [];
  readonly #empty: number[];
  readonly #addresses: Float64Array;
  #cursor = 0;
  #liveBytes = 0;
  #lastFreed = 0;
  #phase: Phase;
  #phaseEnds = 0;
  #phaseBytes = 0;
  #lawsAt = LAWS_LEAST;
  readonly #trail: string[] = new Array(TRAIL).fill('');

  /** @param callsMax it ends after so many calls, if not earlier */
  constructor(fuzzed: Fuzzed, seed: number, callsMax: number) {
    const random = new Random(seed);
    this.seed = seed;
    this.#fuzzed = fuzzed;
    this.#random = random;
    this.#calls = Math.min(callsMax, random.logarithmic(CALLS_LEAST, CALLS_MAX));
    this.#blocksMax = random.logarithmic(1, fuzzed.blocksMax);
    const align = random.pick([8, 16, 16]);
    const capacity = random.oneIn(2)
      ? null
      : 16 * Math.floor(random.logarithmic(CAPACITY_LEAST, CAPACITY_MAX) / 16);
    const { capacityLeast = 0 } = fuzzed;
    this.#settings = { align, capacity: capacity !== null && capacity < capacityLeast ? null : capacity };
    this.#shadow = new Shadow(this.#blocksMax, (mover) => fuzzed.make(this.#settings, mover));
    this.#empty = Array.from({ length: this.#blocksMax }, (_, i) => this.#blocksMax - 1 - i);
    this.#addresses = new Float64Array(this.#blocksMax);
    this.#phase = nextPhase(random);
  }

  /** What the arena was made with, and the last calls, the fault's own at the end. */
  get story(): readonly string[] {
    const { align, capacity } = this.#settings;
    const { operations } = this.tally;
    const last = Array.from({ length: TRAIL }, (_, i) => this.#trail[(operations + 1 + i) % TRAIL]!);
    return [
      `align ${align}, ${capacity === null ? 'growing' : `${capacity} bytes`}`,
      ...last.filter(Boolean),
    ];
  }

  /** Goes on for so many calls, or to its end. */
  run(calls: number): void {
    const { tally } = this;
    const until = Math.min(this.#calls, tally.operations + calls);
    try {
      while (tally.operations < until) this.#step();
      if (until === this.#calls) this.#end();
    } catch (error) {
      this.fault = { operation: tally.operations, ...faultOf(error) };
      this.done = true;
    }
    tally.checks = this.#shadow.checks;
    tally.blocks = this.#shadow.blocks;
  }

  #step(): void {
    const random = this.#random;
    const operation = ++this.tally.operations;
    if (operation > this.#phaseEnds || this.#phaseBytes > this.#phase.bytes) {
      this.#phase = nextPhase(random);
      this.#phaseEnds = operation + this.#phase.calls;
      this.#phaseBytes = 0;
    }
    if (operation >= this.#lawsAt) {
      this.#tell('check()');
      this.#shadow.checkLaws();
      const { capacity } = this.#shadow.arena.allocator;
      const interval = Math.max(LAWS_PER_BLOCK * this.#live.length, LAWS_PER_BYTE * capacity);
      this.#lawsAt = operation + Math.max(LAWS_LEAST, Math.floor(interval));
    }
    const { allocations, reallocations } = this.#phase;
    const draw = random.below(100);
    const mayAllocate = this.#empty.length > 0 && this.#liveBytes < LIVE_BYTES_MAX;
    if (random.oneIn(MISUSE_ONE_IN)) this.#misuse();
    else if (this.#live.length === 0 || (draw < allocations && mayAllocate)) this.#allocate(operation);
    else if (draw >= 100 - reallocations && mayAllocate) this.#reallocate(operation);
    else this.#free();
  }

  #allocate(operation: number): void {
    const random = this.#random;
    const { arena } = this.#shadow;
    const { tally } = this;
    const size = this.#phase.size();
    const zeroed = random.oneIn(8);
    const align = !zeroed && random.oneIn(8) ? nextAlign(random) : 1;
    this.#tell(zeroed ? 'calloc' : align > 1 ? `aligned ${align}` : 'malloc', size);
    const address = zeroed ? arena.allocateZeroed(size) : arena.allocate(size, align);
    if (address === null) {
      this.#checkRefusal(size, align);
      return;
    }
    const slot = this.#empty.pop()!;
    this.#shadow.given(operation, slot, address, size, align, zeroed);
    this.#addresses[slot] = address;
    this.#live.push(slot);
    this.#liveBytes += size;
    this.#phaseBytes += size;
    tally.allocations++;
    if (this.#live.length > tally.peakBlocks) tally.peakBlocks = this.#live.length;
  }

  #reallocate(operation: number): void {
    const { arena } = this.#shadow;
    const { tally } = this;
    const slot = this.#live[this.#choose(this.#phase.order)]!;
    const before = this.#addresses[slot]!;
    const old = this.#shadow.requested(slot);
    const size = nextSize(this.#random, this.#phase, old);
    this.#tell('realloc', size, before);
    this.#shadow.checkContents(slot);
    const address = arena.reallocate(before, size);
    if (address === null) {
      this.#shadow.checkContents(slot);
      this.#checkRefusal(size, this.#shadow.align(slot));
      return;
    }
    this.#shadow.reallocated(operation, slot, address, size);
    this.#addresses[slot] = address;
    this.#liveBytes += size - old;
    this.#phaseBytes += size;
    tally.reallocations++;
    if (address !== before) {
      tally.moves++;
      this.#lastFreed = before;
    }
  }

  #free(): void {
    const index = this.#choose(this.#phase.order);
    const slot = this.#live[index]!;
    const address = this.#addresses[slot]!;
    this.#tell('free', this.#shadow.requested(slot), address);
    this.#shadow.checkContents(slot);
    this.#shadow.arena.free(address);
    this.#liveBytes -= this.#shadow.requested(slot);
    this.#shadow.freed(slot);
    this.#live[index] = this.#live.at(-1)!;
    this.#live.pop();
    this.#empty.push(slot);
    this.#lastFreed = address;
    this.tally.frees++;
  }

  #misuse(): void {
    this.#tell('misuse');
    const slot = this.#live.length === 0 ? -1 : this.#live[this.#choose('any')]!;
    const live = slot < 0 ? null : { slot, address: this.#addresses[slot]! };
    misuse(this.#random, this.#shadow, this.#lastFreed, live, this.#fuzzed.checked);
    this.tally.misuses++;
  }

  /** Frees everything; nothing may be left then. */
  #end(): void {
    for (const slot of this.#live) this.#shadow.checkContents(slot);
    this.#shadow.checkLaws();
    while (this.#live.length > 0) this.#free();
    this.#tell('all freed');
    this.#shadow.checkLaws();
    const { usedSegments, usedBytes } = this.#shadow.arena.allocator.stats();
    if (usedSegments !== 0 || usedBytes !== 0) {
      throw new Broken(
        'law',
        null,
        `all is freed, but ${usedSegments} segments of ${usedBytes} bytes are used`,
      );
    }
    this.done = true;
  }

  /** An index into the live slots. */
  #choose(order: Order): number {
    const count = this.#live.length;
    if (order === 'newest') return count - 1;
    if (order === 'any') return this.#random.below(count);
    // About the order in which they came: what is taken out is replaced by the last.
    this.#cursor = (this.#cursor + 1) % count;
    return this.#cursor;
  }

  #checkRefusal(size: number, align: number): void {
    this.tally.refused++;
    const { allocator } = this.#shadow.arena;
    const { capacity } = allocator;
    const { bytes, apart, growBy, capacityMax } = this.#fuzzed.need?.(this.#settings, size, align) ?? {
      bytes: size,
      apart: align,
      growBy: 0,
      capacityMax: Number.POSITIVE_INFINITY,
    };
    if (this.#settings.capacity === null && capacity + bytes + apart + growBy <= capacityMax) {
      throw new Broken('refusal', null, `${size} bytes were refused, though the arena grows`);
    }
    const largest = allocator.largestFree();
    if (largest >= 2 * (bytes + apart) + SPARE_BYTES + SPARE_SHARE * capacity) {
      throw new Broken(
        'refusal',
        null,
        `${size} bytes were refused, though ${largest} are free in one piece`,
      );
    }
  }

  #tell(call: string, size?: number, address?: number): void {
    const { operations } = this.tally;
    const where = address === undefined ? '' : ` at ${hex(address)}`;
    this.#trail[operations % TRAIL] =
      `${operations} ${call}${size === undefined ? '' : ` of ${size}`}${where}`;
  }
}
