/**
 * A recording as all contenders replay it, C programs among them: decoded once, into one file of columns.
 *
 *   3 words of 32 bits   operations n; slots; the most bytes ever live
 *   n × 32 bits          slot of each operation
 *   n × 32 bits          bytes requested; 0 for a free
 *   n × 8 bits           what it does: OP_* of the lab's traces
 *   n × 8 bits           log2 of the alignment asked for
 *
 * All little-endian. At the end of the recording stand frees of the blocks it leaves live, so that a replay is a whole
 * life of the heap and can be repeated. malloc(0) asks for one byte, as in every replay of the lab.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Trace } from '@freehold/lab';

export const OP_ALLOCATE = 0;
export const OP_ZEROED = 1;
export const OP_ALIGNED = 2;
export const OP_REALLOCATE = 3;
export const OP_FREE = 4;

const HEAD_WORDS = 3;

export interface Operations {
  readonly length: number;
  /** The most blocks ever live at once; slots are dense. */
  readonly slots: number;
  /** The most bytes ever requested and live at once. */
  readonly peakBytes: number;
  readonly slot: Uint32Array;
  readonly size: Uint32Array;
  readonly op: Uint8Array;
  readonly align: Uint8Array;
}

/** @throws RangeError where a request, or all live blocks together, are of 4 GiB or more: half of the contenders have addresses of 32 bits */
export function operationsOf(trace: Trace): Operations {
  const left = leftLive(trace);
  const { slots } = trace;
  const length = trace.length + left.length;
  const slot = new Uint32Array(length);
  const size = new Uint32Array(length);
  const op = new Uint8Array(length).fill(OP_FREE);
  const align = new Uint8Array(length);
  slot.set(trace.slot);
  slot.set(left, trace.length);
  op.set(trace.op);
  align.set(trace.align);
  const requested = new Float64Array(slots);
  let liveBytes = 0;
  let peakBytes = 0;
  for (let i = 0; i < trace.length; i++) {
    const bytes = op[i] === OP_FREE ? 0 : trace.size[i]! || 1;
    if (bytes >= 2 ** 32) {
      throw new RangeError(
        `${trace.name}: operation ${i + 1} requests ${bytes} bytes; less than 4 GiB allowed`,
      );
    }
    size[i] = bytes;
    liveBytes += bytes - requested[slot[i]!]!;
    requested[slot[i]!] = bytes;
    peakBytes = Math.max(peakBytes, liveBytes);
  }
  if (peakBytes >= 2 ** 32) {
    throw new RangeError(`${trace.name}: ${peakBytes} bytes live at once; less than 4 GiB allowed`);
  }
  return { length, slots, peakBytes, slot, size, op, align };
}

/** The slots that hold a block when the recording ends. */
function leftLive(trace: Trace): number[] {
  const live = new Uint8Array(trace.slots);
  for (let i = 0; i < trace.length; i++) live[trace.slot[i]!] = trace.op[i] === OP_FREE ? 0 : 1;
  return [...live.keys()].filter((slot) => live[slot] === 1);
}

export function writeOperations(path: string, operations: Operations): void {
  const { length, slots, peakBytes, slot, size, op, align } = operations;
  const head = Uint32Array.of(length, slots, peakBytes);
  const columns = [head, slot, size, op, align].map((column) => Buffer.from(column.buffer));
  writeFileSync(path, Buffer.concat(columns));
}

export function readOperations(path: string): Operations {
  const { buffer } = new Uint8Array(readFileSync(path));
  const [length = 0, slots = 0, peakBytes = 0] = new Uint32Array(buffer, 0, HEAD_WORDS);
  const words = (column: number) => new Uint32Array(buffer, 4 * (HEAD_WORDS + column * length), length);
  const bytes = (column: number) =>
    new Uint8Array(buffer, 4 * (HEAD_WORDS + 2 * length) + column * length, length);
  return { length, slots, peakBytes, slot: words(0), size: words(1), op: bytes(0), align: bytes(1) };
}
