import { describe, expect, it } from 'vitest';
import { alignmentOf, clearAlignment, leastFor, noteAlignment } from './alignment.js';
import { setStart, setUsedStart } from './block-map.js';
import { Heap } from './heap.js';

const KiB = 1024;

it('every alignment is read as it was noted, in the least block for it and in longer ones', () => {
  for (let log = 1; log <= 28; log++) {
    const align = 2 ** log;
    for (const length of [leastFor(align), leastFor(align) + 1, 31, 32, 33, 100]) {
      if (length < leastFor(align)) continue;
      for (let at = 0; at < 32; at += Math.min(align, 32)) {
        const words = new Int32Array(32);
        setUsedStart(words, 0, at);
        setStart(words, 0, at + length);
        if (at > 0) setUsedStart(words, 0, at - 1);
        const before = [...words];
        expect(alignmentOf(words, 0, at, length)).toBe(0);
        noteAlignment(words, 0, at, align);
        expect(alignmentOf(words, 0, at, length)).toBe(align);
        clearAlignment(words, 0, at, length);
        expect([...words]).toEqual(before);
      }
    }
  }
});

it('a block of n times its alignment has the granules for the note', () => {
  for (let log = 1; log <= 28; log++) expect(leastFor(2 ** log)).toBeLessThanOrEqual(Math.min(2 ** log, 7));
});

describe.each([{}, { alignment: 8 }, { checked: false }] as const)('%o', (options) => {
  const make = () => Heap.create(new ArrayBuffer(KiB, { maxByteLength: 2 ** 24 }), options);

  it('blocks of n times their alignment lie one behind the other', () => {
    for (const align of [32, 64, 256, 4 * KiB, 64 * KiB]) {
      for (const n of [1, 2, 3]) {
        const heap = make();
        const blocks = Array.from({ length: 8 }, () => heap.alignedAlloc(align, n * align));
        for (const block of blocks) expect([block % align, heap.usableSize(block)]).toEqual([0, n * align]);
        // Each at the next multiple, but for what the map takes on the way.
        expect(heap.stats().reachBytes).toBeLessThanOrEqual(align * (8 * n + 1) + 2 * align + KiB);
        heap.check();
      }
    }
    const heap = make();
    for (let i = 0; i < 8; i++) heap.alignedAlloc(64 * KiB, 64 * KiB);
    expect(heap.stats().reachBytes).toBeLessThan(9.2 * 64 * KiB);
  });

  it('the hole that an aligned block leaves is taken by the next one', () => {
    const heap = make();
    const blocks = Array.from({ length: 20 }, () => heap.alignedAlloc(16 * KiB, 16 * KiB));
    const { footprintBytes } = heap.stats();
    for (let round = 0; round < 50; round++) {
      const at = (round * 7) % 19;
      heap.free(blocks[at]);
      blocks[at] = heap.alignedAlloc(16 * KiB, 16 * KiB);
      expect(blocks[at] % (16 * KiB)).toBe(0);
    }
    expect(heap.stats().footprintBytes).toBe(footprintBytes);
    heap.check();
  });

  it('nothing that is written to a block, or past its end, changes its alignment', () => {
    const heap = make();
    const block = heap.alignedAlloc(256, 100);
    heap.malloc(1000);
    heap.view.fill(0xff, block, block + heap.usableSize(block) + 8);
    expect(heap.realloc(block, 500) % 256).toBe(0);
  });
});
