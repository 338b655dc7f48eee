import fc from 'fast-check';
import { InvalidFreeError } from 'freehold';
import { describe, expect, it } from 'vitest';
import { boot, endAll } from '../../test/system.js';
import { MMAP_THRESHOLD, TOP_PAD, UserMalloc, type UserMemory } from './user-malloc.js';

const KiB = 1024;
const PAGE = 4096;
const HEAP = 0x10000;
const MAPPINGS = 0x800000;

/** Memory with a break and mappings, where a byte that is not given out cannot be touched. */
class FakeMemory implements UserMemory {
  readonly bytes = new Uint8Array(0x2000000);
  readonly mapped = new Map<number, number>();
  break = HEAP;
  breakMax = MAPPINGS;
  mappedMax = Number.POSITIVE_INFINITY;
  /** The n-th byte range touched from now on faults; 0: none. */
  faultIn = 0;
  zeroed = 0;
  munmapFails = false;

  sbrk(delta: number): number | null {
    const before = this.break;
    if (before + delta > this.breakMax || before + delta < HEAP) return null;
    this.break += delta;
    if (delta < 0) this.bytes.fill(0, Math.ceil(this.break / PAGE) * PAGE, before);
    return before;
  }

  mmap(bytes: number): number | null {
    expect(bytes % PAGE).toBe(0);
    let address = MAPPINGS;
    let total = bytes;
    for (const [start, size] of [...this.mapped].sort((a, b) => a[0] - b[0])) {
      total += size;
      if (address + bytes > start) address = start + size;
    }
    if (total > this.mappedMax || address + bytes > this.bytes.length) return null;
    this.mapped.set(address, bytes);
    return address;
  }

  munmap(address: number, bytes: number): void {
    if (this.munmapFails) throw new Error('no memory to split the area');
    for (const [start, size] of this.mapped) {
      if (address < start || address + bytes !== start + size) continue;
      this.mapped.delete(start);
      if (address > start) this.mapped.set(start, address - start);
      this.bytes.fill(0, address, address + bytes);
      return;
    }
    throw new Error(`munmap of ${bytes} bytes at ${address}, which are not mapped`);
  }

  mremap(address: number, oldBytes: number, newBytes: number): number | null {
    if (newBytes < oldBytes) {
      if (this.munmapFails) return null;
      this.munmap(address + newBytes, oldBytes - newBytes);
      return address;
    }
    const to = this.mmap(newBytes);
    if (to === null) return null;
    this.bytes.copyWithin(to, address, address + oldBytes);
    this.munmap(address, oldBytes);
    return to;
  }

  copy(from: number, to: number, bytes: number): void {
    this.touch(from, bytes);
    this.touch(to, bytes);
    this.bytes.copyWithin(to, from, from + bytes);
  }

  zero(address: number, bytes: number): void {
    this.touch(address, bytes);
    this.zeroed += bytes;
    this.bytes.fill(0, address, address + bytes);
  }

  touch(address: number, bytes: number): void {
    if (this.faultIn > 0 && --this.faultIn === 0) throw new Error('no frame left');
    if (address >= HEAP && address + bytes <= this.break) return;
    for (const [start, size] of this.mapped) {
      if (address >= start && address + bytes <= start + size) return;
    }
    throw new Error(`touched ${bytes} bytes at ${address}, which are nobody's`);
  }
}

function start() {
  const memory = new FakeMemory();
  return { memory, malloc: new UserMalloc(memory) };
}

describe('malloc', () => {
  it('moves the break 128 KiB ahead, then serves from there', () => {
    const { memory, malloc } = start();
    const first = malloc.malloc(100);
    expect(first).toBe(HEAP);
    expect(memory.break - HEAP, 'as the heap of a fresh Linux process').toBe(0x21000);
    for (let i = 0; i < 1000; i++) expect(malloc.malloc(64) % 16).toBe(0);
    expect(malloc.stats()).toMatchObject({ heapBlocks: 1001, systemCalls: 1, mappings: 0 });
    malloc.check();
  });

  it('maps requests from 128 KiB up, and gives their pages back at once', () => {
    const { memory, malloc } = start();
    const small = malloc.malloc(MMAP_THRESHOLD - 1);
    const large = malloc.malloc(MMAP_THRESHOLD);
    expect(small).toBe(HEAP);
    expect(large).toBe(MAPPINGS);
    expect(memory.mapped.get(large)).toBe(MMAP_THRESHOLD);
    expect(malloc.malloc(MMAP_THRESHOLD + 1)).toBe(MAPPINGS + MMAP_THRESHOLD);
    expect(malloc.usableSize(MAPPINGS + MMAP_THRESHOLD)).toBe(MMAP_THRESHOLD + PAGE);
    malloc.free(large);
    expect(memory.mapped.has(large)).toBe(false);
    expect(() => malloc.free(large)).toThrow(InvalidFreeError);
    malloc.check();
  });

  it('gives the top of the heap back when 128 KiB are free there, and not before', () => {
    const { memory, malloc } = start();
    const blocks = Array.from({ length: 40 }, () => malloc.malloc(16 * KiB));
    const high = memory.break;
    for (const block of blocks.slice(0, 30)) malloc.free(block);
    expect(memory.break, 'blocks above the hole keep it up').toBe(high);
    for (const block of blocks.slice(30).reverse()) malloc.free(block);
    expect(memory.break).toBe(HEAP + TOP_PAD);
    expect(malloc.stats()).toMatchObject({ heapBytes: TOP_PAD, topBytes: TOP_PAD, heapUsedBytes: 0 });
    malloc.check();
  });

  it('fills holes before it moves the break', () => {
    const { memory, malloc } = start();
    const hole = malloc.malloc(1000);
    malloc.malloc(16);
    malloc.free(hole);
    expect(malloc.malloc(900)).toBe(hole);
    expect(memory.break).toBe(HEAP + 0x21000);
  });

  it('takes 0 for 1, aligns, and refuses what is no size', () => {
    const { malloc } = start();
    expect(malloc.malloc(0)).not.toBe(malloc.malloc(0));
    expect(malloc.malloc(10, 4096) % 4096).toBe(0);
    malloc.check();
    for (const size of [-1, 1.5, Number.NaN, 2 ** 53]) expect(() => malloc.malloc(size)).toThrow(RangeError);
    expect(malloc.malloc(2 ** 50)).toBe(0);
    expect(malloc.calloc(2 ** 30, 2 ** 30)).toBe(0);
    malloc.free(0);
  });

  it('falls back to mappings where the break is stuck, and to 0 where these are too', () => {
    const { memory, malloc } = start();
    memory.breakMax = HEAP + 16 * KiB;
    const first = malloc.malloc(10 * KiB);
    expect(first).toBe(HEAP);
    expect(malloc.malloc(10 * KiB)).toBe(MAPPINGS);
    memory.mappedMax = 12 * KiB;
    expect(malloc.malloc(10 * KiB)).toBe(0);
    expect(malloc.realloc(first, 100 * KiB)).toBe(0);
    expect(malloc.usableSize(first)).toBe(10 * KiB);
    expect(malloc.malloc(2 * KiB)).toBe(HEAP + 10 * KiB);
    malloc.check();
  });

  it('leaves alone what a program takes by sbrk itself', () => {
    const { memory, malloc } = start();
    malloc.malloc(100);
    const own = memory.sbrk(PAGE)!;
    const blocks = Array.from({ length: 50 }, () => malloc.malloc(10 * KiB));
    for (const block of blocks) {
      expect(block + 10 * KiB <= own || block >= MAPPINGS, 'below it or in a mapping').toBe(true);
      malloc.free(block);
    }
    expect(memory.break).toBe(own + PAGE);
    malloc.check();
  });
});

describe('calloc', () => {
  it('counts one block where a program unmapped another by itself', () => {
    const { memory, malloc } = start();
    const block = malloc.malloc(400 * KiB);
    memory.munmap(block, 400 * KiB);
    expect(malloc.malloc(200 * KiB)).toBe(block);
    expect(malloc.stats()).toMatchObject({ mappings: 1, mappedBytes: 200 * KiB });
    malloc.check();
    malloc.free(block);
    expect(malloc.stats().mappedBytes).toBe(0);
  });

  it('clears what was used before, and only that', () => {
    const { memory, malloc } = start();
    const fresh = malloc.calloc(100, 10);
    expect(memory.zeroed).toBe(0);
    memory.bytes.fill(0xaa, fresh, fresh + 1000);
    malloc.free(fresh);
    const again = malloc.calloc(1500, 1);
    expect(again).toBe(fresh);
    expect(memory.zeroed).toBe(1008);
    expect(memory.bytes.subarray(again, again + 1500).every((byte) => byte === 0)).toBe(true);
    malloc.calloc(1, MMAP_THRESHOLD);
    expect(memory.zeroed).toBe(1008);
  });

  it('frees the block when its bytes cannot be touched', () => {
    const { memory, malloc } = start();
    malloc.free(malloc.malloc(1000));
    memory.faultIn = 1;
    expect(() => malloc.calloc(1, 1000)).toThrow('no frame left');
    expect(malloc.stats().heapBlocks).toBe(0);
  });
});

describe('realloc', () => {
  it('grows and shrinks in place at the top and beside holes', () => {
    const { memory, malloc } = start();
    const block = malloc.malloc(100);
    expect(malloc.realloc(block, 100 * KiB)).toBe(block);
    expect(malloc.realloc(block, 500 * KiB)).toBe(block);
    expect(memory.break).toBeGreaterThan(HEAP + 500 * KiB);
    expect(malloc.realloc(block, 10)).toBe(block);
    expect(memory.break, 'trimmed').toBe(HEAP + TOP_PAD + PAGE);
    malloc.check();
  });

  it('moves the bytes when there is no room, and leaves all as it was when moving fails', () => {
    const { memory, malloc } = start();
    const block = malloc.malloc(100);
    malloc.malloc(16);
    memory.bytes.fill(7, block, block + 100);
    memory.faultIn = 1;
    expect(() => malloc.realloc(block, 1000)).toThrow('no frame left');
    expect(malloc.stats().heapBlocks).toBe(2);
    const moved = malloc.realloc(block, 1000);
    expect(moved).not.toBe(block);
    expect(memory.bytes.subarray(moved, moved + 100).every((byte) => byte === 7)).toBe(true);
    expect(() => malloc.free(block)).toThrow(InvalidFreeError);
    expect(malloc.realloc(0, 10)).toBe(block);
    expect(malloc.realloc(moved, 0)).toBe(0);
    expect(() => malloc.realloc(moved, 5)).toThrow(InvalidFreeError);
    malloc.check();
  });

  it('keeps one block where the old mapping cannot be given back', () => {
    const { memory, malloc } = start();
    const block = malloc.malloc(400 * KiB);
    memory.munmapFails = true;
    expect(malloc.realloc(block, 1000)).toBe(block);
    expect([...malloc.blocks()]).toEqual([{ address: block, bytes: 400 * KiB, mapped: true }]);
    expect(() => malloc.free(block)).toThrow('no memory to split');
    expect([...malloc.blocks()].map(({ address }) => address)).toEqual([block]);
    memory.munmapFails = false;
    malloc.free(block);
    expect([...malloc.blocks()]).toEqual([]);
    malloc.check();
  });

  it('grows no block over all the addresses that a heap can have: none would be left for the top', () => {
    const { kernel, init } = boot();
    const block = init.heap.malloc(100);
    const moved = init.heap.realloc(block, 2 ** 40);
    expect(moved).not.toBe(block);
    init.heap.check();
    init.heap.free(moved);
    init.heap.check();
    endAll(kernel);
  });

  it('cuts a mapping short, moves its pages when it grows, and keeps it however small it becomes', () => {
    const { memory, malloc } = start();
    const block = malloc.malloc(400 * KiB);
    malloc.malloc(400 * KiB);
    memory.bytes.fill(9, block, block + 400 * KiB);
    expect(malloc.realloc(block, 200 * KiB)).toBe(block);
    expect(memory.mapped.get(block)).toBe(200 * KiB);
    const large = malloc.realloc(block, 800 * KiB);
    expect(large).not.toBe(block);
    expect(memory.bytes.subarray(large, large + 200 * KiB).every((byte) => byte === 9)).toBe(true);
    const small = malloc.realloc(large, 1000);
    expect([small, memory.mapped.get(small), malloc.usableSize(small)]).toEqual([large, PAGE, PAGE]);
    expect(memory.bytes[small + 999]).toBe(9);
    expect(memory.mapped.size).toBe(2);
    malloc.check();
  });
});

describe('a fork', () => {
  it('has the same blocks and holes, and goes its own way', () => {
    const { memory, malloc } = start();
    const blocks = Array.from({ length: 200 }, (_, i) => malloc.malloc(20 + ((i * 37) % 900)));
    malloc.malloc(MMAP_THRESHOLD);
    for (let i = 0; i < 200; i += 3) malloc.free(blocks[i]);
    const copy = new FakeMemory();
    copy.bytes.set(memory.bytes);
    copy.break = memory.break;
    for (const [address, bytes] of memory.mapped) copy.mapped.set(address, bytes);
    const child = malloc.fork(copy);
    child.check();
    expect([...child.blocks()]).toEqual([...malloc.blocks()]);
    expect({ ...child.stats(), systemCalls: 0 }).toEqual({ ...malloc.stats(), systemCalls: 0 });
    for (const { address } of [...child.blocks()]) child.free(address);
    expect(child.stats()).toMatchObject({ heapUsedBytes: 0, mappedBytes: 0 });
    expect(malloc.stats().heapBlocks).toBe(133);
    malloc.check();
  });
});

describe('whatever a program does', () => {
  const command = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fc.constant('malloc'), fc.nat({ max: 6000 }), fc.nat()) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('malloc'), fc.nat({ max: 300_000 }), fc.nat()) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('calloc'), fc.nat({ max: 20_000 }), fc.nat()) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('realloc'), fc.nat({ max: 200_000 }), fc.nat()) },
    { weight: 4, arbitrary: fc.tuple(fc.constant('free'), fc.constant(0), fc.nat()) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('fault'), fc.integer({ min: 1, max: 3 }), fc.nat()) },
  );

  it('no block loses a byte, and all memory comes back', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 120 }), fc.boolean(), (commands, tight) => {
        const { memory, malloc } = start();
        if (tight) {
          memory.breakMax = HEAP + 60 * KiB;
          memory.mappedMax = 500 * KiB;
        }
        const live: { address: number; size: number; fill: number }[] = [];
        const verify = (address: number, size: number, fill: number) => {
          memory.touch(address, size);
          const wrong = memory.bytes.subarray(address, address + size).findIndex((byte) => byte !== fill);
          expect(wrong, `byte of the ${size} at ${address}`).toBe(-1);
        };
        const add = (address: number, size: number) => {
          if (address === 0) return;
          const fill = 1 + ((address >> 4) % 250);
          memory.touch(address, size);
          memory.bytes.fill(fill, address, address + size);
          live.push({ address, size, fill });
        };
        for (const [name, size, pick] of commands) {
          const at = live.length === 0 ? -1 : pick % live.length;
          memory.faultIn = 0;
          if (name === 'malloc') add(malloc.malloc(size), size);
          else if (name === 'calloc') {
            const address = malloc.calloc(1, size);
            if (address !== 0) verify(address, size, 0);
            add(address, size);
          } else if (at >= 0 && name === 'free') {
            const { address, size: held, fill } = live.splice(at, 1)[0];
            verify(address, held, fill);
            malloc.free(address);
          } else if (at >= 0) {
            const block = live[at];
            const wanted = size + 1;
            if (name === 'fault') memory.faultIn = 1;
            let moved = 0;
            try {
              moved = malloc.realloc(block.address, wanted);
            } catch (error) {
              expect(String(error)).toContain('no frame left');
            }
            memory.faultIn = 0;
            if (moved !== 0) {
              live.splice(at, 1);
              verify(moved, Math.min(block.size, wanted), block.fill);
              add(moved, wanted);
            }
          }
        }
        malloc.check();
        for (const { address, size, fill } of live) {
          verify(address, size, fill);
          malloc.free(address);
        }
        malloc.check();
        expect(memory.mapped.size).toBe(0);
        expect(memory.break).toBeLessThanOrEqual(HEAP + TOP_PAD + PAGE);
      }),
      { numRuns: 150 },
    );
  });
});
