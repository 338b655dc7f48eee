/** Booted machines for tests, with files in memory. */
import { Kernel, type KernelOptions } from '../src/kernel.js';
import { MemoryFile } from '../src/vm/file-source.js';
import { DATA, elfByte, makeElf, TEXT } from './elf-file.js';

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
    ['/bin/program', makeElf()],
    ['/bin/pie', makeElf({ type: 3, entry: 0x400, segments: pie, interpreter: '/lib/ld.so' })],
    ['/bin/script', new TextEncoder().encode('#! /bin/program -x\nline\n')],
    ['/bin/broken', makeElf({ bytes: 0x2000 })],
    ['/data/pages', Uint8Array.from({ length: FILE_BYTES }, (_, at) => elfByte(at))],
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
