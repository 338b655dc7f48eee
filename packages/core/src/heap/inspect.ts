/** What a heap reports of itself: its blocks one after another, its figures, its largest free block. Its laws: check.ts. */
import { INSPECT, summary } from '../summary.js';
import { isStart, isUsed, lengthOf } from './block-map.js';
import { checkHeap, equal, type HeapState } from './check.js';
import { Engine } from './engine.js';
import { largestMerged, largestOf, quickTotals } from './free-lists.js';
import * as L from './layout.js';

const { LENGTH, NEXT } = L;

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
  /** Whether frees are checked. */
  readonly checked: boolean = this.checkMask !== 0;
  /** Every address is a multiple of this: 8 or 16. */
  readonly alignment: 8 | 16 = this.shift === 3 ? 8 : 16;

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
    this.refreshForRead();
    const { unit } = this;
    yield { address: this.base, size: L.HEADER_WORDS * 4, kind: 'bookkeeping', align: 0 };
    const waiting = this.checkMask !== 0 ? null : this.waitingBlocks();
    for (let block = this.first; block < this.word(L.H_TOP); ) {
      const { words, map } = this;
      const length = lengthOf(words, map, block);
      const kind = this.kindOf(block, waiting);
      const align = kind === 'used' ? this.alignOf(block, length) : 0;
      yield { address: block * unit, size: length * unit, kind, align };
      this.refreshForRead();
      block = this.startFrom(block + length);
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
    this.refreshForRead();
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
    this.refreshForRead();
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
    this.refreshForRead();
    checkHeap(this.state());
    const { usedBytes, freeBytes, bookkeepingBytes, capacity } = this.stats();
    equal('used + free + bookkeeping', usedBytes + freeBytes + bookkeepingBytes, capacity);
  }

  /** @internal */
  [INSPECT](): string {
    const { base, alignment, checked } = this;
    return summary(this, { base, alignment, checked, ...this.stats() });
  }

  /** The first granule from this one on where a block begins, or what is above the last one: this one, but for changes. */
  private startFrom(granule: number): number {
    const top = this.word(L.H_TOP);
    let start = granule;
    while (start < top && !isStart(this.words, this.map, start)) start++;
    return start;
  }

  private kindOf(block: number, waiting: ReadonlySet<number> | null): HeapBlock['kind'] {
    const { words, map, scale } = this;
    if (isUsed(words, map, block)) return waiting?.has(block) === true ? 'waiting' : 'used';
    if (this.isOwn(block)) return 'bookkeeping';
    return words[(block << scale) + LENGTH] < 0 ? 'waiting' : 'free';
  }

  private waitingBlocks(): ReadonlySet<number> {
    const { words, scale } = this;
    const waiting = new Set<number>();
    for (let length = 1; length <= this.quick; length++) {
      let block = words[this.lists + length];
      for (; block !== 0; block = words[(block << scale) + NEXT]) waiting.add(block);
    }
    return waiting;
  }

  private ownGranules(): number {
    const { words, map, scale, tables } = this;
    const own = lengthOf(words, map, this.word(L.H_MAP));
    return tables === 0 ? own : own + lengthOf(words, map, tables >>> scale);
  }

  private state(): HeapState {
    const { words, memory, header, map, covered, tables, quick, lists, first, origin, scale, checked } = this;
    const { byteLength } = memory;
    return { words, byteLength, header, map, covered, tables, quick, lists, first, origin, scale, checked };
  }
}
