/// <reference path="./malloc.d.ts" />
/** Peers written in JavaScript: packages of the registry, over a fixed buffer, as neither can grow. */
import { MemPool } from '@thi.ng/malloc';
import Allocator from 'malloc';
import { Unfinished } from '../suite.js';
import type { Malloc, Peer } from './replay.js';

const BUFFER_MAX = 2 ** 31 - 2 ** 16;

/** Room that no recording here fills, however it fragments: pages never touched cost nothing. */
function bufferFor(peakBytes: number): ArrayBuffer {
  // Asked for more than it has, either of them gives out addresses behind its buffer.
  if (peakBytes > BUFFER_MAX) throw new Unfinished(`${peakBytes} bytes live, but addresses up to 2 GiB`);
  return new ArrayBuffer(Math.min(BUFFER_MAX, 4 * peakBytes + 2 ** 22));
}

/** What `empty` returns. */
const CONSTANT = 16;

/** A malloc that returns a constant: the floor, what the loop itself costs. */
export function empty(): Peer {
  const malloc: Malloc = {
    malloc: () => CONSTANT,
    calloc: () => CONSTANT,
    realloc: () => CONSTANT,
    alignedAlloc: () => CONSTANT,
    free: () => {},
  };
  return { malloc, memory: { bytes: new Uint8Array(2 * CONSTANT) }, footprint: () => Number.NaN };
}

/**
 * `@thi.ng/malloc`, aligned to 16. It knows no other alignment a call, so requests for more get 16. Its realloc leaks the
 * block that it moved away from: freed here.
 */
class ThingMalloc implements Malloc {
  readonly bytes: Uint8Array;
  private readonly pool: MemPool;

  constructor(buf: ArrayBuffer) {
    this.pool = new MemPool({ buf, align: 16 });
    this.bytes = new Uint8Array(buf);
  }

  malloc(size: number): number {
    return this.pool.malloc(size);
  }

  calloc(count: number, size: number): number {
    return this.pool.calloc(count * size);
  }

  realloc(address: number, size: number): number {
    const moved = this.pool.realloc(address, size);
    if (moved !== address) this.pool.free(address);
    return moved;
  }

  alignedAlloc(_align: number, size: number): number {
    return this.pool.malloc(size);
  }

  free(address: number): void {
    this.pool.free(address);
  }
}

export function thing(peakBytes: number): Peer {
  const malloc = new ThingMalloc(bufferFor(peakBytes));
  return { malloc, memory: malloc, footprint: (end) => end };
}

/**
 * `malloc` of codemix, aligned to 8, which is all it has. It has no realloc: a block that does not hold the new size is
 * moved.
 */
class CodemixMalloc implements Malloc {
  readonly bytes: Uint8Array;
  readonly allocator: Allocator;

  constructor(buffer: ArrayBuffer) {
    this.allocator = new Allocator(buffer);
    this.bytes = new Uint8Array(buffer);
  }

  malloc(size: number): number {
    return this.allocator.alloc(size);
  }

  calloc(count: number, size: number): number {
    return this.allocator.calloc(count * size);
  }

  realloc(address: number, size: number): number {
    const { allocator } = this;
    const granted = allocator.sizeOf(address);
    if (size <= granted) return address;
    const moved = allocator.alloc(size);
    if (moved === 0) return 0;
    this.bytes.copyWithin(moved, address, address + granted);
    allocator.free(address);
    return moved;
  }

  alignedAlloc(_align: number, size: number): number {
    return this.allocator.alloc(size);
  }

  free(address: number): void {
    this.allocator.free(address);
  }
}

export function codemix(peakBytes: number): Peer {
  const malloc = new CodemixMalloc(bufferFor(peakBytes));
  return {
    malloc,
    memory: malloc,
    usableSize: (address) => malloc.allocator.sizeOf(address),
    footprint: (end) => end,
  };
}
