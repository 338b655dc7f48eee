/** mremap: what Linux 6.18 answered to the same calls, and what becomes of pages, tables and the TLB. */
import { describe, expect, it } from 'vitest';
import { boot, code, endAll, PAGE } from '../../../test/system.js';
import type { Process } from '../../process/process.js';
import { MemoryFile } from '../page-cache/file-source.js';
import { HEAP_NAME, PROT_NONE, PROT_READ, PROT_WRITE, TASK_SIZE } from './area.js';
import type { RemapOptions } from './mremap.js';

const BASE = 0x1000_0000;
const MOVE = { mayMove: true };

/** Anonymous areas of `count` pages from page `at` on: `0+4rw-p`. */
function map(process: Process, layout: string): void {
  for (const [, at, count, mode] of layout.matchAll(/(\d+)\+(\d+)(\S+)/g)) {
    process.mmap({
      address: BASE + Number(at) * PAGE,
      length: Number(count) * PAGE,
      fixed: true,
      shared: mode.endsWith('s'),
      protection: mode.startsWith('rw')
        ? PROT_READ | PROT_WRITE
        : mode.startsWith('r')
          ? PROT_READ
          : PROT_NONE,
    });
  }
}

function layoutOf(process: Process): string {
  return [...process.space.areas]
    .filter(({ start }) => start >= BASE && start < BASE + 100 * PAGE)
    .map(({ start, bytes, permissions }) => `${(start - BASE) / PAGE}+${bytes / PAGE}${permissions}`)
    .join(' ');
}

type Flag = keyof Omit<RemapOptions, 'address'>;

/** What is mapped; from, old and new length in pages; flags; where to. Then Linux's answer, and what is mapped then. */
const LINUX: readonly [string, [number, number, number, Flag[]?, number?], string, string][] = [
  ['0+4rw-p', [0, 4, 4], '0', '0+4rw-p'],
  ['0+4rw-p', [0, 8, 8], '0', '0+4rw-p'],
  ['0+4rw-p', [0, 4, 2], '0', '0+2rw-p'],
  ['0+4rw-p 4+4r--p', [0, 8, 2], '0', '0+2rw-p'],
  ['0+4rw-p 6+4r--p', [0, 8, 2], '0', '0+2rw-p 8+2r--p'],
  ['0+4rw-p', [0, 8, 2], '0', '0+2rw-p'],
  ['0+4rw-p', [0, 4, 6], '0', '0+6rw-p'],
  ['0+4rw-p 6+4rw-p', [0, 4, 6], '0', '0+10rw-p'],
  ['0+4rw-p 6+4r--p', [0, 4, 7], 'ENOMEM', '0+4rw-p 6+4r--p'],
  ['0+4rw-p', [0, 2, 3], 'ENOMEM', '0+4rw-p'],
  ['0+4rw-p', [2, 2, 5], '2', '0+7rw-p'],
  ['0+4rw-p', [0, 5, 6, ['mayMove']], 'EFAULT', '0+4rw-p'],
  ['', [0, 4, 6], 'EFAULT', ''],
  ['', [0, 4, 4], 'EFAULT', ''],
  ['0+4rw-p', [0, 4, 0], 'EINVAL', '0+4rw-p'],
  ['0+4rw-p', [0, 0, 4, ['mayMove']], 'EINVAL', '0+4rw-p'],
  ['0+4rw-s', [0, 0, 4], 'ENOMEM', '0+4rw-s'],
  ['0+4rw-s', [1, 0, 2, ['mayMove', 'fixed'], 10], '10', '0+4rw-s 10+2rw-s'],
  ['0+4rw-s', [1, 0, 8, ['mayMove', 'fixed'], 10], '10', '0+4rw-s 10+8rw-s'],
  ['0+4rw-s', [0, 0, 8, ['mayMove', 'fixed'], 4], '4', '0+4rw-s 4+8rw-s'],
  // Linux has unmapped the two pages by then.
  ['0+4rw-s', [0, 0, 2, ['mayMove', 'fixed'], 0], 'EFAULT', '0+4rw-s'],
  ['0+4rw-s', [1, 0, 2, ['mayMove', 'fixed'], 0], 'EINVAL', '0+4rw-s'],
  ['0+4rw-s', [0, 0, 0, ['mayMove']], 'EINVAL', '0+4rw-s'],
  ['0+4rw-p', [0.5, 1, 2], 'EINVAL', '0+4rw-p'],
  ['0+4rw-p', [0, 1, 1, ['fixed'], 10], 'EINVAL', '0+4rw-p'],
  ['0+4rw-p', [0, 2, 2, ['mayMove', 'fixed'], 1], 'EINVAL', '0+4rw-p'],
  ['0+4rw-p', [2, 2, 3, ['mayMove', 'fixed'], 0], 'EINVAL', '0+4rw-p'],
  ['0+4rw-p', [0, 2, 2, ['mayMove', 'fixed'], 10.5], 'EINVAL', '0+4rw-p'],
  ['0+4rw-p', [0, 2, 2, ['mayMove', 'fixed']], 'EINVAL', '0+4rw-p'],
  ['0+6rw-p', [2, 2, 2, ['mayMove', 'fixed'], 10], '10', '0+2rw-p 4+2rw-p 10+2rw-p'],
  ['0+6rw-p', [2, 2, 4, ['mayMove', 'fixed'], 10], '10', '0+2rw-p 4+2rw-p 10+4rw-p'],
  ['0+6rw-p', [1, 4, 2, ['mayMove', 'fixed'], 10], '10', '0+1rw-p 5+1rw-p 10+2rw-p'],
  ['0+8rw-p 20+8r--p', [0, 4, 3, ['mayMove', 'fixed'], 22], '22', '4+4rw-p 20+2r--p 22+3rw-p 25+3r--p'],
  ['0+8rw-p 20+2r--p', [4, 4, 2, ['mayMove', 'fixed'], 20], '20', '0+4rw-p 20+2rw-p'],
  ['0+6rw-p', [4, 2, 2, ['mayMove', 'fixed'], 1], '1', '0+4rw-p'],
  ['0+6rw-p', [4, 2, 2, ['mayMove', 'fixed'], 6], '6', '0+4rw-p 6+2rw-p'],
  ['0+4rw-p 10+4r--p', [0, 2, 2, ['mayMove', 'fixed'], 11], '11', '2+2rw-p 10+1r--p 11+2rw-p 13+1r--p'],
  ['0+4rw-p 4+4r--p', [0, 8, 8, ['mayMove', 'fixed'], 20], '20', '20+4rw-p 24+4r--p'],
  ['0+4rw-p 4+4r--p', [0, 8, 2, ['mayMove', 'fixed'], 20], '20', '20+2rw-p'],
  ['0+4rw-p 4+4r--p', [0, 8, 4, ['mayMove', 'fixed'], 20], '20', '20+4rw-p'],
  ['0+4rw-p 4+4r--p', [0, 8, 6, ['mayMove', 'fixed'], 20], 'EFAULT', '0+4rw-p 4+4r--p'],
  ['0+4rw-p 4+4r--p', [0, 8, 9, ['mayMove', 'fixed'], 20], 'EFAULT', '0+4rw-p 4+4r--p'],
  ['0+4rw-p', [0, 8, 2, ['mayMove', 'fixed'], 20], '20', '20+2rw-p'],
  ['0+4rw-p', [0, 8, 6, ['mayMove', 'fixed'], 20], 'EFAULT', '0+4rw-p'],
  ['0+4rw-p', [0, 8, 8, ['mayMove', 'fixed'], 20], '20', '20+4rw-p'],
  [
    '0+4rw-p 6+2rw-p 20+10r--p',
    [0, 8, 8, ['mayMove', 'fixed'], 20],
    '20',
    '20+4rw-p 24+2r--p 26+2rw-p 28+2r--p',
  ],
  ['0+4rw-p 6+2r--p', [4, 4, 4, ['mayMove', 'fixed'], 20], 'EFAULT', '0+4rw-p 6+2r--p'],
  ['0+4rw-p 6+2r--p', [2, 5, 5, ['mayMove', 'fixed'], 20], '20', '0+2rw-p 7+1r--p 20+2rw-p 24+1r--p'],
  ['4+2rw-p 8+2rw-p 11+3rw-p', [11, 2, 2, ['mayMove', 'fixed'], 6], '6', '4+6rw-p 13+1rw-p'],
  ['4+4rw-p 10+4rw-p', [10, 4, 4, ['mayMove', 'fixed'], 8], 'EINVAL', '4+4rw-p 10+4rw-p'],
  ['0+4rw-p 10+4rw-p', [0, 6, 7, ['mayMove', 'fixed'], 11], 'EFAULT', '0+4rw-p 10+4rw-p'],
  ['0+4rw-p 10+4rw-p', [0, 6, 3, ['mayMove', 'fixed'], 11], '11', '10+4rw-p'],
  ['0+4rw-p', [1, 2, 2, ['mayMove', 'fixed', 'dontUnmap'], 20], '20', '0+4rw-p 20+2rw-p'],
  ['0+4rw-p', [0, 4, 4, ['mayMove', 'fixed', 'dontUnmap'], 4], '4', '0+8rw-p'],
  ['0+4rw-p', [0, 2, 3, ['mayMove', 'fixed', 'dontUnmap'], 20], 'EINVAL', '0+4rw-p'],
  ['0+4rw-p', [0, 2, 2, ['dontUnmap'], 20], 'EINVAL', '0+4rw-p'],
  ['0+4rw-p', [0, 2, 2, ['mayMove', 'dontUnmap'], 20], '20', '0+4rw-p 20+2rw-p'],
  ['0+4rw-p', [0, 2, 2, ['mayMove', 'dontUnmap'], 20.5], 'EINVAL', '0+4rw-p'],
  ['0+4rw-p', [0, 2, 2, ['mayMove', 'dontUnmap'], 1], 'EINVAL', '0+4rw-p'],
  ['0+4rw-s', [0, 2, 2, ['mayMove', 'fixed', 'dontUnmap'], 20], '20', '0+4rw-s 20+2rw-s'],
  ['0+4rw-s', [0, 0, 4, ['mayMove', 'fixed', 'dontUnmap'], 20], 'EINVAL', '0+4rw-s'],
  [
    '0+4rw-p 4+4r--p',
    [0, 8, 8, ['mayMove', 'fixed', 'dontUnmap'], 20],
    '20',
    '0+4rw-p 4+4r--p 20+4rw-p 24+4r--p',
  ],
  ['0+4rw-p 4+4r--p', [0, 8, 8, ['mayMove', 'dontUnmap'], 20], 'EFAULT', '0+4rw-p 4+4r--p'],
  ['0+4rw-p 4+4r--p', [0, 8, 8, ['mayMove']], '0', '0+4rw-p 4+4r--p'],
  ['0+4rw-s 6+4rw-s', [0, 4, 6], '0', '0+6rw-s 6+4rw-s'],
  ['0+4rw-p 4+1---p', [0, 4, 6, ['mayMove']], 'elsewhere', '4+1---p'],
  ['0+4rw-p', [0, 4, 4, ['mayMove', 'fixed'], (TASK_SIZE - BASE) / PAGE], 'EINVAL', '0+4rw-p'],
  ['0+4rw-p', [0, 4, 2 ** 36, ['mayMove']], 'EINVAL', '0+4rw-p'],
  ['0+4rw-p', [0, 4, 2 ** 35 - 2 ** 8, ['mayMove']], 'ENOMEM', '0+4rw-p'],
  ['0+4rw-p', [0, 2 ** 36, 4, ['mayMove']], 'EINVAL', '0+4rw-p'],
  ['0+4rw-s', [0, 4, 2 ** 31, ['mayMove']], '0', `0+${2 ** 31}rw-s`],
  ['0+4rw-s', [0, 4, 2 ** 31 + 1, ['mayMove']], 'EINVAL', '0+4rw-s'],
];

describe('mremap answers as Linux does', () => {
  it.each(LINUX)('%s: %j', (before, [from, oldPages, newPages, flags = [], to], answer, after) => {
    const { init, kernel } = boot();
    map(init, before);
    const address = to === undefined ? {} : { address: BASE + to * PAGE };
    const options = { ...Object.fromEntries(flags.map((flag) => [flag, true])), ...address };
    let found: string;
    try {
      const at = init.mremap(BASE + from * PAGE, oldPages * PAGE, newPages * PAGE, options);
      found = at >= BASE && at < BASE + 100 * PAGE ? String((at - BASE) / PAGE) : 'elsewhere';
    } catch (error) {
      found = code(() => {
        throw error;
      });
    }
    expect([found, layoutOf(init)]).toEqual([answer, after]);
    endAll(kernel);
  });
});

/** Every page of an area holds its number plus 1. */
function number(process: Process, at: number, pages: number): void {
  for (let i = 0; i < pages; i++) process.space.store8(at + i * PAGE, i + 1);
}

const numbers = (process: Process, at: number, pages: number) =>
  Array.from({ length: pages }, (_, i) => process.space.loadU8(at + i * PAGE));

const framesOf = ({ space }: Process, at: number, pages: number) =>
  Array.from({ length: pages }, (_, i) => space.vm.pages.machine.u32[space.table.find(at / PAGE + i)] >>> 12);

describe('pages that move', () => {
  it('keep their frames, over borders of tables too, and are gone from the old place', () => {
    const { init, kernel } = boot();
    const at = init.mmap({ length: 600 * PAGE, address: BASE + 100 * PAGE, fixed: true });
    number(init, at, 255);
    for (const to of [BASE + 800 * PAGE, BASE + 300 * PAGE + 2 ** 30, BASE]) {
      const from = init.space.areas.head!.start;
      const frames = framesOf(init, from, 255);
      const { residentPages } = init.space;
      const copies = kernel.vm.counts.copies;
      init.mremap(from, 600 * PAGE, 600 * PAGE, { ...MOVE, fixed: true, address: to });
      expect(framesOf(init, to, 255)).toEqual(frames);
      expect(numbers(init, to, 255)).toEqual(Array.from({ length: 255 }, (_, i) => i + 1));
      expect(code(() => init.space.loadU8(from))).toBe('SEGV_MAPERR');
      expect([init.space.residentPages, kernel.vm.counts.copies]).toEqual([residentPages, copies]);
      kernel.check();
    }
    endAll(kernel);
  });

  it('to the neighbour in one table, below and above, are not lost', () => {
    const { init, kernel } = boot();
    for (const [from, to] of [
      [600, 0],
      [0, 600],
    ]) {
      const at = BASE + from * PAGE;
      init.mmap({ length: 600 * PAGE, address: at, fixed: true });
      init.space.store8(at, 1);
      init.space.store8(at + 599 * PAGE, 2);
      init.mremap(at, 600 * PAGE, 600 * PAGE, { ...MOVE, fixed: true, address: BASE + to * PAGE });
      expect(init.space.loadU8(BASE + to * PAGE)).toBe(1);
      expect(init.space.loadU8(BASE + (to + 599) * PAGE)).toBe(2);
      kernel.check();
      init.munmap(BASE, 1200 * PAGE);
    }
    endAll(kernel);
  });

  it('take the place of others, whose frames are free', () => {
    const { init, kernel } = boot();
    map(init, '0+2rw-p 10+4rw-p');
    number(init, BASE, 2);
    number(init, BASE + 10 * PAGE, 4);
    const { freeFrames } = kernel.pages;
    init.mremap(BASE, 2 * PAGE, 2 * PAGE, { ...MOVE, fixed: true, address: BASE + 11 * PAGE });
    expect(numbers(init, BASE + 10 * PAGE, 4)).toEqual([1, 1, 2, 4]);
    expect(kernel.pages.freeFrames - freeFrames).toBe(2);
    endAll(kernel);
  });

  it('take the place of all that a table held: it stays, or goes where nothing comes', () => {
    const { init, kernel } = boot();
    const to = BASE + 2 ** 30;
    const move = () => init.mremap(BASE, 2 * PAGE, 2 * PAGE, { ...MOVE, fixed: true, address: to });
    map(init, '0+2rw-p');
    const { tables } = init.space.table;
    number(init, init.mmap({ address: to, length: 2 * PAGE, fixed: true }), 2);
    init.space.store8(BASE, 9);
    move();
    expect(numbers(init, to, 1)).toEqual([9]);
    kernel.check();
    // Nothing was touched here: nothing comes, and what was there goes.
    map(init, '0+2rw-p');
    move();
    expect(init.space.table.tables).toBe(tables);
    endAll(kernel);
  });

  it('of a fork are still shared until one side writes', () => {
    const { init, kernel } = boot();
    map(init, '0+3rw-p');
    number(init, BASE, 3);
    const child = kernel.processes.fork(init);
    child.mremap(BASE, 3 * PAGE, 5 * PAGE, { ...MOVE, fixed: true, address: BASE + 10 * PAGE });
    child.space.store8(BASE + 10 * PAGE, 9);
    expect(numbers(child, BASE + 10 * PAGE, 5)).toEqual([9, 2, 3, 0, 0]);
    expect(numbers(init, BASE, 3)).toEqual([1, 2, 3]);
    endAll(kernel);
  });

  it('leave their area behind with dontUnmap: zeroes, or the file', () => {
    const { init, kernel } = boot();
    const inode = kernel.vm.cache.open(new MemoryFile('/f', new Uint8Array(2 * PAGE).fill(8)))!;
    map(init, '0+2rw-p');
    init.mmap({ address: BASE + 4 * PAGE, length: 2 * PAGE, fixed: true, inode });
    kernel.vm.cache.release(inode);
    number(init, BASE, 2);
    number(init, BASE + 4 * PAGE, 2);
    const there = { ...MOVE, fixed: true, dontUnmap: true, address: BASE + 20 * PAGE };
    init.mremap(BASE, 6 * PAGE, 6 * PAGE, there);
    expect([numbers(init, BASE, 2), numbers(init, BASE + 4 * PAGE, 2)]).toEqual([
      [0, 0],
      [8, 8],
    ]);
    expect(numbers(init, BASE + 20 * PAGE, 2)).toEqual([1, 2]);
    expect(numbers(init, BASE + 24 * PAGE, 2)).toEqual([1, 2]);
    endAll(kernel);
  });
});

describe('files', () => {
  function withFile() {
    const system = boot();
    const file = new MemoryFile(
      '/f',
      Uint8Array.from({ length: 8 * PAGE }, (_, i) => i / PAGE + 1),
    );
    return { ...system, file, inode: system.kernel.vm.cache.open(file)! };
  }

  it('are found at the new place by reclaim and writing back', () => {
    const { init, kernel, file, inode } = withFile();
    init.mmap({ address: BASE, length: 4 * PAGE, fixed: true, inode, shared: true, offset: 2 * PAGE });
    init.space.store8(BASE + PAGE, 77);
    init.mremap(BASE, 4 * PAGE, 6 * PAGE, { ...MOVE, fixed: true, address: BASE + 10 * PAGE });
    expect(numbers(init, BASE + 10 * PAGE, 6)).toEqual([3, 77, 5, 6, 7, 8]);
    expect(init.space.msync(BASE + 10 * PAGE, 6 * PAGE)).toBe(1);
    expect(file.bytes[3 * PAGE]).toBe(77);
    // Written back, the page is read-only again: its next write is seen.
    init.space.store8(BASE + 11 * PAGE, 78);
    expect(kernel.vm.cache.dirtyPages).toBe(1);
    kernel.vm.cache.reclaim(100);
    expect(kernel.vm.cache.reclaim(100)).toBe(6);
    expect(init.space.residentPages).toBe(1);
    expect(init.space.loadU8(BASE + 11 * PAGE)).toBe(78);
    kernel.vm.cache.release(inode);
    endAll(kernel);
  });

  it('are mapped once more by an old length of 0, and held by the new area', () => {
    const { init, kernel, inode } = withFile();
    init.mmap({ address: BASE, length: 2 * PAGE, fixed: true, inode, shared: true });
    kernel.vm.cache.release(inode);
    const twin = init.mremap(BASE + PAGE, 0, 3 * PAGE, MOVE);
    expect(numbers(init, twin, 3)).toEqual([2, 3, 4]);
    init.space.store8(twin, 50);
    expect(init.space.loadU8(BASE + PAGE)).toBe(50);
    init.munmap(BASE, 2 * PAGE);
    expect([inode.users, inode.areas.size, init.space.loadU8(twin)]).toEqual([1, 1, 50]);
    endAll(kernel);
  });

  it('join where they continue, and end in SIGBUS where they end', () => {
    const { init, kernel, inode } = withFile();
    init.mmap({ address: BASE, length: 4 * PAGE, fixed: true, inode, shared: true });
    init.mmap({
      address: BASE + 10 * PAGE,
      length: 4 * PAGE,
      fixed: true,
      inode,
      shared: true,
      offset: 4 * PAGE,
    });
    init.mremap(BASE, 4 * PAGE, 4 * PAGE, { ...MOVE, fixed: true, address: BASE + 6 * PAGE });
    expect(layoutOf(init)).toBe('6+8rw-s');
    init.mremap(BASE + 6 * PAGE, 8 * PAGE, 9 * PAGE);
    expect(code(() => init.space.loadU8(BASE + 14 * PAGE))).toBe('BUS_ADRERR');
    kernel.vm.cache.release(inode);
    endAll(kernel);
  });
});

it('a shared segment that was moved is detached where it is now', () => {
  const { init, kernel } = boot();
  const at = init.attach(kernel.segments.get(5, 3 * PAGE));
  init.space.store8(at + PAGE, 6);
  const to = BASE + 10 * PAGE;
  init.mremap(at, 3 * PAGE, 3 * PAGE, { ...MOVE, fixed: true, address: to });
  expect(init.space.loadU8(to + PAGE)).toBe(6);
  expect(code(() => init.detach(at))).toBe('EINVAL');
  init.detach(to);
  expect(layoutOf(init)).toBe('');
  endAll(kernel);
});

it('what moved out of the heap is no part of it, and the heap grows as before', () => {
  const { init, kernel } = boot();
  const start = init.sbrk(4 * PAGE);
  init.space.store8(start + PAGE, 3);
  init.mremap(start + PAGE, PAGE, PAGE, { ...MOVE, fixed: true, address: BASE });
  init.sbrk(PAGE);
  expect([...init.space.areas].map(({ label }) => label)).toEqual(['', HEAP_NAME, HEAP_NAME, '[stack]']);
  expect(init.space.loadU8(BASE)).toBe(3);
  endAll(kernel);
});
