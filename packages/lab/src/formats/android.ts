/**
 * Android's memory_replay: `tid: malloc ptr size`, `calloc ptr n size`, `realloc newptr oldptr size`,
 * `memalign ptr align size`, `free ptr`, `thread_done 0x0`, each with the times it began and ended behind it or
 * without. The threads are of one process.
 */
import { ALIGN_MAX } from '../trace/builder.js';
import { type Address, reallocate } from './calls.js';
import type { Cursor } from './cursor.js';
import type { TraceFormat } from './format.js';
import { Keywords } from './keywords.js';
import { RecordingReader } from './recording-reader.js';

const CALLS = new Keywords(['malloc', 'free', 'calloc', 'realloc', 'memalign', 'thread_done']);
const [MALLOC, FREE, CALLOC, REALLOC, , THREAD_DONE] = [0, 1, 2, 3, 4, 5];
/** The times, and for a free the bytes that were in memory. */
const NUMBERS_BEHIND = 3;

export const android: TraceFormat = {
  id: 'android',
  title: "Android's memory_replay",
  detect: (head) => head.count(/^\s*\d+: (?:malloc|calloc|realloc|memalign|free|thread_done) 0x[0-9a-f]+/),
  read: (builder, file) => new AndroidReader(builder, file),
};

class AndroidReader extends RecordingReader {
  protected record(cursor: Cursor): void {
    if (cursor.spaces().done) {
      this.builder.skipLine();
      return;
    }
    if (!cursor.decimal() || !cursor.take(':')) this.fail("a thread's number and a colon");
    const call = CALLS.take(cursor.spaces());
    if (call < 0) this.fail('malloc, calloc, realloc, memalign, free or thread_done');
    if (!cursor.spaces().pointer()) this.fail('a call and an address (malloc 0x… 24)');
    const { high, low, isNull } = cursor;
    if (call === FREE || call === THREAD_DONE) {
      this.#end();
      if (call === THREAD_DONE) this.builder.skipLine();
      else if (isNull) this.builder.nullFree();
      else this.builder.free(high, low);
    } else if (call === REALLOC) this.#realloc({ high, low });
    else this.#allocation(call, { high, low });
  }

  #allocation(call: number, { high, low }: Address): void {
    const count =
      call === MALLOC ? 1 : this.#number(call === CALLOC ? 'a number of elements' : 'an alignment');
    const size = this.#number(call === CALLOC ? 'bytes an element' : 'bytes');
    const bytes = call === CALLOC ? count * size : size;
    this.#end();
    if (low === 0 && high === 0) {
      // Whatever it asked for.
      this.builder.failed();
      return;
    }
    this.#checkBytes(bytes);
    if (call === CALLOC) this.builder.zeroed(high, low, bytes);
    else if (call === MALLOC) this.builder.allocate(high, low, bytes);
    else if (count > ALIGN_MAX) this.fail('an alignment of at most 2^53 bytes');
    else this.builder.aligned(high, low, bytes, count);
  }

  #realloc(result: Address): void {
    const { cursor } = this;
    if (!cursor.spaces().pointer()) this.fail("the old block's address");
    const { high, low } = cursor;
    const bytes = this.#number('bytes');
    this.#end();
    if (result.low !== 0 || result.high !== 0) this.#checkBytes(bytes);
    reallocate(this.builder, { high, low }, bytes, result);
  }

  #number(what: string): number {
    if (!this.cursor.spaces().number()) this.fail(what);
    return this.cursor.value;
  }

  #checkBytes(bytes: number): void {
    if (!Number.isSafeInteger(bytes)) this.fail('fewer than 2^53 bytes');
  }

  #end(): void {
    const { cursor } = this;
    for (let numbers = 0; numbers < NUMBERS_BEHIND; numbers++) cursor.spaces().decimal();
    if (!cursor.spaces().done) this.fail('the end of the line');
  }
}
