/** The laws of an object cache, checked by walking all its slabs. O(objects). */
import { CorruptionError, law } from 'freehold';
import type { ObjectGuard } from './guard.js';
import type { SlabList } from './slab-list.js';

/** What a cache keeps its objects in. */
export interface CacheInside {
  readonly name: string;
  readonly objectsPerSlab: number;
  readonly guard: ObjectGuard | undefined;
  readonly partial: SlabList;
  readonly full: SlabList;
  readonly empty: SlabList;
  /** By slab: objects in use or at hand, and the stack of those that are neither. */
  readonly inUse: Int32Array;
  readonly freeStacks: Int32Array;
  /** By object: 1 where it is in use. */
  readonly live: Uint8Array;
  /** The objects at hand of each CPU. */
  readonly atHand: readonly Int32Array[];
  /** As counted. */
  readonly slabCount: number;
  readonly activeObjects: number;
  addressOf(object: number): number;
}

/** @throws CorruptionError naming the broken law; with guards, also where a free object was written to */
export function checkSlabs(cache: CacheInside): void {
  const { name, partial, full, empty, slabCount, activeObjects } = cache;
  const atHand = new Uint8Array(cache.live.length);
  for (const hand of cache.atHand) for (const object of hand) atHand[object]++;
  const listed = new Set<number>();
  let live = 0;
  for (const list of [partial, full, empty]) {
    for (const slab of list) {
      law(!listed.has(slab), 'a slab is on one list', () => `slab ${slab} of ${name} on two`);
      listed.add(slab);
      checkFill(cache, list, slab);
      live += checkObjects(cache, slab, atHand);
    }
  }
  const counted = listed.size === slabCount && live === activeObjects;
  law(counted, 'slabs and objects in use are as many as counted', () => {
    return `${listed.size} slabs and ${live} objects, counted ${slabCount} and ${activeObjects} in ${name}`;
  });
}

function checkFill(cache: CacheInside, list: SlabList, slab: number): void {
  const { objectsPerSlab, partial, full, empty } = cache;
  const used = cache.inUse[slab];
  const right = used === 0 ? empty : used === objectsPerSlab ? full : partial;
  law(list === right, 'a slab is on the list of its fill', () => {
    return `${used} of ${objectsPerSlab} in ${cache.name}`;
  });
}

/** @returns how many objects of the slab are in use */
function checkObjects(cache: CacheInside, slab: number, atHand: Uint8Array): number {
  const { objectsPerSlab, freeStacks, live, guard } = cache;
  const first = slab * objectsPerSlab;
  const free = new Uint8Array(objectsPerSlab);
  for (let i = 0; i < objectsPerSlab - cache.inUse[slab]; i++) free[freeStacks[first + i] % objectsPerSlab]++;
  let used = 0;
  for (let i = 0; i < objectsPerSlab; i++) {
    const object = first + i;
    const states = free[i] + atHand[object] + live[object];
    if (states !== 1) {
      throw new CorruptionError(
        'an object is free, at hand or in use',
        `object ${i} of a slab of ${cache.name}: ${states}`,
      );
    }
    used += live[object];
    if (guard !== undefined) guard.check(cache.addressOf(object), live[object] === 1);
  }
  return used;
}
