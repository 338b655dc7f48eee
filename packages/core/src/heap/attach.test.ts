/** Heaps that are saved, copied, damaged, or were never there. */
import { describe, expect, it } from 'vitest';
import { CorruptionError } from '../allocator.js';
import { Heap } from './heap.js';
import * as L from './layout.js';

const BYTES = 65536;

/** A heap with used, waiting and merged blocks of many sizes, an aligned one, tables. */
function busy(options = {}): { heap: Heap; live: Map<number, number> } {
  const heap = Heap.create(new ArrayBuffer(BYTES), options);
  const blocks = Array.from({ length: 60 }, (_, i) => ({ address: heap.malloc(i * 17), size: i * 17 }));
  blocks.push({ address: heap.alignedAlloc(256, 100), size: 100 });
  const live = new Map<number, number>();
  blocks.forEach(({ address, size }, i) => {
    heap.view.fill(i, address, address + size);
    if (i % 3 === 1) heap.free(address);
    else live.set(address, size);
  });
  heap.check();
  return { heap, live };
}

/** @param one of whole words */
function sameBytes(one: ArrayBufferLike, other: ArrayBufferLike): boolean {
  const words = new Int32Array(other);
  return one.byteLength === other.byteLength && new Int32Array(one).every((word, i) => word === words[i]);
}

type Damaged = { readonly checked: boolean; readonly alignment?: 8 | 16; readonly few?: boolean };

function busyWithoutTables(options = {}): { heap: Heap } {
  const heap = Heap.create(new ArrayBuffer(3000), options);
  const blocks = Array.from({ length: 12 }, (_, i) => heap.malloc(i * 9));
  blocks.forEach((address, i) => {
    if (i % 3 === 1) heap.free(address);
  });
  return { heap };
}

/** Blocks are taken, resized and given back; what is given keeps its bytes. */
function use(heap: Heap): void {
  const live: { address: number; size: number; tag: number }[] = [];
  for (let i = 1; i < 60; i++) {
    const size = (i * 53) % 700;
    const address = i % 5 === 0 ? heap.alignedAlloc(64, size) : heap.malloc(size);
    if (address !== 0) {
      heap.view.fill(i, address, address + size);
      live.push({ address, size, tag: i });
    }
    if (i % 4 === 0 && live.length > 0) {
      const { address, size, tag } = live.splice((i * 7) % live.length, 1)[0];
      const moved = heap.realloc(address, size + 90) || address;
      expect(heap.view.subarray(moved, moved + size).every((byte) => byte === tag)).toBe(true);
      heap.free(moved);
    }
  }
  for (const { address } of live) heap.free(address);
  for (const { address, kind } of heap.walk()) if (kind === 'used') heap.free(address);
  heap.check();
  expect(heap.stats().usedBlocks).toBe(0);
}

function header(heap: Heap): Int32Array {
  return new Int32Array(heap.buffer, heap.base, L.HEADER_WORDS);
}

describe.each([
  { alignment: 8, checked: true },
  { alignment: 16, checked: true },
  { alignment: 16, checked: false },
  { alignment: 8, checked: false, base: 1000, limit: 60_000 },
] as const)('with %o', (options) => {
  it('a copy of the bytes attaches and goes on', () => {
    const { heap, live } = busy(options);
    const copy = Heap.attach(heap.buffer.slice(0) as ArrayBuffer, options.base);
    expect(copy.toJSON()).toEqual(heap.toJSON());
    expect(copy.dump()).toBe(heap.dump());
    expect(copy.checked).toBe(options.checked);
    for (const [address, size] of live) {
      const moved = copy.realloc(address, size + 500);
      expect(moved).not.toBe(0);
      for (let i = 0; i < size; i++) expect(copy.view[moved + i]).toBe(heap.view[address + i]);
      copy.free(moved);
    }
    copy.check();
    expect(copy.stats().usedBlocks).toBe(0);
    // Both get the same addresses from the same calls.
    const again = Heap.attach(heap.buffer.slice(0) as ArrayBuffer, options.base);
    for (let size = 1; size < 2000; size += 111) expect(again.malloc(size)).toBe(heap.malloc(size));
  });

  it('goes on in a longer memory, and grows', () => {
    const { heap, live } = busy(options);
    const longer = new ArrayBuffer(2 * BYTES, { maxByteLength: 4 * BYTES });
    new Uint8Array(longer).set(new Uint8Array(heap.buffer));
    const copy = Heap.attach(longer, options.base);
    for (const address of live.keys()) copy.free(address);
    if (heap.limit > BYTES) expect(copy.malloc(3 * BYTES)).not.toBe(0);
    else expect(copy.malloc(BYTES)).toBe(0);
    copy.check();
  });
});

it('two objects over the same bytes take turns', () => {
  const one = Heap.create(new WebAssembly.Memory({ initial: 1 }));
  const two = Heap.attach(one.memory.source);
  const heaps = [one, two];
  const live: number[] = [];
  for (let i = 0; i < 5000; i++) {
    const heap = heaps[i % 2];
    const address = heap.malloc((i * 37) % 700);
    heap.view[address] = i;
    live.push(address);
    if (i % 3 === 2) heaps[(i >> 1) % 2].free(live.splice((i * 7) % live.length, 1)[0]);
  }
  one.check();
  two.check();
  expect(one.stats()).toEqual(two.stats());
  expect(one.stats().usedBlocks).toBe(live.length);
});

describe('refuses', () => {
  it('a memory without a heap', () => {
    expect(() => Heap.attach(new ArrayBuffer(1000))).toThrow(
      new RangeError('no heap at 0: its first word is 0x0, that of a heap is 0x66724864'),
    );
    expect(() => Heap.attach(new TextEncoder().encode('x'.repeat(500)).buffer, 17)).toThrow(
      new RangeError('no heap at 32: its first word is 0x78787878, that of a heap is 0x66724864'),
    );
  });

  it('a memory that ends within the header, or within the heap', () => {
    expect(() => Heap.attach(new ArrayBuffer(79))).toThrow(
      new RangeError('no heap at 0: the memory ends at 79'),
    );
    const { heap } = busy();
    const { reachBytes } = heap.stats();
    expect(() => Heap.attach(heap.buffer.slice(0, reachBytes - 4) as ArrayBuffer)).toThrow(
      new RangeError(`the heap at 0 reaches up to ${reachBytes}, the memory ends at ${reachBytes - 4}`),
    );
  });

  it('another version', () => {
    const { heap } = busy();
    header(heap)[L.H_VERSION] += 6;
    expect(() => Heap.attach(heap.buffer)).toThrow(
      new RangeError('the heap at 0 is of version 8 with flags 0x20000; this library reads version 2'),
    );
  });

  it('a copy at another address', () => {
    const { heap } = busy();
    const moved = new ArrayBuffer(BYTES + 64);
    new Uint8Array(moved).set(new Uint8Array(heap.buffer), 64);
    expect(() => Heap.attach(moved, 64)).toThrow(
      new RangeError('the heap at 64 was made at 0: a copy of its bytes must lie at the same address'),
    );
  });

  it('a bad base', () => {
    for (const base of [-1, 0.5, Number.NaN, 2 ** 32]) {
      expect(() => Heap.attach(new ArrayBuffer(100), base)).toThrow(
        new RangeError(`base must be an address from 0 to 2^32 - 1, got ${base}`),
      );
    }
  });

  // A word turned over in the header or the map either matters and is told, or leaves a heap that serves as before.
  it.each([
    { checked: true },
    { checked: false },
    { checked: true, alignment: 8 },
    { checked: true, few: true },
    { checked: false, few: true },
  ] as const)('damage, whichever word it is in: %o', ({ few = false, ...options }: Damaged) => {
    const { heap } = few ? busyWithoutTables(options) : busy(options);
    const words = new Int32Array(heap.buffer);
    const used = heap.stats();
    let refused = 0;
    const own = [...heap.walk()].filter(({ kind }) => kind === 'bookkeeping');
    for (const { address, size } of own) {
      for (let w = address / 4; w < (address + size) / 4; w++) {
        for (const damage of [-1, 0x10, 1 << 30]) {
          const before = words[w];
          words[w] = before ^ damage;
          const copy = heap.buffer.slice(0);
          words[w] = before;
          const as = copy.slice(0);
          let attached: Heap;
          try {
            attached = Heap.attach(copy);
          } catch (error) {
            expect(error instanceof CorruptionError || error instanceof RangeError, String(error)).toBe(true);
            expect(sameBytes(copy, as)).toBe(true);
            refused++;
            continue;
          }
          use(attached);
        }
      }
    }
    expect(refused).toBeGreaterThan(few ? 50 : 200);
    heap.check();
    expect(heap.stats()).toEqual(used);
  });

  it('each damaged law by its name', () => {
    const broken = (damage: (words: Int32Array, heap: Heap) => void) => {
      const { heap } = busy();
      damage(header(heap), heap);
      try {
        Heap.attach(heap.buffer);
      } catch (error) {
        return (error as CorruptionError).law ?? String(error);
      }
      return 'none';
    };
    expect(broken((h) => h[L.H_TOP]--)).toContain('top');
    expect(broken((h) => h[L.H_BLOCKS]++)).toBe('blocks: the number found is the number recorded');
    expect(broken((h) => h[L.H_MERGED]++)).toBe('merged blocks: the number found is the number recorded');
    expect(broken((h) => h[L.H_MERGED_GRANULES]--)).toBe(
      'granules in merged blocks: the number found is the number recorded',
    );
    expect(broken((h) => h[L.H_MAP]++)).toBe('the map block is where the header says');
    expect(broken((h) => h[L.H_TABLES]++)).toBe('the tables block is where the header says');
    expect(broken((h) => (h[L.H_LIMIT] = 3))).toBe('the limit lies above the highest top and within 4 GiB');
    expect(broken((h) => (h[L.H_QUICK] = -1))).toBe('counts are within their bounds');
    expect(broken((h) => (h[L.H_ZERO_FROM] = 9))).toBe(
      'memory that blocks have used is not known to be zero',
    );
    expect(broken((h) => (h[L.H_LIST] = 9))).toBe('quick lists exist where tables do, or else a single list');
    expect(broken((h) => (h[L.H_COVERED] += 1000))).toMatch('the map block has room');
    // The mark goes, and what stands above it in the note is left.
    const aligned = (h: Int32Array, heap: Heap) => {
      const { words } = heap.memory;
      const { address } = [...heap.walk()].find(({ align }) => align === 256)!;
      const granule = address / 16;
      words[h[L.H_MAP] * 4 + L.OWN_WORDS + 2 * (granule >>> 5) + 1] &= ~(2 << (granule & 31));
    };
    expect(broken(aligned)).toBe('a block lies at a multiple of the alignment that is noted of it');
    // Somebody wrote to a block after freeing it.
    const scribble = (kind: string, word: number) => (_: Int32Array, heap: Heap) => {
      const block = [...heap.walk()].find((each) => each.kind === kind)!;
      new Int32Array(heap.buffer)[block.address / 4 + word] += 5;
    };
    expect(broken(scribble('waiting', 0))).toMatch(/quick list|waits/);
    expect(broken(scribble('waiting', 2))).toMatch(/quick list|waits|bin|waiting|merged/);
  });
});
