/** Hears an allocator's events and keeps, for each, what memory looks like after it: what the examples draw. */
import type { AllocatorObserver } from 'freehold';
import type { Stretch } from './pen.js';

export type Event =
  | { readonly what: 'inspect'; readonly start: number; readonly end: number; readonly fits: boolean }
  | { readonly what: 'split'; readonly start: number; readonly at: number; readonly end: number }
  | { readonly what: 'coalesce'; readonly start: number; readonly at: number; readonly end: number }
  | { readonly what: 'take'; readonly start: number; readonly end: number; readonly requested: number }
  | { readonly what: 'release'; readonly start: number; readonly end: number };

export interface Moment {
  readonly event: Event;
  /** All segments after it, in address order. */
  readonly segments: readonly Stretch[];
}

/** For allocators whose range neither grows nor has segments resized. */
export class Recorder implements AllocatorObserver {
  #segments: readonly Stretch[];
  #moments: Moment[] = [];

  /** Begins with all memory free. */
  constructor(start: number, end: number) {
    this.#segments = [{ start, end, used: false }];
  }

  /** What has happened since the last time. */
  moments(): Moment[] {
    const moments = this.#moments;
    this.#moments = [];
    return moments;
  }

  inspect(start: number, end: number, fits: boolean): void {
    this.#record({ what: 'inspect', start, end, fits });
  }

  split(start: number, at: number, end: number): void {
    this.#replace(start, end, { start, end: at, used: false }, { start: at, end, used: false });
    this.#record({ what: 'split', start, at, end });
  }

  coalesce(start: number, at: number, end: number): void {
    this.#replace(start, end, { start, end, used: false });
    this.#record({ what: 'coalesce', start, at, end });
  }

  take(start: number, end: number, _address: number, requested: number): void {
    this.#replace(start, end, { start, end, used: true, requested });
    this.#record({ what: 'take', start, end, requested });
  }

  release(start: number, end: number): void {
    this.#replace(start, end, { start, end, used: false });
    this.#record({ what: 'release', start, end });
  }

  #record(event: Event): void {
    this.#moments.push({ event, segments: this.#segments });
  }

  #replace(start: number, end: number, ...by: Stretch[]): void {
    const before = this.#segments.filter((segment) => segment.end <= start);
    const behind = this.#segments.filter((segment) => segment.start >= end);
    this.#segments = [...before, ...by, ...behind];
  }
}
