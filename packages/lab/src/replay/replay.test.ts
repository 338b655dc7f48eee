import { describe, expect, it } from 'vitest';
import { PlainFit } from '../../test/plain-fit.js';
import { makeTrace } from '../../test/traces.js';
import type { Trace } from '../trace/trace.js';
import { RangeArena } from './arena.js';
import { EMPTY, Replay } from './replay.js';

function replayed(trace: Trace, allocator: PlainFit, align = 1): Replay {
  const replay = new Replay(trace, new RangeArena(allocator, align, align));
  replay.run(0, trace.length);
  return replay;
}

describe('Replay', () => {
  it('keeps the address of every slot', () => {
    const replay = replayed(makeTrace('a+10 b*20 c+5^64 -b d+8'), new PlainFit({ capacity: 1000 }));
    expect([...replay.addresses]).toEqual([0, 10, 64]);
    expect(replay.failed).toBe(0);
  });

  it('empties slots that are freed', () => {
    const replay = replayed(makeTrace('a+10 b+20 -a'), new PlainFit({ capacity: 1000 }));
    expect([...replay.addresses]).toEqual([EMPTY, 10]);
  });

  it('gives malloc(0) and realloc(p, 0) a byte', () => {
    const replay = replayed(makeTrace('a+0 b*0 c+10 c~0 d+3'), new PlainFit({ capacity: 1000 }));
    expect([...replay.addresses]).toEqual([0, 1, 2, 3]);
  });

  it('reallocates in place where there is room, else moves and frees the old place', () => {
    const allocator = new PlainFit({ capacity: 1000 });
    const replay = replayed(makeTrace('a+10 b+10 b~50 a~20 c+10'), allocator);
    expect([...replay.addresses]).toEqual([60, 10, 0]);
    expect([replay.reallocations, replay.moves]).toEqual([2, 1]);
    expect(allocator.stats().usedBytes).toBe(80);
  });

  it('moves where the allocator cannot resize', () => {
    class Rigid extends PlainFit {
      override resize = () => false;
    }
    const replay = replayed(makeTrace('a+10 a~5'), new Rigid({ capacity: 1000 }));
    expect([...replay.addresses]).toEqual([10]);
  });

  it('tells whoever moves the bytes, while both places are live', () => {
    const allocator = new PlainFit({ capacity: 1000 });
    const moves: number[][] = [];
    const arena = new RangeArena(allocator, 1, 1, (...move) =>
      moves.push([...move, allocator.stats().usedBytes]),
    );
    const trace = makeTrace('a+10 b+10 a~20 a~4');
    new Replay(trace, arena).run(0, trace.length);
    expect(moves).toEqual([[0, 20, 10, 40]]);
  });

  it('asks for the alignment of the arena where the allocator does not see to it by itself', () => {
    const trace = makeTrace('a+10 b+10 c+10^8 d*4 d~400');
    const unaligned = new RangeArena(new PlainFit({ capacity: 1000 }), 32, 2);
    const replay = new Replay(trace, unaligned);
    replay.run(0, trace.length);
    expect([...replay.addresses]).toEqual([0, 32, 64, 96]);
  });

  it('skips the free of what was refused, and keeps what could not grow', () => {
    const replay = replayed(makeTrace('a+60 b+50 -b a~200 -a c+100'), new PlainFit({ capacity: 100 }));
    expect([...replay.addresses]).toEqual([0, EMPTY]);
    expect(replay.failed).toBe(2);
  });

  it('refuses an alignment that no address has', () => {
    const trace = makeTrace('a+10^2');
    trace.align[0] = 53;
    expect(replayed(trace, new PlainFit({ capacity: 100 })).failed).toBe(1);
  });

  it('stops at the first refusal when asked to', () => {
    const trace = makeTrace('a+60 b+50 c+10 d+100');
    const replay = new Replay(trace, new RangeArena(new PlainFit({ capacity: 100 }), 1, 1));
    expect(replay.runWhileServed(0, trace.length)).toBe(false);
    expect([...replay.addresses]).toEqual([0, EMPTY, EMPTY, EMPTY]);
    expect(replay.runWhileServed(2, 3)).toBe(true);
  });
});
