/**
 * A recording of a program's calls to its allocator, column by column in typed arrays on shared memory, so that
 * every worker thread reads the same bytes: 1 + 4 + 4 + 1 bytes an operation (sizes of 4 GiB and more make the
 * size column 8 bytes wide).
 */

import type { TraceDetails } from './details.js';

/** What an operation does. `OP_REALLOCATE` keeps its slot: the block may move, its name in the trace does not. */
export const OP_ALLOCATE = 0;
/** Allocate and clear, as calloc. */
export const OP_ZEROED = 1;
/** Allocate at a multiple of `2 ** align[i]`. */
export const OP_ALIGNED = 2;
/** Change the size of the block in the slot, contents kept. */
export const OP_REALLOCATE = 3;
export const OP_FREE = 4;

/** What was read and left out, or bent, on the way in; told to the user. */
export interface TraceNotes {
  /** free(NULL), and realloc(NULL, 0) that returned NULL. */
  readonly nullFrees: number;
  /** Frees and reallocs of addresses never seen: blocks from before the recording began. */
  readonly unknownFrees: number;
  /** Addresses given out again although the recording never freed them: freed implicitly there. */
  readonly implicitFrees: number;
  /** Allocations and reallocations that returned NULL: left out, the block of a failed realloc stays. */
  readonly failedAllocations: number;
  /** Allocations whose address the recording does not show: left out; their frees count as unknown. */
  readonly unnamedAllocations: number;
  /** Lines of the text that hold no call of the allocator: banners, other functions. */
  readonly skippedLines: number;
  /** Bytes that were added to the file while it was read: left out. */
  readonly unreadBytes: number;
  /** Processes whose calls stand in the recording, merged here in the order recorded. */
  readonly processes: number;
  /** Lines that are damaged, or of a shape that is not known: left out. */
  readonly badLines: number;
  /** Where the first three are, and what is wrong with them. */
  readonly badLineExamples: readonly string[];
  /** The last line where the recording ends within it: left out. Null where it is whole. */
  readonly cutOff: string | null;
  /** The signal that ended the program, such as SIGSEGV; null where the recording tells of none. */
  readonly killedBy: string | null;
  /** A block that the recorder brought into the program, and whether it is live at the end; null where none is known. */
  readonly recorderBlock: { readonly bytes: number; readonly left: boolean } | null;
  /** What else the recorder cannot record, or the recording lacks, in words. */
  readonly remarks: readonly string[];
}

/** The notes of a trace that nothing was left out of, such as a synthetic one. */
export const NO_NOTES: TraceNotes = {
  nullFrees: 0,
  unknownFrees: 0,
  implicitFrees: 0,
  failedAllocations: 0,
  unnamedAllocations: 0,
  skippedLines: 0,
  unreadBytes: 0,
  processes: 1,
  badLines: 0,
  badLineExamples: [],
  cutOff: null,
  killedBy: null,
  recorderBlock: null,
  remarks: [],
};

export interface Trace {
  /** The file's name without its folder, or what the maker of a synthetic trace calls it. */
  readonly name: string;
  /** The format it was read from, by its id, e.g. `protobuf`, `mtrace`. */
  readonly format: string;
  /** Operations. Every column has this length. */
  readonly length: number;
  readonly op: Uint8Array;
  /** Which block: slots are dense, from 0, reused after a free; at most one live block a slot, always. */
  readonly slot: Uint32Array;
  /** Bytes requested, 0 allowed as in malloc(0); 0 for OP_FREE. */
  readonly size: Uint32Array | Float64Array;
  /** log2 of the alignment asked for; 0 where none was. */
  readonly align: Uint8Array;
  /** Slots used: the most blocks ever live at once. */
  readonly slots: number;
  readonly notes: TraceNotes;
  /** Kinds of blocks and what was granted for them, where the recording tells. */
  readonly details?: TraceDetails;
}
