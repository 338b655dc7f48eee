/**
 * Replays a trace on real bytes and believes the allocator nothing: see shadow.ts for what is checked. Contents are, when
 * a block is freed or reallocated and at the end; laws, at moments evenly spread. Stops at the first fault.
 */
import type { Verification } from '../metrics/fault.js';
import { OP_ALIGNED, OP_FREE, OP_ZEROED, type Trace } from '../trace/trace.js';
import type { Arena, Mover } from './arena.js';
import { EMPTY, Replay } from './replay.js';
import { faultOf, Shadow } from './shadow.js';
import { shortageOf } from './shortage.js';

/** Segments that the walks of all checks visit, about; and how many checks there are at most, the last one aside. */
const VISITS_MAX = 4_000_000;
const CHECKS_MAX = 64;

/** The verification that could not be made, or not to its end. @param why the end of a sentence */
export function unverified(why: string, { blocks, checks } = { blocks: 0, checks: 0 }): Verification {
  return { fault: null, blocks, checks, unverified: why };
}

/**
 * Verifies a whole replay, as far as memory suffices.
 * @param makeArena is given what copies the contents of a block that moves
 * @param memoryBytes what the bytes of the arena may take where it has none of its own
 */
export function verify(
  trace: Trace,
  makeArena: (mover: Mover) => Arena,
  memoryBytes = Number.POSITIVE_INFINITY,
): Verification {
  let shadow: Shadow | undefined;
  const at = { operation: 0 };
  try {
    shadow = new Shadow(trace.slots, makeArena, memoryBytes);
    replayAll(trace, shadow, at);
    return { fault: null, blocks: shadow.blocks, checks: shadow.checks };
  } catch (error) {
    const why = shortageOf(error);
    if (why !== null) return unverified(why, shadow);
    if (shadow === undefined) throw error;
    return { fault: { ...at, ...faultOf(error) }, blocks: shadow.blocks, checks: shadow.checks };
  }
}

/** @param at counts the operations, the first being 1 */
function replayAll(trace: Trace, shadow: Shadow, at: { operation: number }): void {
  const { length, slots } = trace;
  const replay = new Replay(trace, shadow.arena);
  const checks = Math.max(4, Math.min(CHECKS_MAX, Math.floor(VISITS_MAX / (2 * slots + 1))));
  const interval = Math.max(1, Math.ceil(length / checks));
  for (let operation = 1; operation <= length; operation++) {
    at.operation = operation;
    step(trace, replay, shadow, operation);
    if (operation % interval === 0 && operation < length) shadow.checkLaws();
  }
  for (let slot = 0; slot < slots; slot++) shadow.checkContents(slot);
  shadow.checkLaws();
}

/** @param operation which one, the first being 1 */
function step(trace: Trace, replay: Replay, shadow: Shadow, operation: number): void {
  const i = operation - 1;
  const slot = trace.slot[i]!;
  const op = trace.op[i]!;
  const before = replay.addresses[slot]!;
  shadow.checkContents(slot);
  const failed = replay.failed;
  replay.step(i);
  if (replay.failed > failed) return;
  const address = replay.addresses[slot]!;
  const size = trace.size[i]!;
  if (op === OP_FREE) {
    if (before !== EMPTY) shadow.freed(slot);
  } else if (before !== EMPTY) shadow.reallocated(operation, slot, address, size);
  else {
    const align = op === OP_ALIGNED ? 2 ** trace.align[i]! : 1;
    shadow.given(operation, slot, address, size, align, op === OP_ZEROED);
  }
}
