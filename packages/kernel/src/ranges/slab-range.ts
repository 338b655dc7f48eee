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
  InvalidFreeError,
  type Segment,
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

  /** `kmalloc`; blocks of more than 4 MiB get null. */
  allocate(size: number, align = 1): number | null {
    checkSize(size);
    checkAlign(align);
    return this.taken(this.slab.kmalloc(sizeFor(size, align), GFP_KERNEL));
  }

  /** An object of the cache of that name, which is made at the first one; a second size makes a second cache. */
  allocateOf(kind: string, size: number, align = 1): number | null {
    if (typeof kind !== 'string')
      throw new TypeError(`kind must be the name of a cache, got ${display(kind)}`);
    checkSize(size);
    checkAlign(align);
    if (size > SLAB_OBJECT_MAX || align > FRAME_BYTES) return this.allocate(size, align);
    return this.taken(this.cacheFor(kind, size, align).alloc());
  }

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

  sizeOf(address: number): number {
    const cache = this.cacheAt(address);
    return cache === null ? FRAME_BYTES << this.range.orderAt(address) : cache.objectSize;
  }

  /** In place where the object is large enough, as krealloc. */
  resize(address: number, size: number): boolean {
    checkSize(size);
    return size <= this.sizeOf(address);
  }

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

  /** A block of pages, or in an exhausted machine a place in a slab. O(orders), then O(n). */
  largestFree(): number {
    const block = this.range.largestFreeBlock;
    if (block > SLAB_OBJECT_MAX) return block;
    let largest = 0;
    for (const { start, end, used } of this.segments()) if (!used) largest = Math.max(largest, end - start);
    return largest;
  }

  /** Objects, places for objects, and the ends of slabs, where slabs are; blocks of pages elsewhere. O(n log n). */
  *segments(): Generator<Segment, void, undefined> {
    const { owner } = this.range.pages.descriptors;
    for (const { frame, frames, free } of this.range.regions()) {
      const start = frame * FRAME_BYTES;
      const end = start + frames * FRAME_BYTES;
      if (free || owner[frame] !== OWNER_SLAB) yield { start, end, used: !free, address: start };
      else yield* this.slabSegments(start, end);
    }
  }

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
