/**
 * A block of the debugging heap, and the bytes that guard it:
 *
 *     start      front red zone     0xcc, as long as the alignment asks for
 *     address    the user's bytes   0x5a when new, 0x6b (or 0) when freed
 *                rear red zone      0xcc, up to the last usable byte of the block of the heap below
 *     end
 *
 * What guards a block costs a fill of its bytes at malloc and another at free, and reading the red zones at each check;
 * once freed, all of its bytes are read.
 *
 * Source: the red zones and the poison of Linux's SLUB, mm/slub.c and include/linux/poison.h.
 */
import type { CallStack } from './stacks.js';

/** Every byte of a red zone. */
export const RED = 0xcc;
/** Every byte of a block that malloc has just given. */
export const FRESH = 0x5a;
/** Every byte of a block that was freed. */
export const POISON = 0x6b;

export interface GuardedBlock {
  /** The how many-th allocation it is, from 1. */
  readonly serial: number;
  /** Of the user's first byte. */
  readonly address: number;
  /** Bytes the user asked for; changes only where the block is resized in place, and `end` with it. */
  size: number;
  /** Bytes that the address was asked to be a multiple of; 0 where nothing was asked. */
  readonly align: number;
  /** Of the block of the heap below. */
  readonly start: number;
  end: number;
  readonly tag: string;
  readonly allocatedBy: CallStack | null;
  freedBy: CallStack | null;
  /** The one freed after it; see freed-blocks.ts. */
  next: GuardedBlock | null;
}

/** Bytes that are not what they should be. */
export interface Damage {
  /** Offset of the first from the block's address: negative in front of it, from its size up behind it. */
  readonly offset: number;
  /** What it holds, and what it should. */
  readonly found: number;
  readonly expected: number;
  /** From the first damaged byte to the last, with what is whole in between. */
  readonly length: number;
}

/** Up to this many bytes a loop fills faster than the engine's built-in function is called. */
const LOOP_BYTES = 64;

/** Sets the bytes `[from, to)`. */
export function fill(view: Uint8Array, from: number, to: number, value: number): void {
  if (to - from > LOOP_BYTES) view.fill(value, from, to);
  else for (let at = from; at < to; at++) view[at] = value;
}

/** What was written in front of the block. */
export function frontDamage(view: Uint8Array, block: GuardedBlock): Damage | null {
  return damage(view, block, block.start, block.address, RED);
}

/** What was written behind the block. */
export function rearDamage(view: Uint8Array, block: GuardedBlock): Damage | null {
  return damage(view, block, block.address + block.size, block.end, RED);
}

/** What was written into the block since it was filled with `fill`. */
export function innerDamage(view: Uint8Array, block: GuardedBlock, fill: number): Damage | null {
  return damage(view, block, block.address, block.address + block.size, fill);
}

function damage(
  view: Uint8Array,
  block: GuardedBlock,
  from: number,
  to: number,
  expected: number,
): Damage | null {
  let first = from;
  while (first < to && view[first] === expected) first++;
  if (first >= to) return null;
  let last = to - 1;
  while (view[last] === expected) last--;
  return { offset: first - block.address, found: view[first], expected, length: last - first + 1 };
}
