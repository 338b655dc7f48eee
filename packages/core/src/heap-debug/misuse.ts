/** What the debugging heap finds wrong: one error for every kind of misuse, which says where, what, whose, and what to do. */
import { hex } from '../display.js';
import type { Damage, GuardedBlock } from './guarded-block.js';
import { type CallStack, type Frame, formatFrame } from './stacks.js';

export type MisuseKind =
  /** Bytes behind the block were written. */
  | 'overflow'
  /** Bytes in front of the block were written. */
  | 'underflow'
  /** Bytes of a freed block, or around it, were written. */
  | 'write-after-free'
  | 'double-free'
  /** realloc, resize or usableSize of a freed block. */
  | 'use-after-free'
  /** An address inside a block was given for that of the block. */
  | 'interior'
  /** No block was ever known at the address. */
  | 'foreign'
  /** freeSized with another size, or another alignment, than the block was asked for with. */
  | 'size-mismatch'
  | 'alignment-mismatch';

/** The block around an address, its red zones included. */
export interface Surroundings {
  readonly block: GuardedBlock;
  readonly isFreed: boolean;
}

/** What the caller did when it was found. */
export type Operation =
  | 'malloc'
  | 'calloc'
  | 'realloc'
  | 'resize'
  | 'alignedAlloc'
  | 'free'
  | 'freeSized'
  | 'usableSize'
  | 'check'
  | 'flush';

const ADVICE: Record<MisuseKind, string> = {
  overflow: 'look for a loop or a copy that goes past the size asked for',
  underflow: 'look for an index below 0, or an address moved back too far',
  'write-after-free': 'look for a copy of its address, or a view, that is still used',
  'double-free': 'set each variable with the address to 0 when the block is freed',
  'use-after-free': 'drop the address when the block is freed; after realloc, use what it returned',
  interior: 'keep the address that malloc returned, and pass that',
  foreign: 'pass an address only to the heap that returned it',
  'size-mismatch': 'pass the size asked for, or use free, which needs none',
  'alignment-mismatch': 'pass the alignment asked for, or use free',
};

/** Columns of a line of a message. */
const WIDTH = 80;

/**
 * Misuse of a `DebugHeap`. Where it was an operation that found it, that operation was not carried out. The message
 * says what was done to which block, and what to do about it.
 * @example
 * ```js
 * const found = [];
 * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)), { onMisuse: (error) => found.push(error) });
 * const block = heap.tagged('parser', () => heap.malloc(100));
 * heap.free(block + 4);
 * const [{ kind, operation, block: { size, tag } }] = found;
 * [kind, operation, size, tag];   // => ['interior', 'free', 100, 'parser']
 * found[0].message.includes('keep the address that malloc returned');   // => true
 * ```
 */
export class HeapMisuseError extends Error {
  override readonly name = 'HeapMisuseError';
  readonly kind: MisuseKind;
  readonly operation: Operation;
  /** The address that was given, or that of the damaged block. */
  readonly address: number;
  /** The allocation it is about, where it is known: its number, the bytes asked for, its tag. */
  readonly block: {
    readonly serial: number;
    readonly address: number;
    readonly size: number;
    readonly tag: string;
  } | null;
  /** The bytes that were overwritten, where some were. */
  readonly damage: Damage | null;
  /** Who allocated the block and who freed it; empty where no stacks are taken, or it was not freed. */
  readonly allocatedBy: readonly Frame[];
  readonly freedBy: readonly Frame[];

  constructor(
    kind: MisuseKind,
    operation: Operation,
    address: number,
    what: string,
    block: GuardedBlock | null = null,
    damage: Damage | null = null,
  ) {
    const allocatedBy = frames(block?.allocatedBy);
    const freedBy = frames(block?.freedBy);
    const lines = [
      ...what.split('\n').flatMap(wrap),
      ...told('allocated by', allocatedBy),
      ...told('freed by', freedBy),
      `  what to do: ${ADVICE[kind]}`,
    ];
    if (block !== null && block.allocatedBy === null) {
      lines.push('  to see where it was allocated: new DebugHeap(heap, { stackDepth: 16 })');
    }
    super(lines.join('\n'));
    this.kind = kind;
    this.operation = operation;
    this.address = address;
    this.block =
      block === null
        ? null
        : { serial: block.serial, address: block.address, size: block.size, tag: block.tag };
    this.damage = damage;
    this.allocatedBy = allocatedBy;
    this.freedBy = freedBy;
  }

  /**
   * For `JSON.stringify`: all fields, and the message.
   * @example
   * ```js
   * const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
   * heap.view[heap.malloc(10) + 10] = 7;
   * const [error] = JSON.parse(JSON.stringify(heap.damages()));
   * [error.kind, error.damage.offset, error.damage.found];   // => ['overflow', 10, 7]
   * ```
   */
  toJSON(): object {
    const { kind, operation, address, block, damage, allocatedBy, freedBy, message } = this;
    return { kind, operation, address, block, damage, allocatedBy, freedBy, message };
  }
}

/** The bytes around a block, or those of a freed one, are not as they were left. */
export function damaged(
  kind: 'overflow' | 'underflow' | 'write-after-free',
  operation: Operation,
  block: GuardedBlock,
  damage: Damage,
): HeapMisuseError {
  const { offset, length, found, expected } = damage;
  const where = {
    overflow: 'past the end',
    underflow: 'before the start',
    'write-after-free': 'after the free',
  };
  const bytes =
    length === 1
      ? `offset ${offset}: ${hex(found)}`
      : `offsets ${offset} to ${offset + length - 1}: the first is ${hex(found)}`;
  const what = `write ${where[kind]} of ${describeBlock(block)}\n  ${bytes} instead of ${hex(expected)}; found by ${operation}`;
  return new HeapMisuseError(kind, operation, block.address, what, block, damage);
}

/** The block at the address was freed. @param now another one that lies around the address since */
export function freedAlready(
  operation: Operation,
  address: number,
  block: GuardedBlock,
  now: Surroundings | null,
): HeapMisuseError {
  const kind = operation === 'free' || operation === 'freeSized' ? 'double-free' : 'use-after-free';
  const did = kind === 'double-free' ? 'double free' : `${operation} after the free`;
  const since = now === null ? '' : `\n  there now: ${describePlace(address, now)}`;
  return new HeapMisuseError(kind, operation, address, `${did} of ${describeBlock(block)}${since}`, block);
}

/** The address lies inside a block, or in the red zone around it. */
export function interior(operation: Operation, address: number, where: Surroundings): HeapMisuseError {
  const what = `${operation}(${hex(address)}): no block, but an address\n  at ${describePlace(address, where)}`;
  return new HeapMisuseError('interior', operation, address, what, where.block);
}

/** No block is known at or around the address. */
export function foreign(operation: Operation, address: number, why: string): HeapMisuseError {
  const what = `${operation}(${hex(address)}): no block\n  ${why}`;
  return new HeapMisuseError('foreign', operation, address, what);
}

/** freeSized was told something else about the block than malloc. */
export function mismatch(
  kind: 'size-mismatch' | 'alignment-mismatch',
  block: GuardedBlock,
  given: number,
): HeapMisuseError {
  const said =
    kind === 'size-mismatch'
      ? `freed with a size of ${given}`
      : `freed with ${alignmentOf(given)}, asked for with ${alignmentOf(block.align)}`;
  const what = `freeSized: the wrong ${kind === 'size-mismatch' ? 'size' : 'alignment'} for ${describeBlock(block)}\n  ${said}`;
  return new HeapMisuseError(kind, 'freeSized', block.address, what, block);
}

function alignmentOf(align: number): string {
  return align === 0 ? 'no alignment' : `an alignment of ${align}`;
}

/** `offset 16 of the freed allocation 17 (100 bytes at 0x1240, tag parser)` */
function describePlace(address: number, { block, isFreed }: Surroundings): string {
  return `offset ${address - block.address} of ${isFreed ? 'the freed ' : ''}${describeBlock(block)}`;
}

/** `allocation 17 (100 bytes at 0x1240, tag parser)` */
function describeBlock({ serial, size, address, tag }: GuardedBlock): string {
  const bytes = size === 1 ? '1 byte' : `${size} bytes`;
  return `allocation ${serial} (${bytes} at ${hex(address)}${tag === '' ? '' : `, tag ${tag}`})`;
}

/** A line in lines of at most `WIDTH` columns, broken at spaces where it has some. */
function wrap(line: string): string[] {
  const space = line.lastIndexOf(' ', WIDTH);
  if (line.length <= WIDTH || line.slice(0, space).trim() === '') return [line];
  return [line.slice(0, space), ...wrap(`    ${line.slice(space + 1)}`)];
}

function told(by: string, stack: readonly Frame[]): string[] {
  const indent = ' '.repeat(by.length + 3);
  return stack.map((frame, i) => {
    const start = i === 0 ? `  ${by} ` : indent;
    return `${start}${formatFrame(frame, WIDTH - start.length)}`;
  });
}

function frames(stack: CallStack | null | undefined): Frame[] {
  return stack?.frames() ?? [];
}
