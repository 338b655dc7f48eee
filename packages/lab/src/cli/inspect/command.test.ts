/** `freehold inspect` on copies of the files, ours and real ones; on this machine's own in command.test.ts. */
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  buddyinfoOf,
  type CacheStats,
  GFP_KERNEL,
  Machine,
  meminfoOf,
  PageAllocator,
  pagetypeinfoOf,
  printBuddyinfo,
  printMeminfo,
  printPagetypeinfo,
  printSlabinfo,
  printVmallocinfo,
  SlabAllocator,
  slabinfoOf,
  VirtualMemory,
  vmallocinfoOf,
} from '@freehold/kernel';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { capture } from '../../../test/capture.js';
import { shared } from '../../../test/recordings.js';
import type { Inspection } from '../../inspect/inspection.js';
import { ProcFolder } from '../../node/proc-files.js';
import { main } from '../main.js';

const folder = mkdtempSync(join(tmpdir(), 'freehold-'));
afterAll(() => rmSync(folder, { recursive: true }));

const said = capture();
/** Files that only root may read. */
const denied = vi.hoisted(() => new Set<string>());
vi.mock('../../node/read-text.js', async (original) => {
  const real = await original<typeof import('../../node/read-text.js')>();
  return {
    readText: async (path: string, most: number) => {
      if (denied.has(path)) throw Object.assign(new Error('denied'), { code: 'EACCES' });
      return await real.readText(path, most);
    },
  };
});

const inspect = (...argv: string[]) => main(['inspect', ...argv]);

/** A folder with copies of these files. */
function copies(name: string, files: Record<string, string>): string {
  const root = join(folder, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const AREAS = [
  '00400000-00402000 r-xp 00000000 fe:00 7                                  /bin/true',
  'Rss:                   8 kB',
  'Pss:                   4 kB',
  'Shared_Clean:          8 kB',
  'Shared_Dirty:          0 kB',
  'Private_Clean:         0 kB',
  'Private_Dirty:         0 kB',
  'MMUPageSize:          16 kB',
  '00500000-00600000 rw-p 00000000 00:00 0                                  [heap]',
  'Rss:                  64 kB',
  'Pss:                  64 kB',
  'Shared_Clean:          0 kB',
  'Shared_Dirty:          0 kB',
  'Private_Clean:         4 kB',
  'Private_Dirty:        60 kB',
  '',
].join('\n');

const BUDDYINFO =
  'Node 0, zone      DMA      4      1      0 \nNode 0, zone   Normal      0      0      3 \n';

describe('figures', () => {
  it('of the free blocks: sums, and both indices for each order', async () => {
    expect(await inspect('--root', copies('buddy', { buddyinfo: BUDDYINFO }), '--json')).toBe(0);
    const { zones, pageBytes, types, slabs, process, missing }: Inspection = JSON.parse(said.out);
    expect(pageBytes).toBe(4096);
    expect(zones).toEqual([
      {
        node: 0,
        zone: 'DMA',
        free: [4, 1, 0],
        freeBytes: 6 * 4096,
        largestFreeBytes: 8192,
        fragmentationIndex: [-1, -1, 0.5],
        unusableFreeIndex: [0, 0.666, 1],
      },
      {
        node: 0,
        zone: 'Normal',
        free: [0, 0, 3],
        freeBytes: 12 * 4096,
        largestFreeBytes: 16384,
        fragmentationIndex: [-1, -1, -1],
        unusableFreeIndex: [0, 0, 0],
      },
    ]);
    expect([types, slabs, process]).toEqual([null, null, null]);
    expect(missing.map(({ why }) => why)).toEqual(['not there', 'not there', 'not there', 'not there']);
  });

  it("of this project's own kernel, from the texts it prints", async () => {
    const pages = new PageAllocator(new Machine(64 * 2 ** 20), { dma32End: 32 * 2 ** 20 });
    const slabs = new SlabAllocator(pages);
    const vm = new VirtualMemory(slabs);
    vm.kernel.vmalloc(10_000, { caller: 'load_module' });
    const cache = slabs.createCache('thing', 300);
    const objects = Array.from({ length: 26 }, () => cache.alloc(GFP_KERNEL)!);
    for (const object of objects.slice(5)) cache.free(object);
    const root = copies('ours', {
      buddyinfo: printBuddyinfo(buddyinfoOf(pages)),
      'pagetypeinfo.txt': printPagetypeinfo(pagetypeinfoOf(pages)),
      slabinfo: printSlabinfo(slabinfoOf(slabs)),
      meminfo: printMeminfo(meminfoOf(slabs)),
      vmallocinfo: printVmallocinfo(vmallocinfoOf(vm.kernel)),
    });
    expect(await inspect('--root', root, '--json')).toBe(0);
    const inspection: Inspection = JSON.parse(said.out);
    expect(inspection.missing).toEqual([]);
    expect(inspection.memory!.total).toBe(pages.managedFrames * 4096);
    expect(inspection.memory!.slabs).toBe(inspection.slabs!.bytes);
    const free = pages.zones.map((zone) => zone.freeFrames * 4096);
    expect(inspection.zones!.map(({ freeBytes }) => freeBytes)).toEqual(free);
    for (const [i, zone] of ['DMA', 'DMA32', 'Normal'].entries()) {
      const ofZone = inspection.types!.filter((each) => each.zone === zone);
      expect(ofZone.reduce((sum, { freeBytes }) => sum + freeBytes, 0)).toBe(free[i]);
      expect(ofZone.reduce((sum, { pageBlocks }) => sum + pageBlocks!, 0)).toBe(pages.zones[i]!.frames / 512);
    }
    const stats = slabs.caches().map((each) => each.stats());
    const sum = (of: (each: CacheStats) => number) => stats.reduce((all, each) => all + of(each), 0);
    const bytes = sum((each) => each.slabs * each.framesPerSlab * 4096);
    expect(inspection.slabs).toMatchObject({
      bytes,
      activeBytes: sum((each) => each.activeObjects * each.stride),
      freeBytes: sum((each) => (each.objects - each.activeObjects) * each.stride),
      leftoverBytes: bytes - sum((each) => each.objects * each.stride),
    });
    const thing = inspection.slabs!.caches.find(({ name }) => name === 'thing');
    expect(thing).toMatchObject({ activeObjects: 5, objectBytes: 304 });
    expect(inspection.vmalloc!.callers).toEqual([
      { caller: 'load_module', areas: 1, bytes: 16384, frameBytes: 12288 },
    ]);
  });

  it('of what memory is used for, and of vmalloc by caller', async () => {
    const root = copies('uses', {
      meminfo: [
        'MemTotal:           1000 kB',
        'MemFree:             400 kB',
        'MemAvailable:        700 kB',
        'Buffers:              10 kB',
        'Cached:              200 kB',
        'AnonPages:           100 kB',
        'Shmem:                30 kB',
        'Slab:                 50 kB',
        'PageTables:            8 kB',
        'VmallocUsed:          20 kB',
        '',
      ].join('\n'),
      vmallocinfo: [
        '0xffffc90000000000-0xffffc90000005000   20480 kernel_clone+0x94/0x3e0 pages=4 vmalloc N0=4',
        '0xffffc90000005000-0xffffc90000007000    8192 bpf_prog_alloc+0x39/0x230 pages=1 vmalloc N0=1',
        '0xffffc90000007000-0xffffc9000000c000   20480 kernel_clone+0x98/0x3e0 pages=4 vmalloc N0=4',
        '0xffffc9000000c000-0xffffc9000000e000    8192 unpurged vm_area',
        '',
      ].join('\n'),
    });
    expect(await inspect('--root', root, '--json')).toBe(0);
    const { memory, vmalloc }: Inspection = JSON.parse(said.out);
    const kB = 1024;
    expect(memory).toEqual({
      total: 1000 * kB,
      free: 400 * kB,
      available: 700 * kB,
      files: 180 * kB,
      anonymous: 100 * kB,
      shared: 30 * kB,
      slabs: 50 * kB,
      pageTables: 8 * kB,
      vmalloc: 20 * kB,
      freeInBlocks: null,
      kernelStacks: null,
      perCpu: null,
      hugePages: null,
      hugePageBytes: null,
      zswap: null,
      unaccounted: 212 * kB,
    });
    expect(vmalloc).toEqual({
      areas: 4,
      bytes: 57344,
      frameBytes: 9 * 4096,
      callers: [
        { caller: 'kernel_clone', areas: 2, bytes: 40960, frameBytes: 8 * 4096 },
        { caller: 'bpf_prog_alloc', areas: 1, bytes: 8192, frameBytes: 4096 },
        { caller: 'unpurged vm_area', areas: 1, bytes: 8192, frameBytes: 0 },
      ],
    });
    said.out = '';
    expect(await inspect('--root', root, '--caches', '2')).toBe(0);
    expect(said.out).toMatch(
      /^Memory \(meminfo\): 1000 KiB, of which 700 KiB is available without swapping\n/,
    );
    expect(said.out).toMatch(/^files +180 KiB +18\.0 {2}the page cache/m);
    expect(said.out).toMatch(/^kernel_clone +2 +40 KiB +32 KiB$/m);
    expect(said.out).not.toContain('unpurged');
    expect(said.out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('of a process: areas of one name together, the page size from smaps', async () => {
    const root = copies('process', { buddyinfo: BUDDYINFO, '42/smaps': AREAS });
    expect(await inspect('--root', root, '--pid', '42', '--json')).toBe(0);
    const { process, pageBytes, zones }: Inspection = JSON.parse(said.out);
    expect(pageBytes).toBe(16384);
    expect(zones![0]!.freeBytes).toBe(6 * 16384);
    expect(process).toMatchObject({
      pid: '42',
      areas: 2,
      total: { areas: 2, sizeBytes: 0x102000, rssBytes: 72 * 1024, pssBytes: 68 * 1024 },
      mappings: [
        { name: '[heap]', rssBytes: 64 * 1024, privateBytes: 64 * 1024, sharedBytes: 0 },
        { name: '/bin/true', rssBytes: 8 * 1024, privateBytes: 0, sharedBytes: 8 * 1024 },
      ],
    });
  });

  it('of a process whose smaps is not there, from maps: sizes only', async () => {
    const maps = AREAS.split('\n').filter((line) => line.includes(' fe:') || line.includes('[heap]'));
    const root = copies('maps', { '42/maps': `${maps.join('\n')}\n` });
    expect(await inspect('--root', root, '--pid', '42')).toBe(0);
    expect(said.out).toMatch(/\[heap\] +1 MiB +- +- +- +-\n/);
    expect(said.out).toContain('smaps: not there');
  });
});

describe('text', () => {
  it.skipIf(shared('samples') === null)('of a real machine, within 80 columns', async () => {
    expect(await inspect('--root', shared('samples')!, '--caches', '3')).toBe(0);
    expect(said.out.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(said.out).toMatch(/Normal 5225 3081 2142 1143 +622 +537 +760 +436 +269 +119 +187\n/);
    expect(said.out).toMatch(/Normal +Movable +1,536 /);
    expect(said.out).toMatch(/Object caches \(slabinfo\): \d+ caches, \d+ with slabs/);
    expect(said.err).toBe('');
  });

  it('tells what needs root, and shows the rest', async () => {
    const root = copies('closed', { buddyinfo: BUDDYINFO, slabinfo: '' });
    denied.add(join(root, 'slabinfo'));
    expect(await inspect('--root', root)).toBe(0);
    expect(said.out).toMatch(/DMA +4 +1 +0\n/);
    expect(said.out).toContain('slabinfo: permission denied');
  });

  it.skipIf(process.platform !== 'linux')('says what to do where only root may read', async () => {
    for (const path of ['/proc/pagetypeinfo', '/proc/slabinfo', '/proc/1/smaps', '/proc/1/maps'])
      denied.add(path);
    expect(await inspect('--pid', '1')).toBe(0);
    denied.clear();
    expect(said.out).toMatch(/^\/proc\/1\/smaps: only root and its owner may read it$/m);
    expect(said.out).toContain(
      '\nNot shown\n/proc/pagetypeinfo: only root may read it\n/proc/slabinfo: only root may',
    );
    expect(said.out.trimEnd().split('\n').at(-1)).toBe(
      'Run it as root, or have root copy them into a folder to be named with --root.',
    );
  });

  it('names the memory nodes where there are several', async () => {
    const buddyinfo = BUDDYINFO + BUDDYINFO.replaceAll('Node 0', 'Node 1').replace(/^.*DMA.*\n/, '');
    expect(await inspect('--root', copies('numa', { buddyinfo }))).toBe(0);
    expect(said.out).toMatch(/^0 DMA +4 +1 +0\n0 Normal +0 +0 +3\n1 Normal +0 +0 +3\n/m);
  });

  it('a kernel that stopped counting', async () => {
    const pagetypeinfo = [
      'Page block order: 9',
      'Pages per block:  512',
      '',
      `${'Free pages count per migrate type at order'.padEnd(43)}      0 `,
      'Node    0, zone   Normal, type      Movable >100000 ',
      '',
      'Number of blocks type       Movable ',
      'Node 0, zone   Normal         1200 ',
      '',
    ].join('\n');
    expect(await inspect('--root', copies('many', { pagetypeinfo }))).toBe(0);
    expect(said.out).toMatch(/Normal +Movable +1,200 +>391 MiB/);
  });
});

describe('wrong use', () => {
  const broken = copies('broken', { buddyinfo: 'Node 0, zone DMA 1 2\nhello\n' });
  const kernelThread = copies('thread', { '2/smaps': '', '2/maps': '' });
  it.each([
    [['--pid', 'x'], "--pid: 'x' is not a process id; give a number, or self"],
    [['--pid', '0'], "--pid: '0' is not a process id; give a number, or self"],
    [['--caches', '-1'], "--caches: '-1' is not a number; give 0 or more"],
    [
      ['--page-size', '0'],
      "--page-size: '0' is not a size; give whole bytes from 1 up, such as 4096, 64KiB, 1.5MiB or 2GiB",
    ],
    [['--page-size', '3'], "--page-size: '3' is not a page size of Linux; give a power of two from 4KiB up"],
    [
      ['--page-size', '6KiB'],
      "--page-size: '6KiB' is not a page size of Linux; give a power of two from 4KiB up",
    ],
    [
      ['--root', join(folder, 'none')],
      `nothing to inspect in ${join(folder, 'none')}: ${join(folder, 'none/meminfo')}: not there; inspect reads meminfo, buddyinfo, pagetypeinfo, slabinfo, vmallocinfo, PID/smaps`,
    ],
    [
      ['--root', broken],
      `${join(broken, 'buddyinfo')}:2: expected 'Node 0, zone NAME' and the free blocks of each order, found "hello"`,
    ],
  ])('%j', async (argv, message) => {
    expect(await inspect(...argv)).toBe(2);
    expect(said.err).toBe(`freehold: ${message}\n`);
    expect(said.out).toBe('');
  });

  it('a file that is endless or too large', async () => {
    const large = copies('large', { meminfo: '' });
    truncateSync(join(large, 'meminfo'), 2 ** 30);
    expect(await inspect('--root', large)).toBe(2);
    expect(said.err).toBe(
      `freehold: ${join(large, 'meminfo')}: has more than 256 MiB, the most that is read\n`,
    );
  });

  it('a thread of the kernel has no memory of its own', async () => {
    expect(await inspect('--root', kernelThread, '--pid', '2')).toBe(2);
    const found = new ProcFolder(kernelThread);
    expect(await found.read('2/smaps', () => expect.fail('parsed'))).toBeNull();
    expect(found.missing[0]!.why).toBe('is empty: a thread of the kernel has no memory of its own');
  });

  it('another system is told so plainly', () => {
    expect(() => new ProcFolder('/proc', 'darwin')).toThrow(
      'this system is darwin, but inspect reads /proc of Linux: copy meminfo, buddyinfo',
    );
    expect(() => new ProcFolder('copies', 'win32')).not.toThrow();
  });

  it.skipIf(process.platform !== 'linux')('there is no such process', async () => {
    const found = new ProcFolder();
    expect(await found.read('4194305/smaps', () => expect.fail('parsed'))).toBeNull();
    expect(found.missing).toEqual([{ file: '/proc/4194305/smaps', why: 'no such process' }]);
  });
});
