/** The laws of virtual memory, checked by walking everything. O(frames + mapped pages). */
import { law } from 'freehold';
import {
  FRAME_DIRTY,
  OWNER_ANONYMOUS,
  OWNER_FILE,
  OWNER_NAMES,
  OWNER_PAGE_TABLE,
  OWNER_SHARED,
  OWNER_VMALLOC,
} from '../frames/descriptors.js';
import { FRAME_BYTES } from '../machine.js';
import type { KernelSpace } from './kernel-space.js';
import type { AddressSpace } from './space/address-space.js';
import { type Area, PROT_MASK, VM_EXEC, VM_GROWSDOWN, VM_SHARED, VM_WRITE } from './space/area.js';
import type { SharedMemory } from './space/memory-descriptor.js';
import type { MappedMemory } from './translation/mapped-memory.js';
import {
  NO_ENTRY,
  type PageTable,
  PTE_DIRTY,
  PTE_NX,
  PTE_PRESENT,
  PTE_PROTNONE,
  PTE_SPECIAL,
  PTE_WRITE,
} from './translation/page-table.js';

const ENTRY_WORDS = 1024;

/** All of virtual memory: VirtualMemory. */
interface CheckedMemory extends SharedMemory {
  readonly kernel: KernelSpace;
  readonly spaces: ReadonlySet<AddressSpace>;
}

/** What a walk of all tables finds of each frame. */
interface Walked {
  readonly mappings: Int32Array;
  readonly tables: Uint8Array;
}

/** @throws CorruptionError naming the broken law */
export function checkVirtualMemory(vm: CheckedMemory): void {
  const { pages, slab } = vm;
  pages.check();
  slab.check();
  const walked: Walked = {
    mappings: new Int32Array(pages.machine.frames),
    tables: new Uint8Array(pages.machine.frames),
  };
  let areas = 0;
  for (const space of vm.spaces) {
    checkAreas(space);
    checkTables(space.table, vm, walked.tables);
    checkEntries(space, walked.mappings);
    checkTlb(vm, space);
    areas += space.areas.length;
  }
  const vmalloced = checkKernel(vm, walked.tables);
  const counted: readonly [string, number][] = [
    ['vm_area_struct', areas],
    ['mm_struct', vm.spaces.size],
    ['vmap_area', vm.kernel.areas.length],
    ['inode_cache', [...vm.cache.files()].length],
  ];
  for (const [name, count] of counted) {
    const { activeObjects } = slab.cache(name)!.stats();
    law(
      activeObjects === count,
      `${name} has an object for each in use`,
      () => `${activeObjects} for ${count}`,
    );
  }
  checkFrames(vm, walked, checkCache(vm), vmalloced);
}

/** Every table is held by one entry and counts its entries in use. Marks the frames of the tables. */
function checkTables(table: PageTable, vm: CheckedMemory, seen: Uint8Array): void {
  const { machine, descriptors } = vm.pages;
  let tables = 0;
  table.forEachTable((frame, used) => {
    tables++;
    const at = () => `frame ${frame}`;
    law(seen[frame] === 0, 'a page table has one place', at);
    seen[frame] = 1;
    law(descriptors.owner[frame] === OWNER_PAGE_TABLE, 'a page table lies in a frame of its own', at);
    law(descriptors.references[frame] === 1, 'a page table is held once', at);
    let entries = 0;
    for (let i = 0; i < ENTRY_WORDS; i += 2) if (machine.u32[frame * ENTRY_WORDS + i] !== 0) entries++;
    law(
      entries === used,
      'a page table counts its entries',
      () => `${used} for ${entries} in frame ${frame}`,
    );
  });
  law(tables === table.tables, 'page tables are as many as counted', () => `${tables}, not ${table.tables}`);
}

function checkAreas(space: AddressSpace): void {
  space.areas.check();
  for (const area of space.areas) {
    const at = () => nameOf(area);
    law(area.space === space, 'an area belongs to the address space that lists it', at);
    law(area.start % FRAME_BYTES === 0 && area.end % FRAME_BYTES === 0, 'areas are whole pages', at);
    law(area.inode === null || area.inode.areas.has(area), 'a file knows the areas that map it', at);
    law(area.inode !== null || area.offset === 0, 'anonymous memory has no offset', at);
    const { previous } = area;
    // A stack may have grown down to another.
    const grows = (area.flags & VM_GROWSDOWN) !== 0;
    const touches = previous !== null && previous.end === area.start;
    const apart = grows || !touches || !previous.isContinuedBy(area.flags, area);
    law(apart, 'neighbours that are alike are one area', at);
  }
}

function checkEntries(space: AddressSpace, mappings: Int32Array): void {
  const { vm } = space;
  const { machine, descriptors } = vm.pages;
  const { owner, references, mapCount } = descriptors;
  const resident = { anonymous: 0, file: 0, shared: 0 };
  space.table.forEach(0, 2 ** 36, (entry, page) => {
    const low = machine.u32[entry];
    const frame = low >>> 12;
    const address = page * FRAME_BYTES;
    const area = space.areaAt(address);
    const at = () => `0x${address.toString(16)}, frame ${frame}`;
    law(area !== null, 'a mapped page lies in an area', at);
    if (area === null) return;
    const { flags } = area;
    const mode = (flags & PROT_MASK) === 0 ? PTE_PROTNONE : PTE_PRESENT;
    law(
      (low & (PTE_PROTNONE | PTE_PRESENT)) === mode,
      'an entry is present where the area allows access',
      at,
    );
    law((low & PTE_WRITE) === 0 || (flags & VM_WRITE) !== 0, 'an entry allows no more than its area', at);
    const executable = machine.u32[entry + 1] !== PTE_NX;
    law(executable === ((flags & VM_EXEC) !== 0), 'an entry is executable where its area is', at);
    if ((low & PTE_SPECIAL) !== 0) {
      law(frame === vm.zeroFrame && (low & PTE_WRITE) === 0, 'the zero page is never writable', at);
      return;
    }
    mappings[frame]++;
    if (owner[frame] === OWNER_ANONYMOUS) {
      resident.anonymous++;
      law(
        area.hasAnonymous && (flags & VM_SHARED) === 0,
        'anonymous pages lie in areas known to have them',
        at,
      );
      const alone = mapCount[frame] === 1 && references[frame] === 1;
      law((low & PTE_WRITE) === 0 || alone, 'a private page that can be written is mapped once', at);
      return;
    }
    if (owner[frame] === OWNER_FILE) resident.file++;
    else resident.shared++;
    const cached = area.inode?.pages.get(area.offsetAt(address) / FRAME_BYTES);
    law(cached?.frame === frame, 'a page of a file is the one that the page cache has', at);
    if ((low & PTE_WRITE) === 0) return;
    law((flags & VM_SHARED) !== 0, 'a private mapping never writes to the page cache', at);
    const dirty = owner[frame] === OWNER_SHARED || (descriptors.flags[frame] & FRAME_DIRTY) !== 0;
    law(dirty, 'a page of a file that can be written counts as dirty', at);
  });
  for (const kind of ['anonymous', 'file', 'shared'] as const) {
    const counted = space.resident[kind];
    law(
      counted === resident[kind],
      `${kind} pages are as many as counted`,
      () => `${resident[kind]}, not ${counted}`,
    );
  }
}

function checkTlb(vm: CheckedMemory, memory: MappedMemory): void {
  const { u32 } = vm.pages.machine;
  vm.tlb.forEach(memory, (page, frame, writable) => {
    const entry = memory.table.find(page);
    const low = entry === NO_ENTRY ? 0 : u32[entry];
    const at = () => `page 0x${page.toString(16)}, frame ${frame}`;
    law((low & PTE_PRESENT) !== 0 && low >>> 12 === frame, 'the TLB agrees with the page tables', at);
    const ready = PTE_WRITE | PTE_DIRTY;
    law(!writable || (low & ready) === ready, 'the TLB lets through only writes that the tables allow', at);
  });
}

/** @returns for each frame, how many pages of the page cache lie in it */
function checkCache(vm: CheckedMemory): Int32Array {
  const { cache, pages } = vm;
  const { owner, flags, tag: indices } = pages.descriptors;
  const cached = new Int32Array(pages.machine.frames);
  let file = 0;
  let dirty = 0;
  let segment = 0;
  for (const inode of cache.files()) {
    law(inode.users >= inode.areas.size, 'every area holds the file it maps', () => inode.path);
    for (const [index, page] of inode.pages) {
      const { frame } = page;
      const at = () => `page ${index} of ${inode.path}, frame ${frame}`;
      cached[frame]++;
      law(cached[frame] === 1, 'a frame holds one page of one file', at);
      law(
        page.inode === inode && page.index === index && indices[frame] === index,
        'a page knows its place',
        at,
      );
      law(
        owner[frame] === (inode.isSegment ? OWNER_SHARED : OWNER_FILE),
        'a page has a frame of its kind',
        at,
      );
      if (inode.isSegment) segment++;
      else file++;
      if ((flags[frame] & FRAME_DIRTY) !== 0) dirty++;
    }
  }
  const right = file === cache.filePages && dirty === cache.dirtyPages && segment === cache.segmentPages;
  law(right, 'cached pages are as many as counted', () => {
    return (
      `${file} of files, ${dirty} of them dirty, ${segment} of segments; ` +
      `counted ${cache.filePages}, ${cache.dirtyPages}, ${cache.segmentPages}`
    );
  });
  return cached;
}

/** @returns for each frame, the pages of vmalloc that it holds */
function checkKernel(vm: CheckedMemory, tables: Uint8Array): Int32Array {
  const { kernel, pages } = vm;
  const { u32 } = pages.machine;
  const { owner, references } = pages.descriptors;
  const held = new Int32Array(pages.machine.frames);
  kernel.areas.check();
  checkTables(kernel.table, vm, tables);
  checkTlb(vm, kernel);
  let listed = 0;
  for (const area of kernel.areas) {
    const at = () => `0x${area.start.toString(16)}, ${area.pages} pages`;
    const whole = area.end - area.start === (area.pages + 1) * FRAME_BYTES;
    law(
      whole && kernel.framesOf(area).length === area.pages,
      'all of an area but its guard page is mapped',
      at,
    );
    listed += area.pages;
  }
  let mapped = 0;
  kernel.table.forEach(0, 2 ** 36, (entry) => {
    const frame = u32[entry] >>> 12;
    mapped++;
    held[frame]++;
    const alone = owner[frame] === OWNER_VMALLOC && references[frame] === 1 && held[frame] === 1;
    law(alone, 'a frame of vmalloc is mapped once', () => `frame ${frame}`);
  });
  const right = mapped === listed && mapped === kernel.vmallocPages;
  law(
    right,
    'pages of vmalloc are as many as counted',
    () => `${mapped} mapped, ${kernel.vmallocPages} counted`,
  );
  return held;
}

function checkFrames(vm: CheckedMemory, walked: Walked, cached: Int32Array, vmalloced: Int32Array): void {
  const { owner, references, mapCount, frames } = vm.pages.descriptors;
  for (let frame = 0; frame < frames; frame++) {
    const mappings = walked.mappings[frame];
    const at = () => `frame ${frame} (${OWNER_NAMES[owner[frame]]}): ${mappings} entries`;
    law(mapCount[frame] === mappings, 'the map count is the entries that lead to the frame', at);
    const kind = owner[frame];
    if (kind === OWNER_ANONYMOUS || kind === OWNER_FILE || kind === OWNER_SHARED) {
      const holders = mappings + cached[frame];
      law(references[frame] === holders, 'a reference for each entry and for the page cache', () => {
        return `${at()}, ${cached[frame]} in the cache, ${references[frame]} references`;
      });
    } else {
      law(mappings === 0, 'only user pages are mapped', at);
      law((kind === OWNER_VMALLOC) === (vmalloced[frame] === 1), 'every frame of vmalloc is mapped', at);
      law((kind === OWNER_PAGE_TABLE) === (walked.tables[frame] === 1), 'every page table is in use', at);
    }
  }
}

function nameOf(area: Area): string {
  return `0x${area.start.toString(16)}-0x${area.end.toString(16)} ${area.permissions}`;
}
