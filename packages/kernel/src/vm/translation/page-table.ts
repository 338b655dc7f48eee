/**
 * Page tables of four levels as on x86-64, in frames of the machine: 512 entries of 8 bytes a table, so that what
 * translation itself costs in memory is seen. An entry is two words: frame number and flags in the lower one, "not
 * executable" at the top of the upper one. A table's descriptor counts its entries in use, and an empty one is freed.
 *
 * Cost: a walk is four reads; making a way O(4) frames; a range O(its tables + its entries in use). Waste: a page
 * far from all others needs three tables, 12 KiB, of its own. Not for translating each access: see tlb.ts.
 * Source: Intel SDM volume 3, 4.5; Linux arch/x86/include/asm/pgtable_types.h.
 */
import { INSPECT, summary } from 'freehold';
import { OWNER_PAGE_TABLE } from '../../frames/descriptors.js';
import { __GFP_ZERO, GFP_KERNEL } from '../../frames/gfp.js';
import type { PageAllocator } from '../../frames/page-allocator.js';

export const PTE_PRESENT = 0x1;
export const PTE_WRITE = 0x2;
export const PTE_USER = 0x4;
export const PTE_ACCESSED = 0x20;
export const PTE_DIRTY = 0x40;
/** In kernel entries: the same in all address spaces. */
export const PTE_GLOBAL = 0x100;
/** In user entries that are not present: mapped, but no access is allowed (Linux's _PAGE_PROTNONE, the same bit). */
export const PTE_PROTNONE = 0x100;
/** The frame is not counted: the zero page. */
export const PTE_SPECIAL = 0x200;
/** In the upper word. */
export const PTE_NX = 0x8000_0000;

/** What `find` and `reach` give when there is no entry. */
export const NO_ENTRY = -1;

const LEVELS = 4;
const ENTRIES = 512;
const LINK = PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED;
/** Pages below an entry of each level. */
const REACH = [1, 2 ** 9, 2 ** 18, 2 ** 27] as const;

/** As Linux calls the tables of each level, from the topmost down. */
const LEVEL_NAMES = ['PGD', 'PUD', 'PMD', 'PTE'] as const;

/** An entry on the way to a page. */
export interface WalkStep {
  /** Linux's name of the table's level. */
  readonly level: (typeof LEVEL_NAMES)[number];
  /** Frame that the table lies in. */
  readonly table: number;
  /** Of the entry in its table, 0 to 511. */
  readonly index: number;
  /** Its lower word: a frame number above 12 bits of flags (PTE_); 0 where it is empty. */
  readonly low: number;
  /** Its upper word: PTE_NX or 0. */
  readonly high: number;
}

type LeafVisitor = (leaf: number, from: number, to: number, page: number) => void;
type EntryVisitor = (entry: number, page: number) => void;
/** What a walk does after it has visited: nothing, clear the entry, or free tables that become empty too. */
type AfterVisit = 'look' | 'clear' | 'free';

/**
 * Page tables of four levels in frames of the machine, `space.table`. Pages are numbered: address / 4096. Entries
 * are places in the machine's 32-bit words.
 * @example
 * ```js
 * const { machine, pages } = new Kernel();
 * const table = PageTable.create(pages);
 * const entry = table.reach(0x7fff_ffff);
 * table.set(entry, 42, PTE_PRESENT | PTE_WRITE | PTE_USER, false);
 * machine.u32[table.find(0x7fff_ffff)] >>> 12;   // => 42
 * // One page costs a table of each of the four levels: 16 KiB.
 * table.tables;   // => 4
 * ```
 */
export class PageTable {
  /** Frame of the topmost table. */
  root: number;
  /** Frames that the tables take, the topmost included. */
  tables = 1;
  private readonly pages: PageAllocator;
  private readonly words: Uint32Array;
  /** Entries in use, by the table's frame. */
  private readonly used: Int32Array;

  /**
   * An empty table of the topmost level; `AddressSpace` has one.
   * @returns null when there is no frame for it
   * @example
   * ```js
   * const { pages } = new Kernel();
   * const table = PageTable.create(pages);
   * pages.descriptors.owner[table.root] === OWNER_PAGE_TABLE;   // => true
   * table.find(0);   // => -1
   * pages.failNth(1);
   * PageTable.create(pages);   // => null
   * ```
   */
  static create(pages: PageAllocator): PageTable | null {
    const root = pages.allocPages(GFP_KERNEL | __GFP_ZERO, 0, OWNER_PAGE_TABLE);
    return root === null ? null : new PageTable(pages, root);
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new Kernel().vm.kernel.table.toJSON().tables > 0;   // => true
   * ```
   */
  toJSON(): object {
    return { root: this.root, tables: this.tables };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  private constructor(pages: PageAllocator, root: number) {
    this.pages = pages;
    this.root = root;
    this.words = pages.machine.u32;
    this.used = pages.descriptors.tag;
  }

  /**
   * The entry of a page, as the place of its lower word in the machine's 32-bit words, or NO_ENTRY when a table is
   * missing on the way. Four reads; the entry may be empty.
   * @param page address / 4096, under 2^36
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const { u32 } = space.vm.pages.machine;
   * const at = space.mmap({ length: 8192 });
   * space.store8(at, 1);
   * (u32[space.table.find(at / 4096)] & PTE_DIRTY) !== 0;   // => true
   * // In the same table, but never touched:
   * u32[space.table.find(at / 4096 + 1)];   // => 0
   * space.table.find(0x400) === NO_ENTRY;   // => true
   * ```
   */
  find(page: number): number {
    const { words } = this;
    const top = words[(this.root << 10) + (((page / 2 ** 27) & 511) << 1)];
    if (top === 0) return NO_ENTRY;
    const upper = words[((top >>> 12) << 10) + (((page / 2 ** 18) & 511) << 1)];
    if (upper === 0) return NO_ENTRY;
    const middle = words[((upper >>> 12) << 10) + (((page / 2 ** 9) & 511) << 1)];
    if (middle === 0) return NO_ENTRY;
    return ((middle >>> 12) << 10) + ((page & 511) << 1);
  }

  /**
   * The way to the entry of a page, table by table, from the topmost down: for people. It ends where an entry is empty.
   * @param page address / 4096, under 2^36
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const at = space.mmap({ length: 4096 });
   * space.store8(at, 1);
   * space.table.path(at / 4096).map((step) => `${step.level} ${step.index}`);   // => ['PGD 255', 'PUD 511', 'PMD 447', 'PTE 510']
   * // Nothing is mapped at the bottom: the third table has no entry there.
   * space.table.path(0).at(-1).low;   // => 0
   * ```
   */
  path(page: number): WalkStep[] {
    const steps: WalkStep[] = [];
    let table = this.root;
    for (const [i, level] of LEVEL_NAMES.entries()) {
      const index = Math.floor(page / REACH[LEVELS - 1 - i]!) & 511;
      const entry = (table << 10) + (index << 1);
      const low = this.words[entry]!;
      steps.push({ level, table, index, low, high: this.words[entry + 1]! });
      if (low === 0) break;
      table = low >>> 12;
    }
    return steps;
  }

  /**
   * As `find`, but makes the tables that are missing: at most three frames.
   * @returns NO_ENTRY, and nothing changed, when there is no frame for one
   * @example
   * ```js
   * const { pages } = new Kernel();
   * const table = PageTable.create(pages);
   * table.reach(1) - table.reach(0);   // => 2
   * table.tables;   // => 4
   * pages.failNth(2);
   * table.reach(2 ** 35);   // => -1
   * table.tables;   // => 4
   * ```
   */
  reach(page: number): number {
    const { words } = this;
    let table = this.root;
    for (let level = LEVELS - 1; level > 0; level--) {
      const entry = (table << 10) + (((page / REACH[level]) & 511) << 1);
      let low = words[entry];
      if (low === 0) {
        const frame = this.pages.allocPages(GFP_KERNEL | __GFP_ZERO, 0, OWNER_PAGE_TABLE);
        if (frame === null) {
          this.prune(page);
          return NO_ENTRY;
        }
        this.tables++;
        low = ((frame << 12) | LINK) >>> 0;
        words[entry] = low;
        this.used[table]++;
      }
      table = low >>> 12;
    }
    return (table << 10) + ((page & 511) << 1);
  }

  /**
   * Writes an entry of this table. References of frames and the TLB are the caller's matter.
   * @param entry as `reach` gives it
   * @param flags PTE_ bits of the lower word, not 0
   * @param executable whether instructions may be fetched there; sets PTE_NX where not
   * @example
   * ```js
   * const { machine, pages } = new Kernel();
   * const table = PageTable.create(pages);
   * const entry = table.reach(5);
   * table.set(entry, 7, PTE_PRESENT | PTE_USER, false);
   * machine.u32[entry].toString(16);   // => '7005'
   * machine.u32[entry + 1] === PTE_NX;   // => true
   * ```
   */
  set(entry: number, frame: number, flags: number, executable: boolean): void {
    if (this.words[entry] === 0) this.used[entry >>> 10]++;
    this.words[entry] = (frame << 12) | flags;
    this.words[entry + 1] = executable ? 0 : PTE_NX;
  }

  /**
   * Changes which accesses an entry in use allows. Write access is only taken away here: a fault gives it. The TLB is
   * the caller's matter.
   * @param accessible whether any access is allowed; the frame stays mapped where none is
   * @example
   * ```js
   * const { machine, pages } = new Kernel();
   * const table = PageTable.create(pages);
   * const entry = table.reach(5);
   * table.set(entry, 7, PTE_PRESENT | PTE_WRITE | PTE_USER, false);
   * table.protect(entry, true, false, true);
   * machine.u32[entry] === ((7 << 12) | PTE_PRESENT | PTE_USER);   // => true
   * ```
   */
  protect(entry: number, accessible: boolean, writable: boolean, executable: boolean): void {
    const low = this.words[entry] & ~(PTE_PRESENT | PTE_PROTNONE);
    const kept = accessible && writable ? low : low & ~PTE_WRITE;
    this.words[entry] = kept | (accessible ? PTE_PRESENT : PTE_PROTNONE);
    this.words[entry + 1] = executable ? 0 : PTE_NX;
  }

  /**
   * Empties an entry in use. Its table stays, even when that was the last one: see `prune`.
   * @example
   * ```js
   * const { machine, pages } = new Kernel();
   * const table = PageTable.create(pages);
   * const entry = table.reach(5);
   * table.set(entry, 7, PTE_PRESENT, true);
   * table.clear(entry);
   * [machine.u32[entry], table.tables];   // => [0, 4]
   * ```
   */
  clear(entry: number): void {
    this.words[entry] = 0;
    this.words[entry + 1] = 0;
    this.used[entry >>> 10]--;
  }

  /**
   * Frees the tables on the way to the pages [first, end) that are empty; to one page when `end` is left out.
   * @example
   * ```js
   * const table = PageTable.create(new Kernel().pages);
   * table.reach(5);
   * table.set(table.reach(2 ** 20), 7, PTE_PRESENT, true);
   * table.tables;   // => 6
   * table.prune(5);
   * // The one above both is still needed.
   * table.tables;   // => 4
   * ```
   */
  prune(first: number, end = first + 1): void {
    this.pruneBelow(this.root, LEVELS - 1, 0, first, end);
  }

  /**
   * Makes the tables that the entries of the pages [first, end) need at the pages from `to` on: `moveRange`.
   * @returns false when there is no frame for one; `prune` those that were made
   * @internal
   */
  reserve(first: number, end: number, to: number): boolean {
    let whole = true;
    // Reclaim, called for by a new table, may take entries away; their tables stay.
    this.forEach(first, end, (_, page) => {
      whole &&= this.reach(page - first + to) !== NO_ENTRY;
    });
    return whole;
  }

  /** Moves the entries of the pages [first, end) to the pages from `to` on, for which tables are there. @internal */
  moveRange(first: number, end: number, to: number): void {
    const { words } = this;
    const carry = (entry: number, page: number) => {
      const target = this.find(page - first + to);
      words[target] = words[entry];
      words[target + 1] = words[entry + 1];
      this.used[target >>> 10]++;
    };
    this.walk(this.root, LEVELS - 1, 0, first, end, carry, 'clear');
  }

  /**
   * Calls `visit` with each entry in use of the pages [first, end), rising. `visit` may write it, not clear it.
   * Empty stretches cost nothing: O(tables + entries in use).
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const at = space.mmap({ length: 2 ** 30 });
   * for (const page of [0, 1000, 200_000]) space.store8(at + page * 4096, 1);
   * const first = at / 4096;
   * const seen = [];
   * space.table.forEach(first, first + 2 ** 18, (entry, page) => seen.push(page - first));
   * seen;   // => [0, 1000, 200000]
   * ```
   */
  forEach(first: number, end: number, visit: EntryVisitor): void {
    this.walk(this.root, LEVELS - 1, 0, first, end, visit, 'look');
  }

  /**
   * Calls `visit` with the frame of each table of the lowest level that has entries of the pages [first, end): those from
   * `from` to `to`, the first of which is that of `page`.
   * @internal
   */
  forEachLeaf(first: number, end: number, visit: LeafVisitor): void {
    this.leaves(this.root, LEVELS - 1, 0, first, end, visit);
  }

  /**
   * As `forEach`, then clears each entry, and frees every table that becomes empty unless `keepTables`: munmap, where
   * `visit` drops the reference of the frame.
   * @example
   * ```js
   * const table = PageTable.create(new Kernel().pages);
   * for (const page of [0, 1, 600]) table.set(table.reach(page), 7, PTE_PRESENT, true);
   * const gone = [];
   * table.clearRange(1, 1000, (entry, page) => gone.push(page));
   * gone;   // => [1, 600]
   * table.tables;   // => 4
   * ```
   */
  clearRange(first: number, end: number, visit: EntryVisitor, keepTables = false): void {
    this.walk(this.root, LEVELS - 1, 0, first, end, visit, keepTables ? 'clear' : 'free');
  }

  /**
   * Frees the topmost table; all entries are cleared before. Walks end in `empty` from then on, a frame of zeroes.
   * @example
   * ```js
   * const { pages, vm } = new Kernel();
   * const free = pages.freeFrames;
   * const table = PageTable.create(pages);
   * table.destroy(vm.zeroFrame);
   * [table.find(0x400), pages.freeFrames - free];   // => [-1, 0]
   * ```
   */
  destroy(empty: number): void {
    this.pages.put(this.root);
    this.root = empty;
    this.tables = 0;
  }

  /**
   * Calls `visit` with the frame of every table, the entries it has in use by its own count, and its level, 3 at the
   * top.
   * @example
   * ```js
   * const table = PageTable.create(new Kernel().pages);
   * for (let page = 0; page < 1000; page++) table.set(table.reach(page), 7, PTE_PRESENT, true);
   * const seen = [];
   * table.forEachTable((frame, used, level) => seen.push([level, used]));
   * seen;   // => [[3, 1], [2, 1], [1, 2], [0, 512], [0, 488]]
   * ```
   */
  forEachTable(visit: (frame: number, used: number, level: number) => void): void {
    const below = (table: number, level: number) => {
      visit(table, this.used[table], level);
      if (level === 0) return;
      for (let i = 0; i < ENTRIES; i++) {
        const low = this.words[(table << 10) + (i << 1)];
        if (low !== 0) below(low >>> 12, level - 1);
      }
    };
    below(this.root, LEVELS - 1);
  }

  private walk(
    table: number,
    level: number,
    base: number,
    first: number,
    end: number,
    visit: EntryVisitor,
    then: AfterVisit,
  ): void {
    const { words } = this;
    const reach = REACH[level];
    const from = Math.max(0, Math.floor((first - base) / reach));
    const to = Math.min(ENTRIES, Math.ceil((end - base) / reach));
    for (let i = from; i < to; i++) {
      const entry = (table << 10) + (i << 1);
      const low = words[entry];
      if (low === 0) continue;
      if (level === 0) {
        visit(entry, base + i);
        if (then !== 'look') this.clear(entry);
        continue;
      }
      const below = low >>> 12;
      this.walk(below, level - 1, base + i * reach, first, end, visit, then);
      if (then === 'free' && this.used[below] === 0) this.free(entry, below);
    }
  }

  private leaves(
    table: number,
    level: number,
    base: number,
    first: number,
    end: number,
    visit: LeafVisitor,
  ): void {
    const reach = REACH[level];
    const from = Math.max(0, Math.floor((first - base) / reach));
    const to = Math.min(ENTRIES, Math.ceil((end - base) / reach));
    if (level === 0) {
      visit(table, from, to, base + from);
      return;
    }
    for (let i = from; i < to; i++) {
      const low = this.words[(table << 10) + (i << 1)];
      if (low !== 0) this.leaves(low >>> 12, level - 1, base + i * reach, first, end, visit);
    }
  }

  private pruneBelow(table: number, level: number, base: number, first: number, end: number): void {
    const reach = REACH[level];
    const from = Math.max(0, Math.floor((first - base) / reach));
    const to = Math.min(ENTRIES, Math.ceil((end - base) / reach));
    for (let i = from; i < to; i++) {
      const entry = (table << 10) + (i << 1);
      const low = this.words[entry];
      if (low === 0) continue;
      const below = low >>> 12;
      if (level > 1) this.pruneBelow(below, level - 1, base + i * reach, first, end);
      if (this.used[below] === 0) this.free(entry, below);
    }
  }

  private free(entry: number, table: number): void {
    this.clear(entry);
    this.pages.put(table);
    this.tables--;
  }
}
