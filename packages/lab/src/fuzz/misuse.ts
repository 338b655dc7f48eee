/** Calls that must be refused, and leave everything as it was. */
import { InvalidFreeError } from 'freehold';
import { Broken, hex, type Shadow } from '../replay/shadow.js';
import type { Random } from '../workload/random.js';

const BAD_SIZES = [Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY, -(2 ** 31), 2 ** 53];
const BAD_ALIGNS = [Number.NaN, 3, -8, 24, 1.5, 2 ** 32 + 1];
/** Where no range here has an address. 0 is left out: the null pointer, which free accepts, where there is one. */
const FOREIGN = [-1, -16, 0.5, 2 ** 50, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY];

/**
 * One misuse at random.
 * @param freed an address that was live once
 * @param live the slot of a live block and its address; null where none is live
 * @param addresses whether wrong addresses are to be found out: not by a heap made without checks
 * @throws Broken where it was accepted, or something changed
 */
export function misuse(
  random: Random,
  shadow: Shadow,
  freed: number,
  live: { readonly slot: number; readonly address: number } | null,
  addresses: boolean,
): void {
  const { allocator } = shadow.arena;
  const kind = addresses ? random.below(6) : random.below(2);
  if (kind === 0) {
    const size = random.pick(BAD_SIZES);
    refused(shadow, `allocate(${size})`, RangeError, () => allocator.allocate(size));
  } else if (kind === 1) {
    const align = random.pick(BAD_ALIGNS);
    refused(shadow, `allocate(16, ${align})`, RangeError, () => allocator.allocate(16, align));
  } else if (kind === 2) badAddress(random, shadow, random.pick(FOREIGN));
  else if (kind === 3 || live === null) {
    // Where the null pointer is one, free and realloc accept it.
    if (freed !== 0 && !shadow.covers(freed)) badAddress(random, shadow, freed);
  } else {
    const granted = allocator.sizeOf(live.address);
    if (granted > 1) badAddress(random, shadow, live.address + 1 + random.below(granted - 1));
  }
}

function badAddress(random: Random, shadow: Shadow, address: number): void {
  const { arena } = shadow;
  const kind = random.below(4);
  const at = hex(address);
  if (kind === 0) refused(shadow, `sizeOf(${at})`, InvalidFreeError, () => arena.allocator.sizeOf(address));
  else if (kind === 1) {
    refused(shadow, `reallocate(${at}, 64)`, InvalidFreeError, () => arena.reallocate(address, 64));
  } else refused(shadow, `free(${at})`, InvalidFreeError, () => arena.free(address));
}

function refused(
  shadow: Shadow,
  call: string,
  wanted: new (...args: never[]) => Error,
  misuse: () => unknown,
): void {
  const { allocator } = shadow.arena;
  const before = JSON.stringify(allocator.stats());
  let thrown: unknown = null;
  try {
    misuse();
  } catch (error) {
    thrown = error;
  }
  if (!(thrown instanceof wanted)) {
    const did = thrown === null ? 'was accepted' : `threw ${String(thrown)}`;
    throw new Broken('misuse', null, `${call} ${did}, where ${wanted.name} is due`);
  }
  const after = JSON.stringify(allocator.stats());
  if (before !== after) {
    throw new Broken('misuse', null, `${call} was refused, but changed ${before} to ${after}`);
  }
}
