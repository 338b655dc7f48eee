import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IdTable, NO_SLOT } from './ids.js';

describe('IdTable', () => {
  it('tells apart ids that differ in one bit of the 64', () => {
    const ids = new IdTable();
    const names: [number, number][] = [[0, 0]];
    for (let bit = 0; bit < 32; bit++) names.push([0, (1 << bit) >>> 0], [(1 << bit) >>> 0, 0]);
    names.forEach(([high, low], slot) => {
      expect(ids.add(high, low, slot)).toBe(NO_SLOT);
    });
    names.forEach(([high, low], slot) => {
      expect(ids.get(high, low)).toBe(slot);
    });
  });

  it('keeps the slot of a name that is live', () => {
    const ids = new IdTable();
    ids.add(1, 2, 7);
    expect(ids.add(1, 2, 8)).toBe(7);
    expect(ids.get(1, 2)).toBe(7);
    expect(ids.delete(1, 2)).toBe(7);
    expect(ids.delete(1, 2)).toBe(NO_SLOT);
    expect(ids.add(1, 2, 8)).toBe(NO_SLOT);
    expect(ids.get(1, 2)).toBe(8);
  });

  it('agrees with a Map on random calls', () => {
    // Few values of each half, so that names meet again and searches collide.
    const id = fc.tuple(
      fc.constantFrom(0, 1, 0xffff_8881),
      fc.integer({ min: 0, max: 60 }).map((n) => n * 4096),
    );
    const call = fc.tuple(fc.constantFrom('add', 'delete', 'get'), id, fc.nat(1e6));
    fc.assert(
      fc.property(fc.array(call, { maxLength: 400, size: 'max' }), (calls) => {
        const ids = new IdTable();
        const model = new Map<string, number>();
        for (const [what, [high, low], slot] of calls) {
          const key = `${high}:${low}`;
          const live = model.get(key) ?? NO_SLOT;
          if (what === 'add') {
            expect(ids.add(high, low, slot)).toBe(live);
            if (live === NO_SLOT) model.set(key, slot);
          } else if (what === 'delete') {
            expect(ids.delete(high, low)).toBe(live);
            model.delete(key);
          } else {
            expect(ids.get(high, low)).toBe(live);
          }
        }
      }),
    );
  });

  it('counts the names it holds', () => {
    const ids = new IdTable();
    ids.add(0, 5, 1);
    ids.add(0, 6, 2);
    ids.add(0, 6, 3);
    expect(ids.size).toBe(2);
    ids.delete(0, 5);
    ids.delete(0, 5);
    expect(ids.size).toBe(1);
  });

  it.each([
    [
      'that a product with a known factor takes to one number',
      (i: number) => [i, Math.imul(i, 0x85ebca6b) ^ 7],
    ],
    ['that differ in their top bits alone', (i: number) => [(i & 0xff) << 24, (i >>> 8) << 24]],
    ['that differ in one half', (i: number) => [i << 12, 0]],
  ] as const)('takes no longer for names %s', (_, name) => {
    const count = 50_000;
    const fill = (nameOf: (i: number) => readonly number[]) => {
      const ids = new IdTable();
      const started = performance.now();
      for (let i = 0; i < count; i++) ids.add(nameOf(i)[0]! >>> 0, nameOf(i)[1]! >>> 0, i);
      return performance.now() - started;
    };
    fill((i) => [0, i * 16]);
    // In the square of them it is 3 seconds.
    expect(fill(name)).toBeLessThan(500);
  });

  it('grows past its first size and shrinks back to nothing, with every name found', () => {
    const ids = new IdTable();
    const address = (i: number) => [0x7f00 + (i % 3), ((i * 0x1010) & 0xffff_fff0) >>> 0] as const;
    for (let i = 0; i < 20_000; i++) expect(ids.add(...address(i), i)).toBe(NO_SLOT);
    for (let i = 0; i < 20_000; i += 2) expect(ids.delete(...address(i))).toBe(i);
    for (let i = 0; i < 20_000; i++) expect(ids.get(...address(i))).toBe(i % 2 === 0 ? NO_SLOT : i);
    for (let i = 1; i < 20_000; i += 2) expect(ids.delete(...address(i))).toBe(i);
    for (let i = 0; i < 20_000; i++) expect(ids.get(...address(i))).toBe(NO_SLOT);
  });
});
