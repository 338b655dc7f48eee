/**
 * The translation lookaside buffer: the translations used last, so that most loads and stores need no walk of the
 * page tables. Direct-mapped, 1024 entries, told apart by address space, with separate tags for reading and for
 * writing: an entry serves writes only once the page is writable and marked dirty in the tables.
 *
 * Cost: a hit is one comparison. Emptying an address space's entries is O(1): it gets another number, and nothing
 * matches it any more. Waste: pages 4 MiB apart, also of different address spaces, take each other's entry; real
 * buffers have four to twelve ways.
 * Source: Intel SDM volume 3, 4.10 (process-context identifiers).
 */
import { INSPECT, summary } from 'freehold';

export const TLB_ENTRIES = 1024;
export const TLB_MASK = TLB_ENTRIES - 1;
/** Places in `counts`. */
export const TLB_HITS = 0;
export const TLB_MISSES = 1;
export const TLB_FLUSHES = 2;
export const TLB_INVALIDATIONS = 3;

const NO_TAG = -1;
/** A tag is a page number of 36 bits and the number of an address space above it, an exact double together. */
const ASID_UNIT = 2 ** 36;
const ASIDS = 2 ** 17;

export interface TlbUser {
  /** The address space's number, times 2^36. */
  asid: number;
}

/**
 * The translations used last, `kernel.vm.tlb`: 1024 places, one for all pages 4 MiB apart. `counts` tells the cost
 * of a program's order of access.
 * @example
 * ```js
 * const { space } = new Kernel().process(1);
 * const { counts } = space.vm.tlb;
 * const at = space.mmap({ length: 4096, populate: true });
 * counts.fill(0);
 * for (let i = 0; i < 1000; i++) space.loadU32(at + i * 4);
 * [counts[TLB_HITS], counts[TLB_MISSES]];   // => [999, 1]
 * ```
 */
export class Tlb {
  readonly readTags = new Float64Array(TLB_ENTRIES).fill(NO_TAG);
  readonly writeTags = new Float64Array(TLB_ENTRIES).fill(NO_TAG);
  readonly frames = new Int32Array(TLB_ENTRIES);
  /** Hits, misses, flushes of an address space, single entries invalidated. */
  readonly counts = new Float64Array(4);
  private readonly users = new Set<TlbUser>();
  private nextAsid = 1;

  /** Gives an address space a number of its own. @internal */
  join(user: TlbUser): void {
    this.users.add(user);
    this.renumber(user);
  }

  /** Nothing matches the number that `user` has from now on. @internal */
  leave(user: TlbUser): void {
    this.users.delete(user);
    user.asid = Number.NaN;
  }

  /**
   * Forgets all translations of `user`, as a processor does when it switches to another process without numbers for
   * address spaces. The next access to each page is a miss. O(1).
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const { tlb } = space.vm;
   * const at = space.mmap({ length: 4096, populate: true });
   * space.loadU8(at);
   * const misses = tlb.counts[TLB_MISSES];
   * tlb.flush(space);
   * space.loadU8(at);
   * tlb.counts[TLB_MISSES] - misses;   // => 1
   * ```
   */
  flush(user: TlbUser): void {
    this.counts[TLB_FLUSHES]++;
    this.renumber(user);
  }

  /** Forgets the translation of one page. @internal */
  invalidate(user: TlbUser, page: number): void {
    const slot = page & TLB_MASK;
    if (this.readTags[slot] !== page + user.asid) return;
    this.counts[TLB_INVALIDATIONS]++;
    this.readTags[slot] = NO_TAG;
    this.writeTags[slot] = NO_TAG;
  }

  /**
   * Enters a translation; the one in its place is gone.
   * @param tag page number plus asid
   * @param writable whether writes may use it too
   * @internal
   */
  fill(tag: number, frame: number, writable: boolean): void {
    const slot = tag & TLB_MASK;
    this.frames[slot] = frame;
    this.readTags[slot] = tag;
    this.writeTags[slot] = writable ? tag : NO_TAG;
  }

  /**
   * Calls `visit` with each translation of `user` that a load or store would use. O(1024).
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const at = space.mmap({ length: 8192 });
   * space.loadU8(at);
   * space.store8(at + 4096, 1);
   * const seen = [];
   * space.vm.tlb.forEach(space, (page, frame, writable) => seen.push([page - at / 4096, writable]));
   * // A page only read is write-protected there, so that its first write is seen.
   * seen;   // => [[0, false], [1, true]]
   * ```
   */
  forEach(user: TlbUser, visit: (page: number, frame: number, writable: boolean) => void): void {
    for (let slot = 0; slot < TLB_ENTRIES; slot++) {
      const page = this.readTags[slot] - user.asid;
      if (page < 0 || page >= ASID_UNIT) continue;
      visit(page, this.frames[slot], this.writeTags[slot] === this.readTags[slot]);
    }
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new Kernel().vm.tlb.toJSON().hits;   // => 0
   * ```
   */
  toJSON(): object {
    return {
      hits: this.counts[TLB_HITS],
      misses: this.counts[TLB_MISSES],
      invalidations: this.counts[TLB_INVALIDATIONS],
      flushes: this.counts[TLB_FLUSHES],
    };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  private renumber(user: TlbUser): void {
    if (this.nextAsid === ASIDS) {
      this.readTags.fill(NO_TAG);
      this.writeTags.fill(NO_TAG);
      this.nextAsid = 1;
      for (const each of this.users) each.asid = this.nextAsid++ * ASID_UNIT;
    }
    user.asid = this.nextAsid++ * ASID_UNIT;
  }
}
