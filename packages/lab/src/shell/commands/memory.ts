/** mmap and what belongs to it, loads and stores, and where an address leads. */
import {
  FRAME_BYTES,
  type MapOptions,
  OWNER_NAMES,
  type Process,
  PTE_ACCESSED,
  PTE_DIRTY,
  PTE_NX,
  PTE_PRESENT,
  PTE_SPECIAL,
  PTE_USER,
  PTE_WRITE,
  type RemapOptions,
  type WalkStep,
} from '@freehold/kernel';
import { formatMany, formatSize } from '../../text/format.js';
import type { Arguments } from '../arguments.js';
import type { CommandGroup, Outcome, Session } from '../session.js';
import { hex, hexDump, PROTECTIONS, protectionOf } from '../words-for-people.js';
import { processOf } from './processes.js';

const READ_BYTES_MAX = 4096;

export const MEMORY: CommandGroup = {
  title: 'Memory of a process',
  commands: [
    {
      name: 'mmap',
      usage: 'PID LENGTH [FILE] [shared] [rw|r|rx|none...] [at ADDRESS] [offset BYTES] [populate]',
      summary: 'map zeroed memory, or a file of this machine',
      words: ['shared', 'private', 'populate', 'at', 'offset', ...PROTECTIONS],
      run: (session, args) => map(session, args),
    },
    {
      name: 'munmap',
      usage: 'PID ADDRESS LENGTH',
      summary: 'unmap pages; areas are split as needed',
      run(session, args) {
        const { process, address, length } = rangeOf(session, args);
        args.end();
        process.munmap(address, length);
        return `${formatMany(Math.ceil(length / FRAME_BYTES), 'page')} from ${hex(address)} on are unmapped`;
      },
    },
    {
      name: 'mremap',
      usage: 'PID ADDRESS OLD NEW [move | to ADDRESS] [keep]',
      summary: 'grow, shrink or move a mapping; keep: its area stays',
      words: ['move', 'to', 'keep'],
      run: (session, args) => remap(session, args),
    },
    {
      name: 'mprotect',
      usage: 'PID ADDRESS LENGTH rw|r|rx|none...',
      summary: 'allow or forbid access to pages',
      words: PROTECTIONS,
      run(session, args) {
        const { process, address, length } = rangeOf(session, args);
        const protection = args.takeOne(PROTECTIONS);
        if (protection === null) throw args.wrong(`the protection must be one of ${PROTECTIONS.join(', ')}`);
        args.end();
        process.mprotect(address, length, protectionOf(protection));
        return `${formatMany(Math.ceil(length / FRAME_BYTES), 'page')} from ${hex(address)} on are '${protection}' now`;
      },
    },
    {
      name: 'msync',
      usage: 'PID ADDRESS LENGTH',
      summary: 'write changed pages of shared files back',
      run(session, args) {
        const { process, address, length } = rangeOf(session, args);
        args.end();
        return `${formatMany(process.space.msync(address, length), 'page')} written back`;
      },
    },
    {
      name: 'read',
      usage: 'PID ADDRESS [BYTES]',
      summary: 'print the bytes at an address (default: 16)',
      run(session, args) {
        const process = processOf(session, args);
        const address = args.number('ADDRESS');
        const bytes = args.numberOr(16, 'BYTES');
        args.end();
        if (bytes < 1 || bytes > READ_BYTES_MAX) throw args.wrong(`BYTES must be 1 to ${READ_BYTES_MAX}`);
        const target = new Uint8Array(bytes);
        process.space.read(address, target);
        return hexDump(address, target);
      },
    },
    {
      name: 'write',
      usage: 'PID ADDRESS TEXT',
      summary: 'write a text to an address',
      run(session, args) {
        const process = processOf(session, args);
        const address = args.number('ADDRESS');
        const bytes = new TextEncoder().encode(args.text('TEXT'));
        args.end();
        process.space.write(address, bytes);
        return `${formatMany(bytes.length, 'byte')} written to ${hex(address)}`;
      },
    },
    {
      name: 'touch',
      usage: 'PID ADDRESS [LENGTH]',
      summary: 'write one byte into each page',
      run(session, args) {
        const process = processOf(session, args);
        const address = args.number('ADDRESS');
        const length = args.numberOr(1, 'LENGTH');
        args.end();
        const first = Math.floor(address / FRAME_BYTES);
        const end = Math.floor((address + Math.max(1, length) - 1) / FRAME_BYTES) + 1;
        for (let page = first; page < end; page++)
          process.space.store8(Math.max(address, page * FRAME_BYTES), 1);
        return `${formatMany(end - first, 'page')} touched`;
      },
    },
    {
      name: 'load',
      usage: 'PID ADDRESS',
      summary: 'load the 64-bit word at an address',
      run(session, args) {
        const process = processOf(session, args);
        const address = args.number('ADDRESS');
        args.end();
        const value = process.space.loadU64(address);
        const text = `${hex(address)}: ${value} (0x${value.toString(16)})`;
        return value <= BigInt(Number.MAX_SAFE_INTEGER) ? { text, value: Number(value) } : text;
      },
    },
    {
      name: 'store',
      usage: 'PID ADDRESS VALUE',
      summary: 'store a 64-bit word',
      run(session, args) {
        const process = processOf(session, args);
        const address = args.number('ADDRESS');
        const value = args.number('VALUE');
        args.end();
        process.space.store64(address, BigInt(value));
        return `${hex(address)}: ${value}`;
      },
    },
    {
      name: 'where',
      usage: 'PID ADDRESS',
      summary: 'print area, page tables, page and frame of an address',
      run(session, args) {
        const process = processOf(session, args);
        const address = args.number('ADDRESS');
        args.end();
        return where(session, process, address);
      },
    },
    {
      name: 'brk',
      usage: 'PID [ADDRESS]',
      summary: 'print where the heap ends, or move the end',
      run(session, args) {
        const process = processOf(session, args);
        if (args.left > 0) process.brk(args.number('ADDRESS'));
        args.end();
        const { heapStart } = process.task;
        const text = `the heap of process ${process.pid} is ${formatSize(process.break - heapStart)}, ${hex(heapStart)} to ${hex(process.break)}`;
        return { text, value: process.break };
      },
    },
  ],
};

function rangeOf(session: Session, args: Arguments): { process: Process; address: number; length: number } {
  const process = processOf(session, args);
  return { process, address: args.number('ADDRESS'), length: args.number('LENGTH') };
}

function map(session: Session, args: Arguments): Outcome {
  const { cache } = session.kernel.vm;
  const process = processOf(session, args);
  let options: MapOptions = { length: args.number('LENGTH') };
  let file: string | null = null;
  while (args.left > 0) {
    const protection = args.takeOne(PROTECTIONS);
    if (protection !== null) options = { ...options, protection: protectionOf(protection) };
    else if (args.take('shared')) options = { ...options, shared: true };
    else if (args.take('private')) options = { ...options, shared: false };
    else if (args.take('populate')) options = { ...options, populate: true };
    else if (args.take('at')) options = { ...options, address: args.number('ADDRESS'), fixed: true };
    else if (args.take('offset')) options = { ...options, offset: args.number('BYTES') };
    else if (file === null) file = args.text('FILE');
    else throw args.wrong(`unexpected argument '${args.text('')}'`);
  }
  if (file === null) return mapped(process, process.mmap(options), options, 'zeroed memory');
  const writes =
    options.shared === true && ((options.protection ?? protectionOf('rw')) & protectionOf('w')) !== 0;
  const inode = session.kernel.processes.open(file, writes);
  try {
    const what = options.populate === true ? file : `${file}, not read yet,`;
    return mapped(process, process.mmap({ ...options, inode }), options, what);
  } finally {
    cache.release(inode);
  }
}

function remap(session: Session, args: Arguments): Outcome {
  const process = processOf(session, args);
  const from = args.number('ADDRESS');
  const oldLength = args.number('OLD');
  const newLength = args.number('NEW');
  let options: RemapOptions = {};
  while (args.left > 0) {
    if (args.take('move')) options = { ...options, mayMove: true };
    else if (args.take('to'))
      options = { ...options, mayMove: true, fixed: true, address: args.number('ADDRESS') };
    else if (args.take('keep')) options = { ...options, mayMove: true, dontUnmap: true };
    else throw args.wrong(`unexpected argument '${args.text('')}'`);
  }
  const value = process.mremap(from, oldLength, newLength, options);
  const pages = formatMany(Math.ceil(newLength / FRAME_BYTES), 'page');
  const moved = value === from ? '' : `, moved from ${hex(from)}`;
  return { text: `${pages} at ${hex(value)}${moved}`, value };
}

function mapped(process: Process, address: number, { length }: MapOptions, what: string): Outcome {
  const pages = formatMany(Math.ceil(length / FRAME_BYTES), 'page');
  return { text: `${pages} of ${what} at ${hex(address)} in process ${process.pid}`, value: address };
}

function where(session: Session, process: Process, address: number): string {
  const { space } = process;
  const { descriptors } = session.kernel.pages;
  const area = space.areaAt(address);
  if (area === null) return `${hex(address)}: in no area`;
  const name = area.inode?.path ?? area.name ?? 'anonymous memory';
  const lines = [`area   ${hex(area.start)}-${hex(area.end)} ${area.permissions} ${name}`];
  const steps = space.table.path(Math.floor(address / FRAME_BYTES));
  lines.push(...walk(steps));
  const { level, low } = steps.at(-1)!;
  if (low === 0) {
    const missing = level === 'PTE' ? '' : `, for the ${level} has no table below`;
    return [...lines, `page   not present${missing}: the first access is a fault`].join('\n');
  }
  const frame = low >>> 12;
  const writable = (low & PTE_WRITE) !== 0 ? 'writable' : 'read-only: a write is a fault';
  lines.push(`page   ${(low & PTE_PRESENT) === 0 ? 'no access' : writable}`);
  const owner = (low & PTE_SPECIAL) !== 0 ? 'the zero page' : OWNER_NAMES[descriptors.owner[frame]!]!;
  const held = `${formatMany(descriptors.mapCount[frame]!, 'mapping')}, ${formatMany(descriptors.references[frame]!, 'reference')}`;
  lines.push(
    `frame  ${frame} (${owner}), ${held}; physical address ${hex(frame * FRAME_BYTES + (address % FRAME_BYTES))}`,
  );
  return lines.join('\n');
}

/** What the bits of an entry say, in the order in which they are told. */
const BITS: readonly (readonly [bit: number, name: string])[] = [
  [PTE_PRESENT, 'present'],
  [PTE_WRITE, 'write'],
  [PTE_USER, 'user'],
  [PTE_ACCESSED, 'accessed'],
  [PTE_DIRTY, 'dirty'],
  [PTE_SPECIAL, 'special'],
];

/** The page tables on the way, a line each: `tables PGD in frame 12 [255] -> frame 13: present write user accessed`. */
function walk(steps: readonly WalkStep[]): string[] {
  const digits = Math.max(...steps.map(({ table }) => String(table).length));
  return steps.map(({ level, table, index, low, high }, i) => {
    const head = `${i === 0 ? 'tables' : '      '} ${level} in frame ${String(table).padStart(digits)} [${String(index).padStart(3)}]`;
    if (low === 0) return `${head} empty`;
    const bits = BITS.filter(([bit]) => (low & bit) !== 0).map(([, name]) => name);
    if (high === PTE_NX) bits.push('nx');
    return `${head} -> frame ${low >>> 12}: ${bits.join(' ')}`;
  });
}
