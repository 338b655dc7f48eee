/**
 * Shared memory segments (System V): created under a key or for oneself, attached in several processes at whatever
 * addresses, the same bytes seen in all; removed at once, gone when the last one detaches.
 *
 * Cost: create O(1), attach and detach as mmap and munmap; a frame is taken for each page at its first touch by
 * anyone. Waste: the rest of the last page. Not for memory that only a parent and its children share: map that shared
 * and fork.
 * Source: Linux ipc/shm.c.
 */

import { display, INSPECT, summary } from 'freehold';
import { SystemCallError } from '../errors.js';
import { FRAME_BYTES } from '../machine.js';
import type { Inode } from '../vm/page-cache/inode.js';
import type { PageCache } from '../vm/page-cache/page-cache.js';

/** How /proc/PID/maps names a segment: this, its key, and that no folder lists it. Its number there is its id. */
const PATH = '/SYSV';
const PATH_END = ' (deleted)';

/** The key of a segment that nobody else can find. */
export const IPC_PRIVATE = 0;

export interface CreateSegmentOptions {
  /** Whether a segment may be made if there is none; true when left out. */
  readonly create?: boolean;
  /** Refused when there is one already. */
  readonly exclusive?: boolean;
}

/** Whether the inode is that of a segment made here, not of anonymous memory that is mapped shared. */
export function isSharedSegment(inode: Inode): boolean {
  return inode.isSegment && inode.path.startsWith(PATH);
}

/**
 * A shared segment of `bytes` bytes. A frame is taken at the first touch of each page by any process.
 * @example
 * ```js
 * const kernel = new Kernel();
 * const segment = kernel.segments.get(0x51, 10_000);
 * const at = kernel.process(1).attach(segment);
 * kernel.process(1).space.store8(at, 1);
 * [segment.bytes, segment.attached, segment.inode.pages.size];   // => [10000, 1, 1]
 * ```
 */
export class SharedSegment {
  readonly id: number;
  /** IPC_PRIVATE once it is removed: its key is free again. */
  key: number;
  readonly bytes: number;
  readonly inode: Inode;
  /** Marked to go when the last one detaches. */
  removed = false;

  constructor(id: number, key: number, bytes: number, inode: Inode) {
    this.id = id;
    this.key = key;
    this.bytes = bytes;
    this.inode = inode;
  }

  /** Areas that map it. */
  get attached(): number {
    // The table itself is a user until the segment is removed.
    return this.inode.users - (this.removed ? 0 : 1);
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new Kernel().segments.get(7, 4096).toJSON().bytes;   // => 4096
   * ```
   */
  toJSON(): object {
    return { id: this.id, key: this.key, bytes: this.bytes, attached: this.attached, removed: this.removed };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}

/**
 * All shared segments of a machine, by key and by id: `kernel.segments`. `Process.attach` maps one.
 * @example
 * ```js
 * const { segments } = new Kernel();
 * const queue = segments.get(0xbeef, 65_536);
 * // Another program that knows the key finds the same one.
 * segments.get(0xbeef, 0).id === queue.id;   // => true
 * // IPC_PRIVATE is not a key: each call makes another segment.
 * segments.get(IPC_PRIVATE, 4096).id === segments.get(IPC_PRIVATE, 4096).id;   // => false
 * ```
 */
export class SharedSegments {
  private readonly cache: PageCache;
  private readonly segments = new Map<number, SharedSegment>();
  private nextId = 0;

  constructor(cache: PageCache) {
    this.cache = cache;
  }

  /**
   * The segment of `key`, or a new one of `bytes` zero bytes (shmget). O(segments).
   * @param key a whole number of 32 bits; IPC_PRIVATE for a new one that nobody else finds
   * @param bytes at most those of the segment that is there; 0 finds any
   * @throws SystemCallError ENOENT when there is none and none may be made, EEXIST when there must be none, EINVAL
   * for a bad size or one larger than the segment that is there, ENOMEM
   * @example
   * ```js
   * const { segments } = new Kernel();
   * segments.get(7, 4096, { create: false });   // => throws SystemCallError: ENOENT: no segment has key 7
   * segments.get(7, 4096).id;   // => 0
   * segments.get(7, 4096, { exclusive: true });   // => throws SystemCallError: EEXIST
   * segments.get(7, 4097);   // => throws SystemCallError: EINVAL: segment 0 of key 7 has 4096 bytes
   * ```
   */
  get(key: number, bytes: number, options: CreateSegmentOptions = {}): SharedSegment {
    const { create = true, exclusive = false } = options;
    if (!(Number.isInteger(key) && key >= -(2 ** 31) && key < 2 ** 32))
      throw new SystemCallError('EINVAL', `a key is a whole number of 32 bits, not ${display(key)}`);
    const found = key === IPC_PRIVATE ? undefined : this.list().find((each) => each.key === key >>> 0);
    if (found !== undefined) {
      if (exclusive) throw new SystemCallError('EEXIST', `segment ${found.id} has key ${key} already`);
      if (bytes > found.bytes) {
        throw new SystemCallError(
          'EINVAL',
          `segment ${found.id} of key ${key} has ${found.bytes} bytes, not ${bytes}`,
        );
      }
      return found;
    }
    if (!create) throw new SystemCallError('ENOENT', `no segment has key ${key}`);
    if (!(Number.isSafeInteger(bytes) && bytes > 0)) {
      throw new SystemCallError('EINVAL', `a segment has 1 byte or more, not ${display(bytes)}`);
    }
    const size = Math.ceil(bytes / FRAME_BYTES) * FRAME_BYTES;
    const path = `${PATH}${(key >>> 0).toString(16).padStart(8, '0')}${PATH_END}`;
    const inode = this.cache.createSegment(path, size, this.nextId);
    if (inode === null) throw new SystemCallError('ENOMEM', 'no memory for another segment');
    const segment = new SharedSegment(this.nextId++, key >>> 0, bytes, inode);
    this.segments.set(segment.id, segment);
    return segment;
  }

  /**
   * The segment with that id, one that is removed but still attached too.
   * @throws SystemCallError EINVAL when there is none, or none any more
   * @example
   * ```js
   * const { segments } = new Kernel();
   * const { id } = segments.get(IPC_PRIVATE, 100);
   * segments.byId(id).bytes;   // => 100
   * segments.remove(id);
   * segments.byId(id);   // => throws SystemCallError: EINVAL: no segment has the id 0
   * ```
   */
  byId(id: number): SharedSegment {
    this.sweep();
    const segment = this.segments.get(id);
    if (segment === undefined) throw new SystemCallError('EINVAL', `no segment has the id ${display(id)}`);
    return segment;
  }

  /**
   * Marks a segment to go: at once when nobody has it attached, else when the last one detaches (shmctl IPC_RMID).
   * Its key is free at once. One that is marked already stays so.
   * @throws SystemCallError EINVAL when there is none
   * @example
   * ```js
   * const kernel = new Kernel();
   * const at = kernel.process(1).attach(kernel.segments.get(9, 4096));
   * kernel.segments.remove(0);
   * // Still usable where it is attached; a call with its key makes a new one.
   * kernel.process(1).space.loadU8(at);   // => 0
   * kernel.segments.get(9, 4096).id;   // => 1
   * kernel.process(1).detach(at);
   * kernel.segments.list().length;   // => 1
   * ```
   */
  remove(id: number): void {
    const segment = this.byId(id);
    if (segment.removed) return;
    segment.removed = true;
    segment.key = IPC_PRIVATE;
    this.cache.release(segment.inode);
    this.sweep();
  }

  /**
   * All segments in the order of their making, those removed but still attached too (`ipcs -m`).
   * @example
   * ```js
   * const { segments } = new Kernel();
   * segments.get(0x10, 4096);
   * segments.get(0x20, 100);
   * segments.list().map(({ id, key, bytes }) => [id, key, bytes]);   // => [[0, 0x10, 4096], [1, 0x20, 100]]
   * ```
   */
  list(): SharedSegment[] {
    this.sweep();
    return [...this.segments.values()];
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new Kernel().segments.toJSON();   // => { segments: 0 }
   * ```
   */
  toJSON(): object {
    return { segments: this.list().length };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  /** A removed segment whose last area is gone has given its memory back by itself; here its number follows. */
  private sweep(): void {
    for (const [id, segment] of this.segments) {
      if (segment.removed && segment.inode.users === 0) this.segments.delete(id);
    }
  }
}
