/**
 * heaptrack --raw, version 3: `+ size trace ptr` and `- ptr`, in hexadecimal without 0x; realloc is `-` and then `+`. The
 * other lines tell of modules, stacks, times and the process.
 */
import type { TraceBuilder } from '../trace/builder.js';
import type { TraceFormat } from './format.js';
import { type Cursor, LineReader } from './line-reader.js';

export const heaptrack: TraceFormat = {
  id: 'heaptrack',
  title: 'heaptrack --raw',
  detect: (head) =>
    /^v [0-9a-f]+ [0-9a-f]+$/.test(head.lines[0] ?? '')
      ? head.count(/^(?:v|x|X|I|m|t|c|R|A|#)\b|^\+ [0-9a-f]+ [0-9a-f]+ [0-9a-f]+$|^- [0-9a-f]+$/)
      : 0,
  read: (builder, file) => new HeaptrackReader(builder, file),
};

class HeaptrackReader extends LineReader {
  readonly #builder: TraceBuilder;

  constructor(builder: TraceBuilder, file: string) {
    super(file);
    this.#builder = builder;
  }

  protected line(cursor: Cursor): void {
    if (cursor.take('- ')) {
      if (!cursor.digits(16)) this.fail("an address after '-'");
      this.#builder.free(cursor.high, cursor.low);
    } else if (cursor.take('+ ')) {
      if (!cursor.digits(16) || cursor.high >= 2 ** 21) this.fail("a size after '+'");
      const { value } = cursor;
      if (!cursor.spaces().digits(16)) this.fail("a stack's number after the size");
      if (!cursor.spaces().digits(16)) this.fail("an address after the stack's number");
      this.#builder.allocate(cursor.high, cursor.low, value);
    } else {
      this.#builder.skipLine();
      return;
    }
    if (!cursor.spaces().done) this.fail('the end of the line');
  }
}
