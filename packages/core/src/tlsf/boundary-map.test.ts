import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundaryMap, FIRST } from './boundary-map.js';
import { NIL } from './page-list.js';

const GiB = 2 ** 30;

describe('BoundaryMap', () => {
  it('begins as one free segment', () => {
    const map = new BoundaryMap(128, 64, 8);
    expect([...map.list()]).toEqual([{ start: 128, end: 192, used: false, address: 128 }]);
    expect([map.granules, map.size(FIRST), map.prev(FIRST)]).toEqual([8, 8, NIL]);
    expect(map.next(FIRST)).toBe(map.end);
    map.check();
  });

  it('finds used segments by their address only', () => {
    const map = new BoundaryMap(4096, 16 * 1000, 16);
    const behind = map.begin(FIRST, 300);
    map.take(FIRST, 300);
    map.take(behind, 700);
    expect([map.find(4096), map.find(4096 + 4800)]).toEqual([FIRST, behind]);
    const strange = [4095, 4097, 4096.5, 4112, 4096 + 16 * 1000, 0, -16, -2048, Number.NaN, 1e300];
    for (const address of [...strange, Number.POSITIVE_INFINITY]) expect(map.find(address)).toBe(NIL);
    map.release(behind, 700);
    expect(map.find(4096 + 4800)).toBe(NIL);
    expect([4095, 4097, 8896, 8897, 20096].map((address) => map.classify(address))).toEqual([
      'outside',
      'interior',
      'free',
      'free',
      'outside',
    ]);
  });

  it('grows at its end, which is never taken for a segment', () => {
    const map = new BoundaryMap(0, 8 * GiB, 1);
    map.take(FIRST, 8 * GiB);
    const added = map.extend(2 ** 44);
    expect([map.size(FIRST), map.size(added), map.isFree(added)]).toEqual([8 * GiB, 2 ** 44, true]);
    expect([map.find(8 * GiB), map.find(8 * GiB + 2 ** 44), map.find(0)]).toEqual([NIL, NIL, FIRST]);
    map.check();
  });

  /** Where segments begin, and whether they are used: the same as a sorted list. */
  it.each([
    ['small segments', 1, 700],
    ['segments of many pages', 2 ** 12, 700],
    ['segments of terabytes', 2 ** 41, 700],
  ])('does as a sorted list does: %s', (_what, unit, units) => {
    const call = fc.tuple(fc.constantFrom('begin', 'take', 'release', 'erase', 'extend'), fc.nat(units));
    fc.assert(
      fc.property(fc.array(call, { maxLength: 200, size: 'max' }), (calls) => {
        const map = new BoundaryMap(0, units * unit, 1);
        let end = units;
        const model = new Map([[0, false]]);
        const starts = () => [...model.keys()].sort((a, b) => a - b);
        for (const [what, n] of calls) {
          const at = starts()
            .filter((start) => start <= n)
            .at(-1)!;
          const next = starts().find((start) => start > at) ?? end;
          const prev = starts().filter((start) => start < at);
          let position: number = FIRST;
          while (map.index(position) !== at * unit) position = map.next(position);
          expect(map.size(position)).toBe((next - at) * unit);
          expect(map.index(map.next(position))).toBe(next * unit);
          expect(prev.length === 0 ? map.prev(position) : map.index(map.prev(position))).toBe(
            prev.length === 0 ? NIL : prev.at(-1)! * unit,
          );
          expect(map.isFree(position)).toBe(!model.get(at));
          expect(map.find(at * unit)).toBe(model.get(at) ? position : NIL);
          // Free neighbours stay apart in `begin`, so only what is used is parted, and `erase` joins.
          if (what === 'begin' && n > at && n < next && model.get(at) && model.get(next) !== false) {
            map.begin(position, (n - at) * unit);
            map.usedGranules -= (next - n) * unit;
            model.set(n, false);
          } else if (what === 'take' && !model.get(at)) {
            map.take(position, (next - at) * unit);
            model.set(at, true);
          } else if (what === 'release' && model.get(at)) {
            if (model.get(next) === false || model.get(prev.at(-1) ?? -1) === false) continue;
            map.release(position, (next - at) * unit);
            model.set(at, false);
          } else if (what === 'erase' && prev.length > 0 && !model.get(at)) {
            map.erase(position);
            map.usedGranules += (next - at) * unit;
            model.delete(at);
          } else if (what === 'extend' && model.get(starts().at(-1)!)) {
            map.extend((n + 1) * unit);
            model.set(end, false);
            end += n + 1;
          }
        }
        map.check();
        const ends = [...starts().slice(1), end];
        expect([...map.list()]).toEqual(
          starts().map((start, i) => {
            const used = model.get(start);
            return { start: start * unit, end: ends[i] * unit, used, address: start * unit };
          }),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('costs half a byte a granule where segments are small, and nothing for capacity', () => {
    const map = new BoundaryMap(0, 2 ** 50, 1);
    const fresh = map.bytes;
    expect(fresh).toBeLessThan(1024);
    let last: number = FIRST;
    for (let i = 0; i < 100_000; i++) {
      const rest = map.begin(last, 16);
      map.take(last, 16);
      last = rest;
    }
    expect(map.bytes / 100_000).toBeLessThan(16);
    map.check();
  });

  it('check tells totals that are wrong', () => {
    const map = new BoundaryMap(0, 1024, 1);
    map.take(FIRST, 1024);
    map.usedGranules = 1000;
    expect(() => map.check()).toThrow('the totals are those of the segments');
    map.usedGranules = 1024;
    map.release(FIRST, 1024);
    map.begin(FIRST, 100);
    expect(() => map.check()).toThrow('no two free neighbours');
    map.end = FIRST;
    expect(() => map.check()).toThrow('segments end where the range ends');
  });
});
