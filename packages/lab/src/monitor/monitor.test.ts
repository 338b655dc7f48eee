import fc from 'fast-check';
import type { Allocator } from 'freehold';
import { describe, expect, it } from 'vitest';
import { makeArena, parseContender } from '../replay/registry.js';
import { type Job, makeJobs, SIZE_DISTRIBUTIONS } from '../workload/jobs.js';
import { type MonitorOptions, type MonitorResult, runMonitor } from './monitor.js';
import { draw, snapshot } from './picture.js';

const OPTIONS: MonitorOptions = { overtake: false, pictures: 1, cells: 10 };

function allocatorOf(policy: string, memory: number, unit = 1): Allocator {
  return makeArena(parseContender(policy), { align: unit, capacity: memory }).allocator;
}

function run(
  jobs: readonly Job[],
  policy = 'first-fit',
  options: Partial<MonitorOptions> = {},
  memory = 100,
) {
  return runMonitor(jobs, allocatorOf(policy, memory), { ...OPTIONS, ...options });
}

/** `arrival size duration` of each job. */
function list(...jobs: [number, number, number][]): Job[] {
  return jobs.map(([arrival, size, duration]) => ({ arrival, size, duration }));
}

describe('by hand', () => {
  // A holds 0-30 until 10, B 30-50 until 2, C 50-80 until 10: from 2 on, 20 bytes are free in two places.
  const before = list([0, 30, 10], [0, 20, 2], [0, 30, 10]);

  it('a job for which enough is free, but no hole, waits for fragmentation alone', () => {
    const result = run([...before, ...list([4, 40, 5])]);
    expect(result).toMatchObject({
      refusedForFragmentation: 1,
      refusedForMemory: 0,
      waited: 1,
      longestQueue: 1,
      end: 15,
      maxWait: 6,
      impossible: 0,
    });
    expect(result.meanWait).toBe(6 / 4);
    expect(result.fragmentedTime).toBe(6 / 15);
    expect(result.meanQueue).toBe(6 / 15);
    expect(result.throughput).toBe(4 / 15);
    expect(result.utilization).toBeCloseTo((300 + 40 + 300 + 200) / (15 * 100), 12);
  });

  it('a job for which too little is free waits for memory', () => {
    const result = run([...before, ...list([4, 50, 5])]);
    expect(result).toMatchObject({ refusedForFragmentation: 0, refusedForMemory: 1, fragmentedTime: 0 });
    expect(result.maxWait).toBe(6);
  });

  it('a job that fits waits behind one that does not, or overtakes it', () => {
    const jobs = [...before, ...list([4, 40, 5], [5, 10, 1])];
    expect(run(jobs)).toMatchObject({ waited: 2, longestQueue: 2, maxWait: 6, end: 15 });
    expect(run(jobs).meanWait).toBe((6 + 5) / 5);
    expect(run(jobs, 'first-fit', { overtake: true })).toMatchObject({ waited: 1, meanWait: 6 / 5 });
  });

  it('the freed memory serves as many of the queue as fit, in order', () => {
    const jobs = list([0, 100, 10], [1, 60, 1], [2, 60, 1], [3, 40, 1]);
    // At 10 the second starts; the third waits for it, and the fourth behind that.
    expect(run(jobs)).toMatchObject({ waited: 3, meanWait: (9 + 9 + 8) / 4, end: 12 });
    const overtaken = run(jobs, 'first-fit', { overtake: true });
    expect(overtaken).toMatchObject({ waited: 3, meanWait: (9 + 9 + 7) / 4, end: 12, refusedForMemory: 3 });
  });

  it('who ends when another arrives makes room first', () => {
    expect(run(list([0, 100, 5], [5, 100, 1]))).toMatchObject({ waited: 0, end: 6 });
  });

  it('a job that would not fit into empty memory is sent away, also from the queue', () => {
    expect(run(list([0, 101, 1], [1, 10, 1]))).toMatchObject({ impossible: 1, waited: 0, end: 2 });
    const result = run(list([0, 10, 3], [1, 101, 1], [2, 10, 1]));
    expect(result).toMatchObject({ impossible: 1, waited: 2, end: 4 });
    // 96 units are a block of 64 and one of 32 to the buddy system.
    expect(run(list([0, 3000, 1]), 'buddy:unit=32', {}, 96 * 32).impossible).toBe(1);
    expect(run(list([0, 2000, 1]), 'buddy:unit=32', {}, 96 * 32)).toMatchObject({ impossible: 0, end: 1 });
  });

  it('pictures show what is in use', () => {
    const { pictures } = run([...before, ...list([4, 15, 5])], 'first-fit', { pictures: 4 });
    expect(pictures.map(draw)).toEqual(['████████··', '███··███··', '███··███··', '████▒███··']);
  });
});

describe('random mixes', () => {
  const policies = [
    'first-fit',
    'naive-first',
    'next-fit',
    'best-fit',
    'worst-fit',
    'tlsf',
    'buddy',
    'blocks',
  ];
  const UNIT = 32;
  const mix = fc.record({
    jobs: fc.integer({ min: 1, max: 150 }),
    seed: fc.nat(),
    memory: fc.constantFrom(64 * UNIT, 100 * UNIT),
    unit: fc.constant(UNIT),
    load: fc.constantFrom(0.3, 0.7, 1.2),
    sizes: fc.constantFrom(...SIZE_DISTRIBUTIONS),
    meanSize: fc.constantFrom(2 * UNIT, 10 * UNIT),
    largestSize: fc.constant(40 * UNIT),
  });

  it('under every policy the sums agree', () => {
    fc.assert(
      fc.property(mix, fc.constantFrom(...policies), fc.boolean(), (options, policy, overtake) => {
        const jobs = makeJobs(options);
        const allocator = allocatorOf(policy, options.memory, UNIT);
        const result = runMonitor(jobs, allocator, { overtake, pictures: 3, cells: 8 });
        allocator.check();
        expect(allocator.stats().usedBytes).toBe(0);
        expect(result.impossible).toBe(0);
        expect(result.pictures).toHaveLength(3);
        // Little's law, and memory times time as asked for.
        expect(result.meanQueue * result.end).toBeCloseTo(result.meanWait * jobs.length, 6);
        const demand = jobs.reduce((sum, { size, duration }) => sum + size * duration, 0);
        expect((result.utilization * result.end * options.memory) / demand).toBeCloseTo(1, 9);
        expect(result.granted).toBeGreaterThanOrEqual(result.utilization - 1e-12);
        expect(result.throughput * result.end).toBeCloseTo(jobs.length, 6);
        expect(result.refusedForFragmentation === 0 && result.fragmentedTime > 0).toBe(false);
        if (!overtake) {
          // Without overtaking nobody is refused who did not wait.
          expect(result.waited).toBeGreaterThanOrEqual(
            Math.max(result.refusedForFragmentation, result.refusedForMemory),
          );
        }
      }),
      { numRuns: 200 },
    );
  });

  it('the indexed fits do as their naive twins do', () => {
    fc.assert(
      fc.property(
        mix,
        fc.constantFrom('first', 'next', 'best', 'worst'),
        fc.boolean(),
        (options, fit, overtake) => {
          const jobs = makeJobs(options);
          const outcome = (policy: string): Partial<MonitorResult> => {
            const allocator = allocatorOf(policy, options.memory, UNIT);
            return { ...runMonitor(jobs, allocator, { overtake, pictures: 2, cells: 8 }), meanSearch: 0 };
          };
          expect(outcome(`${fit}-fit`)).toEqual(outcome(`naive-${fit}`));
        },
      ),
      { numRuns: 50 },
    );
  });
});

it('a cell is as dark as it is full', () => {
  const allocator = allocatorOf('first-fit', 100);
  const [a, b] = [allocator.allocate(25)!, allocator.allocate(33)!];
  expect(snapshot(allocator, 10)).toEqual([1, 1, 1, 1, 1, 0.8, 0, 0, 0, 0]);
  allocator.free(a);
  expect(snapshot(allocator, 10)).toEqual([0, 0, 0.5, 1, 1, 0.8, 0, 0, 0, 0]);
  expect(snapshot(allocator, 3).map((share) => share.toFixed(3))).toEqual(['0.250', '0.740', '0.000']);
  allocator.free(b);
  expect(draw(snapshot(allocator, 4))).toBe('····');
  expect(draw([0, 0.01, 0.33, 0.34, 0.66, 0.67, 0.99, 1])).toBe('·░░▒▒▓▓█');
});
