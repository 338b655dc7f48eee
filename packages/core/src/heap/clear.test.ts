import { afterEach, describe, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.doUnmock('../memory/engine.js');
  vi.resetModules();
});

describe.each([false, true])('in JavaScriptCore: %s', (JAVASCRIPTCORE) => {
  it('sets just the words asked for to 0, however many', async () => {
    vi.doMock('../memory/engine.js', () => ({ JAVASCRIPTCORE }));
    const { clearShared } = await import('./clear.js');
    for (const base of [0, 8]) {
      const words = new Int32Array(new SharedArrayBuffer(100_000), base);
      for (const length of [0, 1, 2, 31, 1023, 1024, 1025, 1039, 1055, 4095, 4097, 8209, 16384, 20_001]) {
        for (const start of [2, 4, 36]) {
          words.fill(-1);
          clearShared(words, start, start + length);
          const zeros = words.reduce((count, word) => count + (word === 0 ? 1 : 0), 0);
          expect(zeros).toBe(length);
          expect(words.subarray(start, start + length).every((word) => word === 0)).toBe(true);
        }
      }
    }
  });

  it('calloc on shared bytes gives zeros', async () => {
    vi.doMock('../memory/engine.js', () => ({ JAVASCRIPTCORE }));
    const { Heap } = await import('./heap.js');
    for (const alignment of [8, 16] as const) {
      const heap = Heap.create(new SharedArrayBuffer(2 ** 18), { alignment });
      for (const size of [1, 120, 129, 130, 4096, 4100, 65536, 65_001, 100_003]) {
        heap.malloc(1 + (size % 40));
        const old = heap.malloc(size);
        heap.view.fill(0xff, old, old + heap.usableSize(old));
        heap.free(old);
        const address = heap.calloc(1, size);
        expect(heap.view.subarray(address, address + size).every((byte) => byte === 0)).toBe(true);
        heap.free(address);
        heap.check();
      }
    }
  });
});
