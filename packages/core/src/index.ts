/** freehold: memory allocators for any address range, behind one contract. */
export {
  type Allocator,
  type AllocatorObserver,
  type AllocatorStats,
  CorruptionError,
  InvalidFreeError,
  type InvalidFreeReason,
  type Segment,
} from './allocator.js';
