/**
 * The heap's engine, in granules: takes, gives back and resizes blocks between the header and the top. `Heap` puts
 * bytes, C's calls and the ways through the quick lists on top of it.
 *
 * A request is served by the least merged block that is large enough, from whose low end it is carved (large ones
 * from the high end, so that what lives long does not settle in the middle of large holes); else from the top. A
 * block given back is merged at once with merged neighbours and the top. Blocks of common sizes do not come here when
 * they are freed: they wait in quick lists, unmerged, until the footprint would have to grow and they make up 1/512
 * of it; then all of them are given back.
 *
 * A small heap has no tables: its merged blocks stand in a single list, and nothing waits.
 *
 * The life of a block, and where each step is made:
 *
 *     1. used      carved from a merged block or taken at the top (`take`); in the map a start with its state set
 *     2. waiting   freed, of a common size (`Heap.free`): in the quick list of its length, LENGTH below 0, its neighbours
 *                  left alone; malloc of that size makes it used again (`Heap.malloc`)
 *     3. merged    freed, or waited long enough (`release`, `flush`): one with its merged neighbours, LENGTH above 0,
 *                  in the bin of its length or in the single list
 *     4. top       merged with what is above the last block: no block any more; the top lies where it began
 *
 * From 1 a block goes to 2, 3 or 4, from 2 to 1, 3 or 4, from 3 to 1 or 4. The map and the tables are blocks that are
 * never used in the map's sense and in no list; they are moved, and their old places go to 3 or 4.
 *
 * Cost: `take` and `release` O(1) apart from growth and the emptying of quick lists, which each freed block pays for
 * once. Waste: the map, 1/64 and up to a quarter more; what lies in holes, 4 % of the footprint and less on most traces.
 *
 * Source: boundary tags and immediate merging, Knuth 1968; best fit with little splitting loss, Johnstone and Wilson,
 * "The memory fragmentation problem: solved?", ISMM 1998; deferred merging, Weinstock's quick fit 1976.
 */
import { alignmentOf, clearAlignment } from './alignment.js';
import * as blockMap from './block-map.js';
import * as freeLists from './free-lists.js';
import type { Granule } from './layout.js';
import * as L from './layout.js';
import { Space } from './space.js';

const {
  H_BLOCKS,
  H_LIST,
  H_MAP,
  H_MERGED,
  H_MERGED_GRANULES,
  H_PEAK,
  H_QUICK,
  H_TABLES,
  H_TOP,
  H_WEIGH_AT,
  LENGTH,
  NEXT,
  OWN_TABLES,
} = L;
const {
  clearStart,
  isStart,
  isUsed,
  lengthOf,
  previousOf,
  setFree,
  setLength,
  setStart,
  setUsed,
  setUsedStart,
} = blockMap;
const {
  findFit,
  insert,
  leastOf,
  link,
  quickTotals,
  remove,
  tableGranules,
  tableWords,
  unlink,
  unlinkWaiting,
} = freeLists;

/**
 * Requests from this many bytes up are carved from the high end of a hole: 32 KiB to 128 KiB served the traces alike.
 * The heap's own blocks are not: a map at the high end of a hole keeps it from ever becoming one with what is behind.
 */
const HIGH_CARVE_BYTES = 65536;
/** Quick lists are emptied when they hold more than this part of the footprint, as a shift: 1/512; with 1/128 0.05 % more. */
const QUICK_SHARE = 9;
/** The top moves by this part of the footprint, as a shift, and some granules, between two looks at the quick lists. */
const WEIGH_STEP = 8;
const WEIGH_STEP_LEAST = 64;
/** From a top of so many bytes on there are tables, with quick lists for requests up to so many bytes. */
const TABLES: readonly (readonly [fromBytes: number, quickBytes: number])[] = [
  [16 * 1024, 256],
  [64 * 1024, 512],
  [256 * 1024, 1024],
  [1024 * 1024, 4096],
  [16 * 1024 * 1024, 8192],
];

export abstract class Engine extends Space {
  /** Takes a block of `need` granules, the least of a block or more. @returns its granule, 0 when there is no room */
  protected take(need: number): number {
    const hole = this.takeHole(need, need >= HIGH_CARVE_BYTES >>> this.shift);
    return hole !== 0 ? hole : this.takeFromTop(need);
  }

  protected override takeHole(need: number, high = false): number {
    const { words, tables, scale } = this;
    if (words[this.header + H_MERGED] === 0) return 0;
    const hole =
      tables !== 0
        ? findFit(words, tables, scale, need, false)
        : leastOf(words, scale, words[this.header + H_LIST], need, true);
    return hole === 0 ? 0 : this.carve(hole, words[(hole << scale) + LENGTH], need, high);
  }

  private takeFromTop(need: number): number {
    if (this.weighFor(need)) {
      const hole = this.takeHole(need, need >= HIGH_CARVE_BYTES >>> this.shift);
      if (hole !== 0) return hole;
    }
    const at = this.bump(need);
    return at !== 0 ? at : this.lastResort(need);
  }

  /** Before the top passes its peak by `need` granules: a look at tables and quick lists, if one is due. */
  private weighFor(need: number): boolean {
    const { words, header } = this;
    const end = words[header + H_TOP] + need;
    return end > words[header + H_PEAK] && end >= words[header + H_WEIGH_AT] && this.weigh(end);
  }

  /**
   * Makes the tables that a heap of this size has; empties quick lists that hold a good part of it. Sizes are counted
   * from the base: by its addresses a heap of a few kilobytes high in the memory would pass for a large one.
   * @returns whether holes may be new
   */
  private weigh(end: number): boolean {
    const { words, header, shift, scale } = this;
    const base = header >>> scale;
    const top = words[header + H_TOP];
    const reach = top - base;
    // Only where there is room for the request besides, which must not be refused for their sake.
    let quick = 0;
    for (const [from, bytes] of TABLES) if (reach * this.unit >= from) quick = bytes >>> shift;
    if (quick > this.quick && end + tableGranules(quick, this.scale) <= this.end) this.makeTables(quick);
    this.words[header + H_WEIGH_AT] = top + (reach >>> WEIGH_STEP) + WEIGH_STEP_LEAST;
    if (this.tables === 0) return false;
    const waiting = quickTotals(this.words, this.tables, scale, this.quick).granules;
    if (waiting < (end - base) >>> QUICK_SHARE) return false;
    this.flush();
    return true;
  }

  /** No room at the top: merges all there is to merge and looks at every block that might serve. */
  private lastResort(need: number): number {
    const { words, tables, scale } = this;
    if (tables === 0) return 0;
    this.flush();
    const hole = findFit(words, tables, scale, need, true);
    return hole !== 0 ? this.carve(hole, words[(hole << scale) + LENGTH], need, false) : this.bump(need);
  }

  /** Takes `need` granules of the merged block `[block, block + length)`, from its high or its low end. */
  private carve(block: Granule, length: number, need: number, high: boolean): number {
    const { words, header, map } = this;
    this.delist(block, length);
    const rest = length - need;
    if (rest < this.least) {
      setUsed(words, map, block);
      return block;
    }
    words[header + H_BLOCKS]++;
    if (high) {
      const at = block + rest;
      setUsedStart(words, map, at);
      setLength(words, map, at, need);
      this.list(block, rest);
      return at;
    }
    setStart(words, map, block + need);
    setUsed(words, map, block);
    setLength(words, map, block, need);
    this.list(block + need, rest);
    return block;
  }

  /** Gives back the block `[block, block + length)`, which has no mark: merges it with merged neighbours and the top. */
  protected override release(block: Granule, length: number): void {
    const { words, header, map, scale } = this;
    const top = words[header + H_TOP];
    let start = block;
    let total = length;
    let gone = 0;
    setFree(words, map, block);
    const next = block + length;
    if (next !== top && !isUsed(words, map, next)) {
      const more = words[(next << scale) + LENGTH];
      if (more > 0) {
        this.delist(next, more);
        clearStart(words, map, next);
        total += more;
        gone++;
      }
    }
    if (block !== this.first) {
      const previous = previousOf(words, map, block);
      if (!isUsed(words, map, previous) && words[(previous << scale) + LENGTH] > 0) {
        this.delist(previous, block - previous);
        clearStart(words, map, block);
        start = previous;
        total += block - previous;
        gone++;
      }
    }
    if (start + total === top) {
      clearStart(words, map, top);
      words[header + H_TOP] = start;
      gone++;
    } else this.list(start, total);
    if (gone !== 0) words[header + H_BLOCKS] -= gone;
  }

  /** Notes the merged block `[block, block + length)`, whose neighbours are not merged ones. */
  private list(block: Granule, length: number): void {
    const { words, header, tables, scale } = this;
    setLength(words, this.map, block, length);
    words[header + H_MERGED]++;
    words[header + H_MERGED_GRANULES] += length;
    if (tables !== 0) insert(words, tables, scale, block, length);
    else link(words, header + H_LIST, scale, block, length);
  }

  private delist(block: Granule, length: number): void {
    const { words, header, tables, scale } = this;
    words[header + H_MERGED]--;
    words[header + H_MERGED_GRANULES] -= length;
    if (tables !== 0) remove(words, tables, scale, block, length);
    else unlink(words, header + H_LIST, scale, block);
  }

  /** Gives back all blocks of the quick lists. */
  protected flush(): void {
    const { words, scale } = this;
    for (let length = this.least; length <= this.quick; length++) {
      let block = words[this.lists + length];
      words[this.lists + length] = 0;
      while (block !== 0) {
        const next = words[(block << scale) + NEXT];
        this.release(block, length);
        block = next;
      }
    }
  }

  /** Moves lists and bins into tables with quick lists up to `quick` granules. Without room all stays as it was. */
  private makeTables(quick: number): void {
    const { header, scale } = this;
    const size = tableGranules(quick, this.scale);
    const hole = this.takeHole(size);
    const at = hole !== 0 ? hole : this.bump(size);
    if (at === 0) return;
    const { words } = this;
    const tables = at << scale;
    const old = this.tables;
    words.fill(0, tables, tables + tableWords(quick));
    if (old !== 0) words.copyWithin(tables, old, old + tableWords(this.quick));
    words[tables] = OWN_TABLES;
    this.own(at);
    words[header + H_TABLES] = at;
    words[header + H_QUICK] = quick;
    let block = words[header + H_LIST];
    words[header + H_LIST] = 0;
    this.raiseGeneration();
    this.reloadHeader();
    while (block !== 0) {
      const next = words[(block << scale) + NEXT];
      insert(words, tables, scale, block, words[(block << scale) + LENGTH]);
      block = next;
    }
    if (old !== 0) this.release(old >>> scale, lengthOf(words, this.map, old >>> scale));
  }

  /**
   * Takes a block of `need` granules at a multiple of `align` granules, a power of two above 1.
   * @returns its granule, 0 when there is no room
   */
  protected takeAligned(need: number, align: number): number {
    const aligned = this.takeAlignedHole(need, align);
    if (aligned !== 0) return aligned;
    const ample = need + align - 1 + 2 * (this.least - 1);
    const hole = this.takeHole(ample);
    if (hole !== 0) return this.trimToAlign(hole, need, align);
    const { header } = this;
    if (this.weighFor(this.padding(this.words[header + H_TOP], align) + need)) {
      const flushed = this.takeHole(ample);
      if (flushed !== 0) return this.trimToAlign(flushed, need, align);
    }
    for (;;) {
      const top = this.words[header + H_TOP];
      const padded = this.padding(top, align) + need;
      if (!this.reach(padded, true)) return this.lastResortAligned(need, align);
      // Unless the map has settled there, and another padding is needed.
      if (this.words[header + H_TOP] === top) return this.trimToAlign(this.bump(padded), need, align);
    }
  }

  /** The hole that would serve without an alignment, if it serves with it: such as one that an aligned block left. */
  private takeAlignedHole(need: number, align: number): number {
    const { words, tables, scale } = this;
    const hole =
      tables !== 0
        ? findFit(words, tables, scale, need, false)
        : leastOf(words, scale, words[this.header + H_LIST], need, true);
    if (hole === 0) return 0;
    const length = words[(hole << scale) + LENGTH];
    if (this.padding(hole, align) + need > length) return 0;
    this.delist(hole, length);
    setUsed(words, this.map, hole);
    return this.trimToAlign(hole, need, align);
  }

  private lastResortAligned(need: number, align: number): number {
    if (this.tables !== 0) this.flush();
    const { words, header, map, scale } = this;
    const top = words[header + H_TOP];
    for (let block = this.first; block !== top; block += lengthOf(words, map, block)) {
      if (isUsed(words, map, block)) continue;
      const length = words[(block << scale) + LENGTH];
      if (length > 0 && this.padding(block, align) + need <= length) {
        this.delist(block, length);
        setUsed(words, map, block);
        return this.trimToAlign(block, need, align);
      }
    }
    const padded = this.padding(top, align) + need;
    return this.reach(padded, false) ? this.trimToAlign(this.bump(padded), need, align) : 0;
  }

  /** Granules from `granule` to the first aligned one that leaves nothing before it, or enough for a block. */
  private padding(granule: Granule, align: number): number {
    const padding = -granule & (align - 1);
    return padding === 0 || padding >= this.least ? padding : padding + align;
  }

  /** Gives back what of the used block at `block` lies before the first aligned granule, and behind `need` from there. */
  private trimToAlign(block: Granule, need: number, align: number): number {
    const { words, header, map } = this;
    const length = lengthOf(words, map, block);
    const padding = this.padding(block, align);
    const at = block + padding;
    if (padding !== 0) {
      setUsedStart(words, map, at);
      setLength(words, map, at, length - padding);
      words[header + H_BLOCKS]++;
      this.release(block, padding);
    }
    this.shrink(at, length - padding, need);
    return at;
  }

  /** Cuts the used block of `length` down to `need` granules, if what is left over makes a block, and gives that back. */
  private shrink(block: Granule, length: number, need: number): void {
    if (length - need < this.least) return;
    const { words, header, map } = this;
    setStart(words, map, block + need);
    setLength(words, map, block, need);
    words[header + H_BLOCKS]++;
    this.release(block + need, length - need);
  }

  /** Makes the used block of `length` hold `need` granules where it is. @returns false, nothing changed, where it cannot */
  protected resizeBlock(block: Granule, length: number, need: number): boolean {
    if (need <= length) {
      this.shrink(block, length, need);
      return true;
    }
    const { words, header, map, scale } = this;
    const next = block + length;
    const top = words[header + H_TOP];
    if (next === top) return this.extendAtTop(block, length, need);
    if (isUsed(words, map, next)) return false;
    if (next === words[header + H_MAP] && next + lengthOf(words, map, next) === top) {
      return this.extendUnderMap(block, length, need);
    }
    const more = words[(next << scale) + LENGTH];
    const rest = length + more - need;
    if (more <= 0 || rest < 0) return this.resizeOverWaiting(block, length, need);
    this.delist(next, more);
    clearStart(words, map, next);
    if (rest < this.least) {
      setLength(words, map, block, length + more);
      words[header + H_BLOCKS]--;
      return true;
    }
    setStart(words, map, block + need);
    setLength(words, map, block, need);
    this.list(block + need, rest);
    return true;
  }

  /** The last block grows into the space above the top. */
  private extendAtTop(block: Granule, length: number, need: number): boolean {
    if (!this.reach(need - length, false)) return this.extendUnderMap(block, length, need);
    const { words } = this;
    clearStart(words, this.map, block + length);
    setStart(words, this.map, block + need);
    setLength(words, this.map, block, need);
    this.raiseTop(block + need);
    return true;
  }

  /** Behind the block lies a free one that waits or is too short. If all that is free behind would do, it is merged. */
  private resizeOverWaiting(block: Granule, length: number, need: number): boolean {
    const { words, header, map, scale } = this;
    const top = words[header + H_TOP];
    let end = block + length;
    while (end !== top && end - block < need && !isUsed(words, map, end) && !this.isOwn(end)) {
      end += lengthOf(words, map, end);
    }
    if (end === block + length || (end - block < need && end !== top)) return false;
    // One after the other is merged with the free block that grows behind this one; it may become the top's.
    for (;;) {
      const next = block + length;
      if (next === words[header + H_TOP]) break;
      const merged = Math.max(words[(next << scale) + LENGTH], 0);
      if (merged !== 0 && length + merged >= need) break;
      const waiting = next + merged;
      const waitingLength = lengthOf(words, map, waiting);
      unlinkWaiting(words, this.lists + waitingLength, scale, waiting);
      this.release(waiting, waitingLength);
    }
    return this.resizeBlock(block, length, need);
  }

  /** Whether the block is one of the heap's own: the map, the tables. */
  protected isOwn(block: Granule): boolean {
    const { words, header } = this;
    return block === words[header + H_MAP] || block === words[header + H_TABLES];
  }

  /** Whether a block of the heap begins there. */
  protected isBlock(granule: Granule): boolean {
    return granule >= this.first && granule < this.word(H_TOP) && isStart(this.words, this.map, granule);
  }

  /** The alignment, in bytes, that the used block was asked for; 0 where none was. */
  protected alignOf(block: Granule, length: number): number {
    return alignmentOf(this.words, this.map, block, length) * this.unit;
  }

  /** The used block is about to be freed, and so no aligned one any more. */
  protected unmark(block: Granule, length: number): void {
    clearAlignment(this.words, this.map, block, length);
  }
}
