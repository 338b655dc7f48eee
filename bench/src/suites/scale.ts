/** Buddy and TLSF from a thousand to a million live blocks. */
import { Random } from '@freehold/lab';
import { type Allocator, Buddy, Tlsf } from 'freehold';
import { find, type Job, ns, processorTime, type Result, type Suite } from '../suite.js';

const POINTS = [1000, 10_000, 100_000, 1_000_000];
const SHORT_POINTS = [1000, 10_000];
const CONTENDERS = ['empty', 'buddy', 'tlsf'];
const SIZE_MAX = 512;
const SIZES = 2 ** 16;

export const scale: Suite = {
  id: 'scale',
  title: 'Buddy and TLSF as live blocks become many, ns of processor time an operation',
  method:
    'n live blocks of 1 to 512 bytes; a random one of them is freed and another of random size allocated in its place, ' +
    'over and over. An operation is one free or one allocate. The empty contender has the same loop without an allocator; ' +
    'its time is contained in the others.',
  jobs: (short) =>
    (short ? SHORT_POINTS : POINTS).flatMap((blocks) =>
      CONTENDERS.map((contender) => ({ contender, at: { blocks } })),
    ),
  measure: async ({ contender, at }: Job, short) => {
    const blocks = Number(at['blocks']);
    const rounds = short ? 200_000 : 3_000_000;
    const allocator = make(contender, blocks);
    const random = new Random(7);
    const sizes = Uint16Array.from({ length: SIZES }, () => 1 + random.below(SIZE_MAX));
    const live = new Float64Array(blocks);
    for (let i = 0; i < blocks; i++) live[i] = allocator.allocate(sizes[i % SIZES]!)!;
    const replace = (count: number) => {
      for (let i = 0; i < count; i++) {
        const which = random.below(blocks);
        allocator.free(live[which]!);
        live[which] = allocator.allocate(sizes[i % SIZES]!)!;
      }
    };
    replace(Math.max(50_000, blocks));
    const before = processorTime();
    replace(rounds);
    return (processorTime() - before) / (2 * rounds);
  },
  tables: (results) => [
    {
      head: ['live blocks', ...CONTENDERS],
      rows: pointsOf(results).map((blocks) => [
        blocks.toLocaleString('en-GB'),
        ...CONTENDERS.map((contender) => {
          const { median, min, max } = find(results, contender, 'blocks', blocks);
          return `${ns(median)} (${ns(min)}–${ns(max)})`;
        }),
      ]),
    },
  ],
  goals: (results) =>
    ['buddy', 'tlsf'].flatMap((contender) => {
      const medians = pointsOf(results).map((blocks) => find(results, contender, 'blocks', blocks).median);
      const flat = Math.max(...medians) / Math.min(...medians);
      const most = Math.max(...medians);
      return [
        { goal: `${contender} flat within 2 ×`, met: flat <= 2, found: `${flat.toFixed(1)} ×` },
        {
          goal: `${contender} at most 40 ns an operation`,
          met: most <= 40,
          found: `${ns(most)} ns at worst`,
        },
      ];
    }),
};

function pointsOf(results: readonly Result[]): number[] {
  return [...new Set(results.map(({ at }) => Number(at['blocks'])))];
}

function make(contender: string, blocks: number): Pick<Allocator, 'allocate' | 'free'> {
  const capacity = blocks * 1024 + 2 ** 20;
  if (contender === 'tlsf') return new Tlsf({ capacity, align: 16 });
  if (contender === 'buddy') return new Buddy({ capacity, unit: 16 });
  let at = 0;
  return { allocate: () => ++at, free: () => {} };
}
