/** How sizes, and times, are spread. */
import { randomExponential, randomUniform } from 'd3-random';
import type { Random } from './random.js';

/** Draws a value each time that it is called. */
export type Draw = () => number;
/** A way in which values are spread: gives a draw from the generator. */
export type Distribution = (random: Random) => Draw;

/** Whole numbers from `least` to `most`, each as likely as the next. */
export function whole(least: number, most: number): Distribution {
  return (random) => () => least + random.below(most - least + 1);
}

/** Any number from `least` up, below `limit`. Of sizes from 0 up, the coefficient of variation is 0.58. */
export function uniform(least: number, limit: number): Distribution {
  return (random) => randomUniform.source(() => random.fraction())(least, limit);
}

/** Of such a mean; coefficient of variation 1. */
export function exponential(mean: number): Distribution {
  return (random) => randomExponential.source(() => random.fraction())(1 / mean);
}

/**
 * Nine of ten values from an exponential distribution with a third of the mean, the tenth from one with seven times it:
 * coefficient of variation 3.
 */
export function hyperexponential(mean: number): Distribution {
  return (random) => {
    const source = randomExponential.source(() => random.fraction());
    const small = source(3 / mean);
    const large = source(1 / (7 * mean));
    return () => (random.fraction() < 0.9 ? small() : large());
  };
}

/** Whole numbers from `least` to `most`, each power of two between as likely as the next. */
export function logarithmic(least: number, most: number): Distribution {
  return (random) => () => random.logarithmic(least, most);
}

/** Each value from one of the distributions, each of them as likely as the next. */
export function mixture(parts: readonly Distribution[]): Distribution {
  return (random) => {
    const draws = parts.map((part) => part(random));
    return () => random.pick(draws)();
  };
}

/** The value of one draw, over and over. */
export function constant(distribution: Distribution): Distribution {
  return (random) => {
    const value = distribution(random)();
    return () => value;
  };
}

/** About the edges of size classes: a power of two below `2 ** powers`, or its neighbour; at least 1. */
export function nearPowersOfTwo(powers: number): Distribution {
  return (random) => () => Math.max(1, 2 ** random.below(powers) + random.below(3) - 1);
}

/** About the edges of size classes: one of so many multiples of `step` from 0 up, or its neighbour; at least 1. */
export function nearMultiples(step: number, multiples: number): Distribution {
  return (random) => () => Math.max(1, step * random.below(multiples) + random.below(3) - 1);
}
