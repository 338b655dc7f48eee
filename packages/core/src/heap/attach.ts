/** Whether a heap begins at an address: what stands between `Heap.attach` and bytes that are something else. */
import { law } from '../allocator.js';
import { hex } from '../display.js';
import type { Memory } from '../memory/memory.js';
import * as L from './layout.js';

/**
 * Looks at the header at `base`, a multiple of 16, and at nothing else.
 * @returns the heap's flags
 * @throws RangeError saying what was found where no heap of this version begins there, or is cut off
 * @throws CorruptionError where words of the header contradict each other
 */
export function inspectHeader(memory: Memory, base: number): number {
  const { words, byteLength } = memory;
  const header = base / 4;
  const word = (index: number) => words[header + index];
  if (byteLength < base + L.HEADER_WORDS * 4) {
    throw new RangeError(`no heap at ${base}: the memory ends at ${byteLength}`);
  }
  if (word(L.H_MAGIC) !== L.MAGIC) {
    throw new RangeError(
      `no heap at ${base}: its first word is ${hex(word(L.H_MAGIC) >>> 0)}, that of a heap is ${hex(L.MAGIC)}`,
    );
  }
  const version = word(L.H_VERSION) & 0xffff;
  const flags = word(L.H_VERSION) - version;
  if (version !== L.VERSION || (flags & ~L.FLAGS) !== 0) {
    throw new RangeError(
      `the heap at ${base} is of version ${version} with flags ${hex(flags >>> 0)}; this library reads version ${L.VERSION}`,
    );
  }
  const shift = (flags & L.FLAG_EIGHT) === 0 ? 4 : 3;
  const made = word(L.H_BASE) * 2 ** shift;
  if (made !== base) {
    throw new RangeError(
      `the heap at ${base} was made at ${made}: a copy of its bytes must lie at the same address`,
    );
  }
  const end = word(L.H_TOP) * 2 ** shift;
  const first = base + L.HEADER_WORDS * 4;
  law(end > first, 'the top lies above the header', () => `top ${end}, first block ${first}`);
  if (end > byteLength) {
    throw new RangeError(`the heap at ${base} reaches up to ${end}, the memory ends at ${byteLength}`);
  }
  const limit = word(L.H_LIMIT);
  law(
    limit >= word(L.H_PEAK) && limit <= 2 ** (32 - shift),
    'the limit lies above the highest top and within 4 GiB',
    () => `granule ${limit}, highest top ${word(L.H_PEAK)}`,
  );
  law(
    word(L.H_GENERATION) >= 0 && word(L.H_QUICK) >= 0 && word(L.H_QUICK) <= L.QUICK_MAX,
    'counts are within their bounds',
    () => `generation ${word(L.H_GENERATION)}, quick lists ${word(L.H_QUICK)}`,
  );
  return flags;
}
