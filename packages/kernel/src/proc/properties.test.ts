/** Whatever a kernel could print is read back as it was, however large its figures and odd its names. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BuddyinfoZone, parseBuddyinfo, printBuddyinfo } from './buddyinfo.js';
import { type MapsArea, parseMaps, printMaps } from './maps.js';
import { parseMeminfo, printMeminfo } from './meminfo.js';
import { type Pagetypeinfo, parsePagetypeinfo, printPagetypeinfo } from './pagetypeinfo.js';
import { parseSlabinfo, printSlabinfo, type SlabinfoCache } from './slabinfo.js';
import { parseSmaps, printSmaps, type SmapsArea } from './smaps.js';
import { parseVmallocinfo, printVmallocinfo, type VmallocinfoArea } from './vmallocinfo.js';

/** Mostly of a few digits, at times of more than any column has room for. */
const count = fc.oneof(fc.nat(99_999), fc.nat(2 ** 31 - 1), fc.maxSafeNat());
const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_:-]{0,20}$/);
const address = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

function holds<T>(things: fc.Arbitrary<T>, print: (thing: T) => string, parse: (text: string) => T): void {
  fc.assert(
    fc.property(things, (thing) => {
      const text = print(thing);
      expect(parse(text)).toEqual(thing);
      expect(print(parse(text))).toBe(text);
    }),
  );
}

describe('reading what was printed gives', () => {
  it('buddyinfo', () => {
    const zones = fc.integer({ min: 1, max: 14 }).chain((orders) =>
      fc.array(
        fc.record<BuddyinfoZone>({
          node: fc.nat(1023),
          zone: word,
          free: fc.array(count, { minLength: orders, maxLength: orders }),
        }),
        { minLength: 1, maxLength: 8 },
      ),
    );
    holds(zones, printBuddyinfo, (text) => [...parseBuddyinfo(text)]);
  });

  it('pagetypeinfo', () => {
    const info = fc
      .record({
        orders: fc.integer({ min: 1, max: 14 }),
        types: fc.array(word, { minLength: 1, maxLength: 7 }),
      })
      .chain(({ orders, types }) => {
        // The kernel tells all of a memory node together.
        const rowsOf = <T>(nodes: readonly number[], row: fc.Arbitrary<T>, least: number) =>
          fc
            .tuple(...nodes.map((node) => fc.array(row, { minLength: least, maxLength: 3 }).map(named(node))))
            .map((rows) => rows.flat());
        const named =
          (node: number) =>
          <T>(rows: readonly T[]) =>
            rows.map((row) => ({ node, ...row }));
        const zone = fc.record({
          zone: word,
          counts: fc.array(count, { minLength: types.length, maxLength: types.length }),
        });
        const free = fc.record({
          zone: word,
          type: fc.constantFrom(...types),
          free: fc.array(fc.nat(100_000), { minLength: orders, maxLength: orders }),
          stoppedAt: fc.subarray([...Array(orders).keys()]),
        });
        return fc.uniqueArray(fc.nat(1023), { minLength: 1, maxLength: 4 }).chain((nodes) =>
          fc.record<Pagetypeinfo>({
            pageBlockOrder: fc.nat(13),
            pagesPerBlock: fc.nat(8192),
            types: fc.constant(types),
            free: rowsOf(nodes, free, 1),
            blocks: rowsOf(nodes, zone, 0),
            mixed: fc.option(rowsOf(nodes, zone, 0)),
          }),
        );
      });
    holds(info, printPagetypeinfo, parsePagetypeinfo);
  });

  it('slabinfo', () => {
    const cache = fc.record<SlabinfoCache>({
      name: fc.stringMatching(/^[a-zA-Z_][\w()-]{0,30}( [a-z]{1,5})?$/),
      activeObjects: count,
      objects: count,
      objectBytes: count,
      objectsPerSlab: count,
      framesPerSlab: count,
      limit: count,
      batch: count,
      sharedFactor: count,
      activeSlabs: count,
      slabs: count,
      sharedAvailable: count,
      statistics: fc.constant(''),
    });
    holds(fc.array(cache), printSlabinfo, parseSlabinfo);
  });

  it('vmallocinfo', () => {
    const area = fc.record<VmallocinfoArea>({
      start: address,
      end: address,
      bytes: count,
      caller: fc.oneof(
        fc.constant(''),
        fc.stringMatching(/^[a-z_]{1,9}\+0x[0-9a-f]{1,3}\/0x[0-9a-f]{1,3}( \[[a-z]+\])?$/),
      ),
      pages: count,
      physical: fc.option(address),
      flags: fc.subarray(['ioremap', 'sparse', 'vmalloc', 'vmap', 'user', 'dma-coherent', 'vpages']),
      nodes: fc.array(fc.record({ node: fc.nat(1023), pages: count }), { maxLength: 3 }),
    });
    holds(fc.array(area, { minLength: 1 }), printVmallocinfo, parseVmallocinfo);
  });

  const area = fc.record<MapsArea>({
    start: address,
    end: address,
    permissions: fc.stringMatching(/^[r-][w-][x-][ps]$/),
    offset: address,
    major: fc.nat(4095),
    minor: fc.nat(2 ** 20 - 1),
    inode: address,
    // Paths may hold anything but NUL; a backslash and 012 would read as a newline, in Linux too. A return at the end of
    // every line is taken for the copy's.
    path: fc.oneof(
      fc.constant(''),
      fc.constantFrom('[heap]', '[stack]', '[anon: a b]', '/dev/zero (deleted)', '/a\nb', '/trailing '),
      fc.string({ unit: 'binary' }).map((name) => `/${name.replaceAll(/\\|\0|\r$/g, '')}`),
    ),
  });

  it('maps', () => {
    holds(fc.array(area, { minLength: 1 }), printMaps, parseMaps);
  });

  it('smaps', () => {
    const fields = fc
      .uniqueArray(
        fc.tuple(fc.constantFrom('Size', 'Rss', 'Pss', 'Private_Hugetlb', 'THPeligible', 'Locked'), count),
        {
          selector: ([name]) => name,
        },
      )
      .map((entries) => new Map(entries));
    const flags = fc.option(fc.array(fc.constantFrom('rd', 'wr', 'ex', 'sh', 'mr', '??')));
    holds(fc.array(fc.record<SmapsArea>({ area, fields, flags }), { minLength: 1 }), printSmaps, parseSmaps);
  });

  it('meminfo', () => {
    const names = [
      'MemTotal',
      'Active(anon)',
      'VmallocTotal',
      'HugePages_Total',
      'HardwareCorrupted',
      'DirectMap1G',
    ];
    const meminfo = fc
      .uniqueArray(fc.tuple(fc.constantFrom(...names), count), { minLength: 1, selector: ([name]) => name })
      .map((entries) => new Map(entries));
    holds(meminfo, printMeminfo, parseMeminfo);
  });
});
