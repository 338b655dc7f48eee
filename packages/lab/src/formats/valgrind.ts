/**
 * valgrind --trace-malloc=yes: `--PID-- malloc(100) = 0x4A40040`, `free(0x…)`, C++'s operators by their mangled names, with
 * --time-stamp=yes a time before the pid. `==PID==` lines are messages, and each process has addresses of its own.
 *
 * Versions print in their own ways. An alignment is told with labels, `memalign(al 64, size 128)`, until 3.26, and from
 * 3.27 on in the order of the function's arguments. Aligned calls have no result in 3.21 to 3.23; in 3.24 to 3.26 that of
 * posix_memalign stands on a line of its own; it is always the block. reallocarray and reallocf tell their result twice.
 *
 * A call is printed before its work and its result after: what another thread calls meanwhile, or memcheck has to say,
 * stands between, on the same line. So a call without a result stays open, and a result alone, `--PID--  = 0x…`, is that of
 * the newest one.
 */
import { formatMany } from '../text/format.js';
import { type Address, Arguments, Call, tell } from './calls.js';
import type { Cursor } from './cursor.js';
import type { TraceFormat } from './format.js';
import { ARGUMENTS_MAX, FUNCTION_NAMES, type MemoryFunction, takeFunction } from './functions.js';
import { hashOf } from './keywords.js';
import { Stacks } from './open-calls.js';
import { RecordingReader } from './recording-reader.js';

const PAREN = 0x28;
/** The most that a call can ask for: a product beyond it fails, and no result is printed. */
const BYTES_MAX = 2 ** 64;

export const valgrind: TraceFormat = {
  id: 'valgrind',
  title: 'valgrind --trace-malloc=yes',
  detect: (head) => head.count(new RegExp(String.raw`^--(?:\d[\d:.]* )?\d+-- ${FUNCTION_NAMES}\(`)),
  read: (builder, file) => new ValgrindReader(builder, file),
};

/** The calls of a process that have no result yet. */
class OpenCalls {
  /** The newest at the end; null where realloc(p, 0) printed the free inside it, and only its result is to come. */
  readonly torn: (Call | null)[] = [];
  /** The newest aligned one, whose result may never come. */
  aligned: Call | null = null;
  /** Whether nothing was called since. */
  alignedIsNewest = false;
  /** A result that will be told once more. */
  repeated: Address | null = null;
}

class ValgrindReader extends RecordingReader {
  readonly #open = new Stacks(() => new OpenCalls());
  readonly #arguments = new Arguments();
  /** Told by the labels of the call read last; -1 where it had none. */
  #labelledAlign = -1;
  #labelledSize = -1;

  protected record(cursor: Cursor): void {
    if (!cursor.take('--') || !this.#pid(cursor) || !cursor.take('--')) {
      this.#message(cursor);
      return;
    }
    const { high, low } = cursor;
    const from = cursor.spaces().at;
    if (cursor.byte === 0x3d) {
      this.#loneResult(cursor, high, low);
      return;
    }
    const target = takeFunction(cursor);
    if (target === null || cursor.byte !== PAREN) {
      this.builder.skipLine();
      return;
    }
    const call = this.#call(target, hashOf(cursor.bytes, from, cursor.at));
    this.builder.process(high, low);
    this.#follow(call, this.#open.of(high, low));
  }

  protected override finish(): void {
    for (const { torn, aligned } of this.#open.all) {
      if (aligned !== null) this.builder.unnamed();
      for (const call of torn) if (call !== null) this.builder.unnamed();
    }
  }

  /** `17`, or `00:00:00:00.307 17`. */
  #pid(cursor: Cursor): boolean {
    if (!cursor.decimal()) return false;
    if (cursor.byte !== 0x3a) return true;
    return cursor.skipPast(' ') && cursor.spaces().decimal();
  }

  /** What a call and all that stands behind it on its line did. */
  #follow(first: Call, open: OpenCalls): void {
    const { cursor } = this;
    let call = first;
    for (;;) {
      open.alignedIsNewest = false;
      if (call.frees) this.#tell(call, null, open);
      else if (cursor.spaces().take('=')) this.#tell(call, this.#result(), open);
      else {
        const from = cursor.at;
        const target = takeFunction(cursor);
        if (target !== null && cursor.byte === PAREN) {
          const next = this.#call(target, hashOf(cursor.bytes, from, cursor.at));
          this.#openBefore(call, next, open);
          call = next;
          continue;
        }
        // The end of the line, or a message such as "Argument 'size' of function malloc has a fishy value".
        this.#wait(call, open);
      }
      return;
    }
  }

  /** `call` is followed by `next` on its line: it is open, unless it has `next` do its work. */
  #openBefore(call: Call, next: Call, open: OpenCalls): void {
    if (call.target.kind !== 'reallocate') this.#wait(call, open);
    else if (call.ofNull && next.target.kind === 'allocate' && next.bytes === call.bytes) return;
    else if (call.bytes === 0 && next.frees && next.low === call.low && next.high === call.high)
      open.torn.push(null);
    else this.#wait(call, open);
  }

  #wait(call: Call, open: OpenCalls): void {
    if (call.bytes >= BYTES_MAX) this.builder.failed();
    else if (call.target.kind === 'aligned') {
      if (open.aligned !== null) this.builder.unnamed();
      open.aligned = call;
      open.alignedIsNewest = true;
    } else open.torn.push(call);
  }

  #loneResult(cursor: Cursor, high: number, low: number): void {
    if (!cursor.take('=')) this.fail("'='");
    const result = this.#result();
    const open = this.#open.of(high, low);
    const { repeated, aligned } = open;
    this.builder.process(high, low);
    if (repeated !== null && repeated.low === result.low && repeated.high === result.high) {
      open.repeated = null;
      this.builder.skipLine();
    } else if (aligned !== null && (open.alignedIsNewest || open.torn.length === 0)) {
      open.aligned = null;
      this.#tell(aligned, result, open);
    } else {
      const call = open.torn.pop();
      if (call === undefined || call === null) this.builder.skipLine();
      else this.#tell(call, result, open);
    }
  }

  #result(): Address {
    const { cursor } = this;
    if (!cursor.spaces().pointer()) this.fail("an address after '='");
    const result = { high: cursor.high, low: cursor.low };
    if (!cursor.spaces().done) this.fail('the end of the line');
    return result;
  }

  /** The numbers between parentheses, those with labels in any order. */
  #call(target: MemoryFunction, name: number): Call {
    const { cursor } = this;
    const args = this.#arguments;
    args.length = 0;
    this.#labelledAlign = -1;
    this.#labelledSize = -1;
    cursor.at++;
    do {
      if (args.length === ARGUMENTS_MAX) this.fail(`at most ${ARGUMENTS_MAX} arguments of ${target.name}`);
      if (!this.#argument(cursor.spaces())) this.fail(`numbers as arguments of ${target.name}`);
    } while (cursor.take(','));
    if (!cursor.take(')')) this.fail(`')' after the arguments of ${target.name}`);
    if (this.#labelledSize >= 0) {
      return new Call(
        target,
        name,
        { high: 0, low: 0 },
        this.#labelledSize,
        Math.max(0, this.#labelledAlign),
      );
    }
    if (args.length < target.needs)
      this.fail(`${formatMany(target.needs, 'number')} as arguments of ${target.name}`);
    return args.call(target, name);
  }

  #argument(cursor: Cursor): boolean {
    const isAlign = cursor.take('al ') || cursor.take('alignment ');
    const isSize = !isAlign && cursor.take('size ');
    if (!cursor.spaces().pointer()) return false;
    if (isAlign) this.#labelledAlign = cursor.value;
    if (isSize) this.#labelledSize = cursor.value;
    this.#arguments.push(cursor.high, cursor.low);
    return true;
  }

  #tell(call: Call, result: Address | null, open: OpenCalls): void {
    const wrong = tell(this.builder, call, result);
    if (wrong !== null) this.fail(wrong);
    if (!call.frees) open.repeated = call.target.repeatsResult ? result : null;
  }

  /** `==PID== Process terminating with default action of signal 11 (SIGSEGV)` and others. */
  #message(cursor: Cursor): void {
    this.builder.skipLine();
    const { byte } = cursor;
    if (byte !== 0x3d && byte !== 0x2a) return;
    if (cursor.skipPast('default action of signal ')) {
      const number = cursor.decimal() ? cursor.value : 0;
      this.builder.killed(cursor.skipPast('(') ? cursor.word() : `signal ${number}`);
    } else if (byte === 0x2a && cursor.skipPast('should throw an exception')) {
      this.builder.killed('valgrind, as operator new failed and it cannot throw exceptions');
    }
  }
}
