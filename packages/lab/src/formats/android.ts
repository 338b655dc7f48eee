/**
 * Android's memory_replay: `tid: malloc ptr size`, `calloc ptr n size`, `realloc newptr oldptr size`,
 * `memalign ptr align size`, `free ptr`, `thread_done 0x0`, each with the times it began and ended behind it or
 * without. The threads are of one process.
 */
import type { TraceBuilder } from '../trace/builder.js';
import { reallocate, type Value } from './calls.js';
import type { TraceFormat } from './format.js';
import { type Cursor, LineReader } from './line-reader.js';

export const android: TraceFormat = {
  id: 'android',
  title: "Android's memory_replay",
  detect: (head) => head.count(/^\d+: (?:malloc|calloc|realloc|memalign|free|thread_done) 0x[0-9a-f]+/),
  read: (builder, file) => new AndroidReader(builder, file),
};

class AndroidReader extends LineReader {
  readonly #builder: TraceBuilder;

  constructor(builder: TraceBuilder, file: string) {
    super(file);
    this.#builder = builder;
  }

  protected line(cursor: Cursor): void {
    if (cursor.spaces().done) return;
    if (!cursor.digits(10) || !cursor.take(':')) this.fail("a thread's number and a colon");
    const name = cursor.spaces().word();
    if (!cursor.spaces().number()) this.fail('a call and an address (malloc 0x… 24)');
    const { high, low } = cursor;
    const isNull = high === 0 && low === 0;
    switch (name) {
      case 'malloc':
        this.#size('bytes');
        if (isNull) this.#builder.failed();
        else this.#builder.allocate(high, low, cursor.value);
        break;
      case 'calloc': {
        const count = this.#size('a number of elements');
        const bytes = count * this.#size('bytes an element');
        if (!Number.isSafeInteger(bytes)) this.fail('fewer than 2^53 bytes');
        if (isNull) this.#builder.failed();
        else this.#builder.zeroed(high, low, bytes);
        break;
      }
      case 'memalign': {
        const align = this.#size('an alignment');
        const bytes = this.#size('bytes');
        if (isNull) this.#builder.failed();
        else this.#builder.aligned(high, low, bytes, align);
        break;
      }
      case 'realloc':
        this.#realloc({ high, low });
        break;
      case 'free':
        if (isNull) this.#builder.nullFree();
        else this.#builder.free(high, low);
        break;
      case 'thread_done':
        this.#builder.skipLine();
        break;
      default:
        this.fail('malloc, calloc, realloc, memalign, free or thread_done');
    }
    // Two times may follow; nothing else.
    for (let times = 0; times < 2; times++) cursor.spaces().digits(10);
    if (!cursor.spaces().done) this.fail('the end of the line');
  }

  #realloc(result: Value): void {
    const { cursor } = this;
    if (!cursor.spaces().number()) this.fail("the old block's address");
    const { high, low } = cursor;
    reallocate(this.#builder, { high, low }, this.#size('bytes'), result);
  }

  #size(what: string): number {
    if (!this.cursor.spaces().size()) this.fail(what);
    return this.cursor.value;
  }
}
