/** What was never freed, put together by who asked for it, and the report of it for people. */
import type { GuardedBlock } from './guarded-block.js';
import { type Frame, formatFrame } from './stacks.js';

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

/** A table of the groups, and below each its callers, at most `width` columns wide. */
export function formatLeaks(groups: readonly LeakGroup[], width = 80): string {
  if (groups.length === 0) return 'every block was freed';
  const numbers = 33;
  const tags = groups.map(({ tag }) => (tag === '' ? '(no tag)' : tag));
  const room = Math.max(Math.min(Math.max(...tags.map((tag) => tag.length), 9), width - numbers), 9);
  const row = (start: string, ...cells: string[]) =>
    (start.length > room ? `${start.slice(0, room - 1)}…` : start).padEnd(room) +
    cells.map((cell) => cell.padStart(numbers / 3)).join('');
  const lines = [row('not freed', 'blocks', 'bytes', 'largest')];
  groups.forEach(({ blocks, bytes, largest, stack, examples }, i) => {
    lines.push(row(tags[i]!, ...[blocks, bytes, largest].map(formatCount)));
    for (const frame of stack) lines.push(`    ${formatFrame(frame, width - 4)}`);
    if (stack.length > 0)
      lines.push(`    first: ${examples.map(({ serial }) => `allocation ${serial}`).join(', ')}`);
  });
  return lines.join('\n');
}

/** `1 block`, `1,234 blocks` */
export function countOf(count: number, what: string): string {
  return `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;
}

/** `1,234,567` */
function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
