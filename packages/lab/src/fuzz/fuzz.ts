/** Episodes of random calls, one after another, until there were enough or one found a fault. */
import type { Fault } from '../metrics/fault.js';
import { Episode, type Fuzzed, type Tally } from './episode.js';

export interface FuzzResult {
  readonly seed: number;
  readonly episodes: number;
  readonly seconds: number;
  readonly tally: Tally;
  readonly failure: Failure | null;
}

export interface Failure {
  readonly fault: Fault;
  /** Fuzzing anew with this seed, for as many operations as the fault took, finds it again. */
  readonly seed: number;
  /** What the arena was made with, and the last calls. */
  readonly story: readonly string[];
}

/** Calls between two reports of progress. */
const SLICE = 20_000;

/**
 * @param seed a whole number from 0 to 2^32 - 1: of the first episode; those that follow have theirs from it
 * @param tell hears of so many further calls, and may take its time
 */
export async function fuzz(
  fuzzed: Fuzzed,
  operations: number,
  seed: number,
  tell: (calls: number) => Promise<void> | void,
): Promise<FuzzResult> {
  const begin = performance.now();
  let tally: Tally | null = null;
  let episodes = 0;
  let failure: Failure | null = null;
  let left = operations;
  let next = seed;
  while (left > 0 && failure === null) {
    const episode = new Episode(fuzzed, next, left);
    next = following(next);
    episodes++;
    while (!episode.done) {
      const before = episode.tally.operations;
      episode.run(SLICE);
      await tell(episode.tally.operations - before);
    }
    left -= episode.tally.operations;
    tally = sum(tally, episode.tally);
    const { fault, story } = episode;
    if (fault !== null) failure = { fault, seed: episode.seed, story };
  }
  if (tally === null) throw new RangeError(`operations must be at least 1, got ${operations}`);
  return { seed, episodes, seconds: (performance.now() - begin) / 1000, tally, failure };
}

/** Another seed, each of 2^32 once in turn: neighbouring seeds have no episodes in common. */
function following(seed: number): number {
  return (Math.imul(seed, 0x9e37_79b1) + 0x7f4a_7c15) >>> 0;
}

function sum(all: Tally | null, one: Tally): Tally {
  if (all === null) return { ...one };
  const peakBlocks = Math.max(all.peakBlocks, one.peakBlocks);
  for (const key of Object.keys(one) as (keyof Tally)[]) all[key] += one[key];
  return Object.assign(all, { peakBlocks });
}
