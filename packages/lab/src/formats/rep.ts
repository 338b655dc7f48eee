/**
 * CS:APP's malloc lab, `.rep`: four header lines (suggested heap size, number of ids, number of operations, weight), or the
 * middle two of them alone, then `a id bytes`, `r id bytes`, `f id`. An id is one block for the whole trace; -1 is NULL.
 */
import { formatMany } from '../text/format.js';
import { peakLiveBytes } from '../trace/live.js';
import { OP_ALIGNED, OP_FREE, OP_REALLOCATE, OP_ZEROED, type Trace } from '../trace/trace.js';
import type { Cursor } from './cursor.js';
import type { TraceFormat } from './format.js';
import { LineReader } from './line-reader.js';

const SHORT_HEADER = 2;
const LONG_HEADER = 4;
const HEADERS = 'two or four';
const NUMBER = /^\s*\d+\s*$/;
const OPERATION = /^\s*(?:[ar] \d+ \d+|f -?\d+)\s*$/;
const PIECE_BYTES = 2 ** 16;

export const rep: TraceFormat = {
  id: 'rep',
  title: "CS:APP's malloc lab",
  detect: ({ lines }) => {
    const full = lines.filter((line) => line.trim() !== '');
    const header = full.findIndex((line) => !NUMBER.test(line));
    if (header !== SHORT_HEADER && header !== LONG_HEADER) return 0;
    return full.reduce((count, line) => count + (OPERATION.test(line) ? 1 : 0), 1);
  },
  read: (builder, file) => new RepReader(builder, file),
  writer: { extension: '.rep', write },
};

class RepReader extends LineReader {
  readonly #header: number[] = [];
  #ids = -1;
  #promised = 0;
  #operations = 0;

  override end(): void {
    super.end();
    if (this.#ids < 0) this.failAtEnd(`the file ends within its ${HEADERS} header lines`);
    if (this.#operations < this.#promised) {
      this.failAtEnd(
        `the header announces ${this.#promised} operations, but the file ends after ${this.#operations}: it was cut off`,
      );
    }
  }

  protected line(cursor: Cursor): void {
    if (cursor.spaces().done) return;
    if (this.#ids >= 0 || !this.#headerLine(cursor)) this.#operation(cursor);
    if (!cursor.spaces().done) this.fail('the end of the line');
  }

  /** @returns false where the header is over, and the line is the first operation */
  #headerLine(cursor: Cursor): boolean {
    const lines = this.#header.length;
    if (cursor.decimal()) {
      if (lines === LONG_HEADER) this.fail("'a id bytes', 'r id bytes' or 'f id'");
      this.#header.push(cursor.value);
      return true;
    }
    if (lines !== SHORT_HEADER && lines !== LONG_HEADER) {
      this.fail(`${HEADERS} lines of a number each as the header`);
    }
    // The number of ids and of operations are the first two of the short header, and in the middle of the long one.
    const first = lines === LONG_HEADER ? 1 : 0;
    this.#ids = this.#header[first]!;
    this.#promised = this.#header[first + 1]!;
    return false;
  }

  #operation(cursor: Cursor): void {
    const call = cursor.word();
    if (call !== 'a' && call !== 'r' && call !== 'f') this.fail("'a id bytes', 'r id bytes' or 'f id'");
    this.#operations++;
    if (call === 'f' && cursor.spaces().take('-1')) {
      this.builder.nullFree();
      return;
    }
    if (!cursor.spaces().decimal()) this.fail('an id');
    if (cursor.value >= this.#ids) this.fail(`an id below ${this.#ids}, the number in the header`);
    const { high, low } = cursor;
    if (call === 'f') {
      this.builder.free(high, low);
      return;
    }
    if (!cursor.spaces().size()) this.fail('a number of bytes');
    if (call === 'a') this.builder.allocate(high, low, cursor.value);
    else this.builder.reallocate(high, low, high, low, cursor.value);
  }
}

/** An id a block, counted up: the drivers of the lab want each id allocated once. */
function* write(trace: Trace, onLoss: (what: string) => void): Iterable<Uint8Array> {
  const { length, op, slot, size, slots } = trace;
  let zeroed = 0;
  let aligned = 0;
  let blocks = 0;
  for (let i = 0; i < length; i++) {
    const kind = op[i]!;
    if (kind === OP_ZEROED) zeroed++;
    if (kind === OP_ALIGNED) aligned++;
    if (kind !== OP_FREE && kind !== OP_REALLOCATE) blocks++;
  }
  if (zeroed > 0)
    onLoss(
      `${formatMany(zeroed, 'calloc', 'callocs')} written as ${zeroed === 1 ? 'a plain allocation' : 'plain allocations'}`,
    );
  if (aligned > 0) onLoss(`${formatMany(aligned, 'alignment')} left out`);
  const encoder = new TextEncoder();
  let text = `${peakLiveBytes(trace)}\n${blocks}\n${length}\n1\n`;
  const ids = new Uint32Array(slots);
  let next = 0;
  for (let i = 0; i < length; i++) {
    const kind = op[i]!;
    if (kind === OP_FREE) text += `f ${ids[slot[i]!]}\n`;
    else {
      if (kind !== OP_REALLOCATE) ids[slot[i]!] = next++;
      text += `${kind === OP_REALLOCATE ? 'r' : 'a'} ${ids[slot[i]!]} ${size[i]}\n`;
    }
    if (text.length > PIECE_BYTES) {
      yield encoder.encode(text);
      text = '';
    }
  }
  yield encoder.encode(text);
}
