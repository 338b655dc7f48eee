import { describe, expect, it } from 'vitest';
import { makeComparison, makeMeasurement } from '../../../test/measurements.js';
import { PLAIN } from '../../text/colours.js';
import { legend, meansTable, measuresHelp, traceTable } from './tables.js';

const row = (table: string, allocator: string) =>
  table.split('\n').find((line) => line.startsWith(`${allocator} `))!;

function timed(allocator: string, nsPerOp: number, spread: number) {
  return makeMeasurement({
    allocator,
    nsPerOp,
    nsPerOpQ1: nsPerOp * (1 - spread),
    nsPerOpQ3: nsPerOp * (1 + spread),
  });
}

describe('times', () => {
  it('have a star where the rounds of the quickest lie apart from all others', () => {
    const table = traceTable(makeComparison([timed('tlsf', 50, 0.1), timed('buddy', 70, 0.1)]), PLAIN);
    expect(row(table, 'tlsf')).toMatch(/^tlsf +\*50\.0 +10 /);
    expect(row(table, 'buddy')).toMatch(/^buddy +70\.0 +10 /);
  });

  it('have none where they overlap, in the means over traces neither', () => {
    const comparison = makeComparison([timed('tlsf', 60, 0.1), timed('buddy', 70, 0.1)]);
    expect(row(traceTable(comparison, PLAIN), 'tlsf')).toMatch(/^tlsf +60\.0 +10 /);
    expect(row(meansTable([comparison, comparison], PLAIN), 'tlsf')).toMatch(/^tlsf +60\.0 +10 /);
  });
});

describe('external fragmentation', () => {
  const results = [
    makeMeasurement({ allocator: 'tlsf', externalFragmentation: 0.1, externalShare: 0.01 }),
    makeMeasurement({ allocator: 'first-fit', externalFragmentation: 0.3, externalShare: 0.2 }),
    makeMeasurement({ allocator: 'buddy', externalFragmentation: 0.5, externalShare: 0.3 }),
  ];

  it('stands in brackets, without a star, where little is free', () => {
    const table = traceTable(makeComparison(results), PLAIN);
    expect(row(table, 'tlsf')).toContain(' (10.0) ');
    expect(row(table, 'first-fit')).toContain(' *30.0 ');
    expect(row(table, 'buddy')).toContain(' 50.0 ');
    const means = meansTable([makeComparison(results), makeComparison(results)], PLAIN);
    expect(row(means, 'tlsf')).toContain(' (10.0) ');
    expect(row(means, 'first-fit')).toContain(' *30.0 ');
  });
});

describe('the columns', () => {
  const wide = {
    allocator: 'heap-unchecked',
    nsPerOp: 12_345,
    nsPerOpQ1: 1,
    nsPerOpQ3: 30_000,
    externalShare: 0,
    johnstoneWilson1: 12,
    johnstoneWilson2: 12,
    johnstoneWilson3: 12,
    johnstoneWilson4: 12,
    p99Search: 12_345,
  };

  it('of failed requests is there where some failed', () => {
    const none = [makeComparison([makeMeasurement()])];
    expect(traceTable(none[0]!, PLAIN)).not.toContain('failed');
    expect(legend(none, PLAIN)).not.toContain('failed');
    const some = [makeComparison([makeMeasurement(), makeMeasurement({ failed: 3 })])];
    expect(traceTable(some[0]!, PLAIN)).toContain('failed');
    expect(legend(some, PLAIN)).toContain('\nfailed  ');
    expect(measuresHelp()).toContain('failed');
  });

  it('fit 80 columns, those that matter least left out where they do not', () => {
    const worse = { ...wide, johnstoneWilson1: 13, johnstoneWilson2: 13, johnstoneWilson3: 13 };
    const failing = { ...wide, failed: 54_321 };
    const results = [wide, worse, failing].map(makeMeasurement);
    const table = traceTable(makeComparison(results), PLAIN);
    expect(table.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(table).toContain('failed');
    expect(table).not.toContain('p99');
  });
});

it('says of the heap, which works on real bytes, that its own writing counts', () => {
  expect(measuresHelp().replaceAll(/\s+/g, ' ')).toContain(
    'heap works on real bytes: its own headers, clearing in calloc and copying in realloc count.',
  );
});
