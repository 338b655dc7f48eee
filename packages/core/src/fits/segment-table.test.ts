import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CorruptionError, type Segment } from '../allocator.js';
import { FIRST, NIL, SegmentTable } from './segment-table.js';

const GiB = 2 ** 30;

describe('SegmentTable', () => {
  it('begins as one free segment', () => {
    const table = new SegmentTable(100, 50);
    expect([...table.segments()]).toEqual([{ start: 100, end: 150, used: false, address: 100 }]);
    expect([table.prev(FIRST), table.next(FIRST), table.last]).toEqual([NIL, NIL, FIRST]);
    expect([table.freePrev(FIRST), table.freeNext(FIRST)]).toEqual([NIL, NIL]);
    table.check(true);
  });

  it('refuses what is no range', () => {
    expect(() => new SegmentTable(0, 0)).toThrow(
      new RangeError('capacity must be a whole number of bytes from 1 to 2^53 - 1, got 0'),
    );
    expect(() => new SegmentTable(-1, 8)).toThrow(
      new RangeError('base must be a whole number from 0 to 2^53 - 1, got -1'),
    );
  });

  it('splits, takes, releases and joins, and each neighbour knows', () => {
    const table = new SegmentTable(0, 5 * GiB);
    const b = table.split(FIRST, 3 * GiB);
    const c = table.split(b, GiB);
    table.take(FIRST, 3 * GiB - 7);
    table.take(c, 1);
    expect([table.start(b), table.size(b), table.last]).toEqual([3 * GiB, GiB, c]);
    expect([table.freeNext(FIRST), table.freePrev(c), table.freePrev(b), table.freeNext(b)]).toEqual([
      b,
      b,
      NIL,
      NIL,
    ]);
    expect([table.prev(b), table.next(b)]).toEqual([FIRST, c]);
    expect(table.requested(FIRST)).toBe(3 * GiB - 7);
    expect([table.usedBytes, table.freeBytes, table.usedSegments, table.freeSegments]).toEqual([
      4 * GiB,
      GiB,
      2,
      1,
    ]);
    table.check(true);
    table.absorbNext(FIRST); // a used segment grows in place
    expect([table.size(FIRST), table.next(FIRST), table.prev(c), table.usedBytes]).toEqual([
      4 * GiB,
      c,
      FIRST,
      5 * GiB,
    ]);
    table.check(true);
    const rest = table.split(FIRST, 10); // and shrinks
    expect([rest, table.freeNext(FIRST), table.freePrev(c)]).toEqual([b, b, b]);
    table.setRequested(FIRST, 9);
    table.check(true);
    table.release(c);
    expect(table.freeNext(rest)).toBe(c);
    table.check(false);
    expect(() => table.check(true)).toThrow('no two free neighbours');
    table.absorbNext(rest);
    expect(table.last).toBe(rest);
    table.check(true);
  });

  it('grows at its end', () => {
    const table = new SegmentTable(8, 8);
    table.take(FIRST, 8);
    const tail = table.append(4 * GiB);
    expect([table.end, table.capacity, table.last, table.freePrev(tail), table.freeNext(FIRST)]).toEqual([
      4 * GiB + 16,
      4 * GiB + 8,
      tail,
      NIL,
      tail,
    ]);
    table.check(true);
    const more = table.append(1);
    expect(table.freePrev(more)).toBe(tail);
    table.absorbNext(tail);
    table.check(true);
  });

  it('says why an address is that of no used segment', () => {
    const table = new SegmentTable(100, 30);
    table.split(table.split(FIRST, 10), 10);
    table.take(FIRST, 10);
    expect([99, 99.5, 130, -1, Number.NaN, Number.POSITIVE_INFINITY].map((a) => table.classify(a))).toEqual(
      Array(6).fill('outside'),
    );
    expect([100.5, 101, 109].map((a) => table.classify(a))).toEqual(Array(3).fill('interior'));
    expect([110, 110.5, 119, 120, 129].map((a) => table.classify(a))).toEqual(Array(5).fill('free'));
  });

  it('keeps addresses behind headers, where there are any', () => {
    const table = new SegmentTable(0, 64, true);
    const plain = new SegmentTable(0, 64);
    expect(table.bytes - plain.bytes).toBe((plain.bytes / 32) * 8);
    const b = table.split(FIRST, 32);
    table.take(FIRST, 20);
    table.setAddress(FIRST, 8);
    expect([...table.segments()]).toEqual([
      { start: 0, end: 32, used: true, address: 8, requested: 20 },
      { start: 32, end: 64, used: false, address: 32 },
    ]);
    expect([table.address(FIRST), table.classify(0)]).toEqual([8, 'interior']);
    let node = b;
    for (let i = 0; i < 31; i++) node = table.split(node, 1);
    expect(table.address(FIRST)).toBe(8);
    table.take(node, 1);
    expect(table.address(node)).toBe(63);
    table.setAddress(FIRST, 13);
    expect(() => table.check(false)).toThrow(
      'a used segment holds what was requested; found 20 bytes at 13, in the 32 at 0',
    );
  });

  it('gives record numbers out again, and takes no more memory than the most segments need', () => {
    const table = new SegmentTable(0, 1000);
    for (let round = 0; round < 50; round++) {
      let node = FIRST;
      for (let i = 0; i < 99; i++) node = table.split(node, 10);
      expect(table.nodes).toBe(100);
      while (table.next(FIRST) !== NIL) table.absorbNext(FIRST);
    }
    table.check(true);
    expect(table.bytes).toBeLessThanOrEqual(100 * 1.5 * 32);
  });

  it('keeps the two links of free segments apart from all else', () => {
    const table = new SegmentTable(0, 1000);
    const b = table.split(FIRST, 500);
    table.setBack(b, 0x7fff_fffe);
    table.setForth(b, NIL);
    table.take(FIRST, 500);
    expect([table.back(b), table.forth(b)]).toEqual([0x7fff_fffe, NIL]);
    table.check(true);
  });

  it('does as an array of segments does', () => {
    const step = fc.record({
      step: fc.constantFrom('split', 'take', 'release', 'join', 'append'),
      which: fc.nat(),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), fc.nat(2 ** 40), (steps, base) => {
        const table = new SegmentTable(base, 2 ** 33);
        let model: Segment[] = [{ start: base, end: base + 2 ** 33, used: false, address: base }];
        for (const { step, which, part } of steps) {
          const at = which % model.length;
          const s = model[at];
          let node = FIRST;
          for (let i = 0; i < at; i++) node = table.next(node);
          const size = s.end - s.start;
          if (step === 'split' && size > 1) {
            const kept = 1 + Math.floor(part * (size - 2));
            const middle = s.start + kept;
            const requested = s.used ? { requested: Math.min(s.requested!, kept) } : {};
            table.split(node, kept);
            if (s.used) table.setRequested(node, requested.requested!);
            model.splice(
              at,
              1,
              { ...s, end: middle, ...requested },
              { start: middle, end: s.end, used: false, address: middle },
            );
          } else if (step === 'take' && !s.used) {
            const requested = 1 + Math.floor(part * (size - 1));
            table.take(node, requested);
            model[at] = { ...s, used: true, requested };
          } else if (step === 'release' && s.used) {
            table.release(node);
            model[at] = { start: s.start, end: s.end, used: false, address: s.start };
          } else if (step === 'join' && model[at + 1]?.used === false) {
            expect(table.freeNext(node)).toBe(table.next(node));
            table.absorbNext(node);
            model.splice(at, 2, { ...s, end: model[at + 1].end });
          } else if (step === 'append') {
            table.append(which + 1);
            const start = model.at(-1)!.end;
            model = [...model, { start, end: start + which + 1, used: false, address: start }];
          }
          table.check(false);
        }
        expect([...table.segments()]).toEqual(model);
      }),
      { numRuns: 200 },
    );
  });

  it('check tells a table whose totals were tampered with', () => {
    const table = new SegmentTable(0, 100);
    table.usedBytes = 1;
    expect(() => table.check(true)).toThrow(
      new CorruptionError(
        'the totals are those of the segments',
        '1 bytes in 0 used and 1 free segments, counted 0 in 0 and 1',
      ),
    );
    table.usedBytes = 0;
    table.end = 99;
    expect(() => table.check(true)).toThrow('segments end where the range ends; found 100 for 99');
    table.end = 100;
    table.last = 3;
    expect(() => table.check(true)).toThrow('the last segment is known; found node 3, not 0');
  });
});
