/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The files of the machine that Node runs on, as the programs of a kernel reach them: all that this process may read
 * can be read, none is written unless it lies in a folder that was named. A program that maps another file to write
 * to it gets a copy in memory, which every program of the kernel then sees in the file's place.
 *
 * What counts is the file that was opened, not its name: links, `..` and folders put in another's place since lead
 * nowhere else. A file with more names than one (hard links) is not written to, as another of them may lie outside.
 * What this cannot see: a hard link made after the file was opened, and another file system bound into the folder.
 */

import { realpathSync, statSync } from 'node:fs';
import { sep } from 'node:path';
import { INSPECT, summary } from 'freehold';
import type { OpenFile } from '../process/process-table.js';
import { FileCopy } from '../vm/page-cache/file-copy.js';
import type { FileSource } from '../vm/page-cache/file-source.js';
import { NodeFile } from './node-file.js';

/** Why a file is not written to: it lies in no folder that may be written, or has more names than one. */
export type CopyReason = 'outside' | 'linked';

export interface HostFilesOptions {
  /** Folders in which files may be written; none when left out. Links in their own names are followed at once. */
  readonly writable?: readonly string[];
  /** Called when a file is opened to be written and a copy takes its place: once for each file. */
  readonly onCopy?: (path: string, reason: CopyReason) => void;
  /** The most bytes that all copies hold; 1 GiB when left out. A write past it is refused with ENOSPC. */
  readonly copyBytesMax?: number;
}

const COPY_BYTES_MAX = 2 ** 30;

/**
 * The files of this machine for one kernel: read-only but for the folders named.
 * @example
 * ```js
 * const copied = [];
 * using files = new HostFiles({ onCopy: (path, reason) => copied.push(reason) });
 * const kernel = new Kernel({ openFile: files.open });
 * const inode = kernel.processes.open(process.execPath, true);
 * const shared = { length: 4096, inode, shared: true, protection: PROT_READ | PROT_WRITE };
 * const at = kernel.process(1).mmap(shared);
 * // Written in memory: the file on disk stays as it is.
 * kernel.process(1).space.store8(at, 0);
 * copied;   // => ['outside']
 * new HostFiles({ writable: ['/no/such/folder'] });   // => throws Error: ENOENT
 * ```
 */
export class HostFiles implements Disposable {
  private readonly folders: readonly string[];
  private readonly options: HostFilesOptions;
  private readonly copies = new Map<string, FileCopy>();
  private copiedBytes = 0;

  /** @throws what the system says where a folder is not there; Error ENOTDIR where it is not a folder */
  constructor(options: HostFilesOptions = {}) {
    this.options = options;
    this.folders = (options.writable ?? []).map((folder) => {
      if (!statSync(folder).isDirectory())
        throw Object.assign(new Error(`${folder} is not a folder`), { code: 'ENOTDIR' });
      return realpathSync(folder);
    });
  }

  /**
   * For `KernelOptions.openFile`.
   * @throws what `NodeFile` throws
   */
  readonly open: OpenFile = (path: string, toWrite: boolean): FileSource => {
    const file = new NodeFile(path);
    const key = `${file.device.join(':')}:${file.inode}`;
    const copy = this.copies.get(key);
    if (copy !== undefined) {
      file.close();
      return copy;
    }
    if (!toWrite) return file;
    const reason = this.whyNotWritten(file);
    if (reason === null) {
      file.close();
      return this.openToWrite(path);
    }
    const fresh = new FileCopy(file, (bytes) => this.reserve(bytes));
    this.copies.set(key, fresh);
    this.options.onCopy?.(path, reason);
    return fresh;
  };

  /** Forgets the copies, and what was written to them. No kernel may use the files any more. */
  [Symbol.dispose](): void {
    for (const copy of this.copies.values()) copy.closeOriginal();
    this.copies.clear();
    this.copiedBytes = 0;
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * using files = new HostFiles();
   * files.toJSON();   // => { writable: [], copies: 0, copiedBytes: 0 }
   * ```
   */
  toJSON(): object {
    return { writable: this.folders, copies: this.copies.size, copiedBytes: this.copiedBytes };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  private openToWrite(path: string): FileSource {
    const file = new NodeFile(path, { writable: true });
    if (this.whyNotWritten(file) === null) return file;
    file.close();
    throw Object.assign(new Error(`${path} was replaced by another file while it was opened`), {
      code: 'EACCES',
    });
  }

  private whyNotWritten(file: NodeFile): CopyReason | null {
    const path = file.realPath;
    const inside = path !== null && this.folders.some((folder) => liesIn(path, folder));
    if (!inside) return 'outside';
    return file.links === 1 ? null : 'linked';
  }

  private reserve(bytes: number): void {
    const most = this.options.copyBytesMax ?? COPY_BYTES_MAX;
    if (this.copiedBytes + bytes > most) {
      throw Object.assign(new Error(`copies of files in memory hold ${most} bytes at most`), {
        code: 'ENOSPC',
      });
    }
    this.copiedBytes += bytes;
  }
}

/** Both without links. */
function liesIn(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
