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
 * Cost: `take` and `release` O(1) apart from growth and the emptying of quick lists, which each freed block pays for
 * once. Waste: the map, 1/64 and up to a quarter more; what lies in holes, 4 % of the footprint and less on most traces.
 *
 * Source: boundary tags and immediate merging, Knuth 1968; best fit with little splitting loss, Johnstone and Wilson,
 * "The memory fragmentation problem: solved?", ISMM 1998; deferred merging, Weinstock's quick fit 1976.
 */
import * as blockMap from './block-map.js';
import * as freeLists from './free-lists.js';
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
  isUsed,
  lengthOf,
  previousOf,
  setFree,
  setLength,
  setMark,
  setStart,
  setUsed,
  setUsedStart,
} = blockMap;
const { findFit, insert, leastOf, link, quickTotals, remove, tableWords, unlink, unlinkWaiting } = freeLists;

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
  /** Takes a block of `n` granules, the least of a block or more. @returns its granule, 0 when there is no room */
  protected take(n: number): number {
    const hole = this.takeHole(n, n >= HIGH_CARVE_BYTES >>> this.shift);
    return hole !== 0 ? hole : this.takeFromTop(n);
  }

  protected override takeHole(n: number, high = false): number {
    const { words, tables, scale } = this;
    if (words[this.header + H_MERGED] === 0) return 0;
    const hole =
      tables !== 0
        ? findFit(words, tables, scale, n, false)
        : leastOf(words, scale, words[this.header + H_LIST], n, true);
    return hole === 0 ? 0 : this.carve(hole, words[(hole << scale) + LENGTH], n, high);
  }

  private takeFromTop(n: number): number {
    if (this.weighFor(n)) {
      const hole = this.takeHole(n, n >= HIGH_CARVE_BYTES >>> this.shift);
      if (hole !== 0) return hole;
    }
    const at = this.bump(n);
    return at !== 0 ? at : this.lastResort(n);
  }

  /** Before the top passes its peak by `n` granules: a look at tables and quick lists, if one is due. */
  private weighFor(n: number): boolean {
    const { words, header } = this;
    const end = words[header + H_TOP] + n;
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
    if (quick > this.quick && end + this.tableGranules(quick) <= this.end) this.makeTables(quick);
    this.words[header + H_WEIGH_AT] = top + (reach >>> WEIGH_STEP) + WEIGH_STEP_LEAST;
    if (this.tables === 0) return false;
    const waiting = quickTotals(this.words, this.tables, scale, this.quick).granules;
    if (waiting < (end - base) >>> QUICK_SHARE) return false;
    this.flush();
    return true;
  }

  /** No room at the top: merges all there is to merge and looks at every block that might serve. */
  private lastResort(n: number): number {
    const { words, tables, scale } = this;
    if (tables === 0) return 0;
    this.flush();
    const hole = findFit(words, tables, scale, n, true);
    return hole !== 0 ? this.carve(hole, words[(hole << scale) + LENGTH], n, false) : this.bump(n);
  }

  /** Takes `n` granules of the merged block `[i, i + m)`, from its high or its low end. */
  private carve(i: number, m: number, n: number, high: boolean): number {
    const { words, header, map } = this;
    this.delist(i, m);
    const rest = m - n;
    if (rest < this.least) {
      setUsed(words, map, i);
      return i;
    }
    words[header + H_BLOCKS]++;
    if (high) {
      const at = i + rest;
      setUsedStart(words, map, at);
      setLength(words, map, at, n);
      this.list(i, rest);
      return at;
    }
    setStart(words, map, i + n);
    setUsed(words, map, i);
    setLength(words, map, i, n);
    this.list(i + n, rest);
    return i;
  }

  /** Gives back the block `[i, i + n)`, which has no mark, and merges it with merged neighbours and the top. */
  protected override release(i: number, n: number): void {
    const { words, header, map, scale } = this;
    const top = words[header + H_TOP];
    let start = i;
    let length = n;
    let gone = 0;
    setFree(words, map, i);
    const next = i + n;
    if (next !== top && !isUsed(words, map, next)) {
      const more = words[(next << scale) + LENGTH];
      if (more > 0) {
        this.delist(next, more);
        clearStart(words, map, next);
        length += more;
        gone++;
      }
    }
    if (i !== this.first) {
      const previous = previousOf(words, map, i);
      if (!isUsed(words, map, previous) && words[(previous << scale) + LENGTH] > 0) {
        this.delist(previous, i - previous);
        clearStart(words, map, i);
        start = previous;
        length += i - previous;
        gone++;
      }
    }
    if (start + length === top) {
      clearStart(words, map, top);
      words[header + H_TOP] = start;
      gone++;
    } else this.list(start, length);
    if (gone !== 0) words[header + H_BLOCKS] -= gone;
  }

  /** Notes the merged block `[i, i + n)`, whose neighbours are not merged ones. */
  private list(i: number, n: number): void {
    const { words, header, tables, scale } = this;
    setLength(words, this.map, i, n);
    words[header + H_MERGED]++;
    words[header + H_MERGED_GRANULES] += n;
    if (tables !== 0) insert(words, tables, scale, i, n);
    else link(words, header + H_LIST, scale, i, n);
  }

  private delist(i: number, n: number): void {
    const { words, header, tables, scale } = this;
    words[header + H_MERGED]--;
    words[header + H_MERGED_GRANULES] -= n;
    if (tables !== 0) remove(words, tables, scale, i, n);
    else unlink(words, header + H_LIST, scale, i);
  }

  /** Gives back all blocks of the quick lists. */
  protected flush(): void {
    const { words, scale } = this;
    for (let length = this.least; length <= this.quick; length++) {
      let i = words[this.lists + length];
      words[this.lists + length] = 0;
      while (i !== 0) {
        const next = words[(i << scale) + NEXT];
        this.release(i, length);
        i = next;
      }
    }
  }

  protected tableGranules(quick: number): number {
    return (tableWords(quick) + (1 << this.scale) - 1) >>> this.scale;
  }

  /** Moves lists and bins into tables with quick lists up to `quick` granules. Without room all stays as it was. */
  private makeTables(quick: number): void {
    const { header, scale } = this;
    const size = this.tableGranules(quick);
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
    let i = words[header + H_LIST];
    words[header + H_LIST] = 0;
    this.raiseGeneration();
    this.renew();
    while (i !== 0) {
      const next = words[(i << scale) + NEXT];
      insert(words, tables, scale, i, words[(i << scale) + LENGTH]);
      i = next;
    }
    if (old !== 0) this.release(old >>> scale, lengthOf(words, this.map, old >>> scale));
  }

  /**
   * Takes a block of `n` granules at a multiple of `align` granules, a power of two above 1.
   * @returns its granule, marked; 0 when there is no room
   */
  protected takeAligned(n: number, align: number): number {
    const ample = n + align - 1 + 2 * (this.least - 1);
    const hole = this.takeHole(ample);
    if (hole !== 0) return this.trimToAlign(hole, n, align);
    const { header } = this;
    if (this.weighFor(this.padding(this.words[header + H_TOP], align) + n)) {
      const flushed = this.takeHole(ample);
      if (flushed !== 0) return this.trimToAlign(flushed, n, align);
    }
    for (;;) {
      const top = this.words[header + H_TOP];
      const padded = this.padding(top, align) + n;
      if (!this.reach(padded, true)) return this.lastResortAligned(n, align);
      // Unless the map has settled there, and another padding is needed.
      if (this.words[header + H_TOP] === top) return this.trimToAlign(this.bump(padded), n, align);
    }
  }

  private lastResortAligned(n: number, align: number): number {
    if (this.tables !== 0) this.flush();
    const { words, header, map, scale } = this;
    const top = words[header + H_TOP];
    for (let i = this.first; i !== top; i += lengthOf(words, map, i)) {
      if (isUsed(words, map, i)) continue;
      const m = words[(i << scale) + LENGTH];
      if (m > 0 && this.padding(i, align) + n <= m) {
        this.delist(i, m);
        setUsed(words, map, i);
        return this.trimToAlign(i, n, align);
      }
    }
    const padded = this.padding(top, align) + n;
    return this.reach(padded, false) ? this.trimToAlign(this.bump(padded), n, align) : 0;
  }

  /** Granules from `i` to the first aligned one that leaves nothing before it, or enough for a block. */
  private padding(i: number, align: number): number {
    const padding = -i & (align - 1);
    return padding === 0 || padding >= this.least ? padding : padding + align;
  }

  /** Gives back what of the used block at `i` lies before the first aligned granule, and behind `n` from there. */
  private trimToAlign(i: number, n: number, align: number): number {
    const { words, header, map } = this;
    const m = lengthOf(words, map, i);
    const padding = this.padding(i, align);
    const at = i + padding;
    if (padding !== 0) {
      setUsedStart(words, map, at);
      setLength(words, map, at, m - padding);
      words[header + H_BLOCKS]++;
      this.release(i, padding);
    }
    this.shrink(at, m - padding, n);
    setMark(words, map, at);
    return at;
  }

  /** Cuts the used block `[i, i + m)` down to `n` granules, if what is left over makes a block, and gives that back. */
  private shrink(i: number, m: number, n: number): void {
    if (m - n < this.least) return;
    const { words, header, map } = this;
    setStart(words, map, i + n);
    setLength(words, map, i, n);
    words[header + H_BLOCKS]++;
    this.release(i + n, m - n);
  }

  /** Makes the used block `[i, i + m)` hold `n` granules where it is. @returns false, nothing changed, where it cannot */
  protected resizeBlock(i: number, m: number, n: number): boolean {
    if (n <= m) {
      this.shrink(i, m, n);
      return true;
    }
    const { words, header, map, scale } = this;
    const next = i + m;
    const top = words[header + H_TOP];
    if (next === top) return this.extendAtTop(i, m, n);
    if (isUsed(words, map, next)) return false;
    if (next === words[header + H_MAP] && next + lengthOf(words, map, next) === top) {
      return this.extendUnderMap(i, m, n);
    }
    const more = words[(next << scale) + LENGTH];
    const rest = m + more - n;
    if (more <= 0 || rest < 0) return this.resizeOverWaiting(i, m, n);
    this.delist(next, more);
    clearStart(words, map, next);
    if (rest < this.least) {
      setLength(words, map, i, m + more);
      words[header + H_BLOCKS]--;
      return true;
    }
    setStart(words, map, i + n);
    setLength(words, map, i, n);
    this.list(i + n, rest);
    return true;
  }

  /** The last block grows into the space above the top. */
  private extendAtTop(i: number, m: number, n: number): boolean {
    if (!this.reach(n - m, false)) return this.extendUnderMap(i, m, n);
    const { words } = this;
    clearStart(words, this.map, i + m);
    setStart(words, this.map, i + n);
    setLength(words, this.map, i, n);
    this.raiseTop(i + n);
    return true;
  }

  /** Behind the block lies a free one that waits or is too short. If all that is free behind would do, it is merged. */
  private resizeOverWaiting(i: number, m: number, n: number): boolean {
    const { words, header, map, scale } = this;
    const top = words[header + H_TOP];
    let end = i + m;
    while (end !== top && end - i < n && !isUsed(words, map, end) && !this.isOwn(end)) {
      end += lengthOf(words, map, end);
    }
    if (end === i + m || (end - i < n && end !== top)) return false;
    // One after the other is merged with the free block that grows behind this one; it may become the top's.
    for (;;) {
      const next = i + m;
      if (next === words[header + H_TOP]) break;
      const merged = Math.max(words[(next << scale) + LENGTH], 0);
      if (merged !== 0 && m + merged >= n) break;
      const waiting = next + merged;
      const length = lengthOf(words, map, waiting);
      unlinkWaiting(words, this.lists + length, scale, waiting);
      this.release(waiting, length);
    }
    return this.resizeBlock(i, m, n);
  }

  /** Whether the block is one of the heap's own: the map, the tables. */
  protected isOwn(i: number): boolean {
    const { words, header } = this;
    return i === words[header + H_MAP] || i === words[header + H_TABLES];
  }
}
