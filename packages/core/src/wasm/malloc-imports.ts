/**
 * C's memory functions for a WebAssembly module, served by a heap in the module's own memory.
 *
 * The heap lies above `__heap_base`, where a module compiled by clang ends its data and stack, and grows the memory as
 * it needs. Pages that the module or anybody else adds are seen at the next call: no view is kept here. They are the
 * heap's, up to its `limit`; a module that wants pages of its own takes them with malloc.
 *
 * Cost: a call from WebAssembly to JavaScript, 10 to 20 ns in V8, on top of the heap's.
 *
 * Not for memory64: its sizes and addresses are i64, and those of the heap end at 4 GiB.
 */
import { isPowerOfTwo } from '../arguments.js';
import { display } from '../display.js';
import { Heap } from '../heap/heap.js';
import type { HeapOptions } from '../heap/options.js';
import type { BufferOf, WasmMemory } from '../memory/memory.js';

/** What of a heap C's functions use: a `Heap`, or a `DebugHeap` around one. */
export type MallocHeap = Pick<
  Heap,
  'malloc' | 'calloc' | 'realloc' | 'free' | 'alignedAlloc' | 'usableSize' | 'view'
>;

/** Addresses and sizes are i32 as WebAssembly hands them over: signed, to be read as unsigned. */
export interface MallocImports {
  malloc(size: number): number;
  calloc(count: number, size: number): number;
  realloc(block: number, size: number): number;
  free(block: number): void;
  aligned_alloc(alignment: number, size: number): number;
  posix_memalign(result: number, alignment: number, size: number): number;
  malloc_usable_size(block: number): number;
  /** Import objects are open lists. */
  [name: string]: (...args: number[]) => unknown;
}

/** The numbers of wasi-libc and Emscripten. */
const EINVAL = 28;
const ENOMEM = 48;
/** PTRDIFF_MAX: in a larger block C could not subtract pointers. */
const BYTES_MAX = 0x7fff_ffff;
const POINTER_BYTES = 4;

/**
 * The functions by which C asks for memory, to be imported by a module.
 *
 * As in C, NULL is the answer when there is no room, and to sizes and products above PTRDIFF_MAX; `free(NULL)` does
 * nothing; `malloc(0)` is a block of its own; `posix_memalign` answers 0, EINVAL or ENOMEM by the numbers of wasi-libc
 * and Emscripten and leaves `*result` alone on failure. A block that C may not free throws the heap's error, a `result`
 * that lies outside of the memory a RangeError, an argument that is not an i32 a TypeError; nothing is changed then. The
 * error unwinds the module's frames up to whoever called it.
 *
 * @param heap or a function that gives it, called once at the first call of any import: a module that exports its
 *   memory must be instantiated before a heap can be made in it
 * @example
 * ```js
 * const memory = new WebAssembly.Memory({ initial: 1 });
 * const env = { memory, ...mallocImports(Heap.create(memory, { base: 1024 })) };
 * // await WebAssembly.instantiate(bytes, { env }), and what the module's calls give:
 * env.malloc(100);   // => 1168
 * // SIZE_MAX, as wasm hands it over: NULL.
 * env.malloc(-1);   // => 0
 * // Where the module exports its memory, the heap is made at the first call:
 * // const { instance } = await WebAssembly.instantiate(bytes, {
 * //   env: mallocImports(() => heapOfModule(instance.exports)),
 * // });
 * ```
 */
export function mallocImports(heap: MallocHeap | (() => MallocHeap)): MallocImports {
  if (typeof heap !== 'function' && typeof heap?.malloc !== 'function') {
    throw new TypeError(`mallocImports takes a heap, or a function that gives one, got ${display(heap)}`);
  }
  let made: MallocHeap | null = typeof heap === 'function' ? null : heap;
  const make = (): MallocHeap => {
    made = typeof heap === 'function' ? heap() : heap;
    return made;
  };
  const aligned = (alignment: number, size: number): number =>
    size > BYTES_MAX || alignment > BYTES_MAX ? 0 : (made ?? make()).alignedAlloc(alignment, size);
  return {
    malloc(size) {
      const bytes = word('size', size);
      return bytes > BYTES_MAX ? 0 : (made ?? make()).malloc(bytes);
    },
    calloc(count, size) {
      const blocks = word('count', count);
      const bytes = word('size', size);
      return blocks * bytes > BYTES_MAX ? 0 : (made ?? make()).calloc(blocks, bytes);
    },
    realloc(block, size) {
      const bytes = word('size', size);
      const address = word('block', block);
      return bytes > BYTES_MAX ? 0 : (made ?? make()).realloc(address, bytes);
    },
    free(block) {
      const address = word('block', block);
      if (address !== 0) (made ?? make()).free(address);
    },
    aligned_alloc(alignment, size) {
      const multiple = word('alignment', alignment);
      const bytes = word('size', size);
      return isPowerOfTwo(multiple) ? aligned(multiple, bytes) : 0;
    },
    posix_memalign(result, alignment, size) {
      const at = word('result', result);
      const multiple = word('alignment', alignment);
      const bytes = word('size', size);
      if (!isPowerOfTwo(multiple) || multiple < POINTER_BYTES) return EINVAL;
      checkPointer(at, (made ?? make()).view.length);
      const block = aligned(multiple, bytes);
      if (block === 0) return ENOMEM;
      // Asked for anew: the memory may have grown just now.
      const { view } = made ?? make();
      for (let byte = 0; byte < POINTER_BYTES; byte++) view[at + byte] = block >>> (8 * byte);
      return 0;
    },
    malloc_usable_size(block) {
      const address = word('block', block);
      return address === 0 ? 0 : (made ?? make()).usableSize(address);
    },
  };
}

/**
 * The 32 bits that WebAssembly passes, as unsigned.
 * @throws TypeError for what no i32 is, signed or unsigned: `>>> 0` would make an address of it
 */
function word(name: string, value: number): number {
  if (typeof value === 'number') {
    const bits = value >>> 0;
    if (bits === value || (value | 0) === value) return bits;
  }
  throw new TypeError(`${name} must be an i32, a whole number of 32 bits, got ${display(value)}`);
}

/** @throws RangeError unless a pointer may be written to `at`: where C would trap */
function checkPointer(at: number, memoryBytes: number): void {
  if (at + POINTER_BYTES > memoryBytes) {
    throw new RangeError(
      `result must point to ${POINTER_BYTES} bytes of the memory, which ends at ${memoryBytes}, got ${at}`,
    );
  }
}

/**
 * A heap in the memory of an instantiated module, above its data and stack.
 * @param exports of the instance: `memory`, and `__heap_base`, which wasm-ld exports with `--export=__heap_base`
 * @param options as of `Heap.create`; `base` only to leave room above `__heap_base`
 * @throws TypeError where one of the two is missing, saying how to link the module; RangeError for a bad option
 * @example
 * ```js
 * // In place of `instance.exports` of a module with 66560 bytes of data and stack:
 * const exports = {
 *   memory: new WebAssembly.Memory({ initial: 2 }),
 *   __heap_base: new WebAssembly.Global({ value: 'i32' }, 66560),
 * };
 * const heap = heapOfModule(exports);
 * [heap.base, heap.malloc(100) > heap.base];   // => [66560, true]
 * heapOfModule({ memory: exports.memory });   // => throws TypeError: -Wl,--export=__heap_base
 * ```
 */
export function heapOfModule<E extends Readonly<Record<string, unknown>>>(
  exports: E,
  options: HeapOptions = {},
): Heap<BufferOf<E['memory']>> {
  if (typeof exports !== 'object' || exports === null) {
    throw new TypeError(`heapOfModule takes the exports of an instance, got ${display(exports)}`);
  }
  const { memory, __heap_base: heapBase } = exports;
  if (!isMemory(memory)) {
    throw new TypeError(
      `the module exports no memory under the name "memory" but ${names(exports)}; one that imports its memory: use Heap.create`,
    );
  }
  const end = isGlobal(heapBase) ? heapBase.value : null;
  if (typeof end === 'bigint') {
    throw new TypeError(
      'the module has 64-bit addresses (memory64; its __heap_base is an i64), but a heap has 32-bit addresses',
    );
  }
  const least = end === null ? null : end >>> 0;
  const base = options.base ?? least;
  if (base === null) {
    throw new TypeError(
      `the module exports no __heap_base, the end of its data, but ${names(exports)}; link it with -Wl,--export=__heap_base`,
    );
  }
  if (least !== null && typeof base === 'number' && base < least) {
    throw new RangeError(
      `base must be at least ${least}, where the data and stack of the module end (__heap_base), got ${base}`,
    );
  }
  return Heap.create(memory, { ...options, base }) as Heap<BufferOf<E['memory']>>;
}

function isMemory(value: unknown): value is WasmMemory {
  return typeof value === 'object' && value !== null && 'buffer' in value && 'grow' in value;
}

function isGlobal(value: unknown): value is { readonly value: number | bigint } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'value' in value &&
    ['number', 'bigint'].includes(typeof value.value)
  );
}

function names(exports: Readonly<Record<string, unknown>>): string {
  return Object.keys(exports).join(', ') || 'nothing';
}
