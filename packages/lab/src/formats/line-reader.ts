/**
 * Reading text recordings line by line from chunks of bytes, without making strings of them: a line that spans
 * chunks is put together, and a Cursor goes over its bytes.
 */
import { quote, TraceFormatError } from './errors.js';
import type { TraceReader } from './format.js';

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;

/** Longer than any line that a recorder writes: what has longer ones is no text, or damaged. */
const LINE_BYTES_MAX = 2 ** 20;
/** Characters kept of a word: the names of functions and events have fewer, a line may have a million. */
const WORD_LENGTH_MAX = 256;

/** Goes over the bytes of one line. What it takes moves it on; what is not there leaves it where it is. */
export class Cursor {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;
  /** The halves of the number taken last. */
  high = 0;
  low = 0;

  get done(): boolean {
    return this.at >= this.end;
  }

  /** The byte it is at; -1 at the end. */
  get byte(): number {
    return this.at < this.end ? this.bytes[this.at]! : -1;
  }

  /** The number taken last; exact below 2^53. */
  get value(): number {
    return this.high * 2 ** 32 + this.low;
  }

  spaces(): this {
    while (this.at < this.end && (this.bytes[this.at] === SPACE || this.bytes[this.at] === TAB)) this.at++;
    return this;
  }

  /** Takes `text` (ASCII) if it is next. */
  take(text: string): boolean {
    if (this.end - this.at < text.length) return false;
    for (let i = 0; i < text.length; i++) {
      if (this.bytes[this.at + i] !== text.charCodeAt(i)) return false;
    }
    this.at += text.length;
    return true;
  }

  /** Takes letters, digits and underscores; of a word longer than any name, the text is its beginning. */
  word(): string {
    const from = this.at;
    let text = '';
    while (this.at < this.end && isWord(this.bytes[this.at]!)) this.at++;
    const to = Math.min(this.at, from + WORD_LENGTH_MAX);
    for (let i = from; i < to; i++) text += String.fromCharCode(this.bytes[i]!);
    return text;
  }

  /** Takes what comes before the next space, or the end, as Latin-1; at most `lengthMax` characters. */
  text(lengthMax: number): string {
    const from = this.at;
    const end = Math.min(this.end, from + lengthMax);
    while (this.at < end && this.bytes[this.at] !== SPACE) this.at++;
    return String.fromCharCode(...this.bytes.subarray(from, this.at));
  }

  /** Takes a decimal number, or a hexadecimal one with 0x, below 2^64; `high`, `low` and `value` then tell it. */
  number(): boolean {
    const hex = this.byte === 0x30 && (this.bytes[this.at + 1]! | 0x20) === 0x78 && this.end - this.at > 2;
    if (!hex) return this.digits(10);
    this.at += 2;
    if (this.digits(16)) return true;
    this.at -= 2;
    return false;
  }

  /** Takes digits of base 10 or 16, as `number`, without a prefix. */
  digits(base: 10 | 16): boolean {
    let high = 0;
    let low = 0;
    let at = this.at;
    for (; at < this.end; at++) {
      const digit = digitOf(this.bytes[at]!);
      if (digit >= base) break;
      low = low * base + digit;
      const carry = Math.floor(low / 2 ** 32);
      low -= carry * 2 ** 32;
      high = high * base + carry;
      if (high >= 2 ** 32) return false;
    }
    if (at === this.at) return false;
    this.at = at;
    this.high = high;
    this.low = low;
    return true;
  }

  /** Takes a number of bytes: as `number`, and small enough to be exact. */
  size(): boolean {
    const from = this.at;
    if (this.number() && this.high < 2 ** 21) return true;
    this.at = from;
    return false;
  }

  /** Moves on to behind the next `text`, if there is one. */
  skipPast(text: string): boolean {
    const from = this.at;
    for (; this.at < this.end; this.at++) if (this.take(text)) return true;
    this.at = from;
    return false;
  }
}

/** Splits what is pushed into lines and hands each to `line`. */
export abstract class LineReader implements TraceReader {
  protected readonly cursor = new Cursor();
  readonly #file: string;
  /** The start of a line whose end has not come yet. */
  #rest: Uint8Array[] = [];
  #restBytes = 0;
  #line = 0;
  #from = 0;
  /** Where the line that is being read ends: `cursor.end`, unless a reader narrowed that. */
  protected lineEnd = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** Reads one line, over which `cursor` stands. Its end-of-line is cut off. */
  protected abstract line(cursor: Cursor): void;

  push(chunk: Uint8Array): void {
    let from = 0;
    for (;;) {
      // Not searched for where it is next: what expands to empty lines has a billion of them.
      const to = chunk[from] === NEWLINE ? from : chunk.indexOf(NEWLINE, from);
      if (to < 0) break;
      if (this.#restBytes > 0) this.#joined(chunk.subarray(from, to));
      else this.#read(chunk, from, to);
      from = to + 1;
    }
    if (from === chunk.length) return;
    this.#rest.push(chunk.slice(from));
    this.#restBytes += chunk.length - from;
    if (this.#restBytes > LINE_BYTES_MAX) this.#refuse(this.#rest[0]!);
  }

  end(): void {
    if (this.#restBytes > 0) this.#joined(new Uint8Array(0));
  }

  /** @param expected what the line should have held where the cursor stands */
  protected fail(expected: string): never {
    const { bytes } = this.cursor;
    throw new TraceFormatError(
      this.#file,
      `expected ${expected}, found ${quote(bytes.subarray(this.#from, this.lineEnd))}`,
      {
        line: this.#line,
      },
    );
  }

  /** @param problem what the file as a whole lacks */
  protected failAtEnd(problem: string): never {
    throw new TraceFormatError(this.#file, problem, { line: this.#line });
  }

  /** @param start of a line too long */
  #refuse(start: Uint8Array): never {
    throw new TraceFormatError(
      this.#file,
      `a line of more than ${LINE_BYTES_MAX} bytes, ${quote(start)}: not a text file`,
      { line: this.#line + 1 },
    );
  }

  #joined(last: Uint8Array): void {
    const line = new Uint8Array(this.#restBytes + last.length);
    let at = 0;
    for (const part of [...this.#rest, last]) {
      line.set(part, at);
      at += part.length;
    }
    this.#rest = [];
    this.#restBytes = 0;
    this.#read(line, 0, line.length);
  }

  #read(bytes: Uint8Array, from: number, to: number): void {
    const { cursor } = this;
    if (to - from > LINE_BYTES_MAX) this.#refuse(bytes.subarray(from, to));
    this.#line++;
    this.#from = from;
    cursor.bytes = bytes;
    cursor.at = from;
    cursor.end = to > from && bytes[to - 1] === RETURN ? to - 1 : to;
    this.lineEnd = cursor.end;
    this.line(cursor);
  }
}

function isWord(byte: number): boolean {
  return digitOf(byte) < 36 || byte === 0x5f;
}

/** 0 to 35 for digits and letters of either case; 99 for anything else. */
function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = (byte | 0x20) - 0x61;
  return letter >= 0 && letter < 26 ? letter + 10 : 99;
}
