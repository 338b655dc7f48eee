/**
 * The one contract of all allocators of address ranges: what they promise, what they report, and what they
 * throw. An allocator hands out *addresses*, plain numbers; what lies there (a SharedArrayBuffer, wasm memory,
 * a GPU buffer, a file, nothing at all) is the caller's.
 */

import { hex } from './display.js';

/** A stretch of the range, `start` inclusive to `end` exclusive, in bytes. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  readonly used: boolean;
  /** The address the caller was given: `start`, but for headers in front of it. Equal to `start` when free. */
  readonly address: number;
  /** Bytes the caller asked for, where the allocator remembers them; `end - start - requested` is internal fragmentation. */
  readonly requested?: number;
  /** True of a used segment in which the allocator keeps its own bookkeeping: nobody's to free. */
  readonly own?: true;
}

/** What an allocator knows of itself at any moment, in O(1). All sizes are in bytes. */
export interface AllocatorStats {
  /** Bytes managed: the range is `[base, base + capacity)`. Equals `usedBytes + freeBytes + own.bytes`, always. */
  readonly capacity: number;
  /** Bytes in used segments: granted, with headers and padding, so at least the bytes requested. */
  readonly usedBytes: number;
  readonly freeBytes: number;
  readonly usedSegments: number;
  readonly freeSegments: number;
  /** Bytes of typed arrays (and, where nodes are objects, their size as C structs) that describe the range, outside it. */
  readonly bookkeepingBytes: number;
  /** Of an allocator that keeps its bookkeeping inside the range; absent where all of it lies outside. */
  readonly own?: OwnStats;
}

/** What an allocator's bookkeeping takes up inside its range, in bytes. */
export interface OwnStats {
  /** In segments of the allocator's own: neither in `usedBytes` nor in `freeBytes`. */
  readonly bytes: number;
  /** From the base to the end of the highest segment but the free one at the end of the range. */
  readonly reachBytes: number;
}

/**
 * Hears what an allocator does, step by step: the events of a call when all of it is done, before it returns. Every
 * method is optional; an allocator without an observer pays one comparison an event at most. All arguments are
 * addresses; `end` is exclusive.
 *
 * While it is told, a listener may ask the allocator anything, and finds it as the call leaves it. What would change the
 * allocator (`allocate`, `free`, `resize`, `grow` and the like) throws ReentrantCallError, and does nothing.
 *
 * What a listener throws, the caller of the allocator gets when all events are told, the first error where there are
 * more. `free`, `resize` and `grow` are done then. An `allocate`, whose address nobody would know, is undone: its segment
 * is freed again, of which the observer is told as of any free; the range stays grown, where it grew.
 *
 * Each event is one step from one tiling of the range to the next, and every allocator tells the same sequence:
 *
 *     allocate             inspect…, split (what is left in front), split (what is left behind), take
 *     free                 release, coalesce with the free segment below, coalesce with that above
 *     resize to less       split of the used segment, release of its part behind, coalesce of that; take
 *     resize to more       split of the free segment behind, coalesce of the used segment with that; take
 *     resize, same bounds  take
 *     grow                 grow, coalesce; inside an allocate that grows the range, before the last inspect
 *
 * Steps that change nothing are left out. A buddy system halves and doubles: its splits and coalesces come once for
 * each order passed through, a release after each split where it shrinks a block, and what it grows by is split into
 * blocks first.
 */
export interface AllocatorObserver {
  /** A free segment is looked at as a candidate; `fits` tells whether it would serve the request. */
  inspect?(start: number, end: number, fits: boolean): void;
  /** The segment `[start, end)` becomes `[start, at)` and `[at, end)`, both free or both used, as it was. */
  split?(start: number, at: number, end: number): void;
  /** `[start, at)` and the free `[at, end)` become `[start, end)`, free or used as `[start, at)` was. */
  coalesce?(start: number, at: number, end: number): void;
  /**
   * The segment `[start, end)` is used from now on, by a request of `requested` bytes; the caller is given `address`.
   * One that was used before has been resized to these bounds.
   */
  take?(start: number, end: number, address: number, requested: number): void;
  /** The used segment `[start, end)` becomes free. */
  release?(start: number, end: number): void;
  /** The end of the range (the break) moves from `base + oldCapacity` to `base + newCapacity`. */
  grow?(oldCapacity: number, newCapacity: number): void;
}

/**
 * Hands out segments of `[base, base + capacity)`.
 *
 * A full range is a value: `allocate` returns null. Misuse throws, names the bad value, and leaves the
 * allocator as it was.
 */
export interface Allocator {
  /** First address of the range. A non-negative safe integer. */
  readonly base: number;
  /** Bytes in the range; grows with `grow`. May exceed 4 GiB; `base + capacity` is a safe integer. */
  readonly capacity: number;
  /** Free segments (or bins, bitmap words, tree nodes) that the last `allocate` looked at. */
  readonly inspected: number;

  /**
   * Takes a segment of at least `size` bytes whose address is a multiple of `align`.
   * @param size bytes, a whole number from 1 up
   * @param align a power of two; 1 (or the allocator's own minimum) when left out
   * @returns the address, or null when no free segment serves
   * @throws RangeError when `size` or `align` is none of these; nothing is changed
   */
  allocate(size: number, align?: number): number | null;

  /**
   * Gives the segment at `address` back.
   * @throws InvalidFreeError when no used segment starts there; nothing is changed
   */
  free(address: number): void;

  /**
   * Bytes the holder of `address` may use: at least those requested.
   * @throws InvalidFreeError when no used segment starts there
   */
  sizeOf(address: number): number;

  /**
   * Makes the segment at `address` hold at least `size` bytes without moving it. Present only where it can be done.
   * @returns false when there is no room in place; nothing is changed then
   * @throws RangeError for a bad size, InvalidFreeError when no used segment starts at `address`
   */
  resize?(address: number, size: number): boolean;

  /**
   * Moves the end of the range up to `base + newCapacity`. Present only where it can be done.
   * @throws RangeError when `newCapacity` is less than `capacity` or no safe integer
   */
  grow?(newCapacity: number): void;

  stats(): AllocatorStats;

  /** Bytes of the largest free segment, 0 when nothing is free. The cost is told by each allocator. */
  largestFree(): number;

  /**
   * Every segment, used and free, in address order: together they tile the range without gap or overlap.
   * The allocator must not be changed during the walk.
   */
  segments(): Iterable<Segment>;

  /**
   * Checks every law of the allocator's own bookkeeping, the conservation laws first.
   * O(n) or O(n log n): for tests and doubtful moments.
   * @throws CorruptionError naming the broken law
   */
  check(): void;
}

/** Why an address cannot be freed, resized or asked for its size. */
export type InvalidFreeReason = 'outside' | 'free' | 'interior';

const REASONS: Record<InvalidFreeReason, string> = {
  outside: 'lies outside the range of this allocator',
  free: 'is not in use: it was freed already, or never allocated',
  interior: 'lies inside a used segment but is not the address that was given out for it',
};

/** Of what JavaScript callers pass: `null` is the answer of a full `allocate`. */
const NO_NUMBER = 'is not a number; allocate gives a number, or null where there is no room';

/**
 * An address was given back (or resized, or asked about) that no live segment has. Nothing was changed. `address`
 * is the address given, `reason` tells why it was refused.
 * @example
 * ```js
 * const tlsf = new Tlsf({ capacity: 4096 });
 * const block = tlsf.allocate(64);
 * tlsf.free(block + 8);   // => throws InvalidFreeError: address 0x8 lies inside a used segment
 * tlsf.free(4096);   // => throws InvalidFreeError: outside the range
 * try {
 *   tlsf.free(512);
 * } catch (error) {
 *   error.reason;   // => 'free'
 * }
 * ```
 */
export class InvalidFreeError extends Error {
  override readonly name = 'InvalidFreeError';
  readonly address: number;
  readonly reason: InvalidFreeReason;

  constructor(address: number, reason: InvalidFreeReason) {
    super(`address ${hex(address)} ${typeof address === 'number' ? REASONS[reason] : NO_NUMBER}`);
    this.address = address;
    this.reason = reason;
  }
}

/**
 * `check()` found a law of the bookkeeping broken: a fault in freehold, or somebody wrote over its arrays.
 * @example
 * ```js
 * const heap = Heap.create(new ArrayBuffer(65536));
 * heap.malloc(100);
 * // A stray write below the block: into what the heap keeps of itself.
 * heap.view.fill(0xff, 0, 64);
 * heap.check();   // => throws CorruptionError: broken law: the header begins with the magic word
 * ```
 */
export class CorruptionError extends Error {
  override readonly name = 'CorruptionError';
  /** The law, as a sentence. */
  readonly law: string;

  constructor(law: string, found: string) {
    super(`broken law: ${law}; found ${found}`);
    this.law = law;
  }
}

/**
 * @param found what breaks the law; only called on failure
 * @throws CorruptionError unless `holds`
 * @internal
 */
export function law(holds: boolean, sentence: string, found: () => string): void {
  if (!holds) throw new CorruptionError(sentence, found());
}
