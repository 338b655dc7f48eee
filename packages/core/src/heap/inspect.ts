/**
 * What a heap tells of itself: its blocks one after another, its counts, and whether its laws hold.
 *
 * Laws that `check` holds it to, the conservation laws first:
 * - used + free + bookkeeping = all bytes from the base to the end of the memory or the limit;
 * - blocks lie one after another from the header to the top without gap or overlap, and there are as many as counted;
 * - a block's length reads the same from either end;
 * - no two merged blocks are neighbours, none lies at the top;
 * - every free block stands in exactly one list, the one of its length, and every listed block is free;
 * - the counts of lists, bins and the bitmap of bins agree with the lists;
 * - the map covers the top, holds no bits but those of blocks, and map and tables are where the header says, large enough;
 * - a block asked for with an alignment of its own tells which, and lies at a multiple of it.
 */
import { CorruptionError, law } from '../allocator.js';
import { isMarked, isStart, isUsed, lengthOf, previousOf } from './block-map.js';
import { Engine } from './engine.js';
import {
  binOf,
  bins,
  countWaiting,
  isBinNonEmpty,
  largestMerged,
  largestOf,
  quickTotals,
  strayBits,
} from './free-lists.js';
import * as L from './layout.js';

const { LENGTH, NEXT, PREVIOUS } = L;

/** A block of a heap, or another stretch of its bytes. */
export interface HeapBlock {
  readonly address: number;
  /** Bytes, all that the block takes up. */
  readonly size: number;
  /** `waiting`: free, but not merged with its neighbours until the heap needs it. */
  readonly kind: 'used' | 'free' | 'waiting' | 'bookkeeping';
  /** The alignment in bytes that a used block was asked for with, where it is more than the heap's; else 0. */
  readonly align: number;
}

/** All sizes in bytes. */
export interface HeapStats {
  /** From the base to the end of the memory or the limit. Equals `usedBytes + freeBytes + bookkeepingBytes`, always. */
  readonly capacity: number;
  /** In used blocks, rounding included. */
  readonly usedBytes: number;
  readonly freeBytes: number;
  /** The header, the map, the tables. */
  readonly bookkeepingBytes: number;
  readonly usedBlocks: number;
  /** What lies above the last block counts as one. */
  readonly freeBlocks: number;
  /** Of the free bytes, those that wait in quick lists for requests of their own size, not merged with neighbours. */
  readonly waitingBytes: number;
  /** Of the free bytes, those above the last block. */
  readonly topBytes: number;
  /** From the base to the end of the last block. */
  readonly reachBytes: number;
  /** From the base to the highest end that any block ever had, the heap's own included. */
  readonly footprintBytes: number;
}

export abstract class InspectableHeap extends Engine {
  /** Address of the header, a multiple of 16: what `Heap.attach` asks for. */
  get base(): number {
    return this.header * 4;
  }

  /**
   * Every block in address order, the header first, what is above the last block last: they tile the heap. O(1) a block.
   * The heap may be changed on the way: then each block that was there all the time is told once, whatever becomes of
   * the others, and together they need not tile it. Which blocks wait, a heap without checks tells as it was at the beginning.
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536));
   * const [a, b] = [heap.malloc(100), heap.malloc(50)];
   * heap.free(a);
   * Array.from(heap.walk(), ({ kind }) => kind);   // => ['bookkeeping', 'bookkeeping', 'free', 'used', 'free']
   * ```
   */
  *walk(): Iterable<HeapBlock> {
    this.look();
    const { unit } = this;
    yield { address: this.base, size: L.HEADER_WORDS * 4, kind: 'bookkeeping', align: 0 };
    const waiting = this.checkMask !== 0 ? null : this.waitingBlocks();
    for (let i = this.first; i < this.word(L.H_TOP); ) {
      const { words, map } = this;
      const length = lengthOf(words, map, i);
      const kind = this.kindOf(i, waiting);
      const align = kind === 'used' ? this.alignOf(i, length) : 0;
      yield { address: i * unit, size: length * unit, kind, align };
      this.look();
      i = this.startFrom(i + length);
    }
    const top = this.word(L.H_TOP);
    if (this.end > top) {
      yield { address: top * unit, size: (this.end - top) * unit, kind: 'free', align: 0 };
    }
  }

  /**
   * The figures of HeapStats, in bytes. O(1).
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536));
   * heap.malloc(100);
   * const { usedBytes, freeBytes, bookkeepingBytes, capacity } = heap.stats();
   * [usedBytes, bookkeepingBytes];   // => [112, 144]
   * usedBytes + freeBytes + bookkeepingBytes === capacity;   // => true
   * ```
   */
  stats(): HeapStats {
    this.look();
    const { unit } = this;
    const top = this.word(L.H_TOP);
    const { tables } = this;
    const quick =
      tables === 0 ? { blocks: 0, granules: 0 } : quickTotals(this.words, tables, this.scale, this.quick);
    const own = this.ownGranules();
    const free = this.word(L.H_MERGED_GRANULES) + quick.granules;
    const freeBlocks = this.word(L.H_MERGED) + quick.blocks;
    return {
      capacity: this.end * unit - this.base,
      usedBytes: (top - this.first - free - own) * unit,
      freeBytes: (free + this.end - top) * unit,
      bookkeepingBytes: (own + this.first) * unit - this.base,
      usedBlocks: this.word(L.H_BLOCKS) - (tables === 0 ? 1 : 2) - freeBlocks,
      freeBlocks: freeBlocks + (this.end > top ? 1 : 0),
      waitingBytes: quick.granules * unit,
      topBytes: (this.end - top) * unit,
      reachBytes: top * unit - this.base,
      footprintBytes: this.word(L.H_PEAK) * unit - this.base,
    };
  }

  /**
   * Bytes of the largest free block, what is above the last block included; 0 when nothing is free.
   * O(blocks of one bin). The memory may be able to grow: then a larger request is served all the same. A request
   * of just so many bytes at the top may fail, for the map of the blocks grows with it.
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536));
   * while (heap.malloc(1000) !== 0);
   * // Smaller requests may be served still.
   * heap.largestFree() < 1000;   // => true
   * ```
   */
  largestFree(): number {
    this.look();
    const { words, tables, scale } = this;
    const merged =
      tables === 0 ? largestOf(words, scale, this.word(L.H_LIST)) : largestMerged(words, tables, scale);
    let largest = Math.max(this.end - this.word(L.H_TOP), merged);
    for (let length = this.quick; length > largest; length--) {
      if (words[this.lists + length] !== 0) largest = length;
    }
    return largest * this.unit;
  }

  /**
   * Checks every law of the heap's bookkeeping, the conservation laws first. O(blocks): for tests and doubtful
   * moments.
   * @throws CorruptionError naming the broken law
   * @example
   * ```js
   * const heap = Heap.create(new ArrayBuffer(65536));
   * const [a, b, c] = [16, 16, 16].map((size) => heap.malloc(size));
   * heap.free(b);
   * heap.check();   // => undefined
   * // A write past the end of the first block hits what the heap notes in the free one behind it.
   * heap.view.fill(0xff, a, a + 24);
   * heap.check();   // => throws CorruptionError
   * ```
   */
  check(): void {
    this.look();
    const { words, map, first, scale } = this;
    const top = this.word(L.H_TOP);
    this.checkHeader();
    const found = { blocks: 0, merged: 0, mergedGranules: 0, waiting: 0, own: 0, states: 0 };
    let mergedBefore = false;
    for (let i = first; i !== top; ) {
      const length = lengthOf(words, map, i);
      law(
        length > 0 && i + length <= top && isStart(words, map, i + length),
        'blocks tile the heap',
        () => `granule ${i} with length ${length}, the top being ${top}`,
      );
      law(
        previousOf(words, map, i + length) === i,
        'a block has one length, read from either end',
        () => `granule ${i}, length ${length}, from behind ${previousOf(words, map, i + length)}`,
      );
      const used = isUsed(words, map, i);
      const own = this.isOwn(i);
      law(!(used && own), "the heap's own blocks are never in use by a caller", () => `granule ${i} in use`);
      const merged = !used && !own && words[(i << scale) + LENGTH]! > 0;
      law(!(merged && mergedBefore), 'no two merged blocks are neighbours', () => `granule ${i}`);
      mergedBefore = merged;
      if (own) this.checkOwn(i, length);
      if (used) {
        // One for the block, one for its mark.
        found.states += isMarked(words, map, i) ? 2 : 1;
        this.alignOf(i, length);
      }
      found.blocks++;
      if (merged) {
        found.merged++;
        found.mergedGranules += length;
      } else if (own) found.own++;
      else if (!used) found.waiting++;
      i += length;
    }
    law(!mergedBefore, 'no merged block lies at the top', () => `top ${top}`);
    this.checkMap(found.blocks + 1, found.states);
    this.equal('blocks', found.blocks, this.word(L.H_BLOCKS));
    this.equal('merged blocks', found.merged, this.word(L.H_MERGED));
    this.equal('granules in merged blocks', found.mergedGranules, this.word(L.H_MERGED_GRANULES));
    this.equal("the heap's own blocks", found.own, this.tables === 0 ? 1 : 2);
    this.checkLists(found.merged, found.waiting);
    const { usedBytes, freeBytes, bookkeepingBytes, capacity } = this.stats();
    this.equal('used + free + bookkeeping', usedBytes + freeBytes + bookkeepingBytes, capacity);
  }

  /** What must hold before any block can be looked at. */
  private checkHeader(): void {
    const { words, map, first, scale } = this;
    const top = this.word(L.H_TOP);
    law(words[this.header] === L.MAGIC, 'the header begins with the magic word', () =>
      hex(words[this.header]!),
    );
    law(
      top >= first && top <= this.word(L.H_PEAK) && top * this.unit <= this.memory.byteLength,
      'the top lies between the header, its highest, and the end of the memory',
      () => `granule ${top}, highest ${this.word(L.H_PEAK)}`,
    );
    law(
      this.word(L.H_ZERO_FROM) >= this.word(L.H_PEAK),
      'memory that blocks have used is not known to be zero',
      () => `highest top ${this.word(L.H_PEAK)}, zeros from granule ${this.word(L.H_ZERO_FROM)}`,
    );
    law(
      this.tables === 0 ? this.quick === 0 : this.quick > 0 && this.word(L.H_LIST) === 0,
      'quick lists exist where tables do, or else a single list',
      () => `tables at word ${this.tables}, ${this.quick} quick lists, list ${this.word(L.H_LIST)}`,
    );
    for (const [what, at, tag] of [
      ['map', this.word(L.H_MAP), L.OWN_MAP],
      ['tables', this.word(L.H_TABLES), L.OWN_TABLES],
    ] as const) {
      if (at === 0 && what === 'tables') continue;
      law(
        at >= first && at < top && words[at << scale] === tag,
        `the ${what} block is where the header says`,
        () => `granule ${at}, which holds ${hex(words[at << scale] ?? 0)}`,
      );
    }
    law(
      (top >>> 5) - this.origin < this.covered && this.covered <= words.length,
      'the map covers the top',
      () => `top at granule ${top}, ${this.covered} groups covered`,
    );
    law(
      isStart(words, map, first) && isStart(words, map, top),
      'first block and top are boundaries',
      () => 'none there',
    );
  }

  private checkLists(merged: number, waiting: number): void {
    const { words, tables } = this;
    const lists = tables === 0 ? [[-1, this.word(L.H_LIST)] as const] : bins(words, tables);
    let binned = 0;
    for (const [bin, head] of lists) {
      if (bin >= 0) {
        law(
          isBinNonEmpty(words, tables, bin) === (head !== 0),
          'a bit of the bitmap is set exactly where a bin is not empty',
          () => `bin ${bin}`,
        );
      }
      binned += this.checkBin(bin, head, merged - binned);
    }
    this.equal('blocks in bins', binned, merged);
    if (tables !== 0) this.equal('bits of bins that do not exist', strayBits(words, tables), 0);
    if (tables === 0) this.equal('blocks waiting', waiting, 0);
    else this.checkQuickLists(waiting);
  }

  /** @returns the blocks in the bin, which are at most `most` */
  private checkBin(bin: number, head: number, most: number): number {
    const { words, map, scale } = this;
    let count = 0;
    let before = 0;
    for (let i = head; i !== 0; i = words[(i << scale) + NEXT]!) {
      const length = words[(i << scale) + LENGTH]!;
      law(
        this.isBlock(i) && !isUsed(words, map, i) && !this.isOwn(i),
        'bins hold free blocks',
        () => `granule ${i}`,
      );
      law(
        length > 0 && lengthOf(words, map, i) === length && (bin < 0 || binOf(length) === bin),
        'a block stands in the bin of its length',
        () => `granule ${i}, length ${lengthOf(words, map, i)}, said to be ${length}, in bin ${bin}`,
      );
      law(words[(i << scale) + PREVIOUS] === before, 'a bin is linked both ways', () => `granule ${i}`);
      if (++count > most)
        throw new CorruptionError('a bin ends', `more blocks than there are, in bin ${bin}`);
      before = i;
    }
    return count;
  }

  private checkQuickLists(waiting: number): void {
    const { words, map, scale } = this;
    let quick = 0;
    for (let length = 1; length <= this.quick; length++) {
      const head = words[this.lists + length]!;
      let left = countWaiting(words, scale, head);
      quick += left;
      let before = 0;
      for (let i = head; i !== 0; i = words[(i << scale) + NEXT]!) {
        const where = () => `granule ${i} in the list of ${length}`;
        law(
          this.isBlock(i) && lengthOf(words, map, i) === length,
          'a quick list holds blocks of its length',
          where,
        );
        law(
          isUsed(words, map, i) !== (this.checkMask !== 0) && !isMarked(words, map, i) && !this.isOwn(i),
          'quick lists hold free blocks',
          where,
        );
        law(
          i === head || words[(i << scale) + PREVIOUS] === before,
          'a quick list is linked both ways, except for its first block',
          where,
        );
        law(
          left > 0 && words[(i << scale) + LENGTH] === -left,
          'a waiting block holds the number of blocks from it on',
          where,
        );
        before = i;
        left--;
      }
      this.equal(`blocks in the quick list of ${length}`, 0, left);
    }
    // Unchecked heaps do not tell in the map which blocks wait.
    this.equal('blocks waiting', waiting, this.checkMask !== 0 ? quick : 0);
  }

  private equal(what: string, found: number, noted: number): void {
    law(
      found === noted,
      `${what}: the number found is the number recorded`,
      () => `${found}, noted ${noted}`,
    );
  }

  /** The block at `i` is the map, or the tables. */
  private checkOwn(i: number, length: number): void {
    const { words, scale } = this;
    const isMap = i === this.word(L.H_MAP);
    const least = isMap ? this.mapGranules(this.covered) : this.tableGranules(this.quick);
    law(
      length >= least && words[(i << scale) + LENGTH] === 0,
      `the ${isMap ? 'map' : 'tables'} block has room for what the header says, and is in no list`,
      () =>
        `granule ${i} of length ${length}, ${least} needed; in a list with ${words[(i << scale) + LENGTH]!}`,
    );
  }

  /** The whole map has so many starts, the top's included, and so many states beside them. */
  private checkMap(starts: number, states: number): void {
    const { words, map, origin, covered } = this;
    let foundStarts = 0;
    let foundStates = 0;
    // One pair is read past the last.
    for (let group = origin; group <= origin + covered; group++) {
      const w = map + (group << 1);
      if (words[w] === 0) continue;
      foundStarts += bitsIn(words[w]!);
      foundStates += bitsIn(words[w + 1]!);
    }
    law(
      foundStarts === starts,
      'starts lie where blocks begin, and nowhere else',
      () => `${foundStarts} starts, ${starts - 1} blocks`,
    );
    law(
      foundStates === states,
      'states are those of used blocks and of their marks',
      () => `${foundStates} bits, ${states} of blocks`,
    );
  }

  /** Whether a block of the heap begins there. */
  protected isBlock(i: number): boolean {
    return i >= this.first && i < this.word(L.H_TOP) && isStart(this.words, this.map, i);
  }

  /** The first granule from `i` on where a block begins, or what is above the last one; `i` itself but for changes. */
  private startFrom(i: number): number {
    const top = this.word(L.H_TOP);
    let start = i;
    while (start < top && !isStart(this.words, this.map, start)) start++;
    return start;
  }

  private kindOf(i: number, waiting: ReadonlySet<number> | null): HeapBlock['kind'] {
    const { words, map, scale } = this;
    if (isUsed(words, map, i)) return waiting?.has(i) === true ? 'waiting' : 'used';
    if (this.isOwn(i)) return 'bookkeeping';
    return words[(i << scale) + LENGTH]! < 0 ? 'waiting' : 'free';
  }

  private waitingBlocks(): ReadonlySet<number> {
    const { words, scale } = this;
    const waiting = new Set<number>();
    for (let length = 1; length <= this.quick; length++) {
      let i = words[this.lists + length]!;
      for (; i !== 0; i = words[(i << scale) + NEXT]!) waiting.add(i);
    }
    return waiting;
  }

  private ownGranules(): number {
    const { words, map, scale, tables } = this;
    const own = lengthOf(words, map, this.word(L.H_MAP));
    return tables === 0 ? own : own + lengthOf(words, map, tables >>> scale);
  }

  /**
   * The alignment, in bytes, that the used block at `i` was asked for; 0 where none was.
   * @throws CorruptionError where somebody wrote over what tells
   */
  protected alignOf(i: number, length: number): number {
    if (length === 1 || !isMarked(this.words, this.map, i)) return 0;
    const log = this.words[((i + length) << this.scale) - 1]!;
    // Somebody wrote past the end of the block.
    if (!(log > this.shift && log < 32 && (i & ((1 << (log - this.shift)) - 1)) === 0)) {
      throw new CorruptionError(
        'the last word of an aligned block holds the logarithm of its alignment',
        `${log}, in the block at ${hex(i * this.unit)} of ${length * this.unit} bytes`,
      );
    }
    return 2 ** log;
  }

  /** A word of the header. */
  protected word(index: number): number {
    return this.words[this.header + index]!;
  }
}

function bitsIn(word: number): number {
  let count = 0;
  for (let bits = word; bits !== 0; bits &= bits - 1) count++;
  return count;
}

function hex(word: number): string {
  return `0x${(word >>> 0).toString(16)}`;
}
