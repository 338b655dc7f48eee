/**
 * The page cache: pages of files in memory, each read from its source at the first touch and shared by all who map
 * or read the file; and the pages of shared segments, which have no file.
 *
 * Cost: a cached page O(1); a page not cached, one read of its source; reclaim O(pages looked at × areas that map
 * their files). Waste: the bytes behind a file's end in its last page; about 100 bytes of the host language a page.
 * Segments cannot be reclaimed: there is no swap.
 * Source: Linux mm/filemap.c; which page goes first after the second-chance list of mm/vmscan.c.
 */
import { INSPECT, summary } from 'freehold';
import { FRAME_DIRTY, OWNER_FILE, OWNER_SHARED } from '../../frames/descriptors.js';
import { __GFP_ZERO, GFP_HIGHUSER_MOVABLE } from '../../frames/gfp.js';
import type { PageAllocator } from '../../frames/page-allocator.js';
import { FRAME_BYTES } from '../../machine.js';
import type { ObjectCache } from '../../slab/cache.js';
import type { SlabAllocator } from '../../slab/slab-allocator.js';
import type { FileSource } from './file-source.js';
import { CachedPage, INODE_BYTES, Inode } from './inode.js';
import { clearAccessed, unmapEverywhere, writeProtect } from './reverse-map.js';

// What `pageAt` gives instead of a frame.
export const PAGE_PAST_END = -1;
export const PAGE_NO_MEMORY = -2;
export const PAGE_READ_FAILED = -3;

export interface PageCacheCounts {
  /** Pages read from their sources, and written back. */
  pagesRead: number;
  pagesWritten: number;
  /** Pages given up under memory pressure. */
  reclaimed: number;
  /** Writes that the source refused; the page stays dirty while the file is open. */
  writeErrors: number;
}

/**
 * Pages of files in memory, `kernel.vm.cache`: each read once, and shared by all that map or read the file.
 * @example
 * ```js
 * const { cache } = new Kernel().vm;
 * const file = new MemoryFile('/lib/libc.so', new Uint8Array(20_000));
 * const inode = cache.open(file);
 * cache.read(inode, 0, new Uint8Array(20_000));
 * cache.read(inode, 0, new Uint8Array(20_000));
 * // Five pages, read from the file once.
 * [file.reads, cache.filePages, cache.counts.pagesRead];   // => [5, 5, 5]
 * ```
 */
export class PageCache {
  readonly counts: PageCacheCounts = { pagesRead: 0, pagesWritten: 0, reclaimed: 0, writeErrors: 0 };
  /** Pages of files that are in memory, and those of them that are to be written. */
  filePages = 0;
  dirtyPages = 0;
  /** Pages of shared segments. */
  segmentPages = 0;
  private readonly pages: PageAllocator;
  private readonly objects: ObjectCache;
  private readonly inodes = new Map<string, Inode>();
  private readonly segments = new Set<Inode>();
  /** Pages of files by frame, those looked at longest ago first. */
  private readonly byFrame = new Map<number, CachedPage>();
  private segmentNumber = 0;

  constructor(pages: PageAllocator, slab: SlabAllocator) {
    this.pages = pages;
    this.objects = slab.createCache('inode_cache', INODE_BYTES);
  }

  /**
   * The inode of a file, held once more: `release` it. The source is the cache's from now on, which closes it.
   * Whether it may be written is a matter of the file here, not of each open: a writable source replaces one that is
   * not.
   * @returns null, and the source is still the caller's, when there is no memory
   * @example
   * ```js
   * const { cache } = new Kernel().vm;
   * const file = new MemoryFile('/data', new Uint8Array(10));
   * const inode = cache.open(file);
   * // Device and number tell that it is the same file.
   * cache.open(file) === inode;   // => true
   * inode.users;   // => 2
   * ```
   */
  open(source: FileSource): Inode | null {
    const key = keyOf(source.device, source.inode);
    const known = this.inodes.get(key);
    if (known !== undefined) {
      if (known.users === 0) {
        if (known.versionLeft !== source.version) this.forget(known);
        known.source = source;
      } else if (known.source !== source) {
        const replace = source.writable && !known.writable;
        const spare = replace ? known.source : source;
        if (replace) known.source = source;
        spare?.close();
      }
      known.users++;
      return known;
    }
    const object = this.objects.alloc();
    if (object === null) return null;
    const inode = new Inode(object, source.path, source.device, source.inode, source);
    this.inodes.set(key, inode);
    return inode;
  }

  /**
   * A segment of zero bytes, held once: `release` it, and its memory is free after the last area that maps it is gone.
   * @param path as /proc/PID/maps shows it; so `number`, one more than the last when left out
   * @returns null when there is no memory
   * @internal
   */
  createSegment(path: string, bytes: number, number = ++this.segmentNumber): Inode | null {
    const object = this.objects.alloc();
    if (object === null) return null;
    const inode = new Inode(object, path, [0, 1], number, null, bytes);
    this.segments.add(inode);
    return inode;
  }

  /** One more holder. @internal */
  hold(inode: Inode): void {
    inode.users++;
  }

  /**
   * One holder less. After the last, a file is written back and closed, and its pages stay for the next open. Pages
   * that cannot be written are lost and counted. A segment is freed.
   * @example
   * ```js
   * const { cache } = new Kernel().vm;
   * const inode = cache.open(new MemoryFile('/data', new Uint8Array(4096)));
   * cache.read(inode, 0, new Uint8Array(1));
   * cache.release(inode);
   * [inode.users, cache.filePages];   // => [0, 1]
   * cache.dropCaches();   // => 1
   * ```
   */
  release(inode: Inode): void {
    if (--inode.users > 0) return;
    if (inode.source === null) {
      this.forget(inode);
      this.segments.delete(inode);
      this.objects.free(inode.object);
      return;
    }
    this.writeBackOrLose(inode);
    inode.versionLeft = inode.source.version;
    inode.source.close();
    this.evictIfUnused(inode);
  }

  /**
   * The frame with a page of the file, read from the source when it is not in memory. The caller takes a reference
   * before it allocates anything.
   * @returns PAGE_PAST_END, PAGE_NO_MEMORY, or PAGE_READ_FAILED with `inode.error` set, instead of a frame
   * @internal
   */
  pageAt(inode: Inode, index: number): number {
    const cached = inode.pages.get(index);
    if (cached !== undefined) {
      cached.referenced = true;
      return cached.frame;
    }
    if (index >= inode.pageCount) {
      // Nothing failed, whatever did before.
      inode.error = undefined;
      return PAGE_PAST_END;
    }
    return inode.source === null ? this.newSegmentPage(inode, index) : this.readPage(inode, index);
  }

  /**
   * Reads bytes of a file through the cache, as the call `read` does. O(pages).
   * @param offset bytes into the file
   * @returns how many, fewer than `target` has only at the end of the file, 0 behind it; null when there is no
   * memory
   * @throws the source's error
   * @example
   * ```js
   * const { cache } = new Kernel().vm;
   * const inode = cache.open(new MemoryFile('/etc/hostname', new TextEncoder().encode('freehold\n')));
   * const line = new Uint8Array(100);
   * cache.read(inode, 4, line);   // => 5
   * new TextDecoder().decode(line.subarray(0, 5));   // => 'hold\n'
   * cache.read(inode, 9, line);   // => 0
   * ```
   */
  read(inode: Inode, offset: number, target: Uint8Array): number | null {
    const wanted = Math.max(0, Math.min(target.length, inode.size - offset));
    for (let done = 0; done < wanted; ) {
      const at = offset + done;
      const frame = this.pageAt(inode, Math.floor(at / FRAME_BYTES));
      if (frame === PAGE_READ_FAILED) throw inode.error;
      if (frame === PAGE_PAST_END) return done;
      if (frame === PAGE_NO_MEMORY) return null;
      const within = at % FRAME_BYTES;
      const part = this.pages.machine.frameBytes(frame).subarray(within, within + wanted - done);
      target.set(part, done);
      done += part.length;
    }
    return wanted;
  }

  /** The frame, of a file's page, is written to. @internal */
  markDirty(frame: number): void {
    const { flags, owner } = this.pages.descriptors;
    if (owner[frame] !== OWNER_FILE || (flags[frame] & FRAME_DIRTY) !== 0) return;
    flags[frame] |= FRAME_DIRTY;
    this.dirtyPages++;
  }

  /**
   * Writes the dirty pages of [first, end) back: fsync of a part of a file.
   * @param first page of the file, from 0
   * @returns how many
   * @throws the source's error; that page and those behind it stay dirty
   * @example
   * ```js
   * const { vm } = new Kernel();
   * const inode = vm.cache.open(new MemoryFile('/var/db', new Uint8Array(8 * 4096)));
   * const space = vm.createAddressSpace();
   * const at = space.mmap({ length: inode.size, inode, shared: true });
   * for (const page of [0, 3, 5]) space.store8(at + page * 4096, 1);
   * vm.cache.writeBack(inode, 0, 4);   // => 2
   * vm.cache.dirtyPages;   // => 1
   * ```
   */
  writeBack(inode: Inode, first: number, end: number): number {
    if (inode.source === null) return 0;
    let written = 0;
    const write = (page: CachedPage | undefined) => {
      if (page === undefined || !this.isDirty(page)) return;
      this.writePage(page);
      written++;
    };
    if (end - first < inode.pages.size) {
      for (let index = first; index < end; index++) write(inode.pages.get(index));
    } else {
      for (const page of inode.pages.values()) if (page.index >= first && page.index < end) write(page);
    }
    return written;
  }

  /**
   * As `writeBack`, but a source that refuses is counted and its page stays dirty: where nobody can be told.
   * @internal
   */
  writeBackQuietly(inode: Inode, first: number, end: number): number {
    try {
      return this.writeBack(inode, first, end);
    } catch (error) {
      inode.error = error;
      this.counts.writeErrors++;
      return 0;
    }
  }

  /**
   * Writes every dirty page of every file back (sync). O(pages in memory).
   * @returns how many
   * @throws the first error of a source; pages not yet written stay dirty
   * @example
   * ```js
   * const { vm } = new Kernel();
   * const file = new MemoryFile('/var/log', new Uint8Array(10));
   * const space = vm.createAddressSpace();
   * space.store8(space.mmap({ length: 10, shared: true, inode: vm.cache.open(file) }), 7);
   * [vm.cache.dirtyPages, file.bytes[0]];   // => [1, 0]
   * vm.cache.sync();   // => 1
   * [vm.cache.dirtyPages, file.bytes[0]];   // => [0, 7]
   * ```
   */
  sync(): number {
    let written = 0;
    for (const inode of this.inodes.values()) {
      written += this.writeBack(inode, 0, Number.POSITIVE_INFINITY);
    }
    return written;
  }

  /**
   * Gives up all clean pages that nobody has mapped (`echo 1 > /proc/sys/vm/drop_caches`). O(pages in memory).
   * @returns how many
   * @example
   * ```js
   * const { vm } = new Kernel();
   * const inode = vm.cache.open(new MemoryFile('/bin/sh', new Uint8Array(3 * 4096)));
   * vm.cache.read(inode, 0, new Uint8Array(3 * 4096));
   * const space = vm.createAddressSpace();
   * space.loadU8(space.mmap({ length: 4096, inode, protection: PROT_READ }));
   * // The page that is mapped stays.
   * vm.cache.dropCaches();   // => 2
   * ```
   */
  dropCaches(): number {
    let dropped = 0;
    for (const page of [...this.byFrame.values()]) {
      if (this.isDirty(page) || this.pages.descriptors.references[page.frame] !== 1) continue;
      this.drop(page);
      dropped++;
    }
    for (const inode of this.inodes.values()) this.evictIfUnused(inode);
    return dropped;
  }

  /**
   * Gives up to `wanted` pages of files up, those not used since the last call first looked at them; dirty ones are
   * written back first, mapped ones unmapped. The page allocator calls for it when memory is short.
   * @returns how many
   * @example
   * ```js
   * const { cache } = new Kernel().vm;
   * const inode = cache.open(new MemoryFile('/data', new Uint8Array(10 * 4096)));
   * cache.read(inode, 0, new Uint8Array(10 * 4096));
   * // All were used just now: a second chance for each.
   * cache.reclaim(4);   // => 0
   * cache.reclaim(4);   // => 4
   * ```
   */
  reclaim(wanted: number): number {
    const { references, mapCount } = this.pages.descriptors;
    let freed = 0;
    let left = this.byFrame.size;
    for (const page of this.byFrame.values()) {
      if (left-- === 0 || freed >= wanted) break;
      const pinned = references[page.frame] !== mapCount[page.frame] + 1;
      if (pinned || this.wasUsed(page) || !this.evict(page)) {
        // To the end of the list, which this loop does not reach again.
        this.byFrame.delete(page.frame);
        this.byFrame.set(page.frame, page);
      } else {
        freed++;
        this.evictIfUnused(page.inode);
      }
    }
    this.counts.reclaimed += freed;
    return freed;
  }

  /**
   * Every file and segment that is open, mapped, or has pages in memory.
   * @example
   * ```js
   * const kernel = new Kernel();
   * kernel.vm.cache.open(new MemoryFile('/etc/motd', new Uint8Array(1)));
   * kernel.segments.get(0x51, 4096);
   * const paths = Array.from(kernel.vm.cache.files(), ({ path }) => path);
   * paths;   // => ['/etc/motd', '/SYSV00000051 (deleted)']
   * ```
   */
  *files(): Generator<Inode, void, undefined> {
    yield* this.inodes.values();
    yield* this.segments;
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new Kernel().vm.cache.toJSON().dirtyPages;   // => 0
   * ```
   */
  toJSON(): object {
    return { filePages: this.filePages, dirtyPages: this.dirtyPages, segmentPages: this.segmentPages };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  /** Before the source is closed: nobody could write the pages afterwards, nor give their frames back. */
  private writeBackOrLose(inode: Inode): void {
    for (const page of inode.pages.values()) {
      if (!this.isDirty(page)) continue;
      try {
        this.writePage(page);
      } catch (error) {
        inode.error = error;
        this.counts.writeErrors++;
        this.drop(page);
      }
    }
  }

  private isDirty(page: CachedPage): boolean {
    return (this.pages.descriptors.flags[page.frame] & FRAME_DIRTY) !== 0;
  }

  private wasUsed(page: CachedPage): boolean {
    const accessed = clearAccessed(this.pages.machine.u32, page);
    const used = page.referenced || accessed;
    page.referenced = false;
    return used;
  }

  private evict(page: CachedPage): boolean {
    if (this.isDirty(page)) {
      try {
        this.writePage(page);
      } catch (error) {
        page.inode.error = error;
        this.counts.writeErrors++;
        return false;
      }
    }
    unmapEverywhere(this.pages.machine.u32, page);
    this.drop(page);
    return true;
  }

  private readPage(inode: Inode, index: number): number {
    const frame = this.pages.allocPages(GFP_HIGHUSER_MOVABLE, 0, OWNER_FILE);
    if (frame === null) return PAGE_NO_MEMORY;
    const bytes = this.pages.machine.frameBytes(frame);
    try {
      bytes.fill(0, inode.source!.read(index * FRAME_BYTES, bytes));
    } catch (error) {
      inode.error = error;
      this.pages.put(frame);
      return PAGE_READ_FAILED;
    }
    this.counts.pagesRead++;
    const page = this.enter(inode, index, frame);
    this.byFrame.set(frame, page);
    this.filePages++;
    return frame;
  }

  private newSegmentPage(inode: Inode, index: number): number {
    const frame = this.pages.allocPages(GFP_HIGHUSER_MOVABLE | __GFP_ZERO, 0, OWNER_SHARED);
    if (frame === null) return PAGE_NO_MEMORY;
    this.enter(inode, index, frame);
    this.segmentPages++;
    return frame;
  }

  private enter(inode: Inode, index: number, frame: number): CachedPage {
    const page = new CachedPage(inode, index, frame);
    inode.pages.set(index, page);
    this.pages.descriptors.tag[frame] = index;
    return page;
  }

  private writePage(page: CachedPage): void {
    const { inode, index, frame } = page;
    const offset = index * FRAME_BYTES;
    const bytes = Math.min(FRAME_BYTES, inode.source!.size - offset);
    // A file that was cut off meanwhile has no place for the page any more.
    if (bytes > 0) inode.source!.write(offset, this.pages.machine.frameBytes(frame).subarray(0, bytes));
    this.pages.descriptors.flags[frame] &= ~FRAME_DIRTY;
    this.dirtyPages--;
    this.counts.pagesWritten++;
    writeProtect(this.pages.machine.u32, page);
  }

  /** Takes an unmapped page out of the cache; a dirty one is lost. */
  private drop(page: CachedPage): void {
    const { inode, index, frame } = page;
    inode.pages.delete(index);
    if (inode.source === null) this.segmentPages--;
    else {
      if (this.isDirty(page)) this.dirtyPages--;
      this.byFrame.delete(frame);
      this.filePages--;
    }
    this.pages.put(frame);
  }

  private forget(inode: Inode): void {
    for (const page of inode.pages.values()) this.drop(page);
  }

  private evictIfUnused(inode: Inode): void {
    if (inode.users > 0 || inode.pages.size > 0) return;
    this.inodes.delete(keyOf(inode.device, inode.number));
    this.objects.free(inode.object);
  }
}

function keyOf(device: readonly [number, number], inode: number): string {
  return `${device[0]}:${device[1]}:${inode}`;
}
