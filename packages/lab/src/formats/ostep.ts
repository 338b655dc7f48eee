/**
 * The lists of OSTEP's homework (malloc.py -A): `+10,+10,-0,-1` allocates 10 bytes twice, then frees the first and the
 * second allocation.
 */
import { UserError } from '../errors.js';
import { OP_ALLOCATE, OP_FREE, type Trace } from '../trace/trace.js';
import type { Cursor } from './cursor.js';
import type { TraceFormat } from './format.js';
import { LineReader } from './line-reader.js';

/** A line that begins as a list does; what is wrong further on is told when it is read. */
const LIST = /^\s*[+-]\d+\s*(?:,|$)/;
const PER_LINE = 16;

export const ostep: TraceFormat = {
  id: 'ostep',
  title: "OSTEP's lists, +10,-0",
  detect: ({ lines }) => {
    const full = lines.filter((line) => line.trim() !== '');
    return full.every((line) => LIST.test(line)) ? full.length : 0;
  },
  read: (builder, file) => new OstepReader(builder, file),
  writer: { extension: '.ostep', write },
};

class OstepReader extends LineReader {
  #allocations = 0;

  protected line(cursor: Cursor): void {
    while (!cursor.spaces().done) {
      const allocates = cursor.take('+');
      if (!allocates && !cursor.take('-')) this.fail("'+bytes' or '-number'");
      if (!cursor.decimal() || cursor.high >= 2 ** 21)
        this.fail(allocates ? "bytes after '+'" : "a number after '-'");
      const { value } = cursor;
      if (allocates) this.builder.allocate(0, this.#allocations++, value);
      else if (value < this.#allocations) this.builder.free(0, value);
      else this.fail(`a number below ${this.#allocations} after '-': so many allocations come before`);
      if (!cursor.spaces().done && !cursor.take(',')) this.fail("','");
    }
  }
}

/** @throws UserError where the trace has calls that the list cannot tell */
function* write({ length, op, slot, size, slots, name }: Trace): Iterable<Uint8Array> {
  const encoder = new TextEncoder();
  const numbers = new Uint32Array(slots);
  let allocations = 0;
  const calls: string[] = [];
  for (let i = 0; i < length; i++) {
    if (op[i] === OP_FREE) calls.push(`-${numbers[slot[i]!]}`);
    else if (op[i] === OP_ALLOCATE) {
      numbers[slot[i]!] = allocations++;
      calls.push(`+${size[i]}`);
    } else {
      throw new UserError(
        `${name}: operation ${i + 1} is a calloc, realloc or aligned allocation, which OSTEP's lists cannot hold`,
      );
    }
    if (calls.length === PER_LINE || i === length - 1) yield encoder.encode(`${calls.splice(0).join(',')}\n`);
  }
}
