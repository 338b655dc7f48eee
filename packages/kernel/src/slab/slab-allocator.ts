/**
 * All object caches of a machine, and `kmalloc` on top of them: bytes, physically contiguous, from caches of fixed
 * sizes; requests above 8 KiB go to the page allocator.
 *
 * Cost: O(1), or the page allocator's for large requests. Waste: at most half of a small object (a third from 64 bytes
 * up, thanks to the sizes 96 and 192), up to half of a large one, rounded to 2^k frames.
 * Source: Linux mm/slab_common.c.
 */
import { CorruptionError, display, INSPECT, InvalidFreeError, summary } from 'freehold';
import { OWNER_KMALLOC } from '../frames/descriptors.js';
import { __GFP_DMA, __GFP_RECLAIMABLE, GFP_KERNEL } from '../frames/gfp.js';
import { frameOfAddress, PAGE_OFFSET, type PageAllocator } from '../frames/page-allocator.js';
import { ORDERS } from '../frames/zone.js';
import { FRAME_BYTES } from '../machine.js';
import { cacheIdOf, ObjectCache } from './cache.js';
import type { CacheOptions } from './cache-options.js';

/** What kmalloc(0) gives: no byte of it may be used, and kfree takes it. */
export const ZERO_SIZE_PTR = 16;

/** Sizes of the kmalloc caches, in the order of Linux's kmalloc_index: 96 and 192 beside the powers of two. */
export const KMALLOC_SIZES = [8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192] as const;
const KMALLOC_MAX = 8192;
/** Caches are numbered in 11 bits of a descriptor. */
const CACHES_MAX = 2048;

const NORMAL = 0;
const RECLAIMABLE = 1;
const DMA = 2;

/**
 * All object caches of a machine, and kmalloc on top of them. Addresses are logical ones, `PAGE_OFFSET` on.
 * @example
 * ```js
 * const slab = new SlabAllocator(new PageAllocator(new Machine(16 * 2 ** 20)));
 * const name = slab.kmalloc(20);
 * slab.cacheOf(name).name;   // => 'kmalloc-32'
 * const inodes = slab.createCache('inode_cache', 600);
 * slab.cacheOf(inodes.alloc()) === inodes;   // => true
 * slab.kfree(name);
 * ```
 */
export class SlabAllocator {
  readonly pages: PageAllocator;
  private readonly byId: (ObjectCache | undefined)[] = [];
  /** For each kind, the cache of every size up to 8 KiB in steps of 8 bytes. */
  private readonly kmallocCaches: readonly ObjectCache[][];

  constructor(pages: PageAllocator) {
    this.pages = pages;
    this.kmallocCaches = [
      { prefix: 'kmalloc', gfp: 0 },
      { prefix: 'kmalloc-rcl', gfp: __GFP_RECLAIMABLE },
      { prefix: 'dma-kmalloc', gfp: __GFP_DMA },
    ].map(({ prefix, gfp }) => {
      const caches = KMALLOC_SIZES.map((size) =>
        this.createCache(`${prefix}-${size < 1024 ? size : `${size / 1024}k`}`, size, { gfp }),
      );
      return Array.from({ length: KMALLOC_MAX / 8 + 1 }, (_, step) => {
        return caches[KMALLOC_SIZES.findIndex((size) => size >= step * 8)];
      });
    });
  }

  /**
   * A cache for objects of `size` bytes, for a kind of object that comes and goes often. It takes no frame before
   * its first object. O(caches).
   * @param size 1 to 32 KiB
   * @throws RangeError for a bad size, alignment or flag, a name that is taken, and where 2,048 caches exist
   * @example
   * ```js
   * const { slab } = new Kernel();
   * const cache = slab.createCache('request', 200, { align: 64, flags: SLAB_RED_ZONE });
   * cache.alloc() % 64;   // => 0
   * slab.createCache('request', 100);   // => throws RangeError: there is a cache named request already
   * slab.createCache('image', 100_000);   // => throws RangeError
   * ```
   */
  createCache(name: string, size: number, options: CacheOptions = {}): ObjectCache {
    if (this.cache(name) !== undefined) throw new RangeError(`there is a cache named ${name} already`);
    let id = this.byId.indexOf(undefined);
    if (id < 0) id = this.byId.length;
    if (id === CACHES_MAX) throw new RangeError(`there are ${CACHES_MAX} caches already: destroy one first`);
    const cache = new ObjectCache(this.pages, id, name, size, options);
    this.byId[id] = cache;
    return cache;
  }

  /**
   * Gives every frame of a cache back and frees its name, as a module that is unloaded does.
   * @throws Error while objects of it are in use, naming how many, or when it was destroyed before; nothing is
   * changed
   * @example
   * ```js
   * const { slab } = new Kernel();
   * const cache = slab.createCache('request', 200);
   * const request = cache.alloc();
   * slab.destroyCache(cache);   // => throws Error: 1 objects are still in use
   * cache.free(request);
   * slab.destroyCache(cache);
   * slab.cache('request');   // => undefined
   * ```
   */
  destroyCache(cache: ObjectCache): void {
    const id = this.byId.indexOf(cache);
    if (id < 0) throw new Error(`cache ${cache.name} was destroyed before, or is another allocator's`);
    cache.destroy();
    this.byId[id] = undefined;
  }

  /**
   * The cache of that name, or undefined. O(caches).
   * @example
   * ```js
   * const kernel = new Kernel();
   * kernel.processes.fork(kernel.process(1));
   * kernel.slab.cache('task_struct').stats().activeObjects;   // => 2
   * kernel.slab.cache('no such cache');   // => undefined
   * ```
   */
  cache(name: string): ObjectCache | undefined {
    return this.byId.find((cache) => cache?.name === name);
  }

  /**
   * The cache whose slab holds the address; undefined where no slab does. O(1). kfree finds the cache so, without
   * being told a size.
   * @example
   * ```js
   * const { slab } = new Kernel();
   * const object = slab.kmalloc(100);
   * slab.cacheOf(object + 50).name;   // => 'kmalloc-128'
   * // Above 8 KiB there are no slabs, only frames.
   * slab.cacheOf(slab.kmalloc(10_000));   // => undefined
   * ```
   */
  cacheOf(address: number): ObjectCache | undefined {
    return this.byId[cacheIdOf(this.pages, frameOfAddress(address))];
  }

  /**
   * All caches, the one made last first, as /proc/slabinfo lists them.
   * @example
   * ```js
   * const { slab } = new Kernel();
   * const busy = slab.caches().filter((cache) => cache.stats().activeObjects > 0);
   * busy.map(({ name }) => name);   // => ['task_struct', 'mm_struct', 'vm_area_struct']
   * ```
   */
  caches(): ObjectCache[] {
    return this.byId.filter((cache) => cache !== undefined).reverse();
  }

  /**
   * At least `size` contiguous bytes of physical memory, aligned to 8 bytes (sizes that are powers of two: to
   * themselves, up to a frame). They keep their old contents, unless __GFP_ZERO is given. O(1), above 8 KiB
   * O(orders).
   * @returns the address in the logical space; ZERO_SIZE_PTR for size 0; null when there is no memory, always above
   * 4 MiB
   * @throws RangeError when `size` is not a whole number from 0 up
   * @example
   * ```js
   * const { slab } = new Kernel();
   * slab.ksize(slab.kmalloc(130));   // => 192
   * // 4 KiB and a byte more are 8 KiB.
   * slab.ksize(slab.kmalloc(4097));   // => 8192
   * slab.kmalloc(0) === ZERO_SIZE_PTR;   // => true
   * slab.kmalloc(5 * 2 ** 20);   // => null
   * ```
   */
  kmalloc(size: number, gfp: number = GFP_KERNEL): number | null {
    if (Number.isInteger(size) && size > 0 && size <= KMALLOC_MAX) {
      const kind = (gfp & __GFP_DMA) !== 0 ? DMA : (gfp & __GFP_RECLAIMABLE) !== 0 ? RECLAIMABLE : NORMAL;
      const cache = this.kmallocCaches[kind][(size + 7) >>> 3];
      if (cache !== undefined) return cache.alloc(gfp);
    }
    return this.kmallocLarge(size, gfp);
  }

  /**
   * Gives a kmalloc'ed block back; null and ZERO_SIZE_PTR are taken and mean nothing. O(1), above 8 KiB O(orders).
   * @throws InvalidFreeError when no live block starts there; nothing is changed
   * @example
   * ```js
   * const { slab } = new Kernel();
   * const block = slab.kmalloc(100);
   * slab.kfree(block + 8);   // => throws InvalidFreeError
   * slab.kfree(block);
   * slab.kfree(block);   // => throws InvalidFreeError
   * slab.kfree(null);
   * ```
   */
  kfree(address: number | null): void {
    if (address === null || address === ZERO_SIZE_PTR) return;
    const frame = frameOfAddress(address);
    const cache = this.byId[cacheIdOf(this.pages, frame)];
    if (cache !== undefined) cache.free(address);
    else this.pages.freePages(frame, this.largeOrder(address, frame));
  }

  /**
   * Bytes the holder of a kmalloc'ed block may use; 0 for null and ZERO_SIZE_PTR.
   * @throws InvalidFreeError when no live block starts there
   * @example
   * ```js
   * const { slab } = new Kernel();
   * const text = slab.kmalloc(70);
   * // krealloc to 90 bytes need not move.
   * slab.ksize(text) >= 90;   // => true
   * slab.kfree(text);
   * slab.ksize(text);   // => throws InvalidFreeError
   * ```
   */
  ksize(address: number | null): number {
    if (address === null || address === ZERO_SIZE_PTR) return 0;
    const frame = frameOfAddress(address);
    const cache = this.byId[cacheIdOf(this.pages, frame)];
    if (cache === undefined) return FRAME_BYTES << this.largeOrder(address, frame);
    if (!cache.isLive(address)) throw new InvalidFreeError(address, 'free');
    return cache.objectSize;
  }

  /**
   * Gives the frames of all free slabs back: the slab's answer to a call for reclaim. Slabs with one object in use
   * stay. O(caches + free objects).
   * @returns how many frames
   * @example
   * ```js
   * const { slab } = new Kernel();
   * slab.shrinkAll();
   * const objects = Array.from({ length: 64 }, () => slab.kmalloc(4096));
   * for (const object of objects) slab.kfree(object);
   * slab.shrinkAll() >= 64;   // => true
   * slab.shrinkAll();   // => 0
   * ```
   */
  shrinkAll(): number {
    let frames = 0;
    for (const cache of this.byId) frames += cache?.shrink() ?? 0;
    return frames;
  }

  /**
   * Whether every object is in use, at hand or free, and every slab's frames belong to it; with guards, that nobody
   * wrote outside an object, or to a free one.
   * @throws CorruptionError naming the broken law. O(all objects + frames).
   * @example
   * ```js
   * const { machine, slab } = new Kernel();
   * const cache = slab.createCache('request', 64, { flags: SLAB_POISON });
   * const request = cache.alloc();
   * cache.free(request);
   * machine.u8[request - PAGE_OFFSET] = 1;
   * // A use after the free.
   * slab.check();   // => throws CorruptionError
   * ```
   */
  check(): void {
    let frames = 0;
    for (const cache of this.byId) {
      if (cache === undefined) continue;
      cache.check();
      const { slabs, framesPerSlab } = cache.stats();
      frames += slabs * framesPerSlab;
    }
    const { descriptors } = this.pages;
    let owned = 0;
    for (let frame = 0; frame < descriptors.frames; frame++) if (cacheIdOf(this.pages, frame) >= 0) owned++;
    if (owned !== frames) {
      throw new CorruptionError('every slab frame belongs to a slab', `${owned} frames, ${frames} in slabs`);
    }
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new Kernel().slab.toJSON().caches > 10;   // => true
   * ```
   */
  toJSON(): object {
    return { caches: this.caches().length };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  private kmallocLarge(size: number, gfp: number): number | null {
    if (!(Number.isSafeInteger(size) && size >= 0)) {
      throw new RangeError(`size must be a whole number of bytes from 0 up, got ${display(size)}`);
    }
    if (size === 0) return ZERO_SIZE_PTR;
    const order = Math.max(0, Math.ceil(Math.log2(size / FRAME_BYTES)));
    if (order >= ORDERS) return null;
    const frame = this.pages.allocPages(gfp, order, OWNER_KMALLOC);
    return frame === null ? null : PAGE_OFFSET + frame * FRAME_BYTES;
  }

  private largeOrder(address: number, frame: number): number {
    const { owner, order, references } = this.pages.descriptors;
    if (owner[frame] !== OWNER_KMALLOC || references[frame] === 0) {
      throw new InvalidFreeError(
        address,
        frame >= 0 && frame < this.pages.machine.frames ? 'free' : 'outside',
      );
    }
    if (address !== PAGE_OFFSET + frame * FRAME_BYTES) throw new InvalidFreeError(address, 'interior');
    return order[frame];
  }
}
