/** `freehold inspect` on what machines of many kinds tell: nothing assumed, nothing lost, no byte counted twice. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { capture } from '../../../test/capture.js';
import { shared } from '../../../test/recordings.js';
import type { Inspection } from '../../inspect/inspection.js';
import { main } from '../main.js';

const KiB = 1024;
const folder = mkdtempSync(join(tmpdir(), 'freehold-'));
afterAll(() => rmSync(folder, { recursive: true }));
const said = capture();
let copied = 0;

/** A folder with copies of these files. */
function copies(files: Record<string, string>): string {
  const root = join(folder, String(copied++));
  mkdirSync(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

async function figures(files: Record<string, string>, ...argv: string[]): Promise<Inspection> {
  said.out = '';
  expect(await main(['inspect', '--root', copies(files), '--json', ...argv])).toBe(0);
  return JSON.parse(said.out);
}

async function text(files: Record<string, string>, ...argv: string[]): Promise<string> {
  said.out = '';
  expect(await main(['inspect', '--root', copies(files), ...argv])).toBe(0);
  expect(said.out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  return said.out;
}

const meminfoOf = (kib: Record<string, number>) =>
  Object.entries(kib)
    .map(([name, value]) => `${name}: ${value}${name.startsWith('HugePages_') ? '' : ' kB'}\n`)
    .join('');
const slabinfoOf = (...rows: string[]) =>
  `slabinfo - version: 2.1\n# name            <active_objs> …\n${rows
    .map((row) => `${row} : tunables 0 0 0 : slabdata 1 1 0\n`)
    .join('')}`;

describe('what memory is used for', () => {
  it('what is not told has no figure and no row, and is part of the rest', async () => {
    const meminfo = meminfoOf({ MemTotal: 1000, MemFree: 400, Buffers: 10, Cached: 90 });
    const { memory } = await figures({ meminfo });
    expect(memory).toEqual({
      total: 1000 * KiB,
      free: 400 * KiB,
      freeInBlocks: null,
      available: null,
      files: 100 * KiB,
      anonymous: null,
      shared: null,
      slabs: null,
      vmalloc: null,
      kernelStacks: null,
      perCpu: null,
      pageTables: null,
      hugePages: null,
      hugePageBytes: null,
      zswap: null,
      unaccounted: 500 * KiB,
    });
    const told = await text({ meminfo });
    expect(told).toMatch(/^Memory \(meminfo\): 1000 KiB\n/);
    expect(told).toMatch(/^rest +500 KiB +50\.0 {2}in none of these: processes, drivers$/m);
    expect(told).not.toMatch(/^(processes|slabs|shared|vmalloc)/m);
    expect(told).not.toContain('available');
  });

  it('without a total there are no shares', async () => {
    const told = await text({ meminfo: meminfoOf({ MemFree: 400, MemAvailable: 500 }) });
    expect(told).toMatch(/^Memory \(meminfo\): 500 KiB is available without swapping\n/);
    expect(told).toMatch(/^free +400 KiB +- /m);
    expect(told).not.toMatch(/^rest/m);
  });

  it.each<[string, Record<string, number>, number | null]>([
    ['address space, before Linux 4.4', { VmallocUsed: 41764, VmallocChunk: 829276 }, null],
    ['not counted, until 5.2', { VmallocUsed: 0, VmallocChunk: 0 }, null],
    ['frames, since 5.3', { VmallocUsed: 300, VmallocChunk: 0 }, 300],
  ])('vmalloc: %s', async (_what, told, kib) => {
    const all = { MemTotal: 1000, MemFree: 400, KernelStack: 48, ...told };
    const { memory } = await figures({ meminfo: meminfoOf(all) });
    expect(memory!.vmalloc).toBe(kib && kib * KiB);
    // Among the frames of vmalloc, where they are counted.
    expect(memory!.kernelStacks).toBe(kib === null ? 48 * KiB : null);
    expect(memory!.unaccounted).toBe((600 - (kib ?? 48)) * KiB);
  });

  it('huge pages: of all sizes where that is told, else of the default', async () => {
    const sizes = { HugePages_Total: 3, Hugepagesize: 100 };
    const old = await figures({ meminfo: meminfoOf({ MemTotal: 1000, MemFree: 400, ...sizes }) });
    expect(old.memory).toMatchObject({ hugePages: 300 * KiB, unaccounted: 300 * KiB });
    const all = { MemTotal: 1000, MemFree: 400, ...sizes, Hugetlb: 500 };
    const told = await figures({ meminfo: meminfoOf(all) });
    expect(told.memory).toMatchObject({ hugePages: 500 * KiB, unaccounted: 100 * KiB });
  });

  it("of a container (lxcfs), whose shared memory is not in its page cache, and whose slabs are its host's", async () => {
    const all = { MemTotal: 1000, MemFree: 400, Cached: 10, Shmem: 30, Slab: 5000 };
    const { memory } = await figures({ meminfo: meminfoOf(all) });
    expect(memory).toMatchObject({ files: 10 * KiB, shared: 30 * KiB, unaccounted: -4440 * KiB });
    expect(await text({ meminfo: meminfoOf(all) })).toMatch(
      /^rest +-4\.34 MiB +-444\.0 {2}the rows tell more/m,
    );
  });

  it('of 32 bits with high memory, of Linux 2.6.9: no AnonPages, no Shmem', async () => {
    const all = {
      ...{ MemTotal: 4000, MemFree: 1000, Buffers: 100, Cached: 1900, HighTotal: 3000, HighFree: 800 },
      ...{ LowTotal: 1000, LowFree: 200, Mapped: 500, Slab: 200, PageTables: 20, VmallocTotal: 106488 },
      ...{ VmallocUsed: 3500, VmallocChunk: 102000 },
    };
    const { memory } = await figures({ meminfo: meminfoOf(all) });
    expect(memory).toMatchObject({ files: 2000 * KiB, anonymous: null, unaccounted: 780 * KiB });
  });
});

describe('free memory and the free blocks', () => {
  // 10 pages and 5 of two: 80 KiB.
  const buddyinfo = 'Node 0, zone Normal 10 5\n';
  const withFree = (kib: number) => ({ buddyinfo, meminfo: meminfoOf({ MemTotal: 1000, MemFree: kib }) });

  it('are the same', async () => {
    expect((await figures(withFree(80))).memory).toMatchObject({ free: 80 * KiB, freeInBlocks: 80 * KiB });
    expect(await text(withFree(80))).toMatch(/^free +80 KiB +8\.0 {2}in the free blocks below$/m);
  });

  it('do not add up: what is in no block is a row', async () => {
    const told = await text(withFree(280));
    expect(told).toMatch(/^free +280 KiB +28\.0 {2}in use for nothing$/m);
    expect(told).toMatch(/^- in blocks +80 KiB +8\.0 {2}in the free blocks below$/m);
    expect(told).toMatch(/^- elsewhere +200 KiB +20\.0 {2}in no block, such as memory not yet accepted$/m);
    // Not counted twice.
    expect(told).toMatch(/^rest +720 KiB +72\.0 /m);
  });

  it('the blocks have more: of another time, or of a host', async () => {
    expect(await text(withFree(40))).toContain(
      'The free blocks have 80 KiB: the files were read at different',
    );
    const host = { buddyinfo, meminfo: meminfoOf({ MemTotal: 60, MemFree: 40 }) };
    expect(await text(host)).toContain('The free blocks have more than all memory here');
  });

  it('no blocks are told of: none are below', async () => {
    expect(await text({ meminfo: withFree(80).meminfo })).not.toContain('below');
  });
});

describe('the size of a page', () => {
  const buddyinfo = 'Node 0, zone Normal 10 5\n';
  const log = 'Node 0 Normal: 1*16kB 1*32kB = 48kB\n';
  const smaps = '00400000-00410000 r-xp 00000000 fe:00 7 /x\n';
  const inPages = (kib: number) =>
    meminfoOf(
      Object.fromEntries(
        [
          ...['MemTotal', 'MemFree', 'MemAvailable', 'Buffers', 'Cached', 'AnonPages'],
          ...['Mapped', 'Shmem', 'PageTables'],
        ].map((name, i) => [name, kib * (i + 1001)]),
      ),
    );

  it.each<[string, Record<string, string>, number, string | null, string[]?]>([
    ['as the user says', { buddyinfo, dmesg: log }, 65536, 'option', ['--page-size', '64KiB']],
    ["a kernel's log", { buddyinfo: log }, 16384, 'buddyinfo'],
    [
      'smaps, where huge pages and small entries are mapped too',
      {
        buddyinfo,
        '1/smaps': `${smaps}KernelPageSize: 16384 kB\n${smaps}KernelPageSize: 64 kB\nMMUPageSize: 4 kB\n`,
      },
      65536,
      'smaps',
    ],
    [
      'vmallocinfo: an area less its guard',
      { buddyinfo, vmallocinfo: '0x1-0x2 81920 f+0x1/0x2 pages=4 vmalloc\n' },
      16384,
      'vmallocinfo',
    ],
    [
      'slabinfo of 64 KiB',
      { buddyinfo, slabinfo: slabinfoOf('kmalloc-96 1 682 96 682 1') },
      65536,
      'slabinfo',
    ],
    ['slabinfo of 16 KiB', { buddyinfo, slabinfo: slabinfoOf('a 1 4 9000 7 4') }, 16384, 'slabinfo'],
    [
      'slabinfo of 4 KiB',
      { buddyinfo, slabinfo: slabinfoOf('a 1 4 704 23 4', 'b 0 0 0 0 0') },
      4096,
      'slabinfo',
    ],
    ['meminfo: all are multiples', { buddyinfo, meminfo: inPages(64) }, 65536, 'meminfo'],
    ['meminfo of 16 KiB', { buddyinfo, meminfo: inPages(16) }, 16384, 'meminfo'],
    ['meminfo of 4 KiB', { buddyinfo, meminfo: inPages(4) }, 4096, 'meminfo'],
    ['too few figures', { buddyinfo, meminfo: meminfoOf({ MemTotal: 6400, MemFree: 640 }) }, 4096, null],
    ['nothing tells', { buddyinfo }, 4096, null],
  ])('%s', async (_what, files, bytes, from, argv = []) => {
    const { pageBytes, pageBytesFrom, zones } = await figures(files, ...argv);
    expect([pageBytes, pageBytesFrom]).toEqual([bytes, from]);
    expect(zones![0]!.largestFreeBytes).toBe(2 * bytes);
  });

  it('where nothing tells that is said, and where it is not what anybody would think', async () => {
    expect(await text({ buddyinfo })).toContain('No file tells the size of a page: taken as 4 KiB.');
    expect(await text({ buddyinfo: log })).toContain('A page has 16 KiB, as buddyinfo tells.');
    expect(await text({ buddyinfo: 'DMA: 1*4kB = 4kB\n' })).not.toContain('A page');
  });

  it('huge pages are of the order that they have', async () => {
    const meminfo = `${inPages(64)}Hugepagesize: 524288 kB\n`;
    expect(await text({ buddyinfo, meminfo })).toContain('huge pages (order 13) want');
  });

  it.skipIf(process.platform !== 'linux')(
    'this system tells its own, /proc written as one likes',
    async () => {
      for (const root of ['/proc', '/proc/', '/proc/../proc']) {
        said.out = '';
        expect(await main(['inspect', '--root', root, '--json'])).toBe(0);
        const { pageBytes, pageBytesFrom, missing }: Inspection = JSON.parse(said.out);
        expect(pageBytesFrom).toBe('system');
        expect(Number.isInteger(Math.log2(pageBytes)) && pageBytes >= 4096).toBe(true);
        expect(missing.map(({ file }) => file)).not.toContain('/proc/self/auxv');
      }
    },
  );
});

describe('free blocks', () => {
  it('of many orders and large counts stand in several tables', async () => {
    const zone = (node: number) => `Node ${node}, zone Movable${' 1234567'.repeat(14)}\n`;
    const told = await text({ buddyinfo: [0, 1, 2, 3].map(zone).join('') }, '--page-size', '64KiB');
    expect(told.match(/^order/gm)!.length).toBeGreaterThan(3);
    expect(told).toMatch(/^size .* 256M +512M$/m);
    expect(told).toMatch(/^3 Movable( 1234567)+$/m);
  });

  it('of a kernel log called dmesg, where there is no buddyinfo', async () => {
    const dmesg = 'oom\n[1.0] Node 0 DMA: 3*4kB (U) 1*8kB (M) = 20kB\n';
    expect((await figures({ 'dmesg.txt': dmesg })).zones).toMatchObject([{ zone: 'DMA', free: [3, 1] }]);
    const both = { 'dmesg.txt': dmesg, 'buddyinfo.txt': 'Node 0, zone DMA 7\n' };
    expect((await figures(both)).zones).toMatchObject([{ free: [7] }]);
  });
});

describe('processes', () => {
  const area = '00400000-00402000 r-xp 00000000 fe:00 7 /bin/true\n';

  it('the only one copied is shown unasked', async () => {
    const { process } = await figures({ '42/smaps': `${area}Rss: 8 kB\nVmFlags:\n` });
    expect(process).toMatchObject({ pid: '42', total: { rssBytes: 8 * KiB } });
    expect((await figures({ '42/maps': area })).process!.total.sizeBytes).toBe(8192);
  });

  it('of several one is to be named', async () => {
    expect(await main(['inspect', '--root', copies({ '7/maps': area, '42/smaps': area })])).toBe(2);
    expect(said.err).toMatch(/there are several processes in .*: give one of them with --pid: 42, 7\n/);
    expect((await figures({ '7/maps': area, '42/smaps': area }, '--pid', '7')).process!.pid).toBe('7');
  });

  it('what an old smaps does not tell has no figure', async () => {
    const old = `${area}Rss: 8 kB\nShared_Clean: 4 kB\nShared_Dirty: 0 kB\n`;
    const { total } = (await figures({ '1/smaps': old })).process!;
    expect(total).toMatchObject({
      rssBytes: 8 * KiB,
      pssBytes: null,
      sharedBytes: 4 * KiB,
      privateBytes: null,
    });
  });
});

describe('a file that is not what Linux prints', () => {
  const bad: [string, string][] = [
    ['meminfo', 'MemTotal: many\n'],
    ['buddyinfo', 'Node 0, zone DMA x\n'],
    ['pagetypeinfo', 'Page block order: 9\n'],
    ['slabinfo', 'slabinfo - version: 1.1\nkmem_cache 59 78 100 2 2 1\n'],
    ['vmallocinfo', '(null)\n'],
    ['1/smaps', 'Rss: 8 kB\n'],
  ];

  it.each(bad)('%s costs itself only', async (name, broken) => {
    const good = name === 'meminfo' ? { buddyinfo: 'Node 0, zone DMA 1\n' } : { meminfo: 'MemTotal: 8 kB\n' };
    const { missing, memory, zones } = await figures({ ...good, [name]: broken }, '--pid', '1');
    expect(memory ?? zones).not.toBeNull();
    const entry = missing.find(({ file }) => file.endsWith(name))!;
    expect(entry.line).toBeGreaterThan(0);
    expect(entry.why).toMatch(/^expected /);
    expect(await text({ ...good, [name]: broken }, '--pid', '1')).toMatch(/\nNot shown\n/);
    expect(said.out.replaceAll(/\n +/g, ' ')).toContain(`${name}:${entry.line}: expected`);
  });

  it('smaps that is wrong gives way to maps', async () => {
    const maps = '00400000-00402000 r-xp 00000000 fe:00 7 /bin/true\n';
    const { process, missing } = await figures({ '1/smaps': 'Rss: 8 kB\n', '1/maps': maps });
    expect(process!.total).toMatchObject({ sizeBytes: 8192, rssBytes: null });
    expect(missing.some(({ file }) => file.endsWith('smaps'))).toBe(true);
  });

  it('all are named where nothing else is there', async () => {
    expect(await main(['inspect', '--root', copies(Object.fromEntries(bad))])).toBe(2);
    for (const [name] of bad) expect(said.err).toMatch(new RegExp(`/${name}:\\d: expected`));
  });
});

describe.skipIf(shared('cases/proc') === null)('of each machine among the cases', () => {
  const root = shared('cases/proc') ?? folder;
  it.each(readdirSync(root))('%s', async (name) => {
    expect(await main(['inspect', '--root', join(root, name), '--json'])).toBe(0);
    const { memory, slabs, missing, zones, pageBytes }: Inspection = JSON.parse(said.out);
    expect(missing.filter(({ line }) => line !== undefined)).toEqual([]);
    for (const figure of Object.values(memory ?? {})) expect(figure ?? 0).toBeGreaterThanOrEqual(0);
    if (memory !== null) expect(memory.available).not.toBe(0);
    expect(slabs?.leftoverBytes ?? 0).toBeGreaterThanOrEqual(0);
    if (name === 'pages-of-64k') expect(pageBytes).toBe(65536);
    if (name === 'memory-no-row-tells') expect(memory!.unaccounted! / memory!.total!).toBeCloseTo(0.894, 3);
    if (name === 'meminfo-huge-pages') expect(memory!.hugePages).toBe(1831 * 16384 * KiB);
    if (name === 'buddyinfo-from-a-kernel-log')
      expect(zones!.map(({ freeBytes }) => freeBytes / KiB)).toEqual([15900, 77068, 173912]);
  });
});
