/** A call as the recorders print it that tell functions by name, and what it does to the trace. */
import { ALIGN_MAX, type TraceBuilder } from '../trace/builder.js';
import { type MemoryFunction, mayCall } from './functions.js';

const PAGE_BYTES = 4096;
/** Bytes that an aligned allocation, or one with a header, may ask its underlying function for beyond its own size. */
const OVERHEAD = 64;

/** A block, as 64 bits in two unsigned halves; NULL is 0. */
export interface Address {
  readonly high: number;
  readonly low: number;
}

const NULL: Address = { high: 0, low: 0 };

/** A call with its arguments; its result may come later. */
export class Call implements Address {
  readonly target: MemoryFunction;
  /** Tells functions apart that have the same effect: a hash of the name. */
  readonly name: number;
  /** Of the block that it resizes or frees. */
  readonly high: number;
  readonly low: number;
  /** May be too large to be exact: then nobody can have so many. */
  readonly bytes: number;
  readonly align: number;

  constructor(target: MemoryFunction, name: number, block: Address, bytes: number, align: number) {
    this.target = target;
    this.name = name;
    this.high = block.high;
    this.low = block.low;
    this.bytes = bytes;
    this.align = align;
  }

  get frees(): boolean {
    return this.target.kind === 'free';
  }

  /** Of no block, or none yet: NULL. */
  get ofNull(): boolean {
    return this.low === 0 && this.high === 0;
  }

  /** Whether `inner`, which began while this call was open, does its work: only this one counts then. */
  covers(inner: Call): boolean {
    const { target } = this;
    if (inner.name === this.name || !mayCall(target, inner.target)) return false;
    const sameBlock = inner.low === this.low && inner.high === this.high;
    if (inner.frees) return sameBlock && (this.frees || target.kind === 'reallocate');
    if (this.frees) return false;
    if (inner.target.kind === 'reallocate' && !inner.ofNull && !sameBlock) return false;
    return inner.bytes >= this.bytes && inner.bytes <= this.bytes + 2 * this.align + OVERHEAD;
  }
}

/** Arguments as they are printed, until the call is made of them. Made once for all lines. */
export class Arguments {
  readonly #high = new Float64Array(4);
  readonly #low = new Float64Array(4);
  length = 0;

  push(high: number, low: number): void {
    this.#high[this.length] = high;
    this.#low[this.length++] = low;
  }

  /** The call of `target` with these arguments. @param name a hash of its name */
  call(target: MemoryFunction, name: number): Call {
    const block = target.block < 0 ? NULL : this.at(target.block);
    const count = target.count < 0 ? 1 : this.#number(target.count);
    const bytes = target.size < 0 ? 0 : count * this.#number(target.size);
    const align = target.align >= 0 ? this.#number(target.align) : target.kind === 'aligned' ? PAGE_BYTES : 1;
    return new Call(target, name, block, bytes, align);
  }

  at(index: number): Address {
    return { high: this.#high[index]!, low: this.#low[index]! };
  }

  #number(index: number): number {
    return this.#high[index]! * 2 ** 32 + this.#low[index]!;
  }
}

/**
 * Tells the builder of a call that is over.
 * @param result the block it gave, NULL where it failed; null where the recording does not show it
 * @returns what is wrong with the call, null when nothing is
 */
export function tell(builder: TraceBuilder, call: Call, result: Address | null): string | null {
  const { target, high, low, bytes, align } = call;
  const failed = result !== null && result.low === 0 && result.high === 0;
  if (target.kind === 'free') {
    if (call.ofNull) builder.nullFree();
    else builder.free(high, low);
  } else if (failed) {
    // Whatever it asked for: (size_t)-1, and products that overflow.
    if (target.kind === 'reallocate') failedRealloc(builder, call);
    else builder.failed();
  } else if (!Number.isSafeInteger(bytes)) return `fewer than 2^53 bytes as the size of ${target.name}`;
  else if (align > ALIGN_MAX) return `an alignment of at most 2^53 bytes as an argument of ${target.name}`;
  else if (target.kind === 'reallocate') reallocate(builder, call, bytes, result);
  else if (result === null) builder.unnamed();
  else if (target.kind === 'calloc') builder.zeroed(result.high, result.low, bytes);
  else if (target.kind === 'aligned') builder.aligned(result.high, result.low, bytes, align);
  else builder.allocate(result.high, result.low, bytes);
  return null;
}

/** realloc of a block, or of NULL, that gave `result`: null where the recording does not show it, NULL where it failed. */
export function reallocate(builder: TraceBuilder, old: Address, bytes: number, result: Address | null): void {
  const fromNull = old.low === 0 && old.high === 0;
  if (result === null) {
    // Where it went, nobody knows: the old block is gone.
    if (!fromNull) builder.free(old.high, old.low);
    builder.unnamed();
  } else if (result.low === 0 && result.high === 0) {
    if (bytes > 0) builder.failed();
    else if (fromNull) builder.nullFree();
    else builder.free(old.high, old.low);
  } else if (fromNull) builder.allocate(result.high, result.low, bytes);
  else builder.reallocate(old.high, old.low, result.high, result.low, bytes);
}

function failedRealloc(builder: TraceBuilder, call: Call): void {
  reallocate(builder, call, Number.isNaN(call.bytes) ? 1 : call.bytes, NULL);
}
