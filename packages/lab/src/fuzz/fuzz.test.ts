/** Allocators broken on purpose: the fuzzer finds each fault, says what it is, and finds it again by what it says. */
import { Heap, type InvalidFreeError, Tlsf, type TlsfOptions } from 'freehold';
import { describe, expect, it, vi } from 'vitest';
import type { Settings } from '../metrics/comparison.js';
import { ALLOCATORS } from '../replay/allocators.js';
import { type Arena, type Mover, RangeArena } from '../replay/arena.js';
import { makeArena, parseContender } from '../replay/contender.js';
import { HeapArena } from '../replay/heap-arena.js';
import type { Fuzzed } from './episode.js';
import { type FuzzResult, fuzz } from './fuzz.js';

const OPERATIONS = 20_000;
const SEED = 20;

const run = (fuzzed: Fuzzed, operations = OPERATIONS, seed = SEED): Promise<FuzzResult> =>
  fuzz(fuzzed, operations, seed, () => {});

function fuzzed(make: (settings: Settings, mover: Mover) => Arena): Fuzzed {
  return { blocksMax: 500, checked: true, make };
}

function tlsf(allocator: new (options: TlsfOptions) => Tlsf, moves = true): Fuzzed {
  return fuzzed(({ capacity, align }, mover) => {
    const options = { align: 16, capacity: capacity ?? 4096, growBy: capacity === null ? 4096 : 0 };
    return new RangeArena(new allocator(options), align, 16, moves ? mover : undefined);
  });
}

/** What is found the first time, having been found again by the seed and the count of the failure. */
async function failureOf(
  broken: Fuzzed,
): Promise<{ kind: string; message: string; story: readonly string[] }> {
  const { failure } = await run(broken);
  expect(failure, 'no fault was found').not.toBeNull();
  const { fault, seed, story } = failure!;
  const again = await run(broken, fault.operation, seed);
  expect(again.failure).toEqual(failure);
  expect(again.episodes).toBe(1);
  return { kind: fault.kind, message: fault.message, story };
}

const CHECKED = ALLOCATORS.filter(({ formats }) => formats === undefined).map(({ id, unchecked }) => ({
  id,
  checked: unchecked === undefined,
}));

describe.each(CHECKED)('$id', ({ id, checked }) => {
  it('has no fault', async () => {
    const contender = parseContender(id);
    const { failure, tally } = await run({
      blocksMax: 300,
      checked,
      make: (settings, mover) => makeArena(contender, settings, mover),
    });
    expect(failure).toBeNull();
    expect(tally.operations).toBe(OPERATIONS);
    expect(tally.allocations).toBe(tally.frees);
    for (const count of Object.values(tally)) expect(count).toBeGreaterThan(0);
  });
});

it('the seed decides everything', async () => {
  const { seconds: _, ...one } = await run(tlsf(Tlsf));
  const { seconds: __, ...two } = await run(tlsf(Tlsf));
  expect(two).toEqual(one);
  expect((await run(tlsf(Tlsf), OPERATIONS, SEED + 1)).tally).not.toEqual(one.tally);
});

it('tells how far it is', async () => {
  const told: number[] = [];
  await fuzz(tlsf(Tlsf), 50_000, SEED, (calls) => {
    told.push(calls);
  });
  expect(told.reduce((sum, calls) => sum + calls)).toBe(50_000);
  expect(told.length).toBeGreaterThan(2);
});

describe('finds', () => {
  it('an address given out twice', async () => {
    class Twice extends Tlsf {
      #last = 0;
      #calls = 0;
      override allocate(size: number, align?: number): number | null {
        if (++this.#calls % 500 === 0) return this.#last;
        const address = super.allocate(size, align);
        this.#last = address ?? this.#last;
        return address;
      }
    }
    expect(await failureOf(tlsf(Twice))).toMatchObject({ kind: expect.stringMatching(/overlap|error|size/) });
  });

  it('a block too small for its request', async () => {
    class Small extends Tlsf {
      override allocate(size: number, align?: number): number | null {
        return super.allocate(size > 200 ? size - 100 : size, align);
      }
    }
    expect(await failureOf(tlsf(Small))).toMatchObject({
      kind: 'size',
      message: expect.stringMatching(/^the block holds \d+ bytes, \d+ were requested$/),
    });
  });

  it('an alignment that is forgotten', async () => {
    class Crooked extends Tlsf {
      override allocate(size: number, align?: number): number | null {
        return super.allocate(size, Math.min(align ?? 1, 64));
      }
    }
    expect(await failureOf(tlsf(Crooked))).toMatchObject({
      kind: expect.stringMatching(/alignment|misuse/),
    });
  });

  it('contents that do not come along when a block moves', async () => {
    expect(await failureOf(tlsf(Tlsf, false))).toMatchObject({
      kind: 'contents',
      message: expect.stringMatching(/^byte \d+ of the \d+ that operation \d+ wrote is 0x[0-9a-f]+, not 0x/),
    });
  });

  it('a double free that is accepted', async () => {
    class Trusting extends Tlsf {
      override free(address: number): void {
        try {
          super.free(address);
        } catch (error) {
          if ((error as InvalidFreeError).reason !== 'free') throw error;
        }
      }
    }
    const { kind, message, story } = await failureOf(tlsf(Trusting));
    expect(kind).toBe('misuse');
    expect(message).toMatch(/^free\(0x[0-9a-f]+\) was accepted, where InvalidFreeError is due$/);
    expect(story[0]).toMatch(/^align (8|16), (growing|\d+ bytes)$/);
    expect(story.at(-1)).toMatch(/ misuse$/);
  });

  it('a refusal that changes something', async () => {
    class Spoilt extends Tlsf {
      override free(address: number): void {
        try {
          super.free(address);
        } catch (error) {
          super.allocate(1);
          throw error;
        }
      }
    }
    expect(await failureOf(tlsf(Spoilt))).toMatchObject({
      kind: 'misuse',
      message: expect.stringContaining('was refused, but changed'),
    });
  });

  it('a bad size that is not refused as it should be', async () => {
    class Lenient extends Tlsf {
      override allocate(size: number, align?: number): number | null {
        return Number.isNaN(size) ? null : super.allocate(size, align);
      }
    }
    expect((await failureOf(tlsf(Lenient))).message).toBe(
      'allocate(NaN) was accepted, where RangeError is due',
    );
  });

  it('a request refused for no reason', async () => {
    class Miser extends Tlsf {
      #calls = 0;
      override allocate(size: number, align?: number): number | null {
        return ++this.#calls > 700 && size > 16 && size <= 2 ** 20 ? null : super.allocate(size, align);
      }
    }
    expect(await failureOf(tlsf(Miser))).toMatchObject({
      kind: 'refusal',
      message: expect.stringMatching(/^\d+ bytes were refused, though/),
    });
  });

  it('a block that is never given back', async () => {
    class Leaking extends Tlsf {
      #frees = 0;
      override free(address: number): void {
        if (++this.#frees === 300) this.sizeOf(address);
        else super.free(address);
      }
    }
    expect(await failureOf(tlsf(Leaking))).toMatchObject({ kind: expect.stringMatching(/law|misuse/) });
  });

  it('a law that the allocator itself finds broken', async () => {
    class Broken extends Tlsf {
      #checks = 0;
      override check(): void {
        if (++this.#checks === 20) throw new Error('broken at last');
      }
    }
    expect(await failureOf(tlsf(Broken))).toMatchObject({
      kind: 'error',
      message: 'the allocator threw Error: broken at last',
    });
  });

  it('a byte of the heap written over, a calloc that does not clear, an alignment lost by realloc', async () => {
    const heap = (spoil: (heap: HeapArena) => void) =>
      fuzzed(({ capacity }) => {
        const arena = new HeapArena({ align: 16, capacity }, 16, true);
        spoil(arena);
        return arena;
      });
    const stray = heap((arena) => {
      let calls = 0;
      const free = arena.free.bind(arena);
      arena.free = (address) => {
        free(address);
        if (++calls % 200 === 0) arena.bytes()[address + 16] = 0xff;
      };
    });
    expect(await failureOf(stray)).toMatchObject({
      kind: expect.stringMatching(/contents|law|error|misuse/),
    });

    const dirty = heap((arena) => {
      arena.allocateZeroed = (size) => arena.allocate(size, 1);
    });
    expect(await failureOf(dirty)).toMatchObject({
      kind: 'contents',
      message: expect.stringMatching(/^byte \d+ of a block that calloc gave is not 0$/),
    });

    const realloc = vi.spyOn(Heap.prototype, 'realloc').mockImplementation(function (this: Heap, from, size) {
      const old = this.usableSize(from);
      const to = this.malloc(size);
      if (to === 0) return 0;
      this.view.copyWithin(to, from, from + Math.min(old, size));
      this.free(from);
      return to;
    });
    expect(await failureOf(heap(() => {}))).toMatchObject({
      kind: expect.stringMatching(/alignment|misuse/),
    });
    realloc.mockRestore();
  });
});
