/** A heap lies where its base is, and does there what it would do anywhere: nothing it decides depends on addresses. */
import { expect, it } from 'vitest';
import { Heap } from './heap.js';
import type { HeapStats } from './inspect.js';

/** Multiples of the largest group of granules, 512 bytes: elsewhere the map's first group is used in part. */
const BASES = [512, 32 * 1024, 66_560, 2 ** 20, 2 ** 26, 2 ** 30];
const START = 16 * 1024;
const MOST = 4 * 2 ** 20;

interface History {
  /** What each call gave, from the base. */
  readonly answers: readonly number[];
  readonly stats: readonly HeapStats[];
  /** The ends of the memory from the base. */
  readonly lengths: ReadonlySet<number>;
}

/** Blocks of many sizes come, move and go, in rounds of which each frees most of what it took. */
function historyAt(base: number, alignment: 8 | 16, checked: boolean): History {
  const memory = new ArrayBuffer(base + START, { maxByteLength: base + MOST });
  const heap = Heap.create(memory, { base, alignment, checked });
  const answers: number[] = [];
  const stats: HeapStats[] = [];
  const lengths = new Set<number>();
  const live: number[] = [];
  const keep = (address: number) => {
    answers.push(address === 0 ? 0 : address - base);
    if (address !== 0) live.push(address);
  };
  for (let round = 0; round < 80; round++) {
    for (let i = 0; i < 40; i++) keep(heap.malloc(16 + round * 16));
    keep(heap.calloc(round, 100));
    keep(heap.alignedAlloc(256, 10 * round));
    keep(heap.malloc(70_000));
    keep(heap.realloc(live.pop()!, 400 * round));
    stats.push(heap.stats());
    lengths.add(memory.byteLength - base);
    while (live.length > round) heap.free(live.splice((round * 7) % live.length, 1)[0]);
    stats.push(heap.stats());
  }
  heap.check();
  return { answers, stats, lengths };
}

it.each([
  [8, true],
  [8, false],
  [16, true],
  [16, false],
] as const)('the same calls give the same at every base, alignment %d, checked %s', (alignment, checked) => {
  const low = historyAt(0, alignment, checked);
  expect(low.lengths.size).toBeGreaterThan(3);
  expect(low.stats.at(-1)!.footprintBytes).toBeGreaterThan(300_000);
  for (const base of BASES) expect(historyAt(base, alignment, checked), `base ${base}`).toEqual(low);
});

it.each([16, 48, 1040, 33_840])(
  'a base of %d, inside a group, changes the map by a group at most',
  (base) => {
    const [low, high] = [0, base].map((at) => Heap.create(new ArrayBuffer(at + 2 ** 16), { base: at }));
    for (let size = 1; size < 200; size += 3) {
      expect(high!.malloc(size) - base).toBe(low!.malloc(size));
      const [a, b] = [low!.stats(), high!.stats()];
      expect(Math.abs(a.bookkeepingBytes - b.bookkeepingBytes)).toBeLessThanOrEqual(16);
    }
  },
);
