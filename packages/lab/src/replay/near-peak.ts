/**
 * The moment of a peak, where several moments come near it. A heap that reaches 6,097,188 bytes when most is live, and
 * 672 bytes more at its end, is at its peak when most is live: the later moment only shows what the program left behind.
 *
 * Kept are the moments that may still be the answer: those near the greatest value so far, of which none has both less
 * live and a smaller value than another. They rise in value and fall in live bytes. Nearly always there is but one.
 */

/** How far below the greatest value a moment counts as near it: shares and sizes are printed no finer than that. */
export const NEAR = 1 / 1000;

export class NearPeak<State extends { readonly live: number }> {
  /** Rising. */
  readonly #values: number[] = [];
  /** Falling in live bytes. */
  readonly #states: State[] = [];
  #max = 0;

  /** The greatest value so far, exactly; 0 at first. */
  get max(): number {
    return this.#max;
  }

  /**
   * Of the moments near the greatest value the one when most was live; of those with as much, the greatest, then the
   * first. Undefined where no value was above 0.
   */
  get state(): State | undefined {
    return this.#states[0];
  }

  /** Whether a moment may be the one: call `add` then. Parted from it so that few moments need a record. */
  mayBe(value: number, live: number): boolean {
    if (value <= 0 || value < this.#max * (1 - NEAR)) return false;
    const above = this.#firstFrom(value);
    return above === this.#states.length || live > this.#states[above]!.live;
  }

  add(value: number, state: State): void {
    let from = this.#firstFrom(value);
    const to = this.#values[from] === value ? from + 1 : from;
    while (from > 0 && this.#states[from - 1]!.live <= state.live) from--;
    this.#values.splice(from, to - from, value);
    this.#states.splice(from, to - from, state);
    if (value <= this.#max) return;
    this.#max = value;
    const near = this.#firstFrom(value * (1 - NEAR));
    this.#values.splice(0, near);
    this.#states.splice(0, near);
  }

  /** Place of the first moment with at least this value; found from the end, where values are greatest. */
  #firstFrom(value: number): number {
    let i = this.#values.length;
    while (i > 0 && this.#values[i - 1]! >= value) i--;
    return i;
  }
}
