/**
 * The smallest arena: the least capacity in which a whole trace completes without a refused request, by bisection.
 *
 * Each try is a replay in an arena of fixed capacity that stops at the first refusal. The search starts between the
 * most bytes ever live, below which nothing can serve, and what the arena came to when it grew on demand, which mostly
 * serves and is near: first fit, whose choices do not depend on where the range ends, can never do with less.
 *
 * An allocator whose choices do depend on it (best, next and worst fit, tlsf, buddy) may complete in an arena and fail in
 * a larger one. So capacities below the one found are tried as well; where one serves, the search goes on below it, and
 * the result says that a little more room is not always safe. What remains is the least capacity found, not a proof that
 * none smaller serves.
 */
import { type WorstCases, worstCases } from '../metrics/bounds.js';
import { peakLiveBytes } from '../trace/live.js';
import { OP_FREE, type Trace } from '../trace/trace.js';
import type { Settings } from './options.js';
import { type Contender, makeArena, optionsInForce, reader } from './registry.js';
import { EMPTY, Replay } from './replay.js';

export interface Fit {
  readonly trace: string;
  /** As named on the command line, options included. */
  readonly allocator: string;
  readonly title: string;
  readonly options: Readonly<Record<string, string>>;
  readonly operations: number;
  /** The most bytes ever live: a lower bound for every allocator. */
  readonly peakLiveBytes: number;
  /** The least capacity found in which every request is served; null where none was. */
  readonly smallestBytes: number | null;
  /** What the worst program with as many bytes live, in sizes between the same two, may need. */
  readonly worstCases: WorstCases;
  /** smallestBytes ÷ peakLiveBytes; null where either is missing or 0. */
  readonly ratio: number | null;
  /** Most bookkeeping outside the arena, when it has the smallest capacity; null where there is none. */
  readonly bookkeepingBytes: number | null;
  /** The end of the highest segment when the arena grows on demand. */
  readonly grownBytes: number;
  /** A larger capacity that fails, where one was met: more room is not always safe. */
  readonly failsAtBytes: number | null;
  /** Replays made. */
  readonly replays: number;
}

/** Where the search upwards ends, in multiples of what the growing arena came to. */
const UPWARDS_MAX = 64;
/** Below the capacity found, at this many steps towards the lower bound, each twice as far, others are tried. */
const PROBES = 8;

export function fit(trace: Trace, contender: Contender, align: number): Fit {
  const search = new FitSearch(trace, contender, align);
  const smallestBytes = search.run();
  const peakLiveBytes = search.peakLive;
  return {
    trace: trace.name,
    allocator: contender.spec,
    title: contender.kind.title,
    options: optionsInForce(contender, { align, capacity: smallestBytes }),
    operations: trace.length,
    peakLiveBytes,
    smallestBytes,
    worstCases: worstCases(peakLiveBytes, ...requestRange(trace, align)),
    ratio: smallestBytes === null || peakLiveBytes === 0 ? null : smallestBytes / peakLiveBytes,
    bookkeepingBytes: smallestBytes === null ? null : search.confirm(smallestBytes),
    grownBytes: search.grown,
    failsAtBytes: smallestBytes === null ? null : search.failureAbove(smallestBytes),
    replays: search.replays,
  };
}

class FitSearch {
  readonly peakLive: number;
  /** What the arena comes to when it grows. */
  readonly grown: number;
  replays = 0;
  readonly #trace: Trace;
  readonly #contender: Contender;
  readonly #align: number;
  readonly #granule: number;
  /** In granules: capacities that were tried and failed. */
  readonly #failures: number[] = [];

  constructor(trace: Trace, contender: Contender, align: number) {
    const settings: Settings = { align, capacity: null };
    this.#trace = trace;
    this.#contender = contender;
    this.#align = align;
    this.#granule = contender.kind.granule(reader(contender, settings));
    this.peakLive = peakLiveBytes(trace);
    this.grown = this.#grow(settings);
  }

  /** The least capacity found that serves, in bytes. */
  run(): number | null {
    const start = Math.max(1, Math.ceil(this.grown / this.#granule));
    // Too small for the live bytes alone.
    const floor = Math.max(1, Math.min(Math.ceil(this.peakLive / this.#granule), start)) - 1;
    let serves = start;
    let fails = floor;
    while (!this.#serves(serves)) {
      fails = serves;
      serves = Math.ceil(serves * 1.25);
      if (serves > start * UPWARDS_MAX) return null;
    }
    serves = serves === start ? this.#descend(floor, start) : this.#bisect(fails, serves);
    for (;;) {
      const below = this.#probe(floor, serves);
      if (below === null) return serves * this.#granule;
      serves = this.#descend(floor, below);
    }
  }

  /**
   * A last replay in that capacity, with the allocator's own check after it.
   * @returns the most bookkeeping outside the arena
   */
  confirm(capacity: number): number {
    const arena = makeArena(this.#contender, { align: this.#align, capacity });
    const replay = new Replay(this.#trace, arena);
    let bookkeeping = arena.allocator.stats().bookkeepingBytes;
    for (let i = 0; i < this.#trace.length; i++) {
      replay.step(i);
      bookkeeping = Math.max(bookkeeping, arena.allocator.stats().bookkeepingBytes);
    }
    this.replays++;
    arena.allocator.check();
    if (replay.failed > 0)
      throw new Error(`${this.#contender.spec} completed in ${capacity} bytes once, but not twice`);
    return bookkeeping;
  }

  /** The least of the capacities tried that failed although they are larger. */
  failureAbove(capacity: number): number | null {
    const above = this.#failures.map((units) => units * this.#granule).filter((bytes) => bytes > capacity);
    return above.length === 0 ? null : Math.min(...above);
  }

  /** From a capacity that serves, to which the least is mostly near: down by longer and longer steps, then by halves. */
  #descend(fails: number, serves: number): number {
    let found = serves;
    for (let step = 1; serves - step > fails; step *= 4) {
      const tried = serves - step;
      if (!this.#serves(tried)) return this.#bisect(tried, found);
      found = tried;
    }
    return this.#bisect(fails, found);
  }

  /** Between a capacity that fails and one that serves. */
  #bisect(fails: number, serves: number): number {
    let low = fails;
    let high = serves;
    while (high - low > 1) {
      const middle = low + Math.floor((high - low) / 2);
      if (this.#serves(middle)) high = middle;
      else low = middle;
    }
    return high;
  }

  /** A capacity below the one found that serves; null where none tried does. */
  #probe(floor: number, found: number): number | null {
    let last = found;
    for (let i = PROBES; i > 0; i--) {
      const tried = found - Math.max(1, Math.floor((found - floor) / 2 ** i));
      if (tried <= floor) break;
      if (tried !== last && this.#serves(tried)) return tried;
      last = tried;
    }
    return null;
  }

  #serves(granules: number): boolean {
    if (this.#failures.includes(granules)) return false;
    const capacity = granules * this.#granule;
    const replay = new Replay(this.#trace, makeArena(this.#contender, { align: this.#align, capacity }));
    this.replays++;
    const served = replay.runWhileServed(0, this.#trace.length);
    if (!served) this.#failures.push(granules);
    return served;
  }

  #grow(settings: Settings): number {
    const trace = this.#trace;
    const arena = makeArena(this.#contender, settings);
    const replay = new Replay(trace, arena);
    let end = arena.allocator.base;
    for (let i = 0; i < trace.length; i++) {
      replay.step(i);
      const address = replay.addresses[trace.slot[i]!]!;
      if (address !== EMPTY) end = Math.max(end, address + arena.allocator.sizeOf(address));
    }
    this.replays++;
    return end - arena.allocator.base;
  }
}

/** The smallest and the largest request, each rounded up to `align`. */
function requestRange({ length, op, size }: Trace, align: number): [number, number] {
  let smallest = Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < length; i++) {
    if (op[i] === OP_FREE) continue;
    if (size[i]! < smallest) smallest = size[i]!;
    if (size[i]! > largest) largest = size[i]!;
  }
  const granted = (bytes: number) => Math.ceil(Math.max(bytes, 1) / align) * align;
  return largest === 0 ? [align, align] : [granted(smallest), granted(largest)];
}
