import { describe, expect, it } from 'vitest';
import { PlainFit, type PlainOptions } from '../../test/plain-fit.js';
import { makeTrace } from '../../test/traces.js';
import type { Trace } from '../trace/trace.js';
import { RangeArena } from './arena.js';
import { type Measures, measure } from './measure.js';

/** Bookkeeping of PlainFit: 10 bytes for each live block. */
function measurePlain(trace: Trace, options: Partial<PlainOptions> = {}): Measures {
  const all = { capacity: 100, growBy: 100, ...options };
  return measure(trace, () => new RangeArena(new PlainFit(all), 1, 1));
}

describe('measures computed by hand', () => {
  // Rounded up to 10:        a [0,30)    b [30,80)   c [80,100)   -a          d [0,20)    -c          -b          e [20,70)
  // live requested r         25          70          90           65          81          61          16          61
  // granted g                30          80          100          70          90          70          20          70
  // highest end e            30          80          100          100         100         80          20          70
  // bookkeeping b            10          20          30           20          30          20          10          20
  // highest ever h           30          80          100          100         100         100         100         100
  const trace = makeTrace('a+25 b+45 c+20 -a d+16 -c -b e+45');
  const measures = measurePlain(trace, { round: 10 });

  it('counts', () => {
    expect(measures.failed).toBe(0);
  });

  it('memory', () => {
    expect(measures.peakLiveBytes).toBe(90);
    expect(measures.footprintBytes).toBe(130);
    expect(measures.bookkeepingBytes).toBe(30);
    expect(measures.utilization).toBe(90 / 130);
  });

  it('internal fragmentation, at the peak and on average', () => {
    expect(measures.internalFragmentation).toBe((100 - 90) / 100);
    const live = 25 + 70 + 90 + 65 + 81 + 61 + 16 + 61;
    const granted = 30 + 80 + 100 + 70 + 90 + 70 + 20 + 70;
    expect(measures.internalMean).toBe((granted - live) / granted);
  });

  it('external fragmentation, at the peak and on average', () => {
    expect(measures.externalFragmentation).toBe(0);
    expect(measures.externalBytes).toBe(0);
    // Free below h: after d [20,30), after -c [20,30) and [80,100), after -b [20,100), after e [70,100).
    expect(measures.externalMean).toBeCloseTo((1 - 20 / 30) / 8, 12);
  });

  it("Johnstone and Wilson's four", () => {
    const live = 25 + 70 + 90 + 65 + 81 + 61 + 16 + 61;
    const held = 40 + 100 + 130 + 120 + 130 + 100 + 30 + 90;
    expect(measures.johnstoneWilson1).toBe(held / live - 1);
    expect(measures.johnstoneWilson2).toBe(130 / 90 - 1);
    // e + b is 130 twice: the first such moment counts.
    expect(measures.johnstoneWilson3).toBe(130 / 90 - 1);
    expect(measures.johnstoneWilson4).toBe(130 / 90 - 1);
  });

  it('search lengths: free segments looked at by each request', () => {
    // a, b, c: the rest of the range; d: the hole at 0; e: the hole [20,100).
    expect([measures.meanSearch, measures.p99Search, measures.maxSearch]).toEqual([1, 1, 1]);
  });

  it('the moments', () => {
    expect(measures.atPeakLive).toEqual({
      operation: 3,
      liveBytes: 90,
      grantedBytes: 100,
      bookkeepingBytes: 30,
      footprintBytes: 130,
      freeSegments: 0,
      largestFreeBytes: 0,
    });
    expect(measures.atPeakFootprint).toEqual(measures.atPeakLive);
    expect(measures.atEnd).toEqual({
      operation: 8,
      liveBytes: 61,
      grantedBytes: 70,
      bookkeepingBytes: 20,
      footprintBytes: 120,
      freeSegments: 1,
      largestFreeBytes: 30,
    });
    expect(measures.freeAtEnd).toEqual({ counts: [0, 0, 0, 0, 0, 1], bytes: [0, 0, 0, 0, 0, 30] });
  });

  it('the timeline, a point each operation in so short a trace', () => {
    expect(measures.timeline.operation).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(measures.timeline.liveMax).toEqual([25, 70, 90, 65, 81, 61, 16, 61]);
    expect(measures.timeline.grantedMin).toEqual([30, 80, 100, 70, 90, 70, 20, 70]);
    expect(measures.timeline.footprintMax).toEqual([40, 100, 130, 120, 130, 100, 30, 90]);
    // The hole at 0 after -a; what is left of it after d; [20,30) and [80,100) after -c; then what lies above.
    expect(measures.timeline.freeSegmentsMax).toEqual([1, 1, 0, 1, 1, 2, 1, 1]);
  });
});

it('the moments differ when holes make the arena grow while less is live', () => {
  // a [0,60) b [60,105) -a c [0,10) e [10,20) -c; then d, 41 bytes, fits neither [0,10) nor [20,60): [105,146).
  const measures = measurePlain(makeTrace('a+60 b+45 -a c+10 e+10 -c d+41'));
  expect(measures.atPeakLive.operation).toBe(2);
  expect(measures.atPeakFootprint.operation).toBe(7);
  expect(measures.johnstoneWilson2).toBe(125 / 105 - 1);
  expect(measures.johnstoneWilson3).toBe(176 / 96 - 1);
  expect(measures.johnstoneWilson4).toBe(176 / 105 - 1);
  expect(measures.externalFragmentation).toBe(0);
  expect(measures.atPeakFootprint.freeSegments).toBe(2);
  expect(measures.atPeakFootprint.largestFreeBytes).toBe(40);
  expect(measures.freeAtPeakFootprint).toEqual({
    counts: [0, 0, 0, 0, 1, 0, 1],
    bytes: [0, 0, 0, 0, 10, 0, 40],
  });
  expect(measures.maxSearch).toBe(3);
});

describe('near ties of the peak go to the moment when most is live', () => {
  it('where the footprint is the same, to the last byte', () => {
    // a [0,60) b [60,100) c [0,50) d [50,60): with d the arena is full again, and three records are held.
    const measures = measurePlain(makeTrace('a+60 b+40 -a c+50 d+10'));
    expect(measures.footprintBytes).toBe(130);
    expect(measures.atPeakFootprint).toMatchObject({ operation: 5, liveBytes: 100 });
    const freed = measurePlain(makeTrace('a+60 b+30 -b c+40 -c d+10 e+30'));
    expect(freed.footprintBytes).toBe(130);
    expect(freed.atPeakFootprint).toMatchObject({ operation: 7, liveBytes: 100, footprintBytes: 130 });
  });

  it('where bookkeeping alone makes the footprint a little larger when hardly anything is live', () => {
    // 100,000 bytes live with one record of 10 bytes; at the end five records, and 5 bytes.
    const measures = measurePlain(makeTrace('a+100000 -a b+1 c+1 d+1 e+1 f+1'), { capacity: 100_000 });
    expect(measures.footprintBytes).toBe(100_050);
    expect(measures.atPeakFootprint).toMatchObject({
      operation: 1,
      liveBytes: 100_000,
      footprintBytes: 100_010,
    });
    expect(measures.freeAtPeakFootprint.counts).toEqual([]);
    expect(measures.utilization).toBe(100_000 / 100_050);
  });

  it('in the third of Johnstone and Wilson: the most held, over the most live while nearly that is held', () => {
    // h [0,1000) e [1000,100000), then less and less live while a record more is held.
    const measures = measurePlain(makeTrace('h+1000 e+99000 h~10 f+10 g+10'), { capacity: 100_000 });
    expect(measures.johnstoneWilson2).toBe(100_020 / 100_000 - 1);
    expect(measures.johnstoneWilson3).toBe(100_040 / 100_000 - 1);
    expect(measures.johnstoneWilson4).toBe(100_040 / 100_000 - 1);
  });

  it('and not to moments that hold clearly less', () => {
    const measures = measurePlain(makeTrace('a+1000 -a b+1 c+1 d+1 e+1 f+1'), { capacity: 1000 });
    expect(measures.footprintBytes).toBe(1050);
    expect(measures.atPeakFootprint).toMatchObject({ operation: 7, liveBytes: 5, footprintBytes: 1050 });
  });
});

it('the current footprint shrinks with the highest segment, the footprint does not', () => {
  const measures = measurePlain(makeTrace('a+10 b+80 -b'));
  expect(measures.timeline.footprintMax).toEqual([20, 110, 20]);
  expect(measures.atEnd.footprintBytes).toBe(100);
  expect(measures.atEnd.largestFreeBytes).toBe(80);
});

it('a block of no bytes counts as none requested and at least one granted', () => {
  const measures = measurePlain(makeTrace('a+0 b+0'), { round: 10 });
  expect(measures.peakLiveBytes).toBe(0);
  expect(measures.atEnd.grantedBytes).toBe(20);
  expect(measures.utilization).toBe(0);
  expect([measures.johnstoneWilson1, measures.johnstoneWilson4]).toEqual([null, null]);
});

it('a reallocation in place searches nothing, one that moves is a move', () => {
  const measures = measurePlain(makeTrace('a+10 a~20 b+10 a~30'));
  expect(measures.reallocations).toBe(2);
  expect(measures.moves).toBe(1);
  // a, b, and the move of a.
  expect(measures.meanSearch).toBe(1);
  expect(measures.timeline.liveMax).toEqual([10, 20, 30, 40]);
  // While it moves, a has both its places; afterwards [0,20) is free.
  expect(measures.atEnd.footprintBytes).toBe(60 + 20);
  expect(measures.atEnd.largestFreeBytes).toBe(20);
});

it('in a fixed arena refusals are counted and change nothing', () => {
  // c is refused, and so its free is none; a cannot grow and stays; d is served where b was.
  const measures = measurePlain(makeTrace('a+60 b+30 c+20 a~75 -c -b d+40 a~61'), { growBy: 0 });
  expect(measures.failed).toBe(3);
  expect(measures.reallocations).toBe(0);
  expect(measures.timeline.liveMax).toEqual([60, 90, 90, 90, 90, 60, 100, 100]);
  expect(measures.peakLiveBytes).toBe(100);
  // The realloc of a block that was refused allocates.
  expect(measurePlain(makeTrace('a+60 b+50 -a b~70'), { growBy: 0 }).peakLiveBytes).toBe(70);
});

it('an empty arena is measured without dividing by nothing', () => {
  const trace = makeTrace('a+10');
  const measures = measure(
    { ...trace, length: 0 },
    () => new RangeArena(new PlainFit({ capacity: 10 }), 1, 1),
  );
  expect(measures.utilization).toBe(0);
  expect(measures.timeline.operation).toEqual([]);
  expect(measures.johnstoneWilson2).toBeNull();
  expect(measures.meanSearch).toBeNull();
});

it('a long run is thinned, and no peak is lost', () => {
  const calls = Array.from({ length: 2500 }, (_, i) => `a+${i === 1233 ? 900 : 10} -a`).join(' ');
  const { timeline } = measurePlain(makeTrace(calls));
  expect(timeline.operation).toHaveLength(1000);
  expect(timeline.operation.at(-1)).toBe(5000);
  expect(timeline.operation[0]).toBe(5);
  expect(Math.max(...timeline.liveMax)).toBe(900);
  expect(timeline.liveMax.filter((live) => live === 900)).toHaveLength(1);
  expect(new Set(timeline.liveMin)).toEqual(new Set([0]));
});
