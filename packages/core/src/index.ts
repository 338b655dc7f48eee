/**
 * Memory allocators for any address range, behind one contract.
 * @module freehold
 */
export {
  type Allocator,
  type AllocatorObserver,
  type AllocatorStats,
  CorruptionError,
  InvalidFreeError,
  type InvalidFreeReason,
  law,
  type OwnStats,
  type Segment,
} from './allocator.js';
export { checkAddress, checkAlign, checkSize, lowestBit } from './arguments.js';
export { Blocks, type BlocksOptions } from './blocks/blocks.js';
export { Buddy, type BuddyOptions } from './buddy/buddy.js';
export { BuddyUnits, type BuddyUnitsOptions, NO_UNIT } from './buddy/units.js';
export { display, hex } from './display.js';
export { IndexedFit } from './fits/indexed-fit.js';
export type { MemoryMapping } from './fits/mapping.js';
export { MemoryDescriptor, NaiveAllocator, type NaiveOptions } from './fits/naive.js';
export type { FreeList, SegmentList, SegmentNode } from './fits/naive-list.js';
export {
  FITS,
  type Fit,
  type FreeListOrder,
  ORDERS,
  type SegmentOptions,
  SegmentPolicy,
} from './fits/options.js';
export {
  type ArrayOn,
  type HalfArray,
  HeapArray,
  type NumericArray,
  type NumericArrayConstructor,
} from './heap/array.js';
export type { HeapDump } from './heap/dump.js';
export { Heap } from './heap/heap.js';
export { HeapAllocator } from './heap/heap-allocator.js';
export type { HeapBlock, HeapStats } from './heap/inspect.js';
export type { HeapOptions } from './heap/options.js';
export { DebugHeap } from './heap-debug/debug-heap.js';
export type { FaultInjector } from './heap-debug/fault-injector.js';
export type { Damage } from './heap-debug/guarded-block.js';
export type { HeapInterface } from './heap-debug/heap-interface.js';
export type { LeakGroup, LeakGrouping } from './heap-debug/leaks.js';
export { HeapMisuseError, type MisuseKind, type Operation } from './heap-debug/misuse.js';
export type { DebugHeapOptions } from './heap-debug/options.js';
export type { DebugSummary } from './heap-debug/report.js';
export type { Frame } from './heap-debug/stacks.js';
export {
  type BufferOf,
  type Bytes,
  type CustomMemory,
  type GrowthListener,
  Memory,
  type MemorySource,
  type WasmMemory,
} from './memory/memory.js';
export { ReentrantCallError } from './observed.js';
export type { RangeOptions } from './range-options.js';
export { INSPECT, summary } from './summary.js';
export type { DefragmentOptions, Move, MovePlan } from './tlsf/defragment.js';
export type { BinReport } from './tlsf/size-bins.js';
export { type StorageReport, Tlsf, type TlsfOptions } from './tlsf/tlsf.js';
export { heapOfModule, type MallocHeap, type MallocImports, mallocImports } from './wasm/malloc-imports.js';
