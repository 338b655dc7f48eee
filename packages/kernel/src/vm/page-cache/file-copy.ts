/**
 * A file that is written in memory only: what was written lies over what is read from the original, which nobody
 * writes to. Whoever has the copy sees the same contents.
 *
 * Cost: that of the original, and O(pages) of the range; a page more the first time it is written to.
 */
import { INSPECT, summary } from 'freehold';
import { FRAME_BYTES } from '../../machine.js';
import type { FileSource } from './file-source.js';

/**
 * The copy of one file.
 * @example
 * ```js
 * const file = new MemoryFile('/etc/motd', new TextEncoder().encode('hello'));
 * const copy = new FileCopy(file);
 * copy.write(0, new TextEncoder().encode('J'));
 * const seen = new Uint8Array(5);
 * copy.read(0, seen);   // => 5
 * new TextDecoder().decode(seen);   // => 'Jello'
 * // Nothing was written to the file itself.
 * file.writes;   // => 0
 * ```
 */
export class FileCopy implements FileSource {
  readonly path: string;
  readonly device: readonly [number, number];
  readonly inode: number;
  readonly writable = true;
  private readonly original: FileSource;
  private readonly pages = new Map<number, Uint8Array>();
  private readonly reserve: (bytes: number) => void;
  /** The end of what was written. */
  private end = 0;

  /**
   * @param original kept open until `closeOriginal`
   * @param reserve asked before memory is taken for pages, in bytes; what it throws refuses the write, which then
   * changes nothing
   */
  constructor(original: FileSource, reserve: (bytes: number) => void = () => {}) {
    this.path = original.path;
    this.device = original.device;
    this.inode = original.inode;
    this.original = original;
    this.reserve = reserve;
  }

  get version(): string {
    return this.original.version;
  }

  get size(): number {
    return Math.max(this.original.size, this.end);
  }

  /**
   * Reads from byte `offset` on into `target`: what was written, else the original. Zeros where the original ends before
   * what was written.
   * @returns how many bytes; fewer than `target` has only at the end of the copy
   * @example
   * ```js
   * const copy = new FileCopy(new MemoryFile('/tmp/log', Uint8Array.of(1, 2)));
   * copy.write(5, Uint8Array.of(9));
   * const seen = new Uint8Array(8);
   * copy.read(0, seen);   // => 6
   * [...seen];   // => [1, 2, 0, 0, 0, 9, 0, 0]
   * ```
   */
  read(offset: number, target: Uint8Array): number {
    const wanted = Math.max(0, Math.min(target.length, this.size - offset));
    const part = target.subarray(0, wanted);
    part.fill(0, this.original.read(offset, part));
    for (const { index, within, at, bytes } of piecesOf(offset, wanted)) {
      const page = this.pages.get(index);
      if (page !== undefined) part.set(page.subarray(within, within + bytes), at);
    }
    return wanted;
  }

  /**
   * Writes all of `source` at byte `offset`; the copy grows where that lies past its end.
   * @throws what `reserve` throws; nothing is changed then
   * @example
   * ```js
   * const refuse = (bytes) => { throw new RangeError(`no room for ${bytes} bytes`); };
   * const copy = new FileCopy(new MemoryFile('/tmp/log', Uint8Array.of(1, 2)), refuse);
   * copy.write(0, Uint8Array.of(9));   // => throws RangeError: no room for 4096 bytes
   * copy.size;   // => 2
   * ```
   */
  write(offset: number, source: Uint8Array): void {
    const pieces = piecesOf(offset, source.length);
    const fresh = pieces.filter(({ index }) => !this.pages.has(index));
    if (fresh.length > 0) this.reserve(fresh.length * FRAME_BYTES);
    for (const { index } of fresh) {
      const page = new Uint8Array(FRAME_BYTES);
      this.original.read(index * FRAME_BYTES, page);
      this.pages.set(index, page);
    }
    for (const { index, within, at, bytes } of pieces) {
      this.pages.get(index)!.set(source.subarray(at, at + bytes), within);
    }
    this.end = Math.max(this.end, offset + source.length);
  }

  /**
   * Nothing: the copy is there to be opened again.
   * @example
   * ```js
   * const copy = new FileCopy(new MemoryFile('/tmp/log', Uint8Array.of(1, 2)));
   * copy.close();
   * copy.read(0, new Uint8Array(2));   // => 2
   * ```
   */
  close(): void {}

  /**
   * Closes the original: the copy must not be read or written any more.
   * @example
   * ```js
   * let open = true;
   * const file = new MemoryFile('/tmp/log', new Uint8Array(2));
   * file.close = () => { open = false; };
   * new FileCopy(file).closeOriginal();
   * open;   // => false
   * ```
   */
  closeOriginal(): void {
    this.original.close();
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new FileCopy(new MemoryFile('/a', new Uint8Array(10))).toJSON();   // => { path: '/a', size: 10 }
   * ```
   */
  toJSON(): object {
    return { path: this.path, size: this.size };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}

interface Piece {
  /** Of the page, and where the piece begins in it. */
  readonly index: number;
  readonly within: number;
  /** Where the piece begins in the range. */
  readonly at: number;
  readonly bytes: number;
}

/** A range of the file, parted at the borders of pages. */
function piecesOf(offset: number, length: number): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < length; ) {
    const within = (offset + at) % FRAME_BYTES;
    const bytes = Math.min(FRAME_BYTES - within, length - at);
    pieces.push({ index: (offset + at - within) / FRAME_BYTES, within, at, bytes });
    at += bytes;
  }
  return pieces;
}
