/** What keeping migrate types apart is worth, on the pages of a recorded kernel. */
import { fileURLToPath } from 'node:url';
import { MIGRATE_NAMES, MOVABLE, PageRange, unusableFreeIndex } from '@freehold/kernel';
import { expect, it } from 'vitest';
import { openTrace } from '../src/node/open-trace.js';
import { OP_FREE } from '../src/trace/trace.js';

const SAMPLE = fileURLToPath(new URL('../../../samples/kernel.kmem.txt.zst', import.meta.url));
const MEMORY = 24 * 2 ** 20;
/** 2 MiB: a page block, a huge page. */
const HUGE_ORDER = 9;

/**
 * Replays all pages, then frees what can move, as compaction or reclaim could: what the pages that must stay leave of
 * the memory.
 */
async function afterMovable(groupByMobility: boolean) {
  const { length, op, slot, size, align, slots, details } = await openTrace(SAMPLE, { format: 'kmem-pages' });
  const names: readonly string[] = MIGRATE_NAMES;
  const types = details!.kinds.map((name) => names.indexOf(name));
  const range = new PageRange({ capacity: MEMORY, groupByMobility });
  const addresses = new Array<number | null>(slots).fill(null);
  const typeOf = new Array<number>(slots).fill(0);
  for (let i = 0; i < length; i++) {
    const at = slot[i]!;
    if (op[i] === OP_FREE) {
      range.free(addresses[at]!);
      addresses[at] = null;
      continue;
    }
    typeOf[at] = types[details!.kind[i]!]!;
    addresses[at] = range.allocateOf(typeOf[at]!, size[i]!, 2 ** align[i]!);
    expect(addresses[at]).not.toBeNull();
  }
  addresses.forEach((address, at) => {
    if (address !== null && typeOf[at] === MOVABLE) range.free(address);
  });
  for (const zone of range.pages.zones) zone.drain();
  range.check();
  const free = Array.from({ length: 11 }, (_, order) => range.pages.zones[0]!.freeBlocks(order));
  return {
    hugeBlocks: free[9]! + 2 * free[10]!,
    unusable: unusableFreeIndex(free, HUGE_ORDER),
    stay: range.stats().usedBytes,
  };
}

it('apart, the pages that cannot move spoil fewer large blocks', async () => {
  const apart = await afterMovable(true);
  const mixed = await afterMovable(false);
  expect(apart.stay).toBe(mixed.stay);
  // docs/decisions/kernel.md#what-keeping-migrate-types-apart-is-worth quotes these.
  expect(apart).toMatchObject({ hugeBlocks: 10, unusable: 149 });
  expect(mixed).toMatchObject({ hugeBlocks: 7, unusable: 404 });
});
