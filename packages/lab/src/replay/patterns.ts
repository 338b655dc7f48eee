/**
 * The bytes of an arena under verification, and patterns in them: each block repeats a word of four bytes of its own.
 * Writing and checking run at the speed of memcpy and memcmp: a stretch has period 4 exactly when it equals itself
 * shifted by 4.
 */
import { UserError } from '../errors.js';
import { formatSize } from '../text/format.js';

/** Bytes by address, a page at a time. */
export interface PagedBytes {
  readonly pageBytes: number;
  /** The bytes of page `index`, addresses from `index * pageBytes` on; good until the next call of the arena. */
  page(index: number): Uint8Array;
  /** Whether the page may hold anything but zeros. */
  has(index: number): boolean;
}

const PAGE_BYTES = 2 ** 20;

/** Memory for a range of any size: a page is allocated when it is first written to, so a vast arena costs what it uses. */
export class SparseBytes implements PagedBytes {
  readonly pageBytes = PAGE_BYTES;
  readonly #pages = new Map<number, Uint8Array>();
  readonly #pagesMax: number;

  /** @param budget bytes that all pages together may take */
  constructor(budget = Number.POSITIVE_INFINITY) {
    this.#pagesMax = Math.max(1, Math.floor(budget / PAGE_BYTES));
  }

  /** @throws UserError when the budget is spent */
  page(index: number): Uint8Array {
    let page = this.#pages.get(index);
    if (page === undefined) {
      if (this.#pages.size === this.#pagesMax) {
        throw new UserError(
          `its blocks need more than the ${formatSize(this.#pagesMax * PAGE_BYTES)} of memory available: replay without --verify, or on a machine with more memory`,
        );
      }
      page = new Uint8Array(PAGE_BYTES);
      this.#pages.set(index, page);
    }
    return page;
  }

  has(index: number): boolean {
    return this.#pages.has(index);
  }
}

/** The bytes that an arena brings itself, as a single page. */
export class WholeBytes implements PagedBytes {
  readonly pageBytes = Number.MAX_SAFE_INTEGER;
  readonly #bytes: () => Uint8Array;

  constructor(bytes: () => Uint8Array) {
    this.#bytes = bytes;
  }

  page(): Uint8Array {
    return this.#bytes();
  }

  has(): boolean {
    return true;
  }
}

export const WORD = 4;

/** The word of the n-th pattern: no byte is 0, so that a pattern is never mistaken for cleared memory; 255^4 differ. */
export function patternWord(n: number, word = new Uint8Array(WORD)): Uint8Array {
  word[0] = (n % 255) + 1;
  word[1] = (Math.floor(n / 255) % 255) + 1;
  word[2] = (Math.floor(n / 255 ** 2) % 255) + 1;
  word[3] = (Math.floor(n / 255 ** 3) % 255) + 1;
  return word;
}

/** A block of up to this many bytes bears its pattern everywhere... */
const WHOLE_MAX = 2 ** 26;
/** ...a larger one in stretches of a page, from its first byte to its last: a reservation of terabytes costs as much. */
const STRETCHES = 64;

/** Where a block of `size` bytes bears its pattern: visits offset and length of each stretch, in order. */
export function eachStretch(size: number, visit: (offset: number, length: number) => boolean): void {
  if (size <= WHOLE_MAX) {
    visit(0, size);
    return;
  }
  const last = size - PAGE_BYTES;
  for (let k = 0; k < STRETCHES; k++) {
    // Whole words apart, so that the pattern has the same phase everywhere; the last stretch ends with the block.
    const offset = Math.floor((k * last) / (STRETCHES - 1) / WORD) * WORD;
    if (!visit(offset, k === STRETCHES - 1 ? size - offset : PAGE_BYTES)) return;
  }
}

/** Writes `word` over and over into `[address, address + length)`. */
export function fill(bytes: PagedBytes, address: number, length: number, word: Uint8Array): void {
  const short = length <= SHORT ? shortPiece(bytes, address, length) : -1;
  if (short >= 0) {
    const page = bytes.page(Math.floor(address / bytes.pageBytes));
    for (let i = 0; i < length; i++) page[short + i] = word[i % WORD]!;
    return;
  }
  eachPiece(bytes, address, length, (piece, offset) => {
    const head = Math.min(piece.length, WORD);
    for (let i = 0; i < head; i++) piece[i] = word[(offset + i) % WORD]!;
    for (let done = WORD; done < piece.length; done *= 2) piece.copyWithin(done, 0, done);
    return true;
  });
}

/** The offset of the first byte of `[address, address + length)` that is not as `fill` wrote it; -1 when all are. */
export function mismatch(bytes: PagedBytes, address: number, length: number, word: Uint8Array): number {
  const short = length <= SHORT ? shortPiece(bytes, address, length) : -1;
  if (short >= 0) {
    const page = bytes.page(Math.floor(address / bytes.pageBytes));
    for (let i = 0; i < length; i++) if (page[short + i] !== word[i % WORD]) return i;
    return -1;
  }
  let found = -1;
  eachPiece(bytes, address, length, (piece, offset) => {
    const head = Math.min(piece.length, WORD);
    for (let i = 0; i < head; i++) {
      if (piece[i] !== word[(offset + i) % WORD]) {
        found = offset + i;
        return false;
      }
    }
    if (piece.length <= WORD || periodic(piece)) return true;
    for (let i = WORD; found < 0; i++) if (piece[i] !== piece[i - WORD]) found = offset + i;
    return false;
  });
  return found;
}

/** Copies `length` bytes between places that do not overlap; pages that nobody wrote to are passed over. */
export function copy(bytes: PagedBytes, from: number, to: number, length: number): void {
  eachSpan(bytes, from, length, (index, start, count, offset) => {
    if (!bytes.has(index)) return true;
    const source = bytes.page(index).subarray(start, start + count);
    eachPiece(bytes, to + offset, count, (target, done) => {
      target.set(source.subarray(done, done + target.length));
      return true;
    });
    return true;
  });
}

/**
 * Short stretches are written and compared byte by byte: a view of the piece, or the words of it, takes some
 * hundred nanoseconds.
 */
const SHORT = 256;

/** Where in its page a stretch of the block begins; -1 where it does not lie in one page. */
function shortPiece({ pageBytes }: PagedBytes, address: number, length: number): number {
  const start = address % pageBytes;
  return start + length <= pageBytes ? start : -1;
}

/** Whether the piece has period 4: all words of four bytes in it are the same, wherever the first of them begins. */
function periodic(piece: Uint8Array): boolean {
  const { buffer, byteOffset, length } = piece;
  if (length <= SHORT) return periodicFrom(piece, WORD);
  const skew = -byteOffset & (WORD - 1);
  const words = new Int32Array(buffer, byteOffset + skew, (length - skew) >>> 2);
  const word = words[0];
  for (let i = 1; i < words.length; i++) if (words[i] !== word) return false;
  // What lies before the first word and behind the last.
  return periodicFrom(piece.subarray(0, skew + WORD), WORD) && periodicFrom(piece, length - WORD);
}

/** Whether each byte from `start` on is that of four bytes before. */
function periodicFrom(piece: Uint8Array, start: number): boolean {
  for (let i = start; i < piece.length; i++) if (piece[i] !== piece[i - WORD]) return false;
  return true;
}

/** Calls `visit` with each part of `[address, address + length)` that lies in one page, until it returns false. */
function eachPiece(
  bytes: PagedBytes,
  address: number,
  length: number,
  visit: (piece: Uint8Array, offset: number) => boolean,
): void {
  eachSpan(bytes, address, length, (index, start, count, offset) =>
    visit(bytes.page(index).subarray(start, start + count), offset),
  );
}

/** The same, with the page's number and where in it the part lies. */
function eachSpan(
  { pageBytes }: PagedBytes,
  address: number,
  length: number,
  visit: (index: number, start: number, count: number, offset: number) => boolean,
): void {
  for (let offset = 0; offset < length; ) {
    const index = Math.floor((address + offset) / pageBytes);
    const start = address + offset - index * pageBytes;
    const count = Math.min(length - offset, pageBytes - start);
    if (!visit(index, start, count, offset)) return;
    offset += count;
  }
}
