/**
 * The segments of a range as bits: one for each granule at which a segment begins, and another that tells whether that
 * segment is used. The bits lie in pages of 128 granules, of which only those exist in which a segment begins.
 *
 * A segment is named by its position: the number of its page, and the granule within. It ends where the next one
 * begins; its neighbours are the positions beside it. Their bits lie side by side as a rule, so that freeing a segment
 * waits for memory once, and what is known of a million segments fits the cache.
 *
 * Cost: O(1), but for `list`, `classify` and `check`; `next`, `prev` and `size` look at 8 words at most. Memory: 32
 * bytes a page and 24 in the list of pages, with up to twice the room that is needed: half a byte to one for a granule
 * where segments are small, 56 to 112 a segment where each has a page of its own. Capacity costs nothing.
 *
 * The fields are private by TypeScript, not by #, and the functions small: the engine copies so many bytes of bytecode
 * into a caller and no more, an access of a #field takes more of them, and what is not copied is called. It was 73
 * against 57 ns for an allocate or free of Tlsf. What each segment had before was a record:
 * docs/decisions/core.md#how-tlsf-knows-its-segments compares the two.
 */
import { type InvalidFreeReason, law, type Segment } from '../allocator.js';
import { checkRange } from '../range-options.js';
import { NIL, PageList } from './page-list.js';

const { clz32 } = Math;

/** The segment that starts the range. */
export const FIRST = 0;

const PAGE_BITS = 7;
const PAGE = 1 << PAGE_BITS;
const INSIDE = PAGE - 1;
/** Words in a page: 4 that tell where segments begin, each followed by one that tells which of those are used. */
const WORDS = PAGE >> 4;

export class BoundaryMap {
  readonly base: number;
  /** Bytes of a granule, a power of two. */
  readonly granule: number;
  /** The position behind the last segment, where it looks as if a used one began. */
  end: number;
  /** How many segments there are. */
  segments = 1;
  usedSegments = 0;
  usedGranules = 0;
  private readonly perByte: number;
  private readonly pages = new PageList();
  private bits = new Int32Array(this.pages.room * WORDS);
  /** How many granules lie before each page: those of `pages`, to save a step on the way there. */
  private firsts = this.pages.firsts;

  /**
   * One free segment, the whole of `[base, base + capacity)`.
   * @param granule bytes, a power of two that divides base and capacity
   * @throws RangeError when that is no range
   */
  constructor(base: number, capacity: number, granule: number) {
    checkRange(base, capacity);
    this.base = base;
    this.granule = granule;
    this.perByte = 1 / granule;
    this.bits[FIRST] = 1;
    this.end = this.setEnd(FIRST, capacity / granule);
  }

  /** How many granules there are. */
  get granules(): number {
    return this.index(this.end);
  }

  /** Whether it has so many segments, in so many places, that there may be no position for one more. */
  get isFull(): boolean {
    return this.pages.isFull;
  }

  /** Bytes of all arrays, those parts not in use included. */
  get bytes(): number {
    return this.bits.byteLength + this.pages.bytes;
  }

  /** The used segment that starts at `address`, or NIL. Any number may be asked about. */
  find(address: number): number {
    const granule = (address - this.base) * this.perByte;
    const inside = granule & INSIDE;
    // What is no whole number of granules leaves a fraction here, where no page begins.
    const page = this.pages.find(granule - inside);
    if (page === NIL) return NIL;
    const position = (page << PAGE_BITS) | inside;
    return this.isUsed(position) && position !== this.end ? position : NIL;
  }

  /** How many granules lie before a segment. */
  index(position: number): number {
    return this.firsts[position >> PAGE_BITS] + (position & INSIDE);
  }

  /** The address at which a segment starts. */
  start(position: number): number {
    return this.base + this.index(position) * this.granule;
  }

  isUsed(position: number): boolean {
    return (this.bits[wordOf(position) + 1] & (1 << position)) !== 0;
  }

  /** Whether a free segment begins there. Any position that ever was one may be asked about. */
  isFree(position: number): boolean {
    const word = wordOf(position);
    return (this.bits[word] & ~this.bits[word + 1] & (1 << position)) !== 0;
  }

  /** The neighbour above, or `end`. */
  next(position: number): number {
    const { bits } = this;
    let word = wordOf(position);
    let rest = bits[word] & (-2 << position);
    while (rest === 0) {
      word += 2;
      if ((word & (WORDS - 1)) === 0) return this.firstIn(this.pages.next(position >> PAGE_BITS));
      rest = bits[word];
    }
    return (word << 4) | (31 - clz32(rest & -rest));
  }

  /** The neighbour below, or NIL. */
  prev(position: number): number {
    const { bits } = this;
    let word = wordOf(position);
    let rest = bits[word] & ~(-1 << position);
    while (rest === 0) {
      if ((word & (WORDS - 1)) === 0) return this.lastIn(this.pages.prev(position >> PAGE_BITS));
      word -= 2;
      rest = bits[word];
    }
    return (word << 4) | (31 - clz32(rest));
  }

  /** Granules of a segment. */
  size(position: number): number {
    return this.index(this.next(position)) - this.index(position);
  }

  /** The free segment, of `size` granules, becomes a used one. */
  take(position: number, size: number): void {
    this.bits[wordOf(position) + 1] |= 1 << position;
    this.usedGranules += size;
    this.usedSegments++;
  }

  /** The used segment, of `size` granules, becomes a free one. Free neighbours stay apart: joining them is up to the caller. */
  release(position: number, size: number): void {
    this.bits[wordOf(position) + 1] &= ~(1 << position);
    this.usedGranules -= size;
    this.usedSegments--;
  }

  /** Makes a used segment look free, or a free one used, and back; nothing is counted. To mark segments in a walk. */
  flip(position: number): void {
    this.bits[wordOf(position) + 1] ^= 1 << position;
  }

  /**
   * A free segment begins `size` granules behind the start of the one at `position`, and inside it; what it takes from
   * a used one is for the caller to subtract from `usedGranules`.
   * @returns its position
   */
  begin(position: number, size: number): number {
    const begun = this.positionOf(position, size);
    this.bits[wordOf(begun)] |= 1 << begun;
    this.segments++;
    return begun;
  }

  /** The free segment ceases to be one: it becomes part of the neighbour below. */
  erase(position: number): void {
    const word = wordOf(position);
    const rest = this.bits[word] & ~(1 << position);
    this.bits[word] = rest;
    this.segments--;
    if (rest === 0) this.removeIfEmpty(position >> PAGE_BITS);
  }

  /**
   * The range grows at its end by `added` granules, a free segment. A free one before it stays apart.
   * @returns the position of the new segment
   */
  extend(added: number): number {
    const begun = this.end;
    this.end = this.setEnd(begun, added);
    this.flip(begun);
    this.segments++;
    return begun;
  }

  /** Why `address` is not that of a used segment, for InvalidFreeError. Walks the segments: O(n). */
  classify(address: number): InvalidFreeReason {
    if (!(address >= this.base && address < this.start(this.end))) return 'outside';
    let position = FIRST;
    for (let next = this.next(FIRST); address >= this.start(next); next = this.next(next)) position = next;
    return this.isUsed(position) ? 'interior' : 'free';
  }

  /** Every segment in address order, as the contract wants them. */
  *list(): Generator<Segment, void, undefined> {
    for (let position = FIRST; position !== this.end; position = this.next(position)) {
      const start = this.start(position);
      yield { start, end: this.start(this.next(position)), used: this.isUsed(position), address: start };
    }
  }

  /**
   * Checks bits and pages against each other, and that no two neighbours are free. O(n).
   * @throws CorruptionError naming the broken law
   */
  check(): void {
    const { bits, pages } = this;
    pages.check((page) => this.isEmpty(page));
    for (const page of pages) {
      law(!this.isEmpty(page), 'in every page a segment begins', () => `page ${page}`);
      for (let word = page * WORDS; word < (page + 1) * WORDS; word += 2) {
        law(
          (bits[word + 1] & ~bits[word]) === 0,
          'only where a segment begins one is used',
          () => `${bits[word + 1]} and ${bits[word]} in page ${page}`,
        );
      }
    }
    const last = this.lastIn(pages.last);
    law((bits[0] & 1) === 1, 'a segment begins where the range begins', () => `bits ${bits[0]}`);
    law(this.end === last && this.isUsed(last), 'segments end where the range ends', () => `at ${last}`);
    let usedGranules = 0;
    let used = 0;
    let free = 0;
    let afterFree = false;
    for (let position = FIRST; position !== this.end; position = this.next(position)) {
      const isFree = this.isFree(position);
      law(!(afterFree && isFree), 'no two free neighbours', () => `the one at ${this.start(position)}`);
      law(
        position === FIRST || this.next(this.prev(position)) === position,
        'the neighbour above the one below is the segment itself',
        () => `at ${this.start(position)}`,
      );
      if (isFree) free++;
      else {
        used++;
        usedGranules += this.size(position);
      }
      afterFree = isFree;
    }
    law(
      usedGranules === this.usedGranules && used === this.usedSegments && used + free === this.segments,
      'the totals are those of the segments',
      () =>
        `${this.usedGranules} granules in ${this.usedSegments} used of ${this.segments} segments, ` +
        `counted ${usedGranules} in ${used} and ${free}`,
    );
  }

  /** The position `size` granules behind another, with no segment beginning in between. Its page is made when it is missing. */
  private positionOf(position: number, size: number): number {
    return (position & INSIDE) + size < PAGE ? position + size : this.positionPast(position, size);
  }

  private positionPast(position: number, size: number): number {
    const { pages } = this;
    const own = position >> PAGE_BITS;
    const granule = this.index(position) + size;
    const inside = granule & INSIDE;
    let page = pages.next(own);
    if (page === NIL || this.firsts[page] !== granule - inside) {
      page = pages.insertAfter(own, granule - inside);
      if (pages.room * WORDS > this.bits.length) this.growBits();
    }
    return (page << PAGE_BITS) | inside;
  }

  /** Marks the end of the range, `size` granules behind a segment. @returns its position */
  private setEnd(position: number, size: number): number {
    const end = this.positionOf(position, size);
    this.bits[wordOf(end)] |= 1 << end;
    this.bits[wordOf(end) + 1] |= 1 << end;
    return end;
  }

  /** The first segment that begins in a page. */
  private firstIn(page: number): number {
    const first = page << PAGE_BITS;
    return (this.bits[wordOf(first)] & 1) === 0 ? this.next(first) : first;
  }

  /** The last segment that begins in a page, or NIL for NIL. */
  private lastIn(page: number): number {
    if (page === NIL) return NIL;
    const last = (page << PAGE_BITS) | INSIDE;
    return this.bits[wordOf(last)] < 0 ? last : this.prev(last);
  }

  private removeIfEmpty(page: number): void {
    if (this.isEmpty(page)) this.pages.remove(page);
  }

  private isEmpty(page: number): boolean {
    const { bits } = this;
    const word = page * WORDS;
    return (bits[word] | bits[word + 2] | bits[word + 4] | bits[word + 6]) === 0;
  }

  private growBits(): void {
    const bits = new Int32Array(this.pages.room * WORDS);
    bits.set(this.bits);
    this.bits = bits;
    this.firsts = this.pages.firsts;
  }
}

/** The word with the bit of a position; which bit, its lower 5 bits tell. The word behind it tells whether that segment is used. */
function wordOf(position: number): number {
  return (position >> 5) << 1;
}
