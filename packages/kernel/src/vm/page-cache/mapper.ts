/** What the page cache knows of the memory that its pages are mapped in: enough to find their entries and clear them. */
import type { PageTable } from '../translation/page-table.js';

/** An address space, as the page cache sees it. */
export interface Mapper {
  readonly table: PageTable;
  /** An entry with this lower word is gone: drops its reference. */
  dropMapping(low: number): void;
  /** Forgets the translation of one page in the TLB. */
  invalidate(page: number): void;
}

/** Addresses at which a file is mapped: an area of an address space. */
export interface FileMapping {
  readonly space: Mapper;
  readonly start: number;
  readonly end: number;
  /** Bytes into the file at `start`. */
  readonly offset: number;
}
