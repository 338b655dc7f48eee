/**
 * "Get free page" flags: how, and from where, a request may take memory. Bits as in Linux 5.x
 * (include/linux/gfp.h); those of which nothing here depends are accepted and mean nothing.
 */

/** From the zone below 16 MiB only. */
export const __GFP_DMA = 0x1;
export const __GFP_HIGHMEM = 0x2;
/** From below 4 GiB only. */
export const __GFP_DMA32 = 0x4;
/** The contents may be moved: user pages, found through page tables. Kept apart from what may not. */
export const __GFP_MOVABLE = 0x8;
/** Can be given back under pressure: caches. Kept apart likewise. */
export const __GFP_RECLAIMABLE = 0x10;
/** Urgent: may take half of the reserve that the lowest watermark keeps. */
export const __GFP_HIGH = 0x20;
export const __GFP_IO = 0x40;
export const __GFP_FS = 0x80;
/** The frames are cleared. */
export const __GFP_ZERO = 0x100;
/** May call the reclaim hook and wait for it. Without this a request is "atomic" and may go deeper into the reserve. */
export const __GFP_DIRECT_RECLAIM = 0x400;
/** Wakes background reclaim when a zone falls below its low watermark. */
export const __GFP_KSWAPD_RECLAIM = 0x800;
/** No word about a failure. */
export const __GFP_NOWARN = 0x2000;

const RECLAIM = __GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM;

/** The kernel's own objects; may wait. */
export const GFP_KERNEL = RECLAIM | __GFP_IO | __GFP_FS;
/** In an interrupt: may not wait, may use the reserve. */
export const GFP_ATOMIC = __GFP_HIGH | __GFP_KSWAPD_RECLAIM;
/** May not wait and has no claim on the reserve. */
export const GFP_NOWAIT = __GFP_KSWAPD_RECLAIM | __GFP_NOWARN;
/** For user space, also used by the kernel. */
export const GFP_USER = RECLAIM | __GFP_IO | __GFP_FS;
/** User pages that can be moved: anonymous memory, the page cache. */
export const GFP_HIGHUSER_MOVABLE = GFP_USER | __GFP_HIGHMEM | __GFP_MOVABLE;
export const GFP_DMA = __GFP_DMA;
export const GFP_DMA32 = __GFP_DMA32;

/** The names in a text such as `GFP_KERNEL|__GFP_ZERO`, for the shell and for traces. */
export const GFP_NAMES: ReadonlyMap<string, number> = new Map(
  Object.entries({
    GFP_KERNEL,
    GFP_ATOMIC,
    GFP_NOWAIT,
    GFP_USER,
    GFP_HIGHUSER_MOVABLE,
    GFP_DMA,
    GFP_DMA32,
    __GFP_DMA,
    __GFP_HIGHMEM,
    __GFP_DMA32,
    __GFP_MOVABLE,
    __GFP_RECLAIMABLE,
    __GFP_HIGH,
    __GFP_IO,
    __GFP_FS,
    __GFP_ZERO,
    __GFP_DIRECT_RECLAIM,
    __GFP_KSWAPD_RECLAIM,
    __GFP_NOWARN,
  }),
);

/**
 * The bits of flags written as in the kernel's sources and traces: names of GFP_NAMES with `|` between them.
 * @throws RangeError naming the part that is not a flag
 * @example
 * ```js
 * parseGfp('GFP_KERNEL|__GFP_ZERO') === (GFP_KERNEL | __GFP_ZERO);   // => true
 * parseGfp('GFP_ATOMIC').toString(16);   // => '820'
 * parseGfp('GFP_KERNEL|GFP_FAST');   // => throws RangeError: unknown gfp flag "GFP_FAST"
 * ```
 */
export function parseGfp(text: string): number {
  let flags = 0;
  for (const part of text.split('|')) {
    const bits = GFP_NAMES.get(part.trim());
    if (bits === undefined) {
      throw new RangeError(
        `unknown gfp flag ${JSON.stringify(part.trim())}; known: ${[...GFP_NAMES.keys()].join(', ')}`,
      );
    }
    flags |= bits;
  }
  return flags;
}
