/** Where growth copies, as in JavaScriptCore, the heap grows in fewer steps; elsewhere by a sixteenth. */
import { expect, it, vi } from 'vitest';
import type { MemorySource } from '../memory/memory.js';
import { Heap } from './heap.js';

vi.mock('../memory/engine.js', () => ({ JAVASCRIPTCORE: true }));

const MiB = 2 ** 20;

function growthsTo(bytes: number, source: MemorySource): { growths: number; length: number; heap: Heap } {
  const heap = Heap.create(source);
  let growths = 0;
  heap.onGrow(() => growths++);
  while (heap.stats().reachBytes < bytes) heap.malloc(10_000);
  return { growths, length: heap.memory.byteLength, heap };
}

it('a WebAssembly memory grows by a half', () => {
  const { growths, length } = growthsTo(16 * MiB, new WebAssembly.Memory({ initial: 1, maximum: 1024 }));
  expect(growths).toBeLessThan(20);
  expect(length).toBeLessThan(1.55 * 16 * MiB);
});

it('what grows in place grows by a sixteenth', () => {
  for (const source of [
    new WebAssembly.Memory({ initial: 1, maximum: 1024, shared: true }),
    new ArrayBuffer(65536, { maxByteLength: 64 * MiB }),
    new SharedArrayBuffer(65536, { maxByteLength: 64 * MiB }),
  ]) {
    const { growths, length } = growthsTo(16 * MiB, source);
    expect(growths).toBeGreaterThan(40);
    expect(length).toBeLessThan(1.1 * 16 * MiB);
  }
});

it('where no half is left, a sixteenth or what is needed will do', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 20 });
  const heap = Heap.create(memory);
  while (heap.malloc(10_000) !== 0);
  expect(heap.stats().topBytes).toBeLessThan(16_384);
  heap.check();
});
