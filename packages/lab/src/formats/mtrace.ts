/**
 * glibc's mtrace: `@ where + 0xptr 0xsize` (malloc, calloc, memalign), `@ where - 0xptr` (free), `@ where < 0xold` and
 * then `@ where > 0xnew 0xsize` (realloc), `@ where ! 0xptr 0xsize` (a realloc that failed), `= Start`, `= End`. Where
 * may hold spaces, so lines are read from their end.
 */
import type { TraceBuilder } from '../trace/builder.js';
import type { TraceFormat } from './format.js';
import { type Cursor, LineReader } from './line-reader.js';

const SPACE = 0x20;

export const mtrace: TraceFormat = {
  id: 'mtrace',
  title: "glibc's mtrace",
  detect: (head) => head.count(/^= Start$|^@ .*[-+<>!] (?:0x[0-9a-f]+|\(nil\))/),
  read: (builder, file) => new MtraceReader(builder, file),
};

class MtraceReader extends LineReader {
  readonly #builder: TraceBuilder;
  /** The block of a `<` line; its `>` must be next. */
  #moving = false;
  #oldHigh = 0;
  #oldLow = 0;

  constructor(builder: TraceBuilder, file: string) {
    super(file);
    this.#builder = builder;
  }

  override end(): void {
    super.end();
    if (this.#moving)
      this.failAtEnd("the file ends between the '<' and the '>' line of a realloc; it was cut off");
  }

  protected line(cursor: Cursor): void {
    if (cursor.done || cursor.take('=')) {
      this.#builder.skipLine();
      return;
    }
    if (!cursor.take('@')) this.fail("'@ where + 0xaddress 0xsize' or another call, or '= Start'");
    const { at, end } = cursor;
    // From the end: a size perhaps, an address, the sign of the call.
    const last = this.#tokenBefore(end);
    const middle = this.#tokenBefore(last - 1);
    const sign =
      isSign(cursor.bytes[middle]!) && last - middle === 2 ? middle : this.#tokenBefore(middle - 1);
    if (sign < at) this.fail("'+', '-', '<', '>' or '!' before an address");
    const call = String.fromCharCode(cursor.bytes[sign]!);
    cursor.at = sign + 1;
    const isNull = cursor.spaces().take('(nil)');
    if (!isNull && !cursor.number()) this.fail(`an address after '${call}'`);
    const high = isNull ? 0 : cursor.high;
    const low = isNull ? 0 : cursor.low;
    const nothing = high === 0 && low === 0;
    if (this.#moving && call !== '>' && call !== '!')
      this.fail("the '>' line that ends the realloc of the line before");
    switch (call) {
      case '+':
        if (nothing) this.#builder.failed();
        else this.#builder.allocate(high, low, this.#size());
        break;
      case '-':
        if (nothing) this.#builder.nullFree();
        else this.#builder.free(high, low);
        break;
      case '<':
        this.#moving = true;
        this.#oldHigh = high;
        this.#oldLow = low;
        break;
      case '>':
        if (!this.#moving) this.fail("a '<' line before");
        this.#moving = false;
        this.#builder.reallocate(this.#oldHigh, this.#oldLow, high, low, this.#size());
        break;
      case '!':
        this.#moving = false;
        this.#size();
        this.#builder.failed();
        break;
      default:
        this.fail("'+', '-', '<', '>' or '!' before an address");
    }
    if (!cursor.spaces().done) this.fail('the end of the line');
  }

  #size(): number {
    if (!this.cursor.spaces().size()) this.fail('a size after the address');
    return this.cursor.value;
  }

  /** Where the last word that ends at or before `end` begins; -1 when there is none. */
  #tokenBefore(end: number): number {
    const { bytes, at } = this.cursor;
    let to = end;
    while (to > at && bytes[to - 1] === SPACE) to--;
    let from = to;
    while (from > at && bytes[from - 1] !== SPACE) from--;
    return from === to ? -1 : from;
  }
}

function isSign(byte: number): boolean {
  return byte === 0x2b || byte === 0x2d || byte === 0x3c || byte === 0x3e || byte === 0x21;
}
