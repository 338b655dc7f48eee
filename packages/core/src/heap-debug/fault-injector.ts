import { display } from '../display.js';
import { INSPECT, summary } from '../summary.js';

/**
 * Makes allocations fail on purpose, so that a program's answer to a full heap can be tested: `faults` of a
 * DebugHeap.
 *
 * The classic loop fails the first request, then the second in a new run, and so on until a run gets through.
 * @example
 * ```js
 * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
 * let runs = 0;
 * do {
 *   heap.faults.failAt(++runs);
 *   // Here runs what is to be tested.
 *   if (heap.malloc(16) !== 0) heap.malloc(16);
 * } while (heap.faults.failed > 0);
 * // Each of its two requests failed once; then it got through.
 * runs;   // => 3
 * ```
 */
export class FaultInjector {
  private first = Number.POSITIVE_INFINITY;
  private step = Number.POSITIVE_INFINITY;
  private requestCount = 0;
  private failedCount = 0;

  /** Requests for memory since a `fail…` was called last, those that failed included. */
  get requests(): number {
    return this.requestCount;
  }

  /** Requests that were made to fail since a `fail…` was called last. */
  get failed(): number {
    return this.failedCount;
  }

  /**
   * Only the `n`-th request from now fails.
   * @throws RangeError unless `n` is a whole number from 1 up
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * heap.faults.failAt(2);
   * [1, 2, 3].map((size) => heap.malloc(size) !== 0);   // => [true, false, true]
   * heap.faults.failAt(0);   // => throws RangeError: whole number from 1 up
   * ```
   */
  failAt(n: number): void {
    this.plan(n, Number.POSITIVE_INFINITY);
  }

  /**
   * Every `n`-th request from now fails.
   * @throws RangeError unless `n` is a whole number from 1 up
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * heap.faults.failEvery(3);
   * for (let i = 0; i < 10; i++) heap.malloc(16);
   * [heap.faults.requests, heap.faults.failed];   // => [10, 3]
   * ```
   */
  failEvery(n: number): void {
    this.plan(n, n);
  }

  /**
   * The `n`-th request from now and all after it fail, as in a heap that is full for good.
   * @throws RangeError unless `n` is a whole number from 1 up
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * heap.faults.failFrom(2);
   * const list = heap.malloc(16);
   * // What cannot grow stays as it is.
   * [heap.malloc(16), heap.realloc(list, 32), heap.usableSize(list)];   // => [0, 0, 16]
   * ```
   */
  failFrom(n: number): void {
    this.plan(n, 1);
  }

  /**
   * No more request fails; `requests` and `failed` stay.
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * heap.faults.failFrom(1);
   * heap.malloc(16);   // => 0
   * heap.faults.stop();
   * heap.malloc(16) !== 0;   // => true
   * heap.faults.failed;   // => 1
   * ```
   */
  stop(): void {
    this.first = Number.POSITIVE_INFINITY;
  }

  /**
   * Counts a request, as each allocation of the heap does: for a program that asks elsewhere for memory too.
   * @returns whether it is to fail
   * @example
   * ```js
   * const { faults } = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * const makeBuffer = (bytes) => (faults.strikes() ? null : new ArrayBuffer(bytes));
   * faults.failAt(2);
   * makeBuffer(16).byteLength;   // => 16
   * makeBuffer(16);   // => null
   * ```
   */
  strikes(): boolean {
    this.requestCount++;
    const past = this.requestCount - this.first;
    if (!(past >= 0 && past % this.step === 0)) return false;
    this.failedCount++;
    return true;
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * const { faults } = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * faults.toJSON();   // => { requests: 0, failed: 0 }
   * ```
   */
  toJSON(): object {
    return { requests: this.requests, failed: this.failed };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  private plan(n: number, step: number): void {
    if (!(Number.isSafeInteger(n) && n > 0)) {
      throw new RangeError(`the request to fail must be a whole number from 1 up, got ${display(n)}`);
    }
    this.first = n;
    this.step = step;
    this.requestCount = 0;
    this.failedCount = 0;
  }
}
