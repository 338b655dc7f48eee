/**
 * The live blocks of a replay as disjoint intervals, kept apart from anything the allocator says, so that an overlap is
 * seen whatever it claims. A sorted list in chunks of at most CHUNK_MAX intervals: add and remove search the chunks,
 * then within one, and shift the rest of that chunk; about O(√n) with a small constant.
 */

const CHUNK_MAX = 512;

export interface Interval {
  readonly start: number;
  /** Exclusive; greater than `start`. */
  readonly end: number;
}

class Chunk {
  readonly starts = new Float64Array(CHUNK_MAX);
  readonly ends = new Float64Array(CHUNK_MAX);
  length = 0;

  /** How many intervals start below `address`. */
  rank(address: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.starts[middle]! < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  insert(at: number, start: number, end: number): void {
    this.starts.copyWithin(at + 1, at, this.length);
    this.ends.copyWithin(at + 1, at, this.length);
    this.starts[at] = start;
    this.ends[at] = end;
    this.length++;
  }

  delete(at: number): void {
    this.starts.copyWithin(at, at + 1, this.length);
    this.ends.copyWithin(at, at + 1, this.length);
    this.length--;
  }

  /** Moves the upper half to a new chunk. */
  split(): Chunk {
    const upper = new Chunk();
    const half = this.length >> 1;
    upper.starts.set(this.starts.subarray(half, this.length));
    upper.ends.set(this.ends.subarray(half, this.length));
    upper.length = this.length - half;
    this.length = half;
    return upper;
  }
}

export class DisjointIntervals {
  size = 0;
  /** In order; none is empty but the only one. */
  readonly #chunks: Chunk[] = [new Chunk()];
  /** Where the first interval of each chunk starts, next to each other for the search: that of the first means nothing. */
  readonly #firsts: number[] = [0];

  /** Adds `[start, end)`; when it overlaps one that is there, changes nothing and returns that one. */
  add(start: number, end: number): Interval | null {
    const c = this.#chunkOf(start);
    const chunk = this.#chunks[c]!;
    const at = chunk.rank(start);
    // What starts below lies in this chunk, or is the last of the one before.
    const before = at > 0 ? chunk : this.#chunks[c - 1];
    const below = at > 0 ? at - 1 : (before?.length ?? 0) - 1;
    if (before !== undefined && below >= 0 && before.ends[below]! > start) return interval(before, below);
    const after = at < chunk.length ? chunk : this.#chunks[c + 1];
    const above = at < chunk.length ? at : 0;
    if (after !== undefined && above < after.length && after.starts[above]! < end)
      return interval(after, above);
    this.size++;
    if (chunk.length === CHUNK_MAX - 1 && at === chunk.length) {
      // Ranges fill from below: the chunk stays full, and the next begins here.
      const next = new Chunk();
      next.insert(0, start, end);
      this.#enter(c + 1, next);
      return null;
    }
    chunk.insert(at, start, end);
    if (at === 0) this.#firsts[c] = start;
    if (chunk.length === CHUNK_MAX) this.#enter(c + 1, chunk.split());
    return null;
  }

  /** Takes out the interval that starts at `start`, which must be there. */
  remove(start: number): void {
    const c = this.#chunkOf(start);
    const chunk = this.#chunks[c]!;
    const at = chunk.rank(start);
    if (at === chunk.length || chunk.starts[at] !== start) {
      throw new RangeError(`no interval starts at ${start}`);
    }
    chunk.delete(at);
    this.size--;
    if (chunk.length > 0) this.#firsts[c] = chunk.starts[0]!;
    else if (this.#chunks.length > 1) {
      this.#chunks.splice(c, 1);
      this.#firsts.splice(c, 1);
    }
  }

  /** Whether the address lies in one of the intervals. */
  covers(address: number): boolean {
    const chunk = this.#chunks[this.#chunkOf(address)]!;
    const at = chunk.rank(address);
    if (at < chunk.length && chunk.starts[at] === address) return true;
    return at > 0 && chunk.ends[at - 1]! > address;
  }

  *[Symbol.iterator](): Generator<Interval> {
    for (const chunk of this.#chunks) {
      for (let i = 0; i < chunk.length; i++) yield interval(chunk, i);
    }
  }

  /** The last chunk that starts at or below `address`; the first when none does. */
  #chunkOf(address: number): number {
    const firsts = this.#firsts;
    let low = 1;
    let high = firsts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (firsts[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #enter(c: number, chunk: Chunk): void {
    this.#chunks.splice(c, 0, chunk);
    this.#firsts.splice(c, 0, chunk.starts[0]!);
  }
}

function interval(chunk: Chunk, i: number): Interval {
  return { start: chunk.starts[i]!, end: chunk.ends[i]! };
}
