/**
 * ltrace: `prog->malloc(100) = 0x55…`, `prog->free(0x…) = <void>`, behind a pid, a time (-t, -tt, -ttt, -r) and `[ip]` (-i) or
 * without; C++'s operators mangled or not (-C); `malloc@libc.so.6(100)` (-x); other functions and system calls between.
 *
 * A call in which others show is printed in two parts, `realloc(0, 55 <unfinished ...>` and `<... realloc resumed> ) =
 * 0x55…`. Of calls that do each other's work, operator new[] to operator new to malloc, only the outermost counts. Where
 * an exception leaves a call, its second part never comes, and what it asked for had failed.
 *
 * The pids are taken for threads, of one address space. A call of libc's own that is shown as calloc is realloc.
 */
import { formatMany } from '../text/format.js';
import { type Address, Arguments, type Call } from './calls.js';
import type { Cursor } from './cursor.js';
import type { TraceFormat } from './format.js';
import { FUNCTION_NAMES, type MemoryFunction, REALLOC, takeFunction, takeOperator } from './functions.js';
import { hashOf, Keywords } from './keywords.js';
import { OpenCalls, Stacks } from './open-calls.js';
import { RecordingReader } from './recording-reader.js';

const PREFIX = String.raw`^ *(?:\[pid \d+\] |\d+ )? *(?:\d[\d:.]* )?(?:\[0x[0-9a-f]+\] )?`;
const OPERATOR = String.raw`operator (?:new|delete)(?:\[\])?\([^)]*\)`;
const CALL = new RegExp(
  String.raw`${PREFIX}(?:[^\s(]+->)?(?:${FUNCTION_NAMES}|${OPERATOR})(?:@[^(]*)?\(.*(?: = |<unfinished)`,
);

const PAREN = 0x28;
const DASH = 0x2d;
const COLON = 0x3a;
const DOT = 0x2e;
const AT = 0x40;
/** What the largest address space of a program on common 64-bit systems holds. */
const BYTES_MAX = 2 ** 47;
const FORKS = new Keywords(['fork', 'vfork']);

export const ltrace: TraceFormat = {
  id: 'ltrace',
  title: 'ltrace',
  detect: (head) => head.count(CALL),
  read: (builder, file) => new LtraceReader(builder, file),
};

class LtraceReader extends RecordingReader {
  readonly #arguments = new Arguments();
  readonly #open = new Stacks(() => new OpenCalls(this.builder));
  #pidHigh = 0;
  #pidLow = 0;
  /** Whether libc itself is told to be the caller. */
  #fromLibc = false;
  #forks = 0;

  protected override finish(): void {
    for (const open of this.#open.all) open.end();
    const pids = this.#open.all.length;
    if (pids > 1) {
      const forks = this.#forks > 0 ? ` (it forked ${formatMany(this.#forks, 'time')})` : '';
      this.builder.remark(
        `calls of ${pids} pids, taken for threads of one process${forks}: of several processes, record each by itself`,
      );
    }
  }

  protected record(cursor: Cursor): void {
    this.#prefix(cursor);
    if (cursor.take('<... ')) {
      this.#resumed(cursor);
      return;
    }
    const from = this.#moveToName(cursor);
    const target = takeOperator(cursor) ?? takeFunction(cursor);
    const name = hashOf(cursor.bytes, from, cursor.at);
    if (target === null || !this.#moveToArguments(cursor)) {
      this.#other(cursor, from);
      return;
    }
    const open = this.#open.of(this.#pidHigh, this.#pidLow);
    const call = this.#call(cursor, target, name);
    if (cursor.skipPast('<unfinished')) open.begin(call);
    else if (cursor.skipPast('<no return')) this.builder.skipLine();
    else this.#told(open.complete(call, this.#result(cursor, call)));
  }

  /** `[pid 17] `, or `17 `; a time; `[0x4005d0] `. */
  #prefix(cursor: Cursor): void {
    this.#pidHigh = 0;
    this.#pidLow = 0;
    cursor.spaces();
    if (cursor.take('[pid ')) {
      if (cursor.decimal()) this.#setPid(cursor);
      cursor.take(']');
    } else if (this.#number(cursor)) this.#setPid(cursor);
    cursor.spaces();
    this.#time(cursor);
    if (cursor.spaces().take('[0x')) cursor.skipPast('] ');
    cursor.spaces();
  }

  #setPid({ high, low }: Cursor): void {
    this.#pidHigh = high;
    this.#pidLow = low;
  }

  /** Takes digits that a space follows. */
  #number(cursor: Cursor): boolean {
    const from = cursor.at;
    if (cursor.decimal() && cursor.byte === 0x20) return true;
    cursor.at = from;
    return false;
  }

  /** Takes digits, colons and points that a space follows. */
  #time(cursor: Cursor): void {
    const { bytes, end } = cursor;
    let { at } = cursor;
    while (at < end && (isDigit(bytes[at]!) || bytes[at] === COLON || bytes[at] === DOT)) at++;
    if (at < end && bytes[at] === 0x20) cursor.at = at;
  }

  /** Moves behind `prog->`, where there is one. @returns where the name begins */
  #moveToName(cursor: Cursor): number {
    const { bytes, at: from, end } = cursor;
    this.#fromLibc = false;
    let at = from;
    while (at < end && bytes[at] !== PAREN && bytes[at] !== 0x20 && bytes[at] !== 0x3e) at++;
    if (at > from && at < end && bytes[at] === 0x3e && bytes[at - 1] === DASH) {
      this.#fromLibc = cursor.take('libc.') || cursor.take('libc-');
      cursor.at = at + 1;
    }
    return cursor.at;
  }

  /** Moves behind the parenthesis; `@lib` may stand before it. */
  #moveToArguments(cursor: Cursor): boolean {
    return cursor.byte === AT ? cursor.skipPast('(') : cursor.take('(');
  }

  #call(cursor: Cursor, target: MemoryFunction, name: number): Call {
    const args = this.#arguments;
    args.length = 0;
    while (args.length < target.needs) {
      const more = args.length === 0 || cursor.spaces().take(',');
      if (!more || !this.#argument(cursor))
        this.fail(`${formatMany(target.needs, 'number')} as arguments of ${target.name}`);
    }
    const call = args.call(target, name);
    return target.kind === 'calloc' && this.#isRealloc(call) ? args.call(REALLOC, name) : call;
  }

  #argument(cursor: Cursor): boolean {
    const isNegative = cursor.spaces().take('-');
    if (!cursor.pointer()) return false;
    const { high, low } = cursor;
    if (isNegative) this.#arguments.push((~high + (low === 0 ? 1 : 0)) >>> 0, -low >>> 0);
    else this.#arguments.push(high, low);
    return true;
  }

  /** libc's calls of realloc are shown as calloc(block, bytes), calloc(0, bytes) where there is no block yet. */
  #isRealloc(calloc: Call): boolean {
    const block = this.#arguments.at(0);
    if (block.low === 0 && block.high === 0) return this.#fromLibc;
    const tooMany = calloc.bytes > BYTES_MAX;
    if (this.#fromLibc) return tooMany || this.builder.has(block);
    return tooMany && this.builder.has(block);
  }

  #resumed(cursor: Cursor): void {
    const from = cursor.at;
    if (takeOperator(cursor) === null) cursor.skipWord();
    const open = this.#open.of(this.#pidHigh, this.#pidLow);
    const call = open.newest(hashOf(cursor.bytes, from, cursor.at));
    if (call === null) this.builder.skipLine();
    else this.#told(open.resume(this.#result(cursor, call)));
  }

  /** What stands behind `=`: the block that the call gives, null where that is not shown. */
  #result(cursor: Cursor, { target, frees }: Call): Address | null {
    if (!cursor.skipPast(') ') || !cursor.spaces().take('='))
      this.fail(`') = ' and the result of ${target.name}`);
    if (frees) return null;
    cursor.spaces();
    // The program let go of by ltrace, for example.
    if (cursor.byte === 0x3c) return null;
    const isNegative = cursor.take('-');
    if (!cursor.pointer()) this.fail(`the result of ${target.name}`);
    if (!target.status) return { high: cursor.high, low: cursor.low };
    // posix_memalign writes the address where ltrace does not look.
    return cursor.isNull && !isNegative ? null : { high: 0, low: 0 };
  }

  /** Another function, a system call, a signal, an exit. */
  #other(cursor: Cursor, from: number): void {
    this.builder.skipLine();
    const { bytes } = cursor;
    if (bytes[from] === 0x2b || bytes[from] === DASH) {
      cursor.at = from;
      if (cursor.take('+++ killed by ')) this.builder.killed(cursor.word());
      else if (cursor.take('--- Called exec() ---')) {
        this.builder.remark('the program started another in its place (exec): what it held then is gone');
      }
    } else if (FORKS.find(bytes, from, cursor.at) >= 0) this.#forks++;
  }

  #told(wrong: string | null): void {
    if (wrong !== null) this.fail(wrong);
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
