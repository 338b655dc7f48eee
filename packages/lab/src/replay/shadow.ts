/**
 * The live blocks of an arena according to the calls made, on real bytes, believing the allocator nothing. Every block is
 * filled with a pattern of its own (one of more than 64 MiB in 64 places), which must be there when it is asked for; every
 * address is held against the range, its alignment and, as intervals kept here, against all other live blocks; the
 * allocator's own `check()` runs and its segments are held against the live blocks. What is broken is thrown as Broken.
 */
import { CorruptionError } from 'freehold';
import type { Fault, FaultKind } from '../metrics/fault.js';
import type { Arena, Mover } from './arena.js';
import { DisjointIntervals } from './intervals.js';
import {
  copy,
  eachStretch,
  fill,
  mismatch,
  type PagedBytes,
  patternWord,
  SparseBytes,
  WholeBytes,
  WORD,
} from './patterns.js';

/** A promise that was not kept. */
export class Broken extends Error {
  readonly kind: FaultKind;
  readonly address: number | null;

  constructor(kind: FaultKind, address: number | null, message: string) {
    super(message);
    this.kind = kind;
    this.address = address;
  }
}

/** What was thrown, told as a fault; an error that is not Broken is one of the allocator. */
export function faultOf(error: unknown): Omit<Fault, 'operation'> {
  if (error instanceof Broken) return { kind: error.kind, address: error.address, message: error.message };
  if (error instanceof CorruptionError) return { kind: 'law', address: null, message: error.message };
  return { kind: 'error', address: null, message: `the allocator threw ${String(error)}` };
}

/** In `addresses`: the slot holds no block. */
const NONE = -1;
const ZEROS = new Uint8Array(4);

export class Shadow {
  readonly arena: Arena;
  /** Blocks whose contents were held against their pattern. */
  blocks = 0;
  /** Times that the allocator's own `check()` ran. */
  checks = 0;
  readonly #bytes: PagedBytes;
  readonly #live = new DisjointIntervals();
  /** Of the block in each slot: where it lies, bytes requested, which operation filled it. */
  readonly #addresses: Float64Array;
  readonly #requested: Float64Array;
  readonly #filledBy: Float64Array;
  /** The alignment asked for, log2. */
  readonly #aligns: Uint8Array;
  /** The end of the range when it was last asked for: it never moves down, and an allocator may have to count for it. */
  #rangeEnd = 0;
  /** The pattern at hand. */
  readonly #word = new Uint8Array(WORD);

  /**
   * Bytes that an arena does not bring are kept here; asked for more than `memoryBytes`, the calls below throw UserError.
   * @param slots blocks live at once, at most: each is known by its slot, from 0 up
   * @param makeArena is given what copies the contents of a block that moves
   */
  constructor(slots: number, makeArena: (mover: Mover) => Arena, memoryBytes = Number.POSITIVE_INFINITY) {
    const sparse = new SparseBytes(memoryBytes);
    const arena = makeArena((from, to, length) => copy(sparse, from, to, length));
    this.arena = arena;
    this.#bytes = arena.bytes === undefined ? sparse : new WholeBytes(() => arena.bytes!());
    this.#addresses = new Float64Array(slots).fill(NONE);
    this.#requested = new Float64Array(slots);
    this.#filledBy = new Float64Array(slots);
    this.#aligns = new Uint8Array(slots);
  }

  /** Blocks that are live. */
  get size(): number {
    return this.#live.size;
  }

  /** Bytes requested of the block in `slot`, which must hold one. */
  requested(slot: number): number {
    return this.#requested[slot]!;
  }

  /** What the address of the block in `slot` must stay a multiple of when it is reallocated; a power of two. */
  align(slot: number): number {
    return this.arena.keepsAlignment ? 2 ** this.#aligns[slot]! : 1;
  }

  /** Whether a live block begins at the address or contains it. */
  covers(address: number): boolean {
    return this.#live.covers(address);
  }

  /**
   * The arena gave a block for the empty slot: checks where it lies, and fills it.
   * @param operation which one it was, from 1 up; chooses the pattern
   * @param align what was asked for, a power of two
   * @param zeroed whether its bytes must be 0
   */
  given(
    operation: number,
    slot: number,
    address: number,
    size: number,
    align: number,
    zeroed: boolean,
  ): void {
    this.#place(address, size, align);
    if (zeroed && this.arena.bytes !== undefined) {
      const dirty = mismatch(this.#bytes, address, size, ZEROS);
      if (dirty >= 0) {
        throw new Broken('contents', address, `byte ${dirty} of a block that calloc gave is not 0`);
      }
    }
    this.#addresses[slot] = address;
    this.#aligns[slot] = Math.log2(align);
    this.#fill(operation, slot, size);
  }

  /** The block in `slot` now holds `size` bytes, at `address`: its contents must have come along. */
  reallocated(operation: number, slot: number, address: number, size: number): void {
    this.#live.remove(this.#addresses[slot]!);
    this.#place(address, size, this.align(slot));
    this.#addresses[slot] = address;
    this.#checkContents(slot, Math.min(this.#requested[slot]!, size));
    this.#fill(operation, slot, size);
  }

  /** The block in `slot` was freed. */
  freed(slot: number): void {
    this.#live.remove(this.#addresses[slot]!);
    this.#addresses[slot] = NONE;
  }

  /** The bytes of the block in `slot`, if it holds one, must be as they were filled. */
  checkContents(slot: number): void {
    this.#checkContents(slot, this.#requested[slot]!);
  }

  /** The allocator's own laws, and its segments against the live blocks. */
  checkLaws(): void {
    const { allocator } = this.arena;
    this.checks++;
    allocator.check();
    const live = this.#live[Symbol.iterator]();
    for (const segment of allocator.segments()) {
      if (!segment.used || segment.own) continue;
      const block = live.next().value;
      if (block === undefined || block.start !== segment.address || block.end > segment.end) {
        const expected = block === undefined ? 'no block' : `the block at ${hex(block.start)}`;
        throw new Broken(
          'law',
          segment.address,
          `segments() reports a used segment here, but the next live block is ${expected}`,
        );
      }
    }
    const left = live.next().value;
    if (left !== undefined) {
      throw new Broken('law', left.start, 'segments() leaves out the live block here');
    }
  }

  /** The block just given out: where it lies, how large it is, whose bytes it takes. */
  #place(address: number, size: number, asked: number): void {
    const { allocator, align } = this.arena;
    const { base } = allocator;
    if (!(Number.isSafeInteger(address) && address >= base && address < this.#endOver(address))) {
      throw new Broken(
        'outside',
        address,
        `the address lies outside the range [${hex(base)}, ${hex(this.#rangeEnd)})`,
      );
    }
    const multiple = Math.max(asked, align);
    if (address % multiple !== 0) {
      throw new Broken('alignment', address, `the address is not a multiple of ${multiple}`);
    }
    const granted = allocator.sizeOf(address);
    if (!(granted >= size && granted > 0)) {
      throw new Broken('size', address, `the block holds ${granted} bytes, ${size} were requested`);
    }
    const end = address + granted;
    if (end > this.#endOver(end - 1)) {
      throw new Broken(
        'outside',
        address,
        `the block ends at ${hex(end)}, the range at ${hex(this.#rangeEnd)}`,
      );
    }
    const other = this.#live.add(address, end);
    if (other !== null) {
      throw new Broken(
        'overlap',
        address,
        `the block [${hex(address)}, ${hex(end)}) overlaps the live block [${hex(other.start)}, ${hex(other.end)})`,
      );
    }
  }

  /** The end of the range; asked for anew only where `address` lies past the one known. */
  #endOver(address: number): number {
    if (!(address < this.#rangeEnd)) {
      const { base, capacity } = this.arena.allocator;
      this.#rangeEnd = base + capacity;
    }
    return this.#rangeEnd;
  }

  #fill(operation: number, slot: number, size: number): void {
    this.#requested[slot] = size;
    this.#filledBy[slot] = operation;
    const address = this.#addresses[slot]!;
    const word = patternWord(operation - 1, this.#word);
    eachStretch(size, (offset, length) => {
      fill(this.#bytes, address + offset, length, word);
      return true;
    });
  }

  /** The first `size` bytes of the block in `slot` must be as they were filled. */
  #checkContents(slot: number, size: number): void {
    const address = this.#addresses[slot]!;
    if (address === NONE) return;
    const operation = this.#filledBy[slot]!;
    const word = patternWord(operation - 1, this.#word);
    let wrong = -1;
    // Where the block was filled, as far as it is to be looked at.
    eachStretch(this.#requested[slot]!, (offset, length) => {
      const found = mismatch(this.#bytes, address + offset, Math.min(length, size - offset), word);
      if (found >= 0) wrong = offset + found;
      return wrong < 0;
    });
    this.blocks++;
    if (wrong < 0) return;
    const page = Math.floor((address + wrong) / this.#bytes.pageBytes);
    const found = this.#bytes.page(page)[address + wrong - page * this.#bytes.pageBytes]!;
    throw new Broken(
      'contents',
      address,
      `byte ${wrong} of the ${size} that operation ${operation} wrote is ${hex(found)}, not ${hex(word[wrong % 4]!)}`,
    );
  }
}

export function hex(value: number): string {
  return Number.isSafeInteger(value) ? `0x${value.toString(16)}` : String(value);
}
