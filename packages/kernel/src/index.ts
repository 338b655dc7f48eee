/**
 * The levels of a Linux-like system on a real array of bytes.
 * @module @freehold/kernel
 */

export { type ErrorCode, ExecError, KernelError, SystemCallError } from './errors.js';
export {
  FRAME_DIRTY,
  FRAME_HEAD,
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
export { FRAME_BYTES, Machine } from './machine.js';
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
export { ObjectCache } from './slab/cache.js';
export type { CacheOptions, CacheStats } from './slab/cache-options.js';
export { SLAB_POISON, SLAB_RED_ZONE } from './slab/guard.js';
export { KMALLOC_SIZES, SlabAllocator, ZERO_SIZE_PTR } from './slab/slab-allocator.js';
export {
  KernelSpace,
  VMALLOC_END,
  VMALLOC_START,
  VmallocArea,
  type VmallocOptions,
} from './vm/kernel-space.js';
export { FileCopy } from './vm/page-cache/file-copy.js';
export { type FileSource, MemoryFile } from './vm/page-cache/file-source.js';
export { CachedPage, Inode } from './vm/page-cache/inode.js';
export type { FileMapping, Mapper } from './vm/page-cache/mapper.js';
export { PageCache, type PageCacheCounts } from './vm/page-cache/page-cache.js';
export { AddressSpace } from './vm/space/address-space.js';
export * from './vm/space/area.js';
export { AreaMap } from './vm/space/area-map.js';
export type { FaultResult } from './vm/space/fault.js';
export type { MapOptions } from './vm/space/map-options.js';
export type { ResidentPages, SharedMemory, VirtualMemoryCounts } from './vm/space/memory-descriptor.js';
export type { RemapOptions } from './vm/space/mremap.js';
export { Span, SpanTree } from './vm/space/span-tree.js';
export { MappedMemory } from './vm/translation/mapped-memory.js';
export { MappedWords } from './vm/translation/mapped-words.js';
export * from './vm/translation/memory-fault.js';
export * from './vm/translation/page-table.js';
export * from './vm/translation/tlb.js';
export { VirtualMemory } from './vm/virtual-memory.js';
