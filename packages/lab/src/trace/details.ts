/**
 * What some recordings tell of a block beyond its size: its kind (the object cache it is of, the migrate type of its
 * pages) and the bytes that the recorded allocator granted for it. An entry an operation, 6 bytes; frees have none.
 */
import { sharedMemory } from './memory.js';

export interface TraceDetails {
  /** Names of the kinds. The first is '' and stands for none. */
  readonly kinds: readonly string[];
  /** Of each operation, as an index into `kinds`. */
  readonly kind: Uint16Array;
  /** Bytes that were granted; 0 where the recording does not tell, and for frees. */
  readonly granted: Uint32Array;
}

const KINDS_MAX = 2 ** 16;
/** Characters of a kind's name; readers cut off what is longer. The longest names of caches in Linux have some 40. */
export const KIND_LENGTH_MAX = 256;

/** Collects details while the length of the trace is not known yet. */
export class DetailsBuilder {
  readonly #kinds = [''];
  readonly #indices = new Map([['', 0]]);
  #kind = new Uint16Array(0);
  #granted = new Uint32Array(0);

  /**
   * @param operation whose details these are
   * @param kind '' for none; kinds after the first 65,535 count as none
   * @param granted bytes, 0 where nobody knows
   */
  set(operation: number, kind: string, granted: number): void {
    if (operation >= this.#kind.length) this.#grow(operation + 1);
    this.#kind[operation] = this.#indexOf(kind);
    this.#granted[operation] = granted;
  }

  /** The details on shared memory, one entry for each of `length` operations. */
  finish(length: number): TraceDetails {
    const kind = new Uint16Array(sharedMemory(2 * length));
    const granted = new Uint32Array(sharedMemory(4 * length));
    kind.set(this.#kind.subarray(0, length));
    granted.set(this.#granted.subarray(0, length));
    return { kinds: this.#kinds, kind, granted };
  }

  #indexOf(kind: string): number {
    const known = this.#indices.get(kind);
    if (known !== undefined) return known;
    if (this.#kinds.length === KINDS_MAX) return 0;
    const index = this.#kinds.push(kind) - 1;
    this.#indices.set(kind, index);
    return index;
  }

  #grow(length: number): void {
    const room = Math.max(1024, 2 ** Math.ceil(Math.log2(length)));
    const kind = new Uint16Array(room);
    kind.set(this.#kind);
    this.#kind = kind;
    const granted = new Uint32Array(room);
    granted.set(this.#granted);
    this.#granted = granted;
  }
}
