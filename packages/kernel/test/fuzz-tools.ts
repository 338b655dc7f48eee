/** What a fuzzer needs: dice from a seed, counts, and comparisons that say what was wrong. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export class Dice {
  private readonly random: ReturnType<typeof xoroshiro128plus>;

  constructor(seed: number) {
    this.random = xoroshiro128plus(seed);
  }

  /** Any 32-bit word, signed. */
  word(): number {
    return uniformInt(this.random, -(2 ** 31), 2 ** 31 - 1);
  }

  /** A whole number from 0 up, below `end`. */
  upTo(end: number): number {
    return uniformInt(this.random, 0, Math.max(0, end - 1));
  }

  oneIn(n: number): boolean {
    return this.upTo(n) === 0;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.upTo(from.length)];
  }
}

export function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

export function check(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}

export function equal(found: unknown, wanted: unknown, what: string): void {
  const [left, right] = [String(found), String(wanted)];
  if (left !== right) throw new Error(`${what}: ${left}, the model has ${right}`);
}
