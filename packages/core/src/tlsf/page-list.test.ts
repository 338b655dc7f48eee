import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIRST_PAGE, NIL, PageList } from './page-list.js';

const never = () => true;

describe('PageList', () => {
  it('begins as the page at 0', () => {
    const pages = new PageList();
    expect([...pages]).toEqual([FIRST_PAGE]);
    expect([pages.find(0), pages.find(128), pages.last]).toEqual([FIRST_PAGE, NIL, FIRST_PAGE]);
    pages.check(never);
  });

  it.each([
    ['128', 128],
    ['128 times a large power of two, where only the upper word differs', 2 ** 40],
    ['7 * 2^30', 7 * 2 ** 30],
  ])('finds every page and no other number, in steps of %s', (_what, step) => {
    const pages = new PageList();
    const added = Array.from({ length: 3000 }, (_, i) => i + 1).map((i) =>
      pages.insertAfter(pages.last, i * step),
    );
    pages.check(never);
    expect(added.map((_, i) => pages.find((i + 1) * step))).toEqual(added);
    for (const other of [step / 2, 3001 * step, -step, Number.NaN, Number.POSITIVE_INFINITY, 0.5]) {
      expect(pages.find(other)).toBe(NIL);
    }
  });

  it('does as a sorted list does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 500, size: 'max' }), (toggles) => {
        const pages = new PageList();
        const model = new Set([0]);
        for (const n of toggles) {
          const first = n * 2 ** 33;
          const page = pages.find(first);
          expect(page !== NIL).toBe(model.has(first));
          if (page === NIL) {
            const below = Math.max(...[...model].filter((other) => other < first));
            pages.insertAfter(pages.find(below), first);
            model.add(first);
          } else {
            pages.remove(page);
            model.delete(first);
          }
        }
        pages.check(never);
        expect(Array.from(pages, (page) => pages.firsts[page])).toEqual([...model].sort((a, b) => a - b));
      }),
      { numRuns: 60 },
    );
  });

  it('check tells what a page not in use holds', () => {
    const pages = new PageList();
    pages.remove(pages.insertAfter(FIRST_PAGE, 128));
    expect(() => pages.check((page) => page === FIRST_PAGE)).toThrow('a page not in use is empty');
  });
});
