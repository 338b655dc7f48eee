import { describe, expect, it } from 'vitest';
import { formatCount, formatSize } from './format.js';
import { parseSize } from './sizes.js';

describe('parseSize', () => {
  it.each([
    ['4096', 4096],
    ['1', 1],
    ['64KiB', 65_536],
    ['64kib', 65_536],
    ['64k', 65_536],
    ['64 KiB', 65_536],
    ['1.5MiB', 1_572_864],
    ['0.5k', 512],
    ['2MB', 2_000_000],
    ['3GB', 3_000_000_000],
    ['8G', 8 * 2 ** 30],
    ['1TiB', 2 ** 40],
    ['12b', 12],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ])('%s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each([
    '',
    '0',
    '-1',
    '1.5',
    '0.3k',
    'KiB',
    '12q',
    '1e3',
    '0x10',
    '1 2',
    '9007199254740992',
    '8192TiB',
    'NaN',
  ])("'%s' is no size", (text) => {
    expect(parseSize(text)).toBeNull();
  });
});

it('prints what it reads', () => {
  for (const text of ['512 B', '64 KiB', '1.5 MiB', '2 GiB']) expect(formatSize(parseSize(text)!)).toBe(text);
  expect(formatCount(1_234_567)).toBe('1,234,567');
});
