/** The functions that give and take memory, by the names under which recorders print them. */
import type { Cursor } from './cursor.js';
import { Keywords } from './keywords.js';

/** A function, and which of its arguments, counted from 0, tells what; -1 where none does. */
export interface MemoryFunction {
  /** As errors call it: `operator new` for all of that family. */
  readonly name: string;
  readonly kind: 'allocate' | 'calloc' | 'aligned' | 'reallocate' | 'free';
  readonly block: number;
  /** Bytes, or of an element. */
  readonly size: number;
  readonly count: number;
  readonly align: number;
  /** How many arguments must be there: recorders print junk behind them. */
  readonly needs: number;
  /** The block is told through the first argument; the result tells success. */
  readonly status: boolean;
  /** valgrind prints its result twice. */
  readonly repeatsResult: boolean;
  /** A function may call those of lower ranks to do its work; in C, from 1 up, those of its own too. */
  readonly rank: number;
}

/** Whether a call of `outer` may have one of `inner` do its work. */
export function mayCall(outer: MemoryFunction, inner: MemoryFunction): boolean {
  if (inner.rank === outer.rank) return outer.rank > 0 && outer.rank < OPERATORS;
  return inner.rank < outer.rank;
}

type Where = Partial<Pick<MemoryFunction, 'block' | 'size' | 'count' | 'align'>>;

function define(
  name: string,
  kind: MemoryFunction['kind'],
  rank: number,
  args: Where,
  { status = false, repeatsResult = false } = {},
): MemoryFunction {
  const all = { block: -1, size: -1, count: -1, align: -1, ...args };
  const needs = 1 + Math.max(all.block, all.size, all.count, all.align);
  return { name, kind, ...all, needs, status, repeatsResult, rank };
}

export const REALLOC = define('realloc', 'reallocate', 1, { block: 0, size: 1 });
/** Above the functions of C that do their work. */
const OPERATORS = 3;

/** C++'s operators; those of arrays call the others, and those with a size or `nothrow` the ones without. */
const NEW = [0, 1, 2, 3].map((more) => define('operator new', 'allocate', OPERATORS + more, { size: 0 }));
/** C++ tells the size first, where the functions of C tell the alignment first. */
const NEW_ALIGNED = NEW.map(({ name, rank }) => define(name, 'aligned', rank, { size: 0, align: 1 }));
const DELETE = NEW.map(({ rank }) => define('operator delete', 'free', rank, { block: 0 }));

const C_FUNCTIONS: readonly MemoryFunction[] = [
  define('malloc', 'allocate', 0, { size: 0 }),
  define('calloc', 'calloc', 1, { count: 0, size: 1 }),
  REALLOC,
  define('reallocf', 'reallocate', 2, { block: 0, size: 1 }, { repeatsResult: true }),
  define('reallocarray', 'reallocate', 2, { block: 0, count: 1, size: 2 }, { repeatsResult: true }),
  define('memalign', 'aligned', 1, { align: 0, size: 1 }),
  define('aligned_alloc', 'aligned', 1, { align: 0, size: 1 }),
  define('posix_memalign', 'aligned', 2, { align: 1, size: 2 }, { status: true }),
  // Aligned to a page, which no argument tells.
  define('valloc', 'aligned', 2, { size: 0 }),
  define('pvalloc', 'aligned', 2, { size: 0 }),
  define('free', 'free', 0, { block: 0 }),
  define('cfree', 'free', 2, { block: 0 }),
  // C23.
  define('free_sized', 'free', 2, { block: 0 }),
  define('free_aligned_sized', 'free', 2, { block: 0 }),
  // macOS, under valgrind: the zone comes first.
  define('zone_malloc', 'allocate', 1, { size: 1 }),
  define('zone_valloc', 'aligned', 1, { size: 1 }),
  define('zone_calloc', 'calloc', 1, { count: 1, size: 2 }),
  define('zone_realloc', 'reallocate', 1, { block: 1, size: 2 }),
  define('zone_memalign', 'aligned', 1, { align: 1, size: 2 }),
  define('zone_free', 'free', 1, { block: 1 }),
];
/** C++'s operators as g++ 2 called them, and valgrind calls some. */
const BUILTINS: readonly (readonly [string, MemoryFunction])[] = [
  ['builtin_new', NEW[0]!],
  ['builtin_vec_new', NEW[2]!],
  ['builtin_delete', DELETE[0]!],
  ['builtin_vec_delete', DELETE[2]!],
];
const NAMED: readonly (readonly [string, MemoryFunction])[] = [
  ...C_FUNCTIONS.map((each) => [each.name, each] as const),
  ...BUILTINS,
  ...BUILTINS.map(([name, target]) => [`__${name}`, target] as const),
];
const FUNCTIONS = NAMED.map(([, target]) => target);
const NAMES = new Keywords(NAMED.map(([name]) => name));

/** Characters of an operator's types: none has more. */
const TYPES_MAX = 256;

/** No function has more arguments that matter. */
export const ARGUMENTS_MAX = Math.max(...FUNCTIONS.map(({ needs }) => needs));

/** For patterns that tell formats apart: names that a memory function's call begins with. */
export const FUNCTION_NAMES = `(?:${NAMED.map(([name]) => name).join('|')}|_Z[nd][wal]\\w*)`;

/** Takes a name, if it is next. @returns null where it is that of no memory function */
export function takeFunction(cursor: Cursor): MemoryFunction | null {
  const from = cursor.at;
  const index = NAMES.take(cursor);
  return index >= 0 ? FUNCTIONS[index]! : mangled(cursor.bytes, from, cursor.at);
}

/**
 * Takes C++'s `operator new[](unsigned long, …)` and its like, with the types of the arguments, as ltrace -C prints them.
 * @returns null where it is that of no memory function
 */
export function takeOperator(cursor: Cursor): MemoryFunction | null {
  const from = cursor.at;
  if (cursor.take('operator ')) {
    const isNew = cursor.take('new');
    if (isNew || cursor.take('delete')) {
      const isArray = cursor.take('[]');
      const types = cursor.at;
      if (cursor.take('(') && cursor.skipPast(')')) {
        const text = textOf(cursor.bytes, types, cursor.at);
        if (!text.endsWith(', void*)')) return operator(isNew, isArray, text);
      }
    }
  }
  cursor.at = from;
  return null;
}

/**
 * C++'s operators: _Znwm, _Znaj and so on, with St11align_val_t in them where aligned; _ZdlPv, _ZdaPv and so on. Those that
 * place an object in memory that is there already, _ZnwmPv and _ZdlPvS_, give and take none.
 */
function mangled(bytes: Uint8Array, from: number, to: number): MemoryFunction | null {
  if (to - from < 5 || bytes[from] !== 0x5f || bytes[from + 1] !== 0x5a) return null;
  const kind = bytes[from + 2];
  const isNew = kind === 0x6e;
  if (!isNew && kind !== 0x64) return null;
  const name = textOf(bytes, from, to);
  if (!(isNew ? /^_Zn[wa][mj](?!Pv$)/ : /^_Zd[la]Pv(?!S_$)/).test(name)) return null;
  return operator(isNew, name[3] === 'a', name);
}

function operator(isNew: boolean, isArray: boolean, types: string): MemoryFunction {
  const hasMore = isNew ? types.includes('nothrow_t') : /nothrow_t|Pv[mj]|, unsigned/.test(types);
  const index = (isArray ? 2 : 0) + (hasMore ? 1 : 0);
  if (!isNew) return DELETE[index]!;
  return (types.includes('align_val_t') ? NEW_ALIGNED : NEW)[index]!;
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, Math.min(to, from + TYPES_MAX)));
}
