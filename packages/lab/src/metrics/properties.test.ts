/** What must hold of the measures of every allocator on any trace, and how they must follow a change of the trace. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeTrace } from '../../test/traces.js';
import { ALLOCATORS } from '../replay/allocators.js';
import { makeArena, parseContender } from '../replay/contender.js';
import { type Measures, measure } from '../replay/measure.js';
import { NEAR } from '../replay/near-peak.js';
import { peakLiveBytes } from '../trace/live.js';
import type { Trace } from '../trace/trace.js';

const measured = (trace: Trace, spec: string, align = 16): Measures =>
  measure(trace, () => makeArena(parseContender(spec), { align, capacity: null }));

/** Blocks by number with their sizes; a number that is live is reallocated or freed. */
const calls = fc.array(
  fc.record({ block: fc.nat(20), size: fc.integer({ min: 0, max: 2000 }), realloc: fc.boolean() }),
  { minLength: 1, maxLength: 120 },
);
type Calls = typeof calls extends fc.Arbitrary<infer T> ? T : never;

function traceOf(calls: Calls, scale = 1): Trace {
  const live = new Set<number>();
  const words = calls.map(({ block, size, realloc }) => {
    if (!live.has(block)) {
      live.add(block);
      return `a${block}+${size * scale}`;
    }
    if (realloc) return `a${block}~${size * scale}`;
    live.delete(block);
    return `-a${block}`;
  });
  return makeTrace(words.join(' '));
}

const IDS = ALLOCATORS.map(({ id }) => id);

describe.each(IDS)('%s', (id) => {
  it('measures agree with each other', () => {
    fc.assert(
      fc.property(calls, (calls) => {
        const trace = traceOf(calls);
        const m = measured(trace, id);
        expect(m.failed).toBe(0);
        expect(m.peakLiveBytes).toBe(peakLiveBytes(trace));
        for (const share of [
          m.utilization,
          m.internalFragmentation,
          m.internalMean,
          m.externalFragmentation,
        ]) {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(1);
        }
        for (const at of [m.atPeakLive, m.atPeakFootprint, m.atEnd]) {
          const free = at.footprintBytes - at.grantedBytes - at.bookkeepingBytes;
          expect(free).toBeGreaterThanOrEqual(at.largestFreeBytes);
          expect(free === 0).toBe(at.freeSegments === 0);
          expect(at.grantedBytes).toBeGreaterThanOrEqual(at.liveBytes);
          expect(at.footprintBytes).toBeLessThanOrEqual(m.footprintBytes);
        }
        expect(m.externalBytes).toBe(
          m.atPeakLive.footprintBytes - m.atPeakLive.grantedBytes - m.atPeakLive.bookkeepingBytes,
        );
        expect(m.atPeakLive.liveBytes).toBe(m.peakLiveBytes);
        expect(m.atPeakFootprint.footprintBytes).toBeGreaterThanOrEqual(m.footprintBytes * (1 - NEAR));
        if (m.atPeakLive.footprintBytes >= m.footprintBytes * (1 - NEAR)) {
          expect(m.atPeakFootprint.liveBytes).toBe(m.peakLiveBytes);
        }
        expect(m.freeAtEnd.bytes.reduce((sum, bytes) => sum + bytes, 0)).toBe(
          m.atEnd.footprintBytes - m.atEnd.grantedBytes - m.atEnd.bookkeepingBytes,
        );
        expect(Math.max(...m.timeline.liveMax)).toBe(m.peakLiveBytes);
        expect(Math.max(...m.timeline.footprintMax)).toBeLessThanOrEqual(m.footprintBytes);
        if (m.johnstoneWilson4 !== null) {
          expect(m.johnstoneWilson4).toBeGreaterThanOrEqual(m.johnstoneWilson2!);
          expect(m.johnstoneWilson4).toBeLessThanOrEqual(m.johnstoneWilson3 ?? Number.POSITIVE_INFINITY);
        }
        // The heap does not count them.
        expect(m.maxSearch === null).toBe(id.startsWith('heap'));
        if (m.maxSearch !== null) {
          expect(m.p99Search).toBeLessThanOrEqual(m.maxSearch);
          expect(m.meanSearch).toBeLessThanOrEqual(m.maxSearch);
        }
      }),
      { numRuns: 25 },
    );
  });

  // Frames of 4 KiB, the sizes of kmalloc, and bookkeeping between the blocks do not scale.
  it.skipIf(id === 'pages' || id === 'slab' || id.startsWith('heap'))(
    'twice the sizes at twice the alignment waste the same shares',
    () => {
      // What is counted in pages and in bookkeeping does not scale, and neither do the footprint nor the four measures.
      const doubled =
        id === 'blocks' ? 'blocks:block=64' : id === 'buddy' ? 'buddy:unit=64' : `${id}:grow-by=8192`;
      fc.assert(
        fc.property(calls, (calls) => {
          const nonzero = calls.map((call) => ({ ...call, size: call.size + 1 }));
          const once = measured(traceOf(nonzero), id);
          const twice = measured(traceOf(nonzero, 2), withGrowth(doubled), 32);
          expect(twice.peakLiveBytes).toBe(once.peakLiveBytes * 2);
          expect(twice.internalFragmentation).toBe(once.internalFragmentation);
          expect(twice.externalFragmentation).toBe(once.externalFragmentation);
          expect(twice.externalBytes).toBe(once.externalBytes * 2);
          expect(twice.moves).toBe(once.moves);
        }),
        { numRuns: 15 },
      );
    },
  );

  it('a block that comes and goes at the end changes no peak', () => {
    fc.assert(
      fc.property(calls, (calls) => {
        const plain = measured(traceOf(calls), id);
        const name = calls.map(({ block }) => block);
        const unused = Array.from({ length: 22 }, (_, i) => i).find((i) => !name.includes(i))!;
        const more = { block: unused, size: 0, realloc: false };
        const longer = measured(traceOf([...calls, more, more]), id);
        expect(longer.peakLiveBytes).toBe(plain.peakLiveBytes);
        expect(longer.atPeakLive).toEqual(plain.atPeakLive);
        expect(longer.atEnd.grantedBytes).toBe(plain.atEnd.grantedBytes);
      }),
      { numRuns: 15 },
    );
  });
});

function withGrowth(spec: string): string {
  return spec.includes('grow-by') ? spec : `${spec}:grow-by=8192`;
}

it.each(['first', 'next', 'best', 'worst'])(
  'naive-%s and its indexed twin differ in bookkeeping and search only',
  (fit) => {
    fc.assert(
      fc.property(calls, (calls) => {
        const trace = traceOf(calls);
        const naive = measured(trace, `naive-${fit}`);
        const indexed = measured(trace, `${fit}-fit`);
        for (const key of [
          'internalFragmentation',
          'internalMean',
          'externalFragmentation',
          'externalMean',
          'moves',
        ] as const) {
          expect(indexed[key], key).toBe(naive[key]);
        }
        expect(indexed.freeAtEnd).toEqual(naive.freeAtEnd);
        expect(indexed.timeline.grantedMax).toEqual(naive.timeline.grantedMax);
      }),
      { numRuns: 25 },
    );
  },
);
