/** Peers in WebAssembly, compiled when the benchmark starts and called from JavaScript. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Unfinished } from '../suite.js';
import { BUILD, compiled, findPackage } from './build.js';
import type { Malloc, Peer } from './replay.js';
import { type WasmMemory, WebAssembly } from './webassembly.js';

const source = (name: string) => fileURLToPath(new URL(`../../wasm/${name}`, import.meta.url));

export const DLMALLOC = join(BUILD, 'dlmalloc.wasm');
export const EMSCRIPTEN = join(BUILD, 'emscripten.wasm');
export const TLSF = join(BUILD, 'tlsf.wasm');

/** The functions that both modules export. */
interface Exports {
  readonly memory: WasmMemory;
  malloc(size: number): number;
  calloc(count: number, size: number): number;
  realloc(address: number, size: number): number;
  aligned_alloc?(align: number, size: number): number;
  free(address: number): void;
  malloc_usable_size(address: number): number;
  heap_base(): number;
}

/** dlmalloc 2.8.6, the malloc of wasi-libc. @returns the version, or null where the compiler or its library is missing */
export function compileDlmalloc(): string | null {
  return compileC(DLMALLOC, [source('dlmalloc.c')]) ? `dlmalloc of wasi-libc, ${clang()}` : null;
}

/** Where Debian's package has it; a checkout of Emscripten is named by EMSCRIPTEN_ROOT. */
const emscriptenRoot = process.env['EMSCRIPTEN_ROOT'] ?? '/usr/share/emscripten';

/**
 * The same as Emscripten builds it: units of 8 bytes, and nothing but sbrk. Compiled from the source that its package
 * brings, with what that sets for its own compiler. @returns as compileDlmalloc
 */
export function compileEmscripten(): string | null {
  const file = join(emscriptenRoot, 'system/lib/dlmalloc.c');
  if (!existsSync(file)) return null;
  const set = [
    'MALLOC_ALIGNMENT=8',
    'HAVE_MMAP=0',
    'MORECORE_CANNOT_TRIM=1',
    'ABORT=__builtin_unreachable()',
  ];
  const more = ['NO_MALLOC_STATS=1', 'NDEBUG', 'LACKS_TIME_H', 'USE_LOCKS=0', 'malloc_getpagesize=65536'];
  const defined = [...set, ...more].map((each) => `-D${each}`);
  if (!compileC(EMSCRIPTEN, [...defined, '-fno-builtin', source('dlmalloc.c'), file])) return null;
  return `dlmalloc of Emscripten, ${clang()}`;
}

function compileC(path: string, inputs: readonly string[]): boolean {
  const names = ['malloc', 'calloc', 'realloc', 'aligned_alloc', 'free', 'malloc_usable_size', 'heap_base'];
  const linked = names.map((name) => `-Wl,--export=${name}`);
  const args = ['--target=wasm32-wasi', '-O3', '-nostartfiles', '-mexec-model=reactor', '-Wl,--no-entry'];
  return compiled('clang', [...args, ...linked, '-o', path, ...inputs]);
}

function clang(): string {
  const { stdout } = spawnSync('clang', ['-dumpversion'], { encoding: 'utf8' });
  return `clang ${stdout.trim()}`;
}

/** The TLSF of AssemblyScript's runtime. @returns the version, or null where the package is missing */
export function compileTlsf(): string | null {
  const found = findPackage('assemblyscript');
  if (found === null) return null;
  const args = [join(found.folder, 'bin/asc.js'), source('tlsf.ts'), '--runtime', 'minimal', '-O3'];
  if (!compiled(process.execPath, [...args, '--outFile', TLSF])) return null;
  return `AssemblyScript ${found.version}, runtime minimal`;
}

class WasmMalloc implements Malloc {
  readonly malloc: (size: number) => number;
  readonly calloc: (count: number, size: number) => number;
  readonly realloc: (address: number, size: number) => number;
  readonly alignedAlloc: (align: number, size: number) => number;
  readonly free: (address: number) => void;
  private readonly memory: WasmMemory;
  private view: Uint8Array;

  constructor(exports: Exports) {
    this.malloc = exports.malloc;
    this.calloc = exports.calloc;
    this.realloc = exports.realloc;
    // AssemblyScript's has no alignment a call: requests for more than its 16 get 16.
    this.alignedAlloc = exports.aligned_alloc ?? ((_align, size) => exports.malloc(size));
    this.free = exports.free;
    this.memory = exports.memory;
    this.view = new Uint8Array(exports.memory.buffer);
  }

  /** A view is empty once the memory has grown. */
  get bytes(): Uint8Array {
    if (this.view.length === 0) this.view = new Uint8Array(this.memory.buffer);
    return this.view;
  }
}

export async function wasm(path: string): Promise<Peer> {
  // AssemblyScript imports where it reports what it cannot serve.
  const abort = () => {
    throw new Unfinished('aborted');
  };
  const { instance } = await WebAssembly.instantiate(readFileSync(path), { env: { abort } });
  // Which exports there are, the two sources above say; malloc's addresses stay below 2 GiB in all recordings.
  const exports = instance.exports as unknown as Exports;
  const base = exports.heap_base();
  const malloc = new WasmMalloc(exports);
  return {
    malloc,
    memory: malloc,
    usableSize: exports.malloc_usable_size,
    footprint: (end) => end - base,
  };
}
