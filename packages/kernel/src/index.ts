/**
 * The levels of a Linux-like system on a real array of bytes.
 * @module @freehold/kernel
 */

export {
  FRAME_DIRTY,
  FRAME_HEAD,
  FRAME_PCP,
  FrameDescriptors,
  OWNER_ANONYMOUS,
  OWNER_FILE,
  OWNER_FREE,
  OWNER_KERNEL,
  OWNER_KMALLOC,
  OWNER_NAMES,
  OWNER_PAGE_TABLE,
  OWNER_RESERVED,
  OWNER_SHARED,
  OWNER_SLAB,
  OWNER_VMALLOC,
} from './frames/descriptors.js';
export * from './frames/gfp.js';
export { MIGRATE_NAMES, MOVABLE, RECLAIMABLE, UNMOVABLE } from './frames/migrate.js';
export { countOwners, ownersOf } from './frames/owners.js';
export {
  PAGE_OFFSET,
  PageAllocator,
  type PageAllocatorCounts,
  type PageAllocatorOptions,
  type ReclaimHook,
} from './frames/page-allocator.js';
export { Kernel, type KernelOptions } from './kernel.js';
export { FRAME_BYTES, FRAME_SHIFT, Machine } from './machine.js';
export {
  MMAP_THRESHOLD,
  TOP_PAD,
  TRIM_THRESHOLD,
  UserMalloc,
  type UserMallocStats,
  type UserMemory,
} from './malloc/user-malloc.js';
export * from './proc/index.js';
export { type ByteSource, type ElfImage, type ElfSegment, parseElf } from './process/elf.js';
export { type ErrorCode, ExecError, SystemCallError } from './process/errors.js';
export { type LoadedProgram, PIE_BASE, STACK_TOP } from './process/loader.js';
export { type AttachOptions, Process, type ThreadStack } from './process/process.js';
export { type OpenFile, PID_MAX, ProcessTable } from './process/process-table.js';
export {
  type CreateSegmentOptions,
  IPC_PRIVATE,
  SharedSegment,
  SharedSegments,
} from './process/shared-segments.js';
export { Task } from './process/task.js';
export { PageRange, type PageRangeOptions } from './ranges/page-range.js';
export { SlabRange } from './ranges/slab-range.js';
export { type CacheOptions, type CacheStats, ObjectCache } from './slab/cache.js';
export { SLAB_POISON, SLAB_RED_ZONE } from './slab/guard.js';
export { KMALLOC_SIZES, SlabAllocator, ZERO_SIZE_PTR } from './slab/slab-allocator.js';
export {
  AddressSpace,
  type MapOptions,
  type ResidentPages,
} from './vm/address-space.js';
export * from './vm/area.js';
export type { FaultResult } from './vm/fault.js';
export { FileCopy } from './vm/file-copy.js';
export { type FileSource, MemoryFile } from './vm/file-source.js';
export { CachedPage, Inode } from './vm/inode.js';
export {
  KernelSpace,
  VMALLOC_END,
  VMALLOC_START,
  VmallocArea,
  type VmallocOptions,
} from './vm/kernel-space.js';
export { MappedMemory } from './vm/mapped-memory.js';
export * from './vm/memory-fault.js';
export { PageCache, type PageCacheCounts } from './vm/page-cache.js';
export * from './vm/page-table.js';
export { Span, SpanTree } from './vm/span-tree.js';
export * from './vm/tlb.js';
export { VirtualMemory, type VirtualMemoryCounts } from './vm/virtual-memory.js';
