/** The indexed fits against the naive lists, as the free list grows: where searching is all, and where memory is. */
import { Random } from '@freehold/lab';
import { type Allocator, IndexedFit, NaiveAllocator, type SegmentOptions } from 'freehold';
import { find, type Job, ns, processorTime, type Result, type Suite } from '../suite.js';

const POINTS = [100, 1000, 10_000, 100_000, 1_000_000];
const SHORT_POINTS = [100, 1000, 10_000];
/**
 * The naive list finds what to free by a walk, so to prepare n free segments takes it n² / 2 steps: a second at this
 * point, hours at a million.
 */
const NAIVE_MOST = 10_000;
const HOLE = 64;
const SIZE_MAX = 512;
const CONTENDERS = ['naive-first', 'first-fit', 'naive-best', 'best-fit'];

export const fits = suite(
  'fits',
  'Indexed fits against the naive lists: a long search, ns of processor time an operation',
  'n free segments of 64 bytes lie between used ones, with larger ones only at the end: a request for 65 to 128 bytes ' +
    'makes the naive list walk all of them. An operation is half of a pair: such a request, and a free of it; every ' +
    'other pair takes one of the small segments and gives it back. The indexed fits go the same few ways again and ' +
    'again, which the cache holds: that is the cost of their search, not of memory.',
  (allocator, segments) => {
    const held = Array.from({ length: segments }, () => {
      const address = allocator.allocate(HOLE)!;
      allocator.allocate(HOLE);
      return address;
    });
    freeDownwards(allocator, held);
    const random = new Random(1);
    return (i) => allocator.free(allocator.allocate((i & 1) === 0 ? HOLE + 1 + random.below(HOLE) : HOLE)!);
  },
);

export const replacement = suite(
  'replacement',
  'Indexed fits against the naive lists: random replacement, ns of processor time an operation',
  'n blocks of 1 to 512 bytes are live and at least n segments free, with small used ones between all of them, so that ' +
    'they never join into few; a random block is freed and one of random size allocated, over and over. An operation ' +
    'is one free or one allocate, anywhere in memory: from some 100,000 segments on the time is that of waiting for it.',
  (allocator, segments) => {
    const random = new Random(3);
    const held: number[] = [];
    for (let i = 0; i < 2 * segments; i++) {
      held.push(allocator.allocate(1 + random.below(SIZE_MAX))!);
      allocator.allocate(8);
    }
    freeDownwards(
      allocator,
      held.filter((_, i) => i % 2 === 0),
    );
    const live = Float64Array.from(held.filter((_, i) => i % 2 === 1));
    return () => {
      const which = random.below(segments);
      allocator.free(live[which]!);
      live[which] = allocator.allocate(1 + random.below(SIZE_MAX))!;
    };
  },
);

/** @param prepare fills the allocator; what it returns is a pair of operations, the i-th */
function suite(
  id: string,
  title: string,
  method: string,
  prepare: (allocator: Allocator, segments: number) => (i: number) => void,
): Suite {
  return {
    id,
    title,
    method,
    jobs: (short) =>
      (short ? SHORT_POINTS : POINTS).flatMap((segments) =>
        CONTENDERS.filter((contender) => !isNaive(contender) || segments <= NAIVE_MOST).map((contender) => ({
          contender,
          at: { segments },
        })),
      ),
    measure: async ({ contender, at }: Job, short) => {
      const segments = Number(at['segments']);
      const pair = prepare(make(contender, segments), segments);
      const most = short ? 20_000 : 300_000;
      const pairs = isNaive(contender) ? Math.max(4, Math.min(most, Math.floor(1e7 / segments))) : most;
      for (let i = 0; i < Math.min(pairs, 20_000) / 2; i++) pair(i);
      const before = processorTime();
      for (let i = 0; i < pairs; i++) pair(i);
      return (processorTime() - before) / (2 * pairs);
    },
    notes: () => [
      `The naive lists are measured up to ${NAIVE_MOST.toLocaleString('en-GB')} free segments: to prepare a million takes time in the square of their number. Beyond, ratios (≈) put their time as growing with n, which is no more than it grew so far.`,
    ],
    tables: (results) => [
      {
        head: ['free segments', ...CONTENDERS, 'first: ratio', 'best: ratio'],
        rows: pointsOf(results).map((segments) => [
          segments.toLocaleString('en-GB'),
          ...CONTENDERS.map((contender) =>
            isNaive(contender) && segments > NAIVE_MOST
              ? '–'
              : ns(find(results, contender, 'segments', segments).median),
          ),
          ...['first', 'best'].map(
            (fit) => `${segments > NAIVE_MOST ? '≈ ' : ''}${ns(ratio(results, fit, segments))} ×`,
          ),
        ]),
      },
    ],
    goals: (results) => ['first', 'best'].flatMap((fit) => goals(results, fit)),
  };
}

function goals(results: readonly Result[], fit: string) {
  const points = pointsOf(results);
  const largest = points.at(-1)!;
  const smallest = points[0]!;
  const time = find(results, `${fit}-fit`, 'segments', largest).median;
  const growth = time / find(results, `${fit}-fit`, 'segments', smallest).median;
  const allowed = Math.log2(largest) / Math.log2(smallest);
  const times = ratio(results, fit, largest);
  return [
    {
      goal: `${fit} fit at ${largest.toLocaleString('en-GB')} free segments at least 1000 × faster (at a million)`,
      met: times >= 1000,
      found: `${ns(times)} ×`,
    },
    { goal: `${fit} fit at most 300 ns an operation there`, met: time <= 300, found: `${ns(time)} ns` },
    {
      goal: `${fit} fit grows no steeper than log n (${allowed.toFixed(1)} × from ${smallest} on)`,
      met: growth <= allowed,
      found: `${growth.toFixed(1)} ×`,
    },
  ];
}

function pointsOf(results: readonly Result[]): number[] {
  return [...new Set(results.map(({ at }) => Number(at['segments'])))];
}

/** How many times faster the indexed fit is; beyond NAIVE_MOST, than the naive list would be if its time grew with n. */
function ratio(results: readonly Result[], fit: string, segments: number): number {
  const measured = Math.min(segments, NAIVE_MOST);
  const naive = find(results, `naive-${fit}`, 'segments', measured).median * (segments / measured);
  return naive / find(results, `${fit}-fit`, 'segments', segments).median;
}

function isNaive(contender: string): boolean {
  return contender.startsWith('naive');
}

function make(contender: string, segments: number): Allocator {
  const fit = contender.includes('first') ? 'first' : 'best';
  const options: SegmentOptions = { capacity: (2 * segments + 64) * SIZE_MAX, fit };
  return isNaive(contender) ? new NaiveAllocator(options) : new IndexedFit(options);
}

/** From the end down: the naive list, ordered by address, finds its place at the head. */
function freeDownwards(allocator: Allocator, addresses: readonly number[]): void {
  for (let i = addresses.length - 1; i >= 0; i--) allocator.free(addresses[i]!);
}
