import { describe, expect, it } from 'vitest';
import { type MadeUp, makeComparison, makeMeasurement } from '../../test/measurements.js';
import type { Measurement } from '../metrics/measurement.js';
import type { TraceFacts } from '../trace/facts.js';
import { acrossTraces, summarizeAll, summarizeTrace } from './summary.js';
import { type TraceResults, tracesOf } from './traces.js';

const MiB = 2 ** 20;

/** Live bytes of at most 1 MiB; at its greatest the footprint is live bytes, rounding, holes and bookkeeping. */
function result(allocator: string, footprint: number, nsPerOp: number | null, given: MadeUp = {}) {
  const { internalMean = 0, bookkeepingBytes = 0 } = given;
  const measurement = makeMeasurement({
    allocator,
    nsPerOp,
    peakLiveBytes: MiB,
    footprintBytes: footprint * MiB,
    ...given,
  });
  return {
    ...measurement,
    atPeakFootprint: {
      ...measurement.atPeakFootprint,
      liveBytes: MiB,
      grantedBytes: MiB + internalMean * MiB,
      bookkeepingBytes,
      footprintBytes: footprint * MiB,
    },
  };
}

function traces(named: Readonly<Record<string, readonly Measurement[]>>): readonly TraceResults[] {
  return tracesOf(
    Object.entries(named).map(([name, measurements]) => makeComparison(measurements, { name })),
  );
}

function sentences(...measurements: Measurement[]): readonly string[] {
  return sentencesOf({}, ...measurements);
}

function sentencesOf(facts: Partial<TraceFacts>, ...measurements: Measurement[]): readonly string[] {
  return summarizeTrace(tracesOf([makeComparison(measurements, facts)])[0]!);
}

const BOUND = 'the lower bound of 1 MiB (the most bytes ever live at once)';

describe('the summary of one trace', () => {
  it('says so where chance may have decided which is the fastest', () => {
    const near = (allocator: string, nsPerOp: number) =>
      result(allocator, 1.2, nsPerOp, { nsPerOpQ1: nsPerOp - 2, nsPerOpQ3: nsPerOp + 2 });
    expect(sentences(result('best-fit', 1.08, 95), near('tlsf', 20), near('buddy', 23))[1]).toBe(
      'tlsf is the fastest: 20.0 ns per operation, for 1.20 × the lower bound (not clearly: the rounds of buddy overlap with its own).',
    );
    const many = ['a', 'b', 'c', 'd'].map((name) => near(name, 21));
    expect(sentences(near('tlsf', 20), ...many).join(' ')).toContain(
      '(not clearly: the rounds of 4 others overlap with its own)',
    );
    const two = traces({
      x: [near('tlsf', 20), near('buddy', 23)],
      y: [near('tlsf', 20), near('buddy', 23)],
    });
    expect(summarizeAll(two).at(-1)).toBe(
      'tlsf is the fastest on average: 20.0 ns per operation (not clearly: the rounds of buddy overlap with its own).',
    );
  });

  it('ends with what the recorded allocator wasted, where the recording tells', () => {
    const recorded = { internalFragmentation: 0.125, internalMean: 0.1, grantedAtPeakBytes: 8 };
    expect(sentencesOf({ recorded }, result('slab', 1.15, 23.14)).at(-1)).toBe(
      'When most bytes were live, the recorded allocator itself had lost 12.5 % of what it granted to rounding.',
    );
  });

  it('names the thriftiest, the fastest with its price, and the most wasteful with its cause', () => {
    expect(
      sentences(
        result('tlsf', 1.15, 23.14),
        result('best-fit', 1.08, 95),
        result('buddy', 2, 31, { internalMean: 0.75 }),
      ),
    ).toEqual([
      `best-fit needs the least memory: 1.08 MiB, 1.08 × ${BOUND}.`,
      'tlsf is the fastest: 23.1 ns per operation, for 1.15 × the lower bound.',
      'buddy needs the most, 2.00 ×: 37.5 % of it is rounding, padding and headers.',
    ]);
  });

  it('tells holes and bookkeeping as causes too', () => {
    expect(sentences(result('a', 1, 1), result('b', 2, 9)).at(-1)).toBe(
      'b needs the most, 2.00 ×: 50.0 % of it is free holes that served no request.',
    );
    expect(sentences(result('a', 1, 1), result('b', 2, 9, { bookkeepingBytes: 0.9 * MiB })).at(-1)).toBe(
      'b needs the most, 2.00 ×: 45.0 % of it is bookkeeping.',
    );
  });

  it('names all that share the least', () => {
    expect(sentences(result('naive-best', 1.08, 2000), result('best-fit', 1.08, 95))).toEqual([
      `naive-best and best-fit need the least memory: 1.08 MiB, 1.08 × ${BOUND}.`,
      'best-fit is the fastest, too: 95.0 ns per operation.',
    ]);
  });

  it('says it when one is both thriftiest and fastest, or both fastest and most wasteful', () => {
    expect(sentences(result('a', 1, 5), result('b', 1.05, 9))).toEqual([
      `a needs the least memory: 1 MiB, 1.00 × ${BOUND}.`,
      'It is the fastest, too: 5.0 ns per operation.',
    ]);
    expect(sentences(result('a', 1, 5), result('b', 2, 3)).slice(1)).toEqual([
      'b is the fastest: 3.0 ns per operation, for 2.00 × the lower bound.',
      'It needs the most as well: 50.0 % of it is free holes that served no request.',
    ]);
  });

  it('says nothing of time where nothing was timed', () => {
    expect(sentences(result('a', 1, null), result('b', 1.05, null))).toEqual([
      `a needs the least memory: 1 MiB, 1.00 × ${BOUND}.`,
    ]);
  });

  it('describes a single allocator without comparing', () => {
    expect(sentences(result('tlsf', 1.5, 23))).toEqual([
      `tlsf needs 1.5 MiB, 1.50 × ${BOUND}, at 23.0 ns per operation.`,
    ]);
  });

  it('leaves out of the verdict who refused requests, and says so', () => {
    expect(sentences(result('a', 1.2, 9), result('b', 1, 2, { failed: 1234 }))).toEqual([
      `a needs 1.2 MiB, 1.20 × ${BOUND}, at 9.0 ns per operation.`,
      'Requests were refused by b (1,234): their figures come from a run that was not served in full.',
    ]);
  });

  it('puts a broken promise first', () => {
    const fault = { kind: 'overlap', operation: 2000, address: 64, message: 'two blocks overlap' } as const;
    expect(
      sentences(result('a', 1, 9), result('b', 1, 2, { verification: { fault, blocks: 1, checks: 1 } }))[0],
    ).toBe('b broke a promise at operation 2,000: two blocks overlap.');
  });

  it('does not divide by what was never live', () => {
    const nothing = { peakLiveBytes: 0 };
    const texts = sentences(result('a', 0, 1, nothing), result('b', 0.5, 2, nothing));
    expect(texts[0]).toBe('a needs the least memory: 0 B; nothing was ever live.');
    expect(texts.join(' ')).not.toMatch(/Infinity|NaN/);
  });
});

describe('the summary of several traces', () => {
  const both = traces({
    x: [result('a', 1, 10), result('b', 2, 5)],
    y: [result('a', 4, 40), result('b', 3, 5), result('c', 1, 1)],
  });

  it('takes geometric means over the allocators that ran on every trace', () => {
    expect(summarizeAll(both)).toEqual([
      'Over all 2 recordings, a needs the least memory: 2.00 × the lower bound on average, 4.00 × at worst (y).',
      'b is the fastest on average: 5.0 ns per operation.',
    ]);
  });

  it('tells how many traces an allocator was left out of', () => {
    const c = acrossTraces(both).find(({ name }) => name === 'c');
    expect(c).toMatchObject({ sound: false, missing: 1 });
  });

  it('recommends no naive list, whose bookkeeping is a C program’s, beside others', () => {
    const twin = { allocator: 'naive-first', naive: true, waste: 1.001, nsPerOp: 5 };
    const measurements = [
      makeMeasurement(twin),
      makeMeasurement({ allocator: 'tlsf', waste: 1.2 }),
      makeMeasurement({ allocator: 'buddy', waste: 1.3 }),
    ];
    const told = traces({ a: measurements, b: measurements });
    const text = [...summarizeAll(told), ...summarizeTrace(told[0]!)].join('\n');
    expect(text).toContain('tlsf needs the least memory');
    expect(text).not.toContain('naive');
  });

  it('is empty for one trace', () => expect(summarizeAll(both.slice(0, 1))).toEqual([]));
});

describe('tracesOf', () => {
  it('tells traces of the same name apart, and leaves out those without figures', () => {
    const error = { kind: 'shortage', message: 'memory ran out' } as const;
    const nothing = { allocator: 'a', title: 'A', options: {}, error };
    const found = tracesOf([
      makeComparison([makeMeasurement(), nothing], { name: 'x' }),
      makeComparison([nothing], { name: 'x' }),
      makeComparison([makeMeasurement()], { name: 'y' }),
      makeComparison([makeMeasurement(), makeMeasurement()], { name: 'x' }),
    ]);
    expect(found.map(({ name, measurements }) => [name, measurements.length])).toEqual([
      ['x', 1],
      ['y', 1],
      ['x (2)', 2],
    ]);
  });
});
