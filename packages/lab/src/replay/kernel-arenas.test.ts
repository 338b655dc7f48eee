import { MIGRATE_NAMES, type SlabRange } from '@freehold/kernel';
import { describe, expect, it } from 'vitest';
import { makeTrace } from '../../test/traces.js';
import { TraceBuilder } from '../trace/builder.js';
import type { Trace } from '../trace/trace.js';
import { Random } from '../workload/random.js';
import { fit } from './fit.js';
import type { SlabArena } from './kernel-arenas.js';
import { measure } from './measure.js';
import type { Settings } from './options.js';
import { makeArena, optionsInForce, parseContender } from './registry.js';
import { Replay } from './replay.js';
import { verify } from './verify.js';

const GROWING: Settings = { align: 8, capacity: null };

function replayed(trace: Trace, spec: string, settings = GROWING) {
  const arena = makeArena(parseContender(spec), settings);
  const replay = new Replay(trace, arena);
  replay.run(0, trace.length);
  return { arena, replay };
}

/** Pages of all three types that come and go, the unmovable ones staying. */
function pagesTrace(): Trace {
  const builder = new TraceBuilder();
  const random = new Random(7);
  const movable: number[] = [];
  for (let i = 1; i <= 6000; i++) {
    const type = random.below(10) < 8 ? 1 : random.below(2) * 2;
    const bytes = 4096 << (random.below(8) === 0 ? random.below(3) : 0);
    builder.detailed(0, i, bytes, bytes, MIGRATE_NAMES[type]!, bytes);
    if (type === 1) movable.push(i);
    while (movable.length > 2000) builder.free(0, movable.splice(random.below(movable.length), 1)[0]!);
  }
  for (const id of movable) builder.free(0, id);
  return builder.finish('pages', 'kmem-pages');
}

describe('slab', () => {
  it('keeps kinds in caches of their own, plain requests in those of kmalloc', () => {
    const builder = new TraceBuilder();
    builder.detailed(0, 1, 192, 1, 'dentry', 192);
    builder.detailed(0, 2, 192, 1, 'dentry', 192);
    builder.detailed(0, 3, 200, 1, 'inode', 208);
    builder.detailed(0, 4, 200, 1, '', 256);
    builder.detailed(0, 5, 200, 1, 'inode', 208);
    const { arena } = replayed(builder.finish('t', 'kmem'), 'slab');
    const { slab } = (arena as SlabArena).allocator as SlabRange;
    const active = (name: string) => slab.cache(name)!.stats().activeObjects;
    expect(['dentry', 'inode', 'kmalloc-256', 'kmalloc-192'].map(active)).toEqual([2, 2, 1, 0]);
    expect(arena.allocator.stats().usedBytes).toBe(2 * 192 + 2 * 200 + 256);
  });

  it('a trace without kinds is all kmalloc', () => {
    const { arena, replay } = replayed(makeTrace('a+100 b*100 c+5000 c~20000 -a d+64^64'), 'slab');
    expect(replay.failed).toBe(0);
    expect(replay.moves).toBe(1);
    expect(arena.allocator.stats().usedBytes).toBe(128 + 32768 + 64);
  });
});

describe('pages', () => {
  const trace = pagesTrace();

  it('keeping migrate types apart leaves more large blocks free', () => {
    const largest = (spec: string) => {
      const { arena, replay } = replayed(trace, spec, { align: 4096, capacity: 2 ** 25 });
      expect(replay.failed).toBe(0);
      const { freeBytes, freeSegments } = arena.allocator.stats();
      return freeBytes / freeSegments;
    };
    expect(largest('pages')).toBeGreaterThan(2 * largest('pages:migrate-types=off'));
  });

  it('a kind that is no migrate type is unmovable', () => {
    const builder = new TraceBuilder();
    builder.detailed(0, 1, 100, 1, 'dentry', 192);
    builder.detailed(0, 2, 100, 1, 'Unmovable', 192);
    const { replay } = replayed(builder.finish('t', 'kmem'), 'pages');
    expect(replay.addresses[1]! - replay.addresses[0]!).toBe(4096);
  });

  it('is measured, and the smallest machine found', () => {
    const measured = measure(trace, () =>
      makeArena(parseContender('pages'), { align: 4096, capacity: null }),
    );
    expect(measured.failed).toBe(0);
    expect(measured.internalFragmentation).toBe(0);
    expect(measured.atPeakLive.grantedBytes).toBe(measured.peakLiveBytes);
    const { smallestBytes, peakLiveBytes } = fit(trace, parseContender('pages'), 4096);
    // The watermark keeps some back; a machine that small has a reserve of 128 KiB and more.
    expect(smallestBytes).toBeGreaterThan(peakLiveBytes);
    expect(smallestBytes).toBeLessThan(1.2 * peakLiveBytes);
  });
});

describe.each(['pages', 'pages:migrate-types=off', 'slab'])('%s', (spec) => {
  it.each([8, 4096])('keeps every promise on real bytes, at multiples of %d', (align) => {
    const traces = [
      pagesTrace(),
      makeTrace('a+100 b*7000 a~9000 c+33^64 b~1 -c d*4096 a~20 e+0 -d -b f+70000'),
    ];
    for (const trace of traces) {
      const { fault, blocks } = verify(trace, (mover) =>
        makeArena(parseContender(spec), { align, capacity: 2 ** 27 }, mover),
      );
      expect(fault).toBeNull();
      expect(blocks).toBeGreaterThan(3);
    }
  });

  it('a machine does not grow: its memory is an option, or the capacity', () => {
    expect(optionsInForce(parseContender(spec), GROWING)['memory']).toBe(String(2 ** 28));
    expect(optionsInForce(parseContender(spec), { align: 8, capacity: 2 ** 22 })['memory']).toBe('4194304');
    const { replay } = replayed(makeTrace('a+3000000 b+100'), `${spec}:memory=2MiB`);
    expect(replay.failed).toBe(1);
    expect(() => makeArena(parseContender(`${spec}:memory=5GiB`), GROWING)).toThrow(
      `${spec}:memory=5GiB: capacity must be at least 4096 bytes, at most 4 GiB`,
    );
  });
});
