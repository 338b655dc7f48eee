/**
 * The columns of a trace while its length is not known yet: chunks that are filled one after another and put
 * together at the end, one column at a time, so that chunks and columns are never all in memory at once.
 */
import { sharedMemory } from './memory.js';

/** Operations a chunk. */
const CHUNK = 2 ** 16;
const WIDE = 2 ** 32;

export class Columns {
  readonly #ops: Uint8Array[] = [];
  readonly #slots: Uint32Array[] = [];
  readonly #sizes: Uint32Array[] = [];
  readonly #aligns: Uint8Array[] = [];
  #op = new Uint8Array(0);
  #slot = new Uint32Array(0);
  #size = new Uint32Array(0);
  #align = new Uint8Array(0);
  /** Operations in the chunk being filled. */
  #filled = CHUNK;
  /** Sizes of 4 GiB and more, and where they belong: rare, so kept apart. */
  readonly #wideAt: number[] = [];
  readonly #wideSizes: number[] = [];

  get length(): number {
    return CHUNK * (this.#ops.length - 1) + this.#filled;
  }

  /** @param size bytes, a safe integer; @param align log2 */
  push(op: number, slot: number, size: number, align: number): void {
    if (this.#filled === CHUNK) this.#nextChunk();
    const at = this.#filled++;
    this.#op[at] = op;
    this.#slot[at] = slot;
    this.#align[at] = align;
    if (size < WIDE) {
      this.#size[at] = size;
    } else {
      this.#wideAt.push(this.length - 1);
      this.#wideSizes.push(size);
    }
  }

  /** The columns, on shared memory. The chunks are given up on the way: to be called once. */
  finish(): {
    length: number;
    op: Uint8Array;
    slot: Uint32Array;
    size: Uint32Array | Float64Array;
    align: Uint8Array;
  } {
    const { length } = this;
    const op = join(this.#ops, new Uint8Array(sharedMemory(length)));
    const slot = join(this.#slots, new Uint32Array(sharedMemory(4 * length)));
    const align = join(this.#aligns, new Uint8Array(sharedMemory(length)));
    const wide = this.#wideAt.length > 0;
    const size = join<Uint32Array | Float64Array>(
      this.#sizes,
      wide ? new Float64Array(sharedMemory(8 * length)) : new Uint32Array(sharedMemory(4 * length)),
    );
    this.#wideAt.forEach((at, i) => {
      size[at] = this.#wideSizes[i]!;
    });
    return { length, op, slot, size, align };
  }

  #nextChunk(): void {
    this.#op = new Uint8Array(CHUNK);
    this.#slot = new Uint32Array(CHUNK);
    this.#size = new Uint32Array(CHUNK);
    this.#align = new Uint8Array(CHUNK);
    this.#ops.push(this.#op);
    this.#slots.push(this.#slot);
    this.#sizes.push(this.#size);
    this.#aligns.push(this.#align);
    this.#filled = 0;
  }
}

/** Copies the chunks into the column and empties their list. */
function join<Column extends Uint8Array | Uint32Array | Float64Array>(
  chunks: (Uint8Array | Uint32Array)[],
  column: Column,
): Column {
  chunks.forEach((chunk, i) => {
    column.set(chunk.subarray(0, Math.min(CHUNK, column.length - CHUNK * i)), CHUNK * i);
  });
  chunks.length = 0;
  return column;
}
