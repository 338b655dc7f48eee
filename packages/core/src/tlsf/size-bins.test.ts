import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BoundaryMap, FIRST } from './boundary-map.js';
import { NIL } from './page-list.js';
import { SizeBins } from './size-bins.js';

it('puts each size into the bin that begins at or below it', () => {
  const bins = new SizeBins(new BoundaryMap(0, 2 ** 52, 1));
  const sizes = Array.from({ length: 3000 }, (_, i) => i + 1);
  for (let log = 12; log < 52; log++) sizes.push(2 ** log - 1, 2 ** log, 2 ** log + 1, 1.5 * 2 ** log);
  for (const size of sizes) {
    const bin = bins.of(size);
    expect(bins.least(bin)).toBeLessThanOrEqual(size);
    expect(bins.least(bin + 1)).toBeGreaterThan(size);
    expect(bins.least(bin + 1) - bins.least(bin)).toBeLessThanOrEqual(Math.max(1, size / 32));
    expect(bins.least(bins.atLeast(size))).toBeGreaterThanOrEqual(size);
    expect(bins.least(bins.atLeast(size) - 1)).toBeLessThan(size);
  }
});

/** 1000 segments of 4 granules, every other one used, and a large free one behind; none of them in a bin. */
function holes() {
  const map = new BoundaryMap(0, 2 ** 20, 1);
  const positions: number[] = [FIRST];
  for (let i = 1; i <= 1000; i++) positions.push(map.begin(positions[i - 1], 4));
  for (let i = 1; i < 1000; i += 2) map.take(positions[i], 4);
  return { map, bins: new SizeBins(map), free: positions.filter((_, i) => i % 2 === 0 && i < 1000) };
}

it('gives the segment added last, whatever has left in between', () => {
  const { map, bins, free } = holes();
  for (const position of free) map.take(position, 4);
  fc.assert(
    fc.property(fc.array(fc.nat(free.length - 1), { maxLength: 300, size: 'max' }), (toggles) => {
      let inBin: number[] = [];
      for (const n of toggles) {
        const position = free[n];
        if (map.isUsed(position)) {
          map.release(position, 4);
          bins.add(position, 4);
          inBin.push(position);
        } else {
          bins.remove(4);
          map.take(position, 4);
          inBin = inBin.filter((other) => other !== position);
        }
        expect(bins.firstFrom(0)).toBe(inBin.length === 0 ? NIL : 4);
      }
      expect(inBin.length === 0 ? [] : [...bins.list(4)]).toEqual(inBin.toReversed());
      for (const expected of inBin.toReversed()) {
        expect([bins.pop(4), bins.poppedSize]).toEqual([expected, 4]);
        map.take(expected, 4);
      }
    }),
    { numRuns: 100 },
  );
});

it('keeps no more entries than twice the segments, however often they come and go', () => {
  const { map, bins, free } = holes();
  for (const position of free) bins.add(position, 4);
  const { bytes } = bins;
  for (let round = 0; round < 50; round++) {
    for (const position of free.slice(1)) {
      map.take(position, 4);
      bins.remove(4);
      map.release(position, 4);
      bins.add(position, 4);
    }
  }
  expect(bins.bytes).toBeLessThanOrEqual(bytes + 4 * free.length * 2);
  expect([...bins.list(4)]).toEqual([...free.slice(1).toReversed(), free[0]]);
});
