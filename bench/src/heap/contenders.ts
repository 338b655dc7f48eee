/**
 * Who replays recordings side by side with the heap. Each runs in a process of its own; what it needs is looked for, or
 * compiled, once when the benchmark starts.
 */

import { Unfinished } from '../suite.js';
import { packageVersion } from './build.js';
import { freehold } from './freehold.js';
import { codemix, empty, thing } from './javascript.js';
import {
  compileReplay,
  emptyTime,
  findLibrary,
  nativeTime,
  nativeUtilisation,
  nativeVersion,
} from './native.js';
import { readOperations } from './operations.js';
import { type Pace, type Peer, slowCall, timeReplays, utilisation } from './replay.js';
import { compileDlmalloc, compileEmscripten, compileTlsf, DLMALLOC, EMSCRIPTEN, TLSF, wasm } from './wasm.js';

export type Side = 'freehold' | 'native' | 'other' | 'floor';

export interface HeapContender {
  readonly id: string;
  readonly what: string;
  readonly side: Side;
  /** How to have it on Debian. */
  readonly install: string;
  /** Makes it ready. @returns its version; null where it cannot be had on this machine */
  prepare(): string | null;
  /** Nanoseconds an operation. @param path a file of operations */
  time(path: string, pace: Pace): number | Promise<number>;
  /** Peak of live requested bytes ÷ peak footprint; absent from the floors, which have none. */
  utilisation?(path: string, pace: Pace): number | Promise<number>;
  /** The same by the growth of the process's resident size, every page written to: of the native ones only. */
  resident?(path: string): number;
  /** The 99.9th percentile of single calls, in nanoseconds: of the heap only. */
  slowCall?(path: string, pace: Pace): number;
}

const NPM = 'npm ci';
const CC = 'apt-get install gcc libc6-dev';

export const CONTENDERS: readonly HeapContender[] = [
  heap('heap', true),
  heap('heap-unchecked', false),
  native('glibc', 'the C library', [], CC),
  native('mimalloc', 'preloaded', ['libmimalloc.so.2.0', 'libmimalloc.so.2'], `${CC} libmimalloc2.0`),
  native('jemalloc', 'preloaded', ['libjemalloc.so.2'], `${CC} libjemalloc2`),
  native('tcmalloc', 'preloaded', ['libtcmalloc_minimal.so.4'], `${CC} libtcmalloc-minimal4`),
  peer({
    ...inProcess('dlmalloc', 'wasi-libc’s malloc in WebAssembly', () => wasm(DLMALLOC)),
    side: 'other',
    install: 'apt-get install clang lld wasi-libc libclang-rt-14-dev-wasm32',
    prepare: compileDlmalloc,
  }),
  peer({
    ...inProcess('emscripten', 'Emscripten’s malloc, multiples of 8', () => wasm(EMSCRIPTEN)),
    side: 'other',
    install: 'apt-get install clang lld wasi-libc libclang-rt-14-dev-wasm32 emscripten',
    prepare: compileEmscripten,
  }),
  peer({
    ...inProcess('as-tlsf', 'AssemblyScript’s TLSF in WebAssembly', () => wasm(TLSF)),
    side: 'other',
    install: NPM,
    prepare: compileTlsf,
  }),
  peer({
    ...inProcess('thi.ng', '@thi.ng/malloc, JavaScript', thing),
    side: 'other',
    install: NPM,
    prepare: () => packageVersion('@thi.ng/malloc'),
  }),
  peer({
    ...inProcess('codemix', 'malloc (codemix), JavaScript', codemix),
    side: 'other',
    install: NPM,
    prepare: () => packageVersion('malloc'),
  }),
  {
    id: 'empty',
    what: 'returns a constant, in JavaScript',
    side: 'floor',
    install: NPM,
    prepare: () => '',
    time: (path, pace) => timeReplays(readOperations(path), empty(), pace),
  },
  {
    id: 'empty-c',
    what: 'returns a constant, in C',
    side: 'floor',
    install: CC,
    prepare: () => (compileReplay() ? '' : null),
    time: emptyTime,
  },
];

/** One whose own errors leave it out, as a crash does a native one, and end nothing. */
export function peer(contender: HeapContender): HeapContender {
  const { time, utilisation } = contender;
  return {
    ...contender,
    time: (path, pace) => orUnfinished(() => time(path, pace)),
    ...(utilisation && { utilisation: (path, pace) => orUnfinished(() => utilisation(path, pace)) }),
  };
}

async function orUnfinished(measure: () => number | Promise<number>): Promise<number> {
  try {
    return await measure();
  } catch (error) {
    throw error instanceof Unfinished ? error : new Unfinished(String(error));
  }
}

function heap(id: string, checked: boolean): HeapContender {
  const open = () => freehold({ checked, zeroed: true });
  return {
    ...inProcess(id, checked ? 'freehold’s heap' : 'the same without the checks of free', open),
    side: 'freehold',
    install: NPM,
    prepare: () => packageVersion('freehold'),
    slowCall: (path, pace) => slowCall(readOperations(path), open(), pace),
  };
}

function native(id: string, what: string, libraries: readonly string[], install: string): HeapContender {
  const preload = () => (libraries.length === 0 ? null : findLibrary(libraries));
  return {
    id,
    what: `${what}, native`,
    side: 'native',
    install,
    prepare() {
      const library = preload();
      return library === null && libraries.length > 0 ? null : nativeVersion(library);
    },
    time: (path, pace) => nativeTime(path, preload(), pace),
    utilisation: (path) => nativeUtilisation(path, preload()).own,
    resident: (path) => nativeUtilisation(path, preload()).resident,
  };
}

/** One that is called from JavaScript. @param open makes a new heap, given the most bytes that will be live */
function inProcess(id: string, what: string, open: (peakBytes: number) => Peer | Promise<Peer>) {
  return {
    id,
    what,
    async time(path: string, pace: Pace): Promise<number> {
      const operations = readOperations(path);
      return timeReplays(operations, await open(operations.peakBytes), pace);
    },
    async utilisation(path: string, pace: Pace): Promise<number> {
      const operations = readOperations(path);
      return utilisation(operations, await open(operations.peakBytes), pace);
    },
  };
}
