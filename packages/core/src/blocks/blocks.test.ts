import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventPicture } from '../../test/events.js';
import { CorruptionError, InvalidFreeError, type Segment } from '../allocator.js';
import { Blocks } from './blocks.js';

/** Blocks as one would write them on a blackboard: an array with, for each block, the number of its segment or null. */
class BlocksModel {
  readonly owners: (number | null)[];
  private readonly base: number;
  private readonly block: number;

  constructor(base: number, block: number, blocks: number) {
    this.base = base;
    this.block = block;
    this.owners = Array<null>(blocks).fill(null);
  }

  allocate(size: number, align: number): number | null {
    const count = Math.ceil(size / this.block);
    for (let first = 0; first + count <= this.owners.length; first++) {
      const address = this.base + first * this.block;
      if (address % align !== 0 || this.owners.slice(first, first + count).some((owner) => owner !== null))
        continue;
      this.owners.fill(address, first, first + count);
      return address;
    }
    return null;
  }

  free(address: number): void {
    this.owners.forEach((owner, i) => {
      if (owner === address) this.owners[i] = null;
    });
  }

  resize(address: number, size: number): boolean {
    const first = (address - this.base) / this.block;
    const end = first + Math.ceil(size / this.block);
    const there = this.owners.slice(first, end);
    if (end > this.owners.length || there.some((owner) => owner !== null && owner !== address)) return false;
    this.free(address);
    this.owners.fill(address, first, end);
    return true;
  }

  grow(blocks: number): void {
    while (this.owners.length < blocks) this.owners.push(null);
  }

  /** Runs of the same owner. */
  segments(requested: ReadonlyMap<number, number>): Segment[] {
    const segments: Segment[] = [];
    for (let first = 0; first < this.owners.length; ) {
      const owner = this.owners[first];
      let end = first;
      while (end < this.owners.length && this.owners[end] === owner) end++;
      const [start, stop] = [this.base + first * this.block, this.base + end * this.block];
      segments.push(
        owner === null
          ? { start, end: stop, used: false, address: start }
          : { start, end: stop, used: true, address: start, requested: requested.get(owner)! },
      );
      first = end;
    }
    return segments;
  }
}

describe('against an array of owners', () => {
  const size = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1, max: 150 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 2000 }) },
  );
  const align = fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.constantFrom(2, 16, 32, 128, 512));
  const call = fc.oneof(
    { weight: 7, arbitrary: fc.record({ call: fc.constant('allocate' as const), size, align }) },
    { weight: 5, arbitrary: fc.record({ call: fc.constant('free' as const), which: fc.nat() }) },
    { weight: 4, arbitrary: fc.record({ call: fc.constant('resize' as const), which: fc.nat(), size }) },
    { weight: 1, arbitrary: fc.record({ call: fc.constant('grow' as const), by: fc.nat({ max: 9000 }) }) },
  );

  it.each([
    ['blocks of 16', { block: 16, capacity: 16 * 100, base: 0 }],
    ['blocks of 24, an odd base', { block: 24, capacity: 24 * 90, base: 12 }],
    ['blocks of 7, no multiple of them', { block: 7, capacity: 500, base: 1024 }],
    ['single bytes', { block: 1, capacity: 600, base: 0 }],
    ['one block', { block: 100, capacity: 100, base: 0 }],
    ['blocks of 48 over several chunks', { block: 48, capacity: 48 * 700, base: 32 }],
  ])('%s', (_what, { block, capacity, base }) => {
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 100, size: 'max' }), (calls) => {
        const model = new BlocksModel(base, block, Math.floor(capacity / block));
        const picture = new EventPicture(base, [[base, base + block * model.owners.length]]);
        const blocks = new Blocks({ block, capacity, base, observer: picture });
        const live = new Map<number, number>();
        for (const c of calls) {
          const address = 'which' in c ? [...live.keys()][c.which % live.size] : undefined;
          if (c.call === 'allocate') {
            const got = blocks.allocate(c.size, c.align);
            expect(got).toBe(model.allocate(c.size, c.align));
            if (got !== null) live.set(got, c.size);
          } else if (c.call === 'grow') {
            blocks.grow(blocks.capacity + c.by);
            model.grow(Math.floor((block * model.owners.length + c.by) / block));
          } else if (address !== undefined && c.call === 'free') {
            blocks.free(address);
            model.free(address);
            live.delete(address);
          } else if (address !== undefined && c.call === 'resize') {
            const resized = blocks.resize(address, c.size);
            expect(resized).toBe(model.resize(address, c.size));
            if (resized) live.set(address, c.size);
          }
          blocks.check();
          expect([...blocks.segments()]).toEqual(model.segments(live));
          for (const [at, requested] of live)
            expect(blocks.sizeOf(at)).toBe(Math.ceil(requested / block) * block);
          picture.verify(blocks);
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('internal fragmentation', () => {
  it('is told for each segment', () => {
    const blocks = new Blocks({ capacity: 8 * 4096, block: 4096 });
    const small = blocks.allocate(1000)!;
    const large = blocks.allocate(4097)!;
    const whole = blocks.allocate(8192)!;
    const wasted = () =>
      [...blocks.segments()].filter((s) => s.used).map((s) => s.end - s.start - (s.requested ?? Number.NaN));
    expect([small, large, whole]).toEqual([0, 4096, 12288]);
    expect(wasted()).toEqual([3096, 4095, 0]);
    blocks.resize(large, 8000);
    expect(wasted()).toEqual([3096, 192, 0]);
    blocks.resize(large, 4096);
    expect(wasted()).toEqual([3096, 0, 0]);
  });
});

describe('large ranges', () => {
  it('counts in blocks of 2^31 bytes up to 2^53', () => {
    const blocks = new Blocks({ capacity: 2 ** 53 - 1, block: 2 ** 31 });
    expect(blocks.capacity).toBe(2 ** 53 - 2 ** 31);
    const large = blocks.allocate(2 ** 52 + 1)!;
    expect([large, blocks.sizeOf(large)]).toEqual([0, 2 ** 52 + 2 ** 31]);
    expect([...blocks.segments()][0].requested).toBe(2 ** 52 + 1);
    const next = blocks.allocate(2 ** 31)!;
    expect(next).toBe(2 ** 52 + 2 ** 31);
    // A byte off, where the quotient by the block rounds to a whole number.
    expect(() => blocks.free(next + 1)).toThrow(InvalidFreeError);
    expect(() => blocks.free(next - 1)).toThrow(InvalidFreeError);
    blocks.free(next);
    blocks.check();
  });

  it('rounds a size up that is one byte more than whole blocks, however large', () => {
    const block = 2 ** 31 - 1;
    const blocks = new Blocks({ capacity: 2 ** 53 - 1, block });
    for (const count of [1, 2 ** 10 + 1, 2 ** 21 + 1, 2 ** 22 - 1]) {
      const address = blocks.allocate(count * block + 1)!;
      expect(blocks.sizeOf(address)).toBe((count + 1) * block);
      blocks.free(address);
    }
  });
});

describe('events', () => {
  it('tell the candidates of an aligned request, and what is cut off in front and behind', () => {
    const picture = new EventPicture(0, [[0, 2560]]);
    const blocks = new Blocks({ capacity: 2560, block: 256, observer: picture });
    const addresses = [256, 256, 256, 256].map((size) => blocks.allocate(size)!);
    blocks.free(addresses[1]);
    picture.clear();
    expect(blocks.allocate(512, 512)).toBe(1024);
    expect(picture.clear()).toEqual([
      'inspect 1024-2560 fits',
      'split 1024-1536-2560',
      'take 1024-1536 at 1024 for 512',
    ]);
    expect(blocks.allocate(256, 1024)).toBe(2048);
    expect(picture.clear()).toEqual([
      'inspect 256-512 does not fit',
      'inspect 1536-2560 fits',
      'split 1536-2048-2560',
      'split 2048-2304-2560',
      'take 2048-2304 at 2048 for 256',
    ]);
    blocks.free(1024);
    expect(picture.clear()).toEqual(['release 1024-1536', 'coalesce 1024-1536-2048']);
    expect(blocks.resize(768, 900)).toBe(true);
    expect(picture.clear()).toEqual([
      'split 1024-1792-2048',
      'coalesce 768-1024-1792',
      'take 768-1792 at 768 for 900',
    ]);
    expect(blocks.resize(768, 100)).toBe(true);
    expect(picture.clear()).toEqual([
      'split 768-1024-1792',
      'release 1024-1792',
      'coalesce 1024-1792-2048',
      'take 768-1024 at 768 for 100',
    ]);
    picture.verify(blocks);
  });
});

describe('growth', () => {
  it('moves the end by as few multiples as serve, counting what is free there', () => {
    const picture = new EventPicture(0, [[0, 400]]);
    const blocks = new Blocks({
      capacity: 400,
      block: 100,
      growBy: 150,
      maxCapacity: 2000,
      observer: picture,
    });
    expect(blocks.allocate(100)).toBe(0);
    picture.clear();
    // growBy counts as two blocks; seven blocks are missing four.
    expect(blocks.allocate(700)).toBe(100);
    expect(picture.clear()).toEqual([
      'grow 400-800',
      'coalesce 100-400-800',
      'inspect 100-800 fits',
      'take 100-800 at 100 for 700',
    ]);
    expect(blocks.capacity).toBe(800);
    expect(blocks.allocate(100, 1024)).toBeNull();
    expect(blocks.allocate(1201)).toBeNull();
    expect(blocks.capacity).toBe(800);
    expect(blocks.allocate(1200)).toBe(800);
    expect(blocks.capacity).toBe(2000);
    expect(() => blocks.grow(2001)).toThrow('newCapacity must be at most maxCapacity 2000, got 2001');
    blocks.check();
    picture.verify(blocks);
  });

  it('grows for an alignment that no free run has', () => {
    const blocks = new Blocks({ capacity: 48 * 4, block: 48, growBy: 48 });
    expect(blocks.allocate(48)).toBe(0);
    expect(blocks.allocate(48, 256)).toBe(768);
    expect(blocks.capacity).toBe(816);
    blocks.check();
  });

  it('keeps the bookkeeping in proportion when it grows by small steps', () => {
    const blocks = new Blocks({ capacity: 64, block: 64 });
    while (blocks.capacity < 2 ** 20) blocks.grow(blocks.capacity + 640);
    expect(blocks.stats().bookkeepingBytes / (blocks.capacity / 64)).toBeLessThan(6.6);
    blocks.check();
  });
});

it('keeps no more than 4.4 bytes of bookkeeping a block', () => {
  for (const count of [2 ** 14, 100_000, 2 ** 20 + 1]) {
    const blocks = new Blocks({ capacity: count * 64, block: 64 });
    expect(blocks.stats().bookkeepingBytes / count).toBeLessThan(4.4);
  }
});

describe('refuses', () => {
  it.each([
    [{ capacity: 63, block: 64 }, 'capacity must be 1 to 2^30 blocks of 64 bytes, got 63'],
    [{ capacity: 2 ** 36 + 64, block: 64 }, 'capacity must be 1 to 2^30 blocks of 64 bytes'],
    [{ capacity: 64, block: 0 }, 'block must be a whole number of bytes from 1 to 2^31, got 0'],
    [{ capacity: 2 ** 40, block: 2 ** 31 + 1 }, 'block must be a whole number of bytes from 1 to 2^31'],
    [{ capacity: 64, block: 16, growBy: -1 }, 'growBy must be a whole number of bytes'],
    [{ capacity: 64, block: 16, maxCapacity: 63 }, 'maxCapacity must be a whole number of bytes from 64 to'],
  ])('%o', (options, message) => {
    expect(() => new Blocks(options)).toThrow(RangeError);
    expect(() => new Blocks(options)).toThrow(message);
  });

  it('the second block of a segment, where its length is kept', () => {
    const blocks = new Blocks({ capacity: 1000, block: 10 });
    const address = blocks.allocate(500)!;
    for (let inside = 10; inside < 500; inside += 10) {
      expect(() => blocks.free(address + inside)).toThrow(InvalidFreeError);
    }
  });
});

it('check() finds each kind of damage', () => {
  interface Insides {
    usedBlocks: number;
    freeSegments: number;
    starts: Int32Array;
    notes: Int32Array;
    runs: { take(from: number, to: number): void };
  }
  const damages: [law: string, damage: (insides: Insides) => void][] = [
    ['used + free = capacity', (insides) => insides.usedBlocks++],
    ['the free segments are the runs of free blocks', (insides) => insides.freeSegments++],
    ['every block is free or of one segment', ({ starts }) => starts.fill(0)],
    ['every block is free or of one segment', ({ runs }) => runs.take(60, 61)],
    ['no other segment starts inside', ({ starts }) => starts.fill(0b111)],
    ['segments end within the range', ({ notes }) => notes.fill(1000, 1, 2)],
    ['less than a block is wasted', ({ notes }) => notes.fill(~10, 0, 1)],
  ];
  for (const [law, damage] of damages) {
    const blocks = new Blocks({ capacity: 1000, block: 10 });
    blocks.allocate(95);
    blocks.check();
    damage(blocks as unknown as Insides);
    expect(() => blocks.check(), law).toThrow(CorruptionError);
    expect(() => blocks.check()).toThrow(law);
  }
});
