/**
 * Finds the used segment that has an address: a hash table with linear probing, in one typed array.
 *
 * Adding, finding and removing are O(1) expected: about one and a half places looked at, next to each other in
 * memory. A place is 8 bytes, the hash of the address and the segment's number; the address itself stands in the
 * segment's record, which is read next anyway. The array doubles when three places in four are taken, so a segment
 * costs 11 to 21 bytes, and never shrinks. Removal shifts later entries back instead of leaving tombstones: the
 * table does not age, whatever the mix of calls.
 *
 * Not for keys chosen by an adversary: the hash is one multiplication, and addresses can be found that collide.
 *
 * Source: Knuth, The Art of Computer Programming, volume 3, section 6.4: algorithm L, and R for removal;
 * multiplicative ("Fibonacci") hashing from the same section.
 */
import { law } from '../allocator.js';
import { NIL, type SegmentTable } from './segment-table.js';

const PLACES_AT_FIRST = 16;

export class AddressIndex {
  /** Segments in the index. */
  size = 0;
  private readonly table: SegmentTable;
  /** Pairs of words: the hash of the start address, and the node + 1; 0 where the place is empty. */
  private places = new Int32Array(PLACES_AT_FIRST * 2);
  /** `hash >>> shift` is the place where a search begins. */
  private shift = 32 - Math.log2(PLACES_AT_FIRST);

  constructor(table: SegmentTable) {
    this.table = table;
  }

  /** Bytes the index takes, empty places included. */
  get bytes(): number {
    return this.places.byteLength;
  }

  /** Enters a segment by its address, which must not be in the index yet and must not change while it is. */
  add(node: number): void {
    if (this.size * 8 >= this.places.length * 3) this.double();
    this.put(hash(this.table.address(node)), node);
    this.size++;
  }

  /** The segment entered that has `address`, or NIL. Any number may be asked about. */
  find(address: number): number {
    const place = this.search(address);
    return place === NIL ? NIL : this.places[place * 2 + 1] - 1;
  }

  /** Takes the segment that has `address` out of the index; returns it, or NIL when there was none. */
  remove(address: number): number {
    let hole = this.search(address);
    if (hole === NIL) return NIL;
    const places = this.places;
    const mask = (places.length >> 1) - 1;
    const shift = this.shift;
    const node = places[hole * 2 + 1] - 1;
    for (let place = (hole + 1) & mask; places[place * 2 + 1] !== 0; place = (place + 1) & mask) {
      const home = places[place * 2] >>> shift;
      if (((place - home) & mask) >= ((place - hole) & mask)) {
        places[hole * 2] = places[place * 2];
        places[hole * 2 + 1] = places[place * 2 + 1];
        hole = place;
      }
    }
    places[hole * 2 + 1] = 0;
    this.size--;
    return node;
  }

  /**
   * Checks the index against the table. O(n).
   * @throws CorruptionError naming the broken law
   */
  check(): void {
    const table = this.table;
    law(
      this.size === table.usedSegments,
      'every used segment is in the index, and nothing else',
      () => `${this.size} entries for ${table.usedSegments} used segments`,
    );
    for (const { used, address } of table.segments()) {
      const node = this.find(address);
      law(
        used === (node !== NIL),
        'a segment is found by its address just when it is used',
        () => `node ${node} for the ${used ? 'used' : 'free'} segment at ${address}`,
      );
    }
    let entries = 0;
    for (let i = 1; i < this.places.length; i += 2) if (this.places[i] !== 0) entries++;
    law(entries === this.size, 'the index counts its entries', () => `${this.size} for ${entries}`);
  }

  /** The place of `address`, or NIL. */
  private search(address: number): number {
    const places = this.places;
    const mask = (places.length >> 1) - 1;
    const hashed = hash(address);
    for (let place = hashed >>> this.shift; ; place = (place + 1) & mask) {
      const entry = places[place * 2 + 1];
      if (entry === 0) return NIL;
      if (places[place * 2] === hashed && this.table.address(entry - 1) === address) return place;
    }
  }

  private put(hashed: number, node: number): void {
    const places = this.places;
    const mask = (places.length >> 1) - 1;
    let place = hashed >>> this.shift;
    while (places[place * 2 + 1] !== 0) place = (place + 1) & mask;
    places[place * 2] = hashed;
    places[place * 2 + 1] = node + 1;
  }

  private double(): void {
    const old = this.places;
    this.places = new Int32Array(old.length * 2);
    this.shift--;
    for (let i = 0; i < old.length; i += 2) {
      if (old[i + 1] !== 0) this.put(old[i], old[i + 1] - 1);
    }
  }
}

/** 32 bits of which the upper ones are well mixed. NaN and fractions hash as some integer, and are never found. */
function hash(address: number): number {
  return Math.imul((address | 0) ^ Math.imul((address * 2 ** -32) | 0, 0x85eb_ca6b), 0x9e37_79b1);
}
