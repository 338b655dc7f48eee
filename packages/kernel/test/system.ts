/** Booted machines for tests, with files in memory. */
import { expect } from 'vitest';
import { KernelError } from '../src/errors.js';
import { Kernel, type KernelOptions } from '../src/kernel.js';
import type { Process } from '../src/process/process.js';
import { MemoryFile } from '../src/vm/page-cache/file-source.js';
import { DATA, elfBytes, makeElf, TEXT } from './elf-file.js';

export interface TestSystem {
  readonly kernel: Kernel;
  /** By path; a test may put more in. */
  readonly files: Map<string, Uint8Array>;
  /** Every file that was opened, in order. */
  readonly opened: MemoryFile[];
}

/** The bytes of `/data/pages`, four pages and a half. */
export const FILE_BYTES = 4.5 * 4096;

export function bootForTest(options: Omit<KernelOptions, 'openFile'> = {}): TestSystem {
  const pie = [
    { ...TEXT, address: 0 },
    { ...DATA, address: 0x2800 },
  ];
  const files = new Map<string, Uint8Array>([
    ['/bin/program', makeElf({ bytes: 0x3000 })],
    ['/bin/pie', makeElf({ type: 3, entry: 0x400, segments: pie, interpreter: '/lib/ld.so' })],
    ['/bin/script', new TextEncoder().encode('#! /bin/program -x\nline\n')],
    ['/bin/broken', makeElf({ bytes: 0x2000 })],
    ['/data/pages', elfBytes(FILE_BYTES)],
  ]);
  const opened: MemoryFile[] = [];
  const nodes = new Map<string, MemoryFile>();
  const kernel = new Kernel({
    memoryBytes: 16 * 2 ** 20,
    ...options,
    openFile(path) {
      const bytes = files.get(path);
      if (bytes === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
      // One inode a file, however often it is opened.
      const known = nodes.get(path);
      const file = known?.bytes === bytes ? known : new MemoryFile(path, bytes);
      nodes.set(path, file);
      opened.push(file);
      return file;
    },
  });
  return { kernel, files, opened };
}

/** Bytes of a page. */
export const PAGE = 4096;

export function boot(memoryBytes?: number) {
  const system = bootForTest(memoryBytes === undefined ? {} : { memoryBytes });
  const { kernel } = system;
  const init = kernel.process(1);
  return { ...system, init, child: kernel.processes.fork(init) };
}

/** The code that a refused call tells, or 'accepted'. */
export function code(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof KernelError) return error.code;
    throw error;
  }
  return 'accepted';
}

/** What the call gives; null where it is refused for want of memory, which nothing else may refuse. */
export function orNull<T>(call: () => T): T | null {
  try {
    return call();
  } catch (error) {
    if (error instanceof KernelError && (error.code === 'ENOMEM' || error.code === 'OOM')) return null;
    throw error;
  }
}

/** The areas of a process, a line each. */
export function maps(process: Process): string[] {
  return [...process.space.areas].map(({ start, end, permissions, inode, name }) =>
    [start.toString(16), end.toString(16), permissions, inode?.path ?? name ?? ''].join(' ').trim(),
  );
}

/** Ends everything and expects every frame back. */
export function endAll(kernel: Kernel): void {
  kernel.check();
  expect(kernel.shutDown()).toBe(kernel.freeFramesAtBoot);
  kernel.pages.check();
  kernel.slab.check();
}
