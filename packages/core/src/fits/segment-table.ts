/**
 * The segments of a range, used and free, as records in one growable buffer, linked in address order: what IndexedFit
 * knows of them, but for their order in the free list. Any start and size, headers, what was requested; where sizes
 * are multiples of a granule, a BoundaryMap takes less memory where segments are small.
 *
 * Every operation is O(1), but for `segments`, `classify` and `check`, O(n). A segment costs 32 bytes: start and
 * size (doubles, so that ranges above 4 GiB work), the links to both neighbours, and one word pair that holds the
 * bytes requested while the segment is used and two links of the allocator's own while it is free. The buffer
 * grows by half when it is full and never shrinks.
 *
 * A link to a neighbour also tells whether that neighbour is used. So a segment that is freed between two used
 * ones finds out from its own record, and only *writes* to theirs: among a million segments each record read is
 * a cache miss to wait for, each one written is not. With one array per field the same program takes longer once
 * the arrays outgrow the cache: see docs/decisions/core.md#where-the-records-of-the-indexed-fits-lie.
 */
import { type InvalidFreeReason, law, type Segment } from '../allocator.js';
import { checkRange } from '../range-options.js';

/** No segment. Read as a link to a neighbour it is a used one: nothing to join. */
export const NIL = -1;

/** The segment that starts the range: joining keeps the lower of two records, so its number never changes. */
export const FIRST = 0;

// A record is 4 doubles (node << 2), or 8 words (node << 3):
// doubles START and SIZE, words PREV, NEXT, and double REQUESTED (used) or words BACK, FORTH (free).
const START = 0;
const SIZE = 1; // negative while the segment is free: spares a word for the state
const REQUESTED = 3;
const PREV = 4; // neighbour << 1, plus 1 if the neighbour is used
const NEXT = 5;
const BACK = 6;
const FORTH = 7;

const NODES_AT_FIRST = 16;

export class SegmentTable {
  readonly base: number;
  /** First address after the range. */
  end: number;
  /** The segment that ends the range. */
  last = FIRST;
  usedBytes = 0;
  usedSegments = 0;
  freeSegments = 1;

  private doubles: Float64Array;
  private words: Int32Array;
  /** What the callers were given; null where that is the start of the segment, always. */
  private addresses: Float64Array | null;
  /** Records from this number up were never in use. */
  private fresh = 1;
  /** The records given back, linked through NEXT. */
  private spare = NIL;

  /**
   * One free segment, the whole of `[base, base + capacity)`.
   * @param headers whether an address given out may lie behind the start of its segment: 8 more bytes a segment
   * @throws RangeError when that is no range
   */
  constructor(base: number, capacity: number, headers = false) {
    checkRange(base, capacity);
    this.base = base;
    this.end = base + capacity;
    const buffer = new ArrayBuffer(NODES_AT_FIRST * 32);
    this.doubles = new Float64Array(buffer);
    this.words = new Int32Array(buffer);
    this.addresses = headers ? new Float64Array(NODES_AT_FIRST) : null;
    this.doubles[START] = base;
    this.doubles[SIZE] = -capacity;
    this.words[PREV] = NIL;
    this.words[NEXT] = NIL;
  }

  get capacity(): number {
    return this.end - this.base;
  }

  get freeBytes(): number {
    return this.end - this.base - this.usedBytes;
  }

  /** Bytes the records take, those not in use included. */
  get bytes(): number {
    return this.doubles.byteLength + (this.addresses === null ? 0 : this.addresses.byteLength);
  }

  /** Every segment's number is below this. Grows only in `split` and `append`; size arrays of your own by it. */
  get nodes(): number {
    return this.fresh;
  }

  start(node: number): number {
    return this.doubles[(node << 2) + START];
  }

  size(node: number): number {
    return Math.abs(this.doubles[(node << 2) + SIZE]);
  }

  isUsed(node: number): boolean {
    return this.doubles[(node << 2) + SIZE] > 0;
  }

  /** What the holder of a used segment was given: where it starts, unless `setAddress` said otherwise. */
  address(node: number): number {
    return this.addresses === null ? this.start(node) : this.addresses[node];
  }

  /** After `take`, and only in a table with headers: the caller is given an address behind the start. */
  setAddress(node: number, address: number): void {
    if (this.addresses !== null) this.addresses[node] = address;
  }

  /** Bytes requested of a used segment. */
  requested(node: number): number {
    return this.doubles[(node << 2) + REQUESTED];
  }

  setRequested(node: number, requested: number): void {
    this.doubles[(node << 2) + REQUESTED] = requested;
  }

  /** The neighbour below, or NIL. */
  prev(node: number): number {
    return this.words[(node << 3) + PREV] >> 1;
  }

  /** The neighbour above, or NIL. */
  next(node: number): number {
    return this.words[(node << 3) + NEXT] >> 1;
  }

  /** The neighbour below if it is free, else NIL. Reads only the node's own record. */
  freePrev(node: number): number {
    const link = this.words[(node << 3) + PREV];
    return (link & 1) === 0 ? link >> 1 : NIL;
  }

  /** The neighbour above if it is free, else NIL. Reads only the node's own record. */
  freeNext(node: number): number {
    const link = this.words[(node << 3) + NEXT];
    return (link & 1) === 0 ? link >> 1 : NIL;
  }

  /**
   * Two numbers that an allocator may keep with each free segment, meant as the links of a free list or tree.
   * Without meaning until set: `take` overwrites both, and `release`, `split` and `append` leave them as they are.
   */
  back(node: number): number {
    return this.words[(node << 3) + BACK];
  }

  forth(node: number): number {
    return this.words[(node << 3) + FORTH];
  }

  setBack(node: number, back: number): void {
    this.words[(node << 3) + BACK] = back;
  }

  setForth(node: number, forth: number): void {
    this.words[(node << 3) + FORTH] = forth;
  }

  /** The free segment becomes a used one, of a request of `requested` bytes. */
  take(node: number, requested: number): void {
    const size = -this.doubles[(node << 2) + SIZE];
    this.doubles[(node << 2) + SIZE] = size;
    this.doubles[(node << 2) + REQUESTED] = requested;
    this.setAddress(node, this.start(node));
    this.tellNeighbours(node, (node << 1) | 1);
    this.usedBytes += size;
    this.usedSegments++;
    this.freeSegments--;
  }

  /** The used segment becomes a free one. Free neighbours stay apart: joining them is up to the caller. */
  release(node: number): void {
    const size = this.doubles[(node << 2) + SIZE];
    this.doubles[(node << 2) + SIZE] = -size;
    this.tellNeighbours(node, node << 1);
    this.usedBytes -= size;
    this.usedSegments--;
    this.freeSegments++;
  }

  /**
   * The segment, used or free, keeps its first `size` bytes; the rest of it becomes a free segment.
   * @param size less than the segment's size
   * @returns the number of the new segment
   */
  split(node: number, size: number): number {
    const tail = this.newNode();
    const doubles = this.doubles;
    const words = this.words;
    const at = node << 2;
    const signed = doubles[at + SIZE];
    const used = signed > 0;
    const rest = Math.abs(signed) - size;
    doubles[at + SIZE] = used ? size : -size;
    doubles[(tail << 2) + START] = doubles[at + START] + size;
    doubles[(tail << 2) + SIZE] = -rest;
    const next = words[(node << 3) + NEXT];
    words[(tail << 3) + PREV] = (node << 1) | (used ? 1 : 0);
    words[(tail << 3) + NEXT] = next;
    words[(node << 3) + NEXT] = tail << 1;
    if (next === NIL) this.last = tail;
    else words[((next >> 1) << 3) + PREV] = tail << 1;
    if (used) this.usedBytes -= rest;
    this.freeSegments++;
    return tail;
  }

  /** The segment, used or free, swallows the free neighbour above, whose number may be given out again. */
  absorbNext(node: number): void {
    const doubles = this.doubles;
    const words = this.words;
    const at = node << 2;
    const gone = words[(node << 3) + NEXT] >> 1;
    const added = -doubles[(gone << 2) + SIZE];
    const signed = doubles[at + SIZE];
    const used = signed > 0;
    doubles[at + SIZE] = used ? signed + added : signed - added;
    const next = words[(gone << 3) + NEXT];
    words[(node << 3) + NEXT] = next;
    if (next === NIL) this.last = node;
    else words[((next >> 1) << 3) + PREV] = (node << 1) | (used ? 1 : 0);
    words[(gone << 3) + NEXT] = this.spare;
    this.spare = gone;
    if (used) this.usedBytes += added;
    this.freeSegments--;
  }

  /**
   * The range grows at its end by `bytes`, a free segment. A free one before it stays apart.
   * @returns the number of the new segment
   */
  append(bytes: number): number {
    const tail = this.newNode();
    const before = this.last;
    this.doubles[(tail << 2) + START] = this.end;
    this.doubles[(tail << 2) + SIZE] = -bytes;
    this.words[(tail << 3) + PREV] = (before << 1) | (this.isUsed(before) ? 1 : 0);
    this.words[(tail << 3) + NEXT] = NIL;
    this.words[(before << 3) + NEXT] = tail << 1;
    this.last = tail;
    this.end += bytes;
    this.freeSegments++;
    return tail;
  }

  /** Why `address` is not that of a used segment, for InvalidFreeError. Walks the segments: O(n). */
  classify(address: number): InvalidFreeReason {
    if (!(address >= this.base && address < this.end)) return 'outside';
    let node = FIRST;
    while (address >= this.start(node) + this.size(node)) node = this.next(node);
    return this.isUsed(node) ? 'interior' : 'free';
  }

  /** Every segment in address order, as the contract wants them. */
  *segments(): Generator<Segment, void, undefined> {
    for (let node = FIRST; node !== NIL; node = this.next(node)) {
      const start = this.start(node);
      const end = start + this.size(node);
      if (this.isUsed(node)) {
        yield { start, end, used: true, address: this.address(node), requested: this.requested(node) };
      } else {
        yield { start, end, used: false, address: start };
      }
    }
  }

  /**
   * Checks the records against each other. O(n).
   * @param coalesced whether free neighbours are always joined, as where coalescing is immediate
   * @throws CorruptionError naming the broken law
   */
  check(coalesced: boolean): void {
    let address = this.base;
    let prev = NIL;
    let usedBytes = 0;
    let used = 0;
    let free = 0;
    for (let node = FIRST; node !== NIL; node = this.next(node)) {
      const at = address;
      const start = this.start(node);
      const size = this.size(node);
      law(start === at, 'segments tile the range', () => `one at ${start} where ${at} is due`);
      law(size > 0, 'no segment is empty', () => `one of ${size} bytes at ${at}`);
      law(
        this.words[(node << 3) + PREV] === (prev === NIL ? NIL : (prev << 1) | (this.isUsed(prev) ? 1 : 0)),
        'a back link leads to the neighbour below and says whether it is used',
        () => `link ${this.words[(node << 3) + PREV]} in the segment at ${at}`,
      );
      law(
        prev === NIL || (this.words[(prev << 3) + NEXT] & 1) === (this.isUsed(node) ? 1 : 0),
        'a forward link says whether the neighbour above is used',
        () => `link ${this.words[(prev << 3) + NEXT]} in the segment below ${at}`,
      );
      if (this.isUsed(node)) {
        const requested = this.requested(node);
        const address = this.address(node);
        law(
          requested >= 1 && address >= start && address + requested <= start + size,
          'a used segment holds what was requested',
          () => `${requested} bytes at ${address}, in the ${size} at ${at}`,
        );
        usedBytes += size;
        used++;
      } else {
        law(
          !coalesced || prev === NIL || this.isUsed(prev),
          'no two free neighbours',
          () => `the free segment at ${at} and the one below it`,
        );
        free++;
      }
      address += size;
      prev = node;
    }
    law(address === this.end, 'segments end where the range ends', () => `${address} for ${this.end}`);
    law(prev === this.last, 'the last segment is known', () => `node ${this.last}, not ${prev}`);
    law(
      usedBytes === this.usedBytes && used === this.usedSegments && free === this.freeSegments,
      'the totals are those of the segments',
      () =>
        `${this.usedBytes} bytes in ${this.usedSegments} used and ${this.freeSegments} free segments, ` +
        `counted ${usedBytes} in ${used} and ${free}`,
    );
    let spare = 0;
    for (let node = this.spare; node !== NIL; node = this.words[(node << 3) + NEXT]) spare++;
    law(
      used + free + spare === this.fresh,
      'every record is a segment or spare',
      () => `${used + free} segments and ${spare} spare of ${this.fresh} records`,
    );
  }

  private tellNeighbours(node: number, link: number): void {
    const words = this.words;
    const prev = words[(node << 3) + PREV] >> 1;
    const next = words[(node << 3) + NEXT] >> 1;
    if (prev !== NIL) words[(prev << 3) + NEXT] = link;
    if (next !== NIL) words[(next << 3) + PREV] = link;
  }

  private newNode(): number {
    const spare = this.spare;
    if (spare !== NIL) {
      this.spare = this.words[(spare << 3) + NEXT];
      return spare;
    }
    if (this.fresh << 5 === this.doubles.byteLength) this.growBuffer();
    return this.fresh++;
  }

  private growBuffer(): void {
    const nodes = this.fresh + (this.fresh >> 1);
    const buffer = new ArrayBuffer(nodes * 32);
    const doubles = new Float64Array(buffer);
    doubles.set(this.doubles);
    this.doubles = doubles;
    this.words = new Int32Array(buffer);
    if (this.addresses !== null) {
      const addresses = new Float64Array(nodes);
      addresses.set(this.addresses);
      this.addresses = addresses;
    }
  }
}
