/** What an object cache can be told when it is made, and what it tells of itself. */
import { display } from 'freehold';
import { FRAME_BYTES } from '../machine.js';
import { SLAB_POISON, SLAB_RED_ZONE } from './guard.js';

export interface CacheOptions {
  /** A power of two; 8 when left out. */
  readonly align?: number;
  /** Puts the object at `address` into its constructed state; run when a slab is made. */
  readonly ctor?: (address: number) => void;
  /** Undoes it; run for each object when a slab is given back. */
  readonly dtor?: (address: number) => void;
  /** SLAB_RED_ZONE, SLAB_POISON, or both. */
  readonly flags?: number;
  /** Passed to alloc_pages with the caller's flags, e.g. __GFP_DMA or __GFP_RECLAIMABLE. */
  readonly gfp?: number;
}

/** What /proc/slabinfo tells of a cache. */
export interface CacheStats {
  readonly name: string;
  /** Objects in use. */
  readonly activeObjects: number;
  /** Objects that the slabs hold, used and free. */
  readonly objects: number;
  /** Bytes asked for, and bytes from object to object. */
  readonly objectSize: number;
  readonly stride: number;
  readonly objectsPerSlab: number;
  readonly framesPerSlab: number;
  readonly slabs: number;
  /** Slabs with at least one object in use or at hand of a CPU. */
  readonly activeSlabs: number;
  readonly limit: number;
  readonly batch: number;
  readonly allocations: number;
  readonly constructorRuns: number;
  /** Whether its frames can be given back under pressure: made with __GFP_RECLAIMABLE. */
  readonly reclaimable: boolean;
}

/** Bytes from one object to the next, at most. */
export const MAX_STRIDE = 2 ** 15;

/** @throws RangeError naming the cache and what is wrong with its size or options */
export function checkCacheOptions(name: string, objectSize: number, options: CacheOptions): void {
  const { align = 8, flags = 0, ctor } = options;
  if (!(Number.isInteger(align) && align >= 1 && align <= FRAME_BYTES && (align & (align - 1)) === 0)) {
    throw new RangeError(`align of cache ${name} must be a power of two up to 4096, got ${display(align)}`);
  }
  if ((flags & ~(SLAB_RED_ZONE | SLAB_POISON)) !== 0) {
    throw new RangeError(`flags of cache ${name} must be SLAB_RED_ZONE, SLAB_POISON or both, got ${flags}`);
  }
  if ((flags & SLAB_POISON) !== 0 && ctor !== undefined) {
    throw new RangeError(
      `cache ${name} cannot poison objects that must stay constructed: drop ctor or SLAB_POISON`,
    );
  }
  if (!(Number.isInteger(objectSize) && objectSize > 0)) {
    throw new RangeError(
      `size of cache ${name} must be a whole number of bytes from 1 up, got ${display(objectSize)}`,
    );
  }
}
