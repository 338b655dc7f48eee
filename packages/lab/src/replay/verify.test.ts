import { CorruptionError } from 'freehold';
import { describe, expect, it } from 'vitest';
import { PlainFit, type PlainOptions } from '../../test/plain-fit.js';
import { makeTrace } from '../../test/traces.js';
import type { Fault } from '../metrics/fault.js';
import type { Trace } from '../trace/trace.js';
import { type Arena, type Mover, RangeArena } from './arena.js';
import { verify } from './verify.js';

const OPTIONS: PlainOptions = { capacity: 1000, round: 16, growBy: 1000 };
const TRACE = makeTrace('a+100 b*50 c+30 -b d+40 a~200 e+20^64 c~10 -a f+0 -d -c -e');

function faultOf(allocator: PlainFit, trace: Trace = TRACE): Fault {
  const { fault } = verify(trace, (mover) => new RangeArena(allocator, 16, 16, mover));
  expect(fault).not.toBeNull();
  return fault!;
}

describe('verify', () => {
  it('finds nothing amiss with an allocator that keeps its promises', () => {
    const result = verify(TRACE, (mover) => new RangeArena(new PlainFit(OPTIONS), 16, 16, mover));
    expect(result.fault).toBeNull();
    // -b, a~ twice (before and after it moves), c~ twice, -a -d -c -e, and f at the end.
    expect(result.blocks).toBe(10);
    expect(result.checks).toBeGreaterThanOrEqual(4);
  });

  it('an overlap, whatever the allocator says of it', () => {
    class Overlapping extends PlainFit {
      protected override take(start: number, end: number): number {
        return super.take(start === 112 ? 96 : start, end);
      }
      override check(): void {}
    }
    expect(faultOf(new Overlapping(OPTIONS))).toEqual({
      kind: 'overlap',
      operation: 2,
      address: 96,
      message: 'the block [0x60, 0xb0) overlaps the live block [0x0, 0x70)',
    });
  });

  it('an overlap made by growing in place', () => {
    class Greedy extends PlainFit {
      override resize(address: number, size: number): boolean {
        this.find(address).end = address + size;
        return true;
      }
      override check(): void {}
    }
    expect(faultOf(new Greedy(OPTIONS))).toMatchObject({ kind: 'overlap', operation: 6, address: 0 });
  });

  it('an address outside the range, and an end', () => {
    class Outside extends PlainFit {
      override allocate(size: number, align?: number): number | null {
        const address = super.allocate(size, align);
        return this.used.length === 3 ? this.capacity + 16 : address;
      }
    }
    expect(faultOf(new Outside(OPTIONS))).toEqual({
      kind: 'outside',
      operation: 3,
      address: 1016,
      message: 'the address lies outside the range [0x0, 0x3e8)',
    });
    class TooLong extends PlainFit {
      override sizeOf(address: number): number {
        return super.sizeOf(address) + (address === 176 ? 10_000 : 0);
      }
    }
    expect(faultOf(new TooLong(OPTIONS))).toMatchObject({
      kind: 'outside',
      operation: 3,
      message: 'the block ends at 0x27e0, the range at 0x3e8',
    });
  });

  it.each([Number.NaN, -16, 0.5, 2 ** 60])('an address that is none: %d', (address) => {
    class Absurd extends PlainFit {
      override allocate(): number {
        return address;
      }
    }
    expect(faultOf(new Absurd(OPTIONS))).toMatchObject({ kind: 'outside', operation: 1 });
  });

  it('an address of a lesser alignment than promised, and than asked for', () => {
    const skewed = new PlainFit({ ...OPTIONS, round: 8 });
    expect(faultOf(skewed)).toEqual({
      kind: 'alignment',
      operation: 2,
      address: 104,
      message: 'the address is not a multiple of 16',
    });
    class Deaf extends PlainFit {
      override allocate(size: number): number | null {
        return super.allocate(size);
      }
    }
    expect(faultOf(new Deaf(OPTIONS), makeTrace('a+100 b+20^64'))).toMatchObject({
      kind: 'alignment',
      operation: 2,
      message: 'the address is not a multiple of 64',
    });
  });

  it('a block of fewer bytes than requested', () => {
    class Short extends PlainFit {
      override sizeOf(address: number): number {
        return super.sizeOf(address) - (address === 112 ? 20 : 0);
      }
    }
    expect(faultOf(new Short(OPTIONS))).toEqual({
      kind: 'size',
      operation: 2,
      address: 112,
      message: 'the block holds 44 bytes, 50 were requested',
    });
  });

  it('an error thrown at a call that is right', () => {
    class Forgetful extends PlainFit {
      override free(address: number): void {
        super.free(address === 176 ? 177 : address);
      }
    }
    expect(faultOf(new Forgetful(OPTIONS))).toMatchObject({
      kind: 'error',
      operation: 12,
      message: expect.stringContaining('the allocator threw InvalidFreeError: address 0xb1 is not in use'),
    });
  });

  it("a law broken by the allocator's own account, at the operation after which it was looked at", () => {
    class Doubtful extends PlainFit {
      override check(): void {
        if (this.used.length === 2) throw new CorruptionError('two is too many', 'two');
      }
    }
    expect(faultOf(new Doubtful(OPTIONS))).toEqual({
      kind: 'law',
      operation: 2,
      address: null,
      message: 'broken law: two is too many; found two',
    });
  });

  it('segments that leave a live block out, or tell of one that is dead', () => {
    class Hiding extends PlainFit {
      override *segments() {
        for (const segment of super.segments()) {
          yield segment.start === 176 ? { ...segment, used: false } : segment;
        }
      }
      override allocate(size: number, align?: number): number | null {
        return this.used.length < 3 ? this.take(...this.behind(size, align)) : super.allocate(size, align);
      }
      private behind(size: number, align = 1): [number, number] {
        const end = this.used.at(-1)?.end ?? 0;
        const start = Math.ceil(end / align) * align;
        return [start, start + Math.ceil(size / this.round) * this.round];
      }
    }
    expect(faultOf(new Hiding(OPTIONS))).toEqual({
      kind: 'law',
      operation: 3,
      address: 176,
      message: 'segments() leaves out the live block here',
    });
    class Remembering extends PlainFit {
      override free(address: number): void {
        if (address !== 112) super.free(address);
      }
    }
    expect(faultOf(new Remembering(OPTIONS))).toEqual({
      kind: 'law',
      operation: 4,
      address: 112,
      message: 'segments() reports a used segment here, but the next live block is the block at 0xb0',
    });
  });

  describe('with bytes of its own', () => {
    /** An arena that brings its memory, and does with it what `meddle` says after each call. */
    function bringing(meddle: (bytes: Uint8Array, call: number) => void, copies = true) {
      return (): Arena => {
        const bytes = new Uint8Array(4096);
        let calls = 0;
        const mover: Mover = (from, to, length) => {
          if (copies) bytes.copyWithin(to, from, from + length);
        };
        const arena = new RangeArena(new PlainFit({ ...OPTIONS, growBy: 0, capacity: 4096 }), 16, 16, mover);
        const after = <T>(result: T): T => {
          meddle(bytes, ++calls);
          return result;
        };
        return {
          allocator: arena.allocator,
          align: 16,
          allocate: (size, align) => after(arena.allocate(size, align)),
          allocateZeroed(size) {
            const address = arena.allocateZeroed(size);
            if (address !== null) bytes.fill(0, address, address + size);
            return after(address);
          },
          reallocate: (address, size) => after(arena.reallocate(address, size)),
          free: (address) => after(arena.free(address)),
          bytes: () => bytes,
        };
      };
    }

    it('finds nothing amiss where there is nothing', () => {
      expect(
        verify(
          TRACE,
          bringing(() => {}),
        ).fault,
      ).toBeNull();
    });

    it('a byte of a live block that changed: found when the block is freed', () => {
      const fault = verify(
        TRACE,
        bringing((bytes, call) => {
          if (call === 5) bytes[1] = 0;
        }),
      ).fault;
      expect(fault).toEqual({
        kind: 'contents',
        operation: 6,
        address: 0,
        message: 'byte 1 of the 100 that operation 1 wrote is 0x0, not 0x1',
      });
    });

    it('and one of a block that is never freed: found at the end', () => {
      const fault = verify(
        makeTrace('a+100 b+20'),
        bringing((bytes, call) => {
          if (call === 2) bytes[99] = 0;
        }),
      ).fault;
      expect(fault).toMatchObject({ kind: 'contents', operation: 2, address: 0 });
    });

    it('contents lost when a block moves', () => {
      expect(
        verify(
          TRACE,
          bringing(() => {}, false),
        ).fault,
      ).toMatchObject({
        kind: 'contents',
        operation: 6,
        address: 208,
      });
    });

    it('a calloc that is not clear', () => {
      const fault = verify(
        TRACE,
        bringing((bytes, call) => {
          if (call === 2) bytes[112 + 49] = 1;
        }),
      ).fault;
      expect(fault).toEqual({
        kind: 'contents',
        operation: 2,
        address: 112,
        message: 'byte 49 of a block that calloc gave is not 0',
      });
    });
  });

  it('a refusal is no fault: block and contents stay', () => {
    const trace = makeTrace('a+600 b+300 c+200 a~900 -b -c a~900 -a');
    const result = verify(trace, (mover) => {
      return new RangeArena(new PlainFit({ capacity: 1008, round: 16 }), 16, 16, mover);
    });
    expect(result.fault).toBeNull();
  });

  it('stops where the bytes of the blocks take more than there is for them, and says so', () => {
    const trace = makeTrace('a+100 -a b+3000000 c+100');
    const make = (mover: Mover) =>
      new RangeArena(new PlainFit({ capacity: 2 ** 23, round: 16 }), 16, 16, mover);
    expect(verify(trace, make, 2 ** 21)).toEqual({
      fault: null,
      blocks: 1,
      checks: expect.any(Number),
      unverified:
        'its blocks need more than the 2 MiB of memory available: replay without --verify, or on a machine with more memory',
    });
    expect(verify(trace, make, 2 ** 22)).toMatchObject({ fault: null, blocks: 3 });
  });

  it('memory that runs out in the allocator is no fault of it', () => {
    class Hungry extends PlainFit {
      override allocate(size: number): number | null {
        if (this.used.length === 2) new Float64Array(2 ** 50);
        return super.allocate(size);
      }
    }
    const result = verify(TRACE, (mover) => new RangeArena(new Hungry(OPTIONS), 16, 16, mover));
    expect(result).toMatchObject({ fault: null, unverified: expect.stringMatching(/^memory ran out \(Inv/) });
  });

  it('an arena far larger than memory costs what is used of it', () => {
    const trace = makeTrace(`a+100^${2 ** 42} b+100^${2 ** 44} -a -b`);
    const result = verify(trace, (mover) => {
      return new RangeArena(new PlainFit({ capacity: 2 ** 46, round: 16 }), 16, 16, mover);
    });
    expect(result).toMatchObject({ fault: null, blocks: 2 });
  });
});
