/**
 * The free segments by size: a doubly linked list a bin, and two levels of bitmaps that tell which bins have any.
 *
 * Sizes are counted in units (the granularity of the allocator). Below 64 units each size has its own bin; from
 * there on every doubling is cut in 32 equal parts, so the sizes in a bin differ by 1/32 at most. Adding,
 * removing and finding the first bin from a given one that is not empty are O(1): no loop, a few bit operations.
 *
 * The heads and bitmaps take 132 bytes for each doubling of the capacity beyond 32 units; the links of the lists
 * stand in the segments' records.
 *
 * Source: the two-level index of TLSF: M. Masmano, I. Ripoll, A. Crespo, J. Real, "TLSF: a new dynamic memory
 * allocator for real-time systems", ECRTS 2004.
 */
import { law } from '../allocator.js';
import { NIL, type SegmentTable } from './segment-table.js';

/** log2 of the bins in a row, so that a word is the bitmap of a row. */
const ROW_BITS = 5;
const ROW = 1 << ROW_BITS;

/** Sizes from here up, in units, are shifted down before 32-bit operators may touch them. */
const SMALL = 2 ** 30;
const SHIFT = 22;

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
  readonly #table: SegmentTable;
  readonly #perByte: number;
  readonly #unit: number;
  #heads = new Int32Array(0);
  /** One word a row: which of its bins have segments. */
  #rows = new Int32Array(0);
  /** Which rows have any: row r is bit r % 32 of word r / 32. 50 rows hold all sizes below 2^53. */
  readonly #summary = new Int32Array(2);

  /** @param unit bytes, a power of two of which every size is a multiple */
  constructor(table: SegmentTable, unit: number) {
    this.#table = table;
    this.#unit = unit;
    this.#perByte = 1 / unit;
    this.cover(table.capacity);
  }

  get bytes(): number {
    return this.#heads.byteLength + this.#rows.byteLength + this.#summary.byteLength;
  }

  /** Makes room for bins of sizes up to `capacity`. To be called when the range has grown. */
  cover(capacity: number): void {
    const rows = (this.of(capacity) >> ROW_BITS) + 1;
    if (rows <= this.#rows.length) return;
    const heads = new Int32Array(rows * ROW).fill(NIL);
    const words = new Int32Array(rows);
    heads.set(this.#heads);
    words.set(this.#rows);
    this.#heads = heads;
    this.#rows = words;
  }

  /** The bin that a segment of `size` bytes is in. */
  of(size: number): number {
    const units = size * this.#perByte;
    return units < SMALL ? binOf(units | 0, 0) : binOf(Math.floor(units * 2 ** -SHIFT), SHIFT);
  }

  /** The first bin of which every segment has at least `size` bytes. */
  atLeast(size: number): number {
    return this.of(size - this.#unit) + 1;
  }

  /** Bytes of the smallest size in a bin. It ends where the next one begins. */
  least(bin: number): number {
    const row = bin >> ROW_BITS;
    return (row === 0 ? bin : ((bin & (ROW - 1)) + ROW) * 2 ** (row - 1)) * this.#unit;
  }

  /** The first bin from `bin` up that is not empty, or NIL. */
  firstFrom(bin: number): number {
    const rows = this.#rows;
    let row = bin >> ROW_BITS;
    if (row >= rows.length) return NIL;
    let bits = rows[row]! & (-1 << (bin & (ROW - 1)));
    if (bits === 0) {
      row++;
      const summary = this.#summary;
      let word = row >> 5;
      let set = summary[word]! & (-1 << (row & 31));
      if (set === 0) {
        word++;
        if (word === 2) return NIL;
        set = summary[1]!;
        if (set === 0) return NIL;
      }
      row = (word << 5) | lowestSetBit(set);
      bits = rows[row]!;
    }
    return (row << ROW_BITS) | lowestSetBit(bits);
  }

  /** The last bin that is not empty, or NIL. */
  last(): number {
    const word = this.#summary[1] === 0 ? 0 : 1;
    const set = this.#summary[word]!;
    if (set === 0) return NIL;
    const row = (word << 5) | (31 - Math.clz32(set));
    return (row << ROW_BITS) | (31 - Math.clz32(this.#rows[row]!));
  }

  /** The segment added last to a bin; `table.forth` leads to the next. NIL when it is empty. */
  head(bin: number): number {
    return this.#heads[bin]!;
  }

  add(node: number): void {
    const table = this.#table;
    const bin = this.of(table.size(node));
    const head = this.#heads[bin]!;
    table.setBack(node, NIL);
    table.setForth(node, head);
    this.#heads[bin] = node;
    if (head !== NIL) table.setBack(head, node);
    else {
      const row = bin >> ROW_BITS;
      this.#rows[row]! |= 1 << (bin & (ROW - 1));
      this.#summary[row >> 5]! |= 1 << (row & 31);
    }
  }

  remove(node: number): void {
    const table = this.#table;
    const back = table.back(node);
    const forth = table.forth(node);
    if (forth !== NIL) table.setBack(forth, back);
    if (back !== NIL) {
      table.setForth(back, forth);
      return;
    }
    const bin = this.of(table.size(node));
    this.#heads[bin] = forth;
    if (forth === NIL) {
      const row = bin >> ROW_BITS;
      const bits = this.#rows[row]! & ~(1 << (bin & (ROW - 1)));
      this.#rows[row] = bits;
      if (bits === 0) this.#summary[row >> 5]! &= ~(1 << (row & 31));
    }
  }

  /** The bins that are not empty, by rising size. O(bins + free segments). */
  report(): BinReport[] {
    const table = this.#table;
    const report: BinReport[] = [];
    for (let bin = this.firstFrom(0); bin !== NIL; bin = this.firstFrom(bin + 1)) {
      let segments = 0;
      let bytes = 0;
      for (let node = this.#heads[bin]!; node !== NIL; node = table.forth(node)) {
        segments++;
        bytes += table.size(node);
      }
      report.push({ least: this.least(bin), below: this.least(bin + 1), segments, bytes });
    }
    return report;
  }

  /**
   * Checks lists and bitmaps against the table. O(free segments + bins).
   * @throws CorruptionError naming the broken law
   */
  check(): void {
    const table = this.#table;
    let listed = 0;
    for (let bin = 0; bin < this.#heads.length; bin++) {
      const row = bin >> ROW_BITS;
      const bit = (this.#rows[row]! >>> (bin & (ROW - 1))) & 1;
      law(
        (this.#heads[bin] !== NIL) === (bit === 1),
        'the bitmap of a row tells which of its bins have segments',
        () => `bit ${bit} for bin ${bin}, head ${this.#heads[bin]}`,
      );
      const set = (this.#summary[row >> 5]! >>> (row & 31)) & 1;
      law(
        (this.#rows[row] !== 0) === (set === 1),
        'the bitmap of rows tells which have bins with segments',
        () => `bit ${set} for row ${row}, bitmap ${this.#rows[row]}`,
      );
      let back = NIL;
      for (let node = this.#heads[bin]!; node !== NIL; node = table.forth(node)) {
        const size = table.size(node);
        law(
          !table.isUsed(node),
          'every segment in a bin is free',
          () => `the used one at ${table.start(node)}`,
        );
        law(
          size >= this.least(bin) && size < this.least(bin + 1) && size % this.#unit === 0,
          'every free segment is in the bin of its size',
          () => `${size} bytes in bin ${bin}, of sizes from ${this.least(bin)} up`,
        );
        law(
          table.back(node) === back,
          'the lists lead back as they lead forth',
          () => `back to ${table.back(node)}, not ${back}, in bin ${bin}`,
        );
        back = node;
        listed++;
      }
    }
    law(
      listed === table.freeSegments,
      'every free segment is in a bin, once',
      () => `${listed} in bins, of ${table.freeSegments}`,
    );
  }
}

/** The bin of `units * 2^shift` units; when shift is not 0, units is at least 64. */
function binOf(units: number, shift: number): number {
  if (units < ROW) return units;
  const log = 31 - Math.clz32(units);
  return ((log + shift - ROW_BITS) << ROW_BITS) + (units >> (log - ROW_BITS));
}

function lowestSetBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
