/**
 * Runs of free blocks: a bit for each block, set when it is free, and above the bits a tree of summaries in which the
 * lowest run that is long enough is found without walking.
 *
 * A summary tells of a stretch of blocks how many are free at its start, at its end, and in its longest run. The
 * lowest stretches ("chunks") have 256 blocks, those of the next level 8 times as many, up to one stretch for all.
 *
 * Cost, n blocks: finding, taking or giving back a run O(log n), and O(length / 32) for setting its bits.
 * Bytes: an eighth of a byte a block for the bits, 1/18 for the summaries.
 *
 * Source of the tree: M. Knyszek and A. Clements, "Scaling the Go page allocator" (2019).
 */
import { law } from '../allocator.js';

/** What `find` gives when no run is long enough. */
export const NO_BLOCK = -1;

const CHUNK_BITS = 8;
const CHUNK = 1 << CHUNK_BITS;
const CHUNK_WORDS = CHUNK / 32;
const FAN_BITS = 3;
const FAN = 1 << FAN_BITS;

export class FreeRuns {
  /** How many blocks there is room for. */
  readonly blocks: number;
  /** Summaries and words of bits that the last `find` looked at. */
  inspected = 0;
  private readonly words: Int32Array;
  /** The summaries of all levels, the chunks first; entries without blocks are all 0. */
  private readonly starts: Int32Array;
  private readonly longest: Int32Array;
  private readonly ends: Int32Array;
  /** Where each level begins in them, and how many blocks one entry of it stands for. */
  private readonly levels: Int32Array;
  private readonly spans: Int32Array;
  private readonly top: number;

  /** Room for `blocks` blocks (up to 2^30), none of them free. */
  constructor(blocks: number) {
    this.blocks = blocks;
    const levels = [];
    const spans = [];
    let total = 0;
    let span = CHUNK;
    for (let entries = Math.ceil(blocks / CHUNK); ; entries = Math.ceil(entries / FAN), span *= FAN) {
      levels.push(total);
      // No run is as long as a span of 2^31 and more, which 32 bits cannot hold.
      spans.push(Math.min(span, 2 ** 31 - 1));
      if (entries === 1) break;
      total += Math.ceil(entries / FAN) * FAN;
    }
    total++;
    this.top = levels.length - 1;
    this.levels = Int32Array.from(levels);
    this.spans = Int32Array.from(spans);
    this.starts = new Int32Array(total);
    this.longest = new Int32Array(total);
    this.ends = new Int32Array(total);
    // One word more, so that the block after the last can be asked about.
    this.words = new Int32Array(Math.ceil(blocks / CHUNK) * CHUNK_WORDS + 1);
  }

  get bookkeepingBytes(): number {
    return this.words.byteLength + 3 * this.starts.byteLength + 2 * this.levels.byteLength;
  }

  /** Length of the longest run. O(1). */
  get largest(): number {
    return this.longest[this.longest.length - 1];
  }

  isFree(block: number): boolean {
    return ((this.words[block >>> 5] >>> (block & 31)) & 1) !== 0;
  }

  /** Makes the blocks from `from` up to `to`, all in use, free. */
  give(from: number, to: number): void {
    const { words } = this;
    const last = (to - 1) >>> 5;
    for (let i = from >>> 5; i <= last; i++) words[i] |= maskOf(i, from, to);
    this.summarise(from, to);
  }

  /** Takes the blocks from `from` up to `to`, all free, out of what is free. */
  take(from: number, to: number): void {
    const { words } = this;
    const last = (to - 1) >>> 5;
    for (let i = from >>> 5; i <= last; i++) words[i] &= ~maskOf(i, from, to);
    this.summarise(from, to);
  }

  /** The first of the lowest `count` free blocks in a row from `from` on; NO_BLOCK when there are none. */
  find(count: number, from: number): number {
    const { starts, longest, ends, levels, spans, top } = this;
    this.inspected = 0;
    if (from >= this.blocks) return NO_BLOCK;
    let level = top;
    let entry = 0;
    // How many blocks just in front of the entry are free.
    let run = 0;
    if (from > 0) {
      const found = this.scan(count, from);
      if (found !== NO_BLOCK) return found;
      level = 0;
      entry = from >>> CHUNK_BITS;
      run = Math.min(ends[entry], ((entry + 1) << CHUNK_BITS) - from);
    }
    for (let passed = from > 0; ; passed = true) {
      if (passed) {
        entry++;
        while (level < top && (entry & (FAN - 1)) === 0) {
          level++;
          entry >>>= FAN_BITS;
        }
        if (level === top) return NO_BLOCK;
      }
      let at = levels[level] + entry;
      while (run + starts[at] < count && longest[at] >= count) {
        if (level === 0) return this.scan(count, entry << CHUNK_BITS);
        this.inspected++;
        level--;
        entry <<= FAN_BITS;
        at = levels[level] + entry;
      }
      this.inspected++;
      const span = spans[level];
      if (run + starts[at] >= count) return entry * span - run;
      run = starts[at] === span ? run + span : ends[at];
    }
  }

  /** The first block in use from `from` on, `to` when there is none below it. O((to - from) / 32). */
  firstUsed(from: number, to: number): number {
    if (from >= to) return to;
    const { words } = this;
    const last = (to - 1) >>> 5;
    for (let i = from >>> 5; i <= last; i++) {
      const used = ~words[i] & maskOf(i, from, to);
      if (used !== 0) return (i << 5) + trailingZeros(used);
    }
    return to;
  }

  /** The first free block from `from` on; `to` when there is none below it. O((to - from) / 32). */
  firstFree(from: number, to: number): number {
    return firstSet(this.words, from, to);
  }

  /** The first block of the free run that ends before `end`; `end` when the block before it is in use. */
  runStart(end: number): number {
    const { words } = this;
    for (let i = (end - 1) >> 5; i >= 0; i--) {
      const used = ~words[i] & maskOf(i, 0, end);
      if (used !== 0) return (i << 5) + 32 - Math.clz32(used);
    }
    return 0;
  }

  /** Takes over what is free in `from`, which has room for no more blocks. O(blocks / 32). */
  copy(from: FreeRuns): void {
    this.words.set(from.words);
    this.summarise(0, this.blocks);
  }

  /** @throws CorruptionError where a summary disagrees with the bits, or a block past `end` is free */
  check(end: number): void {
    const room = this.words.length * 32;
    const past = this.words.findLastIndex((word) => word !== 0);
    const highest = past < 0 ? -1 : past * 32 + 31 - Math.clz32(this.words[past]);
    law(highest < end && end <= room, 'no block past the end is free', () => `block ${highest} of ${end}`);
    const fresh = new FreeRuns(this.blocks);
    fresh.copy(this);
    for (const part of ['starts', 'longest', 'ends'] as const) {
      const wrong = this[part].findIndex((value, i) => value !== fresh[part][i]);
      law(
        wrong < 0,
        'every summary agrees with the bits below it',
        () => `${part} of summary ${wrong} is ${this[part][wrong]}, not ${fresh[part][wrong]}`,
      );
    }
  }

  /** `find` within the chunk of `from`. */
  private scan(count: number, from: number): number {
    const { words } = this;
    const to = ((from >>> CHUNK_BITS) + 1) << CHUNK_BITS;
    let run = 0;
    for (let i = from >>> 5; i < to >>> 5; i++) {
      this.inspected++;
      const free = words[i] & maskOf(i, from, to);
      if (free === -1) {
        run += 32;
        if (run >= count) return ((i + 1) << 5) - run;
        continue;
      }
      if (run + trailingZeros(~free) >= count) return (i << 5) - run;
      const inside = count > 31 ? 0 : erode(free, count - 1);
      if (inside !== 0) return (i << 5) + trailingZeros(inside);
      run = Math.clz32(~free);
    }
    return NO_BLOCK;
  }

  /** Brings up to date what is told of the blocks from `from` up to `to`, as far up as it changes. */
  private summarise(from: number, to: number): void {
    let first = from >>> CHUNK_BITS;
    let last = (to - 1) >>> CHUNK_BITS;
    let changed = false;
    for (let chunk = first; chunk <= last; chunk++) {
      if (this.summariseChunk(chunk)) changed = true;
    }
    for (let level = 1; changed && level <= this.top; level++) {
      first >>>= FAN_BITS;
      last >>>= FAN_BITS;
      changed = false;
      for (let entry = first; entry <= last; entry++) {
        if (this.summariseEntry(level, entry)) changed = true;
      }
    }
  }

  private summariseChunk(chunk: number): boolean {
    const { words } = this;
    const end = (chunk + 1) * CHUNK_WORDS;
    let start = -1;
    let longest = 0;
    let run = 0;
    for (let i = chunk * CHUNK_WORDS; i < end; i++) {
      const free = words[i];
      if (free === -1) {
        run += 32;
        continue;
      }
      const low = trailingZeros(~free);
      run += low;
      if (start < 0) start = run;
      if (run > longest) longest = run;
      run = Math.clz32(~free);
      // Only runs within the word that are longer than the longest so far are of interest.
      let inside = longest > 31 ? 0 : erode(free >>> low, longest);
      for (; inside !== 0; inside &= inside >>> 1) longest++;
    }
    return this.set(chunk, start < 0 ? run : start, Math.max(longest, run), run);
  }

  private summariseEntry(level: number, entry: number): boolean {
    const { starts, longest, ends } = this;
    const span = this.spans[level - 1];
    const first = this.levels[level - 1] + (entry << FAN_BITS);
    let start = -1;
    let most = 0;
    let run = 0;
    for (let i = first; i < first + FAN; i++) {
      const free = starts[i];
      run += free;
      if (free === span) continue;
      if (start < 0) start = run;
      if (run > most) most = run;
      if (longest[i] > most) most = longest[i];
      run = ends[i];
    }
    return this.set(this.levels[level] + entry, start < 0 ? run : start, Math.max(most, run), run);
  }

  /** Whether it was otherwise before. */
  private set(at: number, start: number, longest: number, end: number): boolean {
    if (this.starts[at] === start && this.longest[at] === longest && this.ends[at] === end) return false;
    this.starts[at] = start;
    this.longest[at] = longest;
    this.ends[at] = end;
    return true;
  }
}

/** The bits of word `i` that stand for blocks from `from` up to `to`. */
function maskOf(i: number, from: number, to: number): number {
  const low = from - (i << 5);
  const high = to - (i << 5);
  return (low > 0 ? -1 << low : -1) & (high < 32 ? ~(-1 << high) : -1);
}

/** The bits of `word` that are followed, higher up, by at least `more` set bits; `more` is below 32. */
function erode(word: number, more: number): number {
  let left = more;
  let bits = word;
  for (let step = 1; left > 0 && bits !== 0; step *= 2) {
    const by = Math.min(step, left);
    bits &= bits >>> by;
    left -= by;
  }
  return bits;
}

/** The first bit from `from` on that is set; `to` when there is none below it. O((to - from) / 32). */
export function firstSet(words: Int32Array, from: number, to: number): number {
  for (let i = from >>> 5; i << 5 < to; i++) {
    const set = words[i] & maskOf(i, from, to);
    if (set !== 0) return (i << 5) + trailingZeros(set);
  }
  return to;
}

/** Zero bits below the lowest set bit, which there is. */
function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
