/** malloc in a process: the library in user space. */
import { formatCount, formatMany, formatSize } from '../../text/format.js';
import { Refused } from '../refused.js';
import type { CommandGroup, Outcome } from '../session.js';
import { hex } from '../words-for-people.js';
import { processOf } from './processes.js';

export const HEAP: CommandGroup = {
  title: 'malloc in a process',
  commands: [
    {
      name: 'malloc',
      usage: 'PID SIZE',
      summary: 'allocate a block: from the heap, or from mmap from 128 KiB up',
      run(session, args) {
        const { heap } = processOf(session, args);
        const size = args.number('SIZE');
        args.end();
        return block(heap.malloc(size), heap, 'malloc');
      },
    },
    {
      name: 'calloc',
      usage: 'PID COUNT SIZE',
      summary: 'allocate a block of zeros',
      run(session, args) {
        const { heap } = processOf(session, args);
        const count = args.number('COUNT');
        const size = args.number('SIZE');
        args.end();
        return block(heap.calloc(count, size), heap, 'calloc');
      },
    },
    {
      name: 'realloc',
      usage: 'PID ADDRESS SIZE',
      summary: 'make a block larger or smaller; it may move',
      run(session, args) {
        const { heap } = processOf(session, args);
        const address = args.number('ADDRESS');
        const size = args.number('SIZE');
        args.end();
        const moved = heap.realloc(address, size);
        if (size === 0 && address !== 0) return `${hex(address)} is free`;
        return block(moved, heap, moved === address && moved !== 0 ? 'in place: realloc' : 'realloc');
      },
    },
    {
      name: 'free',
      usage: 'PID ADDRESS',
      summary: 'give a block back',
      run(session, args) {
        const { heap } = processOf(session, args);
        const address = args.number('ADDRESS');
        args.end();
        heap.free(address);
        return `${hex(address)} is free`;
      },
    },
    {
      name: 'heap',
      usage: 'PID',
      summary: 'print what malloc holds',
      run(session, args) {
        const process = processOf(session, args);
        args.end();
        const heap = process.heapInUse;
        if (heap === null) return `process ${process.pid} never called malloc`;
        const stats = heap.stats();
        return [
          `heap      ${formatSize(stats.heapBytes)} from ${hex(heap.start)} to the break`,
          `          ${formatMany(stats.heapBlocks, 'block')} of ${formatSize(stats.heapUsedBytes)}, ${formatSize(stats.topBytes)} free at the top`,
          `mappings  ${formatCount(stats.mappings)} of ${formatSize(stats.mappedBytes)}`,
          `system calls ${formatCount(stats.systemCalls)}, of which ${formatCount(stats.trims)} gave memory back`,
        ].join('\n');
      },
    },
  ],
};

/** What malloc gave: the address, and whether it lies in the heap or in a mapping of its own. */
function block(
  address: number,
  heap: { start: number; usableSize(at: number): number; stats(): { heapBytes: number } },
  call: string,
): Outcome {
  if (address === 0) throw new Refused(`${call}: no memory`);
  const inHeap = address < heap.start + heap.stats().heapBytes && address >= heap.start;
  const place = inHeap ? 'in the heap' : 'in a mapping of its own';
  return {
    text: `${call}: ${formatCount(heap.usableSize(address))} bytes at ${hex(address)}, ${place}`,
    value: address,
  };
}
