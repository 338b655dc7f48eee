/** The heap as an arena: C's calls as they are, on real bytes, which grow on demand or are as many as the capacity says. */
import { Heap, HeapAllocator, InvalidFreeError, type WasmMemory } from 'freehold';
import type { Settings } from '../metrics/comparison.js';
import type { Arena } from './arena.js';

const MOST_BYTES = 2 ** 32;
const PAGE = 65536;
/** In less than this no heap has room for its bookkeeping and a block. */
const LEAST_BYTES = 256;

/** What of WebAssembly is used here: its types come with the DOM's, which a program for Node does not load. */
const { WebAssembly } = globalThis as unknown as {
  readonly WebAssembly: { Memory: new (pages: { initial: number; maximum: number }) => WasmMemory };
};

export class HeapArena implements Arena {
  readonly allocator: HeapAllocator;
  readonly align: number;
  readonly keepsAlignment = true;
  readonly #heap: Heap;
  /** What each request asks for; 0 where the heap's own alignment sees to it, as malloc and calloc do. */
  readonly #leastAlign: number;
  /** Whether the capacity holds no heap: every request is refused. */
  readonly #none: boolean;

  constructor({ align, capacity }: Settings, alignment: 8 | 16, checked: boolean) {
    const memory =
      capacity === null
        ? // A resizable ArrayBuffer would grow as well, but V8 takes up to twice the time for views of one.
          new WebAssembly.Memory({ initial: 1, maximum: MOST_BYTES / PAGE })
        : new ArrayBuffer(Math.min(Math.max(capacity, LEAST_BYTES), MOST_BYTES));
    this.#none = capacity !== null && capacity < LEAST_BYTES;
    this.#heap = Heap.create(memory, { alignment, checked, zeroed: true });
    this.allocator = new HeapAllocator(this.#heap);
    this.align = align;
    this.#leastAlign = align > alignment ? align : 0;
  }

  allocate(size: number, align: number): number | null {
    const least = Math.max(align, this.#leastAlign);
    if (least > 2 ** 31 || this.#none) return null;
    const address = least <= 1 ? this.#heap.malloc(size) : this.#heap.alignedAlloc(least, size);
    return address === 0 ? null : address;
  }

  allocateZeroed(size: number): number | null {
    if (this.#leastAlign === 0 && !this.#none) {
      const address = this.#heap.calloc(1, size);
      return address === 0 ? null : address;
    }
    const address = this.allocate(size, 1);
    if (address !== null) this.bytes().fill(0, address, address + size);
    return address;
  }

  reallocate(address: number, size: number): number | null {
    if (address === 0) throw new InvalidFreeError(address, 'outside');
    const moved = this.#heap.realloc(address, size);
    return moved === 0 ? null : moved;
  }

  free(address: number): void {
    // To C these are calls without a block; to an arena they are mistakes.
    if (address === 0) throw new InvalidFreeError(address, 'outside');
    this.#heap.free(address);
  }

  bytes(): Uint8Array {
    return this.#heap.view;
  }
}
