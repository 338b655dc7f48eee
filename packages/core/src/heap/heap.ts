/**
 * malloc, calloc, realloc and free on real bytes: an ArrayBuffer, a SharedArrayBuffer, a WebAssembly.Memory, or any
 * other memory that is given as functions. All state lives in those bytes from the base on: a copy of them, saved and
 * loaded later, attaches and goes on.
 *
 * Addresses are byte offsets into the memory, below 4 GiB; 0 is null. A full heap is the address 0, as in C. Frees of
 * anything but a live block are found and refused, nothing being changed (unless the heap was made without checks).
 *
 * One thread at a time: nothing here locks. Several Heap objects over the same bytes, in the same thread, may take turns.
 *
 * Cost: malloc and free of up to 1 KiB (8 KiB in large heaps) mostly about ten memory accesses; others O(1), apart from
 * growth and from the moments when blocks that wait are merged. Waste: rounding to 16 bytes, a map of 1/64 to 1/51, holes
 * (engine.ts).
 *
 * Not for pools of equal objects that are freed all at once: a bump pointer does that without any of this.
 *
 * Source: see engine.ts.
 */
import { InvalidFreeError } from '../allocator.js';
import { checkAddress, isPowerOfTwo } from '../arguments.js';
import { display } from '../display.js';
import {
  ADDRESSABLE,
  type BufferOf,
  type Bytes,
  type GrowthListener,
  type Memory,
  type MemorySource,
  memoryOf,
} from '../memory/memory.js';
import { leastFor, noteAlignment } from './alignment.js';
import {
  type ArrayOn,
  arrayOn,
  checkArrayType,
  type HeapArray,
  type NumericArray,
  type NumericArrayConstructor,
} from './array.js';
import { inspectHeader } from './attach.js';
import * as blockMap from './block-map.js';
import { clearShared } from './clear.js';
import { dump, type HeapDump } from './dump.js';
import * as freeLists from './free-lists.js';
import { InspectableHeap } from './inspect.js';
import * as L from './layout.js';
import {
  checkCount,
  checkOwnCall,
  type HeapOptions,
  type SettledOptions,
  settle,
  settleBase,
} from './options.js';

const {
  FLAG_CHECKED,
  FLAG_EIGHT,
  H_BASE,
  H_BLOCKS,
  H_COVERED,
  H_END,
  H_GENERATION,
  H_LIMIT,
  H_MAGIC,
  H_MAP,
  H_PEAK,
  H_TOP,
  H_VERSION,
  H_ZERO_FROM,
  MAGIC,
  NEXT,
  OWN_MAP,
  OWN_WORDS,
  VERSION,
} = L;
const { isUsed, lengthOf, mapGranules, setStart, startBefore } = blockMap;
const { pushWaiting } = freeLists;

/** Groups of 32 granules that the map of a new heap covers. */
const FIRST_GROUPS = 5;
/** Up to this many bytes a loop clears or copies faster than the engine's built-in function is called. */
const LOOP_BYTES = 128;

/**
 * C's malloc on real bytes: an ArrayBuffer, a SharedArrayBuffer, a WebAssembly.Memory, or functions that give one.
 * All state lies in those bytes. Addresses are byte offsets below 4 GiB; 0 is null, the answer of a full heap. One
 * thread at a time.
 * @example
 * ```js
 * const memory = new SharedArrayBuffer(65536, { maxByteLength: 2 ** 24 });
 * const heap = Heap.create(memory);
 * const text = heap.malloc(100);   // => 144
 * new TextEncoder().encodeInto('hello', heap.view.subarray(text, text + 100)).written;   // => 5
 * heap.free(text);
 * ```
 */
export class Heap<B extends Bytes = Bytes> extends InspectableHeap {
  declare readonly memory: Memory<B>;

  private constructor(memory: Memory<B>, base: number, flags: number) {
    checkOwnCall(memory, flags);
    super(memory, base / 4, flags);
  }

  /**
   * Makes a new heap in the memory, from `options.base` on; what was there is overwritten. The memory is made longer
   * if it is too short for the least heap.
   * @throws RangeError for a bad option, or where the memory is too short and cannot grow; it is unchanged then
   * @example
   * ```js
   * const memory = new WebAssembly.Memory({ initial: 1, maximum: 16 });
   * // The first 1024 bytes stay the caller's.
   * const heap = Heap.create(memory, { base: 1024, zeroed: true });
   * heap.malloc(100);   // => 1168
   * Heap.create(new ArrayBuffer(64));   // => throws RangeError: cannot grow so far
   * ```
   */
  static create<S extends MemorySource | Memory>(source: S, options: HeapOptions = {}): Heap<BufferOf<S>> {
    const memory = memoryOf(source);
    const settled = settle(options);
    const flags = (settled.alignment === 8 ? FLAG_EIGHT : 0) | (settled.checked ? FLAG_CHECKED : 0);
    const heap = new Heap(memory, settled.base, flags);
    heap.writeHeader(flags, settled);
    return heap;
  }

  /**
   * Goes on with a heap that is there already, made in this memory or copied into it with all its bytes: at the same
   * base, as addresses are offsets into the memory. Everything is checked, O(blocks).
   * @param base as given to `create`
   * @throws RangeError saying what was found where no heap of this version begins, or the memory is too short for it
   * @throws CorruptionError naming the law that is broken where its bytes are damaged; nothing is changed
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536));
   * const note = heap.malloc(5);
   * heap.view.set([1, 2, 3, 4, 5], note);
   * // A copy of the bytes, as loaded from a file, is the same heap.
   * const copy = Heap.attach(heap.buffer.slice());
   * copy.view[note + 4];   // => 5
   * Heap.attach(new ArrayBuffer(65536));   // => throws RangeError: no heap at 0
   * ```
   */
  static attach<S extends MemorySource | Memory>(source: S, base = 0): Heap<BufferOf<S>> {
    const memory = memoryOf(source);
    memory.refresh();
    const at = settleBase(base);
    const flags = inspectHeader(memory, at);
    const heap = new Heap(memory, at, flags);
    const header = memory.words.slice(at / 4, at / 4 + L.HEADER_WORDS);
    try {
      heap.reloadHeader();
      heap.check();
    } catch (error) {
      // What was noted in the header of its length is taken back: nothing is changed.
      memory.words.set(header, at / 4);
      throw error;
    }
    return heap;
  }

  /** The address that the heap never reaches past. */
  get limit(): number {
    this.refreshForRead();
    return this.word(H_LIMIT) * this.unit;
  }

  /** The buffer as it is now; worthless after the next growth, of which `onGrow` tells. */
  get buffer(): B {
    this.memory.refresh();
    return this.memory.buffer;
  }

  /** All bytes of the memory as they are now; worthless after the next growth, of which `onGrow` tells. */
  get view(): Uint8Array<B> {
    this.memory.refresh();
    return this.memory.bytes;
  }

  /**
   * Calls `listener` after every growth of the memory. Where the heap makes it grow, that is at once. Where somebody
   * else does, it is when the heap finds out: at its next call if the growth detached the old views; otherwise when it is
   * asked for `view`, `buffer` or `stats`, or needs the room. A listener may take views and ask for figures, but not
   * change the heap, through this object or another one.
   * @returns a function that ends it
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536, { maxByteLength: 2 ** 20 }));
   * let floats = new Float32Array(heap.buffer);
   * const end = heap.onGrow(() => (floats = new Float32Array(heap.buffer)));
   * heap.malloc(100_000);
   * floats.byteLength > 100_000;   // => true
   * end();
   * ```
   */
  onGrow(listener: GrowthListener): () => void {
    return this.memory.onGrow(listener);
  }

  /**
   * Takes a block of at least `size` bytes at a multiple of the heap's alignment. O(1), but for growth and merging.
   * Where there is no room, the memory grows if it can.
   * @param size bytes; 0 gives a block of its own like any other
   * @returns the address of the block, contents undefined; 0 when there is no room
   * @throws RangeError unless `size` is a whole number from 0 up
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536));
   * const point = heap.malloc(3 * 8);   // => 144
   * new Float64Array(heap.buffer, point, 3).set([1, 2, 3]);
   * // The buffer is fixed: 0, as C's NULL, says that there is no room.
   * heap.malloc(65536);   // => 0
   * heap.malloc(1.5);   // => throws RangeError: whole number
   * ```
   */
  malloc(size: number): number {
    if (typeof size !== 'number') return this.mallocSlowly(size);
    const bytes = size | 0;
    const { words, shift } = this;
    if (bytes !== size || bytes <= 0 || words[this.generationAt] !== this.generation) {
      return this.mallocSlowly(size);
    }
    const need = (bytes + this.mask) >>> shift;
    if (need <= this.quick) {
      const block = words[this.lists + need];
      if (block !== 0) {
        words[this.lists + need] = words[(block << this.scale) + NEXT];
        if (this.checkMask !== 0) {
          const w = this.map + ((block >>> 5) << 1) + 1;
          words[w] |= 1 << (block & 31);
        }
        return (block << shift) >>> 0;
      }
    }
    return need < this.least ? this.malloc(this.least << shift) : (this.take(need) << shift) >>> 0;
  }

  /**
   * Gives a block back. 0 is none, and nothing is done. O(1), but for merging.
   * @throws InvalidFreeError for an address that is not that of a live block; nothing is changed. A heap made with
   * `checked: false` does not find all of these, and is damaged
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536));
   * const block = heap.malloc(100);
   * heap.free(block + 16);   // => throws InvalidFreeError: lies inside a used segment
   * heap.free(block);
   * heap.free(block);   // => throws InvalidFreeError: freed already
   * heap.free(0);   // => undefined
   * ```
   */
  free(address: number): void {
    checkAddress(address);
    const { words, shift } = this;
    const block = address >>> shift;
    if (
      (block << shift) >>> 0 === address &&
      ((block >>> 5) - this.origin) >>> 0 < this.covered &&
      words[this.generationAt] === this.generation
    ) {
      const w = this.map + ((block >>> 5) << 1);
      const starts = words[w];
      const states = words[w + 1];
      const bit = 1 << (block & 31);
      if ((starts & states & bit) !== 0) {
        const length = lengthOf(words, this.map, block);
        // Unchecked heaps let blocks that wait look used.
        words[w + 1] = states & ~(bit & this.checkMask);
        if ((states & ~starts & (bit << 1)) !== 0) this.unmark(block, length);
        if (length <= this.quick) pushWaiting(words, this.lists + length, this.scale, block);
        else this.release(block, length);
        return;
      }
    }
    this.freeSlowly(address);
  }

  /**
   * `malloc` of `count × size` bytes that are 0. Bytes never used since the memory grew are known to be 0, and not
   * cleared.
   * @returns the address; 0 when there is no room, and for a product of 4 GiB and more
   * @throws RangeError unless both are whole numbers from 0 up
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536));
   * const old = heap.malloc(40);
   * heap.view.fill(0xff, old, old + 40);
   * heap.free(old);
   * const counters = heap.calloc(10, 4);
   * new Uint32Array(heap.buffer, counters, 10).every((count) => count === 0);   // => true
   * heap.calloc(2 ** 20, 2 ** 20);   // => 0
   * ```
   */
  calloc(count: number, size: number): number {
    checkCount('count', count);
    checkCount('size', size);
    const bytes = count * size;
    if (bytes > ADDRESSABLE) return 0;
    this.refreshForChange();
    const zeroFrom = this.words[this.header + H_ZERO_FROM];
    const address = this.malloc(bytes);
    if (address === 0) return 0;
    // The memory may have been found grown by somebody else in between.
    this.clear(address, Math.min(address + bytes, Math.max(zeroFrom, this.foreignUpTo) * this.unit));
    return address;
  }

  /**
   * Makes the block at `address` hold `size` bytes: in place wherever what lies behind it allows, else by moving it.
   * Contents are kept up to the lesser of both sizes, and so is the alignment that `alignedAlloc` was asked for. A size
   * of 0 leaves a block of the least size; an address of 0 is `malloc`.
   * @returns the block's address; 0 when there is no room, the old block being as it was
   * @throws RangeError unless `size` is a whole number from 0 up, InvalidFreeError as `free`
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536));
   * const list = heap.malloc(16);
   * heap.view[list] = 42;
   * // A neighbour in the way: the block moves, and the old address is worthless.
   * heap.malloc(16);
   * const longer = heap.realloc(list, 160);
   * [longer !== list, heap.view[longer]];   // => [true, 42]
   * heap.realloc(longer, 2 ** 20);   // => 0
   * ```
   */
  realloc(address: number, size: number): number {
    if (address === 0) return this.malloc(size);
    checkCount('size', size);
    const block = this.locate(address);
    const length = lengthOf(this.words, this.map, block);
    const align = this.alignOf(block, length);
    if (this.resizeAt(block, length, align, size)) return address;
    const moved = align === 0 ? this.malloc(size) : this.alignedAlloc(align, size);
    if (moved === 0) return 0;
    this.copy(address, moved, Math.min(length << this.shift, size));
    this.free(address);
    return moved;
  }

  /**
   * `realloc` in place or not at all: for a block whose address others hold. O(1), but for growth and merging.
   * @returns whether the block holds `size` bytes now; if not it is as it was
   * @throws as `realloc`
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536));
   * const line = heap.malloc(100);
   * // Nothing lies behind it yet.
   * heap.resize(line, 1000);   // => true
   * heap.malloc(16);
   * heap.resize(line, 2000);   // => false
   * heap.usableSize(line);   // => 1008
   * ```
   */
  resize(address: number, size: number): boolean {
    checkCount('size', size);
    const block = this.locate(address);
    const length = lengthOf(this.words, this.map, block);
    return this.resizeAt(block, length, this.alignOf(block, length), size);
  }

  /**
   * `malloc` at a multiple of `alignment`. O(1), but O(blocks) where there is no room.
   * @param alignment bytes, a power of two up to 2^31; the heap's own is the least
   * @returns the address; 0 when there is no room
   * @throws RangeError for a bad alignment or size
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536));
   * const page = heap.alignedAlloc(4096, 5000);   // => 4096
   * heap.realloc(page, 9000) % 4096;   // => 0
   * heap.alignedAlloc(48, 100);   // => throws RangeError: power of two
   * ```
   */
  alignedAlloc(alignment: number, size: number): number {
    if (!(isPowerOfTwo(alignment) && alignment <= 2 ** 31)) {
      throw new RangeError(`alignment must be a power of two, 2^31 at most, got ${display(alignment)}`);
    }
    if (alignment <= 1 << this.shift) return this.malloc(size);
    checkCount('size', size);
    this.refreshForChange();
    if (size > ADDRESSABLE) return 0;
    const align = alignment >>> this.shift;
    const block = this.takeAligned(this.granulesFor(size, alignment), align);
    if (block === 0) return 0;
    noteAlignment(this.words, this.map, block, align);
    return (block << this.shift) >>> 0;
  }

  /**
   * Bytes that the holder of the block may use: at least those requested. O(1).
   * @throws InvalidFreeError for an address that is not that of a live block
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536));
   * const block = heap.malloc(100);
   * // 100 rounded up to the next multiple of 16.
   * heap.usableSize(block);   // => 112
   * ```
   */
  usableSize(address: number): number {
    const block = this.locate(address);
    return lengthOf(this.words, this.map, block) * this.unit;
  }

  /**
   * A typed array on a block of the heap, its elements 0. Its `view` outlives growth; `using` frees it at the end
   * of the scope.
   * @param type the constructor of a typed array, such as Float32Array
   * @param length elements, a whole number from 0 up
   * @returns null when there is no room
   * @throws TypeError for another type, RangeError for a bad length
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536));
   * {
   *   using samples = heap.array(Float32Array, 1024);
   *   samples.view[0] = 0.5;
   *   heap.stats().usedBytes;   // => 4096
   * }
   * heap.stats().usedBytes;   // => 0
   * heap.array(Float64Array, 10_000);   // => null
   * ```
   */
  array<T extends NumericArray>(
    type: NumericArrayConstructor<T>,
    length: number,
  ): HeapArray<ArrayOn<T, B>> | null {
    checkCount('length', length);
    checkArrayType(type);
    const address = this.calloc(length, type.BYTES_PER_ELEMENT);
    return address === 0 ? null : arrayOn(this, type, address, length);
  }

  /**
   * Merges all that waits and tells how many bytes at the end of the memory are in no block: what its owner could cut
   * off, were it to end there. O(blocks that wait).
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536));
   * const [low, high] = [heap.malloc(16), heap.malloc(1000)];
   * heap.free(high);
   * // All but the first 160 bytes need not be saved.
   * heap.trim();   // => 65536 - 160
   * ```
   */
  trim(): number {
    this.refreshForChange();
    this.refreshForRead();
    if (this.tables !== 0) this.flush();
    return (this.end - this.word(H_TOP)) * this.unit;
  }

  /**
   * As text for people, 80 columns wide: figures, and a map of what is where. O(blocks).
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536));
   * heap.malloc(100);
   * const lines = heap.dump().split('\n');
   * lines[0];   // => 'heap at 0x0, addresses multiples of 16, frees checked'
   * lines.at(-2);   // => '       0x0  =========#######'
   * ```
   */
  dump(): string {
    return dump(this);
  }

  /**
   * For `JSON.stringify`: settings, figures and every block. O(blocks).
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536));
   * heap.malloc(100);
   * const { limit, blocks } = JSON.parse(JSON.stringify(heap));
   * blocks.find(({ kind }) => kind === 'used');   // => { address: 144, size: 112, kind: 'used', align: 0 }
   * ```
   */
  toJSON(): HeapDump {
    const { base, limit, alignment, checked } = this;
    return { base, limit, alignment, checked, stats: this.stats(), blocks: [...this.walk()] };
  }

  private mallocSlowly(size: number): number {
    checkCount('size', size);
    this.refreshForChange();
    if (size > ADDRESSABLE) return 0;
    // A second time, now that views are new; no bytes take the least block.
    if (size < 2 ** 31) return this.malloc(size === 0 ? 1 : size);
    return (this.take(Math.ceil(size / this.unit)) << this.shift) >>> 0;
  }

  private freeSlowly(address: number): void {
    if (address === 0) return;
    const { words, generation } = this;
    this.refreshForChange();
    // Views detached by somebody else's growth are new now, though the generation is the same.
    if (words !== this.words || generation !== this.generation) this.free(address);
    else throw new InvalidFreeError(address, this.whyInvalid(address));
  }

  private resizeAt(block: number, length: number, align: number, size: number): boolean {
    if (size > ADDRESSABLE) return false;
    const need = this.granulesFor(size, align);
    return need === length || this.resizeBlock(block, length, need);
  }

  /** The granule of the live block at `address`. @throws InvalidFreeError where there is none */
  private locate(address: number): number {
    checkAddress(address);
    this.refreshForChange();
    const block = address >>> this.shift;
    if (
      (block << this.shift) >>> 0 !== address ||
      !this.isBlock(block) ||
      !isUsed(this.words, this.map, block)
    ) {
      throw new InvalidFreeError(address, this.whyInvalid(address));
    }
    return block;
  }

  private whyInvalid(address: number): 'outside' | 'free' | 'interior' {
    const { words, map } = this;
    const granule = Math.floor(address / this.unit);
    if (!(granule >= this.first && granule < this.end)) return 'outside';
    if (granule >= this.word(H_TOP)) return 'free';
    const start = startBefore(words, map, granule);
    if (!isUsed(words, map, start) || start * this.unit === address) return 'free';
    return 'interior';
  }

  /** Granules for so many bytes, up to 2^32, and for the note of an alignment; 0 is none. */
  private granulesFor(size: number, align: number): number {
    const { unit } = this;
    const granules = size < 2 ** 31 ? (size + unit - 1) >>> this.shift : Math.ceil(size / unit);
    return Math.max(granules, align === 0 ? this.least : leastFor(align >>> this.shift));
  }

  /** Sets the bytes to 0, in whole words: blocks end at a multiple of 8. `from` is one. */
  private clear(from: number, to: number): void {
    const { words } = this;
    const start = from / 4;
    const end = Math.ceil(to / 4);
    if (to - from > LOOP_BYTES) {
      if (this.memory.shared) clearShared(words, start, end);
      else words.fill(0, start, end);
    } else for (let w = start; w < end; w++) words[w] = 0;
  }

  private copy(from: number, to: number, length: number): void {
    if (length > LOOP_BYTES) {
      this.bytes.copyWithin(to, from, from + length);
      return;
    }
    const { words } = this;
    const count = Math.ceil(length / 4);
    const source = from / 4;
    const target = to / 4;
    for (let w = 0; w < count; w++) words[target + w] = words[source + w];
  }

  /** Writes the first bytes of a new heap. */
  private writeHeader(flags: number, { base, limit, zeroed }: SettledOptions): void {
    const { memory, header, first, scale, unit } = this;
    const size = mapGranules(FIRST_GROUPS, this.scale);
    const leastBytes = (first + size) * unit;
    if (leastBytes > limit || !memory.grow(leastBytes)) {
      const why =
        leastBytes > limit
          ? `its limit is ${limit}`
          : `the memory has ${memory.byteLength} and cannot grow so far`;
      throw new RangeError(`a heap at ${base} needs the bytes up to ${leastBytes} at least; ${why}`);
    }
    const { words } = memory;
    this.words = words;
    words.fill(0, header, (first + size) << scale);
    words[header + H_MAGIC] = MAGIC;
    words[header + H_VERSION] = VERSION | flags;
    words[header + H_BASE] = header >>> scale;
    words[header + H_GENERATION] = 1;
    words[header + H_TOP] = first + size;
    words[header + H_PEAK] = first + size;
    words[header + H_END] = this.granulesOf(memory.byteLength);
    words[header + H_LIMIT] = this.granulesOf(limit);
    words[header + H_ZERO_FROM] = zeroed ? first + size : words[header + H_END];
    words[header + H_MAP] = first;
    words[header + H_COVERED] = FIRST_GROUPS;
    words[header + H_BLOCKS] = 1;
    words[first << scale] = OWN_MAP;
    const map = (first << scale) + OWN_WORDS - 2 * this.origin;
    setStart(words, map, first);
    setStart(words, map, first + size);
    this.reloadHeader();
  }
}
