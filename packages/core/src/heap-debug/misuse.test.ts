import { beforeEach, describe, expect, it } from 'vitest';
import { Heap } from '../heap/heap.js';
import { DebugHeap } from './debug-heap.js';
import { HeapMisuseError } from './misuse.js';
import type { DebugHeapOptions } from './options.js';

const HINT = '  to see where it was allocated: new DebugHeap(heap, { stackDepth: 16 })';

function make(options?: DebugHeapOptions): DebugHeap {
  return new DebugHeap(Heap.create(new ArrayBuffer(0, { maxByteLength: 2 ** 22 })), options);
}

/** What `action` throws. */
function misuse(action: () => unknown): HeapMisuseError {
  try {
    action();
  } catch (error) {
    if (error instanceof HeapMisuseError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const hex = (address: number) => `0x${address.toString(16)}`;

let heap: DebugHeap;
let block: number;

beforeEach(() => {
  heap = make();
  heap.tag = 'parser';
  block = heap.malloc(100);
});

describe('a write past the end', () => {
  it.each([
    { at: 100, value: 0x41 },
    { at: 100 + 15, value: 0xcd },
  ])('of one byte, $at, is found by free', ({ at, value }) => {
    heap.view[block + at] = value;
    const before = heap.summary();
    const error = misuse(() => heap.free(block));
    expect(error.message).toBe(
      [
        `write past the end of allocation 1 (100 bytes at ${hex(block)}, tag parser)`,
        `  offset ${at}: ${hex(value)} instead of 0xcc; found by free`,
        '  what to do: look for a loop or a copy that goes past the size asked for',
        HINT,
      ].join('\n'),
    );
    expect(error).toMatchObject({
      name: 'HeapMisuseError',
      kind: 'overflow',
      operation: 'free',
      address: block,
      block: { serial: 1, address: block, size: 100, tag: 'parser' },
      damage: { offset: at, found: value, expected: 0xcc, length: 1 },
    });
    // The free was not carried out.
    expect(heap.summary()).toEqual(before);
    heap.view[block + at] = 0xcc;
    heap.free(block);
  });

  it('is found by realloc and by check, with its length', () => {
    heap.view.fill(1, block + 102, block + 106);
    for (const [found, action] of [
      ['realloc', () => heap.realloc(block, 200)],
      ['resize', () => heap.resize(block, 200)],
      ['check', () => heap.check()],
    ] as const) {
      const error = misuse(action);
      expect(error.kind).toBe('overflow');
      expect(error.message).toContain(
        `\n  offsets 102 to 105: the first is 0x1 instead of 0xcc; found by ${found}\n`,
      );
    }
  });

  it('is found in the bytes that only rounding left', () => {
    const bare = make({ redZone: 0 });
    const odd = bare.malloc(13);
    bare.view[odd + 13] = 0;
    expect(misuse(() => bare.free(odd)).damage).toEqual({ offset: 13, found: 0, expected: 0xcc, length: 1 });
  });

  it('is found behind a block of no bytes', () => {
    const empty = heap.malloc(0);
    heap.view[empty] = 7;
    expect(misuse(() => heap.free(empty)).message).toContain(
      `write past the end of allocation 2 (0 bytes at ${hex(empty)}, tag parser)\n  offset 0: 0x7 instead`,
    );
  });
});

describe('a write before the start', () => {
  it('of one byte is found by free', () => {
    heap.view[block - 1] = 0x41;
    const error = misuse(() => heap.free(block));
    expect(error.message).toBe(
      [
        `write before the start of allocation 1 (100 bytes at ${hex(block)}, tag parser)`,
        '  offset -1: 0x41 instead of 0xcc; found by free',
        '  what to do: look for an index below 0, or an address moved back too far',
        HINT,
      ].join('\n'),
    );
    expect(error).toMatchObject({ kind: 'underflow', damage: { offset: -1, length: 1 } });
  });

  it('is found as far as the alignment of an aligned block reaches', () => {
    const aligned = heap.alignedAlloc(256, 10);
    heap.view[aligned - 256] = 0;
    expect(misuse(() => heap.check()).damage).toEqual({ offset: -256, found: 0, expected: 0xcc, length: 1 });
  });
});

describe('a write after the free', () => {
  it('is found by check and by flush', () => {
    heap.free(block);
    heap.view[block + 5] = 0x41;
    const message = (found: string) =>
      [
        `write after the free of allocation 1 (100 bytes at ${hex(block)}, tag parser)`,
        `  offset 5: 0x41 instead of 0x6b; found by ${found}`,
        '  what to do: look for a copy of its address, or a view, that is still used',
        HINT,
      ].join('\n');
    expect(misuse(() => heap.check()).message).toBe(message('check'));
    const error = misuse(() => heap.flush());
    expect(error.message).toBe(message('flush'));
    expect(error.kind).toBe('write-after-free');
    // Told once; the block is never given out again.
    heap.flush();
    expect(heap.summary()).toMatchObject({ quarantinedBlocks: 0, quarantinedBytes: 0, spoiltBlocks: 1 });
    expect(heap.stats().usedBlocks).toBe(1);
    heap.check();
  });

  it('is found by the free that pushes the block out of the quarantine, which can be called again', () => {
    const small = make({ quarantine: 500 });
    const first = small.malloc(100);
    const others = [small.malloc(100), small.malloc(100), small.malloc(100)];
    small.free(first);
    small.view[first] = 0;
    small.free(others[0]!);
    small.free(others[1]!);
    const error = misuse(() => small.free(others[2]!));
    expect(error).toMatchObject({ kind: 'write-after-free', operation: 'free', block: { serial: 1 } });
    small.free(others[2]!);
    expect(small.summary()).toMatchObject({ liveBlocks: 0, frees: 4, spoiltBlocks: 1 });
  });

  it('is found by the malloc that needs the room', () => {
    const full = new DebugHeap(Heap.create(new ArrayBuffer(4096)));
    const first = full.malloc(2000);
    full.free(first);
    full.view[first + 1999] = 0;
    expect(misuse(() => full.malloc(2000))).toMatchObject({ kind: 'write-after-free', operation: 'malloc' });
    expect(full.malloc(2000)).toBe(0);
  });

  it('is found in the red zones around the block', () => {
    heap.free(block);
    heap.view[block - 3] = 0;
    expect(misuse(() => heap.check())).toMatchObject({ kind: 'write-after-free', damage: { offset: -3 } });
  });

  it('is found in zeroed bytes too', () => {
    const zeroing = make({ zeroOnFree: true });
    const address = zeroing.malloc(10);
    zeroing.free(address);
    zeroing.view[address + 9] = 0x6b;
    expect(misuse(() => zeroing.check()).damage).toEqual({ offset: 9, found: 0x6b, expected: 0, length: 1 });
  });
});

describe('a double free', () => {
  const message = () =>
    [
      `double free of allocation 1 (100 bytes at ${hex(block)}, tag parser)`,
      '  what to do: set each variable with the address to 0 when the block is freed',
      HINT,
    ].join('\n');

  it('is found while the block is in the quarantine', () => {
    heap.free(block);
    const error = misuse(() => heap.free(block));
    expect(error.message).toBe(message());
    expect(error.kind).toBe('double-free');
    expect(heap.summary().frees).toBe(1);
  });

  it('is found when the block has left it', () => {
    heap.free(block);
    heap.flush();
    expect(misuse(() => heap.free(block)).message).toBe(message());
    expect(misuse(() => heap.freeSized(block, 100)).message).toBe(message());
  });

  it('is told together with the block that lies there now', () => {
    const next = heap.malloc(100);
    heap.free(block);
    heap.free(next);
    heap.flush();
    const now = heap.malloc(1000);
    expect(now).toBe(block);
    const offset = next - now;
    const there = `  there now: offset ${offset} of allocation 3 (1000 bytes at ${hex(now)}, tag parser)`;
    expect(misuse(() => heap.free(next)).message).toBe(
      [
        `double free of allocation 2 (100 bytes at ${hex(next)}, tag parser)`,
        there,
        '  what to do: set each variable with the address to 0 when the block is freed',
        HINT,
      ].join('\n'),
    );
    expect(misuse(() => heap.realloc(next, 1)).message).toContain(`tag parser)\n${there}\n`);
    heap.free(now);
    expect(misuse(() => heap.free(next)).message).toContain(
      `\n  there now: offset ${offset} of the freed allocation 3 (1000 bytes at ${hex(now)}`,
    );
  });

  it('is not taken for one when the address belongs to a new block', () => {
    heap.free(block);
    heap.flush();
    const again = heap.malloc(100);
    expect(again).toBe(block);
    heap.free(again);
    expect(misuse(() => heap.free(again)).block?.serial).toBe(2);
  });
});

describe('a use after the free', () => {
  it.each([
    ['realloc', () => heap.realloc(block, 10)],
    ['resize', () => heap.resize(block, 10)],
    ['usableSize', () => heap.usableSize(block)],
  ] as const)('is found by %s', (operation, action) => {
    heap.free(block);
    const error = misuse(action);
    expect(error.message).toBe(
      [
        `${operation} after the free of allocation 1 (100 bytes at ${hex(block)}, tag parser)`,
        '  what to do: drop the address when the block is freed; after realloc, use what it returned',
        HINT,
      ].join('\n'),
    );
    expect(error).toMatchObject({ kind: 'use-after-free', operation, address: block });
  });

  it('is found at the address that realloc has left', () => {
    const moved = heap.realloc(block, 101);
    expect(moved).not.toBe(block);
    expect(misuse(() => heap.realloc(block, 102)).kind).toBe('use-after-free');
    expect(misuse(() => heap.free(block)).kind).toBe('double-free');
  });
});

describe('an address that is no block', () => {
  it.each([
    ['free', (address: number) => heap.free(address)],
    ['realloc', (address: number) => heap.realloc(address, 10)],
    ['usableSize', (address: number) => heap.usableSize(address)],
    ['freeSized', (address: number) => heap.freeSized(address, 10)],
  ] as const)('is found by %s: inside a block', (operation, action) => {
    for (const offset of [1, 16, 99, 100, -1]) {
      const error = misuse(() => action(block + offset));
      expect(error.message).toBe(
        [
          `${operation}(${hex(block + offset)}): no block, but an address`,
          `  at offset ${offset} of allocation 1 (100 bytes at ${hex(block)}, tag parser)`,
          '  what to do: keep the address that malloc returned, and pass that',
          HINT,
        ].join('\n'),
      );
      expect(error).toMatchObject({ kind: 'interior', operation, address: block + offset });
    }
  });

  it('is found inside a freed block', () => {
    heap.free(block);
    expect(misuse(() => heap.free(block + 16)).message).toContain(
      `  at offset 16 of the freed allocation 1 (100 bytes at ${hex(block)}, tag parser)\n`,
    );
  });

  it.each([2 ** 21, 3, -1, 1.5, Number.NaN])('is found far from all blocks: %d', (address) => {
    const error = misuse(() => heap.free(address));
    const name = Number.isInteger(address) && address >= 0 ? hex(address) : String(address);
    expect(error.message).toBe(
      [
        `free(${name}): no block`,
        '  no block of this heap was ever there, or it was freed long ago',
        '  what to do: pass an address only to the heap that returned it',
      ].join('\n'),
    );
    expect(error).toMatchObject({ kind: 'foreign', block: null, damage: null });
  });

  it('is found where the wrapped heap was asked itself', () => {
    const below = heap.heap.malloc(50);
    expect(misuse(() => heap.free(below)).message).toContain(
      `free(${hex(below)}): no block\n  the block there was taken from the wrapped heap itself\n`,
    );
    heap.heap.free(below);
  });
});

describe('freeSized', () => {
  it('finds another size', () => {
    const error = misuse(() => heap.freeSized(block, 99));
    expect(error.message).toBe(
      [
        `freeSized: the wrong size for allocation 1 (100 bytes at ${hex(block)}, tag parser)`,
        '  freed with a size of 99',
        '  what to do: pass the size asked for, or use free, which needs none',
        HINT,
      ].join('\n'),
    );
    expect(error.kind).toBe('size-mismatch');
    heap.freeSized(block, 100);
  });

  it('finds another alignment', () => {
    const aligned = heap.alignedAlloc(64, 10);
    const error = misuse(() => heap.freeSized(aligned, 10));
    expect(error.message).toBe(
      [
        `freeSized: the wrong alignment for allocation 2 (10 bytes at ${hex(aligned)}, tag parser)`,
        '  freed with no alignment, asked for with an alignment of 64',
        '  what to do: pass the alignment asked for, or use free',
        HINT,
      ].join('\n'),
    );
    expect(error.kind).toBe('alignment-mismatch');
    expect(misuse(() => heap.freeSized(block, 100, 16)).message).toContain(
      '  freed with an alignment of 16, asked for with no alignment\n',
    );
    heap.freeSized(aligned, 10, 64);
  });
});

describe('with call stacks', () => {
  /** More than `return traced.malloc(10)`: a function that ends in a call has no frame in JavaScriptCore. */
  function allocatesHere(traced: DebugHeap): number {
    const address = traced.malloc(10);
    expect(address).not.toBe(0);
    return address;
  }

  function freesHere(traced: DebugHeap, address: number): void {
    traced.free(address);
  }

  it('tells who allocated and who freed, in lines of 80 columns', () => {
    const traced = make({ stackDepth: 3 });
    const address = allocatesHere(traced);
    freesHere(traced, address);
    const error = misuse(() => traced.free(address));
    expect(error.message).toMatch(
      /^double free of .*\n {2}allocated by allocatesHere \(.*:\d+:\d+\)\n( {15}.*\n){2} {2}freed by freesHere \(.*:\d+:\d+\)\n( {11}.*\n){2} {2}what to do: .*$/,
    );
    for (const line of error.message.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    // In a line the left of a long location is cut; vite's in a browser are long.
    const here = expect.stringMatching(/misuse\.test\.ts(\?.*)?:\d+:\d+$/);
    expect(error.allocatedBy[0]).toEqual({ name: 'allocatesHere', location: here });
    expect(error.freedBy[0]).toEqual({ name: 'freesHere', location: here });
  });

  it('tells it where the engine has no captureStackTrace', () => {
    const { captureStackTrace } = Error;
    const errors: HeapMisuseError[] = [];
    Reflect.deleteProperty(Error, 'captureStackTrace');
    try {
      const traced = make({ stackDepth: 2 });
      const address = allocatesHere(traced);
      freesHere(traced, address);
      errors.push(misuse(() => traced.free(address)));
      const other = allocatesHere(traced);
      (function movesHere() {
        traced.realloc(other, 20);
      })();
      errors.push(misuse(() => traced.free(other)));
    } finally {
      Object.defineProperty(Error, 'captureStackTrace', {
        value: captureStackTrace,
        configurable: true,
        writable: true,
      });
    }
    const names = errors.map(({ allocatedBy, freedBy }) => [allocatedBy[0]!.name, freedBy[0]!.name]);
    expect(names).toEqual([
      ['allocatesHere', 'freesHere'],
      ['allocatesHere', 'movesHere'],
    ]);
    expect(errors[0]!.allocatedBy.length).toBe(2);
  });

  it('leaves the length of other stacks as it was', () => {
    const before = Error.stackTraceLimit;
    make({ stackDepth: 50 }).malloc(1);
    expect(Error.stackTraceLimit).toBe(before);
  });
});

describe('onMisuse', () => {
  it('hears everything, and the heap goes on', () => {
    const heard: string[] = [];
    const lenient = make({ onMisuse: (error) => heard.push(error.kind), quarantine: 300 });
    const [a, b, c] = [lenient.malloc(10), lenient.malloc(10), lenient.malloc(10)];
    lenient.view[a + 10] = 0;
    lenient.view[a - 1] = 0;
    lenient.free(a);
    lenient.free(a);
    lenient.free(b + 1);
    lenient.view[a] = 0;
    lenient.check();
    expect(lenient.realloc(a, 5)).toBe(0);
    expect(lenient.usableSize(a)).toBe(0);
    lenient.freeSized(b, 11, 32);
    lenient.free(c);
    lenient.flush();
    expect(heard).toEqual([
      'overflow',
      'underflow',
      'double-free',
      'interior',
      'write-after-free',
      'use-after-free',
      'use-after-free',
      'size-mismatch',
      'alignment-mismatch',
      'write-after-free',
    ]);
    expect(lenient.summary()).toMatchObject({ liveBlocks: 0, frees: 3, spoiltBlocks: 1 });
  });
});

it('is told in lines of 80 columns, broken where they are longer', () => {
  heap.tag = 'names of all who have ever been in the house, and of those who have not';
  const named = heap.malloc(1_000_000);
  heap.view[named - 1] = 0;
  const [first, second, ...rest] = misuse(() => heap.free(named)).message.split('\n');
  expect(`${first!} ${second!.trimStart()}`).toBe(
    `write before the start of allocation 2 (1000000 bytes at ${hex(named)}, tag ${heap.tag})`,
  );
  for (const line of [first!, second!, ...rest]) expect(line.length).toBeLessThanOrEqual(80);
});

it('goes to JSON whole', () => {
  heap.view[block + 100] = 0x41;
  const error = misuse(() => heap.check());
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    kind: 'overflow',
    operation: 'check',
    address: block,
    block: { serial: 1, address: block, size: 100, tag: 'parser' },
    damage: { offset: 100, found: 0x41, expected: 0xcc, length: 1 },
    allocatedBy: [],
    freedBy: [],
    message: error.message,
  });
});
