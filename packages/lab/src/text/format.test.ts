import { describe, expect, it } from 'vitest';
import {
  formatCompact,
  formatCount,
  formatFraction,
  formatNanoseconds,
  formatRatio,
  formatSize,
} from './format.js';

describe('figures as the report writes them', () => {
  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [1024 * 99.96, '100 KiB'],
    [1024 * 1023.4, '1023 KiB'],
    [1024 * 1023.6, '1 MiB'],
    [2 ** 32, '4 GiB'],
    [2 ** 53, '8 PiB'],
  ])('%d bytes are %s', (bytes, text) => expect(formatSize(bytes)).toBe(text));

  it.each([
    [0, '0'],
    [1.257, '1.26'],
    [12.34, '12.3'],
    [1234567, '1,234,567'],
    [1234.5, '1,235'],
  ])('the count %d is %s', (count, text) => expect(formatCount(count)).toBe(text));

  it.each([
    [0, '0'],
    [999, '999'],
    [999.6, '1 k'],
    [1500, '1.5 k'],
    [999_999, '1 M'],
    [2_000_000, '2 M'],
  ])('%d on an axis is %s', (count, text) => expect(formatCompact(count)).toBe(text));

  it.each([
    [0, '0.0 %'],
    [0.253, '25.3 %'],
    [12.5, '1,250 %'],
    [-0.01, '-1.0 %'],
  ])('the share %d is %s', (fraction, text) => expect(formatFraction(fraction)).toBe(text));

  it.each([
    [1, '1.00'],
    [1.078, '1.08'],
    [12.34, '12.3'],
    [123.4, '123'],
  ])('the ratio %d is %s', (ratio, text) => expect(formatRatio(ratio)).toBe(text));

  it.each([
    [8.04, '8.0'],
    [99.96, '100'],
    [2210, '2,210'],
  ])('%d nanoseconds are %s', (nanoseconds, text) => expect(formatNanoseconds(nanoseconds)).toBe(text));
});
