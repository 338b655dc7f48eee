/** A file on disk as something to map, read and written through Node's file system. */

import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { platform } from 'node:process';
import { INSPECT, summary } from 'freehold';
import type { FileSource } from '../vm/page-cache/file-source.js';

/** Absent on Windows. */
const NON_BLOCKING = constants.O_NONBLOCK ?? 0;
/** A terminal that is opened does not become that of this process. */
const NO_TERMINAL = constants.O_NOCTTY ?? 0;

/**
 * File systems of Linux whose files are made up when they are read: regular by name, but of any size they like, some
 * endless, some waited for, some with a memory or a device behind them. Numbers of include/uapi/linux/magic.h.
 */
const MADE_UP: ReadonlySet<number> = new Set([
  0x9fa0, // proc
  0x6265_6572, // sysfs
  0x6462_6720, // debugfs
  0x7472_6163, // tracefs
  0x7363_6673, // securityfs
  0x6265_6570, // configfs
  0x0027_e0eb, // cgroup
  0x6367_7270, // cgroup2
  0xcafe_4a11, // bpf
  0xde5e_81e4, // efivarfs
  0xf97c_ff8c, // selinuxfs
]);

export interface NodeFileOptions {
  /** The right to write to the file. Never had unless it is given here. */
  readonly writable?: boolean;
  /** Shown instead of the path. */
  readonly name?: string;
}

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
  private readonly opened: string;

  /**
   * Opens the file, for reading only unless `writable` is given. Links in the path are followed. Which files may be
   * written is not decided here: see `HostFiles`.
   * @throws what opening throws, for example ENOENT; Error EACCES when it is not a regular file, or is one of /proc,
   * /sys and the like. Devices and pipes are not opened at all.
   */
  constructor(path: string, options: NodeFileOptions = {}) {
    this.path = options.name ?? path;
    this.writable = options.writable ?? false;
    this.opened = path;
    // To open a device or a pipe may do something already.
    if (!statSync(path).isFile()) throw notRegular(path);
    const access = this.writable ? constants.O_RDWR : constants.O_RDONLY;
    // Should it have become a pipe since: that would be waited for, until someone writes to it.
    this.descriptor = openSync(path, access | NON_BLOCKING | NO_TERMINAL);
    try {
      const stat = fstatSync(this.descriptor);
      if (!stat.isFile()) throw notRegular(path);
      if (isMadeUp(this.descriptor, path)) {
        throw refusal(`${path} is made up by the kernel of this machine: only files on disk can be mapped`);
      }
      this.device = deviceNumbers(stat.dev);
      this.inode = stat.ino;
    } catch (error) {
      closeSync(this.descriptor);
      throw error;
    }
  }

  get version(): string {
    const { mtimeNs, size } = fstatSync(this.descriptor, { bigint: true });
    return `${mtimeNs} ${size}`;
  }

  get size(): number {
    return fstatSync(this.descriptor).size;
  }

  /** How many names the file has (hard links): 0 once it is deleted. */
  get links(): number {
    return fstatSync(this.descriptor).nlink;
  }

  /**
   * Where the file that is open lies, without links: asked of the open file itself, so that nobody can put another in
   * its place meanwhile. Null where that cannot be told.
   */
  get realPath(): string | null {
    if (platform === 'linux') {
      try {
        return readlinkSync(`/proc/self/fd/${this.descriptor}`);
      } catch {
        // No /proc here.
      }
    }
    try {
      const path = realpathSync(this.opened);
      const there = statSync(path);
      const { dev, ino } = fstatSync(this.descriptor);
      return there.dev === dev && there.ino === ino ? path : null;
    } catch {
      return null;
    }
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

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * const file = new NodeFile(process.execPath);
   * file.toJSON().writable;   // => false
   * file.close();
   * ```
   */
  toJSON(): object {
    return { path: this.path, size: this.size, writable: this.writable };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}

function notRegular(path: string): Error {
  return refusal(`${path} is not a regular file: only regular files can be mapped`);
}

function refusal(message: string): Error {
  return Object.assign(new Error(message), { code: 'EACCES' });
}

function isMadeUp(descriptor: number, path: string): boolean {
  if (platform !== 'linux') return false;
  try {
    return MADE_UP.has(statfsSync(`/proc/self/fd/${descriptor}`).type);
  } catch {
    return MADE_UP.has(statfsSync(path).type);
  }
}

/** Major and minor number in a device number of Linux. */
function deviceNumbers(device: number): readonly [number, number] {
  return [(device >>> 8) & 0xfff, (device & 0xff) | ((device >>> 12) & 0xf_ff00)];
}
