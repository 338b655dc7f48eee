import { expect, it } from 'vitest';
import { Heap } from '../heap/heap.js';
import { AddressMap } from './address-map.js';
import { DebugHeap } from './debug-heap.js';

it('holds what a Map holds, whatever comes and goes', () => {
  const map = new AddressMap<object>();
  const model = new Map<number, object>();
  let state = 12_345;
  const below = (n: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % n;
  };
  for (let i = 0; i < 50_000; i++) {
    // First few addresses, then many, then few again: those without a value become the most.
    const address = 16 * below(i > 20_000 && i < 30_000 ? 10_000 : 50);
    if (below(2) === 0) {
      const value = { i };
      map.set(address, value);
      model.set(address, value);
    } else {
      map.delete(address);
      model.delete(address);
    }
    expect(map.get(address)).toBe(model.get(address));
    expect(map.size).toBe(model.size);
    if (i % 1000 === 0) expect(new Set(map.values())).toEqual(new Set(model.values()));
  }
});

it('a debugging heap tells its blocks oldest first, though an old address has a new one', () => {
  const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)), { quarantine: 0 });
  const first = heap.malloc(24);
  const second = heap.malloc(24);
  heap.free(first);
  expect(heap.malloc(24)).toBe(first);
  expect(heap.leaks()[0].examples.map(({ address }) => address)).toEqual([second, first]);
  heap.view[first + 24] = 1;
  heap.view[second + 24] = 1;
  expect(heap.damages().map(({ address }) => address)).toEqual([second, first]);
});
