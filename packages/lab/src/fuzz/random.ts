/** Draws from a seeded generator. */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export class Random {
  readonly #generator;

  /** @param seed a whole number of 32 bits */
  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed);
  }

  /** A whole number from 0 to `n - 1`; `n` is 2^32 at most. */
  below(n: number): number {
    return Math.floor((this.#generator.next() >>> 0) * (n / 2 ** 32));
  }

  /** From `least` to `most`, each power of two between as likely as the next. */
  logarithmic(least: number, most: number): number {
    const exponent = (this.#generator.next() >>> 0) / 2 ** 32;
    return Math.min(most, Math.floor(least * ((most + 1) / least) ** exponent));
  }

  /** True once in `n` times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }
}
