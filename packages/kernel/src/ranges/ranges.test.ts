/** The kernel's levels as allocators of an address range, against a model of what is live. */
import fc from 'fast-check';
import { type Allocator, display, InvalidFreeError } from 'freehold';
import { describe, expect, it } from 'vitest';
import { MOVABLE, RECLAIMABLE, UNMOVABLE } from '../frames/migrate.js';
import { PageRange } from './page-range.js';
import { SlabRange } from './slab-range.js';

const KiB = 1024;
const MiB = 2 ** 20;

interface Subject {
  make(capacity: number): Allocator;
  /** A request of one of several kinds. */
  allocate(range: Allocator, kind: number, size: number, align: number): number | null;
}

const SUBJECTS: Record<string, Subject> = {
  pages: {
    make: (capacity) => new PageRange({ capacity }),
    allocate: (range, kind, size, align) =>
      (range as PageRange).allocateOf([UNMOVABLE, MOVABLE, RECLAIMABLE][kind % 3], size, align),
  },
  'pages, types mixed': {
    make: (capacity) => new PageRange({ capacity, groupByMobility: false }),
    allocate: (range, kind, size, align) => (range as PageRange).allocateOf(kind % 3, size, align),
  },
  slab: {
    make: (capacity) => new SlabRange({ capacity }),
    allocate: (range, kind, size, align) =>
      kind === 0
        ? range.allocate(size, align)
        : (range as SlabRange).allocateOf(`kind ${kind}`, [40, 100, 700, 20_000][kind % 4], align),
  },
};

function reasonOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof InvalidFreeError) return error.reason;
    throw error;
  }
  return 'accepted';
}

function verify(range: Allocator, live: ReadonlyMap<number, number>): void {
  range.check();
  let at = range.base;
  const used: number[] = [];
  let [usedBytes, freeSegments, largest] = [0, 0, 0];
  for (const segment of range.segments()) {
    expect(segment.start).toBe(at);
    expect(segment.end).toBeGreaterThan(segment.start);
    at = segment.end;
    if (segment.used) {
      used.push(segment.address);
      usedBytes += segment.end - segment.start;
      expect(segment.address + range.sizeOf(segment.address)).toBeLessThanOrEqual(segment.end);
    } else {
      freeSegments++;
      largest = Math.max(largest, segment.end - segment.start);
    }
  }
  expect(at).toBe(range.base + range.capacity);
  expect(used).toEqual([...live.keys()].sort((a, b) => a - b));
  expect(range.stats()).toMatchObject({
    capacity: range.capacity,
    usedBytes,
    freeBytes: range.capacity - usedBytes,
    usedSegments: live.size,
    freeSegments,
  });
  expect(range.largestFree()).toBe(largest);
}

describe.each(Object.entries(SUBJECTS))('%s', (_name, subject) => {
  it('keeps every promise under random requests of all kinds, sizes and alignments', () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 40_000 }));
    const call = fc.oneof(
      fc.record({
        kind: fc.nat(4),
        size,
        align: fc.constantFrom(1, 8, 16, 64, 4096),
        free: fc.constant(null),
      }),
      fc.record({ free: fc.nat() }),
    );
    fc.assert(
      fc.property(
        fc.array(call, { maxLength: 150, size: 'max' }),
        fc.constantFrom(300 * KiB, 2 * MiB),
        (calls, capacity) => {
          const range = subject.make(capacity);
          const live = new Map<number, number>();
          for (const c of calls) {
            if (c.free === null) {
              const address = subject.allocate(range, c.kind, c.size, c.align);
              if (address === null) continue;
              expect(address % c.align).toBe(0);
              expect(live.has(address)).toBe(false);
              expect(range.inspected).toBe(1);
              live.set(address, c.size);
            } else if (live.size > 0) {
              const address = [...live.keys()][c.free % live.size];
              range.free(address);
              live.delete(address);
            }
          }
          verify(range, live);
          for (const address of live.keys()) range.free(address);
          verify(range, new Map());
        },
      ),
      { numRuns: 25 },
    );
  });

  it('gives null when full, and serves again after a free', () => {
    const range = subject.make(512 * KiB);
    const given: number[] = [];
    for (let at = range.allocate(3000); at !== null; at = range.allocate(3000)) given.push(at);
    expect(range.inspected).toBe(0);
    expect(given.length).toBeGreaterThan(50);
    expect(range.allocate(2 ** 23)).toBeNull();
    expect(range.allocate(Number.MAX_SAFE_INTEGER)).toBeNull();
    range.free(given[0]);
    expect(range.allocate(3000)).not.toBeNull();
  });

  it('refuses bad arguments and addresses, and is unchanged', () => {
    const range = subject.make(MiB);
    const a = range.allocate(5000)!;
    const b = range.allocate(100)!;
    range.free(range.allocate(100)!);
    const picture = () => JSON.stringify([[...range.segments()], range.stats()]);
    const before = picture();
    for (const size of [0, -1, 1.5, Number.NaN, 2 ** 53]) {
      expect(() => range.allocate(size)).toThrow(
        `size must be a whole number of bytes from 1 to 2^53 - 1, got ${size}`,
      );
      expect(() => range.resize!(a, size)).toThrow(RangeError);
    }
    for (const align of [0, 3, -8, Number.NaN]) {
      expect(() => range.allocate(8, align)).toThrow(`align must be a power of two, got ${align}`);
    }
    for (const call of [
      range.free.bind(range),
      range.sizeOf.bind(range),
      (at: number) => range.resize!(at, 1),
    ]) {
      for (const base of [a, b]) {
        expect(reasonOf(() => call(base + 8))).toBe('interior');
        expect(reasonOf(() => call(base + 0.5))).toBe('interior');
      }
      for (const outside of [-1, range.base + range.capacity, Number.NaN]) {
        expect(reasonOf(() => call(outside))).toBe('outside');
      }
      expect(reasonOf(() => call(range.base + range.capacity - 4096))).toBe('free');
    }
    expect(picture()).toBe(before);
    range.free(a);
    expect(reasonOf(() => range.free(a))).toBe('free');
    for (const capacity of [0, 4095, 2 ** 33, Number.NaN]) {
      expect(() => subject.make(capacity)).toThrow(`at most 4 GiB, got ${capacity}`);
    }
  });

  it('resizes in place within what was granted', () => {
    const range = subject.make(MiB);
    const address = range.allocate(5000)!;
    expect(range.resize!(address, 8192)).toBe(true);
    expect(range.resize!(address, 8193)).toBe(false);
    expect(range.sizeOf(address)).toBe(8192);
  });

  it('its bookkeeping is that of the frames in use', () => {
    const small = subject.make(4 * MiB);
    const large = subject.make(256 * MiB);
    for (const range of [small, large]) for (let i = 0; i < 20; i++) range.allocate(4096);
    const [a, b] = [small, large].map((range) => range.stats().bookkeepingBytes) as [number, number];
    expect(b).toBeLessThan(1.5 * a);
  });
});

describe('pages', () => {
  it('a reserve is kept below 1 MiB too', () => {
    const range = new PageRange({ capacity: 64 * KiB });
    expect([range.base, range.capacity]).toEqual([MiB - 64 * KiB, 64 * KiB]);
  });

  it('types lie in page blocks of their own, or not', () => {
    const frames = (groupByMobility: boolean) => {
      const range = new PageRange({ capacity: 16 * MiB, groupByMobility });
      return [MOVABLE, UNMOVABLE, RECLAIMABLE].map((type) =>
        Math.floor(range.allocateOf(type, 4096)! / (2 * MiB)),
      );
    };
    expect(new Set(frames(true)).size).toBe(3);
    expect(new Set(frames(false)).size).toBe(1);
    expect(() => new PageRange({ capacity: MiB }).allocateOf(7, 1)).toThrow('type must be a migrate type');
  });
});

describe('slab', () => {
  it('one cache a kind, another for another size, the bytes of an object as printed', () => {
    const range = new SlabRange({ capacity: 4 * MiB });
    const a = range.allocateOf('dentry', 185)!;
    range.allocateOf('dentry', 185);
    range.allocateOf('dentry', 200);
    range.allocateOf('kmalloc-64', 40);
    expect(range.slab.cache('dentry')!.stats()).toMatchObject({ activeObjects: 2, stride: 192 });
    expect(range.slab.cache('dentry-200-1')!.stats().activeObjects).toBe(1);
    expect(range.slab.cache('kmalloc-64')!.stats().activeObjects).toBe(0);
    expect(range.sizeOf(a)).toBe(185);
    expect(range.stats().usedBytes).toBe(192 + 192 + 200 + 40);
  });

  it('slabs that are empty are given back when pages run out', () => {
    const range = new SlabRange({ capacity: MiB });
    const small: number[] = [];
    for (let at = range.allocate(64); at !== null; at = range.allocate(64)) small.push(at);
    for (const at of small) range.free(at);
    expect(range.allocate(256 * KiB)).not.toBeNull();
  });
});

describe.each([
  ['pages', () => new PageRange({ capacity: 2 ** 20 })],
  ['slab', () => new SlabRange({ capacity: 2 ** 20 })],
] as const)('%s: arguments that are not numbers', (_name, make) => {
  const range = make();
  const address = range.allocate(64)!;
  const look = () => JSON.stringify([[...range.segments()], range.stats()]);
  const values = [
    null,
    String(address),
    '',
    BigInt(address),
    true,
    {},
    [address],
    Symbol('address'),
    undefined,
  ];

  it.each(values.map((value) => ({ value })))('$value', ({ value }) => {
    const wrong = value as never;
    const before = look();
    const shown = display(value);
    for (const call of [() => range.free(wrong), () => range.sizeOf(wrong), () => range.resize(wrong, 8)]) {
      expect(call).toThrow(InvalidFreeError);
      expect(call).toThrow(`address ${shown} is not a number`);
    }
    expect(() => range.allocate(wrong)).toThrow(RangeError);
    expect(() => range.allocate(wrong)).toThrow(`got ${shown}`);
    expect(() => range.resize(address, wrong)).toThrow(RangeError);
    if (value !== undefined) expect(() => range.allocate(8, wrong)).toThrow(`align must be a power of two`);
    expect(look()).toBe(before);
    range.check();
  });
});

it('a migrate type, the name of a cache and a capacity are refused where they are none', () => {
  const pages = new PageRange({ capacity: 2 ** 20 });
  for (const type of [3, -1, '0', 'constructor', '__proto__', null, 0n, Symbol('type')]) {
    expect(() => pages.allocateOf(type as never, 64)).toThrow(RangeError);
    expect(() => pages.allocateOf(type as never, 64)).toThrow(`got ${display(type)}`);
  }
  const slab = new SlabRange({ capacity: 2 ** 20 });
  for (const kind of [null, 7, Symbol('kind'), {}]) {
    expect(() => slab.allocateOf(kind as never, 64)).toThrow(TypeError);
  }
  for (const capacity of [null, '65536', 65536n, Symbol('capacity'), {}, 0, Number.NaN]) {
    expect(() => new PageRange({ capacity: capacity as never })).toThrow(`got ${display(capacity)}`);
  }
});
