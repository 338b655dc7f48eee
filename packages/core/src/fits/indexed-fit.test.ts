/** IndexedFit against its naive twin: the same address for every request, the same free list after every call. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { POLICIES, Twins } from '../../test/twins.js';
import { IndexedFit } from './indexed-fit.js';
import type { SegmentOptions } from './options.js';

const name = ({ fit, order, coalesce }: (typeof POLICIES)[number]) =>
  `${fit} fit, order ${order}, ${coalesce ? 'coalescing' : 'not coalescing'}`;

/** Whole numbers from 0 up to but without n, the same each time. */
function random(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % n;
  };
}

describe.each(POLICIES.map((policy) => [name(policy), policy] as const))('%s', (_name, policy) => {
  it('is its twin under random calls and options', () => {
    const options = fc.record({
      base: fc.constantFrom(0, 3, 2 ** 31 - 500, 2 ** 32 - 500, 2 ** 40),
      header: fc.constantFrom(0, 0, 1, 8),
      align: fc.constantFrom(1, 1, 8, 32),
      block: fc.constantFrom(1, 1, 8, 24),
      minRemainder: fc.constantFrom(1, 1, 9, 40),
      growBy: fc.constantFrom(0, 0, 1, 100),
    });
    const size = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 1, max: 40 }) },
      fc.integer({ min: 1, max: 300 }),
    );
    const align = fc.oneof({ weight: 5, arbitrary: fc.constant(1) }, fc.constantFrom(2, 16, 64, 256));
    const call = fc.oneof(
      { weight: 12, arbitrary: fc.record({ call: fc.constant('allocate' as const), size, align }) },
      { weight: 10, arbitrary: fc.record({ call: fc.constant('free' as const), which: fc.nat() }) },
      {
        weight: 3,
        arbitrary: fc.record({ call: fc.constant('resize' as const), which: fc.nat(), size }),
      },
      { weight: 1, arbitrary: fc.record({ call: fc.constant('grow' as const), by: fc.nat(100) }) },
    );
    fc.assert(
      fc.property(options, fc.array(call, { maxLength: 100, size: 'max' }), (mix, calls) => {
        const twins = new Twins({ capacity: 1500, maxCapacity: 3000, ...mix, ...policy });
        for (const c of calls) {
          if (c.call === 'allocate') twins.allocate(c.size, c.align);
          else if (c.call === 'free') twins.freeNth(c.which);
          else if (c.call === 'resize') twins.resizeNth(c.which, c.size);
          else twins.grow(Math.min(twins.naive.capacity + c.by, 3000));
          twins.compare();
        }
        twins.verify();
      }),
      { numRuns: 12 },
    );
  });

  it.each<[string, (twins: Twins) => void]>([
    [
      'a sawtooth: filled, every second freed, filled again, drained',
      (twins) => {
        for (let round = 0; round < 3; round++) {
          while (twins.allocate(40 + round * 16) !== null) twins.compare();
          for (let i = 0; i < twins.live.length; i++) {
            twins.freeNth(i);
            twins.compare();
          }
          while (twins.allocate(24) !== null) twins.compare();
        }
        while (twins.live.length > 0) {
          twins.freeNth(7);
          twins.compare();
        }
      },
    ],
    [
      'all of one size',
      (twins) => {
        const next = random(1);
        for (let i = 0; i < 300; i++) {
          if (next(5) < 3) twins.allocate(32);
          else twins.freeNth(next(1000));
          twins.compare();
        }
      },
    ],
    [
      'sizes that grow, then shrink',
      (twins) => {
        for (let i = 1; i < 120; i++) {
          twins.allocate(i);
          if (i % 2 === 0) twins.freeNth(i * 5);
          twins.compare();
        }
        for (let i = 120; i > 0; i--) {
          twins.allocate(i);
          twins.freeNth(i * 3);
          if (i % 3 === 0) twins.freeNth(i);
          twins.compare();
        }
      },
    ],
    [
      'alignments that most free segments cannot serve',
      (twins) => {
        const next = random(2);
        for (let i = 0; i < 250; i++) {
          if (next(9) < 5) twins.allocate(1 + next(60), 2 ** next(9));
          else twins.freeNth(next(1000));
          twins.compare();
        }
      },
    ],
    [
      'as many free segments as can be',
      (twins) => {
        while (twins.allocate(8) !== null);
        const addresses = twins.live.splice(0);
        for (const odd of [1, 0]) {
          for (let i = odd; i < addresses.length; i += 2) {
            twins.free(addresses[i]);
            if (i % 9 === 0) twins.compare();
            if (i % 5 === 0) twins.allocate(5);
          }
        }
        twins.compare();
      },
    ],
    [
      "Robson's: of blocks of each power of two those kept that spoil the most of the next",
      (twins) => {
        for (let size = 8; size <= 512; size *= 2) {
          while (twins.live.length < 4096 / size && twins.allocate(size) !== null) twins.compare();
          const spoil = twins.live.filter((address) => address % (2 * size) < size);
          for (const address of twins.live.splice(0)) {
            if (spoil.includes(address)) twins.live.push(address);
            else twins.free(address);
            twins.compare();
          }
        }
      },
    ],
  ])('%s', (_what, play) => {
    const twins = new Twins({ capacity: 4096, ...policy });
    play(twins);
    twins.verify();
  });

  it('some thousand free segments, an index of several levels', () => {
    const twins = new Twins({ capacity: 2 ** 20, base: 2 ** 32 - 2 ** 19, ...policy });
    const next = random(3);
    for (let i = 0; i < 3200; i++) twins.allocate(16 + 8 * next(20));
    const addresses = twins.live.splice(0);
    for (let i = 0; i < addresses.length; i += 2) twins.free(addresses[i]);
    twins.verify();
    for (let i = 1; i < addresses.length; i += 2) twins.live.push(addresses[i]);
    for (let i = 0; i < 400; i++) {
      twins.freeNth(next(2 ** 20));
      twins.allocate(8 + 8 * next(30), next(8) === 0 ? 64 : 1);
      twins.resizeNth(next(2 ** 20), 8 + 8 * next(30));
    }
    twins.verify();
    while (twins.live.length > 0) twins.freeNth(next(2 ** 20));
    twins.verify();
  });
});

it('IndexedFit keeps its figures in O(1) and its bookkeeping in proportion', () => {
  const allocator = new IndexedFit({ capacity: 2 ** 30 });
  const addresses = [];
  for (let i = 0; i < 20_000; i++) addresses.push(allocator.allocate(100)!);
  for (let i = 0; i < 20_000; i += 2) allocator.free(addresses[i]);
  const { usedSegments, freeSegments, bookkeepingBytes } = allocator.stats();
  expect([usedSegments, freeSegments]).toEqual([10_000, 10_001]);
  expect(bookkeepingBytes / (usedSegments + freeSegments)).toBeLessThan(120);
  expect(allocator.allocate(101)).toBe(2_000_000);
  expect(allocator.inspected).toBeLessThan(10);
});

it('a padding too short for a segment does not hide the next address', () => {
  const options: SegmentOptions = { capacity: 1000, minRemainder: 50 };
  const twins = new Twins(options);
  expect([twins.allocate(30), twins.allocate(30, 64), twins.allocate(30, 32)]).toEqual([0, 64, 96]);
  twins.free(64);
  twins.verify();
  expect(twins.allocate(34)).toBe(30);
  twins.verify();
});
