/** What can be mapped: a file, or a segment of memory that several address spaces share. */
import { INSPECT, summary } from 'freehold';
import { FRAME_BYTES } from '../../machine.js';
import type { FileSource } from './file-source.js';
import type { FileMapping } from './mapper.js';

/** Size of the slab object, about that of Linux 5.x. */
export const INODE_BYTES = 600;

/**
 * A page of a file or of a shared segment that is in memory.
 * @example
 * ```js
 * const { cache } = new Kernel().vm;
 * const inode = cache.open(new MemoryFile('/data', new Uint8Array(3 * 4096)));
 * cache.read(inode, 5000, new Uint8Array(1));
 * const [page] = inode.pages.values();
 * [page instanceof CachedPage, page.index, page.referenced];   // => [true, 1, true]
 * ```
 */
export class CachedPage {
  readonly inode: Inode;
  /** Offset in the file, in pages. */
  readonly index: number;
  readonly frame: number;
  /** Asked for since reclaim looked at it last. */
  referenced = true;

  constructor(inode: Inode, index: number, frame: number) {
    this.inode = inode;
    this.index = index;
    this.frame = frame;
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * const inode = new Inode(0, '/a', [8, 1], 1, new MemoryFile('/a', new Uint8Array(10)));
   * new CachedPage(inode, 3, 100).toJSON();   // => { path: '/a', index: 3, frame: 100 }
   * ```
   */
  toJSON(): object {
    return { path: this.inode.path, index: this.index, frame: this.frame };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}

/**
 * A file, or a segment of memory that several address spaces share. `PageCache.open` gives it; every open and every
 * area that maps it is a user.
 * @example
 * ```js
 * const kernel = new Kernel();
 * const file = kernel.vm.cache.open(new MemoryFile('/data', new Uint8Array(5000)));
 * [file.path, file.size, file.pageCount, file.isSegment];   // => ['/data', 5000, 2, false]
 * kernel.process(1).mmap({ length: 5000, inode: file, protection: PROT_READ });
 * [file.users, file.areas.size, file.pages.size];   // => [2, 1, 0]
 * kernel.segments.get(IPC_PRIVATE, 100).inode.isSegment;   // => true
 * ```
 */
export class Inode {
  /** Of the slab object, in the logical space of the kernel. */
  readonly object: number;
  /** As /proc/PID/maps shows it. */
  readonly path: string;
  readonly device: readonly [major: number, minor: number];
  /** The file's number on its device. */
  readonly number: number;
  /** Null for a shared segment, which has no file behind it. */
  source: FileSource | null;
  /** Opens and areas that hold it. */
  users = 1;
  /** Pages in memory, by index. */
  readonly pages = new Map<number, CachedPage>();
  /** Areas that map it: how a page's entries are found from the page. */
  readonly areas = new Set<FileMapping>();
  /** What the last failed read or write threw. */
  error: unknown;
  /** `version` of the source when the last user left. */
  versionLeft = '';
  private readonly segmentBytes: number;

  constructor(
    object: number,
    path: string,
    device: readonly [number, number],
    number: number,
    source: FileSource | null,
    segmentBytes = 0,
  ) {
    this.object = object;
    this.path = path;
    this.device = device;
    this.number = number;
    this.source = source;
    this.segmentBytes = segmentBytes;
  }

  get isSegment(): boolean {
    return this.source === null;
  }

  get writable(): boolean {
    return this.source === null || this.source.writable;
  }

  get size(): number {
    return this.source === null ? this.segmentBytes : this.source.size;
  }

  /** Pages up to the end of the file. */
  get pageCount(): number {
    return Math.ceil(this.size / FRAME_BYTES);
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * const inode = new Inode(0, '/a', [8, 1], 1, new MemoryFile('/a', new Uint8Array(10)));
   * inode.toJSON();   // => { path: '/a', inode: 1, size: 10, cachedPages: 0 }
   * ```
   */
  toJSON(): object {
    return { path: this.path, inode: this.number, size: this.size, cachedPages: this.pages.size };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}
