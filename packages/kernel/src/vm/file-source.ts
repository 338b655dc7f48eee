/**
 * Where the bytes of a mapped file come from and go to. This package reads no disk itself, so that it runs in
 * browsers; `NodeFile` in the entry `@freehold/kernel/node` does, `MemoryFile` keeps them in memory, `FileCopy` keeps in
 * memory what was written.
 */

export interface FileSource {
  /** As /proc/PID/maps shows it. */
  readonly path: string;
  /** Major and minor number of the device that the file is on. */
  readonly device: readonly [major: number, minor: number];
  /** With the device, what makes two sources the same file. */
  readonly inode: number;
  /** Changes when the contents are changed by someone else. */
  readonly version: string;
  readonly writable: boolean;
  /** Bytes at the moment. */
  readonly size: number;
  /**
   * Reads from `offset` on into `target`.
   * @returns how many bytes; fewer than asked only at the end of the file
   */
  read(offset: number, target: Uint8Array): number;
  /** Writes all of `source` at `offset`. */
  write(offset: number, source: Uint8Array): void;
  /** Called when the file is neither open nor mapped any more. */
  close(): void;
}

let lastInode = 0;

/** A file in memory. */
export class MemoryFile implements FileSource {
  readonly path: string;
  readonly device: readonly [number, number] = [0, 1];
  readonly inode = ++lastInode;
  readonly writable: boolean;
  /** Calls of `read` and of `write`. */
  reads = 0;
  writes = 0;
  private contents: Uint8Array;
  private revision = 0;

  /** @param bytes the contents, not copied */
  constructor(path: string, bytes: Uint8Array, options: { readonly writable?: boolean } = {}) {
    this.path = path;
    this.contents = bytes;
    this.writable = options.writable ?? true;
  }

  get bytes(): Uint8Array {
    return this.contents;
  }

  /** Replaces the contents, as another program would on disk. */
  replace(bytes: Uint8Array): void {
    this.contents = bytes;
    this.revision++;
  }

  get version(): string {
    return String(this.revision);
  }

  get size(): number {
    return this.contents.length;
  }

  read(offset: number, target: Uint8Array): number {
    this.reads++;
    const part = this.contents.subarray(offset, offset + target.length);
    target.set(part);
    return part.length;
  }

  write(offset: number, source: Uint8Array): void {
    this.writes++;
    this.contents.set(source, offset);
  }

  close(): void {}
}
