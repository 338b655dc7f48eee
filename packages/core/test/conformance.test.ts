/** What every allocator must pass, whatever its policy: run over each row of SUBJECTS. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Allocator, InvalidFreeError, type InvalidFreeReason } from '../src/allocator.js';
import { roundUp } from '../src/arguments.js';
import { Blocks } from '../src/blocks/blocks.js';
import { Buddy } from '../src/buddy/buddy.js';
import { display } from '../src/display.js';
import { IndexedFit } from '../src/fits/indexed-fit.js';
import { NaiveAllocator } from '../src/fits/naive.js';
import { Tlsf } from '../src/tlsf/tlsf.js';
import { EventPicture } from './events.js';
import { expectTiles, Model, picture } from './model.js';
import { forEach, must } from './must.js';
import { SUBJECTS, type Subject, type SubjectOptions } from './subjects.js';

const GiB = 2 ** 30;

function expectUnchanged(allocator: Allocator, misuse: () => void): void {
  const before = picture(allocator);
  misuse();
  expect(picture(allocator)).toEqual(before);
  allocator.check();
}

function throws(call: () => unknown, kind: new (...args: never[]) => Error, message: string): void {
  let thrown: unknown;
  try {
    call();
  } catch (error) {
    thrown = error;
  }
  must(
    thrown instanceof kind && thrown.message.includes(message),
    () => `${call} threw ${thrown}, not a ${kind.name}: ${message}`,
  );
}

/** Each call that takes an address refuses this one, for the same reason. */
function refuses(allocator: Allocator, address: number): InvalidFreeReason {
  const calls = [
    () => allocator.free(address),
    () => allocator.sizeOf(address),
    () => allocator.resize?.(address, 1) ?? allocator.free(address),
  ];
  const reasons = calls.map((call) => {
    let thrown: unknown;
    try {
      call();
    } catch (error) {
      thrown = error;
    }
    must(thrown instanceof InvalidFreeError, () => `${call} with the bad address ${address} threw ${thrown}`);
    must(Object.is(thrown.address, address), () => `${thrown} names another address than ${address}`);
    return thrown.reason;
  });
  const [reason] = reasons;
  must(
    reasons.every((each) => each === reason),
    () => `address ${address} is invalid because of ${reasons}`,
  );
  return reason!;
}

function refusesUnchanged(allocator: Allocator, address: number): InvalidFreeReason {
  let reason!: InvalidFreeReason;
  expectUnchanged(allocator, () => {
    reason = refuses(allocator, address);
  });
  return reason;
}

describe.each(SUBJECTS.map((subject) => [subject.name, subject] as const))(
  '%s',
  (_name, subject: Subject) => {
    const kilobytes = (n: number) => Math.ceil((n * 1024) / subject.granule) * subject.granule;

    /** All is free, and as in a range made with the capacity that this one has by now. */
    function expectFresh(allocator: Allocator): void {
      if (subject.coalesces) {
        expect([...allocator.segments()]).toEqual([...subject.make(allocator.capacity).segments()]);
        return;
      }
      const { freeBytes, own } = allocator.stats();
      expect(freeBytes).toBe(allocator.capacity - (own?.bytes ?? 0));
    }

    describe('refuses bad arguments and is unchanged', () => {
      it('sizes', () => {
        const allocator = subject.make(kilobytes(64));
        const address = allocator.allocate(100)!;
        forEach(
          'size',
          [0, -1, -0, Number.NaN, 1.5, 0.1, Number.POSITIVE_INFINITY, -8, 2 ** 53, 1e300],
          (size) => {
            expectUnchanged(allocator, () => {
              const message = `size must be a whole number of bytes from 1 to 2^53 - 1, got ${String(size)}`;
              throws(() => allocator.allocate(size), RangeError, message);
              if (allocator.resize) throws(() => allocator.resize!(address, size), RangeError, message);
            });
          },
        );
      });

      it('alignments', () => {
        const allocator = subject.make(kilobytes(64));
        allocator.allocate(100);
        const aligns = [
          0,
          -1,
          3,
          6,
          24,
          Number.NaN,
          1.5,
          0.5,
          Number.POSITIVE_INFINITY,
          -16,
          2 ** 32 + 1,
          2 ** 53,
        ];
        forEach('align', aligns, (align) => {
          expectUnchanged(allocator, () => {
            const message = `align must be a power of two, got ${String(align)}`;
            throws(() => allocator.allocate(10, align), RangeError, message);
          });
        });
      });

      it('a size no range can hold gives null', () => {
        const allocator = subject.make(kilobytes(64));
        expectUnchanged(allocator, () => {
          expect(allocator.allocate(Number.MAX_SAFE_INTEGER)).toBeNull();
          expect(allocator.allocate(kilobytes(64) + subject.growth + 1)).toBeNull();
          expect(allocator.allocate(2 ** 31)).toBeNull();
          expect(allocator.allocate(2 ** 32 + 1)).toBeNull();
        });
      });

      it('an alignment no address of the range has gives null', () => {
        const base = subject.granule * 1024;
        const allocator = subject.make(kilobytes(1), { base });
        expectUnchanged(allocator, () => expect(allocator.allocate(1, 2 ** 40)).toBeNull());
      });

      it('capacities', () => {
        forEach('capacity', [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53], (capacity) =>
          throws(() => subject.make(capacity), RangeError, `got ${String(capacity)}`),
        );
      });

      it.skipIf(subject.inside)('an option that there is not', () => {
        for (const wrong of [{ aligned: 3 }, { Base: 16, base: 0 }, { constructor: 1 }]) {
          const [name] = Object.keys(wrong);
          expect(() => subject.make(kilobytes(64), wrong)).toThrow(TypeError);
          expect(() => subject.make(kilobytes(64), wrong)).toThrow(
            `has no option ${name}; known: capacity, `,
          );
        }
      });

      it.skipIf(subject.inside)('observers', () => {
        forEach('observer', [null, 7, 'no'], (observer) => {
          const wrong = { observer } as unknown as SubjectOptions;
          const message = `observer must be an object, got ${display(observer)}`;
          throws(() => subject.make(kilobytes(64), wrong), TypeError, message);
        });
      });

      it('bases', () => {
        forEach('base', [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53], (base) =>
          throws(() => subject.make(kilobytes(64), { base }), RangeError, `got ${String(base)}`),
        );
      });
    });

    describe('refuses to free what is not live', () => {
      it('a double free', () => {
        const allocator = subject.make(kilobytes(64));
        const address = allocator.allocate(100)!;
        allocator.allocate(100);
        allocator.free(address);
        expect(refusesUnchanged(allocator, address)).toBe('free');
        expect(() => allocator.free(address)).toThrow(`0x${address.toString(16)}`);
      });

      it('every interior address', () => {
        const allocator = subject.make(kilobytes(64));
        const address = allocator.allocate(subject.granule * 3)!;
        const end = address + allocator.sizeOf(address);
        expectUnchanged(allocator, () => {
          for (let inside = address + 1; inside < end; inside++) {
            const reason = refuses(allocator, inside);
            must(reason === 'interior', () => `address ${inside} of [${address}, ${end}) is ${reason}`);
          }
        });
        allocator.free(address);
      });

      it('foreign addresses', () => {
        const base = subject.granule * 4096;
        const allocator = subject.make(kilobytes(64), { base });
        allocator.allocate(100);
        for (const foreign of [
          0,
          base - 1,
          base + kilobytes(64),
          2 ** 50,
          -1,
          0.5,
          Number.NaN,
          Number.POSITIVE_INFINITY,
        ]) {
          expect(refusesUnchanged(allocator, foreign)).toBe('outside');
        }
      });

      it('an address between whole bytes', () => {
        const allocator = subject.make(kilobytes(64));
        const address = allocator.allocate(100)!;
        expect(refusesUnchanged(allocator, address + 0.5)).toBe('interior');
      });
    });

    it('fills to the last byte that serves, and drains back to what it was', () => {
      const allocator = subject.make(kilobytes(16));
      const model = new Model(subject, allocator);
      for (const size of [1000, 100, 10, 1]) {
        while (model.allocate(size) !== null);
      }
      model.verify();
      const addresses = [...model.live.keys()];
      // Odd ones first, so that most frees meet a free neighbour on one side or both.
      for (const address of addresses.filter((_, i) => i % 2 === 1)) model.free(address);
      model.verify();
      for (const address of addresses.filter((_, i) => i % 2 === 0)) model.free(address);
      model.verify();
      expect(allocator.stats().usedBytes).toBe(0);
      expectFresh(allocator);
    });

    it.skipIf(subject.inside)('takes the whole range, each free segment of a new one in one piece', () => {
      const allocator = subject.make(subject.granule * 1024);
      const fresh = [...allocator.segments()];
      const addresses = fresh
        .toSorted((a, b) => b.end - b.start - (a.end - a.start))
        .map((segment) => {
          let size = segment.end - segment.start;
          while (!subject.fits(segment, size, 1, allocator.base)) size--;
          return allocator.allocate(size)!;
        });
      expect(addresses).not.toContain(null);
      const { capacity } = allocator;
      const further = allocator.allocate(1);
      if (subject.growBy === 0) expect(further).toBeNull();
      else {
        expect(allocator.capacity).toBeGreaterThan(capacity);
        addresses.push(further!);
      }
      allocator.check();
      for (const address of addresses) allocator.free(address);
      expectFresh(allocator);
    });

    it('honours the alignment of every request', () => {
      forEach('alignment', [1, 2, 8, 16, 64, 256, 4096], (align) => {
        const model = new Model(subject, subject.make(kilobytes(256)));
        for (let i = 1; i <= 40; i++) {
          model.allocate(i * 7, align);
          model.allocate(i);
        }
        model.verify();
        for (const address of [...model.live.keys()].filter((_, i) => i % 3 !== 0)) model.free(address);
        for (let i = 1; i <= 40; i++) model.allocate(i * 5, align);
        model.verify();
      });
    });

    // Addresses past 2^31 and 2^32, where a 32-bit operator slips; no byte is touched.
    it.skipIf(subject.inside)('serves ranges above and across 2 GiB and 4 GiB', () => {
      const ranges: Readonly<Record<string, readonly [base: number, capacity: number]>> = {
        'with a capacity above 4 GiB': [0, 5 * GiB],
        'with a base above 4 GiB': [6 * GiB, GiB],
        'across 2 GiB': [2 * GiB - 512 * 1024, GiB],
      };
      // Large granules keep the bookkeeping of bitmaps in proportion.
      const whole = (bytes: number) => Math.floor(bytes / subject.granule) * subject.granule;
      forEach('a range', Object.keys(ranges), (what) => {
        const [base, capacity] = ranges[what];
        const model = new Model(subject, subject.make(whole(capacity), { base: whole(base) }));
        const addresses = [];
        for (let i = 0; i < 6; i++) addresses.push(model.allocate(120 * 2 ** 20 + i, 2 ** (4 * i)));
        expect(addresses.filter((a) => a !== null).length).toBeGreaterThanOrEqual(3);
        for (let i = 1; i <= 50; i++) model.allocate(i * 100);
        model.verify();
        for (const address of [...model.live.keys()].reverse()) model.free(address);
        model.verify();
      });
    });

    if (subject.growBy > 0) {
      it('grows by itself as far as it may, and no further by grow', () => {
        const allocator = subject.make(kilobytes(4), { base: 2 ** 30 - (2 ** 30 % subject.granule) });
        const model = new Model(subject, allocator);
        while (model.allocate(100) !== null)
          expect(allocator.capacity).toBeLessThanOrEqual(model.maxCapacity);
        model.verify();
        expect(allocator.capacity).toBeGreaterThan(kilobytes(4));
        const further = roundUp(model.maxCapacity + 1, subject.granule);
        expectUnchanged(allocator, () => {
          expect(() => allocator.grow!(further)).toThrow(RangeError);
          expect(() => allocator.grow!(further)).toThrow('maxCapacity');
        });
        for (const address of [...model.live.keys()]) model.free(address);
        model.verify();
      });
    } else {
      it('grows: old segments stay, the new bytes serve', () => {
        const allocator = subject.make(kilobytes(16));
        if (!allocator.grow) return;
        const model = new Model(subject, allocator);
        while (model.allocate(200) !== null);
        for (const bad of [kilobytes(16) - 1, 0, -1, Number.NaN, 1.5, 2 ** 53]) {
          expectUnchanged(allocator, () => {
            expect(() => allocator.grow!(bad)).toThrow(RangeError);
            expect(() => allocator.grow!(bad)).toThrow(`got ${String(bad)}`);
          });
        }
        expectUnchanged(allocator, () => allocator.grow!(kilobytes(16)));
        allocator.grow(kilobytes(80));
        expect(allocator.capacity).toBe(kilobytes(80));
        model.verify();
        while (model.allocate(200) !== null);
        expect(model.live.size).toBeGreaterThan(kilobytes(64) / (subject.granule * 2 + 200));
        model.verify();
        for (const address of [...model.live.keys()]) model.free(address);
        model.verify();
        expectTiles(allocator, [...allocator.segments()]);
      });
    }

    it('keeps every promise under random calls, checked after each', () => {
      const size = fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: 1, max: 300 }) },
        { weight: 2, arbitrary: fc.integer({ min: 1, max: 5000 }) },
      );
      const align = fc.oneof({ weight: 5, arbitrary: fc.constant(1) }, fc.constantFrom(2, 8, 16, 64, 512));
      const call = fc.oneof(
        { weight: 5, arbitrary: fc.record({ call: fc.constant('allocate' as const), size, align }) },
        { weight: 4, arbitrary: fc.record({ call: fc.constant('free' as const), which: fc.nat() }) },
        { weight: 2, arbitrary: fc.record({ call: fc.constant('resize' as const), which: fc.nat(), size }) },
        {
          weight: 1,
          arbitrary: fc.record({ call: fc.constant('grow' as const), by: fc.integer({ min: 1, max: 4 }) }),
        },
      );
      fc.assert(
        fc.property(fc.array(call, { minLength: 1, maxLength: 80, size: 'max' }), (calls) => {
          const fresh = [...subject.make(kilobytes(8)).segments()];
          const events = new EventPicture(
            0,
            fresh.map(({ start, end }) => [start, end]),
          );
          const model = subject.inside
            ? new Model(subject, subject.make(kilobytes(8)))
            : new Model(subject, subject.make(kilobytes(8), { observer: events }), events);
          for (const c of calls) {
            if (c.call === 'allocate') model.allocate(c.size, c.align);
            else if (c.call === 'grow') {
              const capacity = model.allocator.capacity + c.by * kilobytes(1);
              if (subject.growBy === 0 || capacity <= model.maxCapacity) model.grow(capacity);
            } else {
              const address = model.pick(c.which);
              if (address === undefined) continue;
              if (c.call === 'free') model.free(address);
              else model.resize(address, c.size);
            }
            model.verify();
          }
        }),
        { numRuns: 40 },
      );
    });
  },
);

describe.each([Blocks, Buddy, Tlsf, NaiveAllocator, IndexedFit])('$name', (Kind) => {
  it.each([undefined, null, 4096])('must be given options, not %o', (options) => {
    expect(() => Reflect.construct(Kind, [options])).toThrow(TypeError);
    expect(() => Reflect.construct(Kind, [options])).toThrow(
      new RegExp(`^${Kind.name} must be given an object of options \\(capacity, .*\\), got ${options}$`),
    );
  });
});
