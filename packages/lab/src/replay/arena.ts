/**
 * What a replay drives: C's malloc, calloc, realloc and free over an allocator of the library. An arena of a range
 * touches no byte; one that manages real bytes of its own also shows them.
 */
import type { Allocator } from 'freehold';

export interface Arena {
  /** Answers for the state: stats, segments, search length, granted sizes. */
  readonly allocator: Allocator;
  /** Every address is a multiple of this, a power of two. */
  readonly align: number;

  /**
   * malloc, memalign.
   * @param size bytes, from 1 up
   * @param align a power of two; addresses are multiples of this and of the arena's own `align`
   * @returns the address, or null where there is no room
   */
  allocate(size: number, align: number): number | null;

  /** calloc: as `allocate`, and where the arena has bytes they are 0. */
  allocateZeroed(size: number): number | null;

  /**
   * realloc: the block's new address, which is the old one where it could stay; the contents are kept up to the lesser
   * of both sizes. Null where there is no room: the block is as it was.
   */
  reallocate(address: number, size: number): number | null;

  free(address: number): void;

  /**
   * Present where blocks of different kinds (object caches, migrate types) are kept apart: as `allocate`, of the kind
   * with that index among the names given to `useKinds`.
   */
  allocateOf?(kind: number, size: number, align: number): number | null;

  /** Present with `allocateOf`: the kinds there are, before the first request. */
  useKinds?(names: readonly string[]): void;

  /** Present where `reallocate` keeps the alignment that a block was asked for with. */
  readonly keepsAlignment?: true;

  /** Present where free blocks are powers of two of a unit: the bytes of a block of order 0. */
  readonly blockUnit?: number | undefined;

  /** Present where the arena manages bytes of its own: all of them, by address. Growth makes old views worthless. */
  bytes?(): Uint8Array;
}

/** Copies `length` bytes when a block of a range moves. */
export type Mover = (from: number, to: number, length: number) => void;

/** An allocator of an address range as an arena: realloc in place where `resize` can, else allocate, move, free. */
export class RangeArena implements Arena {
  readonly allocator: Allocator;
  readonly align: number;
  readonly blockUnit: number | undefined;
  /** What each request asks for: 1 where the allocator's own granularity sees to `align`, which is quicker. */
  readonly #leastAlign: number;
  readonly #mover: Mover | undefined;

  /**
   * @param naturalAlign the power of two that every address of the allocator is a multiple of, whatever is asked for
   * @param mover is told of every block that moves, before the old one is freed; a replay without bytes has none
   * @param blockUnit see `Arena.blockUnit`
   */
  constructor(allocator: Allocator, align: number, naturalAlign: number, mover?: Mover, blockUnit?: number) {
    this.allocator = allocator;
    this.align = align;
    this.blockUnit = blockUnit;
    this.#leastAlign = naturalAlign >= align ? 1 : align;
    this.#mover = mover;
  }

  allocate(size: number, align: number): number | null {
    return this.allocator.allocate(size, Math.max(align, this.#leastAlign));
  }

  allocateZeroed(size: number): number | null {
    return this.allocator.allocate(size, this.#leastAlign);
  }

  reallocate(address: number, size: number): number | null {
    const { allocator } = this;
    if (allocator.resize?.(address, size)) return address;
    const moved = allocator.allocate(size, this.#leastAlign);
    if (moved === null) return null;
    this.#mover?.(address, moved, Math.min(allocator.sizeOf(address), size));
    allocator.free(address);
    return moved;
  }

  free(address: number): void {
    this.allocator.free(address);
  }
}
