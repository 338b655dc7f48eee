/**
 * The slab allocator as an allocator of an address range: `kmalloc` for requests of any kind, an object cache of its
 * own for each kind that has a name. For recordings of a kernel, and for comparison with the others.
 *
 * Cost: as SlabAllocator. Waste: what its size classes round up (up to half), objects free in slabs that are partly
 * used, the ends of slabs. Not for blocks of more than 8 KiB: these are whole pages, by powers of two.
 */
import {
  type Allocator,
  type AllocatorStats,
  CorruptionError,
  checkAddress,
  checkAlign,
  checkSize,
  display,
  INSPECT,
  InvalidFreeError,
  type Segment,
  summary,
} from 'freehold';
import { OWNER_SLAB } from '../frames/descriptors.js';
import { GFP_KERNEL } from '../frames/gfp.js';
import { PAGE_OFFSET } from '../frames/page-allocator.js';
import { FRAME_BYTES } from '../machine.js';
import type { ObjectCache } from '../slab/cache.js';
import { KMALLOC_SIZES, SlabAllocator } from '../slab/slab-allocator.js';
import { MachineRange, type RangeOptions } from './machine-range.js';

const SLAB_OBJECT_MAX = KMALLOC_SIZES.at(-1)!;
/** What kmalloc aligns to where the size is no power of two. */
const KMALLOC_ALIGN = 8;

/**
 * The slab allocator under the interface of core's allocators, to compare it with them. The addresses are physical,
 * from `base` up.
 * @example
 * ```js
 * const range = new SlabRange({ capacity: 2 ** 20 });
 * const block = range.allocate(100);
 * range.sizeOf(block);   // => 128
 * range.free(block);
 * range.stats().usedBytes;   // => 0
 * ```
 */
export class SlabRange implements Allocator {
  /** Lists looked at: 1, or 0 when there was no memory. */
  inspected = 0;
  readonly base: number;
  readonly capacity: number;
  readonly slab: SlabAllocator;
  private readonly range: MachineRange;
  private usedBytes = 0;
  private usedObjects = 0;
  /** Caches in use: those that an object was ever asked of. */
  private readonly inUse = new Set<ObjectCache>();
  /** The first cache of each kind, and all by kind, size and alignment. */
  private readonly firstOfKind = new Map<string, ObjectCache>();
  private readonly caches = new Map<string, ObjectCache>();

  /** @throws RangeError for a capacity out of its range */
  constructor({ capacity }: RangeOptions) {
    this.range = new MachineRange(capacity);
    this.base = this.range.base;
    this.capacity = this.range.capacity;
    this.slab = new SlabAllocator(this.range.pages);
    this.range.pages.reclaim = () => this.slab.shrinkAll();
  }

  /** The bytes of the machine, by address. */
  get bytes(): Uint8Array {
    return this.range.machine.u8;
  }

  /**
   * `kmalloc`: `size` bytes rounded up to a size of KMALLOC_SIZES, above 8 KiB to 2^k frames. O(1).
   * @param align a power of two; above 8 the size is rounded up to a power of two
   * @returns the address; null when there is no memory, always for more than 4 MiB
   * @throws RangeError for a bad size or alignment
   * @example
   * ```js
   * const range = new SlabRange({ capacity: 2 ** 20 });
   * [65, 100, 150, 9000].map((size) => range.sizeOf(range.allocate(size)));   // => [96, 128, 192, 16384]
   * range.allocate(65, 64) % 64;   // => 0
   * range.allocate(2 ** 21);   // => null
   * ```
   */
  allocate(size: number, align = 1): number | null {
    checkSize(size);
    checkAlign(align);
    return this.taken(this.slab.kmalloc(sizeFor(size, align), GFP_KERNEL));
  }

  /**
   * An object of the cache of that name, which is made at the first one; a second size makes a second cache. Nothing
   * is rounded up but to the alignment. O(1).
   * @returns the address, or null when there is no memory
   * @throws RangeError for a bad size or alignment
   * @example
   * ```js
   * const range = new SlabRange({ capacity: 2 ** 20 });
   * range.sizeOf(range.allocateOf('dentry', 192));   // => 192
   * range.sizeOf(range.allocateOf('vm_area_struct', 200));   // => 200
   * // kmalloc would have taken 256.
   * range.slab.cache('vm_area_struct').stats().activeObjects;   // => 1
   * ```
   */
  allocateOf(kind: string, size: number, align = 1): number | null {
    if (typeof kind !== 'string')
      throw new TypeError(`kind must be the name of a cache, got ${display(kind)}`);
    checkSize(size);
    checkAlign(align);
    if (size > SLAB_OBJECT_MAX || align > FRAME_BYTES) return this.allocate(size, align);
    return this.taken(this.cacheFor(kind, size, align).alloc());
  }

  /**
   * Gives an object back to its cache, or a block of pages to the page allocator. A slab keeps its frames until
   * memory is short. O(1).
   * @throws InvalidFreeError when nothing starts at `address`, naming whether it lies outside, inside an object, or
   * is free; nothing is changed
   * @example
   * ```js
   * const range = new SlabRange({ capacity: 2 ** 20 });
   * const object = range.allocate(64);
   * range.free(object + 8);   // => throws InvalidFreeError
   * range.free(object);
   * range.free(object);   // => throws InvalidFreeError
   * ```
   */
  free(address: number): void {
    const cache = this.cacheAt(address);
    if (cache === null) {
      this.usedBytes -= FRAME_BYTES << this.range.orderAt(address);
      this.slab.kfree(address + PAGE_OFFSET);
    } else {
      cache.free(address + PAGE_OFFSET);
      this.usedBytes -= cache.geometry.stride;
    }
    this.usedObjects--;
  }

  /**
   * Bytes that the holder may use: the size of the cache's objects, or of the block of pages.
   * @throws InvalidFreeError when nothing starts at `address`
   * @example
   * ```js
   * const range = new SlabRange({ capacity: 2 ** 20 });
   * range.sizeOf(range.allocate(1000));   // => 1024
   * range.sizeOf(range.allocateOf('inode_cache', 600));   // => 600
   * range.sizeOf(-1);   // => throws InvalidFreeError
   * ```
   */
  sizeOf(address: number): number {
    const cache = this.cacheAt(address);
    return cache === null ? FRAME_BYTES << this.range.orderAt(address) : cache.objectSize;
  }

  /**
   * Whether the object serves `size` bytes where it is, as krealloc asks first; it never moves or grows. O(1).
   * @throws InvalidFreeError when nothing starts at `address`
   * @example
   * ```js
   * const range = new SlabRange({ capacity: 2 ** 20 });
   * const buffer = range.allocate(70);
   * // kmalloc gave 96.
   * [range.resize(buffer, 96), range.resize(buffer, 97)];   // => [true, false]
   * ```
   */
  resize(address: number, size: number): boolean {
    checkSize(size);
    return size <= this.sizeOf(address);
  }

  /**
   * Used and free bytes, objects and gaps, and the bytes of bookkeeping. Objects count with the bytes up to the next
   * one. O(orders + caches in use).
   * @example
   * ```js
   * const range = new SlabRange({ capacity: 2 ** 20 });
   * range.allocate(100);
   * const { usedBytes, usedSegments, freeSegments } = range.stats();
   * [usedBytes, usedSegments];   // => [128, 1]
   * // Places in the slab that was made, and blocks of free frames.
   * freeSegments > 31;   // => true
   * ```
   */
  stats(): AllocatorStats {
    let freeSegments = this.range.freeBlocks;
    let bookkeepingBytes = this.range.bookkeepingBytes;
    for (const cache of this.inUse) {
      freeSegments += cache.gaps;
      bookkeepingBytes += cache.bookkeepingBytes;
    }
    return {
      capacity: this.capacity,
      usedBytes: this.usedBytes,
      freeBytes: this.capacity - this.usedBytes,
      usedSegments: this.usedObjects,
      freeSegments,
      bookkeepingBytes,
    };
  }

  /**
   * Bytes of the largest free block of pages, or, when that is at most 8 KiB, of the largest free place in a slab.
   * The watermark may keep a block back from a request. O(orders), then O(n).
   * @example
   * ```js
   * const range = new SlabRange({ capacity: 2 ** 20 });
   * range.largestFree();   // => 1048576
   * while (range.allocate(4096) !== null);
   * // 128 KiB are the reserve for requests that cannot wait.
   * range.largestFree();   // => 131072
   * ```
   */
  largestFree(): number {
    const block = this.range.largestFreeBlock;
    if (block > SLAB_OBJECT_MAX) return block;
    let largest = 0;
    for (const { start, end, used } of this.segments()) if (!used) largest = Math.max(largest, end - start);
    return largest;
  }

  /**
   * Objects, places for objects, and the ends of slabs, where slabs are; blocks of pages elsewhere; by rising
   * address and without gaps. O(n log n).
   * @example
   * ```js
   * const range = new SlabRange({ capacity: 2 ** 20 });
   * const object = range.allocate(2048);
   * const used = [...range.segments()].filter(({ used }) => used);
   * used.map(({ start, end }) => [start === object, end - start]);   // => [[true, 2048]]
   * ```
   */
  *segments(): Generator<Segment, void, undefined> {
    const { owner } = this.range.pages.descriptors;
    for (const { frame, frames, free } of this.range.regions()) {
      const start = frame * FRAME_BYTES;
      const end = start + frames * FRAME_BYTES;
      if (free || owner[frame] !== OWNER_SLAB) yield { start, end, used: !free, address: start };
      else yield* this.slabSegments(start, end);
    }
  }

  /**
   * Whether caches, frames and counts agree.
   * @throws CorruptionError naming the broken law. O(frames + objects).
   * @example
   * ```js
   * const range = new SlabRange({ capacity: 2 ** 20 });
   * range.allocate(100);
   * range.check();
   * // Taken behind the range's back:
   * range.slab.kmalloc(100);
   * range.check();   // => throws CorruptionError: objects in use are as many
   * ```
   */
  check(): void {
    const { slab, range } = this;
    slab.check();
    range.pages.check();
    let used = 0;
    let objects = 0;
    for (const segment of this.segments()) {
      if (!segment.used) continue;
      used += segment.end - segment.start;
      objects++;
    }
    if (used !== this.usedBytes || objects !== this.usedObjects) {
      throw new CorruptionError(
        'objects in use are as many, and as large, as counted',
        `${objects} of ${used} bytes, counted ${this.usedObjects} of ${this.usedBytes}`,
      );
    }
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new SlabRange({ capacity: 2 ** 20 }).toJSON().usedBytes;   // => 0
   * ```
   */
  toJSON(): object {
    return { base: this.base, ...this.stats() };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  private taken(address: number | null): number | null {
    this.inspected = address === null ? 0 : 1;
    if (address === null) return null;
    const physical = address - PAGE_OFFSET;
    const cache = this.slab.cacheOf(address);
    if (cache === undefined) {
      const bytes = this.slab.ksize(address);
      this.range.noteUse(physical / FRAME_BYTES, bytes / FRAME_BYTES);
      this.usedBytes += bytes;
    } else {
      if (cache.allocations === 1) this.inUse.add(cache);
      this.range.noteUse(slabStart(cache, physical) / FRAME_BYTES, 1 << cache.geometry.order);
      this.usedBytes += cache.geometry.stride;
    }
    this.usedObjects++;
    return physical;
  }

  private cacheFor(kind: string, size: number, align: number): ObjectCache {
    const first = this.firstOfKind.get(kind);
    if (first !== undefined && first.objectSize === size && first.align >= align) return first;
    const key = `${kind} ${size} ${align}`;
    let cache = this.caches.get(key);
    if (cache === undefined) {
      const name = this.slab.cache(kind) === undefined ? kind : `${kind}-${size}-${align}`;
      cache = this.slab.createCache(name, size, { align: Math.max(align, KMALLOC_ALIGN) });
      this.caches.set(key, cache);
      if (first === undefined) this.firstOfKind.set(kind, cache);
    }
    return cache;
  }

  /** The cache of the object at `address`; null for a block of pages. @throws InvalidFreeError when nothing starts there */
  private cacheAt(address: number): ObjectCache | null {
    checkAddress(address);
    if (!(address >= this.base && address < this.base + this.capacity)) {
      throw new InvalidFreeError(address, 'outside');
    }
    const cache = this.slab.cacheOf(address + PAGE_OFFSET);
    if (cache === undefined) return null;
    if (cache.isLive(address + PAGE_OFFSET)) return cache;
    const { stride } = cache.geometry;
    const first = cache.firstObjectAt(slabStart(cache, address) + PAGE_OFFSET) - PAGE_OFFSET;
    const within = first + Math.floor((address - first) / stride) * stride;
    throw new InvalidFreeError(address, cache.isLive(within + PAGE_OFFSET) ? 'interior' : 'free');
  }

  private *slabSegments(start: number, end: number): Generator<Segment, void, undefined> {
    const cache = this.slab.cacheOf(start + PAGE_OFFSET)!;
    const { stride, objectsPerSlab } = cache.geometry;
    const first = cache.firstObjectAt(start + PAGE_OFFSET) - PAGE_OFFSET;
    if (first > start) yield { start, end: first, used: false, address: start };
    let at = first;
    for (let i = 0; i < objectsPerSlab; i++, at += stride) {
      yield { start: at, end: at + stride, used: cache.isLive(at + PAGE_OFFSET), address: at };
    }
    if (at < end) yield { start: at, end, used: false, address: at };
  }
}

/** The first byte of the slab of that cache which holds `address`: slabs lie at multiples of their size. */
function slabStart(cache: ObjectCache, address: number): number {
  const bytes = FRAME_BYTES << cache.geometry.order;
  return Math.floor(address / bytes) * bytes;
}

/** What to ask kmalloc for, so that the address is a multiple of `align`: only powers of two are aligned to themselves. */
function sizeFor(size: number, align: number): number {
  if (align <= KMALLOC_ALIGN || size > SLAB_OBJECT_MAX) return Math.max(size, align);
  return Math.max(align, 2 ** Math.ceil(Math.log2(size)));
}
