/**
 * valgrind --trace-malloc=yes: `--PID-- malloc(100) = 0x4A40040`, `calloc(3,40)`, `realloc(0x…,4000)`,
 * `memalign(al 64, size 128)`, `free(0x…)`, C++'s operators by their mangled names. `realloc(p,0)` prints the free inside
 * it, and its own result a line later; `realloc(NULL,n)` prints the malloc inside it. `==PID==` lines are banners, and
 * each process has addresses of its own.
 */
import type { TraceBuilder } from '../trace/builder.js';
import { ARGUMENTS_MAX, kindOf, tell, type Value } from './calls.js';
import type { TraceFormat } from './format.js';
import { type Cursor, LineReader } from './line-reader.js';

export const valgrind: TraceFormat = {
  id: 'valgrind',
  title: 'valgrind --trace-malloc=yes',
  detect: (head) => head.count(/^--\d+-- (?:malloc|calloc|realloc|memalign|free|_Z\w+)\(/),
  read: (builder, file) => new ValgrindReader(builder, file),
};

class ValgrindReader extends LineReader {
  readonly #builder: TraceBuilder;

  constructor(builder: TraceBuilder, file: string) {
    super(file);
    this.#builder = builder;
  }

  protected line(cursor: Cursor): void {
    if (!cursor.take('--') || !cursor.digits(10) || !cursor.take('--')) {
      this.#builder.skipLine();
      return;
    }
    const { high, low } = cursor;
    let name = cursor.spaces().word();
    if (cursor.byte !== 0x28 || kindOf(name) === undefined) {
      this.#builder.skipLine();
      return;
    }
    let args = this.#arguments(name);
    // A call that another one made on its behalf stands right behind it, and did the work.
    const inner = cursor.word();
    if (inner !== '' && kindOf(inner) !== undefined) {
      name = inner;
      args = this.#arguments(inner);
    }
    let result: Value | null = null;
    if (kindOf(name) !== 'free') {
      if (!cursor.spaces().take('=') || !cursor.spaces().number()) this.fail(`' = 0x…' after ${name}(…)`);
      result = { high: cursor.high, low: cursor.low };
    }
    if (!cursor.spaces().done) this.fail('the end of the line');
    this.#builder.process(high, low);
    const wrong = tell(this.#builder, { name, args, result });
    if (wrong !== null) this.fail(wrong);
  }

  /** The numbers between parentheses; `al` and `size` before them put alignment first, as in memalign. */
  #arguments(name: string): Value[] {
    const { cursor } = this;
    const args: Value[] = [];
    if (!cursor.take('(')) this.fail(`'(' after ${name}`);
    do {
      if (args.length === ARGUMENTS_MAX) this.fail(`at most ${ARGUMENTS_MAX} arguments of ${name}`);
      const label = cursor.spaces().byte >= 0x61 ? cursor.word() : '';
      if (!cursor.spaces().number()) this.fail(`numbers as arguments of ${name}`);
      const value = { high: cursor.high, low: cursor.low };
      if (label.startsWith('al')) args.unshift(value);
      else args.push(value);
    } while (cursor.take(','));
    if (!cursor.take(')')) this.fail(`')' after the arguments of ${name}`);
    return args;
  }
}
