/** What a debugging heap reports to people: counts, damage, and a table of what was never freed. */
import type { LeakGroup } from './leaks.js';
import type { HeapMisuseError } from './misuse.js';
import { formatFrame } from './stacks.js';

/** Sizes in bytes, as asked for: without red zones and rounding. */
export interface DebugSummary {
  readonly allocations: number;
  readonly frees: number;
  readonly liveBlocks: number;
  readonly liveBytes: number;
  /** The most that were ever live at once. */
  readonly peakBytes: number;
  readonly quarantinedBlocks: number;
  /** With red zones and rounding. */
  readonly quarantinedBytes: number;
  /** Blocks that were written to after the free: they are never given out again. */
  readonly spoiltBlocks: number;
}

const WIDTH = 80;
/** Columns of a number in the table. */
const COLUMN = 11;

/** In lines of 80 columns at most. @param lackCallers leaks were to be told by callers, but none are noted */
export function formatReport(
  summary: DebugSummary,
  damages: readonly HeapMisuseError[],
  leaks: readonly LeakGroup[],
  lackCallers = false,
): string {
  const { allocations, frees, liveBlocks, liveBytes, peakBytes, spoiltBlocks } = summary;
  const { quarantinedBlocks, quarantinedBytes } = summary;
  const lines = [
    `${countOf(allocations, 'allocation')}, ${countOf(frees, 'free')}`,
    `live: ${countOf(liveBlocks, 'block')}, ${countOf(liveBytes, 'byte')}; at most ${countOf(peakBytes, 'byte')}`,
    `in quarantine: ${countOf(quarantinedBlocks, 'block')}, ${countOf(quarantinedBytes, 'byte')}`,
  ];
  if (spoiltBlocks > 0) lines.push(`written to after the free: ${countOf(spoiltBlocks, 'block')}`);
  for (const { message } of damages) lines.push('', message);
  lines.push('', ...formatLeaks(leaks));
  if (lackCallers && leaks.length > 0) {
    lines.push('', 'no callers were noted: new DebugHeap(heap, { stackDepth: 16 })');
  }
  return `${lines.join('\n')}\n`;
}

/** A table of the groups, and below each its callers. */
function formatLeaks(groups: readonly LeakGroup[]): string[] {
  if (groups.length === 0) return ['every block was freed'];
  const heads = ['not freed', ...groups.map(({ tag }) => (tag === '' ? '(no tag)' : tag))];
  const room = Math.min(Math.max(...heads.map((head) => head.length)), WIDTH - 3 * COLUMN);
  const row = (head: string, ...cells: string[]) =>
    (head.length > room ? `${head.slice(0, room - 1)}…` : head).padEnd(room) +
    cells.map((cell) => cell.padStart(COLUMN)).join('');
  const lines = [row('not freed', 'blocks', 'bytes', 'largest')];
  groups.forEach(({ blocks, bytes, largest, stack, examples }, i) => {
    lines.push(row(heads[i + 1], ...[blocks, bytes, largest].map(formatCount)));
    for (const frame of stack) lines.push(`    ${formatFrame(frame, WIDTH - 4)}`);
    if (stack.length === 0) return;
    lines.push(`    first: ${examples.map(({ serial }) => `allocation ${serial}`).join(', ')}`);
  });
  return lines;
}

/** `1 block`, `1,234 blocks` */
function countOf(count: number, what: string): string {
  return `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;
}

/** `1,234,567` */
function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
