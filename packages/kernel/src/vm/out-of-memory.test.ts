/** Every operation with the n-th frame refused, for n = 1, 2, 3, … until it succeeds: whole, or not at all. */
import { describe, expect, it } from 'vitest';
import { orNull } from '../../test/system.js';
import { PageAllocator } from '../frames/page-allocator.js';
import { Machine } from '../machine.js';
import type { ObjectCache } from '../slab/cache.js';
import { SlabAllocator } from '../slab/slab-allocator.js';
import { MemoryFile } from './page-cache/file-source.js';
import type { Inode } from './page-cache/inode.js';
import type { AddressSpace } from './space/address-space.js';
import { PROT_READ } from './space/area.js';
import { VirtualMemory } from './virtual-memory.js';

const PAGE = 4096;
const BASE = 0x4000_0000;

interface Scene {
  readonly vm: VirtualMemory;
  readonly space: AddressSpace;
  readonly inode: Inode;
}

/** Tells whether it was done. */
type Operation = (scene: Scene) => boolean;

function boot(): Scene {
  const vm = new VirtualMemory(new SlabAllocator(new PageAllocator(new Machine(4 * 2 ** 20))));
  const inode = vm.cache.open(new MemoryFile('/file', new Uint8Array(8 * PAGE).fill(7)))!;
  return { vm, space: vm.createAddressSpace()!, inode };
}

/** All that an operation may change. */
function state({ vm, space }: Scene) {
  vm.slab.shrinkAll();
  vm.check();
  return {
    frames: vm.pages.managedFrames - vm.pages.freeFrames,
    areas: [...space.areas].map((area) => [area.start, area.end, area.flags, area.offset, area.inode?.users]),
    resident: { ...space.resident },
    tables: space.table.tables,
    spaces: vm.spaces.size,
    cached: vm.cache.filePages + vm.cache.segmentPages,
    vmalloc: vm.kernel.vmallocPages,
  };
}

/** Takes every free object of the slabs there are, so that the next of each kind needs a frame. */
function fillSlabs({ vm }: Scene): () => void {
  const taken: [ObjectCache, number][] = [];
  for (const name of ['mm_struct', 'vm_area_struct', 'inode_cache', 'vmap_area']) {
    const cache = vm.slab.cache(name)!;
    for (let { activeObjects, objects } = cache.stats(); activeObjects < objects; activeObjects++) {
      taken.push([cache, cache.alloc()!]);
    }
  }
  return () => {
    for (const [cache, object] of taken) cache.free(object);
  };
}

const done = (call: () => unknown): boolean => orNull(() => ({ value: call() })) !== null;

const map = (space: AddressSpace, first: number, count: number, more = {}) =>
  space.mmap({ address: BASE + first * PAGE, length: count * PAGE, fixed: true, ...more });

const nothing = () => {};

/** Name, what is there before, the operation, and how many frames it asks for, each of which is refused once. */
const OPERATIONS: readonly [string, (scene: Scene) => void, Operation, number][] = [
  ['a new address space', nothing, ({ vm }) => vm.createAddressSpace() !== null, 2],
  ['mmap', nothing, ({ space }) => done(() => map(space, 0, 4)), 1],
  ['mmap of a file', nothing, ({ space, inode }) => done(() => map(space, 0, 4, { inode })), 1],
  ['mmap of shared memory', nothing, ({ space }) => done(() => map(space, 0, 4, { shared: true })), 2],
  [
    'mmap into the middle of an area',
    ({ space }) => space.fill(map(space, 0, 9), 9 * PAGE, 1),
    ({ space }) => done(() => map(space, 3, 2, { protection: PROT_READ })),
    1,
  ],
  [
    'munmap of the middle of an area',
    ({ space }) => space.fill(map(space, 0, 9), 9 * PAGE, 1),
    ({ space }) => done(() => space.munmap(BASE + 3 * PAGE, PAGE)),
    1,
  ],
  [
    'mprotect of the middle of an area',
    ({ space, inode }) => space.read(map(space, 0, 8, { inode }), new Uint8Array(8 * PAGE)),
    ({ space }) => done(() => space.mprotect(BASE + 3 * PAGE, PAGE, PROT_READ)),
    1,
  ],
  [
    'mremap that shrinks in the middle of an area',
    ({ space }) => space.fill(map(space, 0, 9), 9 * PAGE, 1),
    ({ space }) => done(() => space.mremap(BASE + PAGE, 4 * PAGE, PAGE)),
    1,
  ],
  [
    'mremap of shared memory once more',
    ({ space }) => space.fill(map(space, 0, 2, { shared: true }), 2 * PAGE, 1),
    ({ space }) => done(() => space.mremap(BASE, 0, 2 * PAGE, { mayMove: true })),
    1,
  ],
  [
    'mremap that grows elsewhere, out of the middle of an area',
    ({ space }) => space.fill(map(space, 0, 9), 9 * PAGE, 1),
    // The area and the half that is split off lie in one slab; three tables on the way to the new place.
    ({ space }) => done(() => space.mremap(BASE + 3 * PAGE, PAGE, 600 * PAGE, { mayMove: true })),
    4,
  ],
  [
    'mremap of several areas into the middle of others',
    ({ space, inode }) => {
      space.read(map(space, 0, 4, { inode }), new Uint8Array(4 * PAGE));
      space.fill(map(space, 510, 4), 4 * PAGE, 1);
      space.fill(map(space, 1020, 9), 9 * PAGE, 2);
      map(space, 1024, 2, { protection: PROT_READ });
    },
    ({ space }) =>
      done(() => {
        const to = { mayMove: true, fixed: true, address: BASE + 2 ** 30 + 600 * PAGE };
        space.mremap(BASE + 511 * PAGE, 515 * PAGE, 515 * PAGE, to);
      }),
    4,
  ],
  ['a load', ({ space }) => map(space, 0, 1), ({ space }) => done(() => space.loadU8(BASE)), 3],
  ['a store', ({ space }) => map(space, 0, 1), ({ space }) => done(() => space.store8(BASE, 1)), 4],
  [
    'a store to the zero page',
    ({ space }) => space.loadU8(map(space, 0, 1)),
    ({ space }) => done(() => space.store8(BASE, 1)),
    1,
  ],
  [
    'a load from a file',
    ({ space, inode }) => map(space, 0, 1, { inode }),
    ({ space }) => done(() => space.loadU8(BASE)),
    4,
  ],
  [
    'a store to a private file',
    ({ space, inode, vm }) => {
      map(space, 0, 1, { inode });
      vm.cache.read(inode, 0, new Uint8Array(1));
    },
    ({ space }) => done(() => space.store8(BASE, 1)),
    4,
  ],
  [
    'a store to a shared file',
    ({ space, inode }) => map(space, 0, 1, { inode, shared: true }),
    ({ space }) => done(() => space.store8(BASE, 1)),
    4,
  ],
  [
    'a store to a page shared by a fork',
    ({ space }) => {
      space.store8(map(space, 0, 1), 1);
      space.fork();
    },
    ({ space }) => done(() => space.store8(BASE, 2)),
    1,
  ],
  [
    'a stack that grows',
    ({ space }) => map(space, 2048, 1, { growsDown: true }),
    ({ space }) => done(() => space.store8(BASE + 2040 * PAGE, 1)),
    4,
  ],
  [
    'fork',
    ({ space, inode }) => {
      for (let i = 0; i < 3; i++) space.store8(map(space, i * 2048, 2), i);
      map(space, 10_000, 1, { inode, shared: true });
    },
    // An mm_struct and its topmost table, an area, three ways to pages of which the upper two levels are one.
    ({ space }) => done(() => space.fork()),
    8,
  ],
  ['vmalloc', nothing, ({ vm }) => vm.kernel.vmalloc(3 * PAGE) !== null, 7],
  [
    'opening a file',
    ({ vm, inode }) => vm.cache.release(inode),
    ({ vm }) => vm.cache.open(new MemoryFile('/other', new Uint8Array(1))) !== null,
    1,
  ],
  [
    'reading a file',
    nothing,
    ({ vm, inode }) => vm.cache.read(inode, 0, new Uint8Array(3 * PAGE)) !== null,
    3,
  ],
];

describe('out of memory at every point of', () => {
  it.each(OPERATIONS)('%s', (name, prepare, operation, frames) => {
    for (let n = 1; ; n++) {
      const scene = boot();
      prepare(scene);
      const before = state(scene);
      const giveBack = fillSlabs(scene);
      scene.vm.pages.failNth(n);
      const succeeded = operation(scene);
      scene.vm.pages.failNth(0);
      giveBack();
      const after = state(scene);
      if (succeeded) {
        expect(n - 1).toBe(frames);
        return;
      }
      // What a reader got before it failed stays in the cache.
      if (name === 'reading a file') expect(after.cached).toBe(n - 1);
      else expect(after).toEqual(before);
    }
  });
});
