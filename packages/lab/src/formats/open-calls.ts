/** Calls that have begun and not ended, of every process or thread of a recording: a stack each. */
import type { TraceBuilder } from '../trace/builder.js';
import { IdTable, NO_SLOT } from '../trace/ids.js';
import { type Address, type Call, tell } from './calls.js';

export class Stacks<Stack> {
  readonly #make: () => Stack;
  /** A table that no choice of pids slows down. */
  readonly #ids = new IdTable();
  readonly #stacks: Stack[] = [];
  #high = -1;
  #low = -1;
  #last: Stack | null = null;

  constructor(make: () => Stack) {
    this.#make = make;
  }

  get all(): readonly Stack[] {
    return this.#stacks;
  }

  /** That of the pid, 64 bits in two halves. */
  of(high: number, low: number): Stack {
    if (low === this.#low && high === this.#high && this.#last !== null) return this.#last;
    const known = this.#ids.add(high, low, this.#stacks.length);
    const stack = known === NO_SLOT ? this.#make() : this.#stacks[known]!;
    if (known === NO_SLOT) this.#stacks.push(stack);
    this.#high = high;
    this.#low = low;
    this.#last = stack;
    return stack;
  }
}

/** A call that has begun. */
interface Open {
  readonly call: Call;
  /** Does the work of the one below it, which is told in its place. */
  readonly nested: boolean;
  /** What the call that did its work gave; null where none has ended. */
  inner: Address | null;
}

/** Calls of one thread, in which others show. Of calls that do each other's work only the outermost is told. */
export class OpenCalls {
  readonly #builder: TraceBuilder;
  readonly #stack: Open[] = [];
  /** How many of each name are open. */
  readonly #names = new Map<number, number>();

  constructor(builder: TraceBuilder) {
    this.#builder = builder;
  }

  /** A call has begun, and others will show before it ends. A free has happened, for the trace, when it begins. */
  begin(call: Call): void {
    // A function does not call itself: that one was left by an exception.
    while (this.#top?.call.name === call.name && isRepeated(this.#top.call, call)) this.#drop();
    const nested = this.#top?.call.covers(call) ?? false;
    this.#stack.push({ call, nested, inner: null });
    this.#names.set(call.name, (this.#names.get(call.name) ?? 0) + 1);
    if (call.frees && !nested) tell(this.#builder, call, null);
  }

  /** A call has begun and ended. @returns what is wrong with it, null when nothing is */
  complete(call: Call, result: Address | null): string | null {
    const top = this.#top;
    if (top === null || !top.call.covers(call)) return tell(this.#builder, call, result);
    if (!call.frees) top.inner = result;
    return null;
  }

  /** The newest call of that name, which becomes the newest of all; null where there is none. */
  newest(name: number): Call | null {
    if (!this.#names.has(name)) return null;
    while (this.#top!.call.name !== name) this.#drop();
    return this.#top!.call;
  }

  /** The newest call has ended. @returns what is wrong with it, null when nothing is */
  resume(result: Address | null): string | null {
    const { call, nested, inner } = this.#pop();
    if (call.frees) return null;
    const block = call.target.status && result === null ? inner : result;
    if (!nested) return tell(this.#builder, call, block);
    if (this.#top !== null) this.#top.inner = block;
    return null;
  }

  /** The recording is over. */
  end(): void {
    while (this.#top !== null) this.#drop();
  }

  get #top(): Open | null {
    return this.#stack[this.#stack.length - 1] ?? null;
  }

  #pop(): Open {
    const open = this.#stack.pop()!;
    const { name } = open.call;
    const left = this.#names.get(name)! - 1;
    if (left === 0) this.#names.delete(name);
    else this.#names.set(name, left);
    return open;
  }

  /** The newest call will not be resumed: what the call inside it gave is what it gave. */
  #drop(): void {
    const { call, nested, inner } = this.#pop();
    if (call.frees) return;
    if (nested) {
      if (this.#top !== null) this.#top.inner ??= inner;
    } else tell(this.#builder, call, inner);
  }
}

function isRepeated(open: Call, call: Call): boolean {
  return open.bytes === call.bytes && open.low === call.low && open.high === call.high;
}
