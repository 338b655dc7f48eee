import { describe, expect, it } from 'vitest';
import { orNull } from '../../../test/system.js';
import { SystemCallError } from '../../errors.js';
import { OWNER_ANONYMOUS } from '../../frames/descriptors.js';
import { GFP_KERNEL } from '../../frames/gfp.js';
import { PageAllocator } from '../../frames/page-allocator.js';
import { Machine } from '../../machine.js';
import { SlabAllocator } from '../../slab/slab-allocator.js';
import { MemoryFile } from '../page-cache/file-source.js';
import { MemoryFault } from '../translation/memory-fault.js';
import { VirtualMemory } from '../virtual-memory.js';
import type { AddressSpace } from './address-space.js';
import {
  MMAP_BASE,
  MMAP_MIN_ADDRESS,
  PROT_EXEC,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
  TASK_SIZE,
  VM_GROWSDOWN,
} from './area.js';

const MiB = 2 ** 20;
const PAGE = 4096;
const STACK_TOP = TASK_SIZE - PAGE;

function boot(megabytes = 16) {
  const pages = new PageAllocator(new Machine(megabytes * MiB));
  const slab = new SlabAllocator(pages);
  const vm = new VirtualMemory(slab);
  return { pages, slab, vm, space: vm.createAddressSpace()! };
}

/** Frames in use but for those that caches of objects keep at hand. */
function usedFrames(vm: VirtualMemory): number {
  vm.slab.shrinkAll();
  return vm.pages.managedFrames - vm.pages.freeFrames;
}

function faultOf(call: () => unknown): MemoryFault {
  try {
    call();
  } catch (error) {
    if (error instanceof MemoryFault) return error;
    throw error;
  }
  return expect.fail('no fault');
}

function layout(space: AddressSpace): string[] {
  return [...space.areas].map(
    (area) =>
      `${area.start.toString(16)}-${area.end.toString(16)} ${area.permissions} ${area.offset.toString(16)}`,
  );
}

describe('anonymous memory', () => {
  it('takes no frame before the first touch, and none to be read', () => {
    const { vm, space } = boot();
    const used = usedFrames(vm);
    const at = space.mmap({ length: 100 * PAGE });
    expect(at).toBe(MMAP_BASE - 100 * PAGE);
    expect(usedFrames(vm)).toBe(used + 1);
    expect(space.loadU32(at + 50 * PAGE)).toBe(0);
    expect(space.residentPages).toBe(0);
    // Three tables below the topmost one.
    expect(usedFrames(vm)).toBe(used + 4);
    space.store32(at + 50 * PAGE, 0xdead_beef);
    expect(space.loadU32(at + 50 * PAGE)).toBe(0xdead_beef);
    expect(space.residentPages).toBe(1);
    expect(space.counts.minorFaults).toBe(2);
    vm.check();
    space.munmap(at, 100 * PAGE);
    expect(usedFrames(vm)).toBe(used);
    expect(space.table.tables).toBe(1);
    vm.check();
  });

  it('is loaded and stored in every width, aligned or not, across page borders too', () => {
    const { vm, space } = boot();
    const at = space.mmap({ length: 2 * PAGE });
    for (const offset of [0, 8, 1, 3, PAGE - 8, PAGE - 1, PAGE - 2, PAGE - 3, PAGE - 4, PAGE - 5, PAGE - 7]) {
      const address = at + offset;
      space.store8(address, 0x1fe);
      expect([space.loadU8(address), space.loadI8(address)]).toEqual([0xfe, -2]);
      space.store16(address, 0x1_fffe);
      expect([space.loadU16(address), space.loadI16(address)]).toEqual([0xfffe, -2]);
      space.store32(address, -2);
      expect([space.loadU32(address), space.loadI32(address)]).toEqual([0xffff_fffe, -2]);
      space.store64(address, -2n);
      expect([space.loadU64(address), space.loadI64(address)]).toEqual([0xffff_ffff_ffff_fffen, -2n]);
      space.storeF32(address, 1.5);
      expect(space.loadF32(address)).toBe(1.5);
      space.storeF64(address, Math.PI);
      expect(space.loadF64(address)).toBe(Math.PI);
      space.storePointer(address, 0x7fff_1234_5678);
      expect(space.loadPointer(address)).toBe(0x7fff_1234_5678);
      expect(space.loadU64(address)).toBe(0x7fff_1234_5678n);
    }
    vm.check();
  });

  it('is copied from and to in bulk, and as C strings', () => {
    const { space } = boot();
    const at = space.mmap({ length: 8 * PAGE });
    const bytes = Uint8Array.from({ length: 3 * PAGE }, (_, i) => (i * 7) & 255);
    space.write(at + 100, bytes);
    const back = new Uint8Array(bytes.length);
    space.read(at + 100, back);
    expect(Buffer.compare(back, bytes)).toBe(0);
    space.move(at + 100, at + 2000, bytes.length);
    space.read(at + 2000, back);
    expect(Buffer.compare(back, bytes)).toBe(0);
    space.move(at + 2000, at + 100, bytes.length);
    space.read(at + 100, back);
    expect(Buffer.compare(back, bytes)).toBe(0);
    space.fill(at + 4090, 10, 0xaa);
    expect(space.loadU64(at + 4091)).toBe(0xaaaa_aaaa_aaaa_aaaan);
    expect(space.writeString(at + PAGE - 3, 'grüße')).toBe(8);
    expect(space.readString(at + PAGE - 3)).toBe('grüße');
    expect(space.readString(at + PAGE - 3, 7)).toBeNull();
  });

  it('a store across a border that faults on the second page stores nothing', () => {
    const { space } = boot();
    const at = space.mmap({ length: 2 * PAGE });
    space.munmap(at + PAGE, PAGE);
    const fault = faultOf(() => space.store32(at + PAGE - 2, 0xffff_ffff));
    expect(fault.address).toBe(at + PAGE);
    expect(space.loadU16(at + PAGE - 2)).toBe(0);
  });
});

describe('a fault', () => {
  it('outside any area is SIGSEGV, MAPERR', () => {
    const { space } = boot();
    for (const address of [
      0,
      8,
      0x1_0000,
      MMAP_BASE,
      TASK_SIZE - 8,
      2 ** 47,
      0x8880_0000_0000,
      2 ** 50,
      -8,
    ]) {
      const fault = faultOf(() => space.loadU8(address));
      expect([fault.signal, fault.code, fault.address, fault.access]).toEqual([
        'SIGSEGV',
        'SEGV_MAPERR',
        address,
        'read',
      ]);
      expect(space.touch(address, 'write')).toBe('SEGV_MAPERR');
    }
    expect(() => space.loadU8(Number.NaN)).toThrow('an address must be a whole number, got NaN');
  });

  it('against the protection is SIGSEGV, ACCERR', () => {
    const { space, vm } = boot();
    const at = space.mmap({ length: PAGE, protection: PROT_READ });
    expect(space.loadU8(at)).toBe(0);
    const fault = faultOf(() => space.store8(at, 1));
    expect([fault.code, fault.access]).toEqual(['SEGV_ACCERR', 'write']);
    expect(fault.message).toBe(
      `SIGSEGV (SEGV_ACCERR): cannot write at 0x${at.toString(16)}: the area does not allow it`,
    );
    expect(space.touch(at, 'execute')).toBe('SEGV_ACCERR');
    const none = space.mmap({ length: PAGE, protection: PROT_NONE });
    expect(space.touch(none, 'read')).toBe('SEGV_ACCERR');
    const code = space.mmap({ length: PAGE, protection: PROT_EXEC });
    expect(space.touch(code, 'execute')).toBe('minor');
    expect(space.touch(code, 'read')).toBe('minor');
    vm.check();
  });

  it('without a frame left is SIGKILL, OOM, and leaves nothing behind', () => {
    const { space, vm, pages } = boot();
    const at = space.mmap({ length: 4 * PAGE });
    for (let n = 1; n <= 4; n++) {
      const used = usedFrames(vm);
      pages.failNth(n);
      const fault = faultOf(() => space.store8(at, 1));
      expect([fault.signal, fault.code]).toEqual(['SIGKILL', 'OOM']);
      expect(usedFrames(vm)).toBe(used);
      vm.check();
    }
    space.store8(at, 1);
    vm.check();
  });
});

describe('a stack', () => {
  function stack(space: AddressSpace) {
    return space.mmap({
      length: 2 * PAGE,
      address: STACK_TOP - 2 * PAGE,
      fixed: true,
      growsDown: true,
      name: '[stack]',
    });
  }

  it('grows when the memory below is touched, as far as its limit', () => {
    const { space, vm } = boot();
    const at = stack(space);
    space.store8(at - 50 * PAGE - 3, 7);
    const area = space.areaAt(at)!;
    expect(area.start).toBe(at - 51 * PAGE);
    expect(area.flags & VM_GROWSDOWN).toBe(VM_GROWSDOWN);
    space.store8(STACK_TOP - 8 * MiB, 1);
    expect(area.bytes).toBe(8 * MiB);
    expect(faultOf(() => space.store8(STACK_TOP - 8 * MiB - 1, 1)).code).toBe('SEGV_MAPERR');
    space.stackLimitBytes = 9 * MiB;
    space.store8(STACK_TOP - 8 * MiB - 1, 1);
    vm.check();
  });

  it('keeps a gap of 256 pages to the area below, and mmap keeps out of it', () => {
    const { space, vm } = boot();
    const at = stack(space);
    const below = space.mmap({ length: PAGE, address: at - 300 * PAGE, fixed: true });
    space.store8(at - 43 * PAGE, 1);
    const start = below + PAGE + 256 * PAGE;
    expect(space.areaAt(at)!.start).toBe(start);
    expect(faultOf(() => space.store8(start - 1, 1)).code).toBe('SEGV_MAPERR');
    expect(space.areaAt(at)!.start).toBe(start);
    // A hint inside the gap is not taken.
    const other = space.mmap({ length: PAGE, address: start - 100 * PAGE });
    expect(other).toBe(MMAP_BASE - PAGE);
    vm.check();
  });

  it('that finds no frame has not grown', () => {
    const { space, vm, pages } = boot();
    const at = stack(space);
    space.store8(at, 1);
    pages.failNth(1);
    expect(faultOf(() => space.store8(at - 5 * PAGE, 1)).code).toBe('OOM');
    expect(space.areaAt(at)!.start).toBe(at);
    vm.check();
  });
});

describe('mmap', () => {
  it('merges what continues a neighbour, and nothing else', () => {
    const { space, vm } = boot();
    const file = vm.cache.open(new MemoryFile('/data', new Uint8Array(64 * PAGE)))!;
    const at = 0x4000_0000;
    const map = (page: number, options = {}) =>
      space.mmap({ address: at + page * PAGE, length: PAGE, fixed: true, ...options });
    map(0);
    map(2);
    expect(space.areas.length).toBe(2);
    map(1);
    expect(layout(space)).toEqual(['40000000-40003000 rw-p 0']);
    map(3, { protection: PROT_READ });
    expect(space.areas.length).toBe(2);
    map(4, { inode: file, offset: 4 * PAGE });
    map(5, { inode: file, offset: 5 * PAGE });
    map(6, { inode: file, offset: 7 * PAGE });
    map(7, { inode: file, offset: 8 * PAGE, shared: true });
    expect(layout(space).slice(2)).toEqual([
      '40004000-40006000 rw-p 4000',
      '40006000-40007000 rw-p 7000',
      '40007000-40008000 rw-s 8000',
    ]);
    vm.check();
    // In the middle, over both: the ends stay, with the right offsets.
    map(5, { length: 2 * PAGE, protection: PROT_READ });
    expect(layout(space).slice(2)).toEqual([
      '40004000-40005000 rw-p 4000',
      '40005000-40007000 r--p 0',
      '40007000-40008000 rw-s 8000',
    ]);
    vm.check();
    vm.cache.release(file);
    space.destroy();
    vm.check();
  });

  it('takes the highest free range, a hint where it is free, and fixed addresses as they are', () => {
    const { space } = boot();
    const a = space.mmap({ length: PAGE, protection: PROT_READ });
    const b = space.mmap({ length: 3 * PAGE });
    expect([a, b]).toEqual([MMAP_BASE - PAGE, MMAP_BASE - 4 * PAGE]);
    expect(space.mmap({ length: 5000, address: 0x1234_5678 })).toBe(0x1234_5000);
    expect(space.mmap({ length: PAGE, address: 0x1234_6000 })).toBe(MMAP_BASE - 5 * PAGE);
    space.munmap(b + PAGE, PAGE);
    expect(space.mmap({ length: PAGE, protection: PROT_NONE })).toBe(b + PAGE);
    const call = () => space.mmap({ length: PAGE, address: b, fixed: true, noReplace: true });
    expect(call).toThrow(SystemCallError);
    expect(call).toThrow(`EEXIST: anonymous memory is mapped at 0x${(b - PAGE).toString(16)}`);
  });

  it('refuses what makes no sense, and changes nothing', () => {
    const { space, vm } = boot();
    const readOnly = vm.cache.open(new MemoryFile('/ro', new Uint8Array(10), { writable: false }))!;
    const at = space.mmap({ length: PAGE, inode: readOnly, shared: true, protection: PROT_READ });
    const before = layout(space);
    const calls: [() => unknown, string][] = [
      [
        () => space.mmap({ length: 0 }),
        'EINVAL: the length must be a whole number of bytes from 1 up, got 0',
      ],
      [
        () => space.mmap({ length: PAGE, protection: 8 }),
        'EINVAL: the protection must be made of PROT_ bits, got 8',
      ],
      [
        () => space.mmap({ length: PAGE, inode: readOnly, offset: 1 }),
        'EINVAL: the offset must be a multiple of 4096',
      ],
      [
        () => space.mmap({ length: PAGE, fixed: true }),
        'EINVAL: the address must be a multiple of 4096, got NaN',
      ],
      [
        () => space.mmap({ length: PAGE, fixed: true, address: 4096 }),
        'EINVAL: nothing is mapped below 0x10000',
      ],
      [
        () => space.mmap({ length: PAGE, fixed: true, address: TASK_SIZE }),
        'ENOMEM: the range ends at 0x800000000000, user addresses end at 0x7ffffffff000',
      ],
      [() => space.mmap({ length: PAGE, growsDown: true, shared: true }), 'EINVAL: a stack must be private'],
      [
        () => space.mmap({ length: PAGE, inode: readOnly, shared: true }),
        'EACCES: /ro is open for reading only',
      ],
      [
        () => space.mprotect(at, PAGE, PROT_READ | PROT_WRITE),
        'EACCES: /ro is open for reading only and mapped shared',
      ],
      [() => space.mprotect(at, 2 * PAGE, PROT_READ), 'ENOMEM: nothing is mapped at 0x'],
      [
        () => space.munmap(at + 1, PAGE),
        `EINVAL: the address must be a multiple of 4096, got 0x${(at + 1).toString(16)}`,
      ],
      [() => space.munmap(TASK_SIZE, PAGE), 'EINVAL: the range ends at'],
      [() => space.munmap(at, 0), 'EINVAL: the length must be a whole number of bytes from 1 up, got 0'],
      [() => space.mprotect(TASK_SIZE, PAGE, PROT_READ), 'ENOMEM: the range ends at'],
      [() => space.mprotect(at + 1, 0, PROT_READ), 'EINVAL: the address must be a multiple of 4096'],
      [() => space.msync(TASK_SIZE, PAGE), 'ENOMEM: the range ends at'],
      [() => space.msync(at - PAGE, PAGE), 'ENOMEM: nothing is mapped at 0x'],
    ];
    for (const [call, message] of calls) {
      expect(call).toThrow(SystemCallError);
      expect(call).toThrow(message);
    }
    expect(() => space.mmap({ length: 2 ** 47 - 2 ** 20 })).toThrow(
      'ENOMEM: no range of 140737487306752 bytes',
    );
    // No bytes are protected or written anywhere, mapped or not.
    space.mprotect(MMAP_MIN_ADDRESS, 0, PROT_READ);
    const wide = space.mmap({ length: 3 * PAGE, address: 0x20_0000, fixed: true });
    space.mprotect(wide + PAGE, 0, PROT_READ);
    vm.check();
    space.munmap(wide, 3 * PAGE);
    expect(space.msync(MMAP_MIN_ADDRESS, 0)).toBe(0);
    expect(layout(space)).toEqual(before);
    vm.check();
  });

  it('populates when told to', () => {
    const { space, vm } = boot();
    space.mmap({ length: 10 * PAGE, populate: true });
    expect(space.residentPages).toBe(10);
    vm.check();
  });
});

describe('mprotect', () => {
  it('splits and merges areas, and takes effect at once', () => {
    const { space, vm } = boot();
    const at = space.mmap({ length: 6 * PAGE });
    for (let i = 0; i < 6; i++) space.store8(at + i * PAGE, i + 1);
    space.mprotect(at + 2 * PAGE, 2 * PAGE, PROT_READ);
    expect(space.areas.length).toBe(3);
    expect(faultOf(() => space.store8(at + 2 * PAGE, 9)).code).toBe('SEGV_ACCERR');
    expect(space.loadU8(at + 3 * PAGE)).toBe(4);
    space.store8(at + 4 * PAGE, 50);
    vm.check();
    space.mprotect(at + 2 * PAGE, PAGE, PROT_NONE);
    expect(space.areas.length).toBe(4);
    expect(faultOf(() => space.loadU8(at + 2 * PAGE)).code).toBe('SEGV_ACCERR');
    vm.check();
    space.mprotect(at, 6 * PAGE, PROT_READ | PROT_WRITE);
    expect(space.areas.length).toBe(1);
    expect([0, 1, 2, 3, 4, 5].map((i) => space.loadU8(at + i * PAGE))).toEqual([1, 2, 3, 4, 50, 6]);
    space.store8(at + 2 * PAGE, 30);
    expect(space.residentPages).toBe(6);
    vm.check();
  });
});

describe('fork', () => {
  it('shares pages until one side writes, and counts the frames really copied', () => {
    const { space, vm, pages } = boot();
    const at = space.mmap({ length: 100 * PAGE });
    for (let i = 0; i < 100; i++) space.store32(at + i * PAGE, i);
    const used = usedFrames(vm);
    const child = space.fork();
    vm.check();
    // Its four page tables, an mm_struct and an area: at most as many slabs.
    expect(usedFrames(vm)).toBeLessThanOrEqual(used + 4 + 2);
    expect(vm.counts.copies).toBe(0);
    child.store32(at, 1000);
    child.store32(at + 4, 1000);
    space.store32(at + PAGE, 2000);
    expect(vm.counts.copies).toBe(2);
    vm.check();
    // Alone with its page again: no copy.
    space.store32(at, 77);
    child.store32(at + PAGE, 99);
    expect(vm.counts.copies).toBe(2);
    expect(vm.counts.reuses).toBe(2);
    expect([space.loadU32(at), child.loadU32(at)]).toEqual([77, 1000]);
    expect([space.loadU32(at + PAGE), child.loadU32(at + PAGE)]).toEqual([2000, 99]);
    for (let i = 2; i < 100; i++) expect(child.loadU32(at + i * PAGE)).toBe(i);
    vm.check();
    space.destroy();
    vm.check();
    for (let i = 2; i < 100; i++) expect(child.loadU32(at + i * PAGE)).toBe(i);
    child.destroy();
    vm.check();
    expect(pages.descriptors.owner.includes(OWNER_ANONYMOUS)).toBe(false);
  });

  it('keeps shared memory shared', () => {
    const { space, vm } = boot();
    const at = space.mmap({ length: 4 * PAGE, shared: true });
    space.store8(at, 1);
    const child = space.fork();
    expect(child.loadU8(at)).toBe(1);
    child.store8(at + PAGE, 2);
    expect(space.loadU8(at + PAGE)).toBe(2);
    expect(vm.counts.copies).toBe(0);
    expect(vm.cache.segmentPages).toBe(2);
    vm.check();
    space.destroy();
    expect(child.loadU8(at)).toBe(1);
    child.destroy();
    expect(vm.cache.segmentPages).toBe(0);
    vm.check();
  });

  it('copes with pages that are reclaimed for its own page tables', () => {
    const { space, vm, pages } = boot(4);
    const { reclaim, background } = pages;
    const inode = vm.cache.open(new MemoryFile('/file', new Uint8Array(1024 * PAGE).fill(3)))!;
    const at = space.mmap({ length: 1024 * PAGE, inode });
    space.store8(at, 1);
    let reclaimed = 0;
    for (let left = 0; left < 12; left++) {
      for (let i = 600; i < 605; i++) expect(space.loadU8(at + i * PAGE)).toBe(3);
      // The first look notes that they were used, the next one takes them.
      vm.cache.reclaim(1000);
      // All but `left` frames are taken: the fork has to ask for the rest, at one point or another.
      pages.reclaim = undefined;
      pages.background = undefined;
      const held: number[] = [];
      for (let f = pages.allocPages(GFP_KERNEL, 0); f !== null; f = pages.allocPages(GFP_KERNEL, 0))
        held.push(f);
      for (const frame of held.splice(0, left)) pages.put(frame);
      pages.reclaim = reclaim;
      const before = vm.cache.counts.reclaimed;
      const child = space.fork();
      reclaimed += vm.cache.counts.reclaimed - before;
      vm.check();
      pages.background = background;
      for (const frame of held) pages.put(frame);
      if (child === null) continue;
      expect([child.loadU8(at), child.loadU8(at + 600 * PAGE)]).toEqual([1, 3]);
      child.destroy();
    }
    expect(reclaimed).toBeGreaterThan(0);
    vm.check();
  });

  it('is refused whole when there is no memory, at any point', () => {
    const { space, vm, pages } = boot();
    for (let i = 0; i < 5; i++) {
      const at = space.mmap({ length: 2 * PAGE, address: (i + 1) * 2 ** 30, fixed: true });
      space.store8(at, i + 1);
    }
    let failures = 0;
    for (let n = 1; ; n++) {
      const used = usedFrames(vm);
      pages.failNth(n);
      const child = orNull(() => space.fork());
      pages.failNth(0);
      vm.check();
      if (child !== null) {
        child.destroy();
        break;
      }
      failures++;
      expect(usedFrames(vm)).toBe(used);
    }
    expect(failures).toBeGreaterThan(10);
    for (let i = 0; i < 5; i++) expect(space.loadU8((i + 1) * 2 ** 30)).toBe(i + 1);
  });
});

it('a destroyed address space has nothing mapped, whoever gets its frames', () => {
  const { space, vm } = boot();
  const at = space.mmap({ length: 100 * PAGE });
  space.fill(at, 100 * PAGE, 0xff);
  space.destroy();
  const other = vm.createAddressSpace()!;
  other.fill(other.mmap({ length: 200 * PAGE }), 200 * PAGE, 0xff);
  for (let i = 0; i < 100; i++) expect(faultOf(() => space.loadU8(at + i * PAGE)).code).toBe('SEGV_MAPERR');
  for (const call of [() => space.mmap({ length: 1 }), () => space.fork(), () => space.destroy()]) {
    expect(call).toThrow('the address space was destroyed before');
  }
  vm.check();
});

it('an address space has at most 65,530 areas', () => {
  const { space, vm } = boot(32);
  const map = (i: number) =>
    space.mmap({ length: PAGE, address: (2 ** 20 + 2 * i) * PAGE, fixed: true, protection: PROT_READ });
  const long = space.mmap({ length: 3 * PAGE });
  for (let i = 0; i < 65_529; i++) map(i);
  const full = 'ENOMEM: there are 65530 areas, and no more than 65530 may be';
  // Nor does cutting one in two make more.
  expect(() => space.munmap(long + PAGE, PAGE)).toThrow(full);
  expect(() => space.mprotect(long, PAGE, PROT_READ)).toThrow(full);
  expect(space.areaAt(long)!.bytes).toBe(3 * PAGE);
  expect(() => map(65_530)).toThrow(full);
  space.munmap(2 ** 20 * PAGE, PAGE);
  map(65_530);
  vm.check();
  space.destroy();
  vm.check();
});

it('frames above 2 GiB are as good as others', () => {
  const GiB = 2 ** 30;
  const pages = new PageAllocator(new Machine(2.5 * GiB), {
    dmaEnd: 4 * GiB,
    reservedFrames: (2 * GiB) / PAGE,
  });
  const vm = new VirtualMemory(new SlabAllocator(pages));
  const space = vm.createAddressSpace()!;
  const file = vm.cache.open(new MemoryFile('/file', new Uint8Array(2 * PAGE).fill(9), { writable: false }))!;
  const at = space.mmap({ length: 4 * PAGE });
  const text = space.mmap({ length: 2 * PAGE, inode: file });
  space.store64(at + PAGE - 4, 0x1122_3344_5566_7788n);
  space.storeF64(at + 8, Math.E);
  const child = space.fork();
  child.store32(at + 8, 5);
  child.store8(text, 1);
  expect([space.loadF64(at + 8), child.loadU32(at + 8)]).toEqual([Math.E, 5]);
  expect([space.loadU64(at + PAGE - 4), child.loadU64(at + PAGE - 4)]).toEqual([
    0x1122_3344_5566_7788n,
    0x1122_3344_5566_7788n,
  ]);
  expect([space.loadU16(text), child.loadU16(text)]).toEqual([0x0909, 0x0901]);
  expect(pages.machine.u32[space.table.find(at / PAGE)] >>> 12).toBeGreaterThanOrEqual((2 * GiB) / PAGE);
  const area = vm.kernel.vmalloc(3 * PAGE)!;
  vm.kernel.store32(area + 2 * PAGE - 2, 0xdead_beef);
  expect(vm.kernel.loadU32(area + 2 * PAGE - 2)).toBe(0xdead_beef);
});
