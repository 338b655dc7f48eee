/** The indexed fits against the naive lists, as the free list grows. */
import { type Allocator, IndexedFit, NaiveAllocator, type SegmentOptions } from 'freehold';
import { find, type Job, nanoseconds, ns, type Result, random, type Suite } from '../suite.js';

const POINTS = [100, 1000, 10_000, 100_000, 1_000_000];
const SHORT_POINTS = [100, 1000, 10_000];
const HOLE = 64;
const CONTENDERS = ['naive-first', 'first-fit', 'naive-best', 'best-fit'];

export const fits: Suite = {
  id: 'fits',
  title: 'Indexed fits against the naive lists, ns an operation',
  method:
    'n free segments of 64 bytes lie between used ones, with larger ones only at the end: a request for 65 to 128 bytes ' +
    'makes the naive list walk all of them. An operation is half of a pair: such a request, and a free of it; every ' +
    'other pair takes one of the small segments and gives it back.',
  jobs: (short) =>
    (short ? SHORT_POINTS : POINTS).flatMap((segments) =>
      CONTENDERS.map((contender) => ({ contender, at: { segments } })),
    ),
  measure: async ({ contender, at }: Job, short) => {
    const segments = Number(at['segments']);
    const allocator = fragmented(contender, segments);
    const naive = contender.startsWith('naive');
    const most = short ? 20_000 : 300_000;
    const pairs = naive ? Math.max(8, Math.min(most, Math.floor((short ? 2e7 : 2e8) / segments))) : most;
    const next = random(1);
    let sink = 0;
    const pair = (i: number) => {
      const address = allocator.allocate((i & 1) === 0 ? HOLE + 1 + next(HOLE) : HOLE)!;
      sink += address;
      allocator.free(address);
    };
    for (let i = 0; i < Math.min(pairs, 20_000) / 2; i++) pair(i);
    const time = nanoseconds(() => {
      for (let i = 0; i < pairs; i++) pair(i);
    });
    if (sink < 0) throw new Error('addresses are not negative');
    return time / (2 * pairs);
  },
  tables: (results) => [
    {
      head: ['free segments', ...CONTENDERS, 'first: ratio', 'best: ratio'],
      rows: pointsOf(results).map((segments) => [
        segments.toLocaleString('en-GB'),
        ...CONTENDERS.map((contender) => ns(find(results, contender, 'segments', segments).median)),
        ...['first', 'best'].map((fit) => `${ns(ratio(results, fit, segments))}×`),
      ]),
    },
  ],
  goals(results) {
    const points = pointsOf(results);
    const largest = points.at(-1)!;
    const smallest = points[0]!;
    const time = find(results, 'first-fit', 'segments', largest).median;
    const growth = time / find(results, 'first-fit', 'segments', smallest).median;
    const allowed = Math.log2(largest) / Math.log2(smallest);
    return [
      {
        goal: `first fit at ${largest.toLocaleString('en-GB')} free segments at least 1000 × faster (at a million)`,
        met: ratio(results, 'first', largest) >= 1000,
        found: `${ns(ratio(results, 'first', largest))} ×`,
      },
      { goal: 'first fit at most 300 ns an operation there', met: time <= 300, found: `${ns(time)} ns` },
      {
        goal: `growth no steeper than log n (${allowed.toFixed(1)} × from ${smallest} on)`,
        met: growth <= allowed,
        found: `${growth.toFixed(1)} ×`,
      },
    ];
  },
};

function pointsOf(results: readonly Result[]): number[] {
  return [...new Set(results.map(({ at }) => Number(at['segments'])))];
}

function ratio(results: readonly Result[], fit: string, segments: number): number {
  const naive = find(results, `naive-${fit}`, 'segments', segments).median;
  return naive / find(results, `${fit}-fit`, 'segments', segments).median;
}

/** `segments` holes of HOLE bytes between used segments of as many, and room at the end. */
function fragmented(contender: string, segments: number): Allocator {
  const fit = contender.includes('first') ? 'first' : 'best';
  const options: SegmentOptions = { capacity: (2 * segments + 64) * HOLE, fit };
  const allocator = contender.startsWith('naive') ? new NaiveAllocator(options) : new IndexedFit(options);
  const held: number[] = [];
  for (let i = 0; i < segments; i++) {
    held.push(allocator.allocate(HOLE)!);
    allocator.allocate(HOLE);
  }
  // From the end down: the naive list, ordered by address, finds its place at the head.
  for (let i = segments - 1; i >= 0; i--) allocator.free(held[i]!);
  return allocator;
}
