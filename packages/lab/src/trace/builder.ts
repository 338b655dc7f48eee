/**
 * Makes a Trace out of calls in the order recorded. What the recording names a block by (its address, as a rule) is
 * mapped to a dense slot that is used again after the free; the slot freed last is given out first, so that equal
 * calls make equal traces whatever the names were. O(1) a call.
 *
 * A recording may begin in the middle of a program's life, or miss calls. So a free of a name that no live block
 * has is counted and left out; a name given out again although live frees the old block there and is counted; a
 * realloc of an unknown name is an allocation, and counted.
 */
import { Columns } from './columns.js';
import { DetailsBuilder } from './details.js';
import { IdTable, NO_SLOT } from './ids.js';
import {
  OP_ALIGNED,
  OP_ALLOCATE,
  OP_FREE,
  OP_REALLOCATE,
  OP_ZEROED,
  type Trace,
  type TraceNotes,
} from './trace.js';

/** Bytes: the largest alignment that a trace tells. */
export const ALIGN_MAX = 2 ** 53;
const REMARKS_MAX = 16;

/**
 * Ids are 64 bits in two unsigned halves, `high` and `low`; a small number n is `(0, n)`. No id stands for NULL:
 * a reader tells calls with NULL by the methods for them. Sizes are bytes, whole numbers from 0 to 2^53 - 1.
 */
export class TraceBuilder {
  readonly #columns = new Columns();
  #ids = new IdTable();
  #details: DetailsBuilder | null = null;
  /** Which process has that pid, counted from 0 as they appear: as `#ids`, a table that no choice of pids slows down. */
  readonly #pids = new IdTable();
  /** The blocks of each process; null where it has none. */
  readonly #processes: (IdTable | null)[] = [];
  #process = 0;
  #pidHigh = -1;
  #pidLow = -1;
  /** Slots free again, a stack of `#freeSlotCount`. */
  #freeSlots = new Uint32Array(1024);
  #freeSlotCount = 0;
  #slots = 0;

  #nullFrees = 0;
  #unknownFrees = 0;
  #implicitFrees = 0;
  #failedAllocations = 0;
  #unnamedAllocations = 0;
  #skippedLines = 0;
  #unreadBytes = 0;
  #badLines = 0;
  readonly #badLineExamples: string[] = [];
  #cutOff: string | null = null;
  #killedBy: string | null = null;
  readonly #remarks = new Set<string>();
  /** The slot of the recorder's own block while that is live; NO_SLOT otherwise. */
  #recorderSlot = NO_SLOT;
  #recorderBytes = 0;

  /** Operations so far. */
  get length(): number {
    return this.#columns.length;
  }

  /** Lines so far that hold no call. */
  get skippedLines(): number {
    return this.#skippedLines;
  }

  /** Whether a live block has that name. */
  has({ high, low }: { readonly high: number; readonly low: number }): boolean {
    return this.#ids.get(high, low) !== NO_SLOT;
  }

  allocate(high: number, low: number, size: number): void {
    this.#columns.push(OP_ALLOCATE, this.#name(high, low), size, 0);
  }

  /** Allocate and clear, as calloc. @param size bytes in all */
  zeroed(high: number, low: number, size: number): void {
    this.#columns.push(OP_ZEROED, this.#name(high, low), size, 0);
  }

  /**
   * Allocate at a multiple of `align` bytes, which is rounded up to a power of two, as the C libraries do with one
   * that is none; it is at most ALIGN_MAX. 0 and 1 ask for nothing: a plain allocation.
   */
  aligned(high: number, low: number, size: number, align: number): void {
    const log2 = Math.ceil(Math.log2(Math.max(align, 1)));
    this.#columns.push(log2 === 0 ? OP_ALLOCATE : OP_ALIGNED, this.#name(high, low), size, log2);
  }

  /** As `aligned`, of a block that the recording tells more of: see TraceDetails. */
  detailed(high: number, low: number, size: number, align: number, kind: string, granted: number): void {
    this.aligned(high, low, size, align);
    this.#details ??= new DetailsBuilder();
    this.#details.set(this.length - 1, kind, granted);
  }

  /** Resize the block `old`, which is called `new` from here on (the same name where it did not move). */
  reallocate(oldHigh: number, oldLow: number, newHigh: number, newLow: number, size: number): void {
    const same = oldLow === newLow && oldHigh === newHigh;
    const slot = same ? this.#ids.get(oldHigh, oldLow) : this.#ids.delete(oldHigh, oldLow);
    if (slot === NO_SLOT) {
      this.#unknownFrees++;
      this.allocate(newHigh, newLow, size);
      return;
    }
    if (!same) {
      const live = this.#ids.add(newHigh, newLow, slot);
      if (live !== NO_SLOT) {
        this.#implicitFrees++;
        this.#ids.delete(newHigh, newLow);
        this.#ids.add(newHigh, newLow, slot);
        this.#release(live);
      }
    }
    this.#columns.push(OP_REALLOCATE, slot, size, 0);
  }

  free(high: number, low: number): void {
    const slot = this.#ids.delete(high, low);
    if (slot === NO_SLOT) this.#unknownFrees++;
    else this.#release(slot);
  }

  /** free(NULL), or realloc(NULL, 0) that returned NULL. */
  nullFree(): void {
    this.#nullFrees++;
  }

  /** An allocation or reallocation returned NULL: nothing changed. */
  failed(): void {
    this.#failedAllocations++;
  }

  /** An allocation succeeded, but the recording does not show where. */
  unnamed(): void {
    this.#unnamedAllocations++;
  }

  /** A line holds no call of the allocator. */
  skipLine(): void {
    this.#skippedLines++;
  }

  /** A line is not understood, and left out. @param example what is wrong with it; null where enough was told */
  badLine(example: string | null): void {
    this.#badLines++;
    if (example !== null) this.#badLineExamples.push(example);
  }

  /** The recording ends within that line, which is left out. */
  cutOff(line: string): void {
    this.#cutOff = line;
  }

  /** The program did not end by itself. @param by a signal, such as SIGSEGV */
  killed(by: string): void {
    this.#killedBy = by;
  }

  /** What else the recording lacks, in words; at most 16 different remarks are kept. */
  remark(text: string): void {
    if (this.#remarks.size < REMARKS_MAX) this.#remarks.add(text);
  }

  /** The block allocated last, of that name, is the recorder's own. */
  recorderBlock(high: number, low: number, bytes: number): void {
    this.#recorderSlot = this.#ids.get(high, low);
    this.#recorderBytes = bytes;
  }

  /** The file grew by so many bytes while it was read. */
  unread(bytes: number): void {
    this.#unreadBytes = bytes;
  }

  /** The calls that follow are of the process of this pid, 64 bits: its addresses are its own. */
  process(high: number, low: number): void {
    if (low === this.#pidLow && high === this.#pidHigh) return;
    this.#pidHigh = high;
    this.#pidLow = low;
    const known = this.#pids.add(high, low, this.#processes.length);
    if (known === NO_SLOT && this.#processes.length === 0) {
      // The first process named takes over what came before any name.
      this.#processes.push(this.#ids);
      return;
    }
    this.#processes[this.#process] = this.#ids.size === 0 ? null : this.#ids;
    this.#process = known === NO_SLOT ? this.#processes.push(null) - 1 : known;
    this.#ids = this.#processes[this.#process] ?? new IdTable();
  }

  /** The trace. The builder is used up. */
  finish(name: string, format: string): Trace {
    const notes: TraceNotes = {
      nullFrees: this.#nullFrees,
      unknownFrees: this.#unknownFrees,
      implicitFrees: this.#implicitFrees,
      failedAllocations: this.#failedAllocations,
      unnamedAllocations: this.#unnamedAllocations,
      skippedLines: this.#skippedLines,
      unreadBytes: this.#unreadBytes,
      processes: Math.max(1, this.#processes.length),
      badLines: this.#badLines,
      badLineExamples: this.#badLineExamples,
      cutOff: this.#cutOff,
      killedBy: this.#killedBy,
      recorderBlock:
        this.#recorderBytes === 0
          ? null
          : { bytes: this.#recorderBytes, left: this.#recorderSlot !== NO_SLOT },
      remarks: [...this.#remarks],
    };
    // Large, and of no use any more once the columns are put together.
    this.#ids = new IdTable();
    this.#processes.length = 0;
    this.#freeSlots = new Uint32Array(0);
    const { length } = this;
    const trace = { name, format, ...this.#columns.finish(), slots: this.#slots, notes };
    return this.#details === null ? trace : { ...trace, details: this.#details.finish(length) };
  }

  /** A slot for the new block of that name; the block that has the name already is freed. */
  #name(high: number, low: number): number {
    const reused = this.#freeSlotCount > 0;
    const slot = reused ? this.#freeSlots[this.#freeSlotCount - 1]! : this.#slots;
    const live = this.#ids.add(high, low, slot);
    if (live !== NO_SLOT) {
      this.#implicitFrees++;
      if (live === this.#recorderSlot) this.#recorderSlot = NO_SLOT;
      this.#columns.push(OP_FREE, live, 0, 0);
      return live;
    }
    if (reused) this.#freeSlotCount--;
    else this.#slots++;
    return slot;
  }

  #release(slot: number): void {
    if (slot === this.#recorderSlot) this.#recorderSlot = NO_SLOT;
    this.#columns.push(OP_FREE, slot, 0, 0);
    if (this.#freeSlotCount === this.#freeSlots.length) {
      const grown = new Uint32Array(2 * this.#freeSlots.length);
      grown.set(this.#freeSlots);
      this.#freeSlots = grown;
    }
    this.#freeSlots[this.#freeSlotCount++] = slot;
  }
}
