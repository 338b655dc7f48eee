/** A seeded mix of jobs: when each arrives, how much memory it needs in one piece, how long it runs. */
import { randomExponential, randomUniform } from 'd3-random';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export interface Job {
  readonly arrival: number;
  /** Bytes, a multiple of the mix's unit. */
  readonly size: number;
  readonly duration: number;
}

/**
 * How the sizes are spread. Coefficients of variation, before the largest are cut off: uniform 0.58, exponential 1,
 * hyperexponential (nine of ten jobs from an exponential distribution with a third of the mean, the tenth from one
 * with seven times it) 3.3.
 */
export const SIZE_DISTRIBUTIONS = ['uniform', 'exponential', 'hyperexponential'] as const;
export type SizeDistribution = (typeof SIZE_DISTRIBUTIONS)[number];

export interface JobMixOptions {
  readonly jobs: number;
  /** A whole number of 32 bits. */
  readonly seed: number;
  /** Bytes of the memory that the load is told in. */
  readonly memory: number;
  /** Bytes; sizes are whole multiples of this. */
  readonly unit: number;
  /** What the jobs ask for together, as a share of what memory there is over the time in which they arrive. */
  readonly load: number;
  readonly sizes: SizeDistribution;
  /** Bytes; before the largest are cut off. */
  readonly meanSize: number;
  /** Bytes; a larger size is drawn again. At least one unit. */
  readonly largestSize: number;
}

/**
 * Jobs in the order of their arrival. Arrivals are a Poisson process, durations are exponential; the unit of time is the
 * mean duration. The load is met exactly, by scaling the arrivals of the mix as drawn.
 */
export function makeJobs(options: JobMixOptions): Job[] {
  const { jobs: count, seed, memory, unit, load, largestSize } = options;
  const generator = xoroshiro128plus(seed);
  const random = () => uniformFloat64(generator);
  const drawSize = sizesOf(options, random);
  const exponential = randomExponential.source(random)(1);
  const drawn = Array.from({ length: count }, () => {
    const gap = exponential();
    const duration = exponential();
    let size: number;
    do size = Math.max(1, Math.round(drawSize() / unit)) * unit;
    while (size > largestSize);
    return { gap, size, duration };
  });
  const demand = drawn.reduce((sum, { size, duration }) => sum + size * duration, 0);
  const gaps = drawn.reduce((sum, { gap }) => sum + gap, 0);
  const scale = demand / (load * memory) / gaps;
  let arrival = 0;
  return drawn.map(({ gap, size, duration }) => {
    arrival += gap * scale;
    return { arrival, size, duration };
  });
}

function sizesOf({ sizes, meanSize }: JobMixOptions, random: () => number): () => number {
  const exponential = randomExponential.source(random);
  if (sizes === 'uniform') return randomUniform.source(random)(0, 2 * meanSize);
  if (sizes === 'exponential') return exponential(1 / meanSize);
  const small = exponential(3 / meanSize);
  const large = exponential(1 / (7 * meanSize));
  return () => (random() < 0.9 ? small() : large());
}
