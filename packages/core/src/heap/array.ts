/// <reference lib="esnext.disposable" preserve="true" />
/** Typed arrays on blocks of a heap. Their views are made anew when the memory has grown; freed by hand or by `using`. */
import { checkAddress } from '../arguments.js';
import { display } from '../display.js';
import type { Bytes, Memory } from '../memory/memory.js';
import { INSPECT, summary } from '../summary.js';
import { checkCount } from './options.js';

/** What tells a Float16Array from the others, for programs whose types know none: it came with ES2025. */
export interface HalfArray extends ArrayBufferView {
  readonly [Symbol.toStringTag]: 'Float16Array';
  readonly BYTES_PER_ELEMENT: number;
  readonly length: number;
  [index: number]: number;
}

export type NumericArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | HalfArray
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

export interface NumericArrayConstructor<T extends NumericArray> {
  readonly BYTES_PER_ELEMENT: number;
  readonly prototype: object;
  new (buffer: ArrayBuffer | SharedArrayBuffer, byteOffset: number, length: number): T;
}

/** The same kind of array on a buffer of kind `B`; a Float16Array stays as its constructor's type has it. */
export type ArrayOn<T extends NumericArray, B extends Bytes> = T extends Int8Array
  ? Int8Array<B>
  : T extends Uint8Array
    ? Uint8Array<B>
    : T extends Uint8ClampedArray
      ? Uint8ClampedArray<B>
      : T extends Int16Array
        ? Int16Array<B>
        : T extends Uint16Array
          ? Uint16Array<B>
          : T extends Int32Array
            ? Int32Array<B>
            : T extends Uint32Array
              ? Uint32Array<B>
              : T extends Float32Array
                ? Float32Array<B>
                : T extends Float64Array
                  ? Float64Array<B>
                  : T extends BigInt64Array
                    ? BigInt64Array<B>
                    : T extends BigUint64Array
                      ? BigUint64Array<B>
                      : T;

/** @throws TypeError unless it is the constructor of a typed array */
export function checkArrayType(type: NumericArrayConstructor<NumericArray>): void {
  // In JavaScriptCore DataView has BYTES_PER_ELEMENT too.
  if (
    typeof type !== 'function' ||
    typeof type.BYTES_PER_ELEMENT !== 'number' ||
    !('subarray' in type.prototype)
  ) {
    throw new TypeError(
      `type must be the constructor of a typed array, such as Float32Array, got ${display(type)}`,
    );
  }
}

/** What an array needs of its heap. */
interface ArrayOwner {
  readonly memory: Pick<Memory, 'replaces'>;
  readonly buffer: Bytes;
  free(address: number): void;
}

/** The array on the live block at `address`, which holds `length` elements. */
export function arrayOn<T extends NumericArray, B extends Bytes>(
  heap: ArrayOwner & { readonly buffer: B },
  type: NumericArrayConstructor<T>,
  address: number,
  length: number,
): HeapArray<ArrayOn<T, B>> {
  return new HeapArray(heap, type as unknown as NumericArrayConstructor<ArrayOn<T, B>>, address, length);
}

/**
 * A typed array on a block of a heap, as `Heap.array` and `DebugHeap.array` make it. Its `view` is made anew after
 * each growth of the memory; the block is given back by `free`, or by `using` at the end of the scope.
 * @example
 * ```js
 * const heap = Heap.create(new WebAssembly.Memory({ initial: 1 }));
 * const samples = heap.array(Int16Array, 3);
 * samples.view.set([7, 8, 9]);
 * // Growth detaches all views of a WebAssembly.Memory; the next `view` is a new one.
 * heap.malloc(100_000);
 * [...samples.view];   // => [7, 8, 9]
 * ```
 */
export class HeapArray<T extends NumericArray> {
  readonly length: number;
  private readonly heap: ArrayOwner;
  private readonly type: NumericArrayConstructor<T>;
  private blockAddress: number;
  private lastView: T | null = null;

  /**
   * Programs call `heap.array(type, length)`, which takes a block besides.
   * @param address of a live block that holds `length` elements
   * @throws TypeError for what is no heap or no constructor of typed arrays, RangeError or InvalidFreeError for another
   *   length or address than a number
   */
  constructor(heap: ArrayOwner, type: NumericArrayConstructor<T>, address: number, length: number) {
    if (typeof heap?.free !== 'function' || typeof heap.memory?.replaces !== 'boolean') {
      throw new TypeError(`an array of a heap is made by heap.array(type, length), got ${display(heap)}`);
    }
    checkArrayType(type);
    checkAddress(address);
    checkCount('length', length);
    this.heap = heap;
    this.type = type;
    this.blockAddress = address;
    this.length = length;
  }

  /** Of the block; 0 once it is freed. */
  get address(): number {
    return this.blockAddress;
  }

  /**
   * The elements. Not to be kept across calls that may grow the memory: ask for it again, which costs a comparison.
   * @throws Error when the array has been freed
   */
  get view(): T {
    const view = this.lastView;
    // What is not detached lies on the block's bytes still, but where another buffer may have come in place of theirs.
    if (view !== null && view.length === this.length && view.length !== 0 && !this.heap.memory.replaces) {
      return view;
    }
    return this.viewNow();
  }

  private viewNow(): T {
    if (this.blockAddress === 0) throw new Error('this array of the heap has been freed');
    const { buffer } = this.heap;
    if (this.lastView?.buffer !== buffer || this.lastView.length !== this.length) {
      const type = this.type;
      this.lastView = new type(buffer, this.blockAddress, this.length);
    }
    return this.lastView;
  }

  /**
   * Gives the block back, the first time; later calls do nothing.
   * @throws as the heap's `free`, and is not freed then
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536));
   * const samples = heap.array(Uint8Array, 100);
   * samples.free();
   * samples.free();
   * samples.address;   // => 0
   * samples.view;   // => throws Error: has been freed
   * ```
   */
  free(): void {
    this.heap.free(this.blockAddress);
    this.blockAddress = 0;
    this.lastView = null;
  }

  [Symbol.dispose](): void {
    this.free();
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536));
   * heap.array(Int16Array, 3).toJSON().type;   // => 'Int16Array'
   * ```
   */
  toJSON(): object {
    return { type: this.type.name, address: this.address, length: this.length };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}
