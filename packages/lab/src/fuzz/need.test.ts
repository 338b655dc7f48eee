/** Options at their extremes: what they do not admit is refused rightly, and what they admit is still due. */
import { Tlsf } from 'freehold';
import { describe, expect, it } from 'vitest';
import { UserError } from '../errors.js';
import { ALLOCATORS } from '../replay/allocators.js';
import { RangeArena } from '../replay/arena.js';
import { makeArena, optionReader, parseContender } from '../replay/contender.js';
import type { Fuzzed } from './episode.js';
import { type FuzzResult, fuzz } from './fuzz.js';
import { needOf } from './need.js';

const SETTINGS = { align: 16, capacity: null };
const BYTES = [0, 1, 2, 3, 16, 31, 3000, 2 ** 20, 2 ** 31, 2 ** 32, 2 ** 52, 2 ** 53 - 1].map(String);
const WORDS = ['on', 'off', 'size-up', 'newest-first'];

/** Each value of each option that its parser takes, and two of them at once where sizes add up. */
const SPECS = ALLOCATORS.filter(({ formats }) => formats === undefined).flatMap(({ id, options }) => [
  ...options.flatMap(({ name, parse }) =>
    [...BYTES, ...WORDS].filter((text) => parse(text) !== undefined).map((text) => `${id}:${name}=${text}`),
  ),
  ...(options.some(({ name }) => name === 'header')
    ? [
        `${id}:header=100000`,
        `${id}:header=4503599627370496:align=1048576`,
        `${id}:header=1048576:block=3000:coalesce=off`,
        `${id}:min-remainder=1048576:grow-by=4503599627370496`,
      ]
    : []),
]);

function fuzzed(spec: string): Fuzzed {
  const contender = parseContender(spec);
  return {
    blocksMax: 60,
    checked: contender.kind.unchecked === undefined,
    make: (settings, mover) => makeArena(contender, settings, mover),
    need: (settings, size, align) => needOf(contender, settings, size, align),
    capacityLeast: contender.kind.granule(optionReader(contender, SETTINGS)),
  };
}

async function run(fuzzed: Fuzzed, operations: number, seed: number): Promise<FuzzResult | null> {
  try {
    return await fuzz(fuzzed, operations, seed, () => {});
  } catch (error) {
    // The allocator says that it cannot be made so: no fault.
    if (error instanceof UserError) return null;
    throw error;
  }
}

// Bitmaps of a range that grows by 4 GiB take their time.
it.each(SPECS)('%s', { timeout: 60_000 }, async (spec) => {
  for (const seed of [1, 2]) {
    const result = await run(fuzzed(spec), 300, seed);
    expect(result?.failure ?? null).toBeNull();
  }
});

describe('a refusal without a reason is found', () => {
  /** One block in forty is refused. */
  class Moody extends Tlsf {
    #calls = 0;
    override allocate(size: number, align?: number): number | null {
      return ++this.#calls % 40 === 0 ? null : super.allocate(size, align);
    }
  }

  it.each([4096, 2 ** 30, 2 ** 52])('in an arena that grows by %d', async (growBy) => {
    const moody: Fuzzed = {
      ...fuzzed(`tlsf:grow-by=${growBy}`),
      make: ({ align, capacity }, mover) => {
        const range = capacity === null ? { capacity: growBy, growBy } : { capacity };
        return new RangeArena(new Moody({ align: 16, ...range }), align, 16, mover);
      },
    };
    for (const seed of [1, 2, 3, 4]) {
      expect((await run(moody, 20_000, seed))?.failure?.fault.kind).toBe('refusal');
    }
  });
});

describe('needOf', () => {
  it.each([
    ['buddy:unit=16:orders=1', 17, 1, Number.POSITIVE_INFINITY],
    ['buddy:unit=16:orders=2', 17, 1, 32],
    ['buddy:unit=16', 2 ** 20 + 1, 1, 2 ** 21],
    ['blocks:block=3000', 3001, 1, 6000],
    ['first-fit:header=8:block=16', 9, 1, 32],
    ['tlsf:align=64', 65, 1, 128],
    ['heap', 100, 1, 112],
  ])('%s: %d bytes at %d take %d', (spec, size, align, bytes) => {
    expect(needOf(parseContender(spec), SETTINGS, size, align).bytes).toBe(bytes);
  });

  it('places of blocks lie a common multiple of block and alignment apart', () => {
    expect(needOf(parseContender('blocks:block=3000'), SETTINGS, 1, 65536).apart).toBe(3000 * 8192);
    expect(needOf(parseContender('blocks:block=64'), SETTINGS, 1, 16).apart).toBe(64);
    expect(needOf(parseContender('first-fit:align=4096'), SETTINGS, 1, 16).apart).toBe(4096);
  });
});
