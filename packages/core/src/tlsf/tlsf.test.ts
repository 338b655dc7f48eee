import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidFreeError } from '../allocator.js';
import { Tlsf } from './tlsf.js';

const GiB = 2 ** 30;

describe('a request that fits only a segment in the bin of its own size', () => {
  // 1000 bytes at granularity 1: bins of 1000..1007 and so on, so 1003 is in the bin that a request for 1001 rounds past.
  it('is served', () => {
    const tlsf = new Tlsf({ capacity: 1003, align: 1 });
    expect(tlsf.allocate(1001)).toBe(0);
    expect(tlsf.inspected).toBe(1);
  });

  it('is served by the last of a list of near misses, each inspected', () => {
    const tlsf = new Tlsf({ capacity: 5100, align: 1 });
    const held = [1007, 1001, 1000, 1002].map((size) => {
      const address = tlsf.allocate(size)!;
      tlsf.allocate(1);
      return address;
    });
    while (tlsf.allocate(1) !== null);
    for (const address of held) tlsf.free(address);
    expect(tlsf.allocate(1005)).toBe(held[0]);
    expect(tlsf.inspected).toBe(4);
    expect(tlsf.allocate(1005)).toBeNull();
  });

  it('is served at an alignment that only one segment has', () => {
    const tlsf = new Tlsf({ capacity: 8192, align: 8 });
    const [a, , b] = [tlsf.allocate(4096), tlsf.allocate(8), tlsf.allocate(4088)];
    tlsf.free(b!);
    tlsf.free(a!);
    expect(tlsf.allocate(4096, 4096)).toBe(0);
    expect(tlsf.allocate(1, 4096)).toBeNull();
    tlsf.check();
  });
});

describe('growBy', () => {
  it('moves the end by as few steps as serve, counting the free tail', () => {
    const tlsf = new Tlsf({ capacity: 4096, growBy: 4096, maxCapacity: 20480 });
    tlsf.allocate(3000);
    expect(tlsf.allocate(5000)).toBe(3000);
    expect(tlsf.capacity).toBe(8192);
    expect(tlsf.inspected).toBe(1);
    expect(tlsf.allocate(1, 8192)).toBe(8192);
    expect(tlsf.capacity).toBe(12288);
    expect(tlsf.allocate(20000)).toBeNull();
    expect(tlsf.capacity).toBe(12288);
    tlsf.check();
  });
});

it('tells the observer of every step', () => {
  const events: string[] = [];
  const tell =
    (name: string) =>
    (...numbers: (number | boolean)[]) =>
      void events.push(`${name} ${numbers.join(' ')}`);
  const observer = {
    inspect: tell('inspect'),
    split: tell('split'),
    coalesce: tell('coalesce'),
    take: tell('take'),
    release: tell('release'),
    grow: tell('grow'),
  };
  const tlsf = new Tlsf({ capacity: 1024, observer });
  const a = tlsf.allocate(100)!;
  const b = tlsf.allocate(24, 64)!;
  tlsf.resize(b, 64);
  tlsf.free(a);
  tlsf.grow(2048);
  tlsf.free(b);
  expect(events).toEqual([
    'inspect 0 1024 true',
    'split 0 104 1024',
    'take 0 104 0 100',
    'inspect 104 1024 true',
    'split 104 128 1024',
    'split 128 152 1024',
    'take 128 152 128 24',
    'split 152 192 1024',
    'coalesce 128 152 192',
    'take 128 192 128 64',
    'release 0 104',
    'coalesce 0 104 128',
    'grow 1024 2048',
    'coalesce 192 1024 2048',
    'release 128 192',
    'coalesce 0 128 192',
    'coalesce 0 192 2048',
  ]);
});

it('reports the free bytes by size', () => {
  const tlsf = new Tlsf({ capacity: 64 * 1024, align: 16 });
  const blocks = Array.from({ length: 100 }, (_, i) => tlsf.allocate(16 * (1 + (i % 40)))!);
  for (let i = 0; i < 100; i += 2) tlsf.free(blocks[i]);
  const { freeBytes, largestFree, bins } = tlsf.report();
  const free = [...tlsf.segments()].filter((s) => !s.used).map((s) => s.end - s.start);
  expect(freeBytes).toBe(free.reduce((a, b) => a + b, 0));
  expect(largestFree).toBe(Math.max(...free));
  for (const { least, below, segments, bytes } of bins) {
    const inside = free.filter((size) => size >= least && size < below);
    expect(inside).toHaveLength(segments);
    expect(inside.reduce((a, b) => a + b, 0)).toBe(bytes);
  }
  expect(bins.reduce((sum, bin) => sum + bin.segments, 0)).toBe(free.length);
});

describe('the plan of moves', () => {
  /** A range of real bytes, every block filled with a mark of its own, in a state that random calls have led to. */
  function fragmented(calls: readonly (readonly [number, boolean])[]) {
    const tlsf = new Tlsf({ capacity: 4096, align: 8 });
    const bytes = new Uint8Array(4096);
    const live = new Map<number, number>();
    let mark = 0;
    for (const [n, frees] of calls) {
      if (frees && live.size > 0) {
        const address = [...live.keys()][n % live.size];
        tlsf.free(address);
        live.delete(address);
        continue;
      }
      const address = tlsf.allocate(1 + (n % 300));
      if (address === null) continue;
      mark = (mark % 255) + 1;
      bytes.fill(mark, address, address + tlsf.sizeOf(address));
      live.set(address, mark);
    }
    return { tlsf, bytes, live };
  }

  const calls = fc.array(fc.tuple(fc.nat(5000), fc.boolean()), { maxLength: 120, size: 'max' });

  it('keeps every byte, never lessens the largest free segment, and gains what it says', () => {
    fc.assert(
      fc.property(calls, fc.nat(20), fc.nat(4), (script, maxMoves, pin) => {
        const { tlsf, bytes, live } = fragmented(script);
        const pinned = (address: number) => pin > 0 && (address / 8) % (pin + 1) === 0;
        const before = tlsf.largestFree();
        const plan = tlsf.planMoves(maxMoves, { pinned });
        expect(plan.moves.length).toBeLessThanOrEqual(maxMoves);
        expect(plan.largestFreeBefore).toBe(before);
        expect(plan.largestFreeAfter).toBeGreaterThanOrEqual(before);
        for (const { from, to, size } of plan.moves) {
          expect(pinned(from)).toBe(false);
          expect(tlsf.sizeOf(from)).toBe(size);
          bytes.copyWithin(to, from, from + size);
          tlsf.move(from, to);
          tlsf.check();
          live.set(to, live.get(from)!);
          live.delete(from);
        }
        expect(tlsf.largestFree()).toBe(plan.largestFreeAfter);
        for (const [address, mark] of live) {
          expect(bytes.subarray(address, address + tlsf.sizeOf(address)).every((b) => b === mark)).toBe(true);
        }
      }),
    );
  });

  it('joins all free bytes when it has moves enough', () => {
    fc.assert(
      fc.property(calls, (script) => {
        const { tlsf } = fragmented(script);
        for (const { from, to } of tlsf.planMoves(1000).moves) tlsf.move(from, to);
        expect(tlsf.largestFree()).toBe(tlsf.stats().freeBytes);
        expect(tlsf.planMoves(1000).moves).toEqual([]);
      }),
    );
  });

  it('keeps the alignment that a block needs', () => {
    const tlsf = new Tlsf({ capacity: 4096 });
    const [a, b] = [tlsf.allocate(64)!, tlsf.allocate(1024, 256)!];
    tlsf.allocate(2816);
    tlsf.free(a);
    tlsf.allocate(8);
    const plan = tlsf.planMoves(8, { alignOf: (address) => (address === b ? 256 : 8) });
    for (const { to } of plan.moves) expect(to % 256).toBe(0);
  });

  it('keeps the alignment that was asked for, without being told', () => {
    const tlsf = new Tlsf({ capacity: 4096 });
    const a = tlsf.allocate(64)!;
    expect(tlsf.allocate(300, 256)).toBe(256);
    tlsf.free(a);
    expect(tlsf.planMoves(1).moves).toEqual([{ from: 256, to: 0, size: 304 }]);
    tlsf.allocate(8);
    expect(tlsf.planMoves(1).moves).toEqual([]);
    expect(tlsf.planMoves(1, { alignOf: () => 8 }).moves).toEqual([{ from: 256, to: 8, size: 304 }]);
  });

  it('keeps every alignment that was asked for, whatever was', () => {
    const request = fc.tuple(
      fc.integer({ min: 1, max: 300 }),
      fc.constantFrom(1, 1, 1, 16, 64, 256),
      fc.boolean(),
    );
    fc.assert(
      fc.property(fc.array(request, { minLength: 5, maxLength: 60 }), fc.nat(20), (requests, maxMoves) => {
        const tlsf = new Tlsf({ capacity: 16384, base: 16384 });
        const asked = new Map<number, number>();
        const holes: number[] = [];
        for (const [size, align, stays] of requests) {
          const address = tlsf.allocate(size, align)!;
          if (stays) asked.set(address, align);
          else holes.push(address);
        }
        for (const address of holes) tlsf.free(address);
        for (const { from, to } of tlsf.planMoves(maxMoves).moves) {
          expect(to % asked.get(from)!).toBe(0);
          tlsf.move(from, to);
          asked.set(to, asked.get(from)!);
        }
        for (const { from, to } of tlsf.planMoves(maxMoves).moves) expect(to % asked.get(from)!).toBe(0);
      }),
    );
  });

  it('refuses a move elsewhere, and is unchanged', () => {
    const tlsf = new Tlsf({ capacity: 1024 });
    const [a, b] = [tlsf.allocate(64)!, tlsf.allocate(64)!];
    const c = tlsf.allocate(64)!;
    tlsf.free(a);
    const before = [...tlsf.segments()];
    expect(() => tlsf.move(b, 512)).toThrow('to must lie in the free segment right below 0x40, got 512');
    expect(() => tlsf.move(c, 0)).toThrow('to must lie in the free segment right below 0x80, got 0');
    expect(() => tlsf.move(b, 4)).toThrow('to must be a multiple of align 8, got 4');
    expect(() => tlsf.move(a, 0)).toThrow(InvalidFreeError);
    expect(() => tlsf.planMoves(-1)).toThrow('maxMoves must be a whole number from 0 up, got -1');
    expect([...tlsf.segments()]).toEqual(before);
    tlsf.check();
  });
});

it('serves terabytes, of which no byte is touched', () => {
  const tlsf = new Tlsf({ capacity: 2 ** 44, base: 2 ** 40 });
  const a = tlsf.allocate(5 * GiB + 1)!;
  const b = tlsf.allocate(3 * GiB, 2 ** 30)!;
  expect(b % 2 ** 30).toBe(0);
  tlsf.free(a);
  expect(tlsf.allocate(5 * GiB)).toBe(2 ** 40);
  expect(tlsf.resize(b, 4 * GiB)).toBe(true);
  tlsf.check();
});

it.each([
  [{ capacity: 100 }, 'capacity must be a multiple of align 8, got 100'],
  [{ capacity: 104, base: 4 }, 'base must be a multiple of align 8, got 4'],
  [{ capacity: 104, growBy: 12 }, 'growBy must be a multiple of align 8, got 12'],
  [{ capacity: 104, align: 12 }, 'align must be a power of two, got 12'],
  [
    { capacity: 104, maxCapacity: 96 },
    'maxCapacity must be a whole number of bytes from 104 to 9007199254740991, got 96',
  ],
])('refuses %o', (options, message) => {
  expect(() => new Tlsf(options)).toThrow(message);
});
