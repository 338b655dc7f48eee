import { describe, expect, it } from 'vitest';
import { TraceBuilder } from './builder.js';
import { profileOf } from './profile.js';

function trace(make: (builder: TraceBuilder) => void) {
  const builder = new TraceBuilder();
  make(builder);
  return builder.finish('made', 'test');
}

describe('profileOf', () => {
  it('counts calls, sizes, lifetimes, the peak and what is left', () => {
    const profile = profileOf(
      trace((b) => {
        b.allocate(0, 1, 100); // 0
        b.zeroed(0, 2, 50); // 1
        b.aligned(0, 3, 8, 64); // 2: 158 bytes in 3 blocks
        b.free(0, 1); // 3: lived 3
        b.reallocate(0, 2, 0, 2, 120); // 4: 128 live
        b.reallocate(0, 2, 0, 9, 20); // 5
        b.reallocate(0, 9, 0, 9, 20); // 6
        b.allocate(0, 4, 0); // 7
        b.free(0, 9); // 8: lived 7
        b.free(0, 77);
        b.nullFree();
      }),
    );
    expect(profile.calls).toEqual({ malloc: 2, calloc: 1, memalign: 1, realloc: 3, free: 2 });
    expect(profile.operations).toBe(9);
    expect(profile.peak).toEqual({ bytes: 158, blocks: 3, operation: 3 });
    expect(profile.mostBlocks).toBe(3);
    expect(profile.left).toEqual({ blocks: 2, bytes: 8 });
    expect(profile.requestedBytes).toBe(318);
    expect(profile.reallocs).toEqual({ growing: 1, shrinking: 1, same: 1 });
    // 0; 8 to 15; 16 to 31 twice; 32 to 63; 64 to 127 twice.
    expect(profile.sizes).toEqual([1, 0, 0, 0, 1, 2, 1, 2]);
    expect(profile.lifetimes).toEqual([0, 0, 1, 1]);
    expect(profile.frequent[0]).toEqual({ size: 20, count: 2 });
    expect(profile.live).toEqual([100, 150, 158, 58, 128, 28, 28, 28, 8]);
    expect(profile.notes).toMatchObject({ unknownFrees: 1, nullFrees: 1 });
  });

  it('finds the most frequent sizes, however many there are', () => {
    const profile = profileOf(
      trace((b) => {
        const sizes = [0, 0, 0, 2 ** 40, 2 ** 40, ...Array.from({ length: 9000 }, (_, i) => 20_000 - i)];
        for (const size of sizes) {
          b.allocate(0, 1, size);
          b.free(0, 1);
        }
      }),
    );
    expect(profile.frequent).toEqual([
      { size: 0, count: 3 },
      { size: 2 ** 40, count: 2 },
      ...[0, 1, 2, 3, 4, 5].map((i) => ({ size: 11_001 + i, count: 1 })),
    ]);
  });

  it('thins the live bytes of long recordings to 64 figures, the last one the end', () => {
    const profile = profileOf(
      trace((b) => {
        for (let i = 0; i < 1000; i++) b.allocate(0, i + 1, 1);
      }),
    );
    expect(profile.live).toHaveLength(64);
    expect(profile.live.at(-1)).toBe(1000);
    expect(profile.live[0]).toBe(16);
  });
});
