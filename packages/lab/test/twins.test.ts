/** The indexed fits place every block of recorded programs where the naive lists do. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FITS, IndexedFit, NaiveAllocator, ORDERS, type Segment, type SegmentOptions } from 'freehold';
import { describe, expect, it } from 'vitest';
import { openTrace } from '../src/node/open-trace.js';
import { OP_FREE, OP_REALLOCATE, type Trace } from '../src/trace/trace.js';
import { shared } from './recordings.js';

const SAMPLES = fileURLToPath(new URL('../../../samples/', import.meta.url));
const OPERATIONS_MAX = 2000;

type Policy = Partial<SegmentOptions>;

const recordings = [
  ...['git', 'lua', 'nginx', 'ruby', 'sqlite'].map((name) => `${SAMPLES}${name}.trace.gz`),
  ...(sharedTraces() ?? []),
];

const POLICIES = FITS.flatMap((fit) =>
  ORDERS.flatMap((order) => [true, false].map((coalesce): Policy => ({ fit, order, coalesce }))),
);

/** Seven, so that in turn each fit and order has each of them. */
const SETS: readonly Policy[] = [
  {},
  { header: 8 },
  { minRemainder: 48 },
  { header: 16, minRemainder: 32 },
  { block: 48 },
  { growBy: 65_536 },
  { align: 4, block: 1 },
];

/** Of each recording a few policies, so that all are had: which ones goes round. */
const POLICIES_EACH = 8;

describe.each(recordings.map((path, i) => [path.split('/').at(-1), path, i] as const))(
  '%s',
  (_name, path, recording) => {
    it('is placed alike by both, whatever the policy', async () => {
      const trace = await openTrace(path);
      for (let i = recording * POLICIES_EACH; i < (recording + 1) * POLICIES_EACH; i++) {
        const policy = { ...POLICIES[i % POLICIES.length], ...SETS[i % SETS.length] };
        const options = { capacity: 4096, growBy: 4096, align: 16, block: 16, ...policy };
        const naive = new NaiveAllocator(options);
        const indexed = new IndexedFit(options);
        replay(trace, naive, indexed, JSON.stringify(policy));
        naive.check();
        indexed.check();
      }
    });
  },
);

/** Throws at the first address or free list that differs. A realloc that cannot stay moves. */
function replay(trace: Trace, naive: NaiveAllocator, indexed: IndexedFit, policy: string) {
  const { length, op, slot, size, align, slots } = trace;
  const addresses = new Float64Array(slots).fill(-1);
  for (let i = 0; i < Math.min(length, OPERATIONS_MAX); i++) {
    const address = addresses[slot[i]];
    const bytes = size[i] || 1;
    if ((op[i] === OP_FREE || op[i] === OP_REALLOCATE) && address >= 0) {
      if (op[i] === OP_REALLOCATE) {
        const stays = naive.resize(address, bytes);
        if (indexed.resize(address, bytes) !== stays)
          expect.fail(`${policy}, operation ${i}: one stays, one does not`);
        if (stays) continue;
      }
      naive.free(address);
      indexed.free(address);
      addresses[slot[i]] = -1;
    }
    if (op[i] !== OP_FREE) {
      const given = naive.allocate(bytes, 2 ** align[i]);
      const other = indexed.allocate(bytes, 2 ** align[i]);
      if (given === null || other !== given)
        expect.fail(`${policy}, operation ${i}: at ${given}, and at ${other}`);
      addresses[slot[i]] = given;
    }
    const [free, other] = [naive.freeList(), indexed.freeList()];
    if (!alike(free, other))
      expect.fail(`${policy}, operation ${i}: free are ${text(free)}, and ${text(other)}`);
  }
}

function alike(a: readonly Segment[], b: readonly Segment[]): boolean {
  return a.length === b.length && a.every(({ start, end }, i) => start === b[i].start && end === b[i].end);
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
