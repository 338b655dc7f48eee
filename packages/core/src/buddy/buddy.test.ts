import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BuddyModel } from '../../test/buddy-model.js';
import { EventPicture } from '../../test/events.js';
import { CorruptionError, InvalidFreeError } from '../allocator.js';
import { Buddy } from './buddy.js';

const KiB = 1024;
const MiB = 2 ** 20;

/** Free lists of a buddy system, largest order last, addresses in KiB. */
function lists(buddy: Buddy): number[][] {
  return Array.from({ length: buddy.orders }, (_, order) => buddy.freeList(order).map((at) => at / KiB));
}

function freeSegments(buddy: Buddy): [number, number][] {
  return [...buddy.segments()].filter((s) => !s.used).map((s) => [s.start, s.end]);
}

describe('the lesson: 1 MiB in units of 64 KiB', () => {
  it('passes through all 23 steps', () => {
    const picture = new EventPicture(0, [[0, MiB]]);
    const buddy = new Buddy({ capacity: MiB, unit: 64 * KiB, observer: picture });
    const events = (...expected: string[]) => {
      expect(picture.clear().map((line) => line.replace(/\d{4,}/g, (bytes) => `${+bytes / KiB}k`))).toEqual(
        expected,
      );
      picture.verify(buddy);
      buddy.check();
    };

    // 1, 2: five free lists, empty but the one of 1 MiB.
    expect(Array.from({ length: buddy.orders }, (_, order) => buddy.blockBytes(order) / KiB)).toEqual([
      64, 128, 256, 512, 1024,
    ]);
    expect(lists(buddy)).toEqual([[], [], [], [], [0]]);

    // 3 to 8: 37k; 1 MiB is halved down to 64k.
    const k37 = buddy.allocate(37 * KiB)!;
    events(
      'inspect 0-1024k fits',
      'split 0-512k-1024k',
      'split 0-256k-512k',
      'split 0-128k-256k',
      'split 0-64k-128k',
      'take 0-64k at 0 for 37k',
    );
    expect(lists(buddy)).toEqual([[64], [128], [256], [512], []]);
    expect((buddy.sizeOf(k37) - 37 * KiB) / KiB).toBe(27);

    // 9, 10: 67k takes the 128k there is.
    const k67 = buddy.allocate(67 * KiB)!;
    events('inspect 128k-256k fits', 'take 128k-256k at 128k for 67k');
    expect(lists(buddy)).toEqual([[64], [], [256], [512], []]);

    // 11 to 13: 112k halves the 256k.
    const k112 = buddy.allocate(112 * KiB)!;
    events('inspect 256k-512k fits', 'split 256k-384k-512k', 'take 256k-384k at 256k for 112k');
    expect(lists(buddy)).toEqual([[64], [384], [], [512], []]);
    expect((buddy.sizeOf(k112) - 112 * KiB) / KiB).toBe(16);

    // 14 to 16: 150k halves the 512k.
    const k150 = buddy.allocate(150 * KiB)!;
    events('inspect 512k-1024k fits', 'split 512k-768k-1024k', 'take 512k-768k at 512k for 150k');
    expect(lists(buddy)).toEqual([[64], [384], [768], [], []]);
    expect((buddy.sizeOf(k150) - 150 * KiB) / KiB).toBe(106);

    // 17: 67k comes back; its buddy is in use.
    buddy.free(k67);
    events('release 128k-256k');
    expect(lists(buddy)).toEqual([[64], [128, 384], [768], [], []]);

    // 18, 19: 112k comes back and joins its buddy.
    buddy.free(k112);
    events('release 256k-384k', 'coalesce 256k-384k-512k');
    expect(lists(buddy)).toEqual([[64], [128], [256, 768], [], []]);

    // 20, 21: 150k.
    buddy.free(k150);
    events('release 512k-768k', 'coalesce 512k-768k-1024k');
    expect(lists(buddy)).toEqual([[64], [128], [256], [512], []]);

    // 22, 23: 37k; everything joins.
    buddy.free(k37);
    events(
      'release 0-64k',
      'coalesce 0-64k-128k',
      'coalesce 0-128k-256k',
      'coalesce 0-256k-512k',
      'coalesce 0-512k-1024k',
    );
    expect(lists(buddy)).toEqual([[], [], [], [], [0]]);
  });
});

describe('against a buddy system of plain arrays', () => {
  const call = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        call: fc.constant('allocate' as const),
        size: fc.integer({ min: 1, max: 600 }),
        align: fc.constant(1),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        call: fc.constant('allocate' as const),
        size: fc.integer({ min: 1, max: 5000 }),
        align: fc.constantFrom(1, 8, 16, 64, 256, 4096),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        call: fc.constant('allocate' as const),
        size: fc.integer({ min: 1, max: 40 }),
        align: fc.constantFrom(32, 64, 128, 512),
      }),
    },
    { weight: 5, arbitrary: fc.record({ call: fc.constant('free' as const), which: fc.nat() }) },
    {
      weight: 3,
      arbitrary: fc.record({
        call: fc.constant('resize' as const),
        which: fc.nat(),
        size: fc.integer({ min: 1, max: 900 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ call: fc.constant('grow' as const), by: fc.nat({ max: 40 * 16 }) }) },
  );

  // 87 units: 64 + 16 + 4 + 2 + 1; 65: a lone unit past a power of two; 1000 bytes: 62 units and a rest.
  it.each([
    ['a power of two', { capacity: 64 * 16 }],
    ['no power of two', { capacity: 87 * 16, base: 48 }],
    ['one more than a power of two', { capacity: 65 * 16 }],
    ['no multiple of the unit', { capacity: 1000 }],
    ['few orders', { capacity: 87 * 16, orders: 3 }],
    ['few orders and a base of few zero bits', { capacity: 87 * 16, base: 7 * 32, orders: 4 }],
    ['one order', { capacity: 40 * 16, orders: 1 }],
    ['more orders than the capacity fills', { capacity: 20 * 16, orders: 9 }],
    ['growth by itself', { capacity: 16, growBy: 3 * 16, maxCapacity: 150 * 16 }],
    ['growth by itself with few orders', { capacity: 5 * 16, orders: 4, growBy: 16 }],
  ] as const)('%s', (_what, options) => {
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 120, size: 'max' }), (calls) => {
        const model = new BuddyModel({ unit: 16, ...options });
        const base = model.base;
        const picture = new EventPicture(
          base,
          model.freeBlocks().map(([unit, order]) => [base + unit * 16, base + (unit + 2 ** order) * 16]),
        );
        const buddy = new Buddy({ unit: 16, observer: picture, ...options });
        const live: number[] = [];
        for (const c of calls) {
          if (c.call === 'allocate') {
            const address = buddy.allocate(c.size, c.align);
            expect(address).toBe(model.allocate(c.size, c.align));
            if (address !== null) live.push(address);
          } else if (c.call === 'grow') {
            const capacity = buddy.capacity + c.by;
            if (capacity > ('maxCapacity' in options ? options.maxCapacity : capacity)) continue;
            buddy.grow(capacity);
            model.grow(capacity);
          } else if (live.length > 0) {
            const index = c.which % live.length;
            const address = live[index];
            if (c.call === 'free') {
              buddy.free(address);
              model.free(address);
              live.splice(index, 1);
            } else {
              expect(buddy.resize(address, c.size)).toBe(model.resize(address, c.size));
            }
          }
          buddy.check();
          expect(buddy.capacity).toBe(model.units * 16);
          expect(buddy.orders).toBe(model.lists.length);
          for (let order = 0; order < buddy.orders; order++) {
            const expected = model.lists[order].map((unit) => base + unit * 16);
            expect(buddy.freeList(order)).toEqual(expected);
            expect(buddy.freeBlocks(order)).toBe(expected.length);
          }
          for (const address of live) expect(buddy.sizeOf(address)).toBe(model.sizeOf(address));
          picture.verify(buddy);
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('sizes', () => {
  it('grants the least power of two of units, for every size', () => {
    const buddy = new Buddy({ capacity: 64 * KiB, unit: 16 });
    for (let size = 1; size <= 4096; size++) {
      const address = buddy.allocate(size)!;
      expect(buddy.sizeOf(address)).toBe(Math.max(16, 2 ** Math.ceil(Math.log2(size))));
      buddy.free(address);
    }
  });

  it('takes blocks above 2^31 and above 2^32 bytes', () => {
    const buddy = new Buddy({ capacity: 2 ** 40, unit: MiB });
    const first = buddy.allocate(2 ** 32 + 1)!;
    const second = buddy.allocate(2 ** 39)!;
    expect([first, buddy.sizeOf(first), second]).toEqual([0, 2 ** 33, 2 ** 39]);
    expect(buddy.largestFree()).toBe(2 ** 38);
    buddy.check();
    buddy.free(first);
    buddy.free(second);
    expect(buddy.largestFree()).toBe(2 ** 40);
  });

  it('keeps no more than 0.6 bytes of bookkeeping a unit, small ranges apart', () => {
    for (const units of [2 ** 14, 100_000, 2 ** 20, 2 ** 22 + 1]) {
      const buddy = new Buddy({ capacity: units * 64, unit: 64 });
      expect(buddy.stats().bookkeepingBytes / units).toBeLessThan(0.6);
    }
    expect(new Buddy({ capacity: 512, unit: 1 }).stats().bookkeepingBytes / 512).toBeLessThan(2);
  });

  it('keeps the bookkeeping in proportion when it grows by small steps', () => {
    const buddy = new Buddy({ capacity: 64, unit: 64 });
    while (buddy.capacity < MiB) buddy.grow(buddy.capacity + 640);
    expect(buddy.stats().bookkeepingBytes / (buddy.capacity / 64)).toBeLessThan(1);
    expect(buddy.freeBlocks(buddy.orders - 1)).toBe(1);
    buddy.check();
  });
});

describe('alignment', () => {
  it('takes the aligned part of a larger block and leaves the rest free', () => {
    const buddy = new Buddy({ capacity: MiB, unit: 64 });
    buddy.allocate(64);
    const address = buddy.allocate(100, 4096)!;
    expect(address).toBe(4096);
    expect(buddy.sizeOf(address)).toBe(128);
    expect(buddy.stats().usedBytes).toBe(64 + 128);
  });

  it('finds the aligned part where the base is less aligned than the request', () => {
    const base = 3 * 4096;
    const buddy = new Buddy({ base, capacity: MiB, unit: 64 });
    expect(buddy.allocate(64)).toBe(base);
    // The lowest free block of 64 KiB is [76 KiB, 140 KiB): the multiple in it is 128 KiB.
    expect(buddy.allocate(100, 64 * KiB)).toBe(128 * KiB);
    expect(buddy.allocate(4096, 4096)).toBe(4 * 4096);
    buddy.check();
  });

  it('gives null where the base forbids it, whatever is free', () => {
    const buddy = new Buddy({ base: 8, capacity: MiB, unit: 64 });
    expect(buddy.allocate(64, 8)).toBe(8);
    expect(buddy.allocate(64, 16)).toBeNull();
    // Blocks of a page all begin 4096 past one another from 64 on.
    const odd = new Buddy({ base: 64, capacity: MiB, unit: 64 });
    expect(odd.allocate(4096, 4096)).toBeNull();
    expect(odd.allocate(64, 4096)).toBe(4096);
  });

  it('serves a request from a block smaller than the alignment that lies right', () => {
    const buddy = new Buddy({ capacity: 8192, unit: 64 });
    while (buddy.allocate(64) !== null);
    buddy.free(64);
    expect(buddy.allocate(64, 4096)).toBeNull();
    expect(buddy.inspected).toBe(1);
    buddy.free(4096);
    expect(buddy.allocate(64, 4096)).toBe(4096);
    // From an upper half: 2304 is the multiple of 256 in [2048, 2560).
    for (let address = 2048; address < 2560; address += 64) buddy.free(address);
    expect(buddy.allocate(64, 512)).toBe(2048);
    expect(buddy.allocate(64, 256)).toBe(2304);
    buddy.check();
  });

  it('has alignments above those of any order where the base gives them', () => {
    const buddy = new Buddy({ base: 3 * 2 ** 40, capacity: 64 * 64, unit: 64, orders: 2 });
    expect(buddy.allocate(64, 2 ** 40)).toBe(3 * 2 ** 40);
    expect(buddy.allocate(64, 2 ** 40)).toBeNull();
    expect(buddy.allocate(64, 1024)).toBe(3 * 2 ** 40 + 1024);
    buddy.check();
  });

  it('finds one block that lies right among very many that do not', () => {
    const buddy = new Buddy({ capacity: 2 ** 24, unit: 16 });
    while (buddy.allocate(16) !== null);
    for (let address = 16; address < 2 ** 24; address += 32) buddy.free(address);
    buddy.free(5 * 2 ** 20);
    buddy.allocate(16);
    expect(buddy.allocate(16, 2 ** 20)).toBe(5 * 2 ** 20);
    expect(buddy.inspected).toBeLessThanOrEqual(17);
    expect(buddy.allocate(16, 2 ** 16)).toBeNull();
    expect(buddy.inspected).toBeLessThanOrEqual(2 ** 8);
    buddy.check();
  });

  it('grows for an alignment that no free block has, and no further', () => {
    const buddy = new Buddy({ capacity: 4096, unit: 64, growBy: 64, maxCapacity: 8192 + 64 });
    expect(buddy.allocate(64)).toBe(0);
    expect(buddy.allocate(64, 8192)).toBe(8192);
    expect(buddy.capacity).toBe(8192 + 64);
    expect(buddy.allocate(64, 8192)).toBeNull();
    buddy.check();
  });
});

describe('growth by itself', () => {
  it('moves the end by as few multiples as serve', () => {
    const buddy = new Buddy({ capacity: 4 * 16, unit: 16, growBy: 2 * 16 });
    const first = buddy.allocate(3 * 16)!;
    // Four units at a multiple of four: 4 to 8, two steps.
    expect(buddy.allocate(4 * 16)).toBe(4 * 16);
    expect(buddy.capacity).toBe(8 * 16);
    buddy.free(first);
    // Eight units at a multiple of eight: 8 to 16, four steps.
    expect(buddy.allocate(8 * 16)).toBe(8 * 16);
    expect(buddy.capacity).toBe(16 * 16);
    expect(buddy.allocate(2 * 16)).toBe(0);
    expect(buddy.capacity).toBe(16 * 16);
  });

  it('counts what is free at the end, and stops at maxCapacity', () => {
    const buddy = new Buddy({ capacity: 6 * 16, unit: 16, growBy: 16, maxCapacity: 8 * 16 });
    buddy.allocate(4 * 16);
    expect(buddy.allocate(4 * 16)).toBe(4 * 16);
    expect(buddy.capacity).toBe(8 * 16);
    expect(buddy.allocate(1)).toBeNull();
    expect(() => buddy.grow(9 * 16)).toThrow(RangeError);
    expect(buddy.capacity).toBe(8 * 16);
  });

  it('does not grow for a block that no order has', () => {
    const buddy = new Buddy({ capacity: 64 * 16, unit: 16, orders: 3, growBy: 16 });
    expect(buddy.allocate(5 * 16)).toBeNull();
    expect(buddy.capacity).toBe(64 * 16);
  });
});

describe('refuses', () => {
  it.each([
    [{ capacity: 63, unit: 64 }, 'capacity must be 1 to 2^30 units of 64 bytes, got 63'],
    [{ capacity: 2 ** 36 + 64, unit: 64 }, 'capacity must be 1 to 2^30 units of 64 bytes'],
    [{ capacity: 64, unit: 48 }, 'unit must be a power of two, got 48'],
    [{ capacity: 64, unit: 16, orders: 0 }, 'orders must be a whole number from 1 to 31, got 0'],
    [{ capacity: 64, unit: 16, orders: 32 }, 'orders must be a whole number from 1 to 31, got 32'],
    [{ capacity: 64, unit: 16, growBy: 1.5 }, 'growBy must be a whole number of bytes'],
    [{ capacity: 64, unit: 16, maxCapacity: 63 }, 'maxCapacity must be a whole number of bytes from 64 to'],
  ])('%o', (options, message) => {
    expect(() => new Buddy(options)).toThrow(RangeError);
    expect(() => new Buddy(options)).toThrow(message);
  });

  it('the interior of a large block, whose orders lie in bytes that look like small ones', () => {
    const buddy = new Buddy({ capacity: 4096, unit: 16 });
    const address = buddy.allocate(4096)!;
    for (let unit = 1; unit < 256; unit++) {
      expect(() => buddy.free(address + unit * 16)).toThrow(InvalidFreeError);
    }
    buddy.free(address);
    expect(freeSegments(buddy)).toEqual([[0, 4096]]);
  });

  it('an order that there is not', () => {
    const buddy = new Buddy({ capacity: 4096, unit: 16 });
    for (const order of [-1, 9, 0.5, Number.NaN]) {
      expect(() => buddy.freeList(order)).toThrow(`order must be a whole number from 0 to 8, got ${order}`);
      expect(() => buddy.freeBlocks(order)).toThrow(RangeError);
    }
  });
});

describe('resize', () => {
  it('tells of each half that shrinking gives up or growing takes in, and of the new bounds', () => {
    const picture = new EventPicture(0, [[0, 256]]);
    const buddy = new Buddy({ capacity: 256, unit: 16, observer: picture });
    const address = buddy.allocate(256)!;
    picture.clear();
    expect(buddy.resize(address, 60)).toBe(true);
    expect(picture.clear()).toEqual([
      'split 0-128-256',
      'release 128-256',
      'split 0-64-128',
      'release 64-128',
      'take 0-64 at 0 for 60',
    ]);
    expect(buddy.resize(address, 200)).toBe(true);
    expect(picture.clear()).toEqual(['coalesce 0-64-128', 'coalesce 0-128-256', 'take 0-256 at 0 for 200']);
    expect(buddy.resize(address, 256)).toBe(true);
    expect(picture.clear()).toEqual(['take 0-256 at 0 for 256']);
    picture.verify(buddy);
  });

  it('does not grow an upper half, nor into a buddy in use', () => {
    const buddy = new Buddy({ capacity: 256, unit: 16 });
    const lower = buddy.allocate(16)!;
    const upper = buddy.allocate(16)!;
    expect(buddy.resize(lower, 17)).toBe(false);
    buddy.free(lower);
    expect(buddy.resize(upper, 17)).toBe(false);
    expect(buddy.resize(upper, 1)).toBe(true);
    buddy.check();
  });
});

it('check() finds each kind of damage', () => {
  interface Insides {
    blocks: {
      used: number;
      held: { bytes: Uint8Array };
      lists: { words: Int32Array; counts: Int32Array; mask: number };
    };
  }
  const damages: [law: string, damage: (insides: Insides['blocks']) => void][] = [
    ['used + free = capacity', (blocks) => blocks.used++],
    ['every unit lies in one block, used or free', (blocks) => blocks.held.bytes.fill(0)],
    ['no used block starts inside another block', (blocks) => (blocks.held.bytes[3] = 1)],
    ['the count of an order is the length of its free list', (blocks) => blocks.lists.counts[1]++],
    ['a bit of the mask is set exactly where a free list is not empty', (blocks) => (blocks.lists.mask = 0)],
    ['a summary bit is set exactly when the word below is not zero', (blocks) => (blocks.lists.words[5] = 1)],
  ];
  for (const [law, damage] of damages) {
    const buddy = new Buddy({ capacity: 64 * KiB, unit: 16 });
    buddy.allocate(100);
    buddy.allocate(1000);
    buddy.check();
    damage((buddy as unknown as Insides).blocks);
    expect(() => buddy.check(), law).toThrow(CorruptionError);
    expect(() => buddy.check()).toThrow(law);
  }
});
