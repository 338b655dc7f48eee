/**
 * Makes allocations fail on purpose, so that a program's answer to a full heap can be tested.
 *
 * The classic loop fails the first request, then the second in a new run, and so on until a run gets through:
 * @example
 * for (let n = 1; ; n++) {
 *   heap.faults.failAt(n);
 *   run();
 *   if (heap.faults.failed === 0) break;
 * }
 */
import { display } from '../display.js';
export class FaultInjector {
  #first = Number.POSITIVE_INFINITY;
  #step = Number.POSITIVE_INFINITY;
  #requests = 0;
  #failed = 0;

  /** Requests for memory since a `fail…` was called last, those that failed included. */
  get requests(): number {
    return this.#requests;
  }

  /** Requests that were made to fail since a `fail…` was called last. */
  get failed(): number {
    return this.#failed;
  }

  /** Only the `n`-th request from now fails. @throws RangeError unless `n` is a whole number from 1 up */
  failAt(n: number): void {
    this.#plan(n, Number.POSITIVE_INFINITY);
  }

  /** Every `n`-th request from now fails. @throws RangeError unless `n` is a whole number from 1 up */
  failEvery(n: number): void {
    this.#plan(n, n);
  }

  /** The `n`-th request from now and all after it fail. @throws RangeError unless `n` is a whole number from 1 up */
  failFrom(n: number): void {
    this.#plan(n, 1);
  }

  /** No more request fails. */
  stop(): void {
    this.#first = Number.POSITIVE_INFINITY;
  }

  /** Counts a request. @returns whether it is to fail */
  strikes(): boolean {
    this.#requests++;
    const past = this.#requests - this.#first;
    if (!(past >= 0 && past % this.#step === 0)) return false;
    this.#failed++;
    return true;
  }

  #plan(n: number, step: number): void {
    if (!(Number.isSafeInteger(n) && n > 0)) {
      throw new RangeError(`the request to fail must be a whole number from 1 up, got ${display(n)}`);
    }
    this.#first = n;
    this.#step = step;
    this.#requests = 0;
    this.#failed = 0;
  }
}
