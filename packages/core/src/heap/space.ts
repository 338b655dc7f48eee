/**
 * The space of a heap, in granules: views that are never stale, the top and its way up, the map that must cover it,
 * the memory that must reach it.
 *
 * The first word read on every way into a heap is its generation. A view detached by growth reads as undefined there,
 * a heap changed through another Heap object over the same bytes as another number. Either way `refreshForChange`,
 * before a change, and `refreshForRead`, before an answer, call `reloadHeader`, which makes views and copies anew;
 * nothing else needs to be looked at.
 *
 * Cost: `bump` O(1), but for growth of the memory and the moving of the map, which is copied whenever the top has
 * risen by a quarter.
 */
import { ADDRESSABLE, type Memory } from '../memory/memory.js';
import { ReentrantCallError } from '../observed.js';
import * as blockMap from './block-map.js';
import * as freeLists from './free-lists.js';
import type { Granule, WordIndex } from './layout.js';
import * as L from './layout.js';

const {
  FLAG_CHECKED,
  FLAG_EIGHT,
  HEADER_WORDS,
  H_BLOCKS,
  H_COVERED,
  H_END,
  H_GENERATION,
  H_LIMIT,
  H_MAP,
  H_PEAK,
  H_QUICK,
  H_TABLES,
  H_TOP,
  H_ZERO_FROM,
  LENGTH,
  OWN_MAP,
  OWN_WORDS,
} = L;
const { clearStart, lengthOf, mapGranules, setLength, setStart, setUsed } = blockMap;
const { QUICK_AT } = freeLists;

/** The map is made larger than needed by this part, as a shift, and by this many groups. */
const MAP_SPARE = 2;
const MAP_SPARE_GROUPS = 8;
/**
 * The memory is made longer than needed by this part of the heap, as a shift: growing in small steps would make views
 * anew each time. What lies below the base does not count: a small heap at 1 GiB would ask for 64 MiB more.
 */
const MEMORY_SPARE = 4;
/** The same where growth copies: to 400 MiB in 14 steps instead of 105. */
const COPIED_SPARE = 1;

/** What no header holds: everything is loaded anew. */
const NO_GENERATION = -1;
/** What stands in the header of bytes that are the heap's no more: no object has it for its generation. */
const REPLACED = -2;

export abstract class Space {
  readonly memory: Memory;
  /** Views, and copies of header words, loaded anew by `reloadHeader` whenever they may have changed. */
  declare protected words: Int32Array;
  declare protected bytes: Uint8Array;
  protected generation = NO_GENERATION;
  /** Index of the word where the map's pair of granule 0 would be. */
  protected map: WordIndex = 0;
  /** Groups of 32 granules that the map covers. */
  protected covered = 0;
  /** Index of the first word of the tables, and of the count of quick lists; 0 when there are none. */
  protected tables = 0;
  protected quick = 0;
  /** Index of the word that would be the head of the quick list of no granules. */
  protected lists = 0;
  /** The end of what may be used without growth, in granules. */
  protected end = 0;
  /** Index of the header's first word, and of its generation. */
  protected readonly header: number = 0;
  protected readonly generationAt: number = 0;
  /** log2 of bytes, and of words, in a granule. */
  protected readonly shift: number = 0;
  protected readonly scale: number = 0;
  /**
   * Bytes in a granule, and the bits of an address below it. A power by `**` is a call of the C library's pow: that was a
   * fifteenth of the time where calloc is common.
   */
  protected readonly unit: number = 0;
  protected readonly mask: number = 0;
  /** Granule of the first block, and its group. */
  protected readonly first: number = 0;
  protected readonly origin: number = 0;
  /** Least granules of a block: free ones hold three words. */
  protected readonly least: number = 0;
  /** While the memory is made to grow, and listeners hear of it: no block may be taken or given back then. */
  private growing = false;
  /** Granule up to which somebody else may have written before this object found that the memory had grown. */
  protected foreignUpTo = 0;
  /** All bits where the map tells blocks in quick lists from used ones, and frees are checked against it; else 0. */
  protected readonly checkMask: number = 0;

  protected constructor(memory: Memory, headerWord: number, flags: number) {
    const eight = (flags & FLAG_EIGHT) !== 0;
    this.memory = memory;
    this.words = memory.words;
    this.bytes = memory.bytes;
    this.header = headerWord;
    this.generationAt = headerWord + H_GENERATION;
    this.shift = eight ? 3 : 4;
    this.scale = eight ? 1 : 2;
    this.unit = eight ? 8 : 16;
    this.mask = this.unit - 1;
    this.least = eight ? 2 : 1;
    this.first = (headerWord + HEADER_WORDS) >>> this.scale;
    this.origin = this.first >>> 5;
    this.checkMask = (flags & FLAG_CHECKED) !== 0 ? -1 : 0;
    // Old views may still be good for reading, as those of a buffer that was replaced: no generation tells them apart.
    memory.onGrow(() => {
      this.words = memory.words;
      this.bytes = memory.bytes;
      this.generation = NO_GENERATION;
    });
  }

  /** The low end, `need` granules, of a merged block, used now; 0 when none is large enough. */
  protected abstract takeHole(need: number): number;
  /** Gives the block `[block, block + length)` back. */
  protected abstract release(block: Granule, length: number): void;

  /**
   * Before any change: renews what growth, by whomever, or another heap object over the same bytes has made stale. O(1).
   * @throws ReentrantCallError in a listener that hears of growth which the heap is in the middle of
   */
  protected refreshForChange(): void {
    if (this.words[this.generationAt] === this.generation) return;
    if (this.growing) {
      throw new ReentrantCallError(
        'the heap is growing: a listener may take views, but must not change the heap',
      );
    }
    this.reloadHeader();
  }

  /** Before an answer: `refreshForChange`, also where old views are still good but the memory has grown. O(1). */
  protected refreshForRead(): void {
    this.memory.refresh();
    if (this.words[this.generationAt] !== this.generation) this.reloadHeader();
  }

  /**
   * Brings views and copies up to date with the memory and the header.
   * @throws RangeError when the memory has become shorter than the heap
   */
  protected reloadHeader(): void {
    this.memory.refresh();
    this.words = this.memory.words;
    this.bytes = this.memory.bytes;
    const { words, header, scale } = this;
    const total = this.granulesOf(this.memory.byteLength);
    if (total <= this.first || total < words[header + H_TOP]) throw this.cut();
    if (total > words[header + H_END]) {
      this.noteForeignWrites(total);
      // Views of other heap objects may be good still, but too short for what this one takes from now on.
      this.raiseGeneration();
    }
    if (total !== words[header + H_END]) words[header + H_END] = total;
    this.generation = this.growing ? NO_GENERATION : words[header + H_GENERATION];
    this.map = (words[header + H_MAP] << scale) + OWN_WORDS - 2 * this.origin;
    this.covered = words[header + H_COVERED];
    this.tables = words[header + H_TABLES] << scale;
    this.quick = words[header + H_QUICK];
    this.lists = this.tables + QUICK_AT;
    this.end = Math.min(total, words[header + H_LIMIT]);
  }

  /** Somebody else may have written up to granule `end`. */
  private noteForeignWrites(end: number): void {
    const { words, header } = this;
    words[header + H_ZERO_FROM] = Math.max(words[header + H_ZERO_FROM], end);
    this.foreignUpTo = end;
  }

  private cut(): RangeError {
    const { byteLength } = this.memory;
    const base = this.header * 4;
    return new RangeError(
      byteLength === 0
        ? `the memory of the heap at ${base} has no bytes any more: it was transferred, or cut`
        : `the memory was cut to ${byteLength} bytes, in the middle of the heap at ${base}`,
    );
  }

  /** What this object has copied is worthless to every other one over the same bytes. */
  protected raiseGeneration(): void {
    const { words, header } = this;
    this.generation = (words[header + H_GENERATION] + 1) & 0x7fff_ffff;
    words[header + H_GENERATION] = this.generation;
  }

  /** Whole granules in that many bytes, of those that can be addressed. */
  protected granulesOf(byteLength: number): number {
    return Math.floor(Math.min(byteLength, ADDRESSABLE) / this.unit);
  }

  /** Takes `need` granules at the top. @returns their first, 0 when there is no room */
  protected bump(need: number): number {
    if (!this.reach(need, true)) return 0;
    const { words, header } = this;
    const top = words[header + H_TOP];
    const end = top + need;
    setUsed(words, this.map, top);
    setStart(words, this.map, end);
    setLength(words, this.map, top, need);
    words[header + H_BLOCKS]++;
    this.raiseTop(end);
    return top;
  }

  protected raiseTop(end: number): void {
    const { words, header } = this;
    words[header + H_TOP] = end;
    if (end > words[header + H_PEAK]) {
      words[header + H_PEAK] = end;
      if (end > words[header + H_ZERO_FROM]) words[header + H_ZERO_FROM] = end;
    }
  }

  /**
   * Sees to it that memory and map reach `need` granules past the top.
   * @param mayRaiseTop whether the map may settle at the top, which is higher then
   * @returns false, nothing changed but the memory's length, where they cannot
   */
  protected reach(need: number, mayRaiseTop: boolean): boolean {
    const top = this.words[this.header + H_TOP];
    const end = top + need;
    if (end > this.end && !this.growMemory(end)) return false;
    return (end >>> 5) - this.origin < this.covered || this.growMap(need, mayRaiseTop);
  }

  /** Moves the map, into a hole or to the top, and makes it cover `need` granules past the top. */
  private growMap(need: number, mayRaiseTop: boolean): boolean {
    const { header } = this;
    const most = this.granulesOf(Math.min(this.memory.maxByteLength, ADDRESSABLE));
    const mostGroups = (Math.min(most, this.words[header + H_LIMIT]) >>> 5) - this.origin + 1;
    const ample = this.covered + (this.covered >>> MAP_SPARE) + MAP_SPARE_GROUPS;
    return this.moveMap(need, Math.min(ample, mostGroups), mayRaiseTop) || this.moveMap(need, 0, mayRaiseTop);
  }

  private moveMap(need: number, groupsLeast: number, mayRaiseTop: boolean): boolean {
    const { header, scale } = this;
    const top = this.words[header + H_TOP];
    let groups = Math.max(groupsLeast, ((top + need) >>> 5) - this.origin + 1);
    let size = mapGranules(groups, this.scale);
    let at = this.takeHole(size);
    if (at === 0) {
      if (!mayRaiseTop) return false;
      // At the top the map covers itself as well, and the pairs that this adds: a granule at most for each 32.
      groups = Math.max(groups, ((top + need + size + (size >>> 4) + 64) >>> 5) - this.origin + 1);
      size = mapGranules(groups, this.scale);
      if (!this.growMemory(top + need + size)) return false;
    }
    const { words } = this;
    const hole = at;
    if (hole === 0) at = top;
    const oldBlock = words[header + H_MAP];
    const from = (oldBlock << scale) + OWN_WORDS;
    const to = (at << scale) + OWN_WORDS;
    words.fill(0, at << scale, to + 2 * (groups + 1));
    words[at << scale] = OWN_MAP;
    words.copyWithin(to, from, from + 2 * this.covered);
    const oldSize = lengthOf(words, this.map, oldBlock);
    const map = to - 2 * this.origin;
    this.map = map;
    this.covered = groups;
    words[header + H_MAP] = at;
    words[header + H_COVERED] = groups;
    this.raiseGeneration();
    if (hole === 0) {
      setStart(words, map, top + size);
      setLength(words, map, top, size);
      words[header + H_BLOCKS]++;
      this.raiseTop(top + size);
    } else this.own(at);
    this.release(oldBlock, oldSize);
    return true;
  }

  /**
   * Behind the block of `length` lies the top, or the map and then the top: it grows to `need` granules, and the map
   * comes to lie behind it. Else an array that grows at the end of the heap would have to move each time the map does.
   * @returns false, nothing changed but the memory's length, where there is no room
   */
  protected extendUnderMap(block: Granule, length: number, need: number): boolean {
    const { header, scale, origin } = this;
    const at = block + need;
    let groups = this.covered;
    while (((at + mapGranules(groups, this.scale)) >>> 5) - origin >= groups) {
      groups += (groups >>> MAP_SPARE) + MAP_SPARE_GROUPS;
    }
    const size = mapGranules(groups, this.scale);
    if (!this.growMemory(at + size)) return false;
    const { words } = this;
    const oldBlock = words[header + H_MAP];
    const oldSize = lengthOf(words, this.map, oldBlock);
    const from = (oldBlock << scale) + OWN_WORDS;
    const to = (at << scale) + OWN_WORDS;
    const pairs = 2 * this.covered;
    words.copyWithin(to, from, from + pairs);
    words.fill(0, to + pairs, to + 2 * (groups + 1));
    words.fill(0, at << scale, to);
    words[at << scale] = OWN_MAP;
    const map = to - 2 * origin;
    this.map = map;
    this.covered = groups;
    words[header + H_MAP] = at;
    words[header + H_COVERED] = groups;
    this.raiseGeneration();
    const wasBehind = oldBlock === block + length;
    clearStart(words, map, block + length);
    if (wasBehind) clearStart(words, map, words[header + H_TOP]);
    else words[header + H_BLOCKS]++;
    setStart(words, map, at);
    setStart(words, map, at + size);
    setLength(words, map, block, need);
    setLength(words, map, at, size);
    this.raiseTop(at + size);
    if (!wasBehind) this.release(oldBlock, oldSize);
    return true;
  }

  /** The used block at `block` becomes one of the heap's own, which nobody may free and nothing merges with. */
  protected own(block: Granule): void {
    const w = this.map + ((block >>> 5) << 1) + 1;
    this.words[w] &= ~(1 << (block & 31));
    this.words[(block << this.scale) + LENGTH] = 0;
  }

  /** Makes the memory reach granule `end`. @returns false, nothing changed, where it cannot or may not */
  private growMemory(end: number): boolean {
    if (end <= this.end) return true;
    if (end > this.words[this.header + H_LIMIT]) return false;
    // What listeners do to the heap would not be known to those who are in the middle of a change.
    this.growing = true;
    this.generation = NO_GENERATION;
    try {
      this.askForMemory(end);
    } finally {
      this.growing = false;
    }
    this.reloadHeader();
    return end <= this.end;
  }

  private askForMemory(end: number): void {
    const { memory, header, scale, unit } = this;
    this.reloadHeader();
    if (end <= this.end) return;
    // A last part of a granule becomes the heap's now, with what its owner wrote there.
    if (memory.byteLength % unit !== 0) this.noteForeignWrites(this.granulesOf(memory.byteLength) + 1);
    const limit = this.words[header + H_LIMIT] * unit;
    const reach = end - (header >>> scale);
    const most = Math.min(limit, memory.maxByteLength);
    const withSpare = (share: number) =>
      memory.grow(Math.max(Math.min((end + (reach >>> share)) * unit, most), end * unit));
    const old = this.words;
    const generation = old[this.generationAt];
    const grown =
      (memory.growthCopies && withSpare(COPIED_SPARE)) || withSpare(MEMORY_SPARE) || memory.grow(end * unit);
    if (!grown) return;
    if (memory.kind === 'custom') {
      // A buffer that was replaced looks as good as ever to other heap objects; or it is the same bytes after all.
      old[this.generationAt] = REPLACED;
      memory.words[this.generationAt] = generation;
    }
    // Bytes new to an ArrayBuffer, a SharedArrayBuffer or a WebAssembly.Memory are zeros.
    if (memory.kind !== 'custom') memory.words[header + H_END] = this.granulesOf(memory.byteLength);
    this.raiseGeneration();
  }

  /** A word of the header. */
  protected word(index: number): number {
    return this.words[this.header + index];
  }
}
