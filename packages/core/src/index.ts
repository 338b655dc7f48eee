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
  type OwnStats,
  type Segment,
} from './allocator.js';
export { lowestBit } from './arguments.js';
export { Blocks, type BlocksOptions } from './blocks/blocks.js';
export { Buddy, type BuddyOptions } from './buddy/buddy.js';
export { BuddyUnits, type BuddyUnitsOptions, NO_UNIT } from './buddy/units.js';
export { HeapArray, type NumericArray, type NumericArrayConstructor } from './heap/array.js';
export { Heap, type HeapDump } from './heap/heap.js';
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
  type CustomMemory,
  type GrowthListener,
  Memory,
  type MemorySource,
  type WasmMemory,
} from './memory/memory.js';
export type { DefragmentOptions, Move, MovePlan } from './segments/defragment.js';
export { IndexedFit } from './segments/indexed-fit.js';
export type { MemoryMapping } from './segments/mapping.js';
export { MemoryDescriptor, NaiveAllocator, type NaiveOptions } from './segments/naive.js';
export type { FreeList, SegmentList, SegmentNode } from './segments/naive-list.js';
export {
  FITS,
  type Fit,
  type FreeListOrder,
  ORDERS,
  type SegmentOptions,
  SegmentPolicy,
} from './segments/options.js';
export type { BinReport } from './segments/size-bins.js';
export { type StorageReport, Tlsf, type TlsfOptions } from './segments/tlsf.js';
export { heapOfModule, type MallocHeap, type MallocImports, mallocImports } from './wasm/malloc-imports.js';
