import { describe, expect, it } from 'vitest';
import { makeJobs } from './jobs.js';

describe('jobs', () => {
  const options = {
    jobs: 20_000,
    seed: 7,
    memory: 2 ** 26,
    unit: 2 ** 10,
    load: 0.8,
    sizes: 'exponential' as const,
    meanSize: 2 ** 22,
    largestSize: 2 ** 26,
  };

  it('are the same for a seed, others for another', () => {
    expect(makeJobs(options)).toEqual(makeJobs(options));
    expect(makeJobs({ ...options, seed: 8 })[0]).not.toEqual(makeJobs(options)[0]);
  });

  it('ask for the load exactly, in whole units, never for more than the largest', () => {
    const jobs = makeJobs({ ...options, largestSize: 2 ** 23 });
    const demand = jobs.reduce((sum, { size, duration }) => sum + size * duration, 0);
    expect(demand / (jobs.at(-1)!.arrival * options.memory)).toBeCloseTo(0.8, 9);
    expect(jobs.every(({ size }) => size >= 2 ** 10 && size <= 2 ** 23 && size % 2 ** 10 === 0)).toBe(true);
    expect(jobs.every(({ arrival }, i) => i === 0 || arrival >= jobs[i - 1]!.arrival)).toBe(true);
  });

  it.each([
    ['uniform', 1 / Math.sqrt(3)],
    ['exponential', 1],
    ['hyperexponential', Math.sqrt(2 * (0.9 / 9 + 0.1 * 49) - 1)],
  ] as const)('%s sizes have the mean asked for, and a coefficient of variation of %d', (sizes, cv) => {
    const jobs = makeJobs({ ...options, jobs: 100_000, sizes, largestSize: 2 ** 40, unit: 1 });
    const mean = jobs.reduce((sum, { size }) => sum + size, 0) / jobs.length;
    const square = jobs.reduce((sum, { size }) => sum + (size - mean) ** 2, 0) / jobs.length;
    expect(mean / options.meanSize).toBeGreaterThan(0.97);
    expect(mean / options.meanSize).toBeLessThan(1.03);
    expect(Math.sqrt(square) / mean / cv).toBeGreaterThan(0.95);
    expect(Math.sqrt(square) / mean / cv).toBeLessThan(1.05);
    const durations = jobs.reduce((sum, { duration }) => sum + duration, 0) / jobs.length;
    expect(Math.abs(durations - 1)).toBeLessThan(0.02);
  });
});
