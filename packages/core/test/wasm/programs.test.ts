/**
 * Real C programs on freehold's heap print what they print natively. SQLite and Lua are built by `npm run test:wasm`,
 * which needs a compiler; the module of words/ is committed.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Heap } from '../../src/heap/heap.js';
import { heapOfModule } from '../../src/wasm/malloc-imports.js';
import { type Exports, luaImports, NOT_BUILT, type Program, run } from './program.js';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const built = (name: string) => path(`../../../../build/wasm/${name}`);

const words = { wasm: path('words/words.wasm'), input: path('words/words.c') };
const real: (Omit<Program, 'heap'> & { name: string; native: string; operations: number })[] = [
  {
    name: 'SQLite',
    wasm: built('sqlite.wasm'),
    native: built('sqlite.native'),
    input: path('sqlite/workload.sql'),
    operations: 200_000,
  },
  {
    name: 'Lua',
    wasm: built('lua.wasm'),
    native: built('lua.native'),
    input: path('lua/workload.lua'),
    args: ['-'],
    imports: luaImports,
    operations: 1_000_000,
  },
];

describe('words', () => {
  const expected = readFileSync(path('words/expected.txt'), 'utf8');

  it.each([
    { alignment: 16, checked: true },
    { alignment: 8, checked: true },
    { alignment: 16, checked: false },
  ] as const)('prints what it prints natively, %o', (options) => {
    const made: Heap[] = [];
    const heap = (exports: Exports) => {
      made.push(heapOfModule(exports, options));
      return made[0];
    };
    expect(run({ ...words, heap })).toEqual({ status: 0, output: expected });
    expect(made.length).toBe(1);
    made[0].check();
    // Its libc keeps a table of open folders.
    expect(made[0].stats().usedBlocks).toBeLessThanOrEqual(2);
  });

  it('is told when there is no memory, and says so', () => {
    const limited = (exports: Exports) => heapOfModule(exports, { limit: 100_000 });
    const { status, output } = run({ ...words, heap: limited });
    expect(status).toBe(3);
    expect(output).toMatch(/out of memory\n$/);
  });
});

it.each(['words', 'faults'])('%s.wasm is made from the sources beside it: else run its build.sh', (name) => {
  const sums = readFileSync(path(`${name}/sources.sha256`), 'utf8')
    .trim()
    .split('\n');
  expect(sums.length).toBe(2);
  for (const line of sums) {
    const [sum, file] = line.split(/\s+/);
    expect(
      createHash('sha256')
        .update(readFileSync(path(`${name}/${file!}`)))
        .digest('hex'),
      file,
    ).toBe(sum);
  }
});

describe.each(real)('$name', ({ wasm, native, input, args = [], imports, operations }) => {
  const there = existsSync(wasm) && existsSync(native);

  it.skipIf(!there)(`prints what it prints natively${there ? '' : ` (${NOT_BUILT})`}`, () => {
    const count = { calls: 0 };
    const made: Heap[] = [];
    const heap = (exports: Exports) => {
      const heap = heapOfModule(exports);
      made.push(heap);
      return counted(heap, count);
    };
    const result = run({ wasm, input, args, heap, ...(imports && { imports }) });
    const expected = nativeRun(native, args, input);
    expect(result).toEqual(expected);
    expect(count.calls).toBeGreaterThan(operations);
    made[0].check();
    expect(made[0].stats().usedBlocks).toBeLessThanOrEqual(2);
  });
});

/** The heap, and a count of the calls that take or give back a block. */
function counted(heap: Heap, count: { calls: number }): Heap {
  for (const name of ['malloc', 'realloc', 'free'] as const) {
    const method: (...args: never[]) => unknown = heap[name].bind(heap);
    Object.defineProperty(heap, name, {
      value: (...args: never[]) => {
        count.calls++;
        return method(...args);
      },
    });
  }
  return heap;
}

function nativeRun(
  native: string,
  args: readonly string[],
  input: string,
): { status: number; output: string } {
  try {
    const output = execFileSync(native, args, {
      input: readFileSync(input),
      encoding: 'utf8',
      stdio: 'pipe',
    });
    return { status: 0, output };
  } catch (error) {
    if (error instanceof Error && 'status' in error && 'stdout' in error) {
      return { status: Number(error.status), output: String(error.stdout) };
    }
    throw error;
  }
}
