/**
 * What TypeScript makes of a heap's views: compiled by the check of types, never run. A view of unshared bytes is taken
 * where the Web's interfaces refuse shared ones.
 */
import {
  type Bytes,
  type CustomMemory,
  DebugHeap,
  Heap,
  type HeapInterface,
  heapOfModule,
  Memory,
} from 'freehold';

/** As TypeScript's DOM types have them. */
declare function getRandomValues<T extends ArrayBufferView<ArrayBuffer>>(array: T): T;
declare class Blob {
  constructor(parts: readonly (ArrayBuffer | ArrayBufferView<ArrayBuffer> | string)[]);
}
interface WebMemory {
  readonly buffer: ArrayBuffer;
  grow(delta: number): number;
}
declare const web: WebMemory;
declare const custom: CustomMemory<ArrayBuffer>;
declare const either: Bytes;
/** As esnext has it: the programs of this repository are compiled without. */
interface Float16Array<B extends Bytes = Bytes> {
  readonly [Symbol.toStringTag]: 'Float16Array';
  readonly BYTES_PER_ELEMENT: number;
  readonly buffer: B;
  readonly byteLength: number;
  readonly byteOffset: number;
  readonly length: number;
  [index: number]: number;
}
declare const Float16Array: {
  readonly BYTES_PER_ELEMENT: number;
  new (length?: number): Float16Array<ArrayBuffer>;
  new <B extends Bytes = ArrayBuffer>(buffer: B, byteOffset?: number, length?: number): Float16Array<B>;
};

export function unshared(): unknown {
  const heap = Heap.create(new ArrayBuffer(65536));
  const debug = new DebugHeap(heap);
  const heaps: readonly Heap<ArrayBuffer>[] = [
    heap,
    Heap.attach(heap.buffer),
    Heap.create(new Memory(heap.buffer)),
    Heap.create(web),
    Heap.create(custom),
    Heap.create({ buffer: () => new ArrayBuffer(8) }),
    heapOfModule({ memory: web }),
  ];
  const any: HeapInterface<ArrayBuffer> = debug;
  const half: number = heap.array(Float16Array, 4)!.view[0];
  return [
    heaps.map((each) => new Blob([getRandomValues(each.view)])),
    getRandomValues(any.view),
    getRandomValues(heap.array(Uint32Array, 4)!.view),
    getRandomValues(debug.array(Float32Array, 4)!.view),
    half,
  ];
}

export function shared(): unknown {
  const heap = Heap.create(new SharedArrayBuffer(65536));
  const buffer: SharedArrayBuffer = heap.buffer;
  const shared: Heap<SharedArrayBuffer> = heap;
  // Any heap is one of either buffer.
  const plain: Heap = shared;
  return [
    buffer,
    plain,
    // @ts-expect-error its bytes are shared
    getRandomValues(heap.view),
    // @ts-expect-error a Blob takes no shared bytes
    new Blob([heap.view]),
    // @ts-expect-error an array on shared bytes is shared too
    getRandomValues(heap.array(Uint8Array, 4)!.view),
    // @ts-expect-error so is what a DebugHeap shows of them
    getRandomValues(new DebugHeap(heap).view),
    // @ts-expect-error its bytes may be shared
    getRandomValues(Heap.create(either).view),
    // @ts-expect-error nothing tells what a module exports
    getRandomValues(heapOfModule({} as Record<string, unknown>).view),
    // @ts-expect-error not a typed array
    shared.array(DataView, 4),
    // @ts-expect-error a view, not a memory
    Heap.create(new Uint16Array(8)),
    // @ts-expect-error grow is a function, or absent
    Heap.create({ buffer: () => new ArrayBuffer(8), grow: 5 }),
  ];
}
