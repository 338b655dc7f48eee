/**
 * Replays a trace through an arena, operation by operation: the loop that is timed, and that measuring and
 * verification step through. It keeps the address of every slot and counts; nothing else.
 *
 * As in C: malloc(0) is a block like any other, of the least size (1 byte). A request that is refused leaves its slot
 * empty, a refused realloc leaves the block as it was, the free of an empty slot is skipped as free(NULL) is, and a
 * realloc of an empty slot allocates as realloc(NULL, n) does. An alignment of 2^53 and more is refused: no address
 * but 0 has it.
 */
import { OP_ALIGNED, OP_FREE, OP_REALLOCATE, OP_ZEROED, type Trace } from '../trace/trace.js';
import type { Arena } from './arena.js';

/** In `addresses`: the slot holds no block. */
export const EMPTY = -1;

const ALIGN_LOG2_MAX = 52;

export class Replay {
  /** Where the block of each slot lies, or EMPTY. */
  readonly addresses: Float64Array;
  /** Requests refused so far. */
  failed = 0;
  /** Reallocations of blocks honoured so far, and those among them that moved. */
  reallocations = 0;
  moves = 0;
  private readonly arena: Arena;
  private readonly op: Uint8Array;
  private readonly slot: Uint32Array;
  private readonly size: Uint32Array | Float64Array;
  private readonly align: Uint8Array;
  /** Kinds of blocks, where the trace tells them and the arena keeps them apart. */
  private readonly kind: Uint16Array | null;

  constructor(trace: Trace, arena: Arena) {
    this.addresses = new Float64Array(trace.slots).fill(EMPTY);
    this.arena = arena;
    this.op = trace.op;
    this.slot = trace.slot;
    this.size = trace.size;
    this.align = trace.align;
    const { details } = trace;
    const kept = details !== undefined && arena.allocateOf !== undefined;
    if (kept) arena.useKinds?.(details.kinds);
    this.kind = kept ? details.kind : null;
  }

  /** Operations `from` to `to - 1`. */
  run(from: number, to: number): void {
    for (let i = from; i < to; i++) this.step(i);
  }

  /** As `run`, but stops after the first operation that is refused. @returns whether none was */
  runWhileServed(from: number, to: number): boolean {
    const failed = this.failed;
    for (let i = from; i < to; i++) {
      this.step(i);
      if (this.failed !== failed) return false;
    }
    return true;
  }

  step(i: number): void {
    const slot = this.slot[i]!;
    const address = this.addresses[slot]!;
    const op = this.op[i]!;
    if (op === OP_FREE) {
      if (address === EMPTY) return;
      this.arena.free(address);
      this.addresses[slot] = EMPTY;
      return;
    }
    const size = this.size[i]! || 1;
    let given: number | null;
    if (op === OP_REALLOCATE && address !== EMPTY) {
      given = this.arena.reallocate(address, size);
      if (given !== null) {
        this.reallocations++;
        if (given !== address) this.moves++;
      }
    } else if (op === OP_ZEROED) {
      given = this.arena.allocateZeroed(size);
    } else {
      const align = op === OP_ALIGNED ? this.align[i]! : 0;
      const kind = this.kind === null ? 0 : this.kind[i]!;
      if (align > ALIGN_LOG2_MAX) given = null;
      else if (kind === 0) given = this.arena.allocate(size, 2 ** align);
      else given = this.arena.allocateOf!(kind, size, 2 ** align);
    }
    if (given === null) this.failed++;
    else this.addresses[slot] = given;
  }
}
