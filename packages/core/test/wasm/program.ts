/** Runs C programs that were compiled for WASI, with a heap of freehold for their malloc. */
import { readFileSync } from 'node:fs';
import { type MallocHeap, mallocImports } from '../../src/wasm/malloc-imports.js';
import { Wasi } from './wasi.js';

/** Why a test is skipped. */
export const NOT_BUILT = 'not built: run npm run test:wasm';

export type Exports = Record<string, unknown>;

export interface Program {
  /** Path of the module. */
  readonly wasm: string;
  /** Path of the file that is its standard input. */
  readonly input: string;
  readonly args?: readonly string[];
  /** Makes the heap in the instantiated module. */
  readonly heap: (exports: Exports) => MallocHeap;
  /** What it imports besides WASI and malloc. */
  readonly imports?: (exports: () => Exports) => WebAssembly.Imports;
}

/** Runs the program to its end. @returns its exit status and what it wrote to standard output */
export function run({ wasm, input, args = [], heap, imports }: Program): { status: number; output: string } {
  const wasi = new Wasi([wasm, ...args], readFileSync(input));
  const module = new WebAssembly.Module(readFileSync(wasm));
  const exports = (): Exports => instance.exports;
  const instance = new WebAssembly.Instance(module, {
    ...wasi.imports(module),
    ...imports?.(exports),
    freehold: mallocImports(() => heap(exports())),
  });
  return wasi.start(instance);
}

/**
 * What Lua imports instead of longjmp: the host calls the protected function, and its own exception unwinds the frames.
 * See lua/wasi/lua-wasi.h.
 */
export function luaImports(exports: () => Exports): WebAssembly.Imports {
  const unwinding = new Error('unwinding');
  return {
    lua: {
      try(f: number, state: number, argument: number): void {
        const { __indirect_function_table: table, __stack_pointer: stackPointer } = exports();
        if (!(table instanceof WebAssembly.Table && stackPointer instanceof WebAssembly.Global)) {
          throw new TypeError('the module must export its table and its stack pointer');
        }
        const stack: unknown = stackPointer.value;
        try {
          table.get(f)(state, argument);
        } catch (error) {
          if (error !== unwinding) throw error;
          stackPointer.value = stack;
        }
      },
      throw(): never {
        throw unwinding;
      },
    },
  };
}
