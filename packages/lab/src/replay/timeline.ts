/** Thins a run to at most POINTS_MAX points while it is measured, keeping each stretch's least and greatest value. */
import type { Timeline } from '../metrics/measurement.js';

const POINTS_MAX = 1000;
const QUANTITIES = 4;

export class TimelineBuilder {
  readonly #stretch: number;
  readonly #length: number;
  readonly #operation: number[] = [];
  /** For each quantity its least and its greatest values, a point each. */
  readonly #min: number[][] = Array.from({ length: QUANTITIES }, () => []);
  readonly #max: number[][] = Array.from({ length: QUANTITIES }, () => []);
  readonly #low = new Float64Array(QUANTITIES).fill(Number.POSITIVE_INFINITY);
  readonly #high = new Float64Array(QUANTITIES).fill(Number.NEGATIVE_INFINITY);

  /** @param length operations of the whole run */
  constructor(length: number) {
    this.#length = length;
    this.#stretch = Math.max(1, Math.ceil(length / POINTS_MAX));
  }

  /** The state after `operation` operations, which must come one by one from 1. */
  add(operation: number, live: number, granted: number, footprint: number, freeSegments: number): void {
    this.#note(0, live);
    this.#note(1, granted);
    this.#note(2, footprint);
    this.#note(3, freeSegments);
    if (operation % this.#stretch === 0 || operation === this.#length) this.#close(operation);
  }

  result(): Timeline {
    return {
      operation: this.#operation,
      liveMin: this.#min[0]!,
      liveMax: this.#max[0]!,
      grantedMin: this.#min[1]!,
      grantedMax: this.#max[1]!,
      footprintMin: this.#min[2]!,
      footprintMax: this.#max[2]!,
      freeSegmentsMin: this.#min[3]!,
      freeSegmentsMax: this.#max[3]!,
    };
  }

  #note(quantity: number, value: number): void {
    if (value < this.#low[quantity]!) this.#low[quantity] = value;
    if (value > this.#high[quantity]!) this.#high[quantity] = value;
  }

  #close(operation: number): void {
    this.#operation.push(operation);
    for (let q = 0; q < QUANTITIES; q++) {
      this.#min[q]!.push(this.#low[q]!);
      this.#max[q]!.push(this.#high[q]!);
    }
    this.#low.fill(Number.POSITIVE_INFINITY);
    this.#high.fill(Number.NEGATIVE_INFINITY);
  }
}
