/**
 * ltrace: `prog->malloc(100) = 0x55…`, `prog->free(0x…) = <void>`, behind a pid, a time and `[ip]` or without; other
 * functions and system calls between. A call in which others show is printed in two parts, `malloc(100 <unfinished ...>`
 * and `<... malloc resumed> ) = 0x55…`; the second completes the last open one of that name and pid. The pids are
 * taken for threads, of one address space.
 */
import { formatMany } from '../text/format.js';
import type { TraceBuilder } from '../trace/builder.js';
import { argumentsOf, kindOf, tell, type Value } from './calls.js';
import type { TraceFormat } from './format.js';
import { type Cursor, LineReader } from './line-reader.js';

const PREFIX = String.raw`^(?:\[pid \d+\] |\d+ )?(?:[\d:.]+ )?(?:\[0x[0-9a-f]+\] )?`;
const CALL = new RegExp(
  String.raw`${PREFIX}(?:[^\s(]+->)?(?:malloc|calloc|realloc|memalign|free|_Z\w+)(?:@[^(]*)?\(.*(?: = |<unfinished)`,
);

export const ltrace: TraceFormat = {
  id: 'ltrace',
  title: 'ltrace',
  detect: (head) => head.count(CALL),
  read: (builder, file) => new LtraceReader(builder, file),
};

class LtraceReader extends LineReader {
  readonly #builder: TraceBuilder;
  /** Arguments of the calls that are not complete, by pid and name, the last one at the end. */
  readonly #open = new Map<string, Value[][]>();

  constructor(builder: TraceBuilder, file: string) {
    super(file);
    this.#builder = builder;
  }

  override end(): void {
    super.end();
    // Calls in which the program ended: what they gave, nobody saw.
    for (const calls of this.#open.values()) {
      for (let left = calls.length; left > 0; left--) this.#builder.unnamed();
    }
  }

  protected line(cursor: Cursor): void {
    const pid = this.#prefix();
    if (cursor.take('<... ')) {
      this.#resumed(pid);
      return;
    }
    const name = this.#functionName();
    if (kindOf(name) === undefined || !cursor.take('(')) {
      this.#builder.skipLine();
      return;
    }
    const args = this.#arguments(name);
    if (cursor.skipPast('<unfinished')) {
      // A free has happened, for the trace, when it begins.
      if (kindOf(name) === 'free') this.#tell(name, args, null);
      else this.#begin(`${pid} ${name}`, args);
    } else if (cursor.skipPast('<no return')) this.#builder.skipLine();
    else this.#result(name, args);
  }

  /** `[pid 17] `, or `17 `; a time; `[0x4005d0] `. @returns the pid, 0 when there is none */
  #prefix(): number {
    const { cursor } = this;
    let pid = 0;
    if (cursor.take('[pid ') && cursor.digits(10)) {
      pid = cursor.value;
      cursor.take(']');
      cursor.spaces();
    }
    for (let words = 0; words < 2; words++) {
      const from = cursor.spaces().at;
      while (cursor.byte === 0x3a || cursor.byte === 0x2e || (cursor.byte >= 0x30 && cursor.byte <= 0x39))
        cursor.at++;
      const to = cursor.at;
      if (cursor.byte !== 0x20) {
        cursor.at = from;
        break;
      }
      cursor.at = from;
      if (words === 0 && cursor.digits(10) && cursor.at === to) pid = cursor.value;
      cursor.at = to;
    }
    if (cursor.spaces().take('[0x')) cursor.skipPast('] ');
    cursor.spaces();
    return pid;
  }

  /** The name of the function called, without `prog->` before and `@lib` after it; '' when the line is no call. */
  #functionName(): string {
    const { cursor } = this;
    const from = cursor.at;
    // Within the line: `indexOf(0x28, from)` would go on to the end of the chunk, for each line that has none.
    const length = cursor.bytes.subarray(from, cursor.end).indexOf(0x28);
    if (length < 0) return '';
    const paren = from + length;
    cursor.end = Math.min(cursor.end, paren);
    const arrow = cursor.skipPast('->');
    if (!arrow) cursor.at = from;
    cursor.end = this.lineEnd;
    const name = cursor.word();
    if (cursor.byte === 0x40) cursor.at = paren;
    return cursor.at === paren ? name : '';
  }

  #arguments(name: string): Value[] {
    const { cursor } = this;
    const args: Value[] = [];
    const needed = argumentsOf(name);
    while (args.length < needed) {
      if (cursor.spaces().take('nil')) args.push({ high: 0, low: 0 });
      else if (cursor.number()) args.push({ high: cursor.high, low: cursor.low });
      else if (cursor.take('-1')) args.push({ high: 2 ** 32 - 1, low: 2 ** 32 - 1 });
      else this.fail(`${formatMany(needed, 'number')} as arguments of ${name}`);
      if (args.length < needed && !cursor.spaces().take(',')) break;
    }
    return args;
  }

  #resumed(pid: number): void {
    const { cursor } = this;
    const name = cursor.word();
    const key = `${pid} ${name}`;
    const calls = this.#open.get(key);
    const args = calls?.pop();
    if (args === undefined) {
      this.#builder.skipLine();
      return;
    }
    if (calls?.length === 0) this.#open.delete(key);
    this.#result(name, args);
  }

  #begin(key: string, args: Value[]): void {
    const calls = this.#open.get(key);
    if (calls === undefined) this.#open.set(key, [args]);
    else calls.push(args);
  }

  #result(name: string, args: Value[]): void {
    const { cursor } = this;
    if (!cursor.skipPast(') ') || !cursor.spaces().take('=')) this.fail(`') = ' and the result of ${name}`);
    if (kindOf(name) === 'free') {
      this.#tell(name, args, null);
      return;
    }
    if (cursor.spaces().take('nil')) {
      this.#tell(name, args, { high: 0, low: 0 });
      return;
    }
    if (!cursor.number()) this.fail(`the result of ${name}`);
    this.#tell(name, args, { high: cursor.high, low: cursor.low });
  }

  #tell(name: string, args: Value[], result: Value | null): void {
    const wrong = tell(this.#builder, { name, args, result });
    if (wrong !== null) this.fail(wrong);
  }
}
