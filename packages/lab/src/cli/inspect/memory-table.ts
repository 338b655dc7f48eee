/** The table of what memory is used for: a row for each use that is told, and one for what none accounts for. */
import type { MemoryFigures } from '../../inspect/memory.js';
import type { Colours } from '../../text/colours.js';
import { formatSize } from '../../text/format.js';
import { table, wrap } from '../../text/table.js';
import { NONE } from '../rows.js';

type Row = readonly [use: string, bytes: number | null, what: string];

export function memorySection(memory: MemoryFigures, paint: Colours): string {
  const { total } = memory;
  const rows = [...freeRows(memory), ...useRows(memory)]
    .filter(([, bytes]) => bytes !== null)
    .map(([use, bytes, what]) => [use, formatSize(bytes!), share(bytes!, total), what]);
  return [
    `${paint.bold('Memory')} (meminfo)${heading(memory)}`,
    table(['', 'bytes', '%', ''], rows, ['left', 'right', 'right', 'left']),
    ...notes(memory).map((note) => wrap(note)),
  ].join('\n');
}

function heading({ total, available }: MemoryFigures): string {
  const all = total === null ? '' : `: ${formatSize(total)}`;
  return available === null
    ? all
    : `${all}${all === '' ? ':' : ', of which'} ${formatSize(available)} is available without swapping`;
}

function share(bytes: number, total: number | null): string {
  return total === null || total === 0 ? NONE : ((100 * bytes) / total).toFixed(1);
}

/** Free memory, and where it lies in no block of the allocator by pages, how much of it does. */
function freeRows(memory: MemoryFigures): Row[] {
  const { free, freeInBlocks } = memory;
  if (free === null || freeInBlocks === null) return [['free', free, 'in use for nothing']];
  if (addsUp(memory)) return [['free', free, 'in the free blocks below']];
  if (freeInBlocks > free) return [['free', free, 'less than the free blocks below have']];
  return [
    ['free', free, 'in use for nothing'],
    ['- in blocks', freeInBlocks, 'in the free blocks below'],
    ['- elsewhere', free - freeInBlocks, 'in no block, such as memory not yet accepted'],
  ];
}

function useRows(memory: MemoryFigures): Row[] {
  const { unaccounted, shared, anonymous } = memory;
  const files =
    shared === null ? 'the page cache, with shared memory' : 'the page cache: given up when memory is needed';
  const others =
    anonymous === null ? 'in none of these: processes, drivers' : 'in none of these: drivers, network';
  return [
    ['files', memory.files, files],
    ['processes', anonymous, 'private: stacks, heaps, copies of written pages'],
    ['shared', shared, 'shared segments, files in memory'],
    ['slabs', memory.slabs, "objects of the kernel's own"],
    ['vmalloc', memory.vmalloc, 'contiguous in addresses only'],
    ['stacks', memory.kernelStacks, "the kernel's, one for each thread"],
    ['per CPU', memory.perCpu, 'a copy for each processor'],
    ['page tables', memory.pageTables, 'the cost of translating addresses'],
    ['huge pages', memory.hugePages === 0 ? null : memory.hugePages, 'set apart, in use or not'],
    ['zswap', memory.zswap === 0 ? null : memory.zswap, 'swapped pages, compressed'],
    [
      'rest',
      unaccounted,
      unaccounted !== null && unaccounted < 0 ? 'the rows tell more than there is' : others,
    ],
  ];
}

/** As far as a reader can see: a running system changes from one file to the next. */
function addsUp({ free, freeInBlocks }: MemoryFigures): boolean {
  return free !== null && freeInBlocks !== null && formatSize(free) === formatSize(freeInBlocks);
}

function notes(memory: MemoryFigures): string[] {
  const { total, free, freeInBlocks, unaccounted } = memory;
  const container = 'or meminfo is that of a container (lxcfs), and other files tell of its host.';
  if (freeInBlocks !== null && total !== null && freeInBlocks > total)
    return [
      `The free blocks have more than all memory here: meminfo is that of a container, buddyinfo its host's.`,
    ];
  if (free !== null && freeInBlocks !== null && freeInBlocks > free && !addsUp(memory))
    return [
      `The free blocks have ${formatSize(freeInBlocks)}: the files were read at different times, ${container}`,
    ];
  if (unaccounted !== null && unaccounted < 0)
    return [
      'The rows have more than the total: some are those of a host, and the total that of a container (lxcfs).',
    ];
  return [];
}
