import type { Heap } from '../heap/heap.js';

/** What a program uses of a heap, whether it is a `Heap` or a `DebugHeap`. */
export type HeapInterface = Pick<
  Heap,
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
  | 'onGrow'
  | 'realloc'
  | 'resize'
  | 'stats'
  | 'trim'
  | 'usableSize'
  | 'view'
  | 'walk'
>;
