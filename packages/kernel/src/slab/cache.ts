/**
 * An object cache: objects of one size and kind, in slabs of a few frames, on three lists (partial, full, free),
 * with a stack of objects at hand for each CPU.
 *
 * The constructor runs once for each object when its slab is made, never at an allocation: whoever frees an object
 * returns it to its constructed state first. That is why nothing is kept inside a free object; what is free is
 * told by stacks and bitmaps beside the slabs.
 *
 * Cost: allocate and free O(1); making or giving back a slab O(its objects). Waste: the bytes of a slab that no
 * object fills, at most a quarter and mostly under 1/16, and slabs that are partly used. Bookkeeping: about 4 bytes an
 * object and 24 a slab. Not for objects of many sizes: see kmalloc.
 * Source: J. Bonwick, "The slab allocator", USENIX 1994; Linux mm/slab.c.
 */
import { INSPECT, InvalidFreeError, summary } from 'freehold';
import { OWNER_SLAB } from '../frames/descriptors.js';
import { __GFP_RECLAIMABLE, __GFP_ZERO, GFP_KERNEL } from '../frames/gfp.js';
import { CPUS_MAX, PAGE_OFFSET, type PageAllocator } from '../frames/page-allocator.js';
import { FRAME_BYTES } from '../machine.js';
import { type CacheOptions, type CacheStats, checkCacheOptions, MAX_STRIDE } from './cache-options.js';
import { checkSlabs } from './check.js';
import { cpuLimit, type SlabGeometry, slabGeometry } from './geometry.js';
import { ObjectGuard } from './guard.js';
import { enlarged, NO_SLAB, SlabLinks, SlabList } from './slab-list.js';

/**
 * Objects of one size, ready for use, in O(1). `SlabAllocator.createCache` makes one; addresses are logical ones.
 * @example
 * ```js
 * const cache = new Kernel().slab.createCache('session', 100);
 * const session = cache.alloc();
 * cache.free(session);
 * cache.alloc() === session;   // => true
 * ```
 */
export class ObjectCache {
  readonly name: string;
  readonly objectSize: number;
  readonly align: number;
  readonly geometry: SlabGeometry;
  allocations = 0;
  constructorRuns = 0;
  private readonly pages: PageAllocator;
  /** Kept in the descriptors of its frames, so that an address leads to its cache. */
  private readonly id: number;
  private readonly options: CacheOptions;
  private readonly guard: ObjectGuard | undefined;
  private readonly colours: number;
  // Of the geometry, and what alloc and free multiply by instead of dividing.
  private readonly stride: number;
  private readonly objectsPerSlab: number;
  private readonly perStride: number;
  private readonly perSlab: number;
  /** Columns of the frames' descriptors. */
  private readonly owners: Uint8Array;
  private readonly tags: Int32Array;
  private nextColour = 0;
  private activeObjects = 0;
  private slabCount = 0;
  /** Stretches in front of the first and behind the last object, of all slabs. */
  private slabEnds = 0;
  private destroyed = false;

  /** Each slab's first byte in the logical space; 0 when the number is unused. */
  private slabAddress = new Float64Array(16);
  /** Where the first object lies: slab address plus colour. */
  private firstObject = new Float64Array(16);
  /** Objects of each slab that are in use or at hand of a CPU. */
  private inUse = new Int32Array(16);
  /** The free objects of each slab that are at nobody's hand: a stack of `objectsPerSlab` places. */
  private freeStacks: Int32Array;
  /** 1 for each object that is in use. */
  private live: Uint8Array;
  private readonly links = new SlabLinks();
  private readonly partial = new SlabList(this.links);
  private readonly full = new SlabList(this.links);
  private readonly empty = new SlabList(this.links);
  private readonly unusedSlabs: number[] = [];
  private slabNumbers = 0;

  /** Objects at hand: one stack a CPU, of object numbers. */
  private readonly hands: Int32Array[] = [];
  private readonly handCounts: Int32Array;
  private readonly limit: number;
  private readonly batch: number;

  /** Use `SlabAllocator.createCache`. */
  constructor(pages: PageAllocator, id: number, name: string, objectSize: number, options: CacheOptions) {
    checkCacheOptions(name, objectSize, options);
    const { align = 8, flags = 0 } = options;
    this.pages = pages;
    this.id = id;
    this.name = name;
    this.objectSize = objectSize;
    this.align = align;
    this.options = options;
    this.guard = flags === 0 ? undefined : new ObjectGuard(pages.machine, name, objectSize, align, flags);
    const stride = this.guard?.stride ?? Math.ceil(objectSize / align) * align;
    const geometry = stride > MAX_STRIDE ? null : slabGeometry(stride);
    if (geometry === null) {
      throw new RangeError(
        `size of cache ${name} must be at most ${MAX_STRIDE} bytes, got ${objectSize}: use alloc_pages`,
      );
    }
    this.geometry = geometry;
    this.stride = stride;
    this.objectsPerSlab = geometry.objectsPerSlab;
    this.handCounts = new Int32Array(CPUS_MAX);
    this.perStride = 1 / stride;
    this.perSlab = 1 / geometry.objectsPerSlab;
    this.owners = pages.descriptors.owner;
    this.tags = pages.descriptors.tag;
    this.colours = Math.floor(geometry.leftover / align) + 1;
    this.freeStacks = new Int32Array(16 * geometry.objectsPerSlab);
    this.live = new Uint8Array(16 * geometry.objectsPerSlab);
    this.limit = cpuLimit(objectSize);
    this.batch = (this.limit + 1) >> 1;
  }

  /**
   * An object, in its constructed state where the cache has a constructor; its other bytes are those left from
   * before, or zero with __GFP_ZERO. O(1), or a slab's making.
   * @returns its logical address, or null without a frame @throws RangeError for __GFP_ZERO with a constructor
   * @example
   * ```js
   * const cache = new Kernel().slab.createCache('lock', 64, { ctor: (address) => {} });
   * [cache.alloc() !== null, cache.allocations, cache.constructorRuns];   // => [true, 1, 64]
   * cache.alloc(__GFP_ZERO);   // => throws RangeError: objects of cache lock are constructed
   * ```
   */
  alloc(gfp: number = GFP_KERNEL): number | null {
    if ((gfp & __GFP_ZERO) !== 0) return this.allocZeroed(gfp);
    const cpu = this.pages.cpu;
    let count = this.handCounts[cpu];
    if (count === 0) {
      count = this.refill(cpu, gfp);
      if (count === 0) return null;
    }
    const object = this.hands[cpu][count - 1];
    this.handCounts[cpu] = count - 1;
    this.live[object] = 1;
    this.activeObjects++;
    this.allocations++;
    const address = this.addressOf(object);
    if (this.guard !== undefined) this.guard.onAlloc(address);
    return address;
  }

  /**
   * Gives an object back, constructed again. @throws InvalidFreeError when none in use is there; nothing is changed
   * @example
   * ```js
   * const cache = new Kernel().slab.createCache('lock', 64);
   * cache.free(cache.alloc() + 8);   // => throws InvalidFreeError
   * ```
   */
  free(address: number): void {
    const object = this.objectAt(address);
    if (this.guard !== undefined) this.guard.onFree(address);
    this.live[object] = 0;
    this.activeObjects--;
    const cpu = this.pages.cpu;
    this.handOf(cpu);
    if (this.handCounts[cpu] === this.limit) this.flush(cpu, this.batch);
    this.hands[cpu][this.handCounts[cpu]++] = object;
  }

  /** Whether an object in use starts at `address`. @internal */
  isLive(address: number): boolean {
    const object = this.objectNumber(address);
    return object >= 0 && this.live[object] === 1;
  }

  /**
   * Gives the frames of all free slabs back, those at hand of CPUs first. O(free objects). @returns how many frames
   * @example
   * ```js
   * const cache = new Kernel().slab.createCache('buffer', 4096);
   * cache.free(cache.alloc());
   * [cache.shrink(), cache.shrink()];   // => [8, 0]
   * ```
   */
  shrink(): number {
    for (let cpu = 0; cpu < this.hands.length; cpu++) this.flush(cpu, this.handCounts[cpu]);
    let frames = 0;
    for (const slab of this.empty) {
      this.giveBackSlab(slab);
      frames += 1 << this.geometry.order;
    }
    return frames;
  }

  /**
   * Gives every frame back; the cache is of no use any more.
   * @throws Error naming how many objects are still in use; nothing is changed then
   * @example
   * ```js
   * new Kernel().slab.cache('mm_struct').destroy();   // => throws Error: 1 objects are still in use
   * ```
   */
  destroy(): void {
    if (this.activeObjects > 0) {
      throw new Error(
        `cache ${this.name} cannot be destroyed: ${this.activeObjects} objects are still in use`,
      );
    }
    this.shrink();
    this.destroyed = true;
  }

  /**
   * The figures of the cache in /proc/slabinfo. O(1).
   * @example
   * ```js
   * const { activeObjects, objects } = new Kernel().slab.cache('mm_struct').stats();
   * [activeObjects, objects];   // => [1, 15]
   * ```
   */
  stats(): CacheStats {
    const { objectsPerSlab, order, stride } = this.geometry;
    return {
      name: this.name,
      activeObjects: this.activeObjects,
      objects: this.slabCount * objectsPerSlab,
      objectSize: this.objectSize,
      stride,
      objectsPerSlab,
      framesPerSlab: 1 << order,
      slabs: this.slabCount,
      activeSlabs: this.slabCount - this.empty.length,
      limit: this.limit,
      batch: this.batch,
      allocations: this.allocations,
      constructorRuns: this.constructorRuns,
      reclaimable: ((this.options.gfp ?? 0) & __GFP_RECLAIMABLE) !== 0,
    };
  }

  /** Slabs on each list. @internal */
  lists(): { partial: number; full: number; free: number } {
    return { partial: this.partial.length, full: this.full.length, free: this.empty.length };
  }

  /**
   * Addresses of the objects in use, slab by slab. O(objects).
   * @example
   * ```js
   * const kernel = new Kernel();
   * [...kernel.slab.cache('task_struct').objects()];   // => [kernel.process(1).task.object]
   * ```
   */
  *objects(): Generator<number, void, undefined> {
    for (let slab = 0; slab < this.slabNumbers; slab++) {
      if (this.slabAddress[slab] === 0) continue;
      const first = slab * this.geometry.objectsPerSlab;
      for (let i = 0; i < this.geometry.objectsPerSlab; i++) {
        if (this.live[first + i] === 1) yield this.addressOf(first + i);
      }
    }
  }

  /** Where the first object of the slab at `address`, its first byte, lies: its colour's offset behind. @internal */
  firstObjectAt(address: number): number {
    const frame = (address - PAGE_OFFSET) / FRAME_BYTES;
    return this.firstObject[this.pages.descriptors.tag[frame] & 0xfffff];
  }

  /** Places for objects that are not in use, and ends of slabs that no object fills. O(1). */
  get gaps(): number {
    return this.slabCount * this.geometry.objectsPerSlab - this.activeObjects + this.slabEnds;
  }

  get bookkeepingBytes(): number {
    const hands = this.hands.reduce((sum, hand) => sum + (hand?.byteLength ?? 0), 0);
    return (
      hands +
      this.slabAddress.byteLength +
      this.firstObject.byteLength +
      this.inUse.byteLength +
      this.freeStacks.byteLength +
      this.live.byteLength +
      this.links.next.byteLength * 2
    );
  }

  /**
   * @throws CorruptionError naming the broken law; with guards, also where a free object was written to. O(objects).
   * @example
   * ```js
   * const { machine, slab } = new Kernel();
   * const cache = slab.createCache('lock', 64, { flags: SLAB_RED_ZONE });
   * machine.u8[cache.alloc() - PAGE_OFFSET + 64] = 1;
   * cache.check();   // => throws CorruptionError: the red zone
   * ```
   */
  check(): void {
    checkSlabs({
      ...{ name: this.name, objectsPerSlab: this.objectsPerSlab, guard: this.guard },
      ...{ partial: this.partial, full: this.full, empty: this.empty },
      ...{ inUse: this.inUse, freeStacks: this.freeStacks, live: this.live },
      atHand: this.hands.map((hand, cpu) => hand.subarray(0, this.handCounts[cpu])),
      ...{ slabCount: this.slabCount, activeObjects: this.activeObjects },
      addressOf: (object) => this.addressOf(object),
    });
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new Kernel().slab.cache('mm_struct').toJSON().name;   // => 'mm_struct'
   * ```
   */
  toJSON(): object {
    return this.stats();
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  private allocZeroed(gfp: number): number | null {
    if (this.options.ctor !== undefined) {
      throw new RangeError(`objects of cache ${this.name} are constructed: __GFP_ZERO would undo that`);
    }
    const address = this.alloc(gfp & ~__GFP_ZERO);
    if (address === null) return null;
    const start = address - PAGE_OFFSET;
    this.pages.machine.u8.fill(0, start, start + this.objectSize);
    return address;
  }

  private handOf(cpu: number): void {
    if (this.hands[cpu] !== undefined) return;
    for (let i = this.hands.length; i <= cpu; i++) {
      this.hands.push(new Int32Array(this.limit));
    }
  }

  /** Moves a batch of free objects to the CPU's hand, from partial slabs, then free ones, then a new one. */
  private refill(cpu: number, gfp: number): number {
    if (this.destroyed) throw new Error(`cache ${this.name} was destroyed`);
    this.handOf(cpu);
    const hand = this.hands[cpu];
    const { objectsPerSlab } = this.geometry;
    let count = 0;
    while (count < this.batch) {
      let slab = this.partial.head;
      if (slab === NO_SLAB) slab = this.empty.head;
      if (slab === NO_SLAB && count === 0) {
        slab = this.makeSlab(gfp);
        // The reclaim that this may call for frees objects too, of this very cache perhaps: they are at hand now.
        count = this.handCounts[cpu];
      }
      if (slab === NO_SLAB || count >= this.batch) break;
      const used = this.inUse[slab];
      const take = Math.min(this.batch - count, objectsPerSlab - used);
      const top = slab * objectsPerSlab + (objectsPerSlab - used);
      for (let i = 1; i <= take; i++) hand[count++] = this.freeStacks[top - i];
      this.setInUse(slab, used + take);
    }
    hand.subarray(0, count).reverse();
    this.handCounts[cpu] = count;
    return count;
  }

  /** Gives the `count` objects that have been at hand longest back to their slabs. */
  private flush(cpu: number, count: number): void {
    const hand = this.hands[cpu];
    const { objectsPerSlab } = this.geometry;
    for (let i = 0; i < count; i++) {
      const object = hand[i];
      const slab = Math.floor(object / objectsPerSlab);
      const used = this.inUse[slab];
      this.freeStacks[slab * objectsPerSlab + (objectsPerSlab - used)] = object;
      this.setInUse(slab, used - 1);
    }
    hand.copyWithin(0, count, this.handCounts[cpu]);
    this.handCounts[cpu] -= count;
  }

  private setInUse(slab: number, used: number): void {
    const from = this.listFor(this.inUse[slab]);
    const to = this.listFor(used);
    this.inUse[slab] = used;
    if (from === to) return;
    from.remove(slab);
    to.push(slab);
  }

  private listFor(used: number): SlabList {
    if (used === 0) return this.empty;
    return used === this.geometry.objectsPerSlab ? this.full : this.partial;
  }

  private makeSlab(gfp: number): number {
    const { order, objectsPerSlab, stride } = this.geometry;
    const frame = this.pages.allocPages(gfp | (this.options.gfp ?? 0), order, OWNER_SLAB);
    if (frame === null) return NO_SLAB;
    const start = PAGE_OFFSET + frame * FRAME_BYTES;
    const firstObject = start + this.nextColour * this.align;
    try {
      this.construct(firstObject);
    } catch (error) {
      this.pages.freePages(frame, order);
      throw error;
    }
    const slab = this.unusedSlabs.pop() ?? this.slabNumbers++;
    this.makeRoom(this.slabNumbers);
    const { descriptors } = this.pages;
    for (let i = 0; i < 1 << order; i++) {
      descriptors.owner[frame + i] = OWNER_SLAB;
      descriptors.tag[frame + i] = (this.id << 20) | slab;
    }
    this.slabAddress[slab] = start;
    this.firstObject[slab] = firstObject;
    this.slabEnds += this.endsOf(slab);
    this.nextColour = (this.nextColour + 1) % this.colours;
    this.inUse[slab] = 0;
    const first = slab * objectsPerSlab;
    for (let i = 0; i < objectsPerSlab; i++) {
      // The first object lies on top of the stack.
      this.freeStacks[first + objectsPerSlab - 1 - i] = first + i;
      this.guard?.onNew(firstObject + i * stride);
    }
    this.empty.push(slab);
    this.slabCount++;
    return slab;
  }

  /** Runs the constructor for the objects of a new slab. Where it throws, those it has constructed are destroyed. */
  private construct(firstObject: number): void {
    const { objectsPerSlab, stride } = this.geometry;
    const { ctor, dtor } = this.options;
    if (ctor === undefined) return;
    let done = 0;
    try {
      for (; done < objectsPerSlab; done++) {
        ctor(firstObject + done * stride);
        this.constructorRuns++;
      }
    } catch (error) {
      while (dtor !== undefined && done > 0) dtor(firstObject + --done * stride);
      throw error;
    }
  }

  private giveBackSlab(slab: number): void {
    const { order, objectsPerSlab, stride } = this.geometry;
    const { dtor } = this.options;
    if (dtor !== undefined) {
      for (let i = 0; i < objectsPerSlab; i++) dtor(this.firstObject[slab] + i * stride);
    }
    this.empty.remove(slab);
    this.slabEnds -= this.endsOf(slab);
    const frame = (this.slabAddress[slab] - PAGE_OFFSET) / FRAME_BYTES;
    const { descriptors } = this.pages;
    for (let i = 1; i < 1 << order; i++) {
      descriptors.owner[frame + i] = 0;
      descriptors.tag[frame + i] = 0;
    }
    this.pages.freePages(frame, order);
    this.slabAddress[slab] = 0;
    this.unusedSlabs.push(slab);
    this.slabCount--;
  }

  private endsOf(slab: number): number {
    const front = this.firstObject[slab] - this.slabAddress[slab];
    return (front > 0 ? 1 : 0) + (front < this.geometry.leftover ? 1 : 0);
  }

  private makeRoom(slabs: number): void {
    if (slabs <= this.inUse.length) return;
    const { objectsPerSlab } = this.geometry;
    const room = this.inUse.length * 2;
    const wider = (old: Float64Array<ArrayBuffer>) => {
      const copy = new Float64Array(room);
      copy.set(old);
      return copy;
    };
    this.slabAddress = wider(this.slabAddress);
    this.firstObject = wider(this.firstObject);
    this.inUse = enlarged(this.inUse, room);
    this.freeStacks = enlarged(this.freeStacks, room * objectsPerSlab);
    const live = new Uint8Array(room * objectsPerSlab);
    live.set(this.live);
    this.live = live;
    this.links.reserve(room);
  }

  private addressOf(object: number): number {
    // Half an object away from the next whole number, so that the reciprocal need not be exact.
    const slab = ((object + 0.5) * this.perSlab) | 0;
    return this.firstObject[slab] + (object - slab * this.objectsPerSlab) * this.stride;
  }

  /** The number of the object that starts at `address`, in use or not; -1 when none does. */
  private objectNumber(address: number): number {
    const frame = ((address - PAGE_OFFSET) / FRAME_BYTES) | 0;
    if (this.owners[frame] !== OWNER_SLAB) return -1;
    const tag = this.tags[frame];
    if (tag >>> 20 !== this.id) return -1;
    const slab = tag & 0xfffff;
    const offset = address - this.firstObject[slab];
    // The nearest multiple of the stride: it is the object's only if it is the offset.
    const index = (offset * this.perStride + 0.5) | 0;
    if (index * this.stride !== offset || index < 0 || index >= this.objectsPerSlab) return -1;
    return slab * this.objectsPerSlab + index;
  }

  private objectAt(address: number): number {
    const object = this.objectNumber(address);
    if (object >= 0 && this.live[object] === 1) return object;
    if (object >= 0) throw new InvalidFreeError(address, 'free');
    const frame = Math.floor((address - PAGE_OFFSET) / FRAME_BYTES);
    const ours =
      this.pages.descriptors.owner[frame] === OWNER_SLAB &&
      this.pages.descriptors.tag[frame] >>> 20 === this.id;
    throw new InvalidFreeError(address, ours ? 'interior' : 'outside');
  }
}

/** The cache number kept with a slab's frame, or -1 when the frame is no slab's. */
export function cacheIdOf(pages: PageAllocator, frame: number): number {
  return pages.descriptors.owner[frame] === OWNER_SLAB ? pages.descriptors.tag[frame] >>> 20 : -1;
}
