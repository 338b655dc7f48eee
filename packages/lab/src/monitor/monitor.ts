/**
 * The lesson's monitor: a system that hosts many jobs at a time, each in one contiguous segment of memory, given when
 * it starts and taken back when it ends. A job that does not fit waits in a queue, first come first served; with
 * `overtake`, whoever behind it fits goes first.
 *
 * Time is simulated, the allocator is real. Cost: an allocation for each start and each refusal; with `overtake` a walk
 * of the queue for each job that ends.
 */

import FlatQueue from 'flatqueue';
import type { Allocator } from 'freehold';
import type { Job } from '../workload/jobs.js';
import { snapshot } from './picture.js';

export interface MonitorOptions {
  /** Whether jobs that fit may start before one that waits for room. */
  readonly overtake: boolean;
  /** How many pictures of memory are taken, evenly spread until the last job arrives. */
  readonly pictures: number;
  /** Cells of a picture. */
  readonly cells: number;
}

/** The unit of time is the mean duration of a job. Averages are over the time from 0 until the last job ends. */
export interface MonitorResult {
  readonly jobs: number;
  /** Jobs that do not even fit into empty memory: sent away. */
  readonly impossible: number;
  /** When the last job ends. */
  readonly end: number;
  /** Jobs ended per unit of time. */
  readonly throughput: number;
  /** Average share of memory that jobs asked for and have. */
  readonly utilization: number;
  /** Average share of memory that is in segments given out, rounding included. */
  readonly granted: number;
  /** From arrival to start, over all jobs that start. */
  readonly meanWait: number;
  readonly maxWait: number;
  /** Jobs that did not start when they arrived. */
  readonly waited: number;
  readonly meanQueue: number;
  readonly longestQueue: number;
  /** Jobs refused at least once although as much memory was free as they asked for: no hole was large enough. */
  readonly refusedForFragmentation: number;
  /** Jobs refused at least once because less was free than they asked for. */
  readonly refusedForMemory: number;
  /** Share of the time in which the first in the queue waits for no reason but fragmentation. */
  readonly fragmentedTime: number;
  /** Average number of free segments. */
  readonly meanHoles: number;
  /** Free segments looked at per attempt to place a job. */
  readonly meanSearch: number;
  /** Each cell's share in use, in each picture, the last one when the last job arrives. */
  readonly pictures: readonly (readonly number[])[];
}

/** @param allocator empty; is empty again afterwards */
export function runMonitor(
  jobs: readonly Job[],
  allocator: Allocator,
  options: MonitorOptions,
): MonitorResult {
  return new Monitor(jobs, allocator, options).run();
}

class Monitor {
  private readonly jobs: readonly Job[];
  private readonly allocator: Allocator;
  private readonly options: MonitorOptions;
  /** Jobs by number, by the time they end. */
  private readonly running = new FlatQueue<number>();
  private readonly addresses: Float64Array;
  private waiting: number[] = [];
  private now = 0;
  /** Bytes that the running jobs asked for. */
  private requested = 0;
  private impossible = 0;
  private waitSum = 0;
  private maxWait = 0;
  private waited = 0;
  private longestQueue = 0;
  private readonly refusedFragmented: Uint8Array;
  private readonly refusedFull: Uint8Array;
  private attempts = 0;
  private inspected = 0;
  /** Integrals over time. */
  private requestedTime = 0;
  private grantedTime = 0;
  private queueTime = 0;
  private holesTime = 0;
  private fragmentedTime = 0;
  private readonly pictures: number[][] = [];

  constructor(jobs: readonly Job[], allocator: Allocator, options: MonitorOptions) {
    this.jobs = jobs;
    this.allocator = allocator;
    this.options = options;
    this.addresses = new Float64Array(jobs.length);
    this.refusedFragmented = new Uint8Array(jobs.length);
    this.refusedFull = new Uint8Array(jobs.length);
  }

  run(): MonitorResult {
    const { jobs } = this;
    for (let job = 0; job < jobs.length; job++) {
      const { arrival } = jobs[job]!;
      while ((this.running.peekValue() ?? Number.POSITIVE_INFINITY) <= arrival) this.endNext();
      this.advance(arrival);
      this.arrive(job);
    }
    while (this.pictures.length < this.options.pictures) this.takePicture();
    while (this.running.length > 0) this.endNext();
    return this.result();
  }

  private arrive(job: number): void {
    const mayStart = this.waiting.length === 0 || this.options.overtake;
    if (mayStart && this.start(job)) return;
    if (mayStart && this.requested === 0) {
      this.impossible++;
      return;
    }
    this.waiting.push(job);
    this.waited++;
    this.longestQueue = Math.max(this.longestQueue, this.waiting.length);
  }

  private endNext(): void {
    this.advance(this.running.peekValue()!);
    const job = this.running.pop()!;
    this.allocator.free(this.addresses[job]!);
    this.requested -= this.jobs[job]!.size;
    this.startWaiting();
  }

  private startWaiting(): void {
    const { waiting, jobs } = this;
    const left: number[] = [];
    // What is refused now stays refused until something is given back, and so does whatever is larger.
    let leastRefused = Number.POSITIVE_INFINITY;
    let at = 0;
    for (; at < waiting.length; at++) {
      const job = waiting[at]!;
      const { size } = jobs[job]!;
      if (size < leastRefused && this.start(job)) continue;
      if (size >= leastRefused) this.noteRefusal(job);
      if (this.requested === 0) {
        this.impossible++;
        continue;
      }
      leastRefused = Math.min(leastRefused, size);
      left.push(job);
      if (!this.options.overtake) break;
    }
    this.waiting = at < waiting.length ? left.concat(waiting.slice(at + 1)) : left;
  }

  private start(job: number): boolean {
    const { size, arrival, duration } = this.jobs[job]!;
    const address = this.allocator.allocate(size);
    this.attempts++;
    this.inspected += this.allocator.inspected;
    if (address === null) {
      this.noteRefusal(job);
      return false;
    }
    this.addresses[job] = address;
    this.requested += size;
    const wait = this.now - arrival;
    this.waitSum += wait;
    this.maxWait = Math.max(this.maxWait, wait);
    this.running.push(job, this.now + duration);
    return true;
  }

  private noteRefusal(job: number): void {
    const enough = this.allocator.stats().freeBytes >= this.jobs[job]!.size;
    (enough ? this.refusedFragmented : this.refusedFull)[job] = 1;
  }

  /** Lets time pass until `until`, in which nothing happens. */
  private advance(until: number): void {
    const { pictures, cells } = this.options;
    const lastArrival = this.jobs.at(-1)!.arrival;
    while (
      this.pictures.length < pictures - 1 &&
      ((this.pictures.length + 1) / pictures) * lastArrival < until
    ) {
      this.pictures.push(snapshot(this.allocator, cells));
    }
    const span = until - this.now;
    const { usedBytes, freeBytes, freeSegments } = this.allocator.stats();
    this.requestedTime += span * this.requested;
    this.grantedTime += span * usedBytes;
    this.queueTime += span * this.waiting.length;
    this.holesTime += span * freeSegments;
    const [first] = this.waiting;
    if (first !== undefined && freeBytes >= this.jobs[first]!.size) this.fragmentedTime += span;
    this.now = until;
  }

  private takePicture(): void {
    this.pictures.push(snapshot(this.allocator, this.options.cells));
  }

  private result(): MonitorResult {
    const { capacity } = this.allocator;
    const started = this.jobs.length - this.impossible;
    const count = (marks: Uint8Array) => marks.reduce((sum, mark) => sum + mark, 0);
    const average = (integral: number) => (this.now === 0 ? 0 : integral / this.now);
    return {
      jobs: this.jobs.length,
      impossible: this.impossible,
      end: this.now,
      throughput: average(started),
      utilization: average(this.requestedTime) / capacity,
      granted: average(this.grantedTime) / capacity,
      meanWait: started === 0 ? 0 : this.waitSum / started,
      maxWait: this.maxWait,
      waited: this.waited,
      meanQueue: average(this.queueTime),
      longestQueue: this.longestQueue,
      refusedForFragmentation: count(this.refusedFragmented),
      refusedForMemory: count(this.refusedFull),
      fragmentedTime: average(this.fragmentedTime),
      meanHoles: average(this.holesTime),
      meanSearch: this.attempts === 0 ? 0 : this.inspected / this.attempts,
      pictures: this.pictures,
    };
  }
}
