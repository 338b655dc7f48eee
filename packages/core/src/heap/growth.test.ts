/** A heap whose memory grows: by the heap, or by somebody else before any call. */
import { describe, expect, it } from 'vitest';
import { Memory, type MemorySource } from '../memory/memory.js';
import { ReentrantCallError } from '../observed.js';
import { Heap } from './heap.js';

const PAGE = 65536;
const MOST = 64 * PAGE;

type Grow = () => void;

function custom(): [MemorySource, Grow] {
  let buffer = new ArrayBuffer(PAGE);
  const grow = (byteLength: number) => {
    if (byteLength > MOST) return false;
    const longer = new ArrayBuffer(byteLength);
    // What is new holds anything but zeros.
    new Uint8Array(longer).fill(0xee).set(new Uint8Array(buffer));
    buffer = longer;
    return true;
  };
  return [{ buffer: () => buffer, grow }, () => void grow(Math.min(buffer.byteLength + PAGE, MOST))];
}

/** Each kind with what somebody else does to make it a page longer. */
const KINDS: readonly (readonly [string, () => [MemorySource, Grow]])[] = [
  [
    'ArrayBuffer',
    () => {
      const buffer = new ArrayBuffer(PAGE, { maxByteLength: MOST });
      return [buffer, () => buffer.resize(Math.min(buffer.byteLength + PAGE, MOST))];
    },
  ],
  [
    'SharedArrayBuffer',
    () => {
      const buffer = new SharedArrayBuffer(PAGE, { maxByteLength: MOST });
      return [buffer, () => buffer.grow(Math.min(buffer.byteLength + PAGE, MOST))];
    },
  ],
  ['WebAssembly.Memory', () => wasm(false)],
  ['shared WebAssembly.Memory', () => wasm(true)],
  ['custom', custom],
];

function wasm(shared: boolean): [MemorySource, Grow] {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 64, shared });
  return [memory, () => memory.buffer.byteLength < MOST && memory.grow(1)];
}

function bufferOf(source: MemorySource): ArrayBuffer | SharedArrayBuffer {
  return new Memory(source).buffer;
}

/** Somebody else grows the memory; where that leaves the old buffer usable, they have to say so. */
function growBy(heap: Heap, grow: Grow): void {
  grow();
  if (heap.memory.kind === 'custom') heap.memory.refresh();
}

describe.each(KINDS)('%s', (_kind, make) => {
  it('grows until it is full, and every block keeps what was written', () => {
    const [source] = make();
    const heap = Heap.create(source, { zeroed: true });
    const blocks: number[] = [];
    for (let address = heap.malloc(5000); address !== 0; address = heap.malloc(5000)) {
      blocks.push(address);
      heap.view.fill(blocks.length, address, address + 5000);
    }
    expect(blocks.length).toBeGreaterThan((MOST / 5008) * 0.96);
    blocks.forEach((address, i) => {
      expect(heap.view[address]).toBe((i + 1) & 255);
      expect(heap.view[address + 4999]).toBe((i + 1) & 255);
    });
    heap.check();
    for (const address of blocks) heap.free(address);
    heap.check();
    expect(heap.stats().usedBlocks).toBe(0);
  });

  // The same calls as often as there are of them, each time with the growth before another one.
  it('is grown by somebody else before any of the calls', () => {
    const calls: ((heap: Heap, at: number[]) => void)[] = [
      (heap, at) => at.push(heap.malloc(24)),
      (heap, at) => at.push(heap.malloc(24)),
      (heap, at) => heap.free(at.shift()!),
      (heap, at) => at.push(heap.malloc(24)),
      (heap, at) => at.push(heap.calloc(10, 100)),
      (heap, at) => at.push(heap.alignedAlloc(256, 100)),
      (heap, at) => expect(heap.usableSize(at[0])).toBe(32),
      (heap, at) => at.push(heap.realloc(at.shift()!, 3000)),
      (heap, at) => at.push(heap.realloc(at.shift()!, 40)),
      (heap, at) => at.push(heap.malloc(100_000)),
      (heap, at) => heap.free(at.pop()!),
      (heap, at) => at.push(heap.malloc(0)),
      (heap) => heap.stats(),
      (heap) => expect([...heap.walk()].length).toBeGreaterThan(4),
      (heap) => heap.largestFree(),
      (heap) => heap.trim(),
      (heap, at) => expect(heap.resize(at[0], 10)).toBe(true),
      (heap, at) => {
        for (const address of at.splice(0)) heap.free(address);
      },
    ];
    // A heap with tables and one without.
    for (const filled of [0, 40_000]) {
      for (let before = 0; before < calls.length; before++) {
        const [source, grow] = make();
        const heap = Heap.create(source);
        if (filled > 0) heap.malloc(filled);
        heap.free(heap.malloc(24));
        const at: number[] = [];
        let heard = 0;
        heap.onGrow(() => heard++);
        calls.forEach((call, i) => {
          if (i === before) growBy(heap, grow);
          call(heap, at);
          expect(at).not.toContain(0);
          for (const address of at) heap.view[address] = i;
          if (i === before) expect(heard).toBeGreaterThan(0);
          heap.check();
        });
        expect(heap.stats().usedBlocks).toBe(filled > 0 ? 1 : 0);
      }
    }
  });

  it('gives zeros from calloc in memory that it, or somebody else, has added', () => {
    const [source, grow] = make();
    const heap = Heap.create(source);
    for (let i = 0; i < 30; i++) {
      if (i % 5 === 0) {
        growBy(heap, grow);
        // It is theirs until the heap looks: they may write there.
        new Uint8Array(heap.buffer).fill(0xdd, heap.buffer.byteLength - 100);
      }
      const address = heap.calloc(3, 7000);
      expect(address).not.toBe(0);
      expect(heap.view.subarray(address, address + 21_000).every((byte) => byte === 0)).toBe(true);
      heap.view.fill(0xcc, address, address + 21_000);
      if (i % 3 === 0) heap.free(address);
    }
    heap.check();
  });

  it('gives zeros from calloc though the memory grows in that very call, or was grown and written to unseen', () => {
    const [source, grow] = make();
    const heap = Heap.create(source, { zeroed: true });
    heap.malloc(PAGE - 4000);
    grow();
    const bytes = bufferOf(source);
    new Uint8Array(bytes).fill(0xdd, PAGE);
    for (const size of [20_000, 3 * PAGE]) {
      const address = heap.calloc(1, size);
      expect(address).not.toBe(0);
      expect(heap.view.subarray(address, address + size).every((byte) => byte === 0)).toBe(true);
    }
    heap.check();
  });

  it('tells of itself what is there now, though nothing but the memory has changed', () => {
    const [source, grow] = make();
    const heap = Heap.create(source);
    const { topBytes } = heap.stats();
    let heard = 0;
    heap.onGrow(() => heard++);
    for (const ask of [
      () => heap.stats().topBytes,
      () => heap.largestFree(),
      () => heap.trim(),
      () => [...heap.walk()].at(-1)!.size,
    ]) {
      const before = heap.stats().topBytes;
      grow();
      expect(ask()).toBe(before + PAGE);
    }
    expect(heap.stats().topBytes).toBe(topBytes + 4 * PAGE);
    expect(heard).toBe(4);
    grow();
    heap.check();
    expect(heard).toBe(5);
  });

  it('can be asked by a listener while it grows, but not changed', () => {
    const [source] = make();
    const heap = Heap.create(source);
    const kept = heap.array(Uint8Array, 100)!;
    const small = heap.malloc(24);
    const refused: unknown[] = [];
    const stop = heap.onGrow(() => {
      expect(kept.view.length).toBe(100);
      expect(heap.stats().usedBlocks).toBe(2);
      expect([...heap.walk()].filter(({ kind }) => kind === 'used').length).toBe(2);
      heap.check();
      for (const call of [
        () => heap.malloc(24),
        () => heap.malloc(2 * PAGE),
        () => heap.calloc(1, 24),
        () => heap.alignedAlloc(64, 24),
        () => heap.free(small),
        () => heap.realloc(small, 100),
        () => heap.resize(small, 10),
        () => heap.trim(),
      ]) {
        try {
          call();
        } catch (error) {
          refused.push(error);
        }
      }
    });
    const address = heap.malloc(PAGE);
    expect(address).not.toBe(0);
    expect(refused).toEqual(
      Array(8).fill(
        new ReentrantCallError(
          'the heap is growing: a listener may take views, but must not change the heap',
        ),
      ),
    );
    heap.check();
    stop();
    for (const each of [small, address]) heap.free(each);
    expect(heap.malloc(2 * PAGE)).not.toBe(0);
    heap.check();
  });

  it('outlives a listener that throws: the others hear, the heap is as it was', () => {
    const [source] = make();
    const memory = new Memory(source);
    const heap = Heap.create(memory);
    heap.onGrow(() => {
      throw new Error('mine');
    });
    // On the same memory: its views come from there.
    const twin = Heap.attach(memory);
    const address = twin.malloc(24);
    expect(() => heap.malloc(PAGE)).toThrow('mine');
    twin.free(address);
    expect(twin.stats().usedBlocks).toBe(0);
    expect(heap.stats()).toEqual(twin.stats());
    heap.check();
  });

  it('serves several objects, one of which grows it, or notices first that somebody else did', () => {
    for (const grower of [0, 1, 2]) {
      const [source, grow] = make();
      const heaps = [Heap.create(source), Heap.attach(source)] as const;
      const [one, two] = heaps;
      const live: number[] = [one.malloc(24), two.malloc(24)];
      if (grower === 2) {
        grow();
        one.memory.refresh();
        if (one.memory.kind === 'custom') two.memory.refresh();
      }
      live.push(heaps[grower % 2].malloc(PAGE));
      for (let i = 0; i < 50; i++) live.push(heaps[i % 2].malloc(24 + i * 30));
      expect(new Set(live).size).toBe(live.length);
      expect(live).not.toContain(0);
      live.forEach((address, i) => {
        heaps[(i >> 1) % 2].free(address);
      });
      for (const heap of heaps) {
        heap.check();
        expect(heap.stats().usedBlocks).toBe(0);
      }
    }
  });

  it('stays below its limit', () => {
    const [source] = make();
    const limit = 3 * PAGE + 100;
    const heap = Heap.create(source, { limit });
    let last = 0;
    for (let address = heap.malloc(1000); address !== 0; address = heap.malloc(1000)) last = address;
    expect(last).toBeGreaterThan(2.9 * PAGE);
    expect(last + heap.usableSize(last)).toBeLessThanOrEqual(limit);
    expect(heap.limit).toBe(3 * PAGE + 96);
    expect(heap.stats().capacity).toBeLessThanOrEqual(3 * PAGE + 96);
    heap.check();
  });
});

it('a memory cut in the middle of the heap is refused', () => {
  const buffer = new ArrayBuffer(2 * PAGE, { maxByteLength: MOST });
  const heap = Heap.create(buffer);
  heap.malloc(PAGE);
  buffer.resize(PAGE);
  expect(() => heap.malloc(10)).toThrow(
    new RangeError('the memory was cut to 65536 bytes, in the middle of the heap at 0'),
  );
});

it('a memory cut above the last block loses nothing', () => {
  const buffer = new ArrayBuffer(4 * PAGE, { maxByteLength: MOST });
  const heap = Heap.create(buffer);
  const address = heap.malloc(PAGE);
  heap.free(heap.malloc(PAGE));
  buffer.resize(buffer.byteLength - (heap.trim() & -16));
  expect(heap.usableSize(address)).toBe(PAGE);
  heap.check();
  expect(heap.stats().topBytes).toBe(0);
  expect(heap.malloc(PAGE)).not.toBe(0);
  heap.check();
});

it('an object whose views are good, but too short for what another one has taken, gets new ones', () => {
  // So short that the map covers what is added: nothing else would tell.
  const buffer = new SharedArrayBuffer(656, { maxByteLength: 2400 });
  const one = Heap.create(buffer);
  const two = Heap.attach(buffer);
  const first = two.malloc(500);
  buffer.grow(2400);
  const second = one.malloc(800);
  const third = one.malloc(24);
  one.free(second);
  two.free(third);
  one.check();
  expect([...two.walk()].map(({ kind }) => kind)).toEqual(['bookkeeping', 'bookkeeping', 'used', 'free']);
  expect(two.realloc(first, 2000)).toBe(first);
  one.check();
});

it('bytes behind the last granule of a memory are not known to hold zeros', () => {
  for (const options of [{}, { zeroed: true }, { alignment: 8 }] as const) {
    const buffer = new ArrayBuffer(1000, { maxByteLength: MOST });
    const heap = Heap.create(buffer, options);
    buffer.resize(1007);
    new Uint8Array(buffer).fill(0xdd, 1000);
    const address = heap.calloc(1, 5000);
    expect(heap.view.subarray(address, address + 5000).every((byte) => byte === 0)).toBe(true);
  }
});

it('memory cut and grown again by somebody else is not known to hold zeros', () => {
  const buffer = new ArrayBuffer(PAGE, { maxByteLength: MOST });
  const heap = Heap.create(buffer, { zeroed: true });
  heap.malloc(1000);
  buffer.resize(PAGE - heap.trim());
  expect(heap.stats().topBytes).toBe(0);
  buffer.resize(PAGE);
  new Uint8Array(buffer).fill(0xdd, 4000);
  const address = heap.calloc(1, 30_000);
  expect(heap.view.subarray(address, address + 30_000).every((byte) => byte === 0)).toBe(true);
});

it('a memory that was transferred is told from one that is short', () => {
  const buffer = new ArrayBuffer(PAGE);
  const heap = Heap.create(buffer);
  const address = heap.malloc(10);
  structuredClone(buffer, { transfer: [buffer] });
  const gone = new RangeError(
    'the memory of the heap at 0 has no bytes any more: it was transferred, or cut',
  );
  for (const call of [
    () => heap.malloc(10),
    () => heap.free(address),
    () => heap.stats(),
    () => heap.check(),
  ])
    expect(call).toThrow(gone);
  expect(() => Heap.create(buffer)).toThrow(
    new RangeError('a heap at 0 needs the bytes up to 144 at least; the memory has 0 and cannot grow so far'),
  );
  expect(() => Heap.attach(buffer)).toThrow(new RangeError('no heap at 0: the memory ends at 0'));
});

it('a heap at the top of 4 GiB gives addresses above 2 GiB', () => {
  const GiB = 2 ** 30;
  const heap = Heap.create(new WebAssembly.Memory({ initial: 1, maximum: 65536 }), { base: 3.5 * GiB });
  const address = heap.malloc(1000);
  expect(address).toBeGreaterThan(3.5 * GiB);
  heap.view[address] = 7;
  const aligned = heap.alignedAlloc(2 ** 20, 5);
  expect(aligned % 2 ** 20).toBe(0);
  const moved = heap.realloc(address, 100_000);
  expect(heap.view[moved]).toBe(7);
  expect(heap.malloc(GiB)).toBe(0);
  for (const each of [aligned, moved]) heap.free(each);
  expect(() => heap.free(moved)).toThrow(`address 0x${moved.toString(16)} is not in use`);
  heap.check();
});
