/** What users wait for: each case makes its heap with a build's core and gives the work to be timed. */
import type * as Core from 'freehold';
import { WebAssembly } from '../heap/webassembly.js';

/** Works `count` times. */
type Work = (count: number) => void;

export interface SpeedCase {
  readonly id: string;
  readonly what: string;
  /** At most so many times the other build's time. */
  readonly goal: number;
  /** Operations in a batch. */
  readonly batch: number;
  /** Batches that are not timed, and timed ones; the median of these counts. */
  readonly warmUp: number;
  readonly batches: number;
  prepare(core: typeof Core): Work;
}

const wasm = (shared: boolean) => new WebAssembly.Memory({ initial: 16, maximum: 65536, shared });
/** Kept, so that the engine cannot leave the work out. */
export const sink = { value: 0 };

const views = { goal: 0.4, batch: 100_000, warmUp: 5, batches: 15 };
const clearing = { goal: 0.5, batch: 2000, warmUp: 10, batches: 21 };

export const SPEED_CASES: readonly SpeedCase[] = [
  { id: 'calloc-shared', what: 'calloc of 64 KiB, SharedArrayBuffer', ...clearing, prepare: callocShared },
  {
    id: 'calloc-wasm',
    what: 'calloc of 64 KiB, shared WebAssembly.Memory',
    ...clearing,
    prepare: (core) => calloc(core.Heap.create(wasm(true))),
  },
  { id: 'view', what: 'heap.view, WebAssembly.Memory', ...views, prepare: (core) => view(core, false) },
  { id: 'array', what: 'array.view, WebAssembly.Memory', ...views, prepare: (core) => array(core, false) },
  { id: 'array-shared', what: 'array.view, shared one', ...views, prepare: (core) => array(core, true) },
  {
    id: 'debug-heap',
    what: 'DebugHeap, quarantine 0, 200,000 live blocks',
    goal: 0.1,
    batch: 10_000,
    warmUp: 2,
    batches: 7,
    prepare: debugHeap,
  },
  {
    id: 'grow',
    what: 'growth to 400 MiB as the ninth memory',
    goal: 0.3,
    batch: 1,
    warmUp: 0,
    batches: 1,
    prepare: ninth,
  },
];

function callocShared(core: typeof Core): Work {
  return calloc(core.Heap.create(new SharedArrayBuffer(2 ** 20)));
}

function calloc(heap: Core.Heap): Work {
  heap.free(heap.malloc(2 ** 17));
  return (count) => {
    for (let i = 0; i < count; i++) heap.free(heap.calloc(1, 65536));
  };
}

function view(core: typeof Core, shared: boolean): Work {
  const heap = core.Heap.create(wasm(shared));
  return (count) => {
    for (let i = 0; i < count; i++) sink.value += heap.view.length;
  };
}

function array(core: typeof Core, shared: boolean): Work {
  const made = core.Heap.create(wasm(shared)).array(Float64Array, 100)!;
  return (count) => {
    for (let i = 0; i < count; i++) sink.value += made.view.length;
  };
}

function debugHeap(core: typeof Core): Work {
  const heap = new core.DebugHeap(core.Heap.create(new ArrayBuffer(2 ** 26)), { quarantine: 0 });
  for (let i = 0; i < 200_000; i++) heap.malloc(24);
  return (count) => {
    for (let i = 0; i < count; i++) heap.free(heap.malloc(24));
  };
}

function ninth(core: typeof Core): Work {
  const others = Array.from({ length: 8 }, () => wasm(false));
  const heap = core.Heap.create(wasm(false));
  return () => {
    while (heap.memory.byteLength < 400 * 2 ** 20) heap.malloc(2 ** 20);
    sink.value += others.length;
  };
}
