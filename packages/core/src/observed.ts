/**
 * Between an allocator and its observer: events wait until the call that they are of is whole. So an observer finds the
 * allocator in good order whenever it is told of something, may ask it anything, and breaks nothing by throwing; a call
 * that would change the allocator while the observer is being told is refused.
 *
 * An allocator with an observer gets guarded versions of the methods that change it. One without is left as it is: the
 * guard costs it nothing.
 *
 * Telling events at once, as they happen, was what came first: a listener that threw left a step half done, and one that
 * called back gave an address out twice or never came back.
 */
import type { Allocator, AllocatorObserver } from './allocator.js';

/**
 * A listener called what changes the very allocator, or heap, that it is being told of. Nothing was done: make the call
 * when the one that the listener hears of has returned.
 * @example
 * ```js
 * const tlsf = new Tlsf({ capacity: 1024, observer: { release: () => tlsf.allocate(8) } });
 * const block = tlsf.allocate(64);
 * tlsf.free(block);   // => throws ReentrantCallError: allocate was called by an observer
 * // The block was given back all the same.
 * tlsf.stats().usedBytes;   // => 0
 * ```
 */
export class ReentrantCallError extends Error {
  override readonly name = 'ReentrantCallError';
}

/** A method, of four parameters at most. */
type Method<T> = (this: T, a?: unknown, b?: unknown, c?: unknown, d?: unknown) => unknown;
/** Names of methods of `T`. */
type Methods<T> = readonly (keyof T & string)[];

/** What changes an allocator of any kind. */
const CHANGES = ['allocate', 'free', 'resize', 'grow'] as const;

/**
 * Guards an allocator that is observed.
 * @param more methods that change it, besides those that every allocator has
 * @returns what the allocator tells its events to, at once; undefined without an observer
 */
export function observe<T extends Required<Allocator>>(
  allocator: T,
  observer: AllocatorObserver | undefined,
  more: Methods<T> = [],
): EventQueue | undefined {
  return guard(allocator, observer, [...CHANGES, ...more], (address) => allocator.free(address));
}

/**
 * `observe`, of what is no Allocator.
 * @param methods what changes it; an `allocate` that has no room gives null or a number below 0
 * @param giveBack undoes an `allocate` of which the observer threw
 */
export function guard<T extends object>(
  allocator: T,
  observer: AllocatorObserver | undefined,
  methods: Methods<T>,
  giveBack: (allocated: number) => void,
): EventQueue | undefined {
  // A part of another allocator, which guards both, and knows when a call is whole.
  if (observer === undefined || observer instanceof EventQueue) return observer;
  const queue = new EventQueue(observer, giveBack);
  for (const name of methods) {
    const method = allocator[name];
    if (typeof method !== 'function') throw new TypeError(`no method ${name} to guard`);
    // Of the object itself, in front of that of its class.
    Object.defineProperty(allocator, name, {
      value: queue.guarded(allocator, name, method as unknown as Method<T>),
      configurable: true,
      writable: true,
    });
  }
  return queue;
}

/** What of an event comes first in the queue; its arguments are numbers, four of them at most. */
const INSPECT = 0;
const SPLIT = 1;
const COALESCE = 2;
const TAKE = 3;
const RELEASE = 4;
const GROW = 5;
const EVENT_NUMBERS = 5;
/** A queue that has become longer than that is not kept for the next call. */
const KEPT_NUMBERS = 1000 * EVENT_NUMBERS;

const NO_ERRORS: readonly unknown[] = [];

/** Keeps the events of a call, and tells them when it is whole. */
export class EventQueue implements Required<AllocatorObserver> {
  private readonly observer: AllocatorObserver;
  private readonly giveBack: (allocated: number) => void;
  /** Numbers, not closures: an event takes a fifth of the time so. */
  private events: number[] = [];
  private length = 0;
  /** A guarded method is at work: whatever is called meanwhile is a part of it. */
  private working = false;
  /** The method whose events the observer is being told; null while it is not. */
  private told: string | null = null;

  constructor(observer: AllocatorObserver, giveBack: (allocated: number) => void) {
    this.observer = observer;
    this.giveBack = giveBack;
  }

  /**
   * A function that calls the method of that name, then tells its events.
   *
   * It throws ReentrantCallError while the observer is being told; what the method throws; else, when all is told, what
   * the observer threw first.
   */
  guarded<T>(allocator: T, name: string, method: Method<T>): Method<unknown> {
    // Not with a rest parameter, which is an array for each call.
    return (a, b, c, d) => {
      if (this.told !== null) throw reentrant(name, this.told);
      if (this.working) return method.call(allocator, a, b, c, d);
      this.working = true;
      let result: unknown;
      let errors = NO_ERRORS;
      try {
        result = method.call(allocator, a, b, c, d);
      } finally {
        this.working = false;
        if (this.length > 0) errors = this.tell(name);
      }
      if (errors.length === 0) return result;
      if (name === 'allocate' && typeof result === 'number' && result >= 0) this.undo(result);
      throw errors[0];
    };
  }

  inspect(start: number, end: number, fits: boolean): void {
    this.add(INSPECT, start, end, fits ? 1 : 0, 0);
  }

  split(start: number, at: number, end: number): void {
    this.add(SPLIT, start, at, end, 0);
  }

  coalesce(start: number, at: number, end: number): void {
    this.add(COALESCE, start, at, end, 0);
  }

  take(start: number, end: number, address: number, requested: number): void {
    this.add(TAKE, start, end, address, requested);
  }

  release(start: number, end: number): void {
    this.add(RELEASE, start, end, 0, 0);
  }

  grow(oldCapacity: number, newCapacity: number): void {
    this.add(GROW, oldCapacity, newCapacity, 0, 0);
  }

  private add(kind: number, a: number, b: number, c: number, d: number): void {
    const events = this.events;
    const at = this.length;
    events[at] = kind;
    events[at + 1] = a;
    events[at + 2] = b;
    events[at + 3] = c;
    events[at + 4] = d;
    this.length = at + EVENT_NUMBERS;
  }

  /** Tells all events, also those after one at which the observer throws. @returns what it threw */
  private tell(name: string): readonly unknown[] {
    const events = this.events;
    const end = this.length;
    let errors = NO_ERRORS;
    this.length = 0;
    if (end > KEPT_NUMBERS) this.events = [];
    this.told = name;
    for (let at = 0; at < end; at += EVENT_NUMBERS) {
      try {
        tellOne(this.observer, events, at);
      } catch (error) {
        errors = [...errors, error];
      }
    }
    this.told = null;
    return errors;
  }

  /** Nobody was given the address: it is given back, of which the observer is told as well. */
  private undo(address: number): void {
    try {
      this.giveBack(address);
    } catch {
      // The observer threw again; it is its first error that the caller gets.
    }
  }
}

function tellOne(observer: AllocatorObserver, events: readonly number[], at: number): void {
  const kind = events[at];
  const a = events[at + 1];
  const b = events[at + 2];
  const c = events[at + 3];
  if (kind === INSPECT) observer.inspect?.(a, b, c === 1);
  else if (kind === SPLIT) observer.split?.(a, b, c);
  else if (kind === COALESCE) observer.coalesce?.(a, b, c);
  else if (kind === TAKE) observer.take?.(a, b, c, events[at + 4]);
  else if (kind === RELEASE) observer.release?.(a, b);
  else observer.grow?.(a, b);
}

function reentrant(name: string, told: string): ReentrantCallError {
  return new ReentrantCallError(
    `${name} was called by an observer that is being told of ${told}: it may ask the allocator, but not change it before ${told} has returned`,
  );
}
