/** A seeded mix of jobs: when each arrives, how much memory it needs in one piece, how long it runs. */
import { type Distribution, exponential, hyperexponential, uniform } from './distributions.js';
import { Random } from './random.js';

export interface Job {
  readonly arrival: number;
  /** Bytes, a multiple of the mix's unit. */
  readonly size: number;
  readonly duration: number;
}

/** How the sizes are spread about their mean, before the largest are cut off. */
const SIZES = {
  uniform: (mean) => uniform(0, 2 * mean),
  exponential,
  hyperexponential,
} satisfies Record<string, (mean: number) => Distribution>;
export type SizeDistribution = keyof typeof SIZES;
export const SIZE_DISTRIBUTIONS = Object.keys(SIZES) as readonly SizeDistribution[];

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
  const { jobs: count, seed, memory, unit, load, sizes, meanSize, largestSize } = options;
  const random = new Random(seed);
  const drawSize = SIZES[sizes](meanSize)(random);
  const drawTime = exponential(1)(random);
  const drawn = Array.from({ length: count }, () => {
    const gap = drawTime();
    const duration = drawTime();
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
