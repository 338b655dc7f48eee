import { describe, expect, it } from 'vitest';
import { type Column, figuresOf } from './figures.js';

interface Row {
  readonly value: number | null;
  readonly sound?: boolean;
}

const COLUMN: Column<Row> = {
  title: 'x',
  better: 'lower',
  value: ({ value }) => value,
  format: (value) => value.toFixed(1),
};

function best(values: readonly (number | null)[], column: Partial<Column<Row>> = {}): boolean[] {
  const rows = values.map((value) => ({ value }));
  return figuresOf([{ ...COLUMN, ...column }], rows).map(([figure]) => figure!.best);
}

describe('the best of a column', () => {
  it('is the least, or the greatest, by number and not by text', () => {
    expect(best([9, 10, 100])).toEqual([true, false, false]);
    expect(best([9, 10, 100], { better: 'higher' })).toEqual([false, false, true]);
  });

  it('is whatever is printed like it', () => {
    expect(best([1.04, 1.01, 2])).toEqual([true, true, false]);
    expect(best([1.04, 1.01, 2], { exact: true })).toEqual([false, true, false]);
  });

  it('is none where all are printed alike, where there is one, and where none is better', () => {
    expect(best([1.04, 1.01])).toEqual([false, false]);
    expect(best([1, null])).toEqual([false, false]);
    expect(best([1, 2], { better: null })).toEqual([false, false]);
  });

  it('is none where chance may have decided', () => {
    const between = (low: number, high: number): Partial<Column<Row>> => ({
      range: ({ value }) => [value! - low, value! + high],
    });
    expect(best([10, 12, 30], between(1, 0.5))).toEqual([true, false, false]);
    expect(best([10, 12, 30], between(1, 1))).toEqual([false, false, false]);
    expect(best([30, 12, 10], between(1, 1))).toEqual([false, false, false]);
    expect(best([10, null, 12], { range: () => undefined })).toEqual([true, false, false]);
  });

  it('is none of the asides', () => {
    const rows = [{ value: 1 }, { value: 3 }, { value: 2 }];
    const figures = figuresOf([{ ...COLUMN, aside: ({ value }) => value === 1 }], rows);
    expect(figures.map(([figure]) => [figure!.best, figure!.aside])).toEqual([
      [false, true],
      [false, false],
      [true, false],
    ]);
  });

  it('is none of the rows that do not compare', () => {
    const rows = [{ value: 1, sound: false }, { value: 3 }, { value: 2 }, { value: 2.01 }];
    const figures = figuresOf([COLUMN], rows, ({ sound = true }) => sound);
    expect(figures.map(([figure]) => figure!.best)).toEqual([false, false, true, true]);
  });
});

it('a row without a figure has no text', () => {
  expect(figuresOf([COLUMN], [{ value: null }, { value: 2 }])).toEqual([
    [{ value: null, text: null, best: false, aside: false }],
    [{ value: 2, text: '2.0', best: false, aside: false }],
  ]);
});
