import { describe, expect, it } from 'vitest';
import { type SegmentOptions, SegmentPolicy } from './options.js';

const MOST = Number.MAX_SAFE_INTEGER;

describe('SegmentPolicy', () => {
  it('fills in what is left out', () => {
    expect({ ...new SegmentPolicy({ capacity: 100, base: 7 }) }).toEqual({
      base: 7,
      fit: 'first',
      order: 'address',
      coalesce: true,
      header: 0,
      align: 1,
      block: 1,
      minRemainder: 1,
      growBy: 0,
      maxCapacity: MOST - 7,
    });
  });

  it.each<[object, string]>([
    [{ capacity: 0 }, 'capacity must be a whole number of bytes from 1 to 2^53 - 1, got 0'],
    [{ base: -1 }, 'base must be a whole number from 0 to 2^53 - 1, got -1'],
    [{ base: MOST }, `base + capacity must stay below 2^53, got ${MOST} + 100`],
    [{ fit: 'frist' }, 'fit must be one of first, next, best, worst, got "frist"'],
    [{ fit: null }, 'fit must be one of first, next, best, worst, got null'],
    [
      { order: 'size' },
      'order must be one of address, size-up, size-down, newest-first, newest-last, got "size"',
    ],
    [{ coalesce: 1 }, 'coalesce must be true or false, got 1'],
    [{ header: -1 }, `header must be a whole number of bytes from 0 to ${MOST}, got -1`],
    [{ header: 0.5 }, `header must be a whole number of bytes from 0 to ${MOST}, got 0.5`],
    [{ align: 12 }, 'align must be a power of two, got 12'],
    [{ block: 0 }, `block must be a whole number of bytes from 1 to ${MOST}, got 0`],
    [{ minRemainder: 0 }, `minRemainder must be a whole number of bytes from 1 to ${MOST}, got 0`],
    [{ growBy: Number.NaN }, `growBy must be a whole number of bytes from 0 to ${MOST}, got NaN`],
    [{ maxCapacity: 99 }, `maxCapacity must be a whole number of bytes from 100 to ${MOST}, got 99`],
    [
      { base: 10, maxCapacity: MOST },
      `maxCapacity must be a whole number of bytes from 100 to ${MOST - 10}, got ${MOST}`,
    ],
  ])('refuses %o', (wrong, message) => {
    const make = () => new SegmentPolicy({ capacity: 100, ...wrong } as SegmentOptions);
    expect(make).toThrow(RangeError);
    expect(make).toThrow(new RangeError(message));
  });

  it('rounds header and request up to whole blocks together', () => {
    const policy = new SegmentPolicy({ capacity: 100, header: 8, block: 16 });
    expect([1, 8, 9, 24, 25].map((size) => policy.need(size))).toEqual([16, 16, 32, 32, 48]);
    expect(new SegmentPolicy({ capacity: 100, header: 3 }).need(10)).toBe(13);
  });

  it('places the address, not the header, on a multiple', () => {
    const policy = new SegmentPolicy({ capacity: 1000, header: 8 });
    expect(policy.place(0, 1000, 20, 1)).toBe(0);
    expect(policy.place(0, 1000, 20, 16)).toBe(8);
    expect(policy.place(8, 1000, 20, 16)).toBe(8);
    expect(policy.place(9, 44, 20, 16)).toBe(24);
    expect(policy.place(9, 43, 20, 16)).toBe(-1);
    expect(policy.place(0, 1000, 20, 2 ** 52)).toBe(-1);
  });

  it('cuts off what is worth a segment, and no less', () => {
    const policy = new SegmentPolicy({ capacity: 1000, minRemainder: 10 });
    expect(policy.cutFront(100, 109)).toBe(100);
    expect(policy.cutFront(100, 110)).toBe(110);
    expect(policy.cutBack(191, 200)).toBe(200);
    expect(policy.cutBack(190, 200)).toBe(190);
  });

  it('grows by the fewest steps that serve', () => {
    const policy = new SegmentPolicy({ capacity: 100, base: 1000, growBy: 64, maxCapacity: 292 });
    expect(policy.capacityFor(100, 1100, 64, 1)).toBe(164);
    expect(policy.capacityFor(100, 1100, 65, 1)).toBe(228);
    expect(policy.capacityFor(100, 1090, 65, 1)).toBe(164);
    expect(policy.capacityFor(100, 1090, 130, 64)).toBe(292);
    expect(policy.capacityFor(100, 1100, 193, 1)).toBe(-1);
    expect(policy.capacityFor(100, 1100, MOST, 2 ** 52)).toBe(-1);
    expect(new SegmentPolicy({ capacity: 100 }).capacityFor(100, 0, 101, 1)).toBe(-1);
  });
});
