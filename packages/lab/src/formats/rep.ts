/**
 * CS:APP's malloc lab, `.rep`: four header lines (suggested heap size, number of ids, number of operations, weight), then
 * `a id bytes`, `r id bytes`, `f id`. An id is one block for the whole trace.
 */

import { formatMany } from '../text/format.js';
import type { TraceBuilder } from '../trace/builder.js';
import { peakLiveBytes } from '../trace/live.js';
import { OP_ALIGNED, OP_FREE, OP_REALLOCATE, OP_ZEROED, type Trace } from '../trace/trace.js';
import type { TraceFormat } from './format.js';
import { type Cursor, LineReader } from './line-reader.js';

const HEADER = ['a heap size', 'the number of ids', 'the number of operations', 'a weight'] as const;
const PIECE_BYTES = 2 ** 16;

export const rep: TraceFormat = {
  id: 'rep',
  title: "CS:APP's malloc lab",
  detect: ({ lines }) =>
    lines.length > 4 && lines.slice(0, 4).every((line) => /^\s*\d+\s*$/.test(line))
      ? lines.reduce((count, line) => count + (/^(?:[ar] \d+ \d+|f \d+)\s*$/.test(line) ? 1 : 0), 1)
      : 0,
  read: (builder, file) => new RepReader(builder, file),
  writer: { extension: '.rep', write },
};

class RepReader extends LineReader {
  readonly #builder: TraceBuilder;
  readonly #header: number[] = [];
  #operations = 0;

  constructor(builder: TraceBuilder, file: string) {
    super(file);
    this.#builder = builder;
  }

  override end(): void {
    super.end();
    const promised = this.#header[2];
    if (promised === undefined) this.failAtEnd('the file ends within its four header lines');
    if (this.#operations < promised) {
      this.failAtEnd(
        `the header announces ${promised} operations, but the file ends after ${this.#operations}: it was cut off`,
      );
    }
  }

  protected line(cursor: Cursor): void {
    if (cursor.spaces().done) return;
    const field = HEADER[this.#header.length];
    if (field !== undefined) {
      if (!cursor.digits(10)) this.fail(`${field}, the header's line ${this.#header.length + 1}`);
      this.#header.push(cursor.value);
    } else this.#operation(cursor);
    if (!cursor.spaces().done) this.fail('the end of the line');
  }

  #operation(cursor: Cursor): void {
    const call = cursor.word();
    if (call !== 'a' && call !== 'r' && call !== 'f') this.fail("'a id bytes', 'r id bytes' or 'f id'");
    const ids = this.#header[1]!;
    if (!cursor.spaces().digits(10)) this.fail('an id');
    if (cursor.value >= ids) this.fail(`an id below ${ids}, the number in the header`);
    const { high, low } = cursor;
    this.#operations++;
    if (call === 'f') {
      this.#builder.free(high, low);
      return;
    }
    if (!cursor.spaces().size()) this.fail('a number of bytes');
    if (call === 'a') this.#builder.allocate(high, low, cursor.value);
    else this.#builder.reallocate(high, low, high, low, cursor.value);
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
