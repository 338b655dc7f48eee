/** What the recorders that print calls by name share: the families of names, and what each call does to the trace. */
import { ALIGN_MAX, type TraceBuilder } from '../trace/builder.js';

/** A call with its arguments and its result as 64-bit numbers in two halves, in the order of the C function. */
export interface Call {
  readonly name: string;
  readonly args: readonly Value[];
  /** Of the block the call gives; null where the recording does not show it. */
  readonly result: Value | null;
}

export interface Value {
  readonly high: number;
  readonly low: number;
}

type Kind =
  | 'malloc'
  | 'calloc'
  | 'realloc'
  | 'reallocarray'
  | 'memalign'
  | 'posix_memalign'
  | 'page'
  | 'free';

const KINDS = new Map<string, Kind>([
  ['malloc', 'malloc'],
  ['valloc', 'page'],
  ['pvalloc', 'page'],
  ['calloc', 'calloc'],
  ['realloc', 'realloc'],
  ['reallocarray', 'reallocarray'],
  ['memalign', 'memalign'],
  ['aligned_alloc', 'memalign'],
  ['posix_memalign', 'posix_memalign'],
  ['free', 'free'],
  ['cfree', 'free'],
  ['builtin_new', 'malloc'],
  ['builtin_vec_new', 'malloc'],
  ['builtin_delete', 'free'],
  ['builtin_vec_delete', 'free'],
]);
const ARGUMENTS: Record<Kind, number> = {
  malloc: 1,
  page: 1,
  calloc: 2,
  realloc: 2,
  reallocarray: 3,
  memalign: 2,
  posix_memalign: 3,
  free: 1,
};
/** No call has more that matter. */
export const ARGUMENTS_MAX = Math.max(...Object.values(ARGUMENTS));
const PAGE_BYTES = 4096;

/** What family a function is of; undefined when it does not concern memory. C++'s operators by their mangled names. */
export function kindOf(name: string): Kind | undefined {
  const kind = KINDS.get(name);
  if (kind !== undefined || !name.startsWith('_Z')) return kind;
  // operator new and new[]: _Znwm, _Znaj…; with an alignment: …St11align_val_t. operator delete: _ZdlPv, _ZdaPv….
  if (/^_Zn[wa][mj]/.test(name)) return name.includes('align_val_t') ? 'memalign' : 'malloc';
  return /^_Zd[la]Pv/.test(name) ? 'free' : undefined;
}

/** How many arguments of a call are needed: recorders print junk behind them. */
export function argumentsOf(name: string): number {
  const kind = kindOf(name);
  return kind === undefined ? 0 : ARGUMENTS[kind];
}

/**
 * Tells the builder. A result that is missing counts as unnamed.
 * @returns what is wrong with the arguments, null when nothing is
 */
export function tell(builder: TraceBuilder, { name, args, result }: Call): string | null {
  const kind = kindOf(name);
  if (kind === undefined) return `a call of the allocator, not ${name}`;
  const [a, b, c] = args;
  if (a === undefined || args.length < ARGUMENTS[kind])
    return `${ARGUMENTS[kind]} numbers as arguments of ${name}`;
  if (kind === 'free') {
    if (isNull(a)) builder.nullFree();
    else builder.free(a.high, a.low);
    return null;
  }
  const bytes = bytesOf(kind, a, b, c);
  if (!Number.isSafeInteger(bytes)) {
    // What nobody can have: (size_t)-1 and products that overflow are asked for, and refused.
    if (result !== null && isNull(result)) return failed(builder);
    return `fewer than 2^53 bytes as the size of ${name}`;
  }
  if (kind === 'memalign' && numberOf(a) > ALIGN_MAX && (result === null || !isNull(result)))
    return `an alignment of at most 2^53 bytes as the first argument of ${name}`;
  if (kind === 'posix_memalign') {
    // It returns 0 and writes the address where the recorder does not look.
    if (result !== null && isNull(result)) builder.unnamed();
    else builder.failed();
    return null;
  }
  if (kind === 'realloc' || kind === 'reallocarray') return reallocate(builder, a, bytes, result);
  if (result === null) builder.unnamed();
  else if (isNull(result)) builder.failed();
  else if (kind === 'calloc') builder.zeroed(result.high, result.low, bytes);
  else if (kind === 'memalign') builder.aligned(result.high, result.low, bytes, numberOf(a));
  else if (kind === 'page') builder.aligned(result.high, result.low, bytes, PAGE_BYTES);
  else builder.allocate(result.high, result.low, bytes);
  return null;
}

function failed(builder: TraceBuilder): null {
  builder.failed();
  return null;
}

/** realloc of a block, or of NULL, that gave `result`: null where the recording does not show it, NULL where it failed. */
export function reallocate(builder: TraceBuilder, old: Value, bytes: number, result: Value | null): null {
  const fromNull = isNull(old);
  if (result === null) {
    // Where it went, nobody knows: the old block is gone.
    if (!fromNull) builder.free(old.high, old.low);
    builder.unnamed();
  } else if (isNull(result)) {
    if (bytes > 0) builder.failed();
    else if (fromNull) builder.nullFree();
    else builder.free(old.high, old.low);
  } else if (fromNull) builder.allocate(result.high, result.low, bytes);
  else builder.reallocate(old.high, old.low, result.high, result.low, bytes);
  return null;
}

function bytesOf(kind: Kind, a: Value, b: Value | undefined, c: Value | undefined): number {
  if (kind === 'calloc') return numberOf(a) * numberOf(b);
  if (kind === 'reallocarray') return numberOf(b) * numberOf(c);
  if (kind === 'posix_memalign') return numberOf(c);
  return kind === 'malloc' || kind === 'page' ? numberOf(a) : numberOf(b);
}

function isNull({ high, low }: Value): boolean {
  return high === 0 && low === 0;
}

function numberOf(value: Value | undefined): number {
  return value === undefined ? Number.NaN : value.high * 2 ** 32 + value.low;
}
