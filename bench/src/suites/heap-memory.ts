/** The heap on every kind of memory that it can live in. */
import { geometricMean } from '@freehold/lab';
import type { MemorySource } from 'freehold';
import { freehold } from '../heap/freehold.js';
import { readOperations } from '../heap/operations.js';
import { LONG, QUICK, timeReplays } from '../heap/replay.js';
import { WebAssembly } from '../heap/webassembly.js';
import { find, ns, type Suite } from '../suite.js';
import { leftOut, operationsPath } from './heap.js';

const PAGE = 65536;
/** The most bytes that addresses of 32 bits reach. */
const MOST = 2 ** 32;

/** Of those that do not grow, `bytes` must do for all that is ever live. */
const KINDS: ReadonlyMap<string, (bytes: number) => MemorySource> = new Map(
  Object.entries<(bytes: number) => MemorySource>({
    fixed: (bytes) => new ArrayBuffer(bytes),
    resizable: () => new ArrayBuffer(PAGE, { maxByteLength: MOST }),
    shared: (bytes) => new SharedArrayBuffer(bytes),
    growable: () => new SharedArrayBuffer(PAGE, { maxByteLength: MOST }),
    wasm: () => new WebAssembly.Memory({ initial: 1, maximum: MOST / PAGE }),
    'shared wasm': () => new WebAssembly.Memory({ initial: 1, maximum: MOST / PAGE, shared: true }),
  }),
);

/** @param traces names of recordings whose operations are prepared */
export function heapMemory(traces: readonly string[]): Suite {
  const kinds = [...KINDS.keys()];
  return {
    id: 'heap-memory',
    title: 'The heap on each kind of memory, ns an operation',
    method: `As in the comparison with its peers, on each kind of memory: an ArrayBuffer that is large enough from the start (*fixed*)
and one that is resized, a SharedArrayBuffer and one that grows, a WebAssembly.Memory and a shared one. What grows, grows
in replays that are not timed: what is told apart is what V8 makes of a view of each.`,
    jobs: () => traces.flatMap((trace) => kinds.map((contender) => ({ contender, at: { trace } }))),
    async measure({ contender, at }, short) {
      const operations = readOperations(operationsPath(String(at['trace'])));
      const memory = KINDS.get(contender)!(4 * operations.peakBytes + 16 * PAGE);
      return timeReplays(operations, freehold({ zeroed: true }, memory), short ? QUICK : LONG);
    },
    tables(results) {
      const time = (kind: string, trace: string) => find(results, kind, 'trace', trace).median;
      const row = (title: string, figure: (kind: string) => number) => [
        title,
        ...kinds.map((kind) => (Number.isFinite(figure(kind)) ? ns(figure(kind)) : '–')),
      ];
      return [
        {
          head: ['trace', ...kinds],
          rows: [
            ...traces.map((trace) => row(trace, (kind) => time(kind, trace))),
            row('geometric mean', (kind) => geometricMean(traces.map((trace) => time(kind, trace)))),
          ],
        },
      ];
    },
    goals: () => [],
    notes: leftOut,
  };
}
