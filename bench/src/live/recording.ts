/**
 * A recording with so many blocks live at once, as text (CS:APP's malloc lab): blocks come, one in eight calls frees any
 * of those live, until enough are live; then a tenth of them is replaced. All that are left stay live to the end.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { Random } from '@freehold/lab';

/** Sizes of real programs are small for the most part: 9 of 10 up to this many bytes... */
const SMALL_MAX = 96;
/** ...the others up to this. */
const LARGE_MAX = 512;
const SEED = 11;
const PIECE = 2 ** 20;

interface Plan {
  readonly allocations: number;
  readonly operations: number;
  readonly peakBytes: number;
}

/** @returns the number of operations written */
export function writeRecording(path: string, blocks: number): number {
  // The header tells how many there are of everything: one run counts, another writes.
  const { allocations, operations, peakBytes } = run(blocks, () => {});
  const file = openSync(path, 'w');
  let text = `${peakBytes}\n${allocations}\n${operations}\n1\n`;
  run(blocks, (line) => {
    text += line;
    if (text.length < PIECE) return;
    writeSync(file, text);
    text = '';
  });
  writeSync(file, text);
  closeSync(file);
  return operations;
}

function run(blocks: number, write: (line: string) => void): Plan {
  const random = new Random(SEED);
  const live = new Uint32Array(blocks);
  const sizes = new Uint32Array(blocks);
  let count = 0;
  let bytes = 0;
  let peakBytes = 0;
  let allocations = 0;
  let operations = 0;
  const allocate = () => {
    const size = 1 + random.below(random.below(10) === 0 ? LARGE_MAX : SMALL_MAX);
    write(`a ${allocations} ${size}\n`);
    live[count] = allocations++;
    sizes[count++] = size;
    bytes += size;
    peakBytes = Math.max(peakBytes, bytes);
    operations++;
  };
  const free = () => {
    const i = random.below(count);
    write(`f ${live[i]}\n`);
    bytes -= sizes[i]!;
    live[i] = live[--count]!;
    sizes[i] = sizes[count]!;
    operations++;
  };
  while (count < blocks) {
    if (count > 0 && random.below(8) === 0) free();
    else allocate();
  }
  for (let i = 0; i < blocks / 10; i++) {
    free();
    allocate();
  }
  return { allocations, operations, peakBytes };
}
