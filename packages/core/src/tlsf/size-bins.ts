/**
 * The free segments by size: a stack a bin, and two levels of bitmaps that tell which bins have any.
 *
 * Sizes are counted in granules. Below 64 each size has its own bin; from there on every doubling is cut in 32 equal
 * parts, so the sizes in a bin differ by 1/32 at most.
 *
 * A stack holds the segments that entered the bin, the last one on top, and a count tells how many of them are still
 * free and of that size. Removing only lowers the count: the entry stays, and is dropped when it is met later. So a
 * segment that joins its neighbours costs no search for its place in a list, and no write to its neighbours there,
 * which lie anywhere in memory. When a bin becomes empty so does its stack; when a stack is full, what has left the bin
 * is taken out first, and it doubles if more than half remain.
 *
 * Cost: remove, and finding the first bin from a given one that has any, are O(1); add and pop on average, as each entry
 * is dropped once. Memory: 260 bytes for each doubling of the capacity beyond 32 granules, and 4 to 16 for each
 * free segment of the time when its bin had most.
 *
 * Source: the two-level index of TLSF: M. Masmano, I. Ripoll, A. Crespo, J. Real, "TLSF: a new dynamic memory
 * allocator for real-time systems", ECRTS 2004.
 */
import { law } from '../allocator.js';
import { type BoundaryMap, FIRST } from './boundary-map.js';
import { NIL } from './page-list.js';

const { clz32 } = Math;

/** log2 of the bins in a row, so that a word is the bitmap of a row. */
const ROW_BITS = 5;
const ROW = 1 << ROW_BITS;

/** Sizes from here up, in granules, are shifted down before 32-bit operators may touch them. */
const SMALL = 2 ** 30;
const SHIFT = 22;

const ENTRIES_AT_FIRST = 8;
const NO_ENTRIES = new Int32Array(0);

/** A bin that holds free segments. */
export interface BinReport {
  /** Sizes in the bin, in bytes: from `least`, up to but not including `below`. */
  readonly least: number;
  readonly below: number;
  /** Free segments in it, and their bytes together. */
  readonly segments: number;
  readonly bytes: number;
}

export class SizeBins {
  /** Granules of the segment that the last `pop` gave. */
  poppedSize = 0;
  private readonly map: BoundaryMap;
  private stacks: Int32Array[] = [];
  private heights = new Int32Array(0);
  /** Of each bin: the free segments in it. */
  private counts = new Int32Array(0);
  /** One word a row: which of its bins have segments. */
  private rows = new Int32Array(0);
  /** Which rows have any: row r is bit r % 32 of word r / 32. 50 rows hold all sizes below 2^53. */
  private readonly summary = new Int32Array(2);
  private stackBytes = 0;

  constructor(map: BoundaryMap) {
    this.map = map;
    this.cover(map.granules);
  }

  get bytes(): number {
    return (
      this.heights.byteLength +
      this.counts.byteLength +
      this.rows.byteLength +
      this.summary.byteLength +
      this.stackBytes
    );
  }

  /** Makes room for bins of sizes up to `granules`. To be called when the range has grown. */
  cover(granules: number): void {
    const rows = (this.of(granules) >> ROW_BITS) + 1;
    if (rows <= this.rows.length) return;
    const heights = new Int32Array(rows * ROW);
    const counts = new Int32Array(rows * ROW);
    const words = new Int32Array(rows);
    heights.set(this.heights);
    counts.set(this.counts);
    words.set(this.rows);
    this.heights = heights;
    this.counts = counts;
    this.rows = words;
    while (this.stacks.length < rows * ROW) this.stacks.push(NO_ENTRIES);
  }

  /** The bin that a segment of `size` granules is in: up to 63 the size itself, then the doubling and the upper 6 bits. */
  of(size: number): number {
    return size < SMALL ? binOf(size) : binOf(size * 2 ** -SHIFT) + SHIFT * ROW;
  }

  /** The first bin of which every segment has at least `size` granules. */
  atLeast(size: number): number {
    return this.of(size - 1) + 1;
  }

  /** Granules of the smallest size in a bin. It ends where the next one begins. */
  least(bin: number): number {
    const row = bin >> ROW_BITS;
    return row === 0 ? bin : ((bin & (ROW - 1)) + ROW) * 2 ** (row - 1);
  }

  /** The first bin from `bin` up that is not empty, or NIL. */
  firstFrom(bin: number): number {
    const row = bin >> ROW_BITS;
    if (row >= this.rows.length) return NIL;
    const bits = this.rows[row] & (-1 << bin);
    return bits === 0 ? this.firstInRows(row + 1) : (row << ROW_BITS) | lowestSetBit(bits);
  }

  /** The first bin that is not empty in the rows from `row` up, or NIL. */
  private firstInRows(row: number): number {
    const { rows, summary } = this;
    let word = row >> 5;
    let set = summary[word] & (-1 << row);
    if (set === 0) {
      if (word === 1) return NIL;
      word = 1;
      set = summary[1];
      if (set === 0) return NIL;
    }
    const first = (word << 5) | lowestSetBit(set);
    return (first << ROW_BITS) | lowestSetBit(rows[first]);
  }

  /** The last bin that is not empty, or NIL. */
  last(): number {
    const word = this.summary[1] === 0 ? 0 : 1;
    const set = this.summary[word];
    if (set === 0) return NIL;
    const row = (word << 5) | (31 - clz32(set));
    return (row << ROW_BITS) | (31 - clz32(this.rows[row]));
  }

  /** Takes the segment added last out of a bin, which is not empty. `poppedSize` tells its size then. */
  pop(bin: number): number {
    const { map } = this;
    const stack = this.stacks[bin];
    let top = this.heights[bin];
    let position: number;
    let size: number;
    do {
      position = stack[--top];
      size = map.isFree(position) ? map.size(position) : 0;
    } while (this.of(size) !== bin);
    this.poppedSize = size;
    this.heights[bin] = top;
    if (--this.counts[bin] === 0) this.clearBit(bin);
    return position;
  }

  /** All segments in a bin, those added last first. O(entries). */
  list(bin: number): Int32Array {
    this.compact(bin);
    return this.stacks[bin].slice(0, this.heights[bin]).reverse();
  }

  /** A free segment of `size` granules enters its bin. */
  add(position: number, size: number): void {
    const bin = this.of(size);
    if (this.heights[bin] === this.stacks[bin].length) this.makeRoom(bin);
    this.stacks[bin][this.heights[bin]++] = position;
    if (this.counts[bin]++ === 0) this.setBit(bin);
  }

  /** A segment of `size` granules leaves its bin: it is no longer free, or of that size, when the bin is next asked. */
  remove(size: number): void {
    const bin = this.of(size);
    if (--this.counts[bin] === 0) this.clearBit(bin);
  }

  /** The bins that are not empty, by rising size. O(bins + entries). */
  report(): BinReport[] {
    const { granule } = this.map;
    const report: BinReport[] = [];
    for (let bin = this.firstFrom(0); bin !== NIL; bin = this.firstFrom(bin + 1)) {
      const segments = this.list(bin);
      const granules = segments.reduce((sum, position) => sum + this.map.size(position), 0);
      report.push({
        least: this.least(bin) * granule,
        below: this.least(bin + 1) * granule,
        segments: segments.length,
        bytes: granules * granule,
      });
    }
    return report;
  }

  /**
   * Checks stacks, counts and bitmaps against the map. O(segments + entries).
   * @throws CorruptionError naming the broken law
   */
  check(): void {
    const map = this.map;
    const expected = Array.from(this.counts, () => new Set<number>());
    for (let position = FIRST; position !== map.end; position = map.next(position)) {
      if (map.isFree(position)) expected[this.of(map.size(position))].add(position);
    }
    for (const [bin, segments] of expected.entries()) {
      const count = this.counts[bin];
      const row = bin >> ROW_BITS;
      const bit = (this.rows[row] >>> (bin & (ROW - 1))) & 1;
      const set = (this.summary[row >> 5] >>> (row & 31)) & 1;
      law(
        count === segments.size,
        'a bin counts the free segments of its sizes',
        () => `${count} in bin ${bin}, of ${segments.size}`,
      );
      law(
        count > 0 === (bit === 1),
        'a bit in the bitmap of a row is set exactly where a bin has segments',
        () => `bit ${bit} for bin ${bin}, of ${count} segments`,
      );
      law(
        (this.rows[row] !== 0) === (set === 1),
        'a bit of the bitmap of rows is set exactly where a row has bins with segments',
        () => `bit ${set} for row ${row}, bitmap ${this.rows[row]}`,
      );
      for (const entry of this.stacks[bin].subarray(0, this.heights[bin])) segments.delete(entry);
      law(segments.size === 0, 'a bin lists its segments', () => `without ${[...segments]}, bin ${bin}`);
    }
  }

  private setBit(bin: number): void {
    const row = bin >> ROW_BITS;
    this.rows[row] |= 1 << bin;
    this.summary[row >> 5] |= 1 << row;
  }

  private clearBit(bin: number): void {
    this.heights[bin] = 0;
    const row = bin >> ROW_BITS;
    const bits = this.rows[row] & ~(1 << bin);
    this.rows[row] = bits;
    if (bits === 0) this.summary[row >> 5] &= ~(1 << row);
  }

  /** Whether an entry of the bin still stands for a segment in it. */
  private isIn(position: number, bin: number): boolean {
    return this.map.isFree(position) && this.of(this.map.size(position)) === bin;
  }

  /** Leaves in the stack only what is in the bin, each segment where it was entered last. O(entries). */
  private compact(bin: number): void {
    const map = this.map;
    const stack = this.stacks[bin];
    const height = this.heights[bin];
    let bottom = height;
    for (let i = height - 1; i >= 0; i--) {
      const position = stack[i];
      if (!this.isIn(position, bin)) continue;
      stack[--bottom] = position;
      // Seen: an earlier entry of the same segment is not taken for one that is in the bin.
      map.flip(position);
    }
    for (let i = bottom; i < height; i++) map.flip(stack[i]);
    stack.copyWithin(0, bottom, height);
    this.heights[bin] = height - bottom;
  }

  /** Makes room in a full stack. */
  private makeRoom(bin: number): void {
    this.compact(bin);
    const old = this.stacks[bin];
    if (this.heights[bin] * 2 < old.length) return;
    const stack = new Int32Array(Math.max(ENTRIES_AT_FIRST, old.length * 2));
    stack.set(old);
    this.stacks[bin] = stack;
    this.stackBytes += stack.byteLength - old.byteLength;
  }
}

/** For a size below SMALL. */
function binOf(size: number): number {
  const shift = 26 - clz32(size | ROW);
  return (shift << ROW_BITS) + (size >> shift);
}

function lowestSetBit(word: number): number {
  return 31 - clz32(word & -word);
}
