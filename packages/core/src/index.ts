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
export { Buddy, type BuddyOptions } from './buddy/buddy.js';
export { BuddyUnits, type BuddyUnitsOptions, NO_UNIT } from './buddy/units.js';
