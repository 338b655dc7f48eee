/** What was never freed, put together by who asked for it. */
import type { GuardedBlock } from './guarded-block.js';
import type { Frame } from './stacks.js';

export interface LeakGroup {
  readonly tag: string;
  /** Of the callers, where grouped by stack; else empty. */
  readonly stack: readonly Frame[];
  readonly blocks: number;
  /** Bytes asked for, of all blocks, and of the largest. */
  readonly bytes: number;
  readonly largest: number;
  /** Numbers and addresses of the first few, oldest first. */
  readonly examples: readonly { readonly serial: number; readonly address: number; readonly size: number }[];
}

export type LeakGrouping = 'tag' | 'stack';

/** How many blocks of a group are named. */
const EXAMPLES = 3;

/** O(blocks). @returns the groups, that with the most bytes first */
export function groupLeaks(blocks: Iterable<GuardedBlock>, by: LeakGrouping): LeakGroup[] {
  const groups = new Map<string, { first: GuardedBlock; stack: Frame[]; all: GuardedBlock[] }>();
  for (const block of blocks) {
    const stack = by === 'stack' ? (block.allocatedBy?.frames() ?? []) : [];
    const key = JSON.stringify([block.tag, stack]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: block, stack, all: [block] });
    else group.all.push(block);
  }
  return [...groups.values()]
    .map(({ first, stack, all }) => ({
      tag: first.tag,
      stack,
      blocks: all.length,
      bytes: all.reduce((sum, { size }) => sum + size, 0),
      largest: all.reduce((most, { size }) => Math.max(most, size), 0),
      examples: all.slice(0, EXAMPLES).map(({ serial, address, size }) => ({ serial, address, size })),
    }))
    .sort((a, b) => b.bytes - a.bytes || b.blocks - a.blocks);
}
