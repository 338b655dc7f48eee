/** Tables, and text broken into lines: all fits 80 columns. */
import Table from 'cli-table3';

const BARE = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' ',
};

/** A cell over several columns. */
export interface Wide {
  readonly content: string;
  readonly colSpan: number;
}

/**
 * A table without borders, columns parted by two spaces (`gap` spaces), the head dim.
 * @param align one of `left` and `right` for each column
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | Wide)[])[],
  align: readonly ('left' | 'right')[],
  gap = 2,
): string {
  const drawn = new Table({
    head: [...head],
    chars: { ...BARE, middle: ' '.repeat(gap) },
    colAligns: [...align],
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
  });
  for (const row of rows) drawn.push([...row]);
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Breaks text into lines of at most `width` columns at its spaces; lines after the first begin with `indent` spaces. */
export function wrap(text: string, width = 80, indent = 0): string {
  let lines = '';
  let column = 0;
  for (const word of text.split(/\s+/)) {
    if (column > 0 && column + 1 + word.length > width) {
      lines += `\n${' '.repeat(indent)}`;
      column = indent;
    } else if (column > 0) {
      lines += ' ';
      column++;
    }
    lines += word;
    column += word.length;
  }
  return lines;
}

/** A term and what it means, with the meaning's later lines under its first, `indent` columns from the left. */
export function define(term: string, meaning: string, indent: number, width = 80): string {
  return `${term.padEnd(indent)}${wrap(meaning, width - indent).replaceAll('\n', `\n${' '.repeat(indent)}`)}`;
}
