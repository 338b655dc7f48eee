import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressIndex } from './address-index.js';
import { FIRST, NIL, SegmentTable } from './segment-table.js';

/** A table of `starts.length` used segments that begin at the addresses given (ascending), none entered yet. */
function tableOf(starts: readonly number[]): { table: SegmentTable; nodes: number[] } {
  const table = new SegmentTable(starts[0], starts.at(-1)! - starts[0] + 1);
  const nodes = [FIRST];
  for (let i = 1; i < starts.length; i++) {
    nodes.push(table.split(nodes[i - 1], starts[i] - starts[i - 1]));
  }
  for (const node of nodes) table.take(node, 1);
  return { table, nodes };
}

function ascending(n: number, step: number, base = 0): number[] {
  return Array.from({ length: n }, (_, i) => base + i * step);
}

describe('AddressIndex', () => {
  it.each([
    ['bytes', 1, 0],
    ['16 bytes', 16, 0],
    ['pages', 4096, 0],
    ['steps of 2^32, where only the upper word differs', 2 ** 32, 0],
    ['steps of 2^40', 2 ** 40, 0],
    ['bytes across 2^31', 1, 2 ** 31 - 500],
    ['bytes across 2^32', 1, 2 ** 32 - 500],
    ['bytes below 2^53', 1, 2 ** 53 - 2000],
  ])('finds every segment entered and no other: %s', (_what, step, base) => {
    const starts = ascending(1000, step, base);
    const { table, nodes } = tableOf(starts);
    const index = new AddressIndex(table);
    for (const node of nodes) index.add(node);
    index.check();
    expect(starts.map((s) => index.find(s))).toEqual(nodes);
    for (const s of starts) {
      if (s < 2 ** 51) expect(index.find(s + 0.5)).toBe(NIL);
      if (step > 1) expect(index.find(s + 1)).toBe(NIL);
    }
    for (const s of [base - 1, base + 1000 * step, Number.NaN, Number.POSITIVE_INFINITY, -(2 ** 31)]) {
      expect(index.find(s)).toBe(NIL);
      expect(index.remove(s)).toBe(NIL);
    }
    expect(index.size).toBe(1000);
  });

  it('tells apart addresses that hash alike', () => {
    // The lower word of the one is the multiplied upper word of the other: both come to the same 32 bits.
    const twins = [0x0bd7_94d6, 2 ** 33];
    const { table, nodes } = tableOf(twins);
    for (const [i, twin] of twins.entries()) {
      const other = 1 - i;
      const index = new AddressIndex(table);
      index.add(nodes[i]);
      expect(index.find(twins[other])).toBe(NIL);
      expect(index.remove(twins[other])).toBe(NIL);
      index.add(nodes[other]);
      expect(twins.map((t) => index.find(t))).toEqual(nodes);
      expect(index.remove(twin)).toBe(nodes[i]);
      expect(index.find(twins[other])).toBe(nodes[other]);
    }
  });

  it('does as a Map does', () => {
    const starts = ascending(300, 24, 2 ** 32 - 3000);
    fc.assert(
      fc.property(fc.array(fc.nat(299), { maxLength: 600, size: 'max' }), (toggles) => {
        const { table, nodes } = tableOf(starts);
        const index = new AddressIndex(table);
        const model = new Map<number, number>();
        for (const t of toggles) {
          const start = starts[t];
          if (model.has(start)) {
            expect(index.remove(start)).toBe(model.get(start));
            model.delete(start);
          } else {
            index.add(nodes[t]);
            model.set(start, nodes[t]);
          }
        }
        expect(index.size).toBe(model.size);
        expect(starts.map((s) => index.find(s))).toEqual(starts.map((s) => model.get(s) ?? NIL));
      }),
      { numRuns: 60 },
    );
  });

  it('keeps to its bytes a segment and does not age', () => {
    const n = 3000;
    const starts = ascending(n, 48);
    const { table, nodes } = tableOf(starts);
    const index = new AddressIndex(table);
    for (const node of nodes) index.add(node);
    const bytes = index.bytes;
    expect(bytes / n).toBeLessThan(22);
    for (let round = 0; round < 20; round++) {
      for (let i = round; i < n; i += 7) expect(index.remove(starts[i])).toBe(nodes[i]);
      for (let i = round; i < n; i += 7) index.add(nodes[i]);
    }
    expect(index.bytes).toBe(bytes);
    index.check();
  });

  it('check tells an entry too few, and one that is not in use', () => {
    const { table, nodes } = tableOf([0, 10, 20]);
    const index = new AddressIndex(table);
    index.add(nodes[0]);
    index.add(nodes[1]);
    expect(() => index.check()).toThrow('2 entries for 3 used segments');
    index.add(nodes[2]);
    index.check();
    table.release(nodes[1]);
    expect(() => index.check()).toThrow('3 entries for 2 used segments');
    index.remove(0);
    expect(() => index.check()).toThrow('node -1 for the used segment at 0');
  });
});
