import { describe, expect, it } from 'vitest';
import { CorruptionError } from '../allocator.js';
import { display } from '../display.js';
import { NaiveAllocator, type NaiveOptions } from './naive.js';
import { SegmentNode } from './naive-list.js';
import type { Fit } from './options.js';

const KiB = 1024;

/** The lesson's megabyte: full, then segments of 192, 256 and 128 KiB given back. */
function lesson(options: Partial<NaiveOptions> = {}): NaiveAllocator {
  const allocator = new NaiveAllocator({ capacity: 1024 * KiB, ...options });
  const sizes = [64, 128, 64, 192, 64, 256, 64, 128, 64];
  const addresses = sizes.map((size) => allocator.allocate(size * KiB)!);
  expect(allocator.allocate(1)).toBeNull();
  for (const i of [3, 5, 7]) allocator.free(addresses[i]);
  return allocator;
}

describe('the lesson', () => {
  it('starts with the whole megabyte in the free list and takes requests from its head', () => {
    const allocator = new NaiveAllocator({ capacity: 1024 * KiB });
    expect(allocator.freeList()).toEqual([{ start: 0, end: 1024 * KiB, used: false, address: 0 }]);
    expect(allocator.allocate(64 * KiB)).toBe(0);
    expect(allocator.allocate(128 * KiB)).toBe(64 * KiB);
    expect(allocator.allocate(64 * KiB)).toBe(192 * KiB);
    expect(allocator.freeList()).toEqual([
      { start: 256 * KiB, end: 1024 * KiB, used: false, address: 256 * KiB },
    ]);
    expect([...allocator.descriptor.segments].map(({ start, end }) => [start / KiB, end / KiB])).toEqual([
      [192, 256],
      [64, 192],
      [0, 64],
    ]);
  });

  it('refuses 320 KiB, with 576 free, only after a walk of the whole free list', () => {
    const allocator = lesson();
    expect(allocator.stats().freeBytes).toBe(576 * KiB);
    expect(allocator.freeList().map(({ start, end }) => (end - start) / KiB)).toEqual([192, 256, 128]);
    expect(allocator.allocate(320 * KiB)).toBeNull();
    expect(allocator.inspected).toBe(3);
  });

  it('refuses it at once with the largest size remembered', () => {
    const allocator = lesson({ largestHint: true });
    expect(allocator.descriptor.largest).toBe(256 * KiB);
    expect(allocator.allocate(320 * KiB)).toBeNull();
    expect(allocator.inspected).toBe(0);
  });

  it('walks all the same for a request that fits, even with first fit', () => {
    const allocator = lesson({ largestHint: true });
    expect(allocator.allocate(200 * KiB)).toBe((64 + 128 + 64 + 192 + 64) * KiB);
    expect(allocator.inspected).toBe(2);
  });
});

describe('the largest-free hint', () => {
  /** Free segments of these sizes, in this order of address. */
  function holes(sizes: number[], options: Partial<NaiveOptions> = {}): NaiveAllocator {
    const capacity = sizes.reduce((sum, size) => sum + size + 1, 0);
    const allocator = new NaiveAllocator({ capacity, largestHint: true, ...options });
    const addresses = sizes.map((size) => {
      const address = allocator.allocate(size)!;
      allocator.allocate(1);
      return address;
    });
    for (const address of addresses) allocator.free(address);
    return allocator;
  }

  it('is exact when new, full and filled up again', () => {
    const allocator = new NaiveAllocator({ capacity: 100, largestHint: true });
    expect(allocator.descriptor.largest).toBe(100);
    allocator.allocate(60);
    expect(allocator.descriptor.largest).toBe(40);
    allocator.allocate(40);
    expect(allocator.descriptor.largest).toBe(0);
    allocator.free(60);
    expect(allocator.descriptor.largest).toBe(40);
    allocator.free(0);
    expect(allocator.descriptor.largest).toBe(100);
  });

  it('costs first fit one walk after the largest was taken, and none from then on', () => {
    const allocator = holes([10, 50, 30]);
    expect(allocator.allocate(45)).toBe(11);
    expect(allocator.descriptor.largest).toBe(50);
    expect(allocator.allocate(40)).toBeNull();
    expect(allocator.inspected).toBe(3);
    expect(allocator.descriptor.largest).toBe(30);
    expect(allocator.allocate(40)).toBeNull();
    expect(allocator.inspected).toBe(0);
  });

  it('is refreshed by every search of best and worst fit', () => {
    for (const fit of ['best', 'worst'] as const) {
      const allocator = holes([10, 50, 30], { fit });
      expect(allocator.allocate(50)).toBe(11);
      expect(allocator.allocate(5)).toBe(fit === 'best' ? 0 : 62);
      expect(allocator.inspected).toBe(2);
      expect(allocator.descriptor.largest).toBe(30);
    }
  });

  it('rises when neighbours merge and when the range grows', () => {
    const allocator = holes([10, 50, 30]);
    allocator.free(10);
    expect(allocator.descriptor.largest).toBe(61);
    allocator.grow(allocator.capacity + 70);
    expect(allocator.descriptor.largest).toBe(70);
  });

  it('does not stand in the way of growth', () => {
    const allocator = new NaiveAllocator({ capacity: 100, largestHint: true, growBy: 100, maxCapacity: 300 });
    expect(allocator.allocate(250)).toBe(0);
    expect(allocator.inspected).toBe(1);
    expect(allocator.allocate(51)).toBeNull();
    expect(allocator.inspected).toBe(0);
  });

  it('is off unless asked for', () => {
    const allocator = new NaiveAllocator({ capacity: 100 });
    expect(allocator.descriptor.largest).toBe(Number.POSITIVE_INFINITY);
    expect(allocator.allocate(101)).toBeNull();
    expect(allocator.inspected).toBe(1);
  });
});

it('counts the free segments each fit looks at', () => {
  const looked = (fit: Fit, size: number) => {
    const allocator = lesson({ fit });
    expect(allocator.allocate(size * KiB)).not.toBeNull();
    return allocator.inspected;
  };
  expect(looked('first', 100)).toBe(1);
  expect(looked('first', 256)).toBe(2);
  expect(looked('best', 100)).toBe(3);
  expect(looked('worst', 100)).toBe(3);
  const next = lesson({ fit: 'next' });
  expect([128, 128, 100].map((size) => [next.allocate(size * KiB)! / KiB, next.inspected])).toEqual([
    [256, 1],
    [512, 2],
    [640, 1],
  ]);
});

it('counts its nodes as C structs of six fields, and its descriptor as one of nine', () => {
  const allocator = new NaiveAllocator({ capacity: 100 });
  expect(allocator.stats().bookkeepingBytes).toBe(80 + 48);
  allocator.allocate(10);
  allocator.allocate(10);
  expect(allocator.stats().bookkeepingBytes).toBe(80 + 3 * 48);
});

describe('check() names the law that is broken', () => {
  const cases: [string, Partial<NaiveOptions>, (allocator: NaiveAllocator) => void][] = [
    [
      'segments tile the range without gap or overlap',
      {},
      ({ descriptor }) => {
        descriptor.free.head!.start++;
      },
    ],
    [
      'segments tile the range without gap or overlap',
      {},
      ({ descriptor }) => {
        descriptor.segments.head!.start--;
      },
    ],
    [
      'segments end at the break',
      {},
      ({ descriptor }) => {
        descriptor.break++;
      },
    ],
    [
      'no two free segments are neighbours',
      {},
      ({ descriptor }) => {
        const { head } = descriptor.free;
        descriptor.free.insert(new SegmentNode(head!.end - 1, head!.end));
        head!.end--;
      },
    ],
    [
      "the free list: each node's previous is the node before it",
      {},
      ({ descriptor }) => {
        descriptor.free.tail!.previous = null;
      },
    ],
    [
      'the allocated list: as many nodes as its length',
      {},
      ({ descriptor }) => {
        descriptor.segments.length++;
      },
    ],
    [
      'the free list: the tail is the last node',
      {},
      ({ descriptor }) => {
        descriptor.free.tail = descriptor.free.head;
      },
    ],
    [
      'the free list is in the order size-up',
      { order: 'size-up' },
      ({ descriptor }) => {
        const { head, tail } = descriptor.free;
        descriptor.free.remove(head!);
        descriptor.free.insertBefore(tail!.next, head!);
      },
    ],
    [
      'header and request lie inside their segment',
      {},
      ({ descriptor }) => {
        descriptor.segments.head!.requested = 1000 * KiB;
      },
    ],
    [
      'every address is a multiple of align',
      { align: 16, minRemainder: 9 },
      ({ descriptor }) => {
        descriptor.segments.head!.requested = 1;
        descriptor.segments.head!.address += 8;
      },
    ],
    [
      'usedBytes counts the used segments',
      {},
      ({ descriptor }) => {
        const { head } = descriptor.free;
        for (const used of descriptor.segments) if (used.start === head!.end) used.start--;
        head!.end--;
      },
    ],
    [
      'the rover stands in the free list',
      { fit: 'next' },
      ({ descriptor }) => {
        descriptor.rover = new SegmentNode(0, 1);
      },
    ],
    [
      'no free segment is larger than the hint',
      { largestHint: true },
      ({ descriptor }) => {
        descriptor.largest--;
      },
    ],
  ];

  it.each(cases)('%s', (sentence, options, tamper) => {
    const allocator = lesson({ ...options });
    allocator.check();
    tamper(allocator);
    let thrown: unknown;
    try {
      allocator.check();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(CorruptionError);
    expect((thrown as CorruptionError).law).toBe(sentence);
  });
});

it.each(['no', 1, null])('refuses the largestHint %o', (largestHint) => {
  const options = { capacity: 100, largestHint } as unknown as NaiveOptions;
  expect(() => new NaiveAllocator(options)).toThrow(
    new RangeError(`largestHint must be true or false, got ${display(largestHint)}`),
  );
});

describe('the mapping of the descriptor', () => {
  it('tells the file, and where in it each address lies, after growth as before', () => {
    const mapping = { kind: 'file', name: '/var/lib/data', offset: 8192 } as const;
    const allocator = new NaiveAllocator({ capacity: 4096, base: 65_536, growBy: 4096, mapping });
    expect(allocator.descriptor.mapping).toEqual(mapping);
    expect(allocator.descriptor.offsetOf(allocator.allocate(4000)!)).toBe(8192);
    expect(allocator.descriptor.offsetOf(allocator.allocate(4000)!)).toBe(8192 + 4000);
    for (const outside of [65_535, 65_536 + 8192, Number.NaN]) {
      expect(() => allocator.descriptor.offsetOf(outside)).toThrow(
        new RangeError(`address must be from 65536 up, below 73728, got ${outside}`),
      );
    }
  });

  it('is none where the range is memory of its own', () => {
    const { descriptor } = new NaiveAllocator({ capacity: 100 });
    expect([descriptor.mapping, descriptor.offsetOf(99)]).toEqual([null, null]);
  });

  it('starts at the beginning of a device when nothing else is said', () => {
    const mapping = { kind: 'device', name: 'framebuffer' } as const;
    const { descriptor } = new NaiveAllocator({ capacity: 100, mapping });
    expect([descriptor.mapping?.offset, descriptor.offsetOf(99)]).toEqual([0, 99]);
  });

  it.each<[unknown, string]>([
    [{ kind: 'socket', name: 'x' }, 'the kind of a mapping must be one of file, device, got "socket"'],
    [{ kind: 'file' }, 'a mapping must name its file, got undefined'],
    [{ kind: 'device', name: '' }, 'a mapping must name its device, got ""'],
    [
      { kind: 'file', name: 'x', offset: -1 },
      `the offset of a mapping must be a whole number of bytes from 0 to ${Number.MAX_SAFE_INTEGER - 100}, got -1`,
    ],
    [{ kind: 'file', path: 'x' }, 'mapping has no option path; known: kind, name, offset'],
    ['/dev/fb0', 'mapping must be given an object of options (kind, name, offset), got "/dev/fb0"'],
    [null, 'mapping must be given an object of options (kind, name, offset), got null'],
  ])('refuses %o', (mapping, message) => {
    const options = { capacity: 100, mapping } as NaiveOptions;
    expect(() => new NaiveAllocator(options)).toThrow(message);
  });
});
