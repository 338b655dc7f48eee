import { describe, expect, it } from 'vitest';
import { nearest, unknownName } from './nearest.js';

describe('the nearest name', () => {
  it.each([
    ['tslf', 'tlsf'],
    ['tsf', 'tlsf'],
    ['tlsff', 'tlsf'],
    ['tlsg', 'tlsf'],
    ['TLSF', 'tlsf'],
    ['budy', 'buddy'],
    ['bset-fit', 'best-fit'],
    ['fist-fit', 'first-fit'],
    ['first-ft', 'first-fit'],
    ['first_fit', 'first-fit'],
  ])('to %s is %s', (word, expected) => {
    expect(nearest(word, ['first-fit', 'best-fit', 'tlsf', 'buddy'])).toBe(expected);
  });

  it.each(['', 'b', 'fits', 'fit', 'segregated', 'buddyunit', 'constructor'])('to %j is none', (word) => {
    expect(nearest(word, ['first-fit', 'best-fit', 'tlsf', 'buddy'])).toBeNull();
  });

  it('may differ in two places where it is long, in one where it is short', () => {
    expect(nearest('mini-remaindr', ['min-remainder'])).toBe('min-remainder');
    expect(nearest('mini-remaindrs', ['min-remainder'])).toBeNull();
    expect(nearest('uints', ['unit'])).toBeNull();
  });

  it('may be one that begins with the word', () => {
    expect(nearest('mm', ['malloc', 'mmap', 'mmapped'])).toBe('mmap');
    expect(nearest('naive', ['first-fit', 'naive-first'])).toBe('naive-first');
    expect(nearest('catt', ['cattle', 'cat'])).toBe('cat');
  });

  it('is the first of those that are equally near', () => {
    expect(nearest('cut', ['cat', 'cot'])).toBe('cat');
    expect(nearest('cot', ['cat', 'cot'])).toBe('cot');
  });
});

describe('an unknown name', () => {
  it('comes with the one that may be meant and all there are', () => {
    expect(unknownName('format', 'mtarce', ['rep', 'mtrace'])).toBe(
      "unknown format 'mtarce'; did you mean mtrace? Known: rep, mtrace",
    );
  });

  it('comes with all there are where none is near', () => {
    expect(unknownName('format', 'png', ['rep', 'mtrace'])).toBe("unknown format 'png'; known: rep, mtrace");
  });
});
