/**
 * What a range is mapped to: the part of a memory descriptor that tells where its bytes come from. An allocator hands
 * out addresses and touches no byte, so it does the same whether they lie in memory, in a file or on a device; whoever
 * reads and writes them asks here.
 */
import { checkOptions } from '../arguments.js';
import { display } from '../display.js';

const MAPPED_KINDS = ['file', 'device'] as const;

/** A file or device mapped into memory, as by mmap. */
export interface MemoryMapping {
  readonly kind: (typeof MAPPED_KINDS)[number];
  /** Which one: a path, or any name that its owner knows it by. */
  readonly name: string;
  /** Where in the file or device the first byte of the range lies, in bytes; 0 when left out. */
  readonly offset?: number;
}

const FIELDS: Readonly<Record<keyof MemoryMapping, true>> = { kind: true, name: true, offset: true };

/**
 * A copy with the offset filled in.
 * @param bytes of the range
 * @throws RangeError naming the field that is not as MemoryMapping says, TypeError where it is none
 */
export function settleMapping(mapping: MemoryMapping, bytes: number): Required<MemoryMapping> {
  checkOptions('mapping', mapping, FIELDS);
  const { kind, name, offset = 0 } = mapping;
  if (!MAPPED_KINDS.includes(kind)) {
    throw new RangeError(
      `the kind of a mapping must be one of ${MAPPED_KINDS.join(', ')}, got ${display(kind)}`,
    );
  }
  if (typeof name !== 'string' || name === '') {
    throw new RangeError(`a mapping must name its ${kind}, got ${JSON.stringify(name)}`);
  }
  const most = Number.MAX_SAFE_INTEGER - bytes;
  if (!(Number.isSafeInteger(offset) && offset >= 0 && offset <= most)) {
    throw new RangeError(
      `the offset of a mapping must be a whole number of bytes from 0 to ${most}, got ${display(offset)}`,
    );
  }
  return { kind, name, offset };
}
