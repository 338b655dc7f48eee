/**
 * Where the bytes of a mapped file come from and go to. This package reads no disk itself, so that it runs in
 * browsers; `NodeFile` in the entry `@freehold/kernel/node` does, `MemoryFile` keeps them in memory, `FileCopy` keeps in
 * memory what was written.
 */
import { INSPECT, summary } from 'freehold';

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

/**
 * A file in memory, for the `openFile` of a Kernel where there is no disk, or none is wanted. Writes change the
 * array that was given.
 * @example
 * ```js
 * const files = new Map([['/etc/motd', new MemoryFile('/etc/motd', new TextEncoder().encode('hello'))]]);
 * const kernel = new Kernel({ openFile: (path) => files.get(path) });
 * const inode = kernel.processes.open('/etc/motd', false);
 * const at = kernel.process(1).mmap({ length: inode.size, inode, protection: PROT_READ });
 * kernel.process(1).space.readString(at);   // => 'hello'
 * ```
 */
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

  /**
   * Replaces the contents, as another program would on disk. Pages in the cache are read anew when the file is
   * opened next, not while it is open or mapped.
   * @example
   * ```js
   * const { cache } = new Kernel().vm;
   * const file = new MemoryFile('/etc/motd', Uint8Array.of(1));
   * const first = Uint8Array.of(0);
   * const inode = cache.open(file);
   * cache.read(inode, 0, first);
   * cache.release(inode);
   * file.replace(Uint8Array.of(2));
   * cache.read(cache.open(file), 0, first);
   * first[0];   // => 2
   * ```
   */
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

  /**
   * Copies from `offset` on into `target`. The page cache calls it, once for each page.
   * @returns how many bytes; fewer than `target` has only at the end of the file
   * @example
   * ```js
   * const file = new MemoryFile('/data', Uint8Array.of(1, 2, 3));
   * const target = new Uint8Array(8);
   * file.read(1, target);   // => 2
   * target.subarray(0, 3);   // => Uint8Array.of(2, 3, 0)
   * file.reads;   // => 1
   * ```
   */
  read(offset: number, target: Uint8Array): number {
    this.reads++;
    const part = this.contents.subarray(offset, offset + target.length);
    target.set(part);
    return part.length;
  }

  /**
   * Writes all of `source` at `offset`; the file does not grow. The page cache calls it for dirty pages.
   * @throws RangeError where it would reach past the end
   * @example
   * ```js
   * const file = new MemoryFile('/data', new Uint8Array(4));
   * file.write(2, Uint8Array.of(8, 9));
   * file.bytes;   // => Uint8Array.of(0, 0, 8, 9)
   * file.write(3, Uint8Array.of(1, 1));   // => throws RangeError
   * ```
   */
  write(offset: number, source: Uint8Array): void {
    this.writes++;
    this.contents.set(source, offset);
  }

  /**
   * Nothing is held, so nothing is given back: the file can be read and opened again.
   * @example
   * ```js
   * const { cache } = new Kernel().vm;
   * const file = new MemoryFile('/data', Uint8Array.of(7));
   * // The last release closes the source.
   * cache.release(cache.open(file));
   * cache.open(file).size;   // => 1
   * ```
   */
  close(): void {}

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new MemoryFile('/a', new Uint8Array(10)).toJSON().size;   // => 10
   * ```
   */
  toJSON(): object {
    return {
      path: this.path,
      size: this.size,
      writable: this.writable,
      reads: this.reads,
      writes: this.writes,
    };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}
