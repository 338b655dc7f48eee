/**
 * malloc, free, realloc and calloc of a process: a library in user space, which asks the kernel for memory by `brk`
 * and `mmap` and carves it up by itself.
 *
 * Requests below 128 KiB come from the heap, the memory up to the break: a TLSF over the addresses from the heap's
 * start, of which the last free segment, the wilderness, reaches past the break. It is taken only when no hole serves;
 * the break then follows, 128 KiB ahead. When 128 KiB or more are free at the top, the break goes back. Larger
 * requests have a mapping of their own, whose pages go back at once when it is freed.
 *
 * Cost: O(1) and, now and then, a system call. Waste: sizes are rounded up to 16 bytes, those of mappings to pages;
 * holes in the heap, which keep the break up as long as one block above them lives. Bookkeeping lies outside the
 * process's memory (half a byte to one for each 16 bytes of small blocks), so a wild write cannot break it, and fork
 * copies it.
 * Not for many threads at once.
 * Source: the thresholds and what they mean are those of glibc's malloc; the carving is core's Tlsf.
 */
import { CorruptionError, display, INSPECT, summary, Tlsf } from 'freehold';
import { FRAME_BYTES } from '../machine.js';

/** What the library asks the kernel for, and how it reaches the process's memory. */
export interface UserMemory {
  /**
   * Moves the break by `delta` bytes.
   * @returns where it was, or null when the kernel refuses; nothing is moved then
   */
  sbrk(delta: number): number | null;
  /** A fresh private mapping, full of zeros; null when the kernel refuses. `bytes` are whole pages. */
  mmap(bytes: number): number | null;
  munmap(address: number, bytes: number): void;
  /**
   * Makes a mapping longer or shorter; it may move, and its pages with it. Whole pages.
   * @returns its address now, or null when the kernel refuses; nothing is changed then
   */
  mremap(address: number, oldBytes: number, newBytes: number): number | null;
  copy(from: number, to: number, bytes: number): void;
  zero(address: number, bytes: number): void;
}

export interface UserMallocStats {
  /** Bytes granted to blocks that live, in the heap and in mappings. */
  readonly heapUsedBytes: number;
  readonly mappedBytes: number;
  readonly heapBlocks: number;
  readonly mappings: number;
  /** Bytes from the start of the heap to the break. */
  readonly heapBytes: number;
  /** Free bytes at the top of the heap, below the break. */
  readonly topBytes: number;
  /** Calls of sbrk that moved the break, of mmap, of munmap, of mremap. */
  readonly systemCalls: number;
  readonly trims: number;
}

/** Requests of so many bytes get a mapping of their own. */
export const MMAP_THRESHOLD = 128 * 1024;
/** The break goes back when so many bytes are free at the top of the heap. */
export const TRIM_THRESHOLD = 128 * 1024;
/** The break is moved so much further than needed. */
export const TOP_PAD = 128 * 1024;
const ALIGN = 16;
/** The heap's range of addresses; the kernel's limits end it long before. */
const HEAP_BYTES_MAX = 2 ** 40;

/**
 * The malloc library of a process, over the `brk` and `mmap` that it is given; `process.heap` is one. Its
 * bookkeeping lies outside the process's memory, so that a wild write cannot break it.
 * @example
 * ```js
 * const { heap, space } = new Kernel().process(1);
 * const node = heap.malloc(24);
 * space.storePointer(node, 0);
 * node % 16;   // => 0
 * heap.free(node);
 * heap.stats().heapUsedBytes;   // => 0
 * ```
 */
export class UserMalloc {
  readonly start: number;
  private readonly memory: UserMemory;
  private readonly heap: Tlsf;
  /** Bytes of each mapping, by its address. */
  private readonly mappings = new Map<number, number>();
  /** The end of what the kernel gave: the break as far as this library knows. */
  private end: number;
  /** No byte at or above was ever granted: as the kernel gave it, full of zeros. */
  private untouched: number;
  private mappedBytes = 0;
  private systemCalls = 0;
  private trims = 0;

  /** The heap starts at the break as it is now. */
  constructor(memory: UserMemory, start: number = memory.sbrk(0) ?? 0) {
    this.memory = memory;
    this.start = Math.ceil(start / ALIGN) * ALIGN;
    this.end = start;
    this.untouched = this.start;
    this.heap = new Tlsf({ base: this.start, capacity: HEAP_BYTES_MAX, align: ALIGN });
  }

  /** Where the wilderness begins. */
  private get top(): number {
    return this.heap.freeTail;
  }

  /**
   * The same blocks at the same addresses in the memory of a forked child, which must hold the same bytes and break.
   * ProcessTable.fork does this for `process.heap`. O(blocks).
   * @param memory the child's
   * @example
   * ```js
   * const kernel = new Kernel();
   * const parent = kernel.process(1);
   * const block = parent.heap.malloc(100);
   * const child = kernel.processes.fork(parent);
   * child.heap.free(block);
   * // Each frees its own.
   * parent.heap.usableSize(block);   // => 112
   * child.heap.usableSize(block);   // => throws InvalidFreeError
   * ```
   */
  fork(memory: UserMemory): UserMalloc {
    const child = new UserMalloc(memory, this.start);
    const holes: number[] = [];
    for (const { start, end, used, requested } of this.heap.segments()) {
      if (start === this.top) break;
      // One after the other off the wilderness: every segment comes to lie where the parent has it.
      child.heap.allocate(used ? (requested ?? end - start) : end - start);
      if (!used) holes.push(start);
    }
    for (const hole of holes) child.heap.free(hole);
    for (const [address, bytes] of this.mappings) child.mappings.set(address, bytes);
    child.end = this.end;
    child.untouched = this.untouched;
    child.mappedBytes = this.mappedBytes;
    return child;
  }

  /**
   * A block of at least `size` bytes, from the heap below 128 KiB, as a mapping of its own from there on. Its
   * contents are undefined. O(1) and, now and then, a system call; no frame is taken before the first touch.
   * @param size bytes; 0 is taken for 1
   * @param align a power of two; the address is a multiple of it, and of 16
   * @returns the address, or 0 when there is no memory
   * @throws RangeError when `size` is not a whole number from 0 up or `align` is not a power of two
   * @example
   * ```js
   * const { heap } = new Kernel().process(1);
   * const small = heap.malloc(100);
   * const large = heap.malloc(MMAP_THRESHOLD);
   * [small < PIE_BASE + 2 ** 20, large > MMAP_BASE - 2 ** 20];   // => [true, true]
   * heap.malloc(64, 4096) % 4096;   // => 0
   * heap.malloc(2 ** 48);   // => 0
   * heap.malloc(-1);   // => throws RangeError: size must be a whole number of bytes
   * ```
   */
  malloc(size: number, align = ALIGN): number {
    checkSize(size);
    const wanted = Math.max(1, size);
    if (wanted >= MMAP_THRESHOLD && align <= FRAME_BYTES) return this.map(wanted);
    if (wanted > HEAP_BYTES_MAX) return 0;
    const address = this.heap.allocate(wanted, align);
    if (address !== null) {
      const end = address + this.heap.sizeOf(address);
      if (this.reach(end)) {
        this.untouched = Math.max(this.untouched, end);
        return address;
      }
      this.heap.free(address);
    }
    // The break can go no further, but there may be room elsewhere.
    return align <= FRAME_BYTES ? this.map(wanted) : 0;
  }

  /**
   * `count` times `size` bytes, all zero. Pages that were never touched stay so: they are zero already.
   * @returns the address, or 0 when there is no memory or the product is too large
   * @throws RangeError when `count` or `size` is not a whole number from 0 up; MemoryFault OOM when a reused page
   * has no frame
   * @example
   * ```js
   * const { heap, space } = new Kernel().process(1);
   * const used = heap.malloc(800);
   * space.fill(used, 800, 0xff);
   * heap.free(used);
   * const table = heap.calloc(100, 8);
   * [table === used, space.loadU64(table + 792)];   // => [true, 0n]
   * // The product would wrap round in C's size_t.
   * heap.calloc(2 ** 40, 2 ** 40);   // => 0
   * ```
   */
  calloc(count: number, size: number): number {
    checkSize(count);
    checkSize(size);
    const bytes = count * size;
    if (!Number.isSafeInteger(bytes)) return 0;
    const untouched = this.untouched;
    const address = this.malloc(bytes);
    if (address === 0 || this.mappings.has(address) || address >= untouched) return address;
    this.orFree(address, () => this.memory.zero(address, Math.min(bytes, untouched - address)));
    return address;
  }

  /**
   * Makes the block hold `size` bytes, in place where it can be done; otherwise its bytes are copied, O(bytes). A
   * block with a mapping of its own keeps it, and its pages move without a copy.
   * `realloc(0, size)` is malloc, `realloc(address, 0)` is free.
   * @returns its address now, or 0 when there is no memory; the block is as it was then
   * @throws InvalidFreeError when no block starts at `address`
   * @example
   * ```js
   * const { heap, space } = new Kernel().process(1);
   * const text = heap.malloc(16);
   * space.writeString(text, 'grows');
   * heap.realloc(text, 1000) === text;   // => true
   * heap.malloc(1);
   * const moved = heap.realloc(text, 5000);
   * [moved === text, space.readString(moved)];   // => [false, 'grows']
   * // Keep the old address until the new one is known not to be 0.
   * heap.realloc(moved, 2 ** 48);   // => 0
   * heap.usableSize(moved) >= 5000;   // => true
   * ```
   */
  realloc(address: number, size: number): number {
    checkSize(size);
    if (address === 0) return this.malloc(size);
    const held = this.usableSize(address);
    if (size === 0) {
      this.free(address);
      return 0;
    }
    if (this.mappings.has(address)) {
      const remapped = this.remap(address, held, roundToPages(size));
      if (remapped !== 0) return remapped;
      // A mapping that cannot be cut short holds what is asked for.
      if (size <= held) return address;
    } else if (this.resize(address, held, size)) return address;
    const moved = this.malloc(size);
    if (moved === 0) return 0;
    this.orFree(moved, () => {
      this.memory.copy(address, moved, Math.min(held, size));
      this.free(address);
    });
    return moved;
  }

  /**
   * Gives a block back; 0 is taken and means nothing. The address is of no use any more. O(1) and, when 128 KiB are
   * free at the top of the heap or the block was a mapping, a system call.
   * @throws InvalidFreeError when no block starts at `address`; nothing is changed
   * @example
   * ```js
   * const { heap, space } = new Kernel().process(1);
   * const block = heap.malloc(200_000);
   * heap.free(block);
   * // It was a mapping: a use after the free is seen at once.
   * space.loadU8(block);   // => throws MemoryFault: SIGSEGV
   * heap.free(block);   // => throws InvalidFreeError
   * heap.free(0);
   * ```
   */
  free(address: number): void {
    if (address === 0) return;
    const bytes = this.mappings.get(address);
    if (bytes !== undefined) {
      this.memory.munmap(address, bytes);
      this.systemCalls++;
      this.mappings.delete(address);
      this.mappedBytes -= bytes;
      return;
    }
    this.heap.free(address);
    this.trim();
  }

  /**
   * Bytes the holder may use (malloc_usable_size): those asked for, rounded up to 16 bytes, or to pages for a
   * mapping.
   * @throws InvalidFreeError when no block starts at `address`
   * @example
   * ```js
   * const { heap } = new Kernel().process(1);
   * heap.usableSize(heap.malloc(100));   // => 112
   * heap.usableSize(heap.malloc(200_000));   // => 200704
   * heap.usableSize(heap.malloc(100) + 16);   // => throws InvalidFreeError
   * ```
   */
  usableSize(address: number): number {
    return this.mappings.get(address) ?? this.heap.sizeOf(address);
  }

  /**
   * Address and usable bytes of every block that lives: those of the heap first, by rising address, then the
   * mappings. To find blocks that were never freed. O(blocks).
   * @example
   * ```js
   * const { heap } = new Kernel().process(1);
   * heap.free(heap.malloc(40));
   * heap.malloc(100);
   * heap.malloc(300_000);
   * [...heap.blocks()].map(({ bytes, mapped }) => [bytes, mapped]);   // => [[112, false], [303104, true]]
   * ```
   */
  *blocks(): Generator<{ address: number; bytes: number; mapped: boolean }, void, undefined> {
    for (const { start, end, used, address } of this.heap.segments()) {
      if (used) yield { address, bytes: end - start, mapped: false };
    }
    for (const [address, bytes] of this.mappings) yield { address, bytes, mapped: true };
  }

  /**
   * Bytes, blocks and system calls of the library, as mallinfo tells them. O(1).
   * @example
   * ```js
   * const { heap } = new Kernel().process(1);
   * for (let i = 0; i < 1000; i++) heap.malloc(100);
   * const { heapUsedBytes, heapBytes, systemCalls } = heap.stats();
   * heapUsedBytes;   // => 112000
   * // 128 KiB more than needed, so that a thousand blocks cost one system call.
   * [heapBytes, systemCalls];   // => [135168, 1]
   * ```
   */
  stats(): UserMallocStats {
    const { usedBytes, usedSegments } = this.heap.stats();
    return {
      heapUsedBytes: usedBytes,
      mappedBytes: this.mappedBytes,
      heapBlocks: usedSegments,
      mappings: this.mappings.size,
      heapBytes: this.end - this.start,
      topBytes: Math.max(0, this.end - this.top),
      systemCalls: this.systemCalls,
      trims: this.trims,
    };
  }

  /**
   * Whether blocks, wilderness, break and mappings agree with the counts. Wild writes of the program are not seen:
   * nothing of the library lies where it writes.
   * @throws CorruptionError naming the broken law. O(blocks).
   * @example
   * ```js
   * const { heap, space } = new Kernel().process(1);
   * const block = heap.malloc(16);
   * // Far past the end: other blocks are hurt, the heap's structure is not.
   * space.fill(block, 4000, 0xff);
   * heap.check();
   * heap.usableSize(block);   // => 16
   * ```
   */
  check(): void {
    this.heap.check();
    let top = this.start;
    for (const { end, used } of this.heap.segments()) if (used) top = end;
    if (top !== this.top) {
      throw new CorruptionError(
        'the wilderness begins where the last block ends',
        `0x${this.top.toString(16)}, and the last block ends at 0x${top.toString(16)}`,
      );
    }
    if (top > this.end && top > this.start) {
      throw new CorruptionError('every block lies below the break', `${top - this.end} bytes above it`);
    }
    let mapped = 0;
    for (const bytes of this.mappings.values()) mapped += bytes;
    if (mapped !== this.mappedBytes) {
      throw new CorruptionError(
        'mappings are as large as counted',
        `${mapped} and ${this.mappedBytes} bytes`,
      );
    }
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new Kernel().processes.get(1).heap.toJSON().heapUsedBytes;   // => 0
   * ```
   */
  toJSON(): object {
    return { start: this.start, ...this.stats() };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  private map(size: number): number {
    const bytes = Math.ceil(size / FRAME_BYTES) * FRAME_BYTES;
    const address = this.memory.mmap(bytes);
    if (address === null) return 0;
    this.systemCalls++;
    this.noteMapping(address, bytes);
    return address;
  }

  private remap(address: number, held: number, bytes: number): number {
    if (bytes === held) return address;
    const moved = this.memory.mremap(address, held, bytes);
    if (moved === null) return 0;
    this.systemCalls++;
    this.mappings.delete(address);
    this.mappedBytes -= held;
    this.noteMapping(moved, bytes);
    return moved;
  }

  private noteMapping(address: number, bytes: number): void {
    // A program that unmapped a block by itself has given up what was here.
    this.mappedBytes += bytes - (this.mappings.get(address) ?? 0);
    this.mappings.set(address, bytes);
  }

  /** Moves the break past `end` where it is not yet; false when the kernel refuses. */
  private reach(end: number): boolean {
    // Something of the wilderness is always left: its start is the top.
    if (end === this.start + HEAP_BYTES_MAX) return false;
    if (end <= this.end) return true;
    // A program that moves the break by itself owns what lies above: the heap does not grow past that.
    if (this.memory.sbrk(0) !== this.end) return false;
    const needed = roundToPages(end) - this.end;
    const padded = roundToPages(end + TOP_PAD) - this.end;
    const delta = this.memory.sbrk(padded) !== null ? padded : this.memory.sbrk(needed) !== null ? needed : 0;
    if (delta === 0) return false;
    this.end += delta;
    this.systemCalls++;
    return true;
  }

  private trim(): void {
    if (this.end - this.top < TRIM_THRESHOLD) return;
    const end = roundToPages(this.top + TOP_PAD);
    if (end >= this.end || this.memory.sbrk(0) !== this.end) return;
    if (this.memory.sbrk(end - this.end) === null) return;
    this.end = end;
    this.untouched = Math.min(this.untouched, end);
    this.systemCalls++;
    this.trims++;
  }

  private resize(address: number, held: number, size: number): boolean {
    if (!this.heap.resize(address, size)) return false;
    const end = address + this.heap.sizeOf(address);
    if (!this.reach(end)) {
      this.heap.resize(address, held);
      return false;
    }
    this.untouched = Math.max(this.untouched, end);
    if (size < held) this.trim();
    return true;
  }

  /** What goes wrong with the new block's bytes, or with giving the old ones back, must not leak it. */
  private orFree(address: number, fill: () => void): void {
    try {
      fill();
    } catch (error) {
      this.free(address);
      throw error;
    }
  }
}

function checkSize(size: number): void {
  if (!(Number.isSafeInteger(size) && size >= 0)) {
    throw new RangeError(`size must be a whole number of bytes from 0 up, got ${display(size)}`);
  }
}

function roundToPages(address: number): number {
  return Math.ceil(address / FRAME_BYTES) * FRAME_BYTES;
}
