/**
 * Replays a trace on real bytes and believes the allocator nothing. Every live block is filled with a pattern of its
 * own (a block of more than 64 MiB in 64 places), which must be there when the block is freed or reallocated (contents kept up to the lesser size) and at the end;
 * every address is held against the range, its alignment and, as intervals kept here, against all other live
 * blocks; at moments evenly spread the allocator's own `check()` runs and its segments are held against the live
 * blocks. Stops at the first fault.
 */
import { totalmem } from 'node:os';
import { CorruptionError } from 'freehold';
import { UserError } from '../errors.js';
import type { Fault, FaultKind, Verification } from '../metrics/measurement.js';
import { OP_ALIGNED, OP_FREE, OP_ZEROED, type Trace } from '../trace/trace.js';
import type { Arena, Mover } from './arena.js';
import { DisjointIntervals } from './intervals.js';
import {
  copy,
  eachStretch,
  fill,
  mismatch,
  type PagedBytes,
  patternWord,
  SparseBytes,
  WholeBytes,
} from './patterns.js';
import { EMPTY, Replay } from './replay.js';

/** Segments that the walks of all checks visit, about; and how many checks there are at most, the last one aside. */
const VISITS_MAX = 4_000_000;
const CHECKS_MAX = 64;

/** Of the machine's memory, what the bytes of one replay may take: as many replay at once as there are cores. */
const MEMORY_SHARE = 0.25;

/**
 * Verifies a whole replay. @param makeArena is given what copies the contents of a block that moves
 * @throws UserError where the contents take more memory than this machine has to give
 */
export function verify(trace: Trace, makeArena: (mover: Mover) => Arena): Verification {
  return new Verifier(trace, makeArena).run();
}

/** Thrown to the loop by the checks below; never leaves this file. */
class Broken extends Error {
  readonly kind: FaultKind;
  readonly address: number | null;

  constructor(kind: FaultKind, address: number | null, message: string) {
    super(message);
    this.kind = kind;
    this.address = address;
  }
}

class Verifier {
  readonly #trace: Trace;
  readonly #arena: Arena;
  readonly #replay: Replay;
  readonly #bytes: PagedBytes;
  readonly #live = new DisjointIntervals();
  /** Of the block in each slot: bytes requested, and the number of its pattern. */
  readonly #requested: Float64Array;
  readonly #pattern: Float64Array;
  #blocks = 0;
  #checks = 0;

  constructor(trace: Trace, makeArena: (mover: Mover) => Arena) {
    const sparse = new SparseBytes(totalmem() * MEMORY_SHARE);
    const arena = makeArena((from, to, length) => copy(sparse, from, to, length));
    this.#trace = trace;
    this.#arena = arena;
    this.#bytes = arena.bytes === undefined ? sparse : new WholeBytes(() => arena.bytes!());
    this.#replay = new Replay(trace, arena);
    this.#requested = new Float64Array(trace.slots);
    this.#pattern = new Float64Array(trace.slots);
  }

  run(): Verification {
    const { length, slots } = this.#trace;
    const checks = Math.max(4, Math.min(CHECKS_MAX, Math.floor(VISITS_MAX / (2 * slots + 1))));
    const interval = Math.max(1, Math.ceil(length / checks));
    let fault: Fault | null = null;
    let operation = 0;
    try {
      while (operation < length) {
        operation++;
        this.#step(operation - 1);
        if (operation % interval === 0 && operation < length) this.#checkLaws();
      }
      for (let slot = 0; slot < slots; slot++) this.#checkContents(slot, this.#requested[slot]!);
      this.#checkLaws();
    } catch (error) {
      if (error instanceof UserError) throw error;
      fault = { operation, ...describe(error) };
    }
    return { fault, blocks: this.#blocks, checks: this.#checks };
  }

  #step(i: number): void {
    const replay = this.#replay;
    const slot = this.#trace.slot[i]!;
    const before = replay.addresses[slot]!;
    const freed = this.#trace.op[i] === OP_FREE;
    if (before !== EMPTY) this.#checkContents(slot, this.#requested[slot]!);
    const failed = replay.failed;
    replay.step(i);
    if (replay.failed > failed) return;
    if (before !== EMPTY) this.#live.remove(before);
    if (freed) return;
    const size = this.#trace.size[i]!;
    this.#checkPlace(i, replay.addresses[slot]!, size);
    if (before !== EMPTY) this.#checkContents(slot, Math.min(this.#requested[slot]!, size));
    this.#fill(i, slot, size);
  }

  /** The block just given out: where it lies, how large it is, whose bytes it takes. */
  #checkPlace(i: number, address: number, size: number): void {
    const { allocator, align } = this.#arena;
    const { base, capacity } = allocator;
    if (!(Number.isSafeInteger(address) && address >= base && address < base + capacity)) {
      throw new Broken(
        'outside',
        address,
        `the address lies outside the range [${hex(base)}, ${hex(base + capacity)})`,
      );
    }
    const asked = this.#trace.op[i] === OP_ALIGNED ? 2 ** this.#trace.align[i]! : 1;
    const multiple = Math.max(asked, align);
    if (address % multiple !== 0) {
      throw new Broken('alignment', address, `the address is no multiple of ${multiple}`);
    }
    const granted = allocator.sizeOf(address);
    if (!(granted >= size && granted > 0)) {
      throw new Broken('size', address, `the block holds ${granted} bytes, ${size} were requested`);
    }
    const end = address + granted;
    if (end > base + capacity) {
      throw new Broken(
        'outside',
        address,
        `the block ends at ${hex(end)}, the range at ${hex(base + capacity)}`,
      );
    }
    const other = this.#live.add(address, end);
    if (other !== null) {
      throw new Broken(
        'overlap',
        address,
        `the block [${hex(address)}, ${hex(end)}) overlaps the live block [${hex(other.start)}, ${hex(other.end)})`,
      );
    }
  }

  #fill(i: number, slot: number, size: number): void {
    const address = this.#replay.addresses[slot]!;
    if (this.#trace.op[i] === OP_ZEROED && this.#arena.bytes !== undefined) {
      const dirty = mismatch(this.#bytes, address, size, new Uint8Array(4));
      if (dirty >= 0) {
        throw new Broken('contents', address, `byte ${dirty} of a block that calloc gave is not 0`);
      }
    }
    this.#requested[slot] = size;
    this.#pattern[slot] = i;
    const word = patternWord(i);
    eachStretch(size, (offset, length) => {
      fill(this.#bytes, address + offset, length, word);
      return true;
    });
  }

  /** The first `size` bytes of the block in `slot` must be as they were filled. */
  #checkContents(slot: number, size: number): void {
    const address = this.#replay.addresses[slot]!;
    if (address === EMPTY) return;
    const filled = this.#pattern[slot]!;
    const word = patternWord(filled);
    let wrong = -1;
    // Where the block was filled, as far as it is to be looked at.
    eachStretch(this.#requested[slot]!, (offset, length) => {
      const found = mismatch(this.#bytes, address + offset, Math.min(length, size - offset), word);
      if (found >= 0) wrong = offset + found;
      return wrong < 0;
    });
    this.#blocks++;
    if (wrong < 0) return;
    const page = Math.floor((address + wrong) / this.#bytes.pageBytes);
    const found = this.#bytes.page(page)[address + wrong - page * this.#bytes.pageBytes]!;
    throw new Broken(
      'contents',
      address,
      `byte ${wrong} of the ${size} that operation ${filled + 1} wrote is ${hex(found)}, not ${hex(word[wrong % 4]!)}`,
    );
  }

  /** The allocator's own laws, and its segments against the live blocks. */
  #checkLaws(): void {
    const { allocator } = this.#arena;
    this.#checks++;
    allocator.check();
    const live = this.#live[Symbol.iterator]();
    for (const segment of allocator.segments()) {
      if (!segment.used || segment.own) continue;
      const block = live.next().value;
      if (block === undefined || block.start !== segment.address || block.end > segment.end) {
        const expected = block === undefined ? 'no block' : `the block at ${hex(block.start)}`;
        throw new Broken(
          'law',
          segment.address,
          `segments() tells of a used segment here, where ${expected} is live next`,
        );
      }
    }
    const left = live.next().value;
    if (left !== undefined) {
      throw new Broken('law', left.start, 'segments() leaves out the live block here');
    }
  }
}

function describe(error: unknown): Omit<Fault, 'operation'> {
  if (error instanceof Broken) return { kind: error.kind, address: error.address, message: error.message };
  if (error instanceof CorruptionError) return { kind: 'law', address: null, message: error.message };
  return { kind: 'error', address: null, message: `the allocator threw ${String(error)}` };
}

function hex(value: number): string {
  return Number.isSafeInteger(value) ? `0x${value.toString(16)}` : String(value);
}
