import { describe, expect, it } from 'vitest';
import {
  constant,
  type Distribution,
  exponential,
  hyperexponential,
  logarithmic,
  mixture,
  nearMultiples,
  nearPowersOfTwo,
  uniform,
  whole,
} from './distributions.js';
import { Random } from './random.js';

const DRAWS = 200_000;

function drawn(distribution: Distribution, count = DRAWS, seed = 1): number[] {
  const draw = distribution(new Random(seed));
  return Array.from({ length: count }, draw);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard deviation ÷ mean. */
function variation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2))) / middle;
}

describe('seeds', () => {
  it('decide every draw', () => {
    expect(drawn(whole(1, 64), 8)).toEqual([64, 64, 64, 47, 8, 32, 42, 27]);
    for (const distribution of [
      whole(1, 2 ** 32),
      exponential(1),
      hyperexponential(1),
      logarithmic(1, 2 ** 40),
    ]) {
      expect(drawn(distribution, 100, 2)).toEqual(drawn(distribution, 100, 2));
      expect(drawn(distribution, 100, 3)).not.toEqual(drawn(distribution, 100, 2));
    }
  });
});

describe('means and variation', () => {
  it.each<[string, Distribution, number]>([
    ['uniform', uniform(0, 2000), 1 / Math.sqrt(3)],
    ['exponential', exponential(1000), 1],
    ['hyperexponential', hyperexponential(1000), 3],
  ])('%s', (_, distribution, coefficient) => {
    const values = drawn(distribution);
    expect(Math.abs(mean(values) / 1000 - 1)).toBeLessThan(0.02);
    expect(Math.abs(variation(values) / coefficient - 1)).toBeLessThan(0.03);
  });
});

describe('ranges', () => {
  it('whole numbers reach both ends, each as often', () => {
    const counts = new Map<number, number>();
    for (const value of drawn(whole(5, 8))) counts.set(value, (counts.get(value) ?? 0) + 1);
    expect([...counts.keys()].sort()).toEqual([5, 6, 7, 8]);
    for (const count of counts.values()) expect(Math.abs(count / (DRAWS / 4) - 1)).toBeLessThan(0.02);
  });

  it('logarithmic ones reach both ends, each power of two as often', () => {
    const values = drawn(logarithmic(1, 1023));
    expect([Math.min(...values.slice(0, 1e5)), Math.max(...values.slice(0, 1e5))]).toEqual([1, 1023]);
    const small = values.filter((value) => value < 32).length;
    expect(Math.abs(small / (DRAWS / 2) - 1)).toBeLessThan(0.02);
  });

  it('a mixture is of all its parts', () => {
    const values = new Set(drawn(mixture([whole(1, 1), whole(7, 8)])));
    expect([...values].sort()).toEqual([1, 7, 8]);
  });

  it('a constant is one value, another from another seed', () => {
    const seeds = Array.from(
      { length: 20 },
      (_, i) => new Set(drawn(constant(whole(1, 1000)), 10, i * 0x9e37_79b1)),
    );
    for (const values of seeds) expect(values.size).toBe(1);
    expect(new Set(seeds.flatMap((values) => [...values])).size).toBeGreaterThan(15);
  });

  it('edges of size classes lie within one of them, from 1 up', () => {
    const powers = new Set(drawn(nearPowersOfTwo(4)));
    expect([...powers].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 7, 8, 9]);
    const multiples = new Set(drawn(nearMultiples(16, 3)));
    expect([...multiples].sort((a, b) => a - b)).toEqual([1, 15, 16, 17, 31, 32, 33]);
  });
});
