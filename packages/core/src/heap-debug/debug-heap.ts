/**
 * A heap around a heap that finds misuse: writes outside of a block and after its free, double, interior and foreign
 * frees, leaks; and that makes requests fail on purpose.
 *
 * Every block lies between red zones, which are looked at when it is freed and on demand. A freed block is filled with
 * 0x6b and kept back for a while; what was written to it meanwhile is found when it is given back at last. realloc
 * always moves, so that addresses kept from before are found too. What is known of the blocks (size, tag, call stacks)
 * is kept outside of the memory, where no stray write reaches it.
 *
 * Cost: a malloc and its free 1 to 2 µs in V8, and filling all bytes; with call stacks 10 to 40 µs. Memory: the
 * red zones, rounded up to the alignment, the quarantine, and some 200 bytes of JavaScript's heap a block.
 *
 * Not for production, and not for blocks that the wrapped heap had before: they are foreign here. Writes that jump over
 * the red zones into another block are not found, nor are reads.
 *
 * Source: red zones, poison and tracking of callers as in Linux's SLUB, mm/slub.c; the quarantine as in Serebryany et
 * al., "AddressSanitizer: a fast address sanity checker", USENIX ATC 2012.
 */
import { InvalidFreeError } from '../allocator.js';
import { isPowerOfTwo, roundUp } from '../arguments.js';
import { display } from '../display.js';
import { checkArrayType, HeapArray, type NumericArray, type NumericArrayConstructor } from '../heap/array.js';
import { Heap } from '../heap/heap.js';
import type { HeapBlock, HeapStats } from '../heap/inspect.js';
import { checkCount } from '../heap/options.js';
import { ADDRESSABLE, type GrowthListener } from '../memory/memory.js';
import { FaultInjector } from './fault-injector.js';
import { FreedBlocks } from './freed-blocks.js';
import {
  FRESH,
  fill,
  frontDamage,
  type GuardedBlock,
  innerDamage,
  POISON,
  RED,
  rearDamage,
} from './guarded-block.js';
import type { HeapInterface } from './heap-interface.js';
import { groupLeaks, type LeakGroup, type LeakGrouping } from './leaks.js';
import {
  damaged,
  foreign,
  freedAlready,
  type HeapMisuseError,
  interior,
  mismatch,
  type Operation,
  type Surroundings,
} from './misuse.js';
import { type DebugHeapOptions, type SettledDebugOptions, settleDebugOptions } from './options.js';
import { type DebugSummary, formatReport } from './report.js';
import { CallStack } from './stacks.js';

/** Blocks given back to the heap below that are remembered for the message of a late double free. */
const REMEMBERED = 4096;
/** What is found in a block that is whole. */
const NONE: readonly HeapMisuseError[] = [];

/**
 * A heap around a heap that finds misuse (writes outside of a block and after its free, bad frees, leaks) and makes
 * requests fail on purpose. For tests: a malloc and its free cost 1 to 2 µs and fill all bytes.
 * @example
 * ```js
 * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
 * const block = heap.malloc(10);
 * heap.view[block + 10] = 1;
 * heap.free(block);   // => throws HeapMisuseError: write past the end of allocation 1
 * ```
 */
export class DebugHeap implements HeapInterface {
  /** The heap below, which holds the blocks with their red zones. */
  readonly heap: Heap;
  readonly faults = new FaultInjector();
  /** What the allocations from now on are for: told in errors and in the report of leaks. */
  tag = '';
  private readonly options: SettledDebugOptions;
  private readonly fill: number;
  private readonly live = new Map<number, GuardedBlock>();
  private readonly quarantine = new FreedBlocks();
  /** Given back to the heap below. */
  private readonly past = new FreedBlocks();
  private allocations = 0;
  private frees = 0;
  private liveBytes = 0;
  private peakBytes = 0;
  private spoilt = 0;

  /** @throws RangeError for a bad option, TypeError for an unknown one, or where `heap` is none */
  constructor(heap: Heap, options: DebugHeapOptions = {}) {
    if (!(heap instanceof Heap)) {
      throw new TypeError(
        `DebugHeap wraps a Heap, such as Heap.create(memory) returns, got ${display(heap)}`,
      );
    }
    this.heap = heap;
    this.options = settleDebugOptions(options);
    this.fill = this.options.zeroOnFree ? 0 : POISON;
  }

  get alignment(): 8 | 16 {
    return this.heap.alignment;
  }

  get checked(): boolean {
    return this.heap.checked;
  }

  get base(): number {
    return this.heap.base;
  }

  get limit(): number {
    return this.heap.limit;
  }

  get buffer(): ArrayBuffer | SharedArrayBuffer {
    return this.heap.buffer;
  }

  get view(): Uint8Array {
    return this.heap.view;
  }

  /**
   * As `Heap.onGrow`.
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new WebAssembly.Memory({ initial: 1 })));
   * let views = 0;
   * heap.onGrow(() => views++);
   * heap.malloc(65536);
   * views;   // => 1
   * ```
   */
  onGrow(listener: GrowthListener): () => void {
    return this.heap.onGrow(listener);
  }

  /**
   * As `Heap.malloc`; the bytes are 0x5a.
   * @throws HeapMisuseError when the quarantine must be emptied and is damaged
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * // 0x5a: what reads bytes before it writes them shows.
   * heap.view[heap.malloc(1)];   // => 0x5a
   * ```
   */
  malloc(size: number): number {
    return this.allocate('malloc', size, 0, this.callers(this.malloc))?.address ?? 0;
  }

  /**
   * As `Heap.calloc`.
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * heap.view[heap.calloc(10, 4)];   // => 0
   * ```
   */
  calloc(count: number, size: number): number {
    return this.clear(count, size, this.callers(this.calloc));
  }

  /**
   * As `Heap.alignedAlloc`; the bytes are 0x5a. The red zone in front is rounded up to the alignment.
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * const page = heap.alignedAlloc(4096, 100);
   * [page % 4096, heap.usableSize(page)];   // => [0, 100]
   * ```
   */
  alignedAlloc(alignment: number, size: number): number {
    if (!(isPowerOfTwo(alignment) && alignment <= 2 ** 31)) {
      throw new RangeError(`alignment must be a power of two, 2^31 at most, got ${display(alignment)}`);
    }
    return this.allocate('alignedAlloc', size, alignment, this.callers(this.alignedAlloc))?.address ?? 0;
  }

  /**
   * As `Heap.realloc`, but that the block always moves, unless it becomes smaller and there is no room for both. What
   * is new in it is 0x5a.
   * @throws HeapMisuseError as `free`
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * const list = heap.malloc(16);
   * heap.realloc(list, 32) === list;   // => false
   * heap.usableSize(list);   // => throws HeapMisuseError: after the free
   * ```
   */
  realloc(address: number, size: number): number {
    const callers = this.callers(this.realloc);
    if (address === 0) return this.allocate('realloc', size, 0, callers)?.address ?? 0;
    checkCount('size', size);
    const block = this.find('realloc', address);
    if (block === null) return 0;
    this.inspect('realloc', block);
    this.makeRoom('realloc', block.end - block.start);
    const { failed } = this.faults;
    const peak = this.peakBytes;
    const moved = this.allocate('realloc', size, block.align, callers);
    if (moved === null) {
      const mayStay = size <= block.size && this.faults.failed === failed;
      return mayStay && this.resizeInPlace(block, size) ? address : 0;
    }
    this.view.copyWithin(moved.address, address, address + Math.min(size, block.size));
    this.retire(block, callers);
    // Not both of them: the program has one block.
    this.peakBytes = Math.max(peak, this.liveBytes);
    return moved.address;
  }

  /**
   * As `Heap.resize`; what is new in the block is 0x5a.
   * @throws HeapMisuseError as `free`
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * const [block, next] = [heap.malloc(16), heap.malloc(16)];
   * [heap.resize(block, 17), heap.resize(next, 170)];   // => [false, true]
   * ```
   */
  resize(address: number, size: number): boolean {
    checkCount('size', size);
    const block = this.find('resize', address);
    if (block === null) return false;
    this.inspect('resize', block);
    return !this.faults.strikes() && this.resizeInPlace(block, size);
  }

  /**
   * As `Heap.free`; the block is filled with 0x6b, or 0, and goes into the quarantine.
   * @throws HeapMisuseError for an address that is not that of a live block, for a damaged red zone, and for damage in
   *   the block that must leave the quarantine for this one
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * const block = heap.malloc(16);
   * heap.free(block);
   * heap.free(block);   // => throws HeapMisuseError: double free of allocation 1
   * ```
   */
  free(address: number): void {
    this.release('free', address, null, null, this.callers(this.free));
  }

  /**
   * `free` by a caller who knows what the block was asked for with, as C's free_sized and free_aligned_sized: finds
   * out where he is wrong.
   * @param alignment as given to `alignedAlloc`; left out for a block of malloc, calloc or realloc of one
   * @throws RangeError unless both are whole numbers from 0 up; HeapMisuseError as `free`, and where one is wrong
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * heap.freeSized(heap.malloc(16), 24);   // => throws HeapMisuseError: freed with a size of 24
   * ```
   */
  freeSized(address: number, size: number, alignment = 0): void {
    checkCount('size', size);
    checkCount('alignment', alignment);
    this.release('freeSized', address, size, alignment, this.callers(this.freeSized));
  }

  /**
   * Bytes asked for, not one more.
   * @throws HeapMisuseError for an address that is not that of a live block
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * heap.usableSize(heap.malloc(3));   // => 3
   * ```
   */
  usableSize(address: number): number {
    return this.find('usableSize', address)?.size ?? 0;
  }

  /**
   * As `Heap.array`; null when there is no room.
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * const samples = heap.array(Float32Array, 4);
   * heap.view[samples.address + 16] = 1;
   * samples.free();   // => throws HeapMisuseError: write past the end
   * ```
   */
  array<T extends NumericArray>(type: NumericArrayConstructor<T>, length: number): HeapArray<T> | null {
    checkCount('length', length);
    checkArrayType(type);
    const address = this.clear(length, type.BYTES_PER_ELEMENT, this.callers(this.array));
    return address === 0 ? null : new HeapArray(this, type, address, length);
  }

  /**
   * Runs `action` with this tag, an asynchronous one up to its first `await`.
   * @returns what it returns
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * heap.tagged('parser', () => heap.malloc(100));
   * heap.leaks()[0].tag;   // => 'parser'
   * ```
   */
  tagged<T>(tag: string, action: () => T): T {
    const before = this.tag;
    this.tag = tag;
    try {
      return action();
    } finally {
      this.tag = before;
    }
  }

  /**
   * Gives back all that is in the quarantine.
   * @throws HeapMisuseError for damage in it; what is whole is given back later
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * const block = heap.malloc(16);
   * heap.free(block);
   * heap.view[block] = 1;
   * heap.flush();   // => throws HeapMisuseError: write after the free
   * ```
   */
  flush(): void {
    while (this.evict('flush'));
  }

  /**
   * As `Heap.trim`, the quarantine given back first.
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * heap.free(heap.malloc(100));
   * heap.trim();   // => 65536 - 144
   * ```
   */
  trim(): number {
    this.flush();
    return this.heap.trim();
  }

  /**
   * The figures of the heap below: red zones and the quarantine count as used.
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)), { redZone: 32 });
   * heap.malloc(100);
   * heap.stats().usedBytes;   // => 176
   * ```
   */
  stats(): HeapStats {
    return this.heap.stats();
  }

  /**
   * Bytes of the largest free block of the heap below, 0 when nothing is free. A request needs its red zones
   * besides.
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * heap.malloc(heap.largestFree());   // => 0
   * ```
   */
  largestFree(): number {
    return this.heap.largestFree();
  }

  /**
   * The blocks of the heap below, with their red zones.
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * const address = heap.malloc(16);
   * [...heap.walk()].find(({ kind }) => kind === 'used').address;   // => address - 16
   * ```
   */
  walk(): Iterable<HeapBlock> {
    return this.heap.walk();
  }

  /**
   * The heap below as text, as `Heap.dump`: its blocks have their red zones.
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * heap.malloc(100);
   * heap.dump().includes('144 bytes in 1 block');   // => true
   * ```
   */
  dump(): string {
    return this.heap.dump();
  }

  /**
   * Counts, and bytes as asked for. O(1).
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * heap.free(heap.malloc(100));
   * const { allocations, liveBytes, peakBytes } = heap.summary();
   * [allocations, liveBytes, peakBytes];   // => [1, 0, 100]
   * ```
   */
  summary(): DebugSummary {
    return {
      allocations: this.allocations,
      frees: this.frees,
      liveBlocks: this.live.size,
      liveBytes: this.liveBytes,
      peakBytes: this.peakBytes,
      quarantinedBlocks: this.quarantine.length,
      quarantinedBytes: this.quarantine.bytes,
      spoiltBlocks: this.spoilt,
    };
  }

  /**
   * All damage there is, to red zones of live blocks and to blocks in the quarantine. O(bytes of these)
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * heap.view[heap.malloc(16) - 1] = 1;
   * heap.damages().map(({ kind }) => kind);   // => ['underflow']
   * ```
   */
  damages(): HeapMisuseError[] {
    const found: HeapMisuseError[] = [];
    for (const block of this.live.values()) found.push(...this.damagesOf('check', block));
    for (const block of this.quarantine.values()) found.push(...this.damagesOfFreed('check', block));
    return found;
  }

  /**
   * Looks at every red zone and at all freed bytes in the quarantine, and checks the heap below.
   * @throws HeapMisuseError for the first damage; CorruptionError as `Heap.check`
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * heap.view[heap.malloc(10) + 12] = 1;
   * heap.check();   // => throws HeapMisuseError: offset 12: 0x1
   * ```
   */
  check(): void {
    for (const error of this.damages()) this.tell(error);
    this.heap.check();
  }

  /**
   * What is not freed, the most bytes first.
   * @param by whether blocks with the same tag, or those of the same callers as well, are put together
   * @param since only allocations after so many: `summary().allocations` of an earlier moment
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * const before = heap.summary().allocations;
   * heap.malloc(100);
   * heap.leaks('tag', before)[0].bytes;   // => 100
   * ```
   */
  leaks(by: LeakGrouping = 'tag', since = 0): LeakGroup[] {
    return groupLeaks(this.blocksSince(since), by);
  }

  /**
   * A report for people, of 80 columns at most: the summary, all damage, and what is not freed.
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * heap.free(heap.malloc(16));
   * heap.report().split('\n').at(-2);   // => 'every block was freed'
   * ```
   */
  report(by: LeakGrouping = 'tag'): string {
    const { stackDepth } = this.options;
    return formatReport(this.summary(), this.damages(), this.leaks(by), by === 'stack' && stackDepth === 0);
  }

  /**
   * What `report` tells, for `JSON.stringify`; leaks by their callers where those are noted, else by tag.
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * heap.malloc(7);
   * JSON.parse(JSON.stringify(heap)).leaks[0].bytes;   // => 7
   * ```
   */
  toJSON(): { summary: DebugSummary; leaks: LeakGroup[]; damages: HeapMisuseError[] } {
    const by = this.options.stackDepth > 0 ? 'stack' : 'tag';
    return { summary: this.summary(), leaks: this.leaks(by), damages: this.damages() };
  }

  /** The calls that led to `method`, a public one of this class that calls this first; null where none are noted. */
  private callers(method: (...args: never[]) => unknown): CallStack | null {
    const { stackDepth } = this.options;
    return stackDepth === 0 ? null : CallStack.take(stackDepth, method, 2);
  }

  private clear(count: number, size: number, callers: CallStack | null): number {
    checkCount('count', count);
    checkCount('size', size);
    const block = this.allocate('calloc', Math.min(count * size, ADDRESSABLE), 0, callers);
    if (block === null) return 0;
    fill(this.view, block.address, block.address + block.size, 0);
    return block.address;
  }

  private allocate(
    operation: Operation,
    size: number,
    align: number,
    callers: CallStack | null,
  ): GuardedBlock | null {
    checkCount('size', size);
    if (this.faults.strikes()) return null;
    const { heap } = this;
    const { redZone } = this.options;
    const front = roundUp(redZone, Math.max(align, heap.alignment));
    const bytes = front + size + redZone;
    let start = align > heap.alignment ? heap.alignedAlloc(align, bytes) : heap.malloc(bytes);
    while (start === 0 && bytes <= this.roomAtMost() && this.evict(operation)) {
      start = align > heap.alignment ? heap.alignedAlloc(align, bytes) : heap.malloc(bytes);
    }
    if (start === 0) return null;
    const address = start + front;
    const block: GuardedBlock = {
      serial: ++this.allocations,
      address,
      size,
      align,
      start,
      end: start + heap.usableSize(start),
      tag: this.tag,
      allocatedBy: callers,
      freedBy: null,
      next: null,
    };
    const { view } = heap;
    fill(view, start, address, RED);
    fill(view, address, address + size, FRESH);
    fill(view, address + size, block.end, RED);
    this.live.set(address, block);
    this.liveBytes += size;
    this.peakBytes = Math.max(this.peakBytes, this.liveBytes);
    return block;
  }

  private release(
    operation: 'free' | 'freeSized',
    address: number,
    size: number | null,
    alignment: number | null,
    callers: CallStack | null,
  ): void {
    if (address === 0) return;
    const block = this.find(operation, address);
    if (block === null) return;
    if (size !== null && size !== block.size) this.tell(mismatch('size-mismatch', block, size));
    if (alignment !== null && alignment !== block.align) {
      this.tell(mismatch('alignment-mismatch', block, alignment));
    }
    this.inspect(operation, block);
    this.makeRoom(operation, block.end - block.start);
    this.retire(block, callers);
  }

  /** More bytes than this are nowhere in one piece, were the quarantine empty. */
  private roomAtMost(): number {
    const { base, limit, memory } = this.heap;
    const { usedBytes } = this.heap.stats();
    return Math.min(limit, memory.maxByteLength) - base - (usedBytes - this.quarantine.bytes);
  }

  /** The live block at the address. @throws HeapMisuseError where there is none; where that is heard instead, null */
  private find(operation: Operation, address: number): GuardedBlock | null {
    const block = this.live.get(address);
    if (block !== undefined) return block;
    this.tell(this.whyInvalid(operation, address));
    return null;
  }

  /** O(blocks). */
  private whyInvalid(operation: Operation, address: number): HeapMisuseError {
    if (typeof address !== 'number') return foreign(operation, address, 'every address is a number');
    const freed = this.quarantine.at(address);
    if (freed !== undefined) return freedAlready(operation, address, freed, null);
    const around = this.around(address);
    const past = this.past.at(address);
    if (past !== undefined) return freedAlready(operation, address, past, around);
    if (around !== null) return interior(operation, address, around);
    return foreign(
      operation,
      address,
      this.isBelow(address)
        ? 'the block there was taken from the wrapped heap itself'
        : 'no block of this heap was ever there, or it was freed long ago',
    );
  }

  /** O(blocks). */
  private around(address: number): Surroundings | null {
    for (const blocks of [this.live, this.quarantine]) {
      for (const block of blocks.values()) {
        if (address >= block.start && address < block.end) {
          return { block, isFreed: blocks === this.quarantine };
        }
      }
    }
    return null;
  }

  /** Whether the heap below has a live block at the address. */
  private isBelow(address: number): boolean {
    try {
      return this.heap.usableSize(address) >= 0;
    } catch (error) {
      if (error instanceof InvalidFreeError) return false;
      throw error;
    }
  }

  /** Tells of damage to the red zones of a block that is about to be freed; where that is heard, mends them. */
  private inspect(operation: Operation, block: GuardedBlock): void {
    const errors = this.damagesOf(operation, block);
    if (errors.length === 0) return;
    for (const error of errors) this.tell(error);
    const { view } = this;
    fill(view, block.start, block.address, RED);
    fill(view, block.address + block.size, block.end, RED);
  }

  private damagesOf(operation: Operation, block: GuardedBlock): readonly HeapMisuseError[] {
    const { view } = this;
    const front = frontDamage(view, block);
    const rear = rearDamage(view, block);
    if (front === null && rear === null) return NONE;
    const found: HeapMisuseError[] = [];
    if (rear !== null) found.push(damaged('overflow', operation, block, rear));
    if (front !== null) found.push(damaged('underflow', operation, block, front));
    return found;
  }

  private damagesOfFreed(operation: Operation, block: GuardedBlock): readonly HeapMisuseError[] {
    const { view } = this;
    const damage = innerDamage(view, block, this.fill) ?? rearDamage(view, block) ?? frontDamage(view, block);
    return damage === null ? NONE : [damaged('write-after-free', operation, block, damage)];
  }

  private tell(error: HeapMisuseError): void {
    const { onMisuse } = this.options;
    if (onMisuse === null) throw error;
    onMisuse(error);
  }

  /** Gives back blocks of the quarantine until so many bytes find room in it, if they ever do. */
  private makeRoom(operation: Operation, bytes: number): void {
    if (bytes > this.options.quarantine) return;
    while (this.quarantine.bytes + bytes > this.options.quarantine && this.evict(operation));
  }

  /** Gives the oldest block of the quarantine back; one that was written to is kept for ever. @returns false when there is none */
  private evict(operation: Operation): boolean {
    const block = this.quarantine.takeOldest();
    if (block === null) return false;
    const errors = this.damagesOfFreed(operation, block);
    if (errors.length > 0) this.spoilt++;
    else this.heap.free(block.start);
    this.remember(block);
    for (const error of errors) this.tell(error);
    return true;
  }

  /** A block that was found whole leaves its owner, for the quarantine where it finds room there. */
  private retire(block: GuardedBlock, callers: CallStack | null): void {
    const { address, size, start, end } = block;
    fill(this.view, address, address + size, this.fill);
    block.freedBy = callers;
    this.live.delete(address);
    this.liveBytes -= size;
    this.frees++;
    if (end - start > this.options.quarantine) {
      this.heap.free(start);
      this.remember(block);
      return;
    }
    this.quarantine.add(block);
  }

  private remember(block: GuardedBlock): void {
    this.past.add(block);
    if (this.past.length > REMEMBERED) this.past.takeOldest();
  }

  private resizeInPlace(block: GuardedBlock, size: number): boolean {
    const { heap } = this;
    const { start, address } = block;
    // Only a larger size can be refused. What is given back is filled first: afterwards it is not ours.
    fill(heap.view, address + size, address + block.size, this.fill);
    if (!heap.resize(start, address - start + size + this.options.redZone)) return false;
    const { view } = heap;
    block.end = start + heap.usableSize(start);
    fill(view, address + block.size, address + size, FRESH);
    fill(view, address + size, block.end, RED);
    this.liveBytes += size - block.size;
    this.peakBytes = Math.max(this.peakBytes, this.liveBytes);
    block.size = size;
    return true;
  }

  private *blocksSince(serial: number): Iterable<GuardedBlock> {
    for (const block of this.live.values()) if (block.serial > serial) yield block;
  }
}
