/** maps, smaps and meminfo of real address spaces: forked, mapped from files, shared. */
import { beforeEach, describe, expect, it } from 'vitest';
import { PageAllocator } from '../frames/page-allocator.js';
import { Machine } from '../machine.js';
import { SlabAllocator } from '../slab/slab-allocator.js';
import { MemoryFile } from '../vm/page-cache/file-source.js';
import type { AddressSpace } from '../vm/space/address-space.js';
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '../vm/space/area.js';
import { VirtualMemory } from '../vm/virtual-memory.js';
import { buddyinfoOf } from './buddyinfo.js';
import { mapsOf, parseMaps, printMaps } from './maps.js';
import { meminfoOf, parseMeminfo, printMeminfo } from './meminfo.js';
import { parseSmaps, printSmaps, smapsOf } from './smaps.js';
import { parseVmallocinfo, printVmallocinfo, vmallocinfoOf } from './vmallocinfo.js';

const PAGE = 4096;

let vm: VirtualMemory;
let space: AddressSpace;
beforeEach(() => {
  const pages = new PageAllocator(new Machine(16 * 2 ** 20));
  vm = new VirtualMemory(new SlabAllocator(pages));
  space = vm.createAddressSpace()!;
});

/** The figures of the area that is mapped at `address`, those that are not 0. */
function figures(of: AddressSpace, address: number): Record<string, number> {
  const found = smapsOf(of).find(({ area }) => area.start === BigInt(address))!;
  const { KernelPageSize: _kernel, MMUPageSize: _mmu, ...rest } = Object.fromEntries(found.fields);
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== 0));
}

const file = (pages: number) =>
  vm.cache.open(new MemoryFile('/bin/some thing', new Uint8Array(pages * PAGE)))!;

describe('maps', () => {
  it('shows areas as Linux does', () => {
    const inode = file(8);
    const fixed = (address: number) => ({ address, fixed: true });
    space.mmap({
      ...fixed(0x400000),
      length: 2 * PAGE,
      protection: PROT_READ | PROT_EXEC,
      inode,
      offset: PAGE,
    });
    space.mmap({ ...fixed(0x600000), length: PAGE, name: '[heap]' });
    space.mmap({ ...fixed(0x7fff_0000_0000), length: PAGE, shared: true });
    const text = printMaps(mapsOf(space));
    expect(text.split('\n')).toEqual([
      `${`00400000-00402000 r-xp 00001000 00:01 ${inode.number}`.padEnd(73)}/bin/some thing`,
      `${'00600000-00601000 rw-p 00000000 00:00 0'.padEnd(73)}[heap]`,
      expect.stringMatching(/^7fff00000000-7fff00001000 rw-s 00000000 00:\w\w \d+ +\/dev\/zero \(deleted\)$/),
      '',
    ]);
    expect(parseMaps(text)).toEqual(mapsOf(space));
  });
});

describe('smaps', () => {
  it('anonymous memory: private and dirty where written, nothing where only read', () => {
    const at = space.mmap({ length: 10 * PAGE });
    space.store8(at, 1);
    space.store8(at + 3 * PAGE, 1);
    space.loadU8(at + 5 * PAGE);
    expect(figures(space, at)).toEqual({
      Size: 40,
      Rss: 8,
      Pss: 8,
      Pss_Dirty: 8,
      Private_Dirty: 8,
      Referenced: 8,
      Anonymous: 8,
    });
  });

  it('a fork shares what was written, half to each, until one writes', () => {
    const at = space.mmap({ length: 10 * PAGE });
    for (let page = 0; page < 4; page++) space.store8(at + page * PAGE, 1);
    const child = space.fork();
    for (const each of [space, child]) {
      expect(figures(each, at)).toMatchObject({ Rss: 16, Pss: 8, Shared_Dirty: 16, Anonymous: 16 });
    }
    child.store8(at, 2);
    expect(figures(child, at)).toMatchObject({ Rss: 16, Pss: 10, Shared_Dirty: 12, Private_Dirty: 4 });
    expect(figures(space, at)).toMatchObject({ Rss: 16, Pss: 10, Shared_Dirty: 12, Private_Dirty: 4 });
    const third = child.fork();
    // 3 pages held by three, 1 by two: 3 × 4 / 3 + 4 / 2, but for what each division leaves. So does Linux.
    expect(figures(third, at)).toMatchObject({ Rss: 16, Pss: 5, Shared_Dirty: 16 });
    expect(figures(third, at)).not.toHaveProperty('Private_Dirty');
  });

  it('a file: clean where read, dirty where written shared, a copy where written private', () => {
    const inode = file(4);
    const shared = space.mmap({ length: 4 * PAGE, inode, shared: true });
    const own = space.mmap({ length: 4 * PAGE, inode, protection: PROT_READ | PROT_WRITE });
    space.loadU8(shared);
    space.store8(shared + PAGE, 1);
    expect(figures(space, shared)).toEqual({
      Size: 16,
      Rss: 8,
      Pss: 8,
      Pss_Dirty: 4,
      Private_Clean: 4,
      Private_Dirty: 4,
      Referenced: 8,
    });
    space.loadU8(own);
    space.store8(own + 2 * PAGE, 1);
    expect(figures(space, own)).toMatchObject({
      Rss: 8,
      Pss: 6,
      Shared_Clean: 4,
      Private_Dirty: 4,
      Anonymous: 4,
    });
    expect(figures(space, shared)).toMatchObject({ Shared_Clean: 4, Private_Dirty: 4, Pss: 6 });
  });

  it('prints every line of a real one, in order, and reads them again', () => {
    space.mmap({ length: PAGE, growsDown: true, name: '[stack]', protection: PROT_READ });
    const text = printSmaps(smapsOf(space));
    expect(parseSmaps(text)).toEqual(smapsOf(space));
    expect(text.split('\n').slice(1)).toEqual([
      'Size:                  4 kB',
      'KernelPageSize:        4 kB',
      'MMUPageSize:           4 kB',
      'Rss:                   0 kB',
      'Pss:                   0 kB',
      'Pss_Dirty:             0 kB',
      'Shared_Clean:          0 kB',
      'Shared_Dirty:          0 kB',
      'Private_Clean:         0 kB',
      'Private_Dirty:         0 kB',
      'Referenced:            0 kB',
      'Anonymous:             0 kB',
      'KSM:                   0 kB',
      'LazyFree:              0 kB',
      'AnonHugePages:         0 kB',
      'ShmemPmdMapped:        0 kB',
      'FilePmdMapped:         0 kB',
      'Shared_Hugetlb:        0 kB',
      'Private_Hugetlb:       0 kB',
      'Swap:                  0 kB',
      'SwapPss:               0 kB',
      'Locked:                0 kB',
      'THPeligible:           0',
      'VmFlags: rd mr mw me gd ',
      '',
    ]);
  });

  it('over all address spaces, Pss adds up to the frames behind them', () => {
    const inode = file(6);
    space.mmap({ length: 6 * PAGE, inode, populate: true });
    const at = space.mmap({ length: 6 * PAGE, populate: true });
    const children = [space.fork(), space.fork()];
    children[0].store8(at, 1);
    const { mapCount, frames } = vm.pages.descriptors;
    let mapped = 0;
    for (let frame = 0; frame < frames; frame++) if (mapCount[frame] > 0) mapped++;
    const pss = [space, ...children].flatMap((each) => smapsOf(each).map(({ fields }) => fields.get('Pss')!));
    // Each area's sum is rounded down.
    const sum = pss.reduce((total, value) => total + value, 0);
    expect(sum).toBeLessThanOrEqual(mapped * 4);
    expect(sum).toBeGreaterThan(mapped * 4 - pss.length);
  });
});

it('vmallocinfo: areas with their guard pages, at the addresses of x86-64', () => {
  const { kernel } = vm;
  const first = kernel.vmalloc(5 * PAGE, { caller: 'load_module+0x10/0x20' })!;
  kernel.vmalloc(1, { caller: 'kernel_clone' });
  const third = kernel.vmalloc(2 * PAGE);
  kernel.vfree(first);
  kernel.vmalloc(3 * PAGE, { caller: 'bpf' });
  const text = printVmallocinfo(vmallocinfoOf(kernel));
  expect(text.split('\n')).toEqual([
    '0xffffc90000000000-0xffffc90000004000   16384 bpf pages=3 vmalloc',
    '0xffffc90000006000-0xffffc90000008000    8192 kernel_clone pages=1 vmalloc',
    '0xffffc90000008000-0xffffc9000000b000   12288 unknown pages=2 vmalloc',
    '',
  ]);
  expect(parseVmallocinfo(text)).toEqual(vmallocinfoOf(kernel));
  expect(meminfoOf(vm.slab).get('VmallocUsed')).toBe((3 + 1 + 2) * 4);
  kernel.vfree(third);
});

describe('meminfo', () => {
  const meminfo = () => parseMeminfo(printMeminfo(meminfoOf(vm.slab)));

  it('reads as it was told, and agrees with buddyinfo', () => {
    expect(meminfo()).toEqual(meminfoOf(vm.slab));
    const free = buddyinfoOf(vm.pages).flatMap(({ free }) => free.map((count, order) => count * 2 ** order));
    expect(meminfo().get('MemFree')).toBe(free.reduce((sum, frames) => sum + frames, 0) * 4);
    expect(meminfo().get('MemTotal')).toBe(16 * 1024 - 1024);
    expect(printMeminfo(meminfoOf(vm.slab))).toMatch(
      /^MemTotal: {10}15360 kB\nMemFree: {9}\d{7} kB\n|MemFree: +\d+ kB/,
    );
  });

  it('follows what is mapped, written and shared', () => {
    const before = meminfo();
    const inode = file(8);
    const mapped = space.mmap({ length: 4 * PAGE, inode, shared: true, populate: true });
    space.store8(mapped, 1);
    const own = space.mmap({ length: 5 * PAGE, populate: true });
    for (let page = 0; page < 5; page++) space.store8(own + page * PAGE, 1);
    const segment = space.mmap({ length: 3 * PAGE, shared: true });
    for (let page = 0; page < 3; page++) space.store8(segment + page * PAGE, 1);
    const child = space.fork();
    const after = meminfo();
    const grown = (name: string) => after.get(name)! - before.get(name)!;
    expect(grown('AnonPages')).toBe(20);
    expect(grown('Shmem')).toBe(12);
    expect(grown('Mapped')).toBe(16 + 12);
    expect(grown('Cached')).toBe(16 + 12);
    expect(grown('Dirty')).toBe(4);
    expect(after.get('PageTables')).toBe((vm.pageTableFrames + vm.kernel.table.tables) * 4);
    expect(after.get('Slab')).toBe(after.get('SReclaimable')! + after.get('SUnreclaim')!);
    expect(after.get('MemAvailable')).toBeLessThan(before.get('MemAvailable')!);
    child.destroy();
    space.destroy();
    expect(meminfo().get('AnonPages')).toBe(before.get('AnonPages'));
  });
});
