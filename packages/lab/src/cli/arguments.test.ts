import { describe, expect, it } from 'vitest';
import { allocatorsHelp } from './arguments.js';
import { measuresHelp } from './compare/tables.js';

describe('the help of options of allocators', () => {
  it('says of which allocators a meaning is, where a name has several', () => {
    const help = allocatorsHelp();
    expect(help).toContain('\n  unit           buddy: a power of two, such as 64 or 4KiB\n');
    expect(help).toContain('\n                 heap, heap-unchecked: 8, 16\n');
  });

  it('names no allocators where a name has one meaning', () => {
    expect(allocatorsHelp()).toContain('\n  coalesce       on, off\n');
  });

  it('fits 80 columns', () => {
    expect(
      allocatorsHelp()
        .split('\n')
        .filter((line) => line.length > 80),
    ).toEqual([]);
  });
});

it('the help of measures says which are not in the table', () => {
  expect(measuresHelp()).toContain(
    '\nMeasures (max, needed and books: only in --json, --csv and --report):\n',
  );
});
