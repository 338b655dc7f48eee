/** Typed arrays on blocks of a heap. Their views are made anew when the memory has grown; freed by hand or by `using`. */
import { display } from '../display.js';

export type NumericArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

export interface NumericArrayConstructor<T extends NumericArray> {
  readonly BYTES_PER_ELEMENT: number;
  readonly prototype: object;
  new (buffer: ArrayBuffer | SharedArrayBuffer, byteOffset: number, length: number): T;
}

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
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  free(address: number): void;
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

  /** @param address of a live block that holds `length` elements */
  constructor(heap: ArrayOwner, type: NumericArrayConstructor<T>, address: number, length: number) {
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
}
