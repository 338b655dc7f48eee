import { describe, expect, it } from 'vitest';
import { EventPicture } from '../../test/events.js';
import { InvalidFreeError } from '../allocator.js';
import { BuddyUnits, NO_UNIT } from './units.js';

function freeLists(buddy: BuddyUnits): number[][] {
  return Array.from({ length: buddy.orders }, (_, order) => buddy.freeList(order));
}

describe('blocks by order and unit number', () => {
  it('splits and joins without addresses', () => {
    const buddy = new BuddyUnits({ units: 16, orders: 4 });
    expect(freeLists(buddy)).toEqual([[], [], [], [0, 8]]);
    expect([buddy.allocate(0), buddy.allocate(3), buddy.allocate(1)]).toEqual([0, 8, 2]);
    expect(freeLists(buddy)).toEqual([[1], [], [4], []]);
    expect(buddy.allocate(3)).toBe(NO_UNIT);
    expect([buddy.used, buddy.usedBlocks, buddy.freeBlocksTotal, buddy.largestOrder]).toEqual([11, 3, 2, 2]);
    expect([
      buddy.orderOf(8),
      buddy.orderOf(9),
      buddy.orderOf(1),
      buddy.orderOf(-1),
      buddy.orderOf(0.5),
    ]).toEqual([3, NO_UNIT, NO_UNIT, NO_UNIT, NO_UNIT]);
    expect([buddy.isFreeBlock(4, 2), buddy.isFreeBlock(4, 1), buddy.isFreeBlock(5, 0)]).toEqual([
      true,
      false,
      false,
    ]);
    expect([buddy.isFreeBlock(0, 0), buddy.isFreeBlock(99, 0), buddy.isFreeBlock(1.5, 0)]).toEqual([
      false,
      false,
      false,
    ]);
    buddy.free(2, 1);
    buddy.free(0, 0);
    buddy.free(8, 3);
    expect(freeLists(buddy)).toEqual([[], [], [], [0, 8]]);
    expect(buddy.largestOrder).toBe(3);
    buddy.check();
  });

  it('refuses to free what is not used, or in another order, and is unchanged', () => {
    const buddy = new BuddyUnits({ units: 16, unitBytes: 4096, base: 2 ** 32 });
    const unit = buddy.allocate(2);
    const before = freeLists(buddy);
    expect(() => buddy.free(unit, 1)).toThrow('the block at unit 0 has order 2, not 1');
    for (const [bad, reason] of [
      [1, 'interior'],
      [4, 'free'],
      [16, 'outside'],
      [-1, 'outside'],
      [0.5, 'interior'],
      [Number.NaN, 'outside'],
    ] as const) {
      const error = capture(() => buddy.free(bad, 2));
      expect(error.reason).toBe(reason);
      expect(error.address).toEqual(2 ** 32 + bad * 4096);
    }
    expect(freeLists(buddy)).toEqual(before);
    buddy.check();
  });

  it('refuses options and orders out of range', () => {
    expect(() => new BuddyUnits({ units: 0 })).toThrow(
      'units must be a whole number from 1 to 1073741824, got 0',
    );
    expect(() => new BuddyUnits({ units: 1, orders: 32 })).toThrow(
      'orders must be a whole number from 1 to 31, got 32',
    );
    const misspelt = { units: 1, order: 3 };
    expect(() => new BuddyUnits(misspelt)).toThrow('BuddyUnits has no option order; known: units, orders,');
    const buddy = new BuddyUnits({ units: 16 });
    expect(() => buddy.allocate(5)).toThrow('order must be a whole number from 0 to 4, got 5');
    expect(() => buddy.isFreeBlock(0, -1)).toThrow(RangeError);
  });
});

describe('reserve', () => {
  it('takes any run of free units as the largest blocks that tile it, for every run of 16 units', () => {
    for (let from = 0; from < 16; from++) {
      for (let count = 1; from + count <= 16; count++) {
        const picture = new EventPicture(0, [[0, 16]]);
        const buddy = new BuddyUnits({ units: 16, observer: picture });
        expect(buddy.reserve(from, count)).toBe(true);
        expect(buddy.used).toBe(count);
        buddy.check();
        const inside = Array.from({ length: 16 }, (_, unit) => buddy.freeOrderAt(unit) === NO_UNIT);
        expect(inside).toEqual(inside.map((_, unit) => unit >= from && unit < from + count));
        expect(buddy.reserve(from, 1)).toBe(false);
        buddy.freeRange(from, count);
        expect(freeLists(buddy)).toEqual([[], [], [], [], [0]]);
      }
    }
  });

  it('is refused where a unit is in use or past the end, and takes nothing', () => {
    const buddy = new BuddyUnits({ units: 13 });
    buddy.reserve(5, 1);
    const before = freeLists(buddy);
    expect([buddy.reserve(0, 6), buddy.reserve(5, 3), buddy.reserve(10, 4)]).toEqual([false, false, false]);
    expect(freeLists(buddy)).toEqual(before);
    expect(() => buddy.reserve(13, 1)).toThrow('unit must be a whole number from 0 to 12, got 13');
    expect(() => buddy.reserve(0, 0)).toThrow(RangeError);
  });

  it('begins with nothing free and lets ranges in', () => {
    const buddy = new BuddyUnits({ units: 1000, orders: 6 });
    for (let unit = 0; unit < 1000; unit++) buddy.reserve(unit, 1);
    expect(buddy.freeBlocksTotal).toBe(0);
    buddy.freeRange(100, 300);
    buddy.freeRange(64, 36);
    expect(freeLists(buddy)).toEqual([
      [],
      [],
      [],
      [],
      [384],
      [64, 96, 128, 160, 192, 224, 256, 288, 320, 352],
    ]);
    buddy.check();
  });
});

describe('freeRange', () => {
  it('frees used blocks that tile the run exactly, or nothing', () => {
    const buddy = new BuddyUnits({ units: 16 });
    buddy.reserve(0, 6);
    buddy.reserve(6, 1);
    const before = freeLists(buddy);
    expect(capture(() => buddy.freeRange(0, 5))).toMatchObject({ address: 5, reason: 'interior' });
    expect(capture(() => buddy.freeRange(1, 3))).toMatchObject({ address: 1, reason: 'interior' });
    expect(capture(() => buddy.freeRange(4, 4))).toMatchObject({ address: 7, reason: 'free' });
    expect(capture(() => buddy.freeRange(0, 99))).toMatchObject({ address: 7, reason: 'free' });
    expect(freeLists(buddy)).toEqual(before);
    buddy.freeRange(4, 3);
    expect(freeLists(buddy)).toEqual([[], [], [4], [8], []]);
    buddy.check();
  });
});

describe('freeTail', () => {
  it('tells from where on all is free', () => {
    const buddy = new BuddyUnits({ units: 27, orders: 3 });
    expect(buddy.freeTail()).toBe(0);
    for (const unit of [0, 13, 25, 26]) {
      buddy.reserve(unit, 1);
      expect(buddy.freeTail()).toBe(unit + 1);
    }
  });
});

function capture(misuse: () => void): InvalidFreeError {
  try {
    misuse();
  } catch (error) {
    if (error instanceof InvalidFreeError) return error;
    throw error;
  }
  expect.fail('an invalid call was accepted');
}
