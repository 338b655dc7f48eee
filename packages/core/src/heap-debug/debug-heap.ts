/**
 * A heap around a heap that finds misuse: writes outside of a block and after its free, double, interior and foreign
 * frees, leaks; and that makes requests fail on purpose.
 *
 * Every block lies between red zones, which are looked at when it is freed and on demand. A freed block is filled with
 * 0x6b and kept back for a while; what was written to it meanwhile is found when it is given back at last. realloc
 * always moves, so that addresses kept from before are found too. What is known of the blocks (size, tag, call stacks)
 * is kept outside of the memory, where no stray write reaches it: guarded-heap.ts.
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
import { isPowerOfTwo } from '../arguments.js';
import { display } from '../display.js';
import {
  type ArrayOn,
  arrayOn,
  checkArrayType,
  type HeapArray,
  type NumericArray,
  type NumericArrayConstructor,
} from '../heap/array.js';
import { Heap } from '../heap/heap.js';
import type { HeapBlock, HeapStats } from '../heap/inspect.js';
import { checkCount } from '../heap/options.js';
import type { Bytes, GrowthListener, Memory } from '../memory/memory.js';
import { INSPECT, summary } from '../summary.js';
import type { FaultInjector } from './fault-injector.js';
import { GuardedHeap } from './guarded-heap.js';
import type { HeapInterface } from './heap-interface.js';
import { groupLeaks, type LeakGroup, type LeakGrouping } from './leaks.js';
import type { HeapMisuseError } from './misuse.js';
import { type DebugHeapOptions, type SettledDebugOptions, settleDebugOptions } from './options.js';
import { type DebugSummary, formatReport } from './report.js';
import { CallStack } from './stacks.js';

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
export class DebugHeap<B extends Bytes = Bytes> implements HeapInterface<B> {
  /** The heap below, which holds the blocks with their red zones. */
  readonly heap: Heap<B>;
  readonly faults: FaultInjector;
  /** What the allocations from now on are for: told in errors and in the report of leaks. */
  tag = '';
  private readonly options: SettledDebugOptions;
  private readonly guarded: GuardedHeap;

  /** @throws RangeError for a bad option, TypeError for an unknown one, or where `heap` is none */
  constructor(heap: Heap<B>, options: DebugHeapOptions = {}) {
    if (!(heap instanceof Heap)) {
      throw new TypeError(
        `DebugHeap wraps a Heap, such as Heap.create(memory) returns, got ${display(heap)}`,
      );
    }
    this.heap = heap;
    this.options = settleDebugOptions(options);
    this.guarded = new GuardedHeap(heap, this.options);
    this.faults = this.guarded.faults;
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

  get memory(): Memory<B> {
    return this.heap.memory;
  }

  get buffer(): B {
    return this.heap.buffer;
  }

  get view(): Uint8Array<B> {
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
    return this.guarded.allocate('malloc', size, 0, this.tag, this.callers(this.malloc))?.address ?? 0;
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
    return this.guarded.calloc(count, size, this.tag, this.callers(this.calloc));
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
    return (
      this.guarded.allocate('alignedAlloc', size, alignment, this.tag, this.callers(this.alignedAlloc))
        ?.address ?? 0
    );
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
    return this.guarded.realloc(address, size, this.tag, this.callers(this.realloc));
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
    return this.guarded.resize(address, size);
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
    this.guarded.release('free', address, null, null, this.callers(this.free));
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
    this.guarded.release('freeSized', address, size, alignment, this.callers(this.freeSized));
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
    return this.guarded.sizeOf(address);
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
  array<T extends NumericArray>(
    type: NumericArrayConstructor<T>,
    length: number,
  ): HeapArray<ArrayOn<T, B>> | null {
    checkCount('length', length);
    checkArrayType(type);
    const address = this.guarded.calloc(length, type.BYTES_PER_ELEMENT, this.tag, this.callers(this.array));
    return address === 0 ? null : arrayOn(this, type, address, length);
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
    this.guarded.flush();
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
    return this.guarded.summary();
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
    return this.guarded.damages();
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
    for (const error of this.damages()) this.guarded.report(error);
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
    return groupLeaks(this.guarded.blocksSince(since), by);
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

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.summary());
  }

  /** The calls that led to `method`, a public one of this class that calls this first; null where none are noted. */
  private callers(method: (...args: never[]) => unknown): CallStack | null {
    const { stackDepth } = this.options;
    return stackDepth === 0 ? null : new CallStack(stackDepth, method, 2);
  }
}
