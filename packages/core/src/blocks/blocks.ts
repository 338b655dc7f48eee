/**
 * Equal blocks: a request takes as many blocks in a row as hold it, the lowest that are free (first fit).
 *
 * Cost, n blocks in the range: allocate, free and resize O(log n), and O(blocks of the request / 32); where a request
 * asks for an alignment that not every block has, allocate looks at one run of free blocks after the other.
 *
 * Waste: inside each segment what its last block has left over, told in `segments()`; half a block a segment on
 * average where sizes vary, nothing where all are multiples of the block. Outside the range 4.3 bytes a block.
 *
 * Good for pages, pools of equal objects, sectors. Not for sizes far below the block, nor for blocks of a few bytes,
 * where the bookkeeping is as large as the memory.
 *
 * A capacity that is no multiple of the block is rounded down to it.
 *
 * Source: bitmap allocation as in D. E. Knuth, TAOCP 1, section 2.5; for the search see FreeRuns.
 */
import { type Allocator, type AllocatorStats, InvalidFreeError, law, type Segment } from '../allocator.js';
import { checkAddress, checkAlign, checkOptions, checkSize, roundUp } from '../arguments.js';
import { display } from '../display.js';
import { type EventQueue, observe } from '../observed.js';
import { checkGrow, checkRangeOptions, RANGE_OPTIONS, type RangeOptions } from '../range-options.js';
import { INSPECT, summary } from '../summary.js';
import { firstAligned } from './aligned.js';
import { FreeRuns, firstSet, NO_BLOCK } from './free-runs.js';

/** Blocks are numbered, and their bytes counted, in 32-bit integers. */
const BLOCKS_MAX = 2 ** 30;
const BLOCK_BYTES_MAX = 2 ** 31;

/**
 * `capacity` is rounded down to a multiple of `block`, of which there must be at least 1 and at most 2^30; `growBy` is
 * rounded up to one.
 */
export interface BlocksOptions extends RangeOptions {
  /** Bytes of a block, any whole number from 1 to 2^31. */
  readonly block: number;
}

const OPTIONS: Readonly<Record<keyof BlocksOptions, true>> = { ...RANGE_OPTIONS, block: true };

/**
 * An allocator of equal blocks, of any size: a request takes the lowest free blocks in a row that hold it. For
 * pages, sectors and pools of objects. All sizes are in bytes. Allocate and free: O(log n), n blocks in the range.
 * @example
 * ```js
 * const memory = new SharedArrayBuffer(1 << 20);
 * const pages = new Blocks({ capacity: memory.byteLength, block: 4096 });
 * pages.allocate(100);   // => 0
 * const three = pages.allocate(10_000);   // => 4096
 * new Uint8Array(memory, three, pages.sizeOf(three)).length;   // => 12288
 * ```
 */
export class Blocks implements Allocator {
  readonly base: number;
  /** Bytes of a block. */
  readonly block: number;
  /** Summaries of free runs, and words of the bitmap, that the last allocate looked at. */
  inspected = 0;
  private readonly observer: EventQueue | undefined;
  /** `growBy` in blocks; 0 when the range does not grow by itself. */
  private readonly growBlocks: number;
  private readonly maxCapacity: number;
  private readonly blocksMax: number;
  private count: number;
  private runs: FreeRuns;
  /** A bit for each block: a used segment starts there. */
  private starts: Int32Array;
  /**
   * At the first block of each segment the bytes it was granted beyond those requested; inverted when it has more blocks
   * than one, how many it has being told at the next. All others mean nothing.
   */
  private notes: Int32Array;
  private usedBlocks = 0;
  private usedSegments = 0;
  private freeSegments = 1;

  /** @throws RangeError for an option out of its range, TypeError for one that is none of them */
  constructor(options: BlocksOptions) {
    checkOptions('Blocks', options, OPTIONS);
    const { block, observer } = options;
    const { capacity, base, growBy, maxCapacity } = checkRangeOptions(options);
    if (!(Number.isInteger(block) && block >= 1 && block <= BLOCK_BYTES_MAX)) {
      throw new RangeError(`block must be a whole number of bytes from 1 to 2^31, got ${display(block)}`);
    }
    this.base = base;
    this.block = block;
    this.observer = observe(this, observer);
    this.growBlocks = Math.ceil(growBy / block);
    this.maxCapacity = maxCapacity;
    this.blocksMax = Math.min(BLOCKS_MAX, Math.floor(maxCapacity / block));
    this.count = blocksOf('capacity', capacity, block);
    this.runs = new FreeRuns(this.count);
    this.starts = new Int32Array(Math.ceil(this.count / 32));
    this.notes = new Int32Array(this.count);
    this.runs.give(0, this.count);
  }

  get capacity(): number {
    return this.count * this.block;
  }

  /**
   * Takes the lowest free blocks in a row that hold `size` bytes. O(log n), and O(blocks of the request / 32); with
   * an `align` that not every block has, one run of free blocks after the other is looked at.
   * @param size bytes, a whole number from 1 up
   * @param align a power of two; needed only where it does not divide the block
   * @returns the address, or null when no run of free blocks serves and the range may not grow
   * @throws RangeError for a bad size or alignment; nothing is changed
   * @example
   * ```js
   * const slots = new Blocks({ capacity: 480, block: 48 });
   * slots.allocate(48);   // => 0
   * // The slot at 48 is passed over, and stays free: 96 is the first that lies at a multiple of 32.
   * slots.allocate(48, 32);   // => 96
   * slots.allocate(400);   // => null
   * ```
   */
  allocate(size: number, align = 1): number | null {
    checkSize(size);
    if (align !== 1) checkAlign(align);
    const blocks = this.blocksFor(size);
    let first = this.findRun(blocks, align);
    if (first === NO_BLOCK) {
      if (this.growBlocks === 0 || !this.growFor(blocks, align)) return null;
      first = this.findRun(blocks, align);
    }
    const address = this.addressOf(first);
    const end = first + blocks;
    const { observer } = this;
    if (observer !== undefined) {
      this.tellCut(observer, first, end);
      observer.take(address, this.addressOf(end), address, size);
    }
    this.take(first, end);
    this.usedSegments++;
    this.starts[first >>> 5] |= 1 << (first & 31);
    this.note(first, blocks, size);
    return address;
  }

  /**
   * Gives the blocks of the segment at `address` back; they join the free blocks beside them. O(log n).
   * @throws InvalidFreeError when no used segment starts there; nothing is changed
   * @example
   * ```js
   * const pages = new Blocks({ capacity: 16384, block: 4096 });
   * const [a, b] = [pages.allocate(4096), pages.allocate(8192)];
   * pages.free(b + 4096);   // => throws InvalidFreeError: not the address that was given out
   * pages.free(a);
   * pages.free(b);
   * pages.largestFree();   // => 16384
   * ```
   */
  free(address: number): void {
    const first = this.blockAt(address);
    const end = first + this.lengthOf(first);
    const { observer } = this;
    this.starts[first >>> 5] &= ~(1 << (first & 31));
    this.usedSegments--;
    if (observer !== undefined) {
      observer.release(address, this.addressOf(end));
      this.tellJoined(observer, first, end);
    }
    this.give(first, end);
  }

  /**
   * The bytes of all blocks of the segment: at least those requested. O(1).
   * @throws InvalidFreeError when no used segment starts at `address`
   * @example
   * ```js
   * const disk = new Blocks({ capacity: 2 ** 20, block: 512 });
   * const file = disk.allocate(1300);
   * disk.sizeOf(file);   // => 1536
   * ```
   */
  sizeOf(address: number): number {
    return this.lengthOf(this.blockAt(address)) * this.block;
  }

  /**
   * Makes the segment hold `size` bytes in place. Shrinking frees the blocks that are not needed; growing takes
   * those behind the segment, if they are free. O(log n), and O(blocks taken or freed / 32).
   * @returns false when the blocks behind are in use, or end; nothing is changed then
   * @throws RangeError for a bad size, InvalidFreeError when no used segment starts at `address`
   * @example
   * ```js
   * const disk = new Blocks({ capacity: 8 * 512, block: 512 });
   * const [file, next] = [disk.allocate(700), disk.allocate(512)];
   * // Two sectors hold 1024 bytes; the third is the neighbour's.
   * disk.resize(file, 1024);   // => true
   * disk.resize(file, 1025);   // => false
   * disk.free(next);
   * disk.resize(file, 1025);   // => true
   * ```
   */
  resize(address: number, size: number): boolean {
    checkSize(size);
    const first = this.blockAt(address);
    const end = first + this.lengthOf(first);
    const newEnd = first + this.blocksFor(size);
    if (newEnd > this.count || this.runs.firstUsed(end, newEnd) < newEnd) return false;
    const { observer } = this;
    if (newEnd > end) {
      if (observer !== undefined) {
        this.tellCut(observer, end, newEnd);
        observer.coalesce(address, this.addressOf(end), this.addressOf(newEnd));
      }
      this.take(end, newEnd);
    } else if (newEnd < end) {
      if (observer !== undefined) {
        observer.split(address, this.addressOf(newEnd), this.addressOf(end));
        observer.release(this.addressOf(newEnd), this.addressOf(end));
        this.tellJoined(observer, newEnd, end);
      }
      this.give(newEnd, end);
    }
    this.note(first, newEnd - first, size);
    if (observer !== undefined) observer.take(address, this.addressOf(newEnd), address, size);
    return true;
  }

  /**
   * Moves the end of the range up to `newCapacity` bytes, rounded down to a multiple of the block.
   * O(new blocks / 32), and O(all blocks) when the bookkeeping moves to larger arrays, each time half as large
   * again at least.
   * @throws RangeError when `newCapacity` is less than the capacity or more than `maxCapacity`; nothing is changed
   * @example
   * ```js
   * const slots = new Blocks({ capacity: 300, block: 100, maxCapacity: 1000 });
   * slots.allocate(500);   // => null
   * slots.grow(850);
   * slots.capacity;   // => 800
   * slots.allocate(500);   // => 0
   * slots.grow(2000);   // => throws RangeError: maxCapacity
   * ```
   */
  grow(newCapacity: number): void {
    checkGrow(this.capacity, newCapacity, this.maxCapacity);
    const blocks = blocksOf('newCapacity', newCapacity, this.block);
    if (blocks > this.count) this.extend(blocks);
  }
  /**
   * The figures of AllocatorStats, in bytes: `usedBytes` counts whole blocks. O(1).
   * @example
   * ```js
   * const pool = new Blocks({ capacity: 1000, block: 100 });
   * pool.allocate(250);
   * const { usedBytes, freeBytes, usedSegments } = pool.stats();
   * [usedBytes, freeBytes, usedSegments];   // => [300, 700, 1]
   * ```
   */
  stats(): AllocatorStats {
    const { block, runs, starts, notes } = this;
    return {
      capacity: this.capacity,
      usedBytes: this.usedBlocks * block,
      freeBytes: (this.count - this.usedBlocks) * block,
      usedSegments: this.usedSegments,
      freeSegments: this.freeSegments,
      bookkeepingBytes: runs.bookkeepingBytes + starts.byteLength + notes.byteLength,
    };
  }

  /**
   * Bytes of the longest run of free blocks, 0 when all are used. O(1).
   * @example
   * ```js
   * const pool = new Blocks({ capacity: 400, block: 100 });
   * const [a, , c] = [1, 2, 3, 4].map(() => pool.allocate(100));
   * pool.free(a);
   * pool.free(c);
   * // 200 bytes are free, but not in a row.
   * pool.largestFree();   // => 100
   * ```
   */
  largestFree(): number {
    return this.runs.largest * this.block;
  }

  /**
   * Every segment in address order, with the bytes requested of each used one; neighbouring free blocks are one
   * free segment. The allocator must not be changed during the walk.
   * @example
   * ```js
   * const pages = new Blocks({ capacity: 16384, block: 4096 });
   * pages.allocate(5000);
   * const [used, free] = pages.segments();
   * used;   // => { start: 0, end: 8192, used: true, address: 0, requested: 5000 }
   * // Internal fragmentation: what the last page has left over.
   * used.end - used.start - used.requested;   // => 3192
   * free;   // => { start: 8192, end: 16384, used: false, address: 8192 }
   * ```
   */
  *segments(): Generator<Segment, void, undefined> {
    for (let first = 0; first < this.count; ) {
      const used = this.startsAt(first);
      const next = used ? first + this.lengthOf(first) : this.runs.firstUsed(first, this.count);
      const start = this.addressOf(first);
      const end = this.addressOf(next);
      if (used) yield { start, end, used, address: start, requested: end - start - this.wasteOf(first) };
      else yield { start, end, used, address: start };
      first = next;
    }
  }

  /**
   * Checks every law of the bookkeeping. O(blocks): for tests.
   * @throws CorruptionError naming the broken law
   * @example
   * ```js
   * const blocks = new Blocks({ capacity: 2 ** 16, block: 64 });
   * const live = [];
   * for (let size = 1; size < 500; size += 37) {
   *   live.push(blocks.allocate(size));
   *   if (size % 2 === 0) blocks.free(live.shift());
   *   blocks.check();
   * }
   * live.length;   // => 7
   * ```
   */
  check(): void {
    const { count, runs } = this;
    runs.check(count);
    let usedBlocks = 0;
    let usedSegments = 0;
    let freeSegments = 0;
    for (let first = 0; first < count; ) {
      const used = this.startsAt(first);
      law(
        used !== runs.isFree(first),
        'every block is free or of one segment',
        () => `block ${first} neither or both`,
      );
      const end = used ? first + this.lengthOf(first) : runs.firstUsed(first, count);
      law(
        end > first && end <= count,
        'segments end within the range',
        () => `${first} to ${end} of ${count}`,
      );
      const otherStart = firstSet(this.starts, first + 1, end);
      const otherState = used ? runs.firstFree(first + 1, end) : end;
      law(
        otherStart === end && otherState === end,
        'all blocks of a segment are as its first one, and no other segment starts inside',
        () => `block ${Math.min(otherStart, otherState)} of the segment from ${first} to ${end}`,
      );
      if (used) {
        const waste = this.wasteOf(first);
        law(
          waste < this.block,
          'less than a block is wasted',
          () => `${waste} bytes in the segment at block ${first}`,
        );
        usedSegments++;
        usedBlocks += end - first;
      } else {
        freeSegments++;
      }
      first = end;
    }
    law(
      usedBlocks === this.usedBlocks && usedSegments === this.usedSegments,
      'used + free = capacity',
      () =>
        `${usedBlocks} blocks in ${usedSegments} segments, counted as ${this.usedBlocks} in ${this.usedSegments}`,
    );
    law(
      freeSegments === this.freeSegments,
      'the free segments are the runs of free blocks',
      () => `${freeSegments} runs, counted as ${this.freeSegments}`,
    );
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new Blocks({ capacity: 4096, block: 64 }).toJSON().freeBytes;   // => 4096
   * ```
   */
  toJSON(): object {
    return { base: this.base, block: this.block, ...this.stats() };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  /** The lowest `blocks` free blocks in a row of which the first is aligned; NO_BLOCK when there are none. */
  private findRun(blocks: number, align: number): number {
    const { runs, count, observer } = this;
    this.inspected = 0;
    for (let from = 0; ; ) {
      const run = runs.find(blocks, from);
      this.inspected += runs.inspected;
      if (run === NO_BLOCK) return NO_BLOCK;
      const first = align === 1 ? run : firstAligned(this.base, this.block, align, run);
      const end = first + blocks;
      // What follows the `blocks` from `run` on may be in use.
      const fits = end <= count && (first === run || runs.firstUsed(run + blocks, end) === end);
      if (observer !== undefined) {
        observer.inspect(this.addressOf(run), this.addressOf(runs.firstUsed(run, count)), fits);
      }
      if (fits) return first;
      if (end > count) return NO_BLOCK;
      from = runs.firstUsed(run, end);
    }
  }

  /** Moves the end by as few multiples of `growBy` as bring a run that serves; false when none may. */
  private growFor(blocks: number, align: number): boolean {
    const { count } = this;
    const end = firstAligned(this.base, this.block, align, this.runs.runStart(count)) + blocks;
    const grown = count + roundUp(end - count, this.growBlocks);
    if (!(grown <= this.blocksMax)) return false;
    this.extend(grown);
    return true;
  }

  private extend(blocks: number): void {
    const { observer, count } = this;
    if (blocks > this.runs.blocks) this.makeRoom(blocks);
    if (observer !== undefined) {
      observer.grow(count * this.block, blocks * this.block);
      this.tellJoined(observer, count, blocks);
    }
    this.count = blocks;
    this.usedBlocks += blocks - count;
    this.give(count, blocks);
  }

  /** Half as much room again at least, so that growing by small steps costs O(1) a block. */
  private makeRoom(blocks: number): void {
    const { runs, starts, notes } = this;
    const room = Math.min(this.blocksMax, Math.max(blocks, Math.floor(runs.blocks * 1.5)));
    this.runs = new FreeRuns(room);
    this.runs.copy(runs);
    this.starts = new Int32Array(Math.ceil(room / 32));
    this.starts.set(starts);
    this.notes = new Int32Array(room);
    this.notes.set(notes);
  }

  /** The free blocks from `first` up to `end` are used from now on. */
  private take(first: number, end: number): void {
    this.runs.take(first, end);
    this.usedBlocks += end - first;
    this.freeSegments += this.freeBeside(first, end) - 1;
  }

  /** The used blocks from `first` up to `end` are free from now on. */
  private give(first: number, end: number): void {
    this.runs.give(first, end);
    this.usedBlocks -= end - first;
    this.freeSegments += 1 - this.freeBeside(first, end);
  }

  /** How many of the two blocks in front of `first` and from `end` on are free. */
  private freeBeside(first: number, end: number): number {
    const { runs } = this;
    return (first > 0 && runs.isFree(first - 1) ? 1 : 0) + (end < this.count && runs.isFree(end) ? 1 : 0);
  }

  /** The least number of blocks that hold `size` bytes. */
  private blocksFor(size: number): number {
    const blocks = Math.ceil(size / this.block);
    // Above 2^52 the quotient may have been rounded down to a whole number.
    return blocks * this.block < size ? blocks + 1 : blocks;
  }

  private note(first: number, blocks: number, size: number): void {
    const waste = blocks * this.block - size;
    this.notes[first] = blocks === 1 ? waste : ~waste;
    if (blocks > 1) this.notes[first + 1] = blocks;
  }

  private startsAt(block: number): boolean {
    return ((this.starts[block >>> 5] >>> (block & 31)) & 1) !== 0;
  }

  /** Blocks of the segment that starts at `first`. */
  private lengthOf(first: number): number {
    return this.notes[first] < 0 ? this.notes[first + 1] : 1;
  }

  /** Bytes of the segment that starts at `first` beyond those requested. */
  private wasteOf(first: number): number {
    const note = this.notes[first];
    return note < 0 ? ~note : note;
  }

  private addressOf(block: number): number {
    return this.base + block * this.block;
  }

  /** The block at `address`, at which a used segment starts. */
  private blockAt(address: number): number {
    checkAddress(address);
    const offset = address - this.base;
    const first = (offset / this.block) | 0;
    // Multiplied back, because the quotient is rounded.
    if (first * this.block === offset && first >= 0 && first < this.count && this.startsAt(first))
      return first;
    if (!(offset >= 0 && offset < this.capacity)) throw new InvalidFreeError(address, 'outside');
    const holder = Math.floor((offset - (offset % this.block)) / this.block);
    throw new InvalidFreeError(address, this.runs.isFree(holder) ? 'free' : 'interior');
  }

  /** Tells what is cut off the free run that holds the blocks from `first` up to `end`. */
  private tellCut(observer: EventQueue, first: number, end: number): void {
    const start = this.runs.runStart(first + 1);
    const stop = this.runs.firstUsed(end, this.count);
    if (start < first) observer.split(this.addressOf(start), this.addressOf(first), this.addressOf(stop));
    if (end < stop) observer.split(this.addressOf(first), this.addressOf(end), this.addressOf(stop));
  }

  /** Tells that the blocks from `first` up to `end` become one with the free blocks in front of them and behind. */
  private tellJoined(observer: EventQueue, first: number, end: number): void {
    const start = this.runs.runStart(first);
    const stop = this.runs.firstUsed(end, Math.max(end, this.count));
    if (start < first) observer.coalesce(this.addressOf(start), this.addressOf(first), this.addressOf(end));
    if (end < stop) observer.coalesce(this.addressOf(start), this.addressOf(end), this.addressOf(stop));
  }
}

function blocksOf(name: string, bytes: number, block: number): number {
  const blocks = Math.floor(bytes / block);
  if (blocks < 1 || blocks > BLOCKS_MAX) {
    throw new RangeError(`${name} must be 1 to 2^30 blocks of ${block} bytes, got ${bytes}`);
  }
  return blocks;
}
