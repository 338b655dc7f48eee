/**
 * What stands where in a heap's bytes. From its base, rounded up to 16:
 *
 *     header    20 words, below
 *     blocks    from the first to the top, one after another without gap: used, free, and two of the heap's own,
 *               the map of all blocks (block-map.ts) and the tables of free ones (free-lists.ts)
 *     unused    from the top to the end of the memory
 *
 * Places and lengths are in granules, the heap's unit: 16 bytes, or 8 where the heap was made for that alignment.
 * Granule i begins at byte i × unit of the memory, whatever the base, so that an address and its granule are one
 * shift apart.
 *
 * Modules on hot paths copy what they use of this, and of other modules' functions, into constants of their own: V8
 * knows those to be constant, while it loads an imported binding anew at every use, and compares it twice. That took a
 * third of the time of malloc and free.
 *
 * Words are little-endian on every engine that exists; attach refuses others by the magic word.
 */

/** Types to read by: both are plain numbers. A granule's place or a count of granules, and an index into the words. */
export type Granule = number;
export type WordIndex = number;

/** "frHd" */
export const MAGIC = 0x66724864;
/** Raised whenever the meaning of a byte changes: a heap of another version is not attached. */
export const VERSION = 2;

export const H_MAGIC = 0;
/** Version, and from bit 16 up the flags. */
export const H_VERSION = 1;
/** Granule of the header itself: a heap whose bytes were moved to another place is not attached. */
export const H_BASE = 2;
/** Raised whenever copies of words below, or views, that a heap object keeps have become worthless. */
export const H_GENERATION = 3;
/** The end of the last block; a boundary is set there in the map. */
export const H_TOP = 4;
/** The highest top ever: the footprint ends here. */
export const H_PEAK = 5;
/** The end of the memory when the heap last looked; what is new beyond was grown by somebody else. */
export const H_END = 6;
/** The heap may not reach past this granule. */
export const H_LIMIT = 7;
/** From this granule on the memory is known to hold zeros. */
export const H_ZERO_FROM = 8;
/** Granule of the block that holds the map. */
export const H_MAP = 9;
/** Groups of 32 granules that the map covers, from the group of the first block on. */
export const H_COVERED = 10;
/** Granule of the block that holds the tables; 0 in a small heap, which has none. */
export const H_TABLES = 11;
/** The largest length, in granules, that has a quick list; 0 without tables. */
export const H_QUICK = 12;
/** Blocks of every kind between the first and the top. */
export const H_BLOCKS = 13;
/** Free blocks merged with their neighbours, and their granules. */
export const H_MERGED = 14;
export const H_MERGED_GRANULES = 15;
/** When the top would pass this, tables and quick lists are looked at: see Engine.weigh. */
export const H_WEIGH_AT = 16;
/** Without tables: the first of all merged blocks. */
export const H_LIST = 17;
export const HEADER_WORDS = 20;

/** Set in the word H_VERSION: the heap is of 8-byte granules; it checks frees. */
export const FLAG_EIGHT = 1 << 16;
export const FLAG_CHECKED = 1 << 17;
export const FLAGS = FLAG_EIGHT | FLAG_CHECKED;

/** The heap's own blocks begin with one granule or two of these words; the third is where free blocks have a length. */
export const OWN_WORDS = 4;
export const OWN_MAP = 0x70616d2e;
export const OWN_TABLES = 0x6c62742e;

/** Words of a free block; see free-lists.ts. */
export const NEXT = 0;
export const PREVIOUS = 1;
export const LENGTH = 2;

/** The most quick lists that tables have, in granules. */
export const QUICK_MAX = 1024;
