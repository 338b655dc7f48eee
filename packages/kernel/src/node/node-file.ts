/** A file on disk as something to map, read and written through Node's file system. */
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { FileSource } from '../vm/file-source.js';

/** Absent on Windows. */
const NON_BLOCKING = constants.O_NONBLOCK ?? 0;

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

  read(offset: number, target: Uint8Array): number {
    let done = 0;
    while (done < target.length) {
      const bytes = readSync(this.descriptor, target, done, target.length - done, offset + done);
      if (bytes === 0) break;
      done += bytes;
    }
    return done;
  }

  write(offset: number, source: Uint8Array): void {
    for (let done = 0; done < source.length; ) {
      done += writeSync(this.descriptor, source, done, source.length - done, offset + done);
    }
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** Major and minor number in a device number of Linux. */
function deviceNumbers(device: number): readonly [number, number] {
  return [(device >>> 8) & 0xfff, (device & 0xff) | ((device >>> 12) & 0xf_ff00)];
}
