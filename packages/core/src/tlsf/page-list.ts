/**
 * The pages of a sparse array, those that exist: found by the index of their first element in a hash table, and linked
 * in rising order. Indices go up to 2^53, so an array of any length costs only what is in use.
 *
 * Every operation is O(1), but for `check`. A page takes 16 bytes, and 8 to 16 in the hash table (linear probing, a
 * quarter to half of its places taken; removal shifts later entries back). Whoever keeps more of each page keeps it in
 * an array of his own with room for `room` pages. The arrays double when they are full and never shrink; pages removed
 * are used again.
 *
 * Source of the hash table: Knuth, The Art of Computer Programming, volume 3, section 6.4, algorithms L and R.
 */
import { law } from '../allocator.js';

/** No page, and no position of a segment. */
export const NIL = -1;
/** The page that begins at 0, which is always there. */
export const FIRST_PAGE = 0;

const ROOM_AT_FIRST = 8;
/** So that a page and one of 128 elements in it make 31 bits. */
const ROOM_MAX = 2 ** 24;

export class PageList {
  /** Pages there is room for: every page is below this. Grows only in `insertAfter`. */
  room = ROOM_AT_FIRST;
  last = FIRST_PAGE;
  /** Whether there are so many pages that the next few might be too many. */
  isFull = false;
  /** Where each page begins. */
  firsts = new Float64Array(ROOM_AT_FIRST);
  /** Of each page, the ones before and after it. The latter also links the spare pages. */
  private links = new Int32Array(ROOM_AT_FIRST * 2);
  /** Page + 1, or 0 where a place is empty; twice as many as there is room for pages. */
  private places = new Int32Array(ROOM_AT_FIRST * 2);
  /** `hash >>> shift` is the place where a search begins. */
  private shift = 32 - Math.log2(ROOM_AT_FIRST * 2);
  private inUse = 1;
  /** Pages from this one up were never in use. */
  private fresh = 1;
  private spare = NIL;

  constructor() {
    this.links.fill(NIL, 0, 2);
    this.put(FIRST_PAGE);
  }

  get bytes(): number {
    return this.firsts.byteLength + this.links.byteLength + this.places.byteLength;
  }

  /** The page that begins at `first`, or NIL. Any number may be asked about. */
  find(first: number): number {
    const { places, firsts } = this;
    let place = hash(first) >>> this.shift;
    let page = places[place] - 1;
    while (page !== NIL && firsts[page] !== first) {
      place = (place + 1) & (places.length - 1);
      page = places[place] - 1;
    }
    return page;
  }

  prev(page: number): number {
    return this.links[page << 1];
  }

  next(page: number): number {
    return this.links[(page << 1) + 1];
  }

  /**
   * Adds a page between `page` and the one after it.
   * @throws RangeError when there are 2^24 pages; nothing is changed
   */
  insertAfter(page: number, first: number): number {
    const added = this.newPage();
    const { links } = this;
    const next = links[(page << 1) + 1];
    this.firsts[added] = first;
    links[added << 1] = page;
    links[(added << 1) + 1] = next;
    links[(page << 1) + 1] = added;
    if (next === NIL) this.last = added;
    else links[next << 1] = added;
    this.put(added);
    this.isFull = ++this.inUse > ROOM_MAX - 4;
    return added;
  }

  /** Takes out a page, not the first. */
  remove(page: number): void {
    const { links } = this;
    const prev = links[page << 1];
    const next = links[(page << 1) + 1];
    links[(prev << 1) + 1] = next;
    if (next === NIL) this.last = prev;
    else links[next << 1] = prev;
    links[(page << 1) + 1] = this.spare;
    this.spare = page;
    this.isFull = --this.inUse > ROOM_MAX - 4;
    this.takeOut(page);
  }

  /** The pages in rising order. The list must not be changed during the walk. */
  *[Symbol.iterator](): Generator<number, void, undefined> {
    for (let page = FIRST_PAGE; page !== NIL; page = this.next(page)) yield page;
  }

  /**
   * @param isEmpty whether nothing is noted in a page, as it must be where a page is not in use
   * @throws CorruptionError naming the broken law
   */
  check(isEmpty: (page: number) => boolean): void {
    let prev = NIL;
    let pages = 0;
    for (const page of this) {
      const below = prev;
      law(
        this.prev(page) === below && (below === NIL || this.firsts[below] < this.firsts[page]),
        'the pages are linked both ways, in rising order',
        () => `page ${page}, from ${this.firsts[page]}, after ${below}`,
      );
      law(this.find(this.firsts[page]) === page, 'a page is found by where it begins', () => `page ${page}`);
      prev = page;
      pages++;
    }
    law(prev === this.last, 'the last page is known', () => `${this.last}, not ${prev}`);
    const entries = this.places.reduce((count, entry) => count + (entry === 0 ? 0 : 1), 0);
    law(entries === pages, 'only pages in use can be found', () => `${entries} for ${pages}`);
    let spare = 0;
    for (let page = this.spare; page !== NIL; page = this.next(page)) {
      const unused = page;
      law(isEmpty(page), 'a page not in use is empty', () => `page ${unused}`);
      spare++;
    }
    law(
      pages === this.inUse && pages + spare === this.fresh,
      'every page is in use or spare',
      () => `${pages} and ${spare} of ${this.fresh}`,
    );
  }

  private put(page: number): void {
    const { places } = this;
    const mask = places.length - 1;
    let place = hash(this.firsts[page]) >>> this.shift;
    while (places[place] !== 0) place = (place + 1) & mask;
    places[place] = page + 1;
  }

  private takeOut(page: number): void {
    const { places, shift } = this;
    const mask = places.length - 1;
    let hole = hash(this.firsts[page]) >>> shift;
    while (places[hole] !== page + 1) hole = (hole + 1) & mask;
    for (let place = (hole + 1) & mask; places[place] !== 0; place = (place + 1) & mask) {
      const home = hash(this.firsts[places[place] - 1]) >>> shift;
      if (((place - home) & mask) >= ((place - hole) & mask)) {
        places[hole] = places[place];
        hole = place;
      }
    }
    places[hole] = 0;
  }

  private newPage(): number {
    const { spare } = this;
    if (spare !== NIL) {
      this.spare = this.next(spare);
      return spare;
    }
    if (this.fresh === this.room) this.grow();
    return this.fresh++;
  }

  private grow(): void {
    if (this.room === ROOM_MAX) {
      throw new RangeError(
        'segments begin in 2^24 pages of 128 granules, the most there can be: use a larger align',
      );
    }
    this.room *= 2;
    this.shift--;
    const firsts = new Float64Array(this.room);
    const links = new Int32Array(this.room * 2);
    firsts.set(this.firsts);
    links.set(this.links);
    this.firsts = firsts;
    this.links = links;
    // It grows when no page is spare: all of them are in use.
    this.places = new Int32Array(this.room * 2);
    for (let page = 0; page < this.fresh; page++) this.put(page);
  }
}

/** 32 bits of which the upper ones are well mixed. NaN and fractions hash as some integer, and are never found. */
function hash(first: number): number {
  return Math.imul(first ^ (first * 2 ** -32), 0x9e37_79b1);
}
