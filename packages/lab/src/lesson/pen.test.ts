import { describe, expect, it } from 'vitest';
import { PLAIN } from '../text/colours.js';
import { count, list, Pen, size } from './pen.js';

const pen = new Pen(PLAIN);

describe('bar', () => {
  const free = (start: number, end: number) => ({ start, end, used: false });
  const used = (start: number, end: number, requested?: number) =>
    requested === undefined ? { start, end, used: true } : { start, end, used: true, requested };

  it('is in proportion', () => {
    expect(pen.bar([used(0, 512), free(512, 768), used(768, 1024)], () => 'x', '', 16)).toBe(
      '│███████│···│███│\n x       x   x',
    );
  });

  it('gives the smallest segment two cells, and names only where there is room', () => {
    const segments = [used(0, 998), free(998, 999), used(999, 1000)];
    expect(pen.bar(segments, ({ end }) => String(end), '', 12)).toBe('│███████│·│█│\n 998');
  });

  it('draws some of what is used and some of what is wasted, however small', () => {
    expect(pen.bar([used(0, 100, 1)], () => '', '', 8)).toBe('│█▒▒▒▒▒▒│');
    expect(pen.bar([used(0, 100, 99)], () => '', '', 8)).toBe('│██████▒│');
    expect(pen.bar([used(0, 100, 100)], () => '', '', 8)).toBe('│███████│');
  });
});

it('writes sizes, counts and lists as the lesson does', () => {
  expect([0, 1536, 65536, 2 ** 20, 3 * 2 ** 19, 2 ** 21].map(size)).toEqual([
    '0',
    '1.5k',
    '64k',
    '1M',
    '1536k',
    '2M',
  ]);
  expect([count(0, 'node'), count(1, 'node'), count(2, 'node')]).toEqual(['0 nodes', '1 node', '2 nodes']);
  expect([list([]), list(['a']), list(['a', 'b']), list(['a', 'b', 'c'])]).toEqual([
    '',
    'a',
    'a and b',
    'a, b and c',
  ]);
});
