/**
 * An ordered index of free segments, a B+ tree, which answers "the first segment in this order, from here on, that
 * has at least so many bytes".
 *
 * Entries are ordered by rank, any number, or by size (rising or falling) and among equal sizes by rank. In order
 * of rank each entry above the leaves holds the largest size below it: a search goes down once, past all that is
 * too small. In order of size it is a search by key.
 *
 * insert, remove, replace and the searches cost O(log n): four or five pages for a million segments, of which the
 * cache holds all but the leaf. A change of size or rank that does not change the order is made in place. A
 * segment's leaf is noted in the table (its `back` link), so that removal need not search. An entry takes 20 bytes
 * in pages of 34 that are between a quarter full and full, two thirds as a rule: about 30 bytes with the pages
 * above. The array grows by half when it is full and never shrinks; emptied pages are used again.
 *
 * Source: R. Bayer and E. McCreight, "Organization and maintenance of large ordered indexes", Acta Informatica 1
 * (1972), with all entries in the leaves; the maxima after R. P. Brent, "Efficient implementation of the first-fit
 * strategy for dynamic storage allocation", ACM TOPLAS 11 (1989).
 */
import { law } from '../allocator.js';
import { NIL, type SegmentTable } from './segment-table.js';

export type IndexOrder = 'rank' | 'size-up' | 'size-down';

/** Entries in a page. With 16, 24 or 50 first fit at a million free segments ran within 2 %, with 66 slower. */
const FANOUT = 34;

/** A page with fewer takes some from its sibling, or joins it where both together are no fuller than MERGED. */
const LEAST = FANOUT >> 2;
const MERGED = FANOUT - LEAST;

// A page is 88 doubles, or 176 words: in front one double and four words, then the three columns.
/** In order of rank: the largest size in the page and below. */
const MAX = 0;
const COUNT = 2;
/** NIL in the root. Links the spare pages. */
const PARENT = 3;
/** The next page of the same level. */
const NEXT = 4;
/** How many levels above the leaves. */
const LEVEL = 5;
const RANK = 3;
const SIZE = RANK + FANOUT;
/** In words: the segment, or the page below. */
const LINK = 2 * (SIZE + FANOUT);
const PAGE = SIZE + FANOUT + FANOUT / 2;
const PAGE_WORDS = 2 * PAGE;

/** Splitting keeps the left page, and joining too: so the first leaf is the page that was there first. */
const FIRST_LEAF = 0;

export class FreeIndex {
  /** Segments in the index. */
  size = 0;
  /** Pages that searches have looked at; set it to 0 to begin to count. */
  visited = 0;
  private readonly table: SegmentTable;
  private readonly bySize: boolean;
  /** Sizes are stored with this sign, so that keys always rise. */
  private readonly sign: number;
  private doubles = new Float64Array(PAGE);
  private words = new Int32Array(this.doubles.buffer);
  private root = FIRST_LEAF;
  /** Pages from this number up were never in use. */
  private fresh = 1;
  private spare = NIL;

  /** @param table whose `back` links the index keeps for itself */
  constructor(table: SegmentTable, order: IndexOrder) {
    this.table = table;
    this.bySize = order !== 'rank';
    this.sign = order === 'size-down' ? -1 : 1;
    this.words[PARENT] = NIL;
    this.words[NEXT] = NIL;
  }

  /** Bytes the pages take, those not in use included. */
  get bytes(): number {
    return this.doubles.byteLength;
  }

  /** Enters a segment, which must not be in the index. No two entries may be equal in size and rank. */
  insert(segment: number, size: number, rank: number): void {
    const key = this.sign * size;
    let leaf = this.leafFor(key, rank);
    if (this.words[leaf * PAGE_WORDS + COUNT] === FANOUT) {
      this.split(leaf);
      leaf = this.leafFor(key, rank);
    }
    const position = this.firstAfter(leaf, 0, key, rank);
    this.shift(leaf, position, 1);
    this.writeEntry(leaf, position, key, rank, segment);
    this.raise(leaf, key);
    this.size++;
  }

  /** Takes out a segment, which must be in the index. */
  remove(segment: number): void {
    const leaf = this.table.back(segment);
    this.removeAt(leaf, this.position(leaf, segment));
  }

  /** The entry of `segment` becomes one of the segment `by`, which may be the same, with a new size and rank. */
  replace(segment: number, by: number, size: number, rank: number): void {
    const leaf = this.table.back(segment);
    const position = this.position(leaf, segment);
    const key = this.sign * size;
    if (this.staysInPlace(leaf, position, key, rank)) {
      const old = this.doubles[leaf * PAGE + SIZE + position];
      this.writeEntry(leaf, position, key, rank, by);
      if (key > old) this.raise(leaf, key);
      else this.lower(leaf, old);
    } else {
      this.removeAt(leaf, position);
      this.insert(by, size, rank);
    }
  }

  rankOf(segment: number): number {
    const leaf = this.table.back(segment);
    return this.doubles[leaf * PAGE + RANK + this.position(leaf, segment)];
  }

  /** The segment next in order, or NIL. */
  after(segment: number): number {
    const leaf = this.table.back(segment);
    return this.linkFrom(leaf, this.position(leaf, segment) + 1);
  }

  /** The first segment of at least `size` bytes, or NIL. */
  firstFit(size: number): number {
    if (!this.bySize) return this.descend(this.root, size);
    if (this.sign < 0) return this.fitFromPosition(FIRST_LEAF, 0, size);
    const leaf = this.leafFor(size, Number.NEGATIVE_INFINITY);
    return this.linkFrom(leaf, this.firstAfter(leaf, 0, size, Number.NEGATIVE_INFINITY));
  }

  /** `segment` itself if it has at least `size` bytes, else the next that has, or NIL. */
  fitFrom(segment: number, size: number): number {
    const leaf = this.table.back(segment);
    return this.fitFromPosition(leaf, this.position(leaf, segment), size);
  }

  /** The next segment after `segment` that has at least `size` bytes, or NIL. */
  fitAfter(segment: number, size: number): number {
    const leaf = this.table.back(segment);
    return this.fitFromPosition(leaf, this.position(leaf, segment) + 1, size);
  }

  /** Bytes of the largest segment, 0 when there is none. O(1), in rising order of size O(log n). */
  largest(): number {
    if (this.size === 0) return 0;
    if (!this.bySize) return this.doubles[this.root * PAGE + MAX];
    if (this.sign < 0) return -this.doubles[FIRST_LEAF * PAGE + SIZE];
    const words = this.words;
    let page = this.root;
    while (words[page * PAGE_WORDS + LEVEL] !== 0) {
      page = words[page * PAGE_WORDS + LINK + words[page * PAGE_WORDS + COUNT] - 1];
    }
    return this.doubles[page * PAGE + SIZE + words[page * PAGE_WORDS + COUNT] - 1];
  }

  /** The segments in order. The index must not be changed during the walk. */
  *[Symbol.iterator](): Generator<number, void, undefined> {
    const words = this.words;
    for (let leaf = FIRST_LEAF; leaf !== NIL; leaf = words[leaf * PAGE_WORDS + NEXT]) {
      const at = leaf * PAGE_WORDS;
      for (let i = 0; i < words[at + COUNT]; i++) yield words[at + LINK + i];
    }
  }

  /**
   * Checks the laws of the tree, and that the segments have the sizes they are entered with. O(n).
   * @throws CorruptionError naming the broken law
   */
  check(sizeOf: (segment: number) => number): void {
    const words = this.words;
    law(words[this.root * PAGE_WORDS + PARENT] === NIL, 'the root has no parent', () => `page ${this.root}`);
    const below = Number.NEGATIVE_INFINITY;
    const above = Number.POSITIVE_INFINITY;
    const leaves: number[] = [];
    const pages = this.checkPage(this.root, [below, below], [above, above], leaves);
    let page = FIRST_LEAF;
    for (const leaf of leaves) {
      law(page === leaf, 'the leaves are linked in order', () => `page ${page} where ${leaf} is due`);
      page = words[page * PAGE_WORDS + NEXT];
    }
    law(page === NIL, 'the last leaf ends the list', () => `page ${page}`);
    let entries = 0;
    for (const segment of this) {
      const leaf = this.table.back(segment);
      const size = this.sign * this.doubles[leaf * PAGE + SIZE + this.position(leaf, segment)];
      law(
        size === sizeOf(segment),
        'an entry has the size of its segment',
        () => `${size}, segment ${segment}`,
      );
      entries++;
    }
    law(entries === this.size, 'the index counts its entries', () => `${this.size} for ${entries}`);
    let spare = 0;
    for (page = this.spare; page !== NIL; page = words[page * PAGE_WORDS + PARENT]) spare++;
    law(
      pages + spare === this.fresh,
      'every page is in the tree or spare',
      () => `${pages} and ${spare} of ${this.fresh}`,
    );
  }

  /** Checks the page and those below, whose entries must lie from `low` up to but without `high`; counts them. */
  private checkPage(page: number, low: Key, high: Key, leaves: number[]): number {
    const doubles = this.doubles;
    const words = this.words;
    const count = words[page * PAGE_WORDS + COUNT];
    const level = words[page * PAGE_WORDS + LEVEL];
    const name = () => `page ${page} of ${count} entries, ${level} above the leaves`;
    law(count <= FANOUT, 'no page is overfull', name);
    law(page === this.root || count >= LEAST, 'no page but the root is less than a quarter full', name);
    law(page !== this.root || level === 0 || count > 1, 'a root above leaves has two entries', name);
    let pages = 1;
    let largest = 0;
    const key = (i: number): Key => [
      this.bySize ? doubles[page * PAGE + SIZE + i] : 0,
      doubles[page * PAGE + RANK + i],
    ];
    for (let i = 0; i < count; i++) {
      const where = () => `${name()} at ${i}`;
      const link = words[page * PAGE_WORDS + LINK + i];
      largest = Math.max(largest, doubles[page * PAGE + SIZE + i]);
      // On the way to the first leaf, the first key of a page is never read, and may be out of date.
      const from = level > 0 && i === 0 ? low : key(i);
      const to = i + 1 < count ? key(i + 1) : high;
      law(!precedes(from, low) && precedes(from, to), 'entries rise from page to page', where);
      if (level === 0) {
        law(this.table.back(link) === page, 'a segment knows its page', where);
        continue;
      }
      law(words[link * PAGE_WORDS + PARENT] === page, 'a page knows its parent', where);
      law(words[link * PAGE_WORDS + LEVEL] === level - 1, 'all leaves are equally deep', where);
      law(
        this.bySize || doubles[page * PAGE + SIZE + i] === doubles[link * PAGE + MAX],
        'an entry above the leaves holds the largest size below it',
        where,
      );
      pages += this.checkPage(link, from, to, leaves);
    }
    if (level === 0) leaves.push(page);
    law(this.bySize || doubles[page * PAGE + MAX] === largest, 'a page knows its largest size', name);
    return pages;
  }

  /** The leaf where an entry belongs. */
  private leafFor(key: number, rank: number): number {
    const words = this.words;
    let page = this.root;
    let pages = 1;
    while (words[page * PAGE_WORDS + LEVEL] !== 0) {
      page = words[page * PAGE_WORDS + LINK + this.firstAfter(page, 1, key, rank) - 1];
      pages++;
    }
    this.visited += pages;
    return page;
  }

  /** The position, from `from` on, of the first entry of the page that stands after `key` and `rank`. */
  private firstAfter(page: number, from: number, key: number, rank: number): number {
    // Halving the page instead of walking it made a search a quarter slower: it guesses wrong at every step.
    const doubles = this.doubles;
    const ranks = page * PAGE + RANK;
    const sizes = page * PAGE + SIZE;
    const count = this.words[page * PAGE_WORDS + COUNT];
    let i = from;
    if (this.bySize) {
      while (
        i < count &&
        (doubles[sizes + i] < key || (doubles[sizes + i] === key && doubles[ranks + i] <= rank))
      ) {
        i++;
      }
    } else {
      while (i < count && doubles[ranks + i] <= rank) i++;
    }
    return i;
  }

  /** Whether the entry there may become one of `key` and `rank` where it is. May say no at a page's edges. */
  private staysInPlace(leaf: number, position: number, key: number, rank: number): boolean {
    if (!this.bySize && this.doubles[leaf * PAGE + RANK + position] === rank) return true;
    if (!this.precedes(leaf, position, key, rank)) {
      return position === 0 ? leaf === FIRST_LEAF : this.precedes(leaf, position - 1, key, rank);
    }
    if (position + 1 < this.words[leaf * PAGE_WORDS + COUNT]) {
      return !this.precedes(leaf, position + 1, key, rank);
    }
    return this.words[leaf * PAGE_WORDS + NEXT] === NIL;
  }

  /** Whether the entry there stands before `key` and `rank`. */
  private precedes(leaf: number, position: number, key: number, rank: number): boolean {
    const own = this.doubles[leaf * PAGE + SIZE + position];
    if (this.bySize && own !== key) return own < key;
    return this.doubles[leaf * PAGE + RANK + position] < rank;
  }

  /** In order of rank: the first segment of at least `size` bytes in or below `top`, or NIL. */
  private descend(top: number, size: number): number {
    const doubles = this.doubles;
    const words = this.words;
    if (doubles[top * PAGE + MAX] < size) return NIL;
    let page = top;
    for (;;) {
      this.visited++;
      const sizes = page * PAGE + SIZE;
      let i = sizes;
      while (doubles[i] < size) i++;
      const link = words[page * PAGE_WORDS + LINK + i - sizes];
      if (words[page * PAGE_WORDS + LEVEL] === 0) return link;
      page = link;
    }
  }

  /** The first segment of at least `size` bytes from the entry at `position` of a leaf on, or NIL. */
  private fitFromPosition(leaf: number, position: number, size: number): number {
    if (this.bySize) return this.fitFromBySize(leaf, position, size);
    const doubles = this.doubles;
    const words = this.words;
    let page = leaf;
    let i = position;
    for (;;) {
      this.visited++;
      const count = words[page * PAGE_WORDS + COUNT];
      while (i < count && doubles[page * PAGE + SIZE + i] < size) i++;
      if (i < count) {
        const link = words[page * PAGE_WORDS + LINK + i];
        return words[page * PAGE_WORDS + LEVEL] === 0 ? link : this.descend(link, size);
      }
      const parent = words[page * PAGE_WORDS + PARENT];
      if (parent === NIL) return NIL;
      i = this.position(parent, page) + 1;
      page = parent;
    }
  }

  /** In order of size: the next entry, if it is large enough; else where sizes rise the key is searched for. */
  private fitFromBySize(leaf: number, position: number, size: number): number {
    const words = this.words;
    const isPast = position === words[leaf * PAGE_WORDS + COUNT];
    const page = isPast ? words[leaf * PAGE_WORDS + NEXT] : leaf;
    if (page === NIL) return NIL;
    const i = isPast ? 0 : position;
    this.visited++;
    if (this.sign * this.doubles[page * PAGE + SIZE + i] >= size) return words[page * PAGE_WORDS + LINK + i];
    return this.sign > 0 ? this.firstFit(size) : NIL;
  }

  /** The segment at `position` of a leaf, which may be just past its end: then the next leaf's first, or NIL. */
  private linkFrom(leaf: number, position: number): number {
    const words = this.words;
    if (position < words[leaf * PAGE_WORDS + COUNT]) return words[leaf * PAGE_WORDS + LINK + position];
    const next = words[leaf * PAGE_WORDS + NEXT];
    return next === NIL ? NIL : words[next * PAGE_WORDS + LINK];
  }

  /** In order of rank: an entry of the leaf has `size` now; makes the maxima upwards at least that. */
  private raise(leaf: number, size: number): void {
    if (this.bySize) return;
    const doubles = this.doubles;
    let page = leaf;
    while (doubles[page * PAGE + MAX] < size) {
      doubles[page * PAGE + MAX] = size;
      const parent = this.words[page * PAGE_WORDS + PARENT];
      if (parent === NIL) return;
      doubles[parent * PAGE + SIZE + this.position(parent, page)] = size;
      page = parent;
    }
  }

  /** In order of rank: an entry of the leaf had `size`, and has less or is gone; finds the maxima upwards anew. */
  private lower(leaf: number, size: number): void {
    if (this.bySize) return;
    const doubles = this.doubles;
    let page = leaf;
    while (doubles[page * PAGE + MAX] === size) {
      this.refreshMax(page);
      const max = doubles[page * PAGE + MAX];
      const parent = this.words[page * PAGE_WORDS + PARENT];
      if (max === size || parent === NIL) return;
      doubles[parent * PAGE + SIZE + this.position(parent, page)] = max;
      page = parent;
    }
  }

  private removeAt(leaf: number, position: number): void {
    const key = this.doubles[leaf * PAGE + SIZE + position];
    this.shift(leaf, position + 1, -1);
    this.lower(leaf, key);
    this.refill(leaf);
    this.size--;
  }

  /** Gives the upper half of a full page to a new one to its right. */
  private split(left: number): void {
    const right = this.newPage(this.words[left * PAGE_WORDS + LEVEL]);
    if (left === this.root) this.newRoot();
    let parent = this.words[left * PAGE_WORDS + PARENT];
    if (this.words[parent * PAGE_WORDS + COUNT] === FANOUT) {
      this.split(parent);
      parent = this.words[left * PAGE_WORDS + PARENT];
    }
    const words = this.words;
    const half = FANOUT >> 1;
    this.copyEntries(left, half, FANOUT - half, right, 0);
    words[right * PAGE_WORDS + COUNT] = FANOUT - half;
    words[left * PAGE_WORDS + COUNT] = half;
    words[right * PAGE_WORDS + NEXT] = words[left * PAGE_WORDS + NEXT];
    words[left * PAGE_WORDS + NEXT] = right;
    const position = this.position(parent, left) + 1;
    this.shift(parent, position, 1);
    words[parent * PAGE_WORDS + LINK + position] = right;
    words[right * PAGE_WORDS + PARENT] = parent;
    this.writeKey(parent, position);
    this.writeMax(parent, position);
    this.writeMax(parent, position - 1);
  }

  private newRoot(): void {
    const below = this.root;
    const root = this.newPage(this.words[below * PAGE_WORDS + LEVEL] + 1);
    this.words[root * PAGE_WORDS + COUNT] = 1;
    this.words[root * PAGE_WORDS + LINK] = below;
    this.words[below * PAGE_WORDS + PARENT] = root;
    this.doubles[root * PAGE + MAX] = this.doubles[below * PAGE + MAX];
    this.root = root;
  }

  /** A page that has become too empty takes entries from a sibling, or joins it. */
  private refill(page: number): void {
    const words = this.words;
    const parent = words[page * PAGE_WORDS + PARENT];
    if (words[page * PAGE_WORDS + COUNT] >= LEAST || parent === NIL) return;
    const own = this.position(parent, page);
    const position = own + 1 < words[parent * PAGE_WORDS + COUNT] ? own + 1 : own;
    const left = words[parent * PAGE_WORDS + LINK + position - 1];
    const right = words[parent * PAGE_WORDS + LINK + position];
    const leftCount = words[left * PAGE_WORDS + COUNT];
    const rightCount = words[right * PAGE_WORDS + COUNT];
    const total = leftCount + rightCount;
    if (total > MERGED) {
      const moved = (total >> 1) - leftCount;
      if (moved > 0) {
        this.copyEntries(right, 0, moved, left, leftCount);
        this.shift(right, moved, -moved);
      } else {
        this.shift(right, 0, -moved);
        this.copyEntries(left, leftCount + moved, -moved, right, 0);
      }
      words[left * PAGE_WORDS + COUNT] = leftCount + moved;
      this.writeKey(parent, position);
      this.writeMax(parent, position);
      this.writeMax(parent, position - 1);
      return;
    }
    this.copyEntries(right, 0, rightCount, left, leftCount);
    words[left * PAGE_WORDS + COUNT] = total;
    words[left * PAGE_WORDS + NEXT] = words[right * PAGE_WORDS + NEXT];
    this.shift(parent, position + 1, -1);
    this.freePage(right);
    this.writeMax(parent, position - 1);
    if (parent !== this.root) this.refill(parent);
    else if (words[parent * PAGE_WORDS + COUNT] === 1) {
      this.root = left;
      words[left * PAGE_WORDS + PARENT] = NIL;
      this.freePage(parent);
    }
  }

  /** The key of an entry above the leaves becomes that of the first entry below it, which must be good. */
  private writeKey(parent: number, position: number): void {
    const doubles = this.doubles;
    const page = this.words[parent * PAGE_WORDS + LINK + position];
    doubles[parent * PAGE + RANK + position] = doubles[page * PAGE + RANK];
    if (this.bySize) doubles[parent * PAGE + SIZE + position] = doubles[page * PAGE + SIZE];
  }

  /** In order of rank, finds the largest size below an entry above the leaves. */
  private writeMax(parent: number, position: number): void {
    if (this.bySize) return;
    const page = this.words[parent * PAGE_WORDS + LINK + position];
    this.refreshMax(page);
    this.doubles[parent * PAGE + SIZE + position] = this.doubles[page * PAGE + MAX];
  }

  /** An empty page. May replace the arrays. */
  private newPage(level: number): number {
    let page = this.spare;
    if (page !== NIL) this.spare = this.words[page * PAGE_WORDS + PARENT];
    else {
      page = this.fresh++;
      if (page * PAGE === this.doubles.length) this.growBuffer();
    }
    this.words[page * PAGE_WORDS + COUNT] = 0;
    this.words[page * PAGE_WORDS + PARENT] = NIL;
    this.words[page * PAGE_WORDS + NEXT] = NIL;
    this.words[page * PAGE_WORDS + LEVEL] = level;
    return page;
  }

  private freePage(page: number): void {
    this.words[page * PAGE_WORDS + PARENT] = this.spare;
    this.spare = page;
  }

  private growBuffer(): void {
    const pages = this.fresh + (this.fresh >> 1);
    const doubles = new Float64Array(pages * PAGE);
    doubles.set(this.doubles);
    this.doubles = doubles;
    this.words = new Int32Array(doubles.buffer);
  }

  /** Where in the page the link stands, which must be there. */
  private position(page: number, link: number): number {
    const words = this.words;
    const links = page * PAGE_WORDS + LINK;
    let i = links;
    while (words[i] !== link) i++;
    return i - links;
  }

  /** Writes an entry of a leaf, and tells the segment where it stands. */
  private writeEntry(leaf: number, position: number, key: number, rank: number, segment: number): void {
    this.doubles[leaf * PAGE + RANK + position] = rank;
    this.doubles[leaf * PAGE + SIZE + position] = key;
    this.words[leaf * PAGE_WORDS + LINK + position] = segment;
    this.table.setBack(segment, leaf);
  }

  /** Moves the entries of the page from `position` on by `by` places, and changes its count by as many. */
  private shift(page: number, position: number, by: number): void {
    const doubles = this.doubles;
    const words = this.words;
    const count = words[page * PAGE_WORDS + COUNT];
    const ranks = page * PAGE + RANK;
    const sizes = page * PAGE + SIZE;
    const links = page * PAGE_WORDS + LINK;
    const step = by > 0 ? -1 : 1;
    const stop = by > 0 ? position - 1 : count;
    for (let i = by > 0 ? count - 1 : position; i !== stop; i += step) {
      doubles[ranks + i + by] = doubles[ranks + i];
      doubles[sizes + i + by] = doubles[sizes + i];
      words[links + i + by] = words[links + i];
    }
    words[page * PAGE_WORDS + COUNT] = count + by;
  }

  /** Copies entries into places that are free in a page of the same level, and tells what they link to. */
  private copyEntries(from: number, position: number, count: number, to: number, target: number): void {
    const doubles = this.doubles;
    const words = this.words;
    const isLeaf = words[to * PAGE_WORDS + LEVEL] === 0;
    for (let i = 0; i < count; i++) {
      doubles[to * PAGE + RANK + target + i] = doubles[from * PAGE + RANK + position + i];
      doubles[to * PAGE + SIZE + target + i] = doubles[from * PAGE + SIZE + position + i];
      const link = words[from * PAGE_WORDS + LINK + position + i];
      words[to * PAGE_WORDS + LINK + target + i] = link;
      if (isLeaf) this.table.setBack(link, to);
      else words[link * PAGE_WORDS + PARENT] = to;
    }
  }

  /** Finds the largest size in the page, at least 0, and notes it there. */
  private refreshMax(page: number): void {
    const doubles = this.doubles;
    const sizes = page * PAGE + SIZE;
    const end = sizes + this.words[page * PAGE_WORDS + COUNT];
    let max = 0;
    for (let i = sizes; i < end; i++) if (doubles[i] > max) max = doubles[i];
    doubles[page * PAGE + MAX] = max;
  }
}

/** Size and rank, the size 0 where it is no part of the order. */
type Key = readonly [size: number, rank: number];

function precedes(a: Key, b: Key): boolean {
  return a[0] !== b[0] ? a[0] < b[0] : a[1] < b[1];
}
