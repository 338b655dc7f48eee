/** The texts of /proc as machines of many kinds print them, and as copies of them come: with returns, blanks, cut. */
import { describe, expect, it } from 'vitest';
import { parseBuddyinfo } from './buddyinfo.js';
import { ProcFormatError } from './lines.js';
import { parseMaps } from './maps.js';
import { parseMeminfo } from './meminfo.js';
import { parsePagetypeinfo, printPagetypeinfo } from './pagetypeinfo.js';
import { parseSlabinfo } from './slabinfo.js';
import { parseSmaps } from './smaps.js';
import { parseVmallocinfo, printVmallocinfo } from './vmallocinfo.js';

const MEMINFO = 'MemTotal:       2048000 kB\nMemFree:         512000 kB\nHugePages_Total:       3\n';
const BUDDYINFO = 'Node 0, zone      DMA      4      1 \nNode 0, zone   Normal      0      3 \n';
const SLABINFO = [
  'slabinfo - version: 2.1',
  '# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> …',
  'two words              1      2     64   59    1 : tunables  120   60    8 : slabdata      1      1      0',
  '',
].join('\n');
const VMALLOCINFO =
  '0xffffc90000000000-0xffffc90000005000   20480 fork+0x94/0x3e0 pages=4 vmalloc vpages N0=4\n';
const SMAPS = [
  '00400000-00402000 r-xp 00000000 fe:00 7                                  /bin/true',
  'Rss:                   8 kB',
  'VmFlags: rd ex mr ',
  '7f1b46904000-7f1b46907000 rw-p 00000000 00:00 0 ',
  'Rss:                  12 kB',
  'VmFlags: rd wr ',
  '',
].join('\n');
const MAPS = SMAPS.replaceAll(/^(Rss|VmFlags).*\n/gm, '');

/** As the kernel prints one memory node; it prints as much again for each further one. */
function typesOf(node: number): string {
  return [
    'Page block order: 9',
    'Pages per block:  512',
    '',
    `${'Free pages count per migrate type at order'.padEnd(43)}      0      1 `,
    `Node ${String(node).padStart(4)}, zone   Normal, type    Unmovable      ${node}      8 `,
    `Node ${String(node).padStart(4)}, zone   Normal, type      Movable >100000      1 `,
    '',
    'Number of blocks type     Unmovable      Movable ',
    `Node ${node}, zone   Normal            3            4 `,
    '',
  ].join('\n');
}

const FILES: [string, string, (text: string) => unknown][] = [
  ['meminfo', MEMINFO, parseMeminfo],
  ['buddyinfo', BUDDYINFO, parseBuddyinfo],
  ['pagetypeinfo', typesOf(0), parsePagetypeinfo],
  ['slabinfo', SLABINFO, parseSlabinfo],
  ['vmallocinfo', VMALLOCINFO, parseVmallocinfo],
  ['maps', MAPS, parseMaps],
  ['smaps', SMAPS, parseSmaps],
];

describe.each(FILES)('a copy of %s is read the same', (name, text, parse) => {
  // The name of a file may end in a blank.
  const named = name.endsWith('maps');
  it.each<[string, (text: string) => string]>([
    ['with returns before the line ends', (plain) => plain.replaceAll('\n', '\r\n')],
    ['with empty lines', (plain) => `\n\n${plain.replaceAll('\n', '\n\n')}`],
    ['with lines of a blank', (plain) => ` \n${plain.replaceAll('\n', '\n \t\n')}`],
    ['without the blanks at the ends of its lines', (plain) => plain.replaceAll(/ +$/gm, '')],
    [
      'with blanks at the ends of its lines',
      (plain) => (named ? plain : plain.replaceAll(/([^\n])$/gm, '$1  ')),
    ],
    ['indented', (plain) => plain.replaceAll(/^(?=.)/gm, '  ')],
    ['with a byte order mark', (plain) => `\uFEFF${plain}`],
    ['without its last line end', (plain) => plain.trimEnd()],
  ])('%s', (_what, changed) => {
    expect(parse(changed(text))).toEqual(parse(text));
  });

  it('errors name the line as an editor counts it', () => {
    const broken = `\n${text}\nrubbish of nobody\n`;
    const line = broken.split('\n').indexOf('rubbish of nobody') + 1;
    expect(() => parse(broken)).toThrow(`:${line}: expected`);
  });

  it('of nothing but blanks is empty', () => {
    expect(() => parse(' \r\n\n')).toThrow(':1: is empty');
  });
});

it('tabs part figures as blanks do', () => {
  expect(parseMeminfo(MEMINFO.replaceAll(/ +/g, '\t'))).toEqual(parseMeminfo(MEMINFO));
  expect(parseBuddyinfo(BUDDYINFO.replaceAll(/ +/g, '\t'))).toEqual(parseBuddyinfo(BUDDYINFO));
  const smaps = '00400000-00402000 r-xp 00000000 fe:00 7 /a\nTHPeligible:\t\t0\nRss:\t8 kB\n';
  expect([...parseSmaps(smaps)[0].fields.values()]).toEqual([0, 8]);
});

describe('meminfo', () => {
  it('of Linux 2.4: the table in bytes says the same again', () => {
    const meminfo = parseMeminfo(
      [
        '        total:    used:    free:  shared: buffers:  cached:',
        'Mem:  1048576 524288 524288        0  4096 8192',
        'Swap:        0        0        0',
        'MemTotal:      1024 kB',
        'HighTotal:        0 kB',
      ].join('\n'),
    );
    expect([...meminfo]).toEqual([
      ['MemTotal', 1024],
      ['HighTotal', 0],
    ]);
  });

  it('with names of vendors', () => {
    const meminfo = parseMeminfo('ION heap:   12 kB\nKgsl-pool:   4 kB\nActive(file)-lru: 8 kB\n');
    expect([...meminfo.keys()]).toEqual(['ION heap', 'Kgsl-pool', 'Active(file)-lru']);
  });
});

describe('free blocks from a kernel log', () => {
  const orders = '1*4kB (U) 0*8kB 3*16kB (UME) = 52kB';

  it.each([
    ['of a kernel buffer', '[ 2207.023038] '],
    ['of syslog', 'Jun  1 10:00:00 host kernel: [ 2207.02] '],
    ['with a level', '<4>[    1.5] '],
    ['with the time of day', '[Mon Jun  3 10:00:00 2024] '],
    ['without anything', ''],
  ])('%s', (_what, prefix) => {
    const log = `${prefix}Mem-Info:\n${prefix}Node 1 Normal: ${orders}\n${prefix}Node 0 hugepages_total=0 hugepages_size=2048kB\n`;
    expect(parseBuddyinfo(log)).toEqual([{ node: 1, zone: 'Normal', free: [1, 0, 3], pageBytes: 4096 }]);
  });

  it('of machines without memory nodes, and with larger pages', () => {
    const log = 'DMA: 2*64kB 1*128kB = 256kB\nHighMem: 0*64kB 0*128kB = 0kB\n';
    expect(parseBuddyinfo(log)).toEqual([
      { node: 0, zone: 'DMA', free: [2, 1], pageBytes: 65536 },
      { node: 0, zone: 'HighMem', free: [0, 0], pageBytes: 65536 },
    ]);
  });

  it('of several reports, the last', () => {
    const report = (count: number) =>
      `Node 0 DMA: ${count}*4kB = ${count * 4}kB\nNode 0 Normal: ${count}*4kB = ${count * 4}kB\n`;
    const zones = parseBuddyinfo(`${report(1)}oom-kill\n${report(7)}`);
    expect(zones.map(({ free }) => free)).toEqual([[7], [7]]);
  });

  it('a line that does not add up is refused, and orders out of turn', () => {
    expect(() => parseBuddyinfo('ok\nNode 0 DMA: 1*4kB 1*8kB = 16kB\n', 'log')).toThrow(
      'log:2: expected blocks of 12kB in all',
    );
    expect(() => parseBuddyinfo('Node 0 DMA: 1*4kB 1*16kB = 20kB\n', 'log')).toThrow(
      'log:1: expected blocks of 4kB, 8kB and so on, each twice the one before',
    );
    expect(() => parseBuddyinfo('Node 0 DMA: 0*3kB = 0kB\n', 'log')).toThrow('log:1: expected a page');
  });

  it('at once, however long the line', () => {
    const start = performance.now();
    expect(() => parseBuddyinfo(`Node 0 DMA: ${'1*4kB '.repeat(200_000)}\n`)).toThrow(ProcFormatError);
    expect(() => parseBuddyinfo(`Node 0 DMA: 1*4kB${' '.repeat(200_000)}x\n`)).toThrow(ProcFormatError);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe('pagetypeinfo of a machine of several memory nodes', () => {
  const text = [0, 1, 2, 3].map(typesOf).join('');

  it('which prints the whole for each', () => {
    const info = parsePagetypeinfo(text);
    expect(info.free.map(({ node, free }) => [node, free[0]])).toEqual([
      [0, 0],
      [0, 100_000],
      [1, 1],
      [1, 100_000],
      [2, 2],
      [2, 100_000],
      [3, 3],
      [3, 100_000],
    ]);
    expect(info.blocks.map(({ node }) => node)).toEqual([0, 1, 2, 3]);
    expect(info.mixed).toBeNull();
    expect(printPagetypeinfo(info)).toBe(text);
  });

  it('with the mixed blocks of each', () => {
    const mixed = [0, 1]
      .map(
        (node) =>
          `${typesOf(node)}\nNumber of mixed blocks    Unmovable      Movable \nNode ${node}, zone   Normal            1            ${node} \n`,
      )
      .join('');
    const info = parsePagetypeinfo(mixed);
    expect(info.mixed!.map(({ counts }) => counts)).toEqual([
      [1, 0],
      [1, 1],
    ]);
    expect(printPagetypeinfo(info)).toBe(mixed);
  });

  it('other types or orders on a later node are refused', () => {
    expect(() => parsePagetypeinfo(typesOf(0) + typesOf(1).replace('block:  512', 'block:  256'))).toThrow(
      ':11: expected Pages per block: 512, as on the first memory node',
    );
    expect(() =>
      parsePagetypeinfo(typesOf(0) + typesOf(1).replace('type     Unmovable', 'type       Reserve')),
    ).toThrow(':17: expected the migrate types Unmovable, Movable, as before');
  });
});

it('slabinfo of version 2.0, as Linux 2.6.0 to 2.6.9 print it', () => {
  const old = SLABINFO.replace('2.1', '2.0');
  expect(parseSlabinfo(old)).toEqual(parseSlabinfo(SLABINFO));
});

describe('vmallocinfo', () => {
  it('of old kernels, whose physical addresses have no 0x', () => {
    const [area] = parseVmallocinfo(
      '0xf7ffe000-0xf8000000    8192 acpi_os_map_memory+0xea/0x142 phys=7fffe000 ioremap\n',
    );
    expect(area).toMatchObject({
      caller: 'acpi_os_map_memory+0xea/0x142',
      physical: 0x7fffe000n,
      flags: ['ioremap'],
    });
  });

  it.each([
    '0x          (null)-0x          (null)   20480 fork+0x94/0x3e0 pages=4 vmalloc\n',
    '0x(____ptrval____)-0x(____ptrval____)   20480 fork+0x94/0x3e0 pages=4 vmalloc\n',
    '0x  (null)-0x  (null)   20480 fork+0x94/0x3e0 pages=4 vmalloc\n',
  ])('of kernels that hide addresses: %s', (text) => {
    const [area] = parseVmallocinfo(text);
    expect(area).toMatchObject({ start: null, end: null, bytes: 20480, pages: 4 });
    expect(parseVmallocinfo(printVmallocinfo([area]))).toEqual([area]);
  });
});

describe('smaps', () => {
  it('flags without their last blank, and none at all', () => {
    const area = '00400000-00401000 r-xp 00000000 fe:00 1 /x\n';
    expect(parseSmaps(`${area}VmFlags: rd ex`)[0].flags).toEqual(['rd', 'ex']);
    expect(parseSmaps(`${area}VmFlags:\n`)[0].flags).toEqual([]);
    expect(parseSmaps(`${area}VmFlags: \n`)[0].flags).toEqual([]);
  });

  it('of Android before names stood in the line of the area', () => {
    const text =
      'b6f00000-b6f01000 rw-p 00000000 00:00 0 \nName:           [anon:libc_malloc]\nSize:                  4 kB\n';
    const [{ area, fields }] = parseSmaps(text);
    expect(area.path).toBe('[anon:libc_malloc]');
    expect([...fields.keys()]).toEqual(['Size']);
  });
});
