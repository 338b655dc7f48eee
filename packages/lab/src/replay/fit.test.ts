import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeTrace } from '../../test/traces.js';
import { peakLiveBytes } from '../trace/live.js';
import type { Trace } from '../trace/trace.js';
import { fit } from './fit.js';
import { ALLOCATORS, makeArena, parseContender, reader } from './registry.js';
import { Replay } from './replay.js';

const ALIGN = 16;

function serves(trace: Trace, spec: string, capacity: number): boolean {
  const arena = makeArena(parseContender(spec), { align: ALIGN, capacity });
  return new Replay(trace, arena).runWhileServed(0, trace.length);
}

const fitOf = (trace: Trace, spec: string) => fit(trace, parseContender(spec), ALIGN);

describe('by hand', () => {
  const trace = makeTrace('a+64 b+64 c+64 -b d+32 e+48 -a -c');

  it('first fit: e goes behind c, as the rest of b is too small', () => {
    expect(peakLiveBytes(trace)).toBe(64 + 64 + 32 + 48);
    expect(fitOf(trace, 'first-fit')).toMatchObject({
      trace: 'test',
      allocator: 'first-fit',
      operations: 8,
      peakLiveBytes: 208,
      smallestBytes: 240,
      ratio: 240 / 208,
      grownBytes: 240,
      failsAtBytes: null,
    });
  });

  it('the same for its naive twin', () => {
    expect(fitOf(trace, 'naive-first').smallestBytes).toBe(240);
  });

  it('blocks and buddies count in their own units', () => {
    expect(fitOf(trace, 'blocks:block=112').smallestBytes).toBe(448);
    expect(fitOf(trace, 'buddy:unit=64').smallestBytes).toBe(256);
  });

  it('an allocator that needs a larger arena when it is fixed than when it grows', () => {
    // Growing, c fits only where a was. Fixed, with room at the top, worst fit puts it there, and d finds the rest split.
    const calls = makeTrace('a+16 b+16 -a c+16 d+32 -b');
    const found = fitOf(calls, 'worst-fit:grow-by=16');
    expect(found.grownBytes).toBe(64);
    expect(found.smallestBytes).toBe(80);
    expect(serves(calls, 'worst-fit', 64)).toBe(false);
    expect(serves(calls, 'worst-fit', 80)).toBe(true);
  });

  it('an allocator that fails where there is more room', () => {
    // In 224 bytes d fills what is left at the top, exactly; with more there a's hole fits better, and e has no room.
    const calls = makeTrace('a+80 b+32 -a c+96 d+16 -b e+112');
    const found = fitOf(calls, 'best-fit');
    expect(found.smallestBytes).toBe(224);
    expect(found.failsAtBytes).toBe(304);
    expect(serves(calls, 'best-fit', 224)).toBe(true);
    expect(serves(calls, 'best-fit', 304)).toBe(false);
  });

  it('a trace of no bytes needs the least arena there is', () => {
    expect(fitOf(makeTrace('a+0 -a'), 'first-fit')).toMatchObject({ smallestBytes: 16, ratio: null });
  });

  it('a request that no order of a buddy holds has no arena', () => {
    expect(fitOf(makeTrace('a+1000'), 'buddy:unit=64:orders=2')).toMatchObject({
      smallestBytes: null,
      ratio: null,
      bookkeepingBytes: null,
    });
  });
});

describe.each(ALLOCATORS.map(({ id }) => id))('%s', (id) => {
  it('serves in the arena found, and in none that was tried and is a granule smaller', () => {
    const call = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 300 }));
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 40 }), (calls) => {
        const live = new Set<number>();
        const words = calls.map(([name, size]) => {
          if (live.delete(name)) return `-a${name}`;
          live.add(name);
          return `a${name}+${size}`;
        });
        const trace = makeTrace(words.join(' '));
        const { smallestBytes, failsAtBytes } = fitOf(trace, id);
        const contender = parseContender(id);
        const granule = contender.kind.granule(reader(contender, { align: ALIGN, capacity: null }));
        expect(smallestBytes! % granule).toBe(0);
        expect(serves(trace, id, smallestBytes!)).toBe(true);
        if (smallestBytes! > granule) expect(serves(trace, id, smallestBytes! - granule)).toBe(false);
        if (failsAtBytes !== null) expect(serves(trace, id, failsAtBytes)).toBe(false);
        if (id === 'first-fit' || id === 'blocks') {
          // Their choices do not depend on where the range ends: nothing smaller serves at all.
          for (let less = smallestBytes! - granule; less > 0; less -= granule) {
            expect(serves(trace, id, less)).toBe(false);
          }
        }
      }),
      { numRuns: 15 },
    );
  });
});
