/**
 * glibc's mtrace: `@ where + 0xptr 0xsize` (malloc, calloc, memalign), `@ where - 0xptr` (free), `@ where < 0xold` and
 * then `@ where > 0xnew 0xsize` (realloc), `@ where ! 0xptr 0xsize` (a realloc that failed), `= Start`, `= End`. An
 * allocation that failed is `+ (nil) 0xsize`. Where may hold spaces, so lines are read from their end, or lack.
 */
import type { Address } from './calls.js';
import type { Cursor } from './cursor.js';
import type { TraceFormat } from './format.js';
import { RecordingReader } from './recording-reader.js';

const SPACE = 0x20;
const [PLUS, MINUS, LESS, GREATER, BANG] = [0x2b, 0x2d, 0x3c, 0x3e, 0x21];

export const mtrace: TraceFormat = {
  id: 'mtrace',
  title: "glibc's mtrace",
  limits: 'mtrace tells no callocs, alignments and threads apart',
  detect: (head) => head.count(/^= Start$|^(?:@ .*)?[-+<>!] (?:0x[0-9a-f]+|\(nil\))(?: 0x[0-9a-f]+| 0)?\s*$/),
  read: (builder, file) => new MtraceReader(builder, file),
};

class MtraceReader extends RecordingReader {
  /** The blocks of `<` lines whose `>` is to come: several where several processes write into one file. */
  readonly #moving: Address[] = [];

  protected override finish(): void {
    if (this.#moving.length > 0) this.builder.cutOff("between the '<' and the '>' line of a realloc");
  }

  protected record(cursor: Cursor): void {
    if (cursor.spaces().done || cursor.take('=')) {
      this.builder.skipLine();
      return;
    }
    cursor.at = this.#sign();
    const sign = cursor.bytes[cursor.at++]!;
    if (!cursor.spaces().pointer()) this.fail('an address');
    const { high, low, isNull } = cursor;
    if (sign === MINUS || sign === LESS) {
      if (!cursor.spaces().done) this.fail('the end of the line');
      if (sign === LESS) this.#moving.push({ high, low });
      else if (isNull) this.builder.nullFree();
      else this.builder.free(high, low);
    } else {
      if (!cursor.spaces().number()) this.fail('a size after the address');
      if (!cursor.spaces().done) this.fail('the end of the line');
      this.#given(sign, { high, low }, cursor.value);
    }
  }

  /** Calls that give a block, or fail to: `+`, `>` and `!`. */
  #given(sign: number, { high, low }: Address, bytes: number): void {
    const isNull = low === 0 && high === 0;
    if (sign === BANG || isNull) {
      const moving = this.#moving.at(-1);
      if (sign === GREATER || (moving?.low === low && moving.high === high)) this.#moving.pop();
      this.builder.failed();
      return;
    }
    if (!Number.isSafeInteger(bytes)) this.fail('fewer than 2^53 bytes');
    if (sign === PLUS) this.builder.allocate(high, low, bytes);
    else {
      const old = this.#moving.pop();
      if (old === undefined) this.fail("a '<' line before");
      this.builder.reallocate(old.high, old.low, high, low, bytes);
    }
  }

  /** Where the sign of the call stands: one word before the end, or two. */
  #sign(): number {
    const { cursor } = this;
    const last = this.#wordBefore(cursor.end);
    const middle = this.#wordBefore(last - 1);
    const at = this.#isSign(middle) ? middle : this.#wordBefore(middle - 1);
    // What comes before it begins with '@'.
    const isCall = this.#isSign(at) && (at === cursor.at || cursor.byte === 0x40);
    if (!isCall) this.fail("'@ where + 0xaddress 0xsize' or another call, or '= Start'");
    return at;
  }

  #isSign(at: number): boolean {
    const { bytes } = this.cursor;
    if (at < this.cursor.at || bytes[at + 1] !== SPACE) return false;
    const byte = bytes[at];
    return byte === PLUS || byte === MINUS || byte === LESS || byte === GREATER || byte === BANG;
  }

  /** Where the last word that ends at or before `end` begins; -1 when there is none. */
  #wordBefore(end: number): number {
    const { bytes, at } = this.cursor;
    let to = end;
    while (to > at && bytes[to - 1] === SPACE) to--;
    let from = to;
    while (from > at && bytes[from - 1] !== SPACE) from--;
    return from === to ? -1 : from;
  }
}
