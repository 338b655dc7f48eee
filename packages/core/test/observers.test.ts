/** Listeners that throw, call back or ask: whatever they do, the allocator does what it does without them. */
import { describe, expect, it } from 'vitest';
import type { Allocator, AllocatorObserver } from '../src/allocator.js';
import { BuddyUnits } from '../src/buddy/units.js';
import { ReentrantCallError } from '../src/observed.js';
import { Tlsf } from '../src/tlsf/tlsf.js';
import { EventPicture } from './events.js';
import { picture } from './model.js';
import { forEach, must } from './must.js';
import { SUBJECTS, type Subject } from './subjects.js';

const EVENTS = ['inspect', 'split', 'coalesce', 'take', 'release', 'grow'] as const;
type EventName = (typeof EVENTS)[number];

class Thrown extends Error {}

/** What a listener does with the allocator that it is told of; what it throws, it throws as a listener. */
const DEEDS: Readonly<Record<string, (allocator: Allocator) => void>> = {
  throws() {
    throw new Thrown('by the listener');
  },
  'calls allocate': (allocator) => refused('allocate', () => allocator.allocate(48)),
  'calls free': (allocator) => refused('free', () => allocator.free(liveIn(allocator))),
  'calls resize': (allocator) => refused('resize', () => allocator.resize!(liveIn(allocator), 200)),
  'calls grow': (allocator) => refused('grow', () => allocator.grow!(2 * allocator.capacity)),
  'lets a refusal through': (allocator) => allocator.allocate(48),
  asks(allocator) {
    allocator.check();
    picture(allocator);
    allocator.sizeOf(liveIn(allocator));
  },
};
const THROWING = ['throws', 'lets a refusal through'];

/** The block that stands from the first call to the last. */
function liveIn(allocator: Allocator): number {
  for (const { used, address } of allocator.segments()) if (used) return address;
  throw new Error('no segment is used');
}

function refused(name: string, call: () => unknown): void {
  let thrown: unknown;
  try {
    call();
  } catch (error) {
    thrown = error;
  }
  must(thrown instanceof ReentrantCallError, () => `${name} threw ${thrown}`);
  must(thrown.message.startsWith(`${name} was called by an observer`), () => thrown.message);
}

/** Does the deed at each event of one name, and draws the picture of all. */
function observer(
  event: EventName,
  deed: (allocator: Allocator) => void,
  events: EventPicture,
  allocator: () => Allocator,
  told: { times: number },
): AllocatorObserver {
  return new Proxy(events, {
    get(target, name) {
      const draw: unknown = Reflect.get(target, name);
      if (name !== event || typeof draw !== 'function') return draw;
      return (...args: unknown[]) => {
        Reflect.apply(draw, target, args);
        told.times++;
        deed(allocator());
      };
    },
  });
}

/** The same calls of two allocators, of which the first has the listener; each answer is held against the other's. */
class Pair {
  readonly watched: Allocator;
  readonly plain: Allocator;
  readonly throws: boolean;
  private readonly after: () => void;
  failures = 0;

  constructor(watched: Allocator, plain: Allocator, throws: boolean, after: () => void) {
    this.watched = watched;
    this.plain = plain;
    this.throws = throws;
    this.after = after;
  }

  allocate(size: number, align = 1): number | null {
    const expected = this.plain.allocate(size, align);
    const given = this.call(() => this.watched.allocate(size, align));
    if (given === FAILED && expected !== null) this.plain.free(expected);
    must(given === FAILED || given === expected, () => `allocate gave ${String(given)}, not ${expected}`);
    this.same();
    return given === FAILED ? null : expected;
  }

  free(address: number | null): void {
    if (address === null) return;
    this.plain.free(address);
    this.call(() => this.watched.free(address));
    this.same();
  }

  resize(address: number | null, size: number): void {
    if (address === null) return;
    const expected = this.plain.resize!(address, size);
    const given = this.call(() => this.watched.resize!(address, size));
    must(given === FAILED || given === expected, () => `resize gave ${String(given)}, not ${expected}`);
    this.same();
  }

  grow(capacity: number): void {
    this.plain.grow!(capacity);
    this.call(() => this.watched.grow!(capacity));
    this.same();
  }

  private call<T>(call: () => T): T | typeof FAILED {
    try {
      return call();
    } catch (error) {
      must(this.throws && (error instanceof Thrown || error instanceof ReentrantCallError), () => `${error}`);
      this.failures++;
      return FAILED;
    }
  }

  private same(): void {
    this.watched.check();
    const pictures = [picture(this.watched), picture(this.plain)].map((each) => JSON.stringify(each));
    must(pictures[0] === pictures[1], () => `${pictures[0]}\nnot ${pictures[1]}`);
    this.after();
  }
}

const FAILED = Symbol('the call threw');

/** Calls that make every event happen, with no listener that throws and with one. */
function exercise(pair: Pair, granule: number): void {
  const sizes = [100, 3 * granule, 1, 2 * granule + 10, 700, granule];
  const held = sizes.map((size, i) => pair.allocate(size, 2 ** (i % 4)));
  pair.free(held[1]);
  pair.free(held[3]);
  pair.resize(held[0], 4 * granule);
  pair.resize(held[0], 1);
  pair.free(held[2]);
  pair.allocate(granule, 1024);
  for (let i = 0; i < 5; i++) pair.allocate(granule + 7 * i);
  pair.grow(pair.watched.capacity + 4 * granule);
  pair.allocate(pair.watched.capacity);
  pair.allocate(Math.max(1, pair.watched.largestFree()));
  pair.allocate(2 * granule);
  for (const i of [4, 0, 5]) pair.free(held[i]);
  pair.allocate(64);
}

const OBSERVED = SUBJECTS.filter(({ inside }) => !inside);

describe.each(OBSERVED.map((subject) => [subject.name, subject] as const))(
  '%s',
  (_name, subject: Subject) => {
    const capacity = subject.granule * Math.ceil(4096 / subject.granule + 8);

    it('has listeners that are harmless, whatever they do', () => {
      forEach('a listener of', EVENTS, (event) => {
        forEach('that', Object.keys(DEEDS), (deed) => isHarmless(event, deed));
      });
    });

    function isHarmless(event: EventName, deed: string): void {
      const plain = subject.make(capacity);
      const fresh = [...plain.segments()].map(({ start, end }) => [start, end] as const);
      const events = new EventPicture(0, fresh);
      const told = { times: 0 };
      const armed = { deed: (_allocator: Allocator) => {} };
      const watched: Allocator = subject.make(capacity, {
        observer: observer(
          event,
          (allocator) => armed.deed(allocator),
          events,
          () => watched,
          told,
        ),
      });
      const pair = new Pair(watched, plain, THROWING.includes(deed), () => events.verify(watched));
      // Stands throughout, for what asks or frees.
      pair.allocate(40);
      armed.deed = DEEDS[deed];
      exercise(pair, subject.granule);
      must(pair.failures > 0 === (pair.throws && told.times > 0), () => `${pair.failures} threw`);
      if (event === 'take' || event === 'split') must(told.times > 0, () => 'was told of nothing');
    }
  },
);

describe('an observer', () => {
  it('is told of every event, and its caller of the first error, when others throw too', () => {
    const told: string[] = [];
    const tlsf = new Tlsf({
      capacity: 1024,
      observer: {
        inspect: () => {
          told.push('inspect');
          throw new Thrown('first');
        },
        split: () => {
          told.push('split');
        },
        take: () => {
          told.push('take');
          throw new Thrown('second');
        },
        release: () => {
          told.push('release');
          throw new Thrown('third');
        },
      },
    });
    expect(() => tlsf.allocate(100)).toThrow('first');
    expect(told).toEqual(['inspect', 'split', 'take', 'release']);
    expect(tlsf.stats().usedBytes).toBe(0);
    tlsf.check();
  });

  it('may throw what is no error', () => {
    const tlsf = new Tlsf({
      capacity: 1024,
      observer: {
        take: () => {
          throw undefined;
        },
      },
    });
    let caught: unknown = 'nothing';
    try {
      tlsf.allocate(8);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeUndefined();
  });

  it('is not asked for its listeners in the middle of a call', () => {
    let depth = 0;
    const tlsf: Tlsf = new Tlsf({
      capacity: 1024,
      observer: {
        get take() {
          depth++;
          expect(() => tlsf.allocate(8)).toThrow(ReentrantCallError);
          return () => {};
        },
      },
    });
    expect(tlsf.allocate(8)).toBe(0);
    expect(depth).toBe(1);
    tlsf.check();
  });

  it('of a defragmentation may not interfere either', () => {
    const errors: unknown[] = [];
    const tlsf: Tlsf = new Tlsf({
      capacity: 1024,
      observer: {
        release: () => {
          try {
            tlsf.move(16, 0);
          } catch (error) {
            errors.push(error);
          }
        },
      },
    });
    for (let i = 0; i < 3; i++) tlsf.allocate(16);
    tlsf.free(0);
    for (const { from, to } of tlsf.planMoves(2).moves) tlsf.move(from, to);
    expect(errors).toHaveLength(3);
    for (const error of errors) expect(error).toBeInstanceOf(ReentrantCallError);
    expect(tlsf.sizeOf(0)).toBe(16);
    tlsf.check();
  });

  it('leaves the methods of a subclass in force', () => {
    class Double extends Tlsf {
      override allocate(size: number, align?: number): number | null {
        return super.allocate(2 * size, align);
      }
    }
    const taken: number[] = [];
    const double = new Double({
      capacity: 1024,
      observer: { take: (_start, _end, _address, requested) => taken.push(requested) },
    });
    double.allocate(16);
    expect(taken).toEqual([32]);
  });

  it('of buddy units in their own terms is held off as well', () => {
    const units: BuddyUnits = new BuddyUnits({
      units: 64,
      observer: {
        split: () => expect(() => units.reserve(8, 3)).toThrow(ReentrantCallError),
        take: () => {
          throw new Thrown('by the listener');
        },
      },
    });
    expect(() => units.allocate(2)).toThrow(Thrown);
    expect(units.used).toBe(0);
    expect(() => units.reserve(8, 3)).toThrow(Thrown);
    expect(units.used).toBe(3);
    units.freeRange(8, 3);
    units.check();
    expect(() => units.allocate(7)).toThrow(RangeError);
    expect(units.used).toBe(0);
  });
});
