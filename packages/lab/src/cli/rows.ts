/** How the tables of allocators begin a row and mark a figure. */
import type { Unmeasured } from '../metrics/unmeasured.js';
import type { Colours } from '../text/colours.js';
import type { Figure } from '../text/figures.js';
import { type Wide, wrap } from '../text/table.js';

/** In front of the best figure of a column: seen without colour too. */
export const BEST = '*';
/** Where there is no figure. */
export const NONE = '-';

/** The figure as printed, the best of a column with a star, asides in brackets. @param none where there is no figure */
export function starred({ text, best, aside }: Figure, paint: Colours, none = NONE): string {
  if (text === null) return none;
  if (aside) return paint.dim(`(${text})`);
  return best ? paint.green(BEST + text) : text;
}

/** A row for an allocator; one with options has them on a line above its figures, across all columns. */
export function allocatorRows(spec: string, cells: readonly string[]): (string | Wide)[][] {
  const [id = '', ...options] = spec.split(':');
  if (options.length === 0) return [[id, ...cells]];
  return [[{ content: [id, ...options].join(' '), colSpan: cells.length + 1 }], ['', ...cells]];
}

/** The row of an allocator without figures; `notMeasured` says why, below the table. */
export function emptyRow({ allocator }: Unmeasured, columns: number): (string | Wide)[][] {
  return allocatorRows(
    allocator,
    Array.from({ length: columns }, () => NONE),
  );
}

export function notMeasured({ allocator, error }: Unmeasured): string {
  return wrap(`${allocator} could not be measured: ${error.message}.`);
}

/** In place of the table of a trace on which no allocator has figures. */
export function nothingMeasured(trace: string, unmeasured: readonly Unmeasured[], paint: Colours): string {
  return [paint.bold(trace), ...unmeasured.map(notMeasured)].join('\n');
}
