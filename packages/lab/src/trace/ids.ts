/**
 * Which slot the block has that the recording calls by a 64-bit id (an address, as a rule): a hash table of the
 * live blocks. O(1) a call. Open addressing with linear probing, multiplicative hashing, and deletion by shifting back
 * (Knuth, The Art of Computer Programming 3, 6.4, algorithm R), so that no tombstones pile up where millions of
 * blocks come and go.
 *
 * An id is two unsigned 32-bit halves: exact up to 2^64 - 1, where numbers end at 2^53 and kernel addresses and
 * tagged pointers begin. (BigInt keys in a Map: 9 times slower, 7 times the memory.)
 */

/** No slot. */
export const NO_SLOT = -1;

/** 32-bit words an entry: the halves of the id, and the slot + 1 (0 where the entry is empty). */
const WORDS = 3;
/** Small, as a recording may tell of very many processes of a few blocks each. */
const MIN_BITS = 2;
/** Odd multipliers, by chance: nobody can write a recording whose ids all fall on one entry. No result depends on them. */
const MIX_HIGH = oddByChance();
const MIX_BOTH = oddByChance();
const MIX_LAST = oddByChance();

export class IdTable {
  /** One array for all three words: a lookup misses the cache once. */
  #cells = new Uint32Array(WORDS << MIN_BITS);
  #bits = MIN_BITS;
  #count = 0;

  /** Ids that have a slot. */
  get size(): number {
    return this.#count;
  }

  /** Slot of the live block `id`, NO_SLOT if there is none. */
  get(high: number, low: number): number {
    return this.#cells[this.#find(high, low) + 2]! - 1;
  }

  /** Names `slot` by the id, unless a live block has that name: then its slot is returned and nothing changed. */
  add(high: number, low: number, slot: number): number {
    const at = this.#find(high, low);
    const cells = this.#cells;
    const live = cells[at + 2]! - 1;
    if (live !== NO_SLOT) return live;
    cells[at] = high;
    cells[at + 1] = low;
    cells[at + 2] = slot + 1;
    this.#count++;
    // Three quarters full at most; a growing table holds old and new at once, so not less either.
    if (this.#count > 3 * 2 ** (this.#bits - 2)) this.#grow();
    return NO_SLOT;
  }

  /** Forgets the id and returns its slot, NO_SLOT if no live block has that name. */
  delete(high: number, low: number): number {
    const cells = this.#cells;
    const shift = 32 - this.#bits;
    const mask = 2 ** this.#bits - 1;
    let hole = this.#find(high, low) / WORDS;
    const slot = cells[WORDS * hole + 2]! - 1;
    if (slot === NO_SLOT) return NO_SLOT;
    // Move up every later entry of the run that the hole would hide from its own search.
    for (let next = (hole + 1) & mask; cells[WORDS * next + 2] !== 0; next = (next + 1) & mask) {
      const home = hash(cells[WORDS * next]!, cells[WORDS * next + 1]!, shift);
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      cells[WORDS * hole] = cells[WORDS * next]!;
      cells[WORDS * hole + 1] = cells[WORDS * next + 1]!;
      cells[WORDS * hole + 2] = cells[WORDS * next + 2]!;
      hole = next;
    }
    cells[WORDS * hole + 2] = 0;
    this.#count--;
    return slot;
  }

  /** Index of the id's first word, or of the empty entry where it would stand. */
  #find(high: number, low: number): number {
    const cells = this.#cells;
    const end = cells.length;
    let at = WORDS * hash(high, low, 32 - this.#bits);
    while (cells[at + 2] !== 0 && (cells[at + 1] !== low || cells[at] !== high)) {
      at += WORDS;
      if (at === end) at = 0;
    }
    return at;
  }

  #grow(): void {
    const old = this.#cells;
    this.#bits++;
    const cells = new Uint32Array(2 * old.length);
    this.#cells = cells;
    for (let at = 0; at < old.length; at += WORDS) {
      if (old[at + 2] === 0) continue;
      const to = this.#find(old[at]!, old[at + 1]!);
      cells[to] = old[at]!;
      cells[to + 1] = old[at + 1]!;
      cells[to + 2] = old[at + 2]!;
    }
  }
}

/**
 * The upper half goes through two products before the lower one is added, as a difference in its top bits alone comes
 * out of the first as the same few bits, whatever the multiplier.
 */
function hash(high: number, low: number, shift: number): number {
  let mixed = Math.imul(high, MIX_HIGH);
  mixed = Math.imul(mixed ^ (mixed >>> 16), MIX_BOTH);
  return Math.imul(low ^ mixed ^ (mixed >>> 15), MIX_LAST) >>> shift;
}

function oddByChance(): number {
  return Math.floor(Math.random() * 2 ** 32) | 1;
}
