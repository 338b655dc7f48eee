import { type Buddy, IndexedFit, NaiveAllocator, type Tlsf } from 'freehold';
import { describe, expect, it } from 'vitest';
import { makeTrace } from '../../test/traces.js';
import type { Settings } from '../metrics/comparison.js';
import { ALLOCATORS } from './allocators.js';
import { defaultContenders, makeArena, optionsInForce, parseContender } from './contender.js';
import { Replay } from './replay.js';

const GROWING: Settings = { align: 16, capacity: null };

const allocatorOf = (spec: string, settings = GROWING) => makeArena(parseContender(spec), settings).allocator;

it('a recording is replayed through every allocator for any program, in order, and those of its own format', () => {
  const general = ALLOCATORS.filter(({ formats }) => formats === undefined).map(({ id }) => id);
  const specs = (format: string) => defaultContenders(format).map(({ spec }) => spec);
  expect(specs('mtrace')).toEqual(general);
  expect(specs('kmem')).toEqual([...general, 'slab']);
  expect(specs('kmem-pages')).toEqual([...general, 'pages']);
  expect(new Set(ALLOCATORS.map(({ id }) => id)).size).toBe(ALLOCATORS.length);
});

describe('options', () => {
  it('reach the allocator', () => {
    const fit = allocatorOf(
      'first-fit:order=size-up:coalesce=off:header=8:block=24:min-remainder=32:align=8:grow-by=1KiB',
    );
    expect(fit).toBeInstanceOf(IndexedFit);
    expect((fit as IndexedFit).policy).toMatchObject({
      fit: 'first',
      order: 'size-up',
      coalesce: false,
      header: 8,
      block: 24,
      minRemainder: 32,
      align: 8,
      growBy: 1032,
    });
    const naive = allocatorOf('naive-worst:largest-hint=on') as NaiveAllocator;
    expect(naive).toBeInstanceOf(NaiveAllocator);
    expect(naive.policy.fit).toBe('worst');
    expect(naive.descriptor.largest).toBe(4096);
    expect((allocatorOf('buddy:unit=64:orders=3') as Buddy).unit).toBe(64);
    expect((allocatorOf('tlsf:align=256') as Tlsf).align).toBe(256);
    expect(allocatorOf('blocks:block=48').capacity % 48).toBe(0);
  });

  it('follow --align where they are not given', () => {
    const settings = { align: 64, capacity: null };
    expect(optionsInForce(parseContender('first-fit:header=8'), settings)).toEqual({
      order: 'address',
      coalesce: 'on',
      align: '64',
      block: '64',
      header: '8',
      'min-remainder': '1',
      'grow-by': '4096',
    });
    expect(optionsInForce(parseContender('buddy'), settings)).toMatchObject({ unit: '64' });
    expect(optionsInForce(parseContender('blocks'), GROWING)).toMatchObject({ block: '32' });
  });

  it.each([
    ['first-fat', "unknown allocator 'first-fat'; did you mean first-fit? Known: naive-first, naive-best,"],
    ['', "unknown allocator ''; known: "],
    ['tlsf:order=address', "tlsf has no option 'order' (in 'tlsf:order=address'); known: align, grow-by"],
    ['first-fit:order', "first-fit: option 'order' is '' (in 'first-fit:order'); allowed: address, size-up"],
    ['first-fit:order=up', "option 'order' is 'up' (in 'first-fit:order=up'); allowed: address, size-up"],
    ['first-fit:coalesce=true', 'allowed: on, off'],
    ['first-fit:block=0', 'allowed: a size from 1 up'],
    ['first-fit:align=24', 'allowed: a power of two'],
    ['buddy:orders=32', 'allowed: a whole number from 1 to 31'],
    ['buddy:unit=64:unit=64', "option 'unit' is given twice in 'buddy:unit=64:unit=64'"],
  ])('%s is refused', (spec, message) => {
    expect(() => parseContender(spec)).toThrow(message);
  });

  it('an allocator that cannot be made so is named', () => {
    const tiny = { align: 16, capacity: 48 };
    expect(() => makeArena(parseContender('buddy:unit=64'), tiny)).toThrow(
      'buddy:unit=64: capacity must be at least 64 bytes, got 48',
    );
  });
});

describe.each(ALLOCATORS.map(({ id }) => id))('%s', (id) => {
  it.each([1, 16, 64, 4096])('keeps every address a multiple of --align %d', (align) => {
    const sizes = [1, 15, 16, 17, 100, 1000, 33, 5000, 0];
    const trace = makeTrace(
      sizes.map((size, i) => `a${i}+${size} b${i}*${size} c${i}+${size} c${i}~77`).join(' '),
    );
    const replay = new Replay(trace, makeArena(parseContender(id), { align, capacity: null }));
    replay.run(0, trace.length);
    expect(replay.failed).toBe(0);
    expect([...replay.addresses].filter((address) => address % align !== 0)).toEqual([]);
  });

  it('grows as far as the trace needs, and not where the capacity is fixed', () => {
    const trace = makeTrace('a+100000 b+100000 -a c+3000000 d+10 e+10^65536');
    const growing = new Replay(trace, makeArena(parseContender(id), GROWING));
    growing.run(0, trace.length);
    expect(growing.failed).toBe(0);
    const arena = makeArena(parseContender(id), { align: 16, capacity: 1_000_001 });
    const fixed = new Replay(trace, arena);
    fixed.run(0, trace.length);
    expect(fixed.failed).toBe(1);
    expect(arena.allocator.capacity).toBeLessThanOrEqual(1_000_001);
    // Whole frames of 4 KiB, or granules of at most 64 bytes.
    const frames = id === 'pages' || id === 'slab';
    expect(arena.allocator.capacity).toBeGreaterThan(frames ? 995_904 : 999_900);
  });
});
