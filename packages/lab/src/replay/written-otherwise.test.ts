import { describe, expect, it } from 'vitest';
import { ALLOCATORS } from './allocators.js';
import { parseContender, parseContenders } from './contender.js';
import { writtenRight } from './written-otherwise.js';

describe('a list of allocators that is written otherwise', () => {
  it.each([
    ['naive-first:header=8,block=8', 'naive-first:header=8:block=8'],
    ['buddy,unit=16', 'buddy:unit=16'],
    ['buddy,unit=16,orders=3,tlsf', 'buddy:unit=16:orders=3,tlsf'],
    ['buddy unit=16', 'buddy:unit=16'],
    ['buddy --unit=16', 'buddy:unit=16'],
    ['buddy --unit 16', 'buddy:unit=16'],
    ['buddy;unit=16', 'buddy:unit=16'],
    ['buddy(unit=16)', 'buddy:unit=16'],
    ['buddy:unit:16', 'buddy:unit=16'],
    ['buddy:unit = 16', 'buddy:unit=16'],
    ['buddy:unit=16 orders=3', 'buddy:unit=16:orders=3'],
    ['buddy:UNIT=16', 'buddy:unit=16'],
    ['first-fit:size-up', 'first-fit:order=size-up'],
    ['tlsf;buddy', 'tlsf,buddy'],
    ['tlsf+buddy', 'tlsf,buddy'],
    ['TLSF', 'tlsf'],
    ['tlsf,', 'tlsf'],
    ['tlsf:,buddy', 'tlsf,buddy'],
  ])('%s may be meant for %s', (written, right) => {
    const message = `'${written}' is not a list of allocators; did you mean ${right}? Allocators are separated by commas, their options follow colons`;
    expect(() => parseContenders(written)).toThrow(message);
    expect(() => parseContender(written)).toThrow(message);
    expect(parseContenders(right)).not.toEqual([]);
  });

  it.each([
    ['heap:unit=8,alignment=8', "heap has no option 'alignment' (in 'heap:unit=8:alignment=8'); known: unit"],
    ['first-fit,header=8,foo=1,tlsf', "first-fit has no option 'foo' (in 'first-fit:header=8:foo=1')"],
    ['buddy,unit=17', "buddy: option 'unit' is '17' (in 'buddy:unit=17'); allowed: a power of two"],
    ['buddy,unit=16,unit=32', "option 'unit' is given twice in 'buddy:unit=16:unit=32'"],
    [
      'unit=16,buddy',
      "'unit=16' is not an allocator; an option follows its allocator and a colon, such as buddy:unit=16",
    ],
    ['foo=16', "'foo=16' is not an allocator; known: naive-first,"],
    ['tslf', "unknown allocator 'tslf'; did you mean tlsf?"],
    ['', "unknown allocator ''; known: naive-first,"],
  ])('%s is answered with what is wrong', (written, message) => {
    expect(() => parseContenders(written)).toThrow(message);
  });

  it('has no suggestion where it is right, and none of what would be refused again', () => {
    for (const { id } of ALLOCATORS) expect(writtenRight(id, ALLOCATORS)).toBeNull();
    expect(writtenRight('buddy:unit=16:orders=3,tlsf', ALLOCATORS)).toBeNull();
    expect(writtenRight('tlsf;tlsf', ALLOCATORS)).toBeNull();
    expect(writtenRight('buddy;unit=16;unit=16', ALLOCATORS)).toBeNull();
    // Both orders and grow-by take it.
    expect(writtenRight('buddy,16', ALLOCATORS)).toBeNull();
    expect(
      writtenRight(
        'buddy,unit=16',
        ALLOCATORS.filter(({ id }) => id !== 'buddy'),
      ),
    ).toBeNull();
  });
});
