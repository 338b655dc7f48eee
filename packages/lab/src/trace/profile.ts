/**
 * What a recording shows of its program, before any allocator is chosen: how many calls, of which sizes, how long
 * blocks live, when most bytes do, and what is left at the end. One pass; memory by the most blocks ever live.
 */

import { LiveBytes } from './live.js';
import { type RecordedGrants, recordedGrants } from './recorded.js';
import { CLASSES, sizeClass, trimmed } from './size-classes.js';
import {
  OP_ALIGNED,
  OP_ALLOCATE,
  OP_FREE,
  OP_REALLOCATE,
  OP_ZEROED,
  type Trace,
  type TraceNotes,
} from './trace.js';

export interface Profile {
  readonly trace: string;
  readonly format: string;
  readonly operations: number;
  readonly calls: {
    readonly malloc: number;
    readonly calloc: number;
    readonly memalign: number;
    readonly realloc: number;
    readonly free: number;
  };
  readonly notes: TraceNotes;
  /** Bytes of all requests together, reallocations included. */
  readonly requestedBytes: number;
  /** The moment with most bytes live, the first if there are several; `operation` counts from 1. */
  readonly peak: { readonly bytes: number; readonly blocks: number; readonly operation: number };
  /** The most blocks ever live at once. */
  readonly mostBlocks: number;
  /** Live when the recording ends: leaks, or what the program left to its exit. */
  readonly left: { readonly blocks: number; readonly bytes: number };
  /** Requests by size: element 0 counts size 0, element k the sizes from 2^(k-1) to 2^k - 1. */
  readonly sizes: readonly number[];
  /** Freed blocks by the operations between their allocation and their free, in the same classes. */
  readonly lifetimes: readonly number[];
  /** The sizes asked for most often, most frequent first, eight at most. */
  readonly frequent: readonly { readonly size: number; readonly count: number }[];
  readonly reallocs: { readonly growing: number; readonly shrinking: number; readonly same: number };
  /** What the recorded allocator wasted by rounding; null where the recording does not tell. */
  readonly recorded: RecordedGrants | null;
  /** Bytes live at the end of each of up to 64 equal stretches of the recording. */
  readonly live: readonly number[];
}

const FREQUENT = 8;
const STRETCHES = 64;
/** Bytes: sizes below are counted in a table. */
const SMALL = 2 ** 16;

export function profileOf(trace: Trace): Profile {
  const { length, op, slot, size, slots } = trace;
  const calls = [0, 0, 0, 0, 0];
  const sizes = new Float64Array(CLASSES);
  const lifetimes = new Float64Array(CLASSES);
  const held = new LiveBytes(slots);
  const born = new Float64Array(slots).fill(-1);
  const reallocs = { growing: 0, shrinking: 0, same: 0 };
  const stretches = Math.min(STRETCHES, length);
  const live: number[] = [];
  let blocks = 0;
  let mostBlocks = 0;
  let requestedBytes = 0;
  let peak = { bytes: 0, blocks: 0, operation: 0 };
  for (let i = 0; i < length; i++) {
    const kind = op[i]!;
    const at = slot[i]!;
    calls[kind]!++;
    if (kind === OP_FREE) {
      lifetimes[sizeClass(i - born[at]!)]!++;
      held.set(at, 0);
      born[at] = -1;
      blocks--;
    } else {
      const wanted = size[i]!;
      sizes[sizeClass(wanted)]!++;
      requestedBytes += wanted;
      if (kind === OP_REALLOCATE) {
        const before = held.of(at);
        reallocs[wanted > before ? 'growing' : wanted < before ? 'shrinking' : 'same']++;
      } else {
        born[at] = i;
        blocks++;
        if (blocks > mostBlocks) mostBlocks = blocks;
      }
      const bytes = held.set(at, wanted);
      if (bytes > peak.bytes) peak = { bytes, blocks, operation: i + 1 };
    }
    if (i + 1 === Math.ceil(((live.length + 1) * length) / stretches)) live.push(held.total);
  }
  return {
    trace: trace.name,
    format: trace.format,
    operations: length,
    calls: {
      malloc: calls[OP_ALLOCATE]!,
      calloc: calls[OP_ZEROED]!,
      memalign: calls[OP_ALIGNED]!,
      realloc: calls[OP_REALLOCATE]!,
      free: calls[OP_FREE]!,
    },
    notes: trace.notes,
    requestedBytes,
    peak,
    mostBlocks,
    left: { blocks, bytes: held.total },
    sizes: trimmed(sizes),
    lifetimes: trimmed(lifetimes),
    frequent: mostFrequent(trace),
    reallocs,
    recorded: recordedGrants(trace),
    live,
  };
}

/**
 * Small sizes are counted in a table, the others as runs of the sorted sizes: exact however many different ones there
 * are, and nobody can choose them so that it takes long. (A Map ends with an error at 16.7 million sizes; its hash of
 * numbers is known, so that a recording can make them collide.)
 */
function mostFrequent({ length, op, size }: Trace): Profile['frequent'] {
  const small = new Uint32Array(SMALL);
  let large = 0;
  for (let i = 0; i < length; i++) {
    if (op[i] === OP_FREE) continue;
    if (size[i]! < SMALL) small[size[i]!]!++;
    else large++;
  }
  const sorted = new Float64Array(large);
  for (let i = 0; large > 0; i++) if (size[i]! >= SMALL) sorted[--large] = size[i]!;
  sorted.sort();

  let most: { size: number; count: number }[] = [];
  const offer = (value: number, count: number) => {
    if (count === 0 || (most.length === FREQUENT && count <= most[FREQUENT - 1]!.count)) return;
    most = [...most, { size: value, count }].sort((a, b) => b.count - a.count || a.size - b.size);
    most.length = Math.min(most.length, FREQUENT);
  };
  for (let value = 0; value < SMALL; value++) offer(value, small[value]!);
  for (let at = 0; at < sorted.length; ) {
    const start = at;
    while (at < sorted.length && sorted[at] === sorted[start]) at++;
    offer(sorted[start]!, at - start);
  }
  return most;
}
