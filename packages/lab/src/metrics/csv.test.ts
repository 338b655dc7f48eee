import { describe, expect, it } from 'vitest';
import { makeMeasurement } from '../../test/measurements.js';
import { toCsv, toRecord } from './csv.js';
import { MEASURES } from './measures.js';

describe('toCsv', () => {
  it('has a header, a row a measurement, and CR LF at the end of each', () => {
    const lines = toCsv([makeMeasurement(), makeMeasurement({ allocator: 'tlsf' })]).split('\r\n');
    expect(lines).toHaveLength(4);
    expect(lines[3]).toBe('');
    const columns = lines[0]!.split(',');
    expect(columns.slice(0, 4)).toEqual(['trace', 'allocator', 'title', 'capacity']);
    for (const { key } of MEASURES) expect(columns).toContain(key);
  });

  it('quotes what holds a comma, a quote or a line break, and doubles quotes', () => {
    const csv = toCsv([makeMeasurement({ trace: 'a,"b"\nc.gz', title: 'plain title' })]);
    expect(csv.split('\r\n')[1]).toMatch(/^"a,""b""\nc\.gz",first-fit,plain title,,2000000,/);
  });

  it.each([
    ['=cmd|calc', "'=cmd|calc"],
    ['+1+1', "'+1+1"],
    ['-2', "'-2"],
    ['@SUM(1)', "'@SUM(1)"],
    ['\t=1', '\\u0009=1'],
    ['\r=1', '\\u000d=1'],
    ['\n=1', `"'\n=1"`],
    ['a=1', 'a=1'],
    ['\u001b[31m\u202e', '\\u001b[31m\\u202e'],
  ])('a name such as %j is no formula, and sends nothing to a terminal', (trace, cell) => {
    const csv = toCsv([makeMeasurement({ trace, nsPerOp: -1 })]);
    const row = csv.split('\r\n')[1]!;
    expect(row.startsWith(`${cell},first-fit,`)).toBe(true);
    // Numbers stay numbers.
    expect(row).toContain(',-1,');
  });

  it('leaves a field empty where there is no figure', () => {
    const [header, row] = toCsv([
      makeMeasurement({ title: 't', nsPerOp: null, johnstoneWilson3: null }),
    ]).split('\r\n');
    const at = (column: string) => row!.split(',')[header!.split(',').indexOf(column)];
    expect(at('nsPerOp')).toBe('');
    expect(at('johnstoneWilson3')).toBe('');
    expect(at('capacity')).toBe('');
    expect(at('failed')).toBe('0');
    expect(at('verification')).toBe('');
  });

  it('tells what a verification found', () => {
    const verification = { fault: null, blocks: 3, checks: 1 };
    const fault = { kind: 'overlap', operation: 7, address: 16, message: 'overlaps [0x0, 0x20)' } as const;
    const csv = toCsv([
      makeMeasurement({ title: 't', verification }),
      makeMeasurement({ title: 't', verification: { ...verification, fault } }),
    ]);
    const rows = csv.split('\r\n');
    expect(rows[1]).toMatch(/,sound$/);
    expect(rows[2]).toMatch(/,"overlaps \[0x0, 0x20\)"$/);
  });
});

it('toRecord keeps all but the timeline', () => {
  const measurement = makeMeasurement();
  const { timeline, ...rest } = measurement;
  expect(timeline.operation.length).toBeGreaterThan(0);
  expect(toRecord(measurement)).toEqual(rest);
});
