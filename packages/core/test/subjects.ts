/** Every allocator of core with every option set that the conformance suite runs over. A new allocator adds its rows here. */
import type { Allocator, AllocatorObserver, Segment } from '../src/allocator.js';

export interface SubjectOptions {
  base?: number;
  observer?: AllocatorObserver;
}

export interface Subject {
  readonly name: string;
  make(capacity: number, options?: SubjectOptions): Allocator;
  /** Every segment's size is a multiple of this many bytes, and so must the capacities be that the suite makes. */
  readonly granule: number;
  /** Whether free neighbours become one: after a drain the range is as it was when new. */
  readonly coalesces: boolean;
  /** Whether the free segment could serve the request: when `allocate` gives null, no free segment may. */
  fits(free: Segment, size: number, align: number): boolean;
}

export const SUBJECTS: readonly Subject[] = [];
