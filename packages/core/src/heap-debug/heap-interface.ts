import type { Heap } from '../heap/heap.js';
import type { Bytes } from '../memory/memory.js';

/** What a program uses of a heap, whether it is a `Heap` or a `DebugHeap`. */
export type HeapInterface<B extends Bytes = Bytes> = Pick<
  Heap<B>,
  | 'alignedAlloc'
  | 'alignment'
  | 'array'
  | 'base'
  | 'buffer'
  | 'calloc'
  | 'check'
  | 'checked'
  | 'dump'
  | 'free'
  | 'largestFree'
  | 'limit'
  | 'malloc'
  | 'memory'
  | 'onGrow'
  | 'realloc'
  | 'resize'
  | 'stats'
  | 'trim'
  | 'usableSize'
  | 'view'
  | 'walk'
>;
