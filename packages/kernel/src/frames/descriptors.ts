/**
 * The descriptor of each frame (Linux's `struct page`): 16 bytes in typed arrays, indexed by frame number.
 */
import { INSPECT, summary } from 'freehold';

/** Who holds a frame. */
export const OWNER_FREE = 0;
/** Never given out: the kernel's own image, firmware. */
export const OWNER_RESERVED = 1;
/** alloc_pages by the kernel, for itself or a device. */
export const OWNER_KERNEL = 2;
export const OWNER_SLAB = 3;
export const OWNER_PAGE_TABLE = 4;
export const OWNER_VMALLOC = 5;
/** Private memory of processes: stack, heap, copies of written pages. */
export const OWNER_ANONYMOUS = 6;
/** The page cache: pages of files. */
export const OWNER_FILE = 7;
/** Shared segments. */
export const OWNER_SHARED = 8;
/** A kmalloc too large for the slabs. */
export const OWNER_KMALLOC = 9;

export const OWNER_NAMES = [
  'free',
  'reserved',
  'kernel',
  'slab',
  'page table',
  'vmalloc',
  'anonymous',
  'file',
  'shared',
  'kmalloc',
] as const;

/** The first frame of a block that was allocated as one. */
export const FRAME_HEAD = 1;
/** Written to since it was read from its file. */
export const FRAME_DIRTY = 4;

/**
 * The descriptors of all frames: holder, references and block, in typed arrays indexed by frame number. 16 bytes a
 * frame. Read them; only the allocators write them.
 * @example
 * ```js
 * const { pages } = new Kernel();
 * const frame = pages.allocPages(GFP_KERNEL, 2);
 * const { references, order, owner } = pages.descriptors;
 * [references[frame], order[frame], OWNER_NAMES[owner[frame]]];   // => [1, 2, 'kernel']
 * // Of a block only the first frame counts.
 * references[frame + 1];   // => 0
 * ```
 */
export class FrameDescriptors {
  readonly frames: number;
  /** Holders of the block; 0 when free. Only the first frame of a block counts. */
  readonly references: Int32Array;
  /** Entries of page tables of address spaces that lead to the frame. */
  readonly mapCount: Int32Array;
  /** What the holder keeps with the frame: the slab's number, the page's index in its file, a page table's entries. */
  readonly tag: Int32Array;
  readonly flags: Uint8Array;
  /** Of the block whose first frame this is. */
  readonly order: Uint8Array;
  readonly owner: Uint8Array;
  /** The zone the frame belongs to. */
  readonly zone: Uint8Array;

  constructor(frames: number) {
    this.frames = frames;
    this.references = new Int32Array(frames);
    this.mapCount = new Int32Array(frames);
    this.tag = new Int32Array(frames);
    this.flags = new Uint8Array(frames);
    this.order = new Uint8Array(frames);
    this.owner = new Uint8Array(frames);
    this.zone = new Uint8Array(frames);
  }

  get bytesPerFrame(): number {
    return (
      this.references.BYTES_PER_ELEMENT +
      this.mapCount.BYTES_PER_ELEMENT +
      this.tag.BYTES_PER_ELEMENT +
      this.flags.BYTES_PER_ELEMENT +
      this.order.BYTES_PER_ELEMENT +
      this.owner.BYTES_PER_ELEMENT +
      this.zone.BYTES_PER_ELEMENT
    );
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new PageAllocator(new Machine(2 ** 24)).descriptors.toJSON().frames;   // => 4096
   * ```
   */
  toJSON(): object {
    return { frames: this.frames, bytesPerFrame: this.bytesPerFrame };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}
