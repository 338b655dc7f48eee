/** Real C programs on a debugging heap: no misuse in them, whatever allocation fails; and misuse in C is found. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DebugHeap } from '../../src/heap-debug/debug-heap.js';
import type { HeapMisuseError } from '../../src/heap-debug/misuse.js';
import type { DebugHeapOptions } from '../../src/heap-debug/options.js';
import { heapOfModule } from '../../src/wasm/malloc-imports.js';
import { type Exports, luaImports, NOT_BUILT, type Program, run } from './program.js';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const built = (name: string) => path(`../../../../build/wasm/${name}`);

type Debugged = Omit<Program, 'heap'>;

/** Runs the program with request number `failing` failing. */
function debug(program: Debugged, failing = 0, options: DebugHeapOptions = {}) {
  const made: DebugHeap[] = [];
  const heap = (exports: Exports) => {
    const heap = new DebugHeap(heapOfModule(exports), options);
    if (failing > 0) heap.faults.failAt(failing);
    made.push(heap);
    return heap;
  };
  const { status, output } = run({ ...program, heap });
  return { status, output, heap: made[0] };
}

const words = { wasm: path('words/words.wasm'), input: path('words/words.c') };

describe('words', () => {
  it('has no misuse, and leaks only what its libc keeps', () => {
    const { status, output, heap } = debug(words);
    expect(output).toBe(readFileSync(path('words/expected.txt'), 'utf8'));
    expect(status).toBe(0);
    heap.check();
    expect(heap.summary().liveBlocks).toBeLessThanOrEqual(2);
  });

  it('has none either when an allocation fails, and says that it did', () => {
    const { heap: whole } = debug(words);
    const { allocations } = whole.summary();
    expect(allocations).toBeGreaterThan(10_000);
    for (let n = 1; n < allocations; n = Math.ceil(n * 1.5)) {
      const { status, output, heap } = debug(words, n);
      expect(heap.faults.failed).toBe(1);
      expect(heap.damages()).toEqual([]);
      expect([status, output.slice(-14)], `request ${n}`).toEqual([3, 'out of memory\n']);
    }
  });
});

describe('faults in C', () => {
  /** What the program of that letter does wrong. */
  function misuse(letter: string, options: DebugHeapOptions = {}): HeapMisuseError[] {
    const errors: HeapMisuseError[] = [];
    const program = { wasm: path('faults/faults.wasm'), input: path('faults/faults.c'), args: [letter] };
    const { status, heap } = debug(program, 0, { ...options, onMisuse: (error) => errors.push(error) });
    expect(status).toBe(0);
    heap.check();
    return errors;
  }

  it.each([
    ['strcpy without room for the end', 'o', 'overflow', 'free', { offset: 8, found: 0, length: 1 }],
    ['a loop that goes down to -1', 'u', 'underflow', 'free', { offset: -4, length: 4 }],
    ['a list that is used after its free', 'w', 'write-after-free', 'check', { offset: 0, length: 4 }],
    ['an error path that frees twice', 'd', 'double-free', 'free', null],
    ['a pointer that was moved', 'i', 'interior', 'free', null],
    ['a pointer to no block', 'f', 'foreign', 'free', null],
    ['the old pointer after realloc', 'r', 'use-after-free', 'realloc', null],
  ] as const)('%s', (_name, letter, kind, operation, damage) => {
    const errors = misuse(letter);
    expect(errors.map((error) => error.kind)).toEqual([kind]);
    expect(errors[0].operation).toBe(operation);
    if (damage === null) expect(errors[0].damage).toBe(null);
    else expect(errors[0].damage).toMatchObject(damage);
  });

  it('are told with the names of the functions in C', () => {
    const [error] = misuse('d', { stackDepth: 12 });
    const names = (frames: HeapMisuseError['freedBy']) => frames.map(({ name }) => name);
    expect(names(error!.allocatedBy)).toContain('make_list');
    expect(names(error!.freedBy)).toContain('drop_list');
    expect(error!.message).toMatch(/\n {15}make_list \(.*wasm-function(\[\d+\]:0x[0-9a-f]+)?\)\n/);
  });

  it('unwind the program where nobody hears them', () => {
    const program = { wasm: path('faults/faults.wasm'), input: path('faults/faults.c'), args: ['d'] };
    expect(() => debug(program)).toThrow(
      /^double free of allocation \d+ \(8 bytes at 0x[0-9a-f]+\)\n {2}what to do: /,
    );
  });

  it('are leaks too', () => {
    const program = { wasm: path('faults/faults.wasm'), input: path('faults/faults.c'), args: ['l'] };
    const { heap } = debug(program, 0, { stackDepth: 12 });
    const [group] = heap.leaks('stack').filter(({ bytes }) => bytes === 24);
    expect(group).toMatchObject({ blocks: 3, largest: 8 });
    expect(group!.stack.map(({ name }) => name)).toContain('make_list');
  });
});

/** Lua collects garbage and tries again when an allocation fails: every run but the first goes to the end. */
const LUA = `
  local list = {}
  for i = 1, 3000 do list[i] = ('key ' .. i * 7919 % 3001):rep(i % 5 + 1) end
  table.sort(list)
  local squares = coroutine.wrap(function() for i = 1, 100 do coroutine.yield({ i * i }) end end)
  local sum = 0
  for i = 1, 100 do sum = sum + squares()[1] end
  for i = 1, 100 do pcall(error, { i }) end
  assert(load('return ' .. table.concat({ 1, 2, 3 }, '+'))() == 6 and sum == 338350)
`;

describe.each([
  {
    name: 'SQLite',
    wasm: built('sqlite.wasm'),
    input: path('sqlite/workload.sql'),
    failing: [0, 10, 1e3, 3e4],
  },
  {
    name: 'Lua',
    wasm: built('lua.wasm'),
    input: path('lua/workload.lua'),
    args: ['-e', LUA],
    imports: luaImports,
    failing: [0, 1, 10, 100, 1e3, 5e3],
  },
])('$name', ({ failing, ...program }) => {
  const there = existsSync(program.wasm);

  it.skipIf(!there)(`has no misuse, whatever allocation fails${there ? '' : ` (${NOT_BUILT})`}`, () => {
    for (const n of failing) {
      const { heap } = debug(program, n);
      expect(heap.faults.failed).toBe(n === 0 ? 0 : 1);
      heap.check();
      // What WASI's libc keeps.
      expect(heap.summary().liveBlocks).toBeLessThanOrEqual(2);
    }
  });
});
