/** The indexed fits place every block of recorded programs where the naive lists do. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { IndexedFit, NaiveAllocator, type Segment, type SegmentOptions } from 'freehold';
import { describe, expect, it } from 'vitest';
import { openTrace } from '../src/formats/open.js';
import { OP_FREE, OP_REALLOCATE, type Trace } from '../src/trace/trace.js';
import { shared } from './recordings.js';

const SAMPLES = fileURLToPath(new URL('../../../samples/', import.meta.url));
const OPERATIONS_MAX = 1200;

const recordings = [
  ...['git', 'lua', 'nginx', 'ruby'].map((name) => `${SAMPLES}${name}.trace.gz`),
  ...(sharedTraces() ?? []),
];

const policies: Partial<SegmentOptions>[] = [
  { fit: 'first' },
  { fit: 'first', order: 'newest-first', coalesce: false },
  { fit: 'next', order: 'newest-last', header: 8 },
  { fit: 'next', minRemainder: 48 },
  { fit: 'best' },
  { fit: 'best', order: 'newest-first', header: 16 },
  { fit: 'worst' },
  { fit: 'worst', order: 'size-up', coalesce: false },
];

describe.each(recordings.map((path) => [path.split('/').at(-1), path]))('%s', (_name, path) => {
  it('is placed alike by both, whatever the policy', async () => {
    const trace = await openTrace(path);
    for (const policy of policies) {
      const options = { capacity: 4096, growBy: 4096, align: 16, block: 16, ...policy };
      const naive = new NaiveAllocator(options);
      const indexed = new IndexedFit(options);
      replay(trace, naive, indexed);
      naive.check();
      indexed.check();
    }
  });
});

/** Throws at the first address or free list that differs. A realloc that cannot stay moves. */
function replay({ length, op, slot, size, align, slots }: Trace, naive: NaiveAllocator, indexed: IndexedFit) {
  const addresses = new Float64Array(slots).fill(-1);
  for (let i = 0; i < Math.min(length, OPERATIONS_MAX); i++) {
    const address = addresses[slot[i]];
    const bytes = size[i] || 1;
    if ((op[i] === OP_FREE || op[i] === OP_REALLOCATE) && address >= 0) {
      if (op[i] === OP_REALLOCATE) {
        const stays = naive.resize(address, bytes);
        if (indexed.resize(address, bytes) !== stays) expect.fail(`operation ${i}: one stays, one does not`);
        if (stays) continue;
      }
      naive.free(address);
      indexed.free(address);
      addresses[slot[i]] = -1;
    }
    if (op[i] !== OP_FREE) {
      const given = naive.allocate(bytes, 2 ** align[i]);
      const other = indexed.allocate(bytes, 2 ** align[i]);
      if (given === null || other !== given) expect.fail(`operation ${i}: at ${given}, and at ${other}`);
      addresses[slot[i]] = given;
    }
    const lists = [text(naive.freeList()), text(indexed.freeList())];
    if (lists[0] !== lists[1]) expect.fail(`operation ${i}: free are ${lists.join(', and ')}`);
  }
}

function text(segments: readonly Segment[]): string {
  return segments.map(({ start, end }) => `${start}-${end}`).join(' ');
}

function sharedTraces(): string[] | undefined {
  const folder = shared('traces');
  return folder === null
    ? undefined
    : readdirSync(folder)
        .filter((name) => /^(ssh|grep|haskell|onoro|syn-mix-realloc)/.test(name))
        .map((name) => `${folder}/${name}`);
}
