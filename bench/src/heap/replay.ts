/**
 * Replays operations through a malloc that is called from JavaScript: the loop of bench/native/replay.c. A process
 * meets one contender only, so the calls are monomorphic, as they are in a program that has chosen its allocator.
 */
import { median } from '@freehold/lab';
import { processorTime, Unfinished } from '../suite.js';
import { OP_ALIGNED, OP_FREE, OP_REALLOCATE, OP_ZEROED, type Operations } from './operations.js';

/** What the loop calls: C's functions, addresses as numbers, 0 where there is no room. */
export interface Malloc {
  malloc(size: number): number;
  calloc(count: number, size: number): number;
  realloc(address: number, size: number): number;
  alignedAlloc(align: number, size: number): number;
  free(address: number): void;
}

/** A malloc, its memory, and what it takes of that. */
export interface Peer {
  readonly malloc: Malloc;
  /** All bytes by address; good until the next call. */
  readonly memory: { readonly bytes: Uint8Array };
  /** Bytes that the holder of the block may use, where that can be asked. */
  usableSize?(address: number): number;
  /**
   * Bytes taken so far, bookkeeping included.
   * @param end the highest end of any block so far
   */
  footprint(end: number): number;
}

/** How patiently to measure. All milliseconds are of processor time. */
export interface Pace {
  /** Replays are not timed until none has been quicker than all before by a tenth for so many milliseconds. */
  readonly warmMs: number;
  /** Milliseconds of replays that are timed, in batches... */
  readonly timedMs: number;
  /** ...of which there are so many at least, unless they take five times as long. */
  readonly batches: number;
  /** Milliseconds that the first replay may take. */
  readonly limitMs: number;
}

export const LONG: Pace = { warmMs: 200, timedMs: 150, batches: 5, limitMs: 3000 };
export const QUICK: Pace = { warmMs: 20, timedMs: 20, batches: 2, limitMs: 300 };

const QUICKER = 0.9;
/** Nor for longer than so many times `warmMs`. */
const WARM_MAX = 8;
/** A batch is of as many operations at least, so that the clock does not count. */
const BATCH_OPERATIONS = 50_000;
/** Single calls that are timed, at least. */
const CALLS = 100_000;

export class Replay {
  readonly #operations: Operations;
  readonly #malloc: Malloc;
  readonly #memory: { readonly bytes: Uint8Array };
  readonly live: Uint32Array;

  constructor(operations: Operations, { malloc, memory }: Peer) {
    this.#operations = operations;
    this.#malloc = malloc;
    this.#memory = memory;
    this.live = new Uint32Array(operations.slots);
  }

  /**
   * Operations `from` to `to - 1`, `repeats` times over: a recording of six operations is no measurement of how long it
   * takes to get here.
   */
  run(from: number, to: number, repeats = 1): void {
    const { live } = this;
    const malloc = this.#malloc;
    const memory = this.#memory;
    const { op, slot, size, align } = this.#operations;
    for (let k = 0; k < repeats; k++) {
      for (let i = from; i < to; i++) {
        const s = slot[i]!;
        const does = op[i]!;
        if (does === OP_FREE) {
          malloc.free(live[s]!);
          continue;
        }
        let address: number;
        if (does === OP_REALLOCATE) address = malloc.realloc(live[s]!, size[i]!);
        else if (does === OP_ZEROED) address = malloc.calloc(1, size[i]!);
        else if (does === OP_ALIGNED) address = malloc.alignedAlloc(1 << align[i]!, size[i]!);
        else address = malloc.malloc(size[i]!);
        if (address === 0) throw new Unfinished(`out of memory at operation ${i + 1}`);
        memory.bytes[address] = 1;
        live[s] = address;
      }
    }
  }

  /**
   * One replay in slices, for contenders whose calls may take as long as there are blocks.
   * @throws Unfinished when `limitMs` are over
   */
  runWithin(limitMs: number): void {
    const { length } = this.#operations;
    const begin = processorTime();
    for (let from = 0; from < length; from += 1000) {
      this.run(from, Math.min(length, from + 1000));
      checkLimit(begin, limitMs);
    }
  }
}

/**
 * Median nanoseconds of processor time an operation, replay after replay on the same heap.
 * @throws Unfinished when the first replay takes over `limitMs`
 */
export function timeReplays(operations: Operations, peer: Peer, pace: Pace): number {
  const { length } = operations;
  const repeats = Math.max(1, Math.ceil(BATCH_OPERATIONS / length));
  const replay = warm(operations, peer, pace);
  const times: number[] = [];
  const begin = processorTime();
  let before = begin;
  let elapsedMs = 0;
  do {
    replay.run(0, length, repeats);
    const now = processorTime();
    times.push((now - before) / (length * repeats));
    before = now;
    elapsedMs = (now - begin) / 1e6;
  } while (elapsedMs < pace.timedMs || (times.length < pace.batches && elapsedMs < 5 * pace.timedMs));
  return median(times);
}

function warm(operations: Operations, peer: Peer, { warmMs, limitMs }: Pace): Replay {
  const { length } = operations;
  const repeats = Math.max(1, Math.ceil(BATCH_OPERATIONS / length));
  const replay = new Replay(operations, peer);
  const begin = processorTime();
  replay.runWithin(limitMs);
  let quickest = Number.POSITIVE_INFINITY;
  let settled = processorTime();
  for (let before = settled; before - settled < warmMs * 1e6 && before - begin < WARM_MAX * warmMs * 1e6; ) {
    replay.run(0, length, repeats);
    const now = processorTime();
    if (now - before < QUICKER * quickest) {
      quickest = now - before;
      settled = now;
    }
    before = now;
  }
  return replay;
}

/** Peak of live requested bytes ÷ peak footprint, over one replay on a new heap. */
export function utilisation(operations: Operations, peer: Peer, { limitMs }: Pace): number {
  const { length, op, slot, size, peakBytes } = operations;
  const replay = new Replay(operations, peer);
  const begin = processorTime();
  let end = 0;
  let peak = 0;
  for (let i = 0; i < length; i++) {
    replay.run(i, i + 1);
    if (op[i] === OP_FREE) continue;
    const address = replay.live[slot[i]!]!;
    end = Math.max(end, address + (peer.usableSize?.(address) ?? size[i]!));
    peak = Math.max(peak, peer.footprint(end));
    if (i % 1000 === 0) checkLimit(begin, limitMs);
  }
  return peakBytes / peak;
}

/**
 * The 99.9th percentile of single calls, in nanoseconds, after replays to warm up; those are left out in which the memory
 * grew. Reading the clock is contained in each, some tens of nanoseconds.
 */
export function slowCall(operations: Operations, peer: Peer, pace: Pace): number {
  const { length } = operations;
  const replay = warm(operations, peer, pace);
  const rounds = Math.ceil(CALLS / length);
  const times = new Float64Array(rounds * length);
  let count = 0;
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < length; i++) {
      const { bytes } = peer.memory;
      const from = performance.now();
      replay.run(i, i + 1);
      const time = performance.now() - from;
      if (peer.memory.bytes === bytes) times[count++] = time;
    }
  }
  return times.subarray(0, count).sort()[Math.floor(0.999 * count)]! * 1e6;
}

function checkLimit(begin: number, limitMs: number): void {
  if (processorTime() - begin > limitMs * 1e6)
    throw new Unfinished(`over ${limitMs / 1000} s for one replay`);
}
