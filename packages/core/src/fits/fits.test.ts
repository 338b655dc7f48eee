/** What each option does, by example, to both allocators that take it. */
import { describe, expect, it } from 'vitest';
import type { Allocator, AllocatorObserver, Segment } from '../allocator.js';
import { InvalidFreeError } from '../allocator.js';
import { IndexedFit } from './indexed-fit.js';
import { NaiveAllocator } from './naive.js';
import { FITS, type Fit, type FreeListOrder, ORDERS, type SegmentOptions } from './options.js';

interface ListAllocator extends Allocator {
  resize(address: number, size: number): boolean;
  grow(newCapacity: number): void;
  freeList(): Segment[];
}

type Make = new (options: SegmentOptions) => ListAllocator;

const KINDS: readonly (readonly [string, Make])[] = [
  ['NaiveAllocator', NaiveAllocator],
  ['IndexedFit', IndexedFit],
];

/** All events but `inspect`, which tells how a search goes, not what becomes of the segments. */
function recorder(): { events: unknown[][]; observer: AllocatorObserver } {
  const events: unknown[][] = [];
  const note =
    (name: string) =>
    (...values: number[]) => {
      events.push([name, ...values]);
    };
  return {
    events,
    observer: {
      split: note('split'),
      coalesce: note('coalesce'),
      take: note('take'),
      release: note('release'),
      grow: note('grow'),
    },
  };
}

const spans = (segments: Iterable<Segment>) => [...segments].map(({ start, end }) => [start, end]);

describe.each(KINDS)('%s', (_name, Kind) => {
  /** Free: A [0, 300), B [400, 500), C [600, 850), D [900, 1000), freed in the order C, A, D, B. */
  function abcd(fit: Fit, order: FreeListOrder): ListAllocator {
    const allocator = new Kind({ capacity: 1000, fit, order });
    for (const size of [300, 100, 100, 100, 250, 50, 100]) allocator.allocate(size);
    for (const address of [600, 0, 900, 400]) allocator.free(address);
    return allocator;
  }

  describe('free list', () => {
    it.each<[FreeListOrder, number[]]>([
      ['address', [0, 400, 600, 900]],
      ['size-up', [400, 900, 600, 0]],
      ['size-down', [0, 600, 400, 900]],
      ['newest-first', [400, 900, 0, 600]],
      ['newest-last', [600, 0, 900, 400]],
    ])('in the order %s', (order, starts) => {
      for (const fit of FITS) {
        expect(
          abcd(fit, order)
            .freeList()
            .map(({ start }) => start),
        ).toEqual(starts);
      }
    });

    it('lets a merged segment enter as newest, and what remains of one stay', () => {
      const first = abcd('first', 'newest-first');
      first.free(300);
      expect(spans(first.freeList())).toEqual([
        [0, 500],
        [900, 1000],
        [600, 850],
      ]);
      expect(first.allocate(450)).toBe(0);
      expect(first.allocate(60)).toBe(900);
      expect(spans(first.freeList())).toEqual([
        [450, 500],
        [960, 1000],
        [600, 850],
      ]);
    });

    it('lets padding stay in the place of its segment, or enter as newest when bytes behind keep the place', () => {
      const allocator = abcd('first', 'newest-last');
      expect(allocator.allocate(210, 128)).toBe(640);
      expect(spans(allocator.freeList()).slice(0, 2)).toEqual([
        [600, 640],
        [0, 300],
      ]);
      expect(allocator.allocate(60, 128)).toBe(0);
      expect(allocator.allocate(60, 128)).toBe(128);
      expect(spans(allocator.freeList())).toEqual([
        [600, 640],
        [188, 300],
        [900, 1000],
        [400, 500],
        [60, 128],
      ]);
    });
  });

  it.each<[Fit, FreeListOrder, number]>([
    ['first', 'address', 0],
    ['first', 'size-up', 400],
    ['first', 'size-down', 0],
    ['first', 'newest-first', 400],
    ['first', 'newest-last', 600],
    ['next', 'address', 0],
    ['next', 'size-up', 400],
    ['next', 'size-down', 0],
    ['next', 'newest-first', 400],
    ['next', 'newest-last', 600],
    ['best', 'address', 400],
    ['best', 'size-up', 400],
    ['best', 'size-down', 400],
    ['best', 'newest-first', 400],
    ['best', 'newest-last', 900],
    ['worst', 'address', 0],
    ['worst', 'size-up', 0],
    ['worst', 'size-down', 0],
    ['worst', 'newest-first', 0],
    ['worst', 'newest-last', 0],
  ])('%s fit, order %s: 90 bytes go to %i', (fit, order, address) => {
    expect(abcd(fit, order).allocate(90)).toBe(address);
  });

  it.each(FITS)('%s fit passes over a segment that is large enough but lies badly', (fit) => {
    const allocator = new Kind({ capacity: 300, base: 1, fit });
    for (const size of [99, 1, 99, 1, 100]) allocator.allocate(size);
    for (const address of [1, 101, 201]) allocator.free(address);
    expect(allocator.allocate(90, 64)).toBeNull();
    expect(allocator.allocate(72, 128)).toBe(128);
  });

  describe('next fit', () => {
    it('goes on where the last search ended, and round', () => {
      const allocator = abcd('next', 'address');
      expect(allocator.allocate(50)).toBe(0);
      expect(allocator.allocate(100)).toBe(50);
      expect(allocator.allocate(150)).toBe(150);
      expect(allocator.allocate(100)).toBe(400);
      expect(allocator.allocate(80)).toBe(600);
      expect(allocator.allocate(150)).toBe(680);
      expect(allocator.allocate(110)).toBeNull();
      allocator.free(0);
      expect(allocator.allocate(50)).toBe(900);
      expect(allocator.allocate(30)).toBe(950);
      expect(allocator.allocate(30)).toBe(0);
    });

    it('stays with the segment at the rover when that merges', () => {
      const allocator = abcd('next', 'address');
      expect(allocator.allocate(300)).toBe(0);
      // The rover is at [400, 500): swallowed from below, and from above.
      allocator.free(300);
      allocator.free(500);
      expect(allocator.allocate(10)).toBe(300);
    });

    it('moves on when a resize uses up the segment at the rover', () => {
      const allocator = abcd('next', 'address');
      expect(allocator.allocate(300)).toBe(0);
      expect(allocator.resize(300, 150)).toBe(true);
      expect(allocator.allocate(10)).toBe(450);
      expect(allocator.resize(450, 50)).toBe(true);
      expect(allocator.allocate(10)).toBe(600);
    });

    it('moves on past padding', () => {
      const allocator = abcd('next', 'address');
      expect(allocator.allocate(300)).toBe(0);
      expect(allocator.allocate(210, 128)).toBe(640);
      expect(allocator.allocate(10)).toBe(900);
    });
  });

  it('keeps a header in front of every address, and the address on a multiple', () => {
    const allocator = new Kind({ capacity: 256, header: 8, align: 16 });
    expect(allocator.allocate(20)).toBe(16);
    expect(allocator.allocate(20)).toBe(48);
    expect(allocator.allocate(20, 64)).toBe(128);
    expect([...allocator.segments()]).toEqual([
      { start: 0, end: 8, used: false, address: 0 },
      { start: 8, end: 36, used: true, address: 16, requested: 20 },
      { start: 36, end: 40, used: false, address: 36 },
      { start: 40, end: 68, used: true, address: 48, requested: 20 },
      { start: 68, end: 120, used: false, address: 68 },
      { start: 120, end: 148, used: true, address: 128, requested: 20 },
      { start: 148, end: 256, used: false, address: 148 },
    ]);
    expect(() => allocator.free(40)).toThrow(InvalidFreeError);
    for (const address of [16, 48, 128]) allocator.free(address);
    expect(spans(allocator.segments())).toEqual([[0, 256]]);
  });

  it('rounds up to whole blocks', () => {
    const allocator = new Kind({ capacity: 256, header: 8, block: 32 });
    expect(allocator.allocate(24)).toBe(8);
    expect(allocator.allocate(25)).toBe(40);
    expect(allocator.sizeOf(8)).toBe(24);
    expect(allocator.sizeOf(40)).toBe(56);
    expect(spans(allocator.segments())).toEqual([
      [0, 32],
      [32, 96],
      [96, 256],
    ]);
  });

  it('keeps in a segment what is less than minRemainder, in front and behind', () => {
    const allocator = new Kind({ capacity: 200, minRemainder: 20 });
    expect(allocator.allocate(90)).toBe(0);
    expect(allocator.allocate(20, 32)).toBe(96);
    expect(allocator.allocate(66)).toBe(116);
    expect([...allocator.segments()]).toEqual([
      { start: 0, end: 90, used: true, address: 0, requested: 90 },
      { start: 90, end: 116, used: true, address: 96, requested: 20 },
      { start: 116, end: 200, used: true, address: 116, requested: 66 },
    ]);
    expect([0, 96, 116].map((address) => allocator.sizeOf(address))).toEqual([90, 20, 84]);
    expect(allocator.stats().usedBytes).toBe(200);
    expect(() => allocator.free(90)).toThrow('address 0x5a lies inside a used segment');
    allocator.free(96);
    expect(spans(allocator.freeList())).toEqual([[90, 116]]);
    allocator.check();
  });

  it.each(ORDERS)('keeps the boundaries of free segments without coalescing, order %s', (order) => {
    const allocator = new Kind({ capacity: 100, coalesce: false, order });
    for (const size of [30, 30, 40]) allocator.allocate(size);
    for (const address of [0, 60, 30]) allocator.free(address);
    expect(spans(allocator.segments())).toEqual([
      [0, 30],
      [30, 60],
      [60, 100],
    ]);
    expect(allocator.allocate(41)).toBeNull();
    expect(allocator.allocate(40)).toBe(60);
    allocator.check();
  });

  describe('growth', () => {
    it('moves the end by whole steps, as few as serve, and uses what is free there', () => {
      const { events, observer } = recorder();
      const allocator = new Kind({ capacity: 100, growBy: 64, maxCapacity: 300, observer });
      expect(allocator.allocate(80)).toBe(0);
      expect(allocator.allocate(100)).toBe(80);
      expect(allocator.capacity).toBe(228);
      expect(events.slice(2)).toEqual([
        ['grow', 100, 228],
        ['coalesce', 80, 100, 228],
        ['split', 80, 180, 228],
        ['take', 80, 180, 80, 100],
      ]);
      expect(allocator.allocate(113)).toBeNull();
      expect(allocator.capacity).toBe(228);
      expect(allocator.allocate(112)).toBe(180);
      expect(allocator.capacity).toBe(292);
      allocator.check();
    });

    it('needs the whole request behind the end without coalescing', () => {
      const allocator = new Kind({ capacity: 100, growBy: 64, coalesce: false });
      expect(allocator.allocate(80)).toBe(0);
      expect(allocator.allocate(65)).toBe(100);
      expect(spans(allocator.segments())).toEqual([
        [0, 80],
        [80, 100],
        [100, 165],
        [165, 228],
      ]);
    });

    it('counts alignment and header in', () => {
      const allocator = new Kind({ capacity: 100, growBy: 10, header: 4 });
      expect(allocator.allocate(96)).toBe(4);
      expect(allocator.allocate(6, 64)).toBe(128);
      expect(allocator.capacity).toBe(140);
      allocator.check();
    });

    it('stops at maxCapacity, which binds grow, too', () => {
      const allocator = new Kind({ capacity: 100, maxCapacity: 300 });
      expect(() => allocator.grow(301)).toThrow(
        new RangeError('newCapacity must be at most maxCapacity 300, got 301'),
      );
      expect(() => allocator.grow(99)).toThrow(
        new RangeError('newCapacity must be a whole number of bytes, at least the capacity 100, got 99'),
      );
      allocator.grow(300);
      expect(allocator.allocate(300)).toBe(0);
    });
  });

  describe('resize', () => {
    it('gives back what is behind, and takes from the free segment that follows', () => {
      const allocator = new Kind({ capacity: 100, header: 4, minRemainder: 5 });
      expect(allocator.allocate(36)).toBe(4);
      expect(allocator.allocate(36)).toBe(44);
      expect(allocator.resize(4, 37)).toBe(false);
      expect(allocator.resize(4, 32)).toBe(true);
      expect(allocator.sizeOf(4)).toBe(36);
      expect(allocator.resize(4, 31)).toBe(true);
      expect(allocator.sizeOf(4)).toBe(31);
      expect(allocator.resize(4, 37)).toBe(false);
      expect(allocator.resize(4, 36)).toBe(true);
      expect(allocator.resize(44, 51)).toBe(true);
      expect(allocator.sizeOf(44)).toBe(51);
      expect(allocator.resize(44, 52)).toBe(true);
      expect(allocator.sizeOf(44)).toBe(56);
      expect(allocator.resize(44, 57)).toBe(false);
      expect([...allocator.segments()].map(({ requested }) => requested)).toEqual([36, 52]);
      allocator.check();
    });

    it('takes no more than one free segment, whole or in part', () => {
      const allocator = new Kind({ capacity: 90, coalesce: false });
      for (const size of [30, 30, 30]) allocator.allocate(size);
      allocator.free(30);
      allocator.free(60);
      expect(allocator.resize(0, 61)).toBe(false);
      expect(allocator.resize(0, 45)).toBe(true);
      expect(allocator.resize(0, 60)).toBe(true);
      expect(spans(allocator.freeList())).toEqual([[60, 90]]);
      allocator.check();
    });
  });

  it('tells all that becomes of the segments, in order', () => {
    const { events, observer } = recorder();
    const allocator = new Kind({ capacity: 256, observer });
    allocator.allocate(10);
    allocator.allocate(20, 64);
    allocator.free(0);
    allocator.resize(64, 5);
    allocator.resize(64, 30);
    allocator.resize(64, 192);
    allocator.free(64);
    allocator.grow(300);
    expect(events).toEqual([
      ['split', 0, 10, 256],
      ['take', 0, 10, 0, 10],
      ['split', 10, 64, 256],
      ['split', 64, 84, 256],
      ['take', 64, 84, 64, 20],
      ['release', 0, 10],
      ['coalesce', 0, 10, 64],
      ['split', 64, 69, 84],
      ['release', 69, 84],
      ['coalesce', 69, 84, 256],
      ['take', 64, 69, 64, 5],
      ['split', 69, 94, 256],
      ['coalesce', 64, 69, 94],
      ['take', 64, 94, 64, 30],
      ['coalesce', 64, 94, 256],
      ['take', 64, 256, 64, 192],
      ['release', 64, 256],
      ['coalesce', 0, 64, 256],
      ['grow', 256, 300],
      ['coalesce', 0, 256, 300],
    ]);
  });

  it('tells the candidate that was taken last', () => {
    const seen: unknown[] = [];
    const allocator = new Kind({
      capacity: 1000,
      growBy: 1000,
      observer: { inspect: (start, end, fits) => seen.push([start, end, fits]) },
    });
    allocator.allocate(10, 16);
    expect(seen.at(-1)).toEqual([0, 1000, true]);
    allocator.allocate(2000);
    expect(seen.at(-1)).toEqual([10, 3000, true]);
  });

  it.each<[string, (allocator: ListAllocator) => unknown, string]>([
    [
      'allocate(0)',
      (a) => a.allocate(0),
      'RangeError: size must be a whole number of bytes from 1 to 2^53 - 1, got 0',
    ],
    ['allocate(1, 3)', (a) => a.allocate(1, 3), 'RangeError: align must be a power of two, got 3'],
    [
      'resize(108, 0.5)',
      (a) => a.resize(108, 0.5),
      'RangeError: size must be a whole number of bytes from 1 to 2^53 - 1, got 0.5',
    ],
    [
      'free, in a free segment',
      (a) => a.free(158),
      'InvalidFreeError: address 0x9e is not in use: it was freed already, or never allocated',
    ],
    [
      'free, header',
      (a) => a.free(100),
      'InvalidFreeError: address 0x64 lies inside a used segment but is not the address that was given out for it',
    ],
    [
      'sizeOf, interior',
      (a) => a.sizeOf(109),
      'InvalidFreeError: address 0x6d lies inside a used segment but is not the address that was given out for it',
    ],
    [
      'resize, outside',
      (a) => a.resize(99, 1),
      'InvalidFreeError: address 0x63 lies outside the range of this allocator',
    ],
    [
      'free(NaN)',
      (a) => a.free(Number.NaN),
      'InvalidFreeError: address NaN lies outside the range of this allocator',
    ],
    [
      'grow(Infinity)',
      (a) => a.grow(Number.POSITIVE_INFINITY),
      'RangeError: newCapacity must be a whole number of bytes, at least the capacity 200, got Infinity',
    ],
  ])('refuses %s and is unchanged', (_call, misuse, message) => {
    const allocator = new Kind({ capacity: 200, base: 100, header: 8 });
    expect(allocator.allocate(40)).toBe(108);
    expect(allocator.allocate(40)).toBe(156);
    allocator.free(156);
    expect(allocator.allocate(2, 2)).toBe(156);
    const before = [[...allocator.segments()], allocator.stats()];
    let told = '';
    try {
      misuse(allocator);
    } catch (error) {
      told = String(error);
    }
    expect(told).toBe(message);
    expect([[...allocator.segments()], allocator.stats()]).toEqual(before);
    allocator.check();
  });

  it('refuses options that are wrong', () => {
    expect(() => new Kind({ capacity: 100, header: -1 })).toThrow(
      new RangeError(`header must be a whole number of bytes from 0 to ${Number.MAX_SAFE_INTEGER}, got -1`),
    );
  });
});
