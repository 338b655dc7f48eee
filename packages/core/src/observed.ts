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
 */
export class ReentrantCallError extends Error {
  override readonly name = 'ReentrantCallError';
}

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
      value: (...args: unknown[]): unknown => queue.call(name, () => Reflect.apply(method, allocator, args)),
      configurable: true,
      writable: true,
    });
  }
  return queue;
}

/** Keeps the events of a call, and tells them when it is whole. */
export class EventQueue implements Required<AllocatorObserver> {
  readonly #observer: AllocatorObserver;
  readonly #giveBack: (allocated: number) => void;
  #events: ((observer: AllocatorObserver) => void)[] = [];
  /** A guarded method is at work: whatever is called meanwhile is a part of it. */
  #working = false;
  /** The method whose events the observer is being told; null while it is not. */
  #told: string | null = null;

  constructor(observer: AllocatorObserver, giveBack: (allocated: number) => void) {
    this.#observer = observer;
    this.#giveBack = giveBack;
  }

  /**
   * Calls the method, then tells its events.
   * @throws ReentrantCallError while the observer is being told; what the method throws; else, when all is told, what
   * the observer threw first
   */
  call(name: string, method: () => unknown): unknown {
    if (this.#told !== null) throw reentrant(name, this.#told);
    if (this.#working) return method();
    this.#working = true;
    let result: unknown;
    let errors: unknown[] = [];
    try {
      result = method();
    } finally {
      this.#working = false;
      errors = this.#tell(name);
    }
    if (errors.length === 0) return result;
    if (name === 'allocate' && typeof result === 'number' && result >= 0) this.#undo(result);
    throw errors[0];
  }

  inspect(start: number, end: number, fits: boolean): void {
    this.#events.push((observer) => observer.inspect?.(start, end, fits));
  }

  split(start: number, at: number, end: number): void {
    this.#events.push((observer) => observer.split?.(start, at, end));
  }

  coalesce(start: number, at: number, end: number): void {
    this.#events.push((observer) => observer.coalesce?.(start, at, end));
  }

  take(start: number, end: number, address: number, requested: number): void {
    this.#events.push((observer) => observer.take?.(start, end, address, requested));
  }

  release(start: number, end: number): void {
    this.#events.push((observer) => observer.release?.(start, end));
  }

  grow(oldCapacity: number, newCapacity: number): void {
    this.#events.push((observer) => observer.grow?.(oldCapacity, newCapacity));
  }

  /** Tells all events, also those after one at which the observer throws. @returns what it threw */
  #tell(name: string): unknown[] {
    const events = this.#events;
    const errors: unknown[] = [];
    if (events.length === 0) return errors;
    this.#events = [];
    this.#told = name;
    for (const event of events) {
      try {
        event(this.#observer);
      } catch (error) {
        errors.push(error);
      }
    }
    this.#told = null;
    return errors;
  }

  /** Nobody was given the address: it is given back, of which the observer is told as well. */
  #undo(address: number): void {
    try {
      this.#giveBack(address);
    } catch {
      // The observer threw again; it is its first error that the caller gets.
    }
  }
}

function reentrant(name: string, told: string): ReentrantCallError {
  return new ReentrantCallError(
    `${name} was called by an observer that is being told of ${told}: it may ask the allocator, but not change it before ${told} has returned`,
  );
}
