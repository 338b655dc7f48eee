/** Goes over the bytes of one line. What it takes moves it on; what is not there leaves it where it is. */

const SPACE = 0x20;
const TAB = 0x09;
const ZERO = 0x30;
/** Characters kept of a word: the names of functions and events have fewer, a line may have a million. */
const WORD_LENGTH_MAX = 256;
/** Decimal digits that a double holds exactly, whatever they are. */
const EXACT_DIGITS = 15;

/** The value of a digit, 0 to 35 for either case; 36 for `_`; 99 for what no word holds. */
const VALUES = new Uint8Array(256).fill(99);
for (let i = 0; i < 10; i++) VALUES[ZERO + i] = i;
for (let i = 0; i < 26; i++) VALUES[0x41 + i] = VALUES[0x61 + i] = 10 + i;
VALUES[0x5f] = 36;

/** How recorders print a null pointer, other than as a number. */
const NULLS = ['(nil)', '(null)', 'nil', 'NULL', '(NULL)', 'null'] as const;

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
    const { bytes, end } = this;
    let { at } = this;
    while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
    this.at = at;
    return this;
  }

  /** Takes `text` (ASCII) if it is next. */
  take(text: string): boolean {
    const { bytes, at } = this;
    const { length } = text;
    if (this.end - at < length) return false;
    for (let i = 0; i < length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
    this.at = at + length;
    return true;
  }

  /** Takes letters, digits and underscores, if there are any. @returns how many */
  skipWord(): number {
    const { bytes, end } = this;
    let { at } = this;
    while (at < end && VALUES[bytes[at]!]! <= 36) at++;
    const length = at - this.at;
    this.at = at;
    return length;
  }

  /** Takes letters, digits and underscores; of a word longer than any name, the text is its beginning. */
  word(): string {
    const from = this.at;
    const length = Math.min(this.skipWord(), WORD_LENGTH_MAX);
    return String.fromCharCode(...this.bytes.subarray(from, from + length));
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
    const { bytes, at } = this;
    const isHex = bytes[at] === ZERO && this.end - at > 2 && (bytes[at + 1]! | 0x20) === 0x78;
    if (!isHex) return this.decimal();
    this.at = at + 2;
    if (this.hex()) return true;
    this.at = at;
    return false;
  }

  /** Takes an address, in any of the ways in which recorders print it, NULL among them: then it is 0. */
  pointer(): boolean {
    const { byte } = this;
    if (byte === ZERO) return this.number();
    if (byte >= 0x31 && byte <= 0x39) return this.decimal();
    if (byte === -1 || !NULLS.some((each) => this.take(each))) return false;
    this.high = 0;
    this.low = 0;
    return true;
  }

  /** Whether the number taken last is 0, or NULL. */
  get isNull(): boolean {
    return this.low === 0 && this.high === 0;
  }

  /** Takes hexadecimal digits without a prefix, as `number`. */
  hex(): boolean {
    const { bytes, end } = this;
    let { at } = this;
    let high = 0;
    let low = 0;
    for (; at < end; at++) {
      const digit = VALUES[bytes[at]!]!;
      if (digit > 15) break;
      if (high >>> 28 !== 0) return false;
      high = (high << 4) | (low >>> 28);
      low = (low << 4) | digit;
    }
    if (at === this.at) return false;
    this.at = at;
    this.high = high >>> 0;
    this.low = low >>> 0;
    return true;
  }

  /** Takes decimal digits, as `number`. */
  decimal(): boolean {
    const { bytes, end, at: from } = this;
    let at = from;
    let value = 0;
    for (; at < end; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      value = 10 * value + digit;
    }
    const digits = at - from;
    if (digits === 0) return false;
    if (digits > EXACT_DIGITS) return this.#longDecimal(at);
    this.at = at;
    this.high = digits < 10 ? 0 : Math.floor(value / 2 ** 32);
    this.low = value >>> 0;
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
    const { bytes } = this;
    const first = text.charCodeAt(0);
    const from = this.at;
    for (let { at } = this; at < this.end; at++) {
      if (bytes[at] !== first) continue;
      this.at = at;
      if (this.take(text)) return true;
    }
    this.at = from;
    return false;
  }

  #longDecimal(to: number): boolean {
    let high = 0;
    let low = 0;
    for (let { at } = this; at < to; at++) {
      low = 10 * low + this.bytes[at]! - ZERO;
      const carry = Math.floor(low / 2 ** 32);
      low -= carry * 2 ** 32;
      high = 10 * high + carry;
      if (high >= 2 ** 32) return false;
    }
    this.at = to;
    this.high = high;
    this.low = low;
    return true;
  }
}
