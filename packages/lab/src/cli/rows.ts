/** How the tables of allocators begin a row and mark a figure. */
import type { Wide } from './terminal.js';

/** In front of the best figure of a column: seen without colour too. */
export const BEST = '*';
/** Where there is no figure. */
export const NONE = '-';

/** A row for an allocator; one with options has them on a line above its figures, across all columns. */
export function allocatorRows(spec: string, cells: readonly string[]): (string | Wide)[][] {
  const [id = '', ...options] = spec.split(':');
  if (options.length === 0) return [[id, ...cells]];
  return [[{ content: [id, ...options].join(' '), colSpan: cells.length + 1 }], ['', ...cells]];
}
