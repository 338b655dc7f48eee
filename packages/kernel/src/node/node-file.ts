/** A file on disk as something to map, read and written through Node's file system. */
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { FileSource } from '../vm/file-source.js';

/** Absent on Windows. */
const NON_BLOCKING = constants.O_NONBLOCK ?? 0;

/**
 * A file on disk, for the `openFile` of a Kernel. Pages are read as they are touched. An open one takes a file
 * descriptor.
 * @example
 * ```js
 * const openFile = (path, writable) => new NodeFile(path, { writable });
 * const kernel = new Kernel({ openFile });
 * const inode = kernel.processes.open(process.execPath, false);
 * const at = kernel.process(1).mmap({ length: inode.size, inode, protection: PROT_READ });
 * kernel.process(1).space.loadU8(at) > 0;   // => true
 * // The file is far larger; pages that were not touched were not read.
 * kernel.vm.cache.filePages;   // => 1
 * kernel.processes.open('/no/such/file', false);   // => throws ExecError: ENOENT
 * ```
 */
export class NodeFile implements FileSource {
  readonly path: string;
  readonly device: readonly [number, number];
  readonly inode: number;
  readonly writable: boolean;
  private readonly descriptor: number;

  /**
   * Opens the file; for reading only unless told otherwise. `name` is shown instead of the path.
   * @throws what opening throws, for example ENOENT; Error EACCES when it is no regular file
   */
  constructor(path: string, options: { readonly writable?: boolean; readonly name?: string } = {}) {
    this.path = options.name ?? path;
    this.writable = options.writable ?? false;
    // A pipe with a name would be waited for otherwise, until someone writes to it.
    this.descriptor = openSync(path, (this.writable ? constants.O_RDWR : constants.O_RDONLY) | NON_BLOCKING);
    const stat = fstatSync(this.descriptor);
    if (!stat.isFile()) {
      closeSync(this.descriptor);
      throw Object.assign(new Error(`${path} is no regular file: only these can be mapped`), {
        code: 'EACCES',
      });
    }
    this.device = deviceNumbers(stat.dev);
    this.inode = stat.ino;
  }

  get version(): string {
    const { mtimeNs, size } = fstatSync(this.descriptor, { bigint: true });
    return `${mtimeNs} ${size}`;
  }

  get size(): number {
    return fstatSync(this.descriptor).size;
  }

  /**
   * Reads from byte `offset` on into `target`, until it is full or the file ends. The page cache calls it, once for
   * each page.
   * @returns how many bytes; fewer than `target` has only at the end of the file
   * @throws Node's error, for example EBADF after `close`
   * @example
   * ```js
   * const file = new NodeFile(process.execPath);
   * const page = new Uint8Array(4096);
   * file.read(0, page);   // => 4096
   * file.read(file.size - 100, page);   // => 100
   * file.read(file.size, page);   // => 0
   * file.close();
   * ```
   */
  read(offset: number, target: Uint8Array): number {
    let done = 0;
    while (done < target.length) {
      const bytes = readSync(this.descriptor, target, done, target.length - done, offset + done);
      if (bytes === 0) break;
      done += bytes;
    }
    return done;
  }

  /**
   * Writes all of `source` at byte `offset`. The page cache calls it for dirty pages, never past the end of the
   * file.
   * @throws Node's error, for example EBADF when the file was opened for reading only, ENOSPC
   * @example
   * ```js
   * const fs = process.getBuiltinModule('node:fs');
   * const folder = fs.mkdtempSync(`${process.getBuiltinModule('node:os').tmpdir()}/freehold-`);
   * fs.writeFileSync(`${folder}/motd`, 'hello');
   * const file = new NodeFile(`${folder}/motd`, { writable: true });
   * file.write(0, new TextEncoder().encode('J'));
   * file.close();
   * fs.readFileSync(`${folder}/motd`, 'utf8');   // => 'Jello'
   * fs.rmSync(folder, { recursive: true });
   * ```
   */
  write(offset: number, source: Uint8Array): void {
    for (let done = 0; done < source.length; ) {
      done += writeSync(this.descriptor, source, done, source.length - done, offset + done);
    }
  }

  /**
   * Gives the file descriptor back. The page cache calls it when the file is neither open nor mapped any more.
   * @throws EBADF the second time
   * @example
   * ```js
   * const file = new NodeFile(process.execPath);
   * file.read(0, new Uint8Array(4));   // => 4
   * file.close();
   * file.read(0, new Uint8Array(4));   // => throws Error: EBADF
   * ```
   */
  close(): void {
    closeSync(this.descriptor);
  }
}

/** Major and minor number in a device number of Linux. */
function deviceNumbers(device: number): readonly [number, number] {
  return [(device >>> 8) & 0xfff, (device & 0xff) | ((device >>> 12) & 0xf_ff00)];
}
