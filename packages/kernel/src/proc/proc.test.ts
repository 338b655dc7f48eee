/** The texts of /proc, ours and real ones: read, and printed again byte for byte. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from '../frames/gfp.js';
import { PageAllocator } from '../frames/page-allocator.js';
import { Machine } from '../machine.js';
import { SlabAllocator } from '../slab/slab-allocator.js';
import { buddyinfoOf, parseBuddyinfo, printBuddyinfo } from './buddyinfo.js';
import { ProcFormatError } from './lines.js';
import { parseMaps, printMaps } from './maps.js';
import { parseMeminfo, printMeminfo } from './meminfo.js';
import { pagetypeinfoOf, parsePagetypeinfo, printPagetypeinfo } from './pagetypeinfo.js';
import { parseSlabinfo, printSlabinfo, slabinfoOf } from './slabinfo.js';
import { parseSmaps, printSmaps } from './smaps.js';
import { parseVmallocinfo, printVmallocinfo } from './vmallocinfo.js';

const MiB = 2 ** 20;

const again: Record<string, (text: string) => string> = {
  buddyinfo: (text) => printBuddyinfo(parseBuddyinfo(text)),
  pagetypeinfo: (text) => printPagetypeinfo(parsePagetypeinfo(text)),
  slabinfo: (text) => printSlabinfo(parseSlabinfo(text)),
  vmallocinfo: (text) => printVmallocinfo(parseVmallocinfo(text)),
  meminfo: (text) => printMeminfo(parseMeminfo(text)),
  maps: (text) => printMaps(parseMaps(text)),
  smaps: (text) => printSmaps(parseSmaps(text)),
};

function sample(name: string): string | null {
  const path = fileURLToPath(new URL(`../../../../../shared/samples/${name}.txt`, import.meta.url));
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

/** Null on another system, and where only root may read. */
function proc(path: string): string | null {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return null;
  }
}

describe('real texts are read and printed again byte for byte', () => {
  it.for(['buddyinfo', 'pagetypeinfo', 'slabinfo', 'vmallocinfo'])('the sample of %s', (name, { skip }) => {
    const text = sample(name);
    if (text === null) skip('no samples here');
    expect(again[name](text!)).toBe(text);
  });

  it.for(['buddyinfo', 'pagetypeinfo', 'slabinfo', 'vmallocinfo', 'meminfo', 'self/maps', 'self/smaps'])(
    "this machine's %s",
    (path, { skip }) => {
      const text = proc(path);
      if (text === null) skip('not readable here');
      expect(again[path.replace('self/', '')](text!)).toBe(text);
    },
  );
});

describe('ours are read and mean the same', () => {
  const boot = () => new PageAllocator(new Machine(64 * MiB), { dma32End: 32 * MiB });

  it('buddyinfo', () => {
    const pages = boot();
    expect(printBuddyinfo(buddyinfoOf(pages))).toBe(
      [
        'Node 0, zone      DMA      0      0      0      0      0      0      0      0      1      1      3 ',
        'Node 0, zone    DMA32      0      0      0      0      0      0      0      0      0      0      4 ',
        'Node 0, zone   Normal      0      0      0      0      0      0      0      0      0      0      8 ',
        '',
      ].join('\n'),
    );
    for (let i = 0; i < 100; i++) pages.allocPages(i % 3 ? GFP_KERNEL : GFP_HIGHUSER_MOVABLE, i % 5);
    const zones = parseBuddyinfo(printBuddyinfo(buddyinfoOf(pages)));
    expect(zones).toEqual(buddyinfoOf(pages));
    zones.forEach(({ free }, i) => {
      expect(free.reduce((sum, count, order) => sum + count * 2 ** order, 0)).toBe(pages.zones[i].freeFrames);
    });
  });

  it('pagetypeinfo', () => {
    const pages = boot();
    pages.allocPages(GFP_KERNEL, 3);
    const text = printPagetypeinfo(pagetypeinfoOf(pages));
    expect(text.split('\n')).toContain(
      'Node    0, zone   Normal, type    Unmovable      0      0      0      1      1      1      1      1      1      1      0 ',
    );
    expect(text).toMatch(/\nNumber of blocks type +Unmovable +Movable +Reclaimable +HighAtomic +Isolate \n/);
    expect(text.split('\n')).toContain(
      'Node 0, zone   Normal            2           14            0            0            0 ',
    );
    expect(parsePagetypeinfo(text)).toEqual(pagetypeinfoOf(pages));
  });

  it('pagetypeinfo stops counting at 100,000 and says so', () => {
    const [zone] = boot().zones;
    const info = pagetypeinfoOf({
      zones: [Object.assign(Object.create(zone!), { freeBlocks: (order: number) => 99_998 + order })],
    } as unknown as PageAllocator);
    const text = printPagetypeinfo(info);
    expect(text).toContain('type    Unmovable  99998  99999 >100000 >100000 ');
    expect(parsePagetypeinfo(text)).toEqual(info);
    expect(info.free[0].stoppedAt).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('slabinfo', () => {
    const slabs = new SlabAllocator(boot());
    const cache = slabs.createCache('a_name_longer_than_17_columns', 300);
    for (let i = 0; i < 30; i++) cache.alloc();
    const text = printSlabinfo(slabinfoOf(slabs));
    expect(text.split('\n').slice(0, 4)).toEqual([
      'slabinfo - version: 2.1',
      '# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>',
      'a_name_longer_than_17_columns     30     39    304   13    1 : tunables   54   27    0 : slabdata      3      3      0',
      'dma-kmalloc-8k         0      0   8192    4    8 : tunables    8    4    0 : slabdata      0      0      0',
    ]);
    expect(parseSlabinfo(text)).toEqual(slabinfoOf(slabs));
  });
});

describe('what other kernels print', () => {
  it('slabinfo with statistics, and a name of two words', () => {
    const [cache] = parseSlabinfo(
      [
        'slabinfo - version: 2.1 (statistics)',
        '# name            <active_objs> <num_objs> …',
        'two words              1      2     64   59    1 : tunables  120   60    8 : slabdata      1      1      0 : globalstat 1 2 3 : cpustat 4 5 6 7',
      ].join('\n'),
    );
    expect(cache).toMatchObject({
      name: 'two words',
      activeObjects: 1,
      limit: 120,
      sharedFactor: 8,
      statistics: ': globalstat 1 2 3 : cpustat 4 5 6 7',
    });
  });

  it('pagetypeinfo with mixed page blocks, without HighAtomic', () => {
    const text = [
      'Page block order: 9',
      'Pages per block:  512',
      '',
      `${'Free pages count per migrate type at order'.padEnd(43)}      0      1 `,
      'Node    0, zone   Normal, type    Unmovable      7      8 ',
      'Node    0, zone   Normal, type      Movable >100000      1 ',
      '',
      'Number of blocks type     Unmovable      Movable ',
      'Node 0, zone   Normal            3            4 ',
      '',
      'Number of mixed blocks    Unmovable      Movable ',
      'Node 0, zone   Normal            1            0 ',
      '',
    ].join('\n');
    const info = parsePagetypeinfo(text);
    expect(info.mixed).toEqual([{ node: 0, zone: 'Normal', counts: [1, 0] }]);
    expect(info.free[1]).toMatchObject({ free: [100_000, 1], stoppedAt: [0] });
    expect(printPagetypeinfo(info)).toBe(text);
  });

  it('areas of vmalloc: modules, vmap of a device, what is not yet unmapped', () => {
    const text = [
      '0xffffc90000000000-0xffffc90000005000   20480 load_module+0x1b2/0x9e0 [loop] pages=4 vmalloc user vpages N0=3 N1=1',
      '0xffffc90000005000-0xffffc90000007000    8192 vm_map_ram',
      '0xffffc90000007000-0xffffc90000009000    8192 unpurged vm_area',
      '0xffffc90000009000-0xffffc9000000b000    8192 devm_ioremap phys=0x00000000fee00000 ioremap',
      '',
    ].join('\n');
    const areas = parseVmallocinfo(text);
    expect(areas.map(({ caller, pages, flags }) => [caller, pages, flags])).toEqual([
      ['load_module+0x1b2/0x9e0 [loop]', 4, ['vmalloc', 'user', 'vpages']],
      ['', 0, ['vm_map_ram']],
      ['', 0, ['unpurged vm_area']],
      ['devm_ioremap', 0, ['ioremap']],
    ]);
    expect(areas[0].nodes).toEqual([
      { node: 0, pages: 3 },
      { node: 1, pages: 1 },
    ]);
    expect(areas[3].physical).toBe(0xfee00000n);
    expect(printVmallocinfo(areas)).toBe(text);
  });

  it('maps: the end of the address space, a long head, a name with spaces and a newline', () => {
    const text = [
      'ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]',
      '00400000-00401000 rw-s 00001000 103:1f 12345678901234567890              /tmp/a b\\012 (deleted)',
      'ffffffffff600000-ffffffffff601000 r--p ffffffffffff0000 fffff:fffff 12345678901234567890  /x',
      '7f1b46904000-7f1b46907000 rw-p 00000000 00:00 0 ',
      '',
    ].join('\n');
    const areas = parseMaps(text);
    expect(areas[0]).toMatchObject({ start: 0xffffffffff600000n, permissions: '--xp', path: '[vsyscall]' });
    expect(areas[1]).toMatchObject({
      major: 0x103,
      inode: 12345678901234567890n,
      path: '/tmp/a b\n (deleted)',
    });
    expect(areas[3].path).toBe('');
    expect(printMaps(areas)).toBe(text);
  });

  it('meminfo of a machine with broken memory and huge pages', () => {
    const text = [
      'MemTotal:       24684084 kB',
      'VmallocTotal:   34359738367 kB',
      'HardwareCorrupted:     4 kB',
      'HugePages_Total:   100000',
      'Hugepagesize:       2048 kB',
      '',
    ].join('\n');
    expect(parseMeminfo(text).get('HardwareCorrupted')).toBe(4);
    expect(printMeminfo(parseMeminfo(text))).toBe(text);
  });
});

describe('what Linux does not print is refused, with file and line', () => {
  const area = '00400000-00401000 r-xp 00000000 fe:00 1 /x';
  const slabinfo = 'slabinfo - version: 2.1\n# name            <active_objs> …\n';
  it.each<[string, () => unknown, string]>([
    ['empty', () => parseBuddyinfo('', 'copy/buddyinfo'), 'copy/buddyinfo:1: is empty'],
    [
      'a word for a count',
      () => parseBuddyinfo('Node 0, zone DMA 1 2\nNode 0, zone Normal 1 x\n', 'b'),
      `b:2: expected 'Node 0, zone NAME' and the free blocks of each order, found "Node 0, zone Normal 1 x"`,
    ],
    [
      'orders missing',
      () => parseBuddyinfo('Node 0, zone DMA 1 2\nNode 0, zone Normal 1\n', 'b'),
      'b:2: expected 2 orders, as in line 1, found "Node 0, zone Normal 1"',
    ],
    [
      'another version',
      () => parseSlabinfo('slabinfo - version: 1.1\n', 's'),
      `s:1: expected 'slabinfo - version: 2.1', or 2.0 (Linux 2.6 and later), found "slabinfo - version: 1.1"`,
    ],
    [
      'no columns',
      () => parseSlabinfo('slabinfo - version: 2.1\n', 's'),
      's:1: expected the names of the columns after it',
    ],
    [
      'a cut line',
      () => parseSlabinfo(`${slabinfo}dentry 1 2 3 4 5 : tunables 0 0 0\n`, 's'),
      `s:3: expected a cache's name, 5 numbers, ': tunables' with 3 and ': slabdata' with 3, found "dentry 1 2 3 4 5 : tunables 0 0 0"`,
    ],
    [
      'a cut file',
      () => parsePagetypeinfo('Page block order: 9\n', 'p'),
      `p:1: expected 'Pages per block: ' and a number after this line, found "Page block order: 9"`,
    ],
    ['no pointer', () => parseVmallocinfo('(null)-(null) 4096\n', 'v'), "v:1: expected '0xSTART-0xEND'"],
    ['no area', () => parseMaps(`${area}\nhello\n`, 'm'), "m:2: expected 'START-END rwxp OFFSET"],
    ['a figure first', () => parseSmaps('Rss:  8 kB\n', 's'), "s:1: expected an area, 'START-END rwxp …'"],
    [
      'no figure',
      () => parseSmaps(`${area}\nRss: eight\n`, 's'),
      "s:2: expected a figure such as 'Rss: 8 kB'",
    ],
    ['no unit', () => parseSmaps(`${area}\nRss: 8\n`, 's'), 's:2: expected Rss in kB, found "Rss: 8"'],
    [
      'no unit',
      () => parseMeminfo('MemTotal: 8\n', 'm'),
      'm:1: expected MemTotal in kB, found "MemTotal: 8"',
    ],
  ])('%s', (_what, parse, message) => {
    expect(parse).toThrow(ProcFormatError);
    expect(parse).toThrow(message);
  });

  const orders = (count: number) => ' 1'.repeat(count);
  const pagetypeinfo = (head: number, types: number) =>
    `Page block order: 9\nPages per block:  512\n\nFree pages count per migrate type at order${orders(head)}\n` +
    `Node 0, zone A, type t0${orders(head)}\n\nNumber of blocks type${Array.from({ length: types }, (_, i) => ` t${i}`).join('')}\nNode 0, zone A${orders(types)}\n`;
  const zones = (count: number) =>
    Array.from({ length: count }, (_, i) => `Node ${i % 1024}, zone Z${i >>> 10} 1\n`).join('');
  const area1024 = (nodes: number) =>
    `0x1-0x2 4096 f+0x1/0x2 pages=1 vmalloc${Array.from({ length: nodes }, (_, i) => ` N${i % 1024}=1`).join('')}\n`;

  it('also where there is more of something than Linux can have; as much as it can is read', () => {
    expect(parseBuddyinfo(`Node 1023, zone A${orders(64)}\n`)[0].free).toHaveLength(64);
    expect(() => parseBuddyinfo(`Node 0, zone A${orders(65)}\n`)).toThrow(':1: expected 64 orders at most');
    expect(() => parseBuddyinfo('Node 1024, zone A 1\n')).toThrow(
      ':1: expected a memory node from 0 to 1023',
    );
    expect(parseBuddyinfo(zones(6144))).toHaveLength(6144);
    expect(() => parseBuddyinfo(zones(6145))).toThrow(':6145: expected 6,144 zones at most');
    expect(parsePagetypeinfo(pagetypeinfo(64, 32)).types).toHaveLength(32);
    expect(() => parsePagetypeinfo(pagetypeinfo(65, 1))).toThrow(':4: expected 64 orders at most');
    expect(() => parsePagetypeinfo(pagetypeinfo(1, 33))).toThrow(':7: expected 32 migrate types at most');
    expect(() => parsePagetypeinfo(pagetypeinfo(1, 1).replace('Node 0', 'Node 1024'))).toThrow(
      ':5: expected a memory node',
    );
    expect(parseVmallocinfo(area1024(1024))[0].nodes.map(({ node }) => node)).toEqual([
      ...Array(1024).keys(),
    ]);
    expect(() => parseVmallocinfo(area1024(1025))).toThrow(':1: expected 1,024 memory nodes at most');
    expect(() => parseVmallocinfo(area1024(1).replace('N0', 'N1024'))).toThrow(
      'a memory node from 0 to 1023',
    );
    expect(() => parseVmallocinfo(`0x1-0x2 4096${' vmalloc'.repeat(11)}\n`)).toThrow('10 flags at most');
  });

  it.each<[string, (text: string) => unknown, string]>([
    ['orders', parseBuddyinfo, `Node 0, zone A${orders(200_000)}\n`],
    ['orders of types', parsePagetypeinfo, pagetypeinfo(200_000, 1)],
    ['types', parsePagetypeinfo, pagetypeinfo(1, 200_000)],
    ['nodes', parseVmallocinfo, area1024(200_000)],
    ['flags', parseVmallocinfo, `0x1-0x2 4096${' vmalloc'.repeat(200_000)}\n`],
    ['flags of two words', parseVmallocinfo, `0x1-0x2 4096${' unpurged vm_area'.repeat(200_000)}\n`],
    ['spaces behind a name', parseSlabinfo, `${slabinfo}a${' '.repeat(200_000)}x\n`],
    ['spaces behind counts', parseSlabinfo, `${slabinfo}a 1 2 3 4 5${' '.repeat(200_000)}x\n`],
    [
      'spaces behind all',
      parseSlabinfo,
      `${slabinfo}a 1 2 3 4 5 : tunables 1 2 3 : slabdata 1 2${' '.repeat(200_000)}x\n`,
    ],
  ])('at once, however many %s stand in a line', (_what, parse, text) => {
    const start = performance.now();
    expect(() => parse(text)).toThrow(ProcFormatError);
    // A minute, where each is looked at again for each other.
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it('at once, however many spaces part the counts before what is wrong', () => {
    const pages = new PageAllocator(new Machine(16 * 2 ** 20));
    const lines = printPagetypeinfo(pagetypeinfoOf(pages)).split('\n');
    lines[4] = lines[4].replace(/\d+ $/, 'x ');
    const start = performance.now();
    expect(() => parsePagetypeinfo(lines.join('\n'), 'p')).toThrow(
      "p:5: expected 'Node 0, zone NAME, type NAME'",
    );
    // Seconds, where each space can be taken in two ways.
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
