/** A heap as text for people, 80 columns wide, and as data: what is where, and how full it is. O(blocks). */
import { hex } from '../display.js';
import type { HeapBlock, HeapStats, InspectableHeap } from './inspect.js';

const COLUMNS = 64;
const ROWS_MAX = 16;

/** What `JSON.stringify` makes of a heap. */
export interface HeapDump {
  readonly base: number;
  readonly limit: number;
  readonly alignment: 8 | 16;
  readonly checked: boolean;
  readonly stats: HeapStats;
  readonly blocks: readonly HeapBlock[];
}

/** Of the bytes that a character stands for, how many are used and how many bookkeeping. */
interface Cell {
  used: number;
  own: number;
}

export function dump(heap: InspectableHeap): string {
  const stats = heap.stats();
  const { base } = heap;
  const share = ((100 * stats.usedBytes) / stats.footprintBytes).toFixed(1);
  const cell = cellBytes(stats.reachBytes, heap.alignment);
  const checks = heap.checked ? 'frees checked' : 'frees not checked';
  const rows = [
    `heap at ${hex(base)}, addresses multiples of ${heap.alignment}, ${checks}`,
    row('used', stats.usedBytes, stats.usedBlocks, `, ${share} % of the footprint`),
    row('free', stats.freeBytes, stats.freeBlocks, `, the largest ${count(heap.largestFree())}`),
    row('waiting', stats.waitingBytes, null, ' of the free ones'),
    row('at the top', stats.topBytes, null, ' of the free ones'),
    row('bookkeeping', stats.bookkeepingBytes, null, ''),
    row('footprint', stats.footprintBytes, null, ' at most so far'),
    `a character is ${count(cell)} bytes: # used, + used and free, . free, = bookkeeping`,
  ];
  const cells = draw(heap, cell, Math.ceil(stats.reachBytes / cell));
  for (let i = 0; i < cells.length; i += COLUMNS) {
    rows.push(`${hex(base + i * cell).padStart(10)}  ${cells.slice(i, i + COLUMNS)}`);
  }
  return `${rows.join('\n')}\n`;
}

/** The least power of two that draws so many bytes in ROWS_MAX rows. */
function cellBytes(bytes: number, least: number): number {
  let cell = least;
  while (cell * COLUMNS * ROWS_MAX < bytes) cell *= 2;
  return cell;
}

function draw(heap: InspectableHeap, cell: number, length: number): string {
  const cells: Cell[] = Array.from({ length }, () => ({ used: 0, own: 0 }));
  for (const { address, size, kind } of heap.walk()) {
    if (kind !== 'used' && kind !== 'bookkeeping') continue;
    const start = address - heap.base;
    for (let i = Math.floor(start / cell); i * cell < start + size; i++) {
      const bytes = Math.min(start + size, (i + 1) * cell) - Math.max(start, i * cell);
      if (kind === 'used') cells[i].used += bytes;
      else cells[i].own += bytes;
    }
  }
  return cells
    .map(({ used, own }) => {
      if (used === 0) return own === 0 ? '.' : '=';
      return used + own === cell ? '#' : '+';
    })
    .join('');
}

function row(what: string, bytes: number, blocks: number | null, more: string): string {
  const where = blocks === null ? '' : ` in ${count(blocks)} ${blocks === 1 ? 'block' : 'blocks'}`;
  return `  ${what.padEnd(12)}${count(bytes).padStart(14)} bytes${where}${more}`;
}

/** With commas: the same on every machine, whatever its language. */
function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
