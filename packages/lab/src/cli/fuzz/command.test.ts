import { Tlsf } from 'freehold';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { capture } from '../../../test/capture.js';
import { main } from '../main.js';

const said = capture();
afterEach(() => vi.restoreAllMocks());

const SHORT = ['--operations', '3000', '--seed', '7'];

describe('freehold fuzz', () => {
  it('tells what was called, with the seed', async () => {
    expect(await main(['fuzz', '--allocator', 'tlsf,heap:unit=8', ...SHORT])).toBe(0);
    expect(said.out).toMatch(/^tlsf: 3,000 operations, seed 7, \d+\.\d s: no fault\n {2}1 arena, /);
    expect(said.out).toMatch(/^heap:unit=8: 3,000 operations, seed 7, /m);
    expect(said.out.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(said.err).toBe('');
  });

  it('calls every allocator when none is named', async () => {
    expect(await main(['fuzz', '--operations', '500', '--json'])).toBe(0);
    const results = said.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(results).toHaveLength(13);
    for (const { failure, tally, seed } of results) {
      expect(failure).toBeNull();
      expect(tally.operations).toBe(500);
      expect(seed).toBe(results[0].seed);
    }
  });

  it('a fault: status 1, the calls before it, and the command that finds it again', async () => {
    vi.spyOn(Tlsf.prototype, 'sizeOf').mockReturnValue(0);
    expect(await main(['fuzz', '--allocator', 'tlsf', ...SHORT])).toBe(1);
    expect(said.out).toContain(': A FAULT\n');
    expect(said.out).toMatch(/^ {2}align (8|16), /m);
    const again = /again: freehold (fuzz --allocator tlsf --seed 7 --operations \d+)$/m.exec(said.err)?.[1];
    expect(said.err).toMatch(/^freehold: tlsf: operation \d+ of seed 7: size: the block holds 0 bytes/);
    expect(said.err).toContain('freehold: 1 of 1 allocators failed\n');
    said.err = '';
    expect(await main(again!.split(' '))).toBe(1);
    expect(said.err).toContain('size: the block holds 0 bytes');
  });

  it('tells a seed that it drew before the calls: a run that hangs can be repeated', async () => {
    expect(await main(['fuzz', '--allocator', 'buddy', '--operations', '500'])).toBe(0);
    const [, drawn, used] = /^seed (\d+)\nbuddy: 500 operations, seed (\d+), /.exec(said.out) ?? [];
    expect(drawn).toBeDefined();
    expect(used).toBe(drawn);
  });

  it('names in its help what it takes, and nothing else', async () => {
    expect(await main(['fuzz', '--help'])).toBe(0);
    expect(said.out).toContain('\n  heap, heap-unchecked\n');
    expect(said.out).not.toMatch(/pages|slab|memory {2}|migrate-types/);
  });

  it.each([
    [['--operations', '0'], "--operations: '0' is not a whole number from 1 to 1,000,000,000,000"],
    [['--seed', 'x'], "--seed: 'x' is not a whole number from 0 to 4,294,967,295"],
    [['--allocator', 'nothing'], "--allocator: unknown allocator 'nothing'; known: naive-first, "],
    [['--allocator', 'nothing'], ', heap, heap-unchecked\n'],
    [
      ['--allocator', 'tlsf,slab:memory=64MiB'],
      '--allocator: slab belongs to the kernel: npm run fuzz:kernel; known: naive-first, ',
    ],
    [['--allocator', 'heap:unit=4'], "heap: option 'unit' is '4' (in 'heap:unit=4'); allowed: 8, 16\n"],
  ])('%s: status 2', async (argv, message) => {
    expect(await main(['fuzz', ...argv])).toBe(2);
    expect(said.err).toContain(message);
  });
});
