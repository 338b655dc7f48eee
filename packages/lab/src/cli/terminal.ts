/** What the commands print with: colours, sizes, tables, and a progress bar on stderr. All fits 80 columns. */
import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import picocolors from 'picocolors';
import { UserError } from '../errors.js';
import { atEnd } from '../output/ending.js';
import { style, visible, visibleName } from '../output/visible.js';
import { formatCount, parseSize as sizeOf } from '../sizes.js';

export { formatCount, formatMany, formatSize } from '../sizes.js';

const STYLES = ['bold', 'dim', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'orange'] as const;

/** Functions that colour text; `print` and `complain` know what they made from what a name may hold. */
export type Colours = Readonly<Record<(typeof STYLES)[number], (text: string) => string>>;

/** Functions that change nothing. */
export const PLAIN: Colours = makeColours(() => (text) => text);
export const COLOURED: Colours = makeColours((name) => {
  // The lesson's orange is none of the sixteen colours that terminals have names for.
  if (name === 'orange') return (text) => `${style('38;5;208')}${text}${style('39')}`;
  const [start, end] = picocolors
    .createColors(true)
    [name]('\n')
    .split('\n')
    .map((sequence) => style(sequence.slice(2, -1)));
  return (text) => start + text + end;
});

function makeColours(make: (name: (typeof STYLES)[number]) => (text: string) => string): Colours {
  return Object.fromEntries(STYLES.map((name) => [name, make(name)])) as Colours;
}

/** Colours where the stream is a terminal that has them; functions that change nothing elsewhere. */
export function colours(stream: { readonly isTTY?: boolean | undefined }): Colours {
  const { NO_COLOR, TERM } = process.env;
  // https://no-color.org: present and not empty.
  return stream.isTTY === true && !NO_COLOR && TERM !== 'dumb' ? COLOURED : PLAIN;
}

/**
 * Bytes of `4096`, `64KiB`, `1.5MiB`, `64k` (KiB too), `2MB` (a million each); case does not matter.
 * @param what names the value in the error: `--capacity`
 * @throws UserError unless it is a whole number of bytes from 1 to 2^53 - 1
 */
export function parseSize(text: string, what: string): number {
  const bytes = sizeOf(text);
  if (bytes === null) {
    throw new UserError(
      `${what}: '${text}' is not a size; give whole bytes from 1 up, such as 4096, 64KiB, 1.5MiB or 2GiB`,
    );
  }
  return bytes;
}

/** A line, or several, on stdout. */
export function print(text: string): void {
  process.stdout.write(`${visible(text)}\n`);
}

/** A line on stderr about what was done. */
export function tell(message: string): void {
  process.stderr.write(`${visible(oneLine(message))}\n`);
}

/** Tells stderr what is wrong, on one line whatever the message holds. */
export function complain(message: string): void {
  tell(`${colours(process.stderr).red('freehold:')} ${oneLine(message)}`);
}

function oneLine(message: string): string {
  return message.trim().replace(/\s*\n\s*/g, ' ');
}

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

const PATIENCE_MS = 1000;

/**
 * A bar on stderr for work that takes over about a second: nothing appears before that, nothing at all where stderr
 * is no terminal, and nothing is left behind. Ctrl-C takes the bar away before the process ends by the signal.
 */
export class Progress implements Disposable {
  readonly #total: number;
  #bar: SingleBar | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** Takes the bar away also where a signal ends the process: the cursor is hidden while it is there. */
  #ending: Disposable | null = null;
  #done = 0;
  #doing = '';
  #hidden = false;

  constructor(total: number) {
    this.#total = total;
    if (process.stderr.isTTY !== true) return;
    this.#timer = setTimeout(() => this.#draw(), PATIENCE_MS);
    this.#ending = atEnd(() => this.hide());
  }

  /** What runs now; cut to what fits beside the bar. */
  doing(what: string): void {
    const name = visibleName(what);
    this.#doing = name.length > 40 ? `${name.slice(0, 39)}…` : name;
    this.#bar?.update(this.#done, { doing: this.#doing });
  }

  advance(steps = 1): void {
    this.#done += steps;
    this.#bar?.update(this.#done);
  }

  /** Takes the bar away, so that something can be printed; `show` brings it back. */
  hide(): void {
    this.#hidden = this.#bar !== null;
    this.#bar?.stop();
    this.#bar = null;
  }

  show(): void {
    if (this.#hidden) this.#draw();
    this.#hidden = false;
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.hide();
    this.#ending?.[Symbol.dispose]();
    this.#ending = null;
  }

  #draw(): void {
    this.#bar = new SingleBar({
      format: '{bar} {value}/{total} {eta_formatted} {doing}',
      barsize: 20,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      clearOnComplete: true,
      hideCursor: true,
      linewrap: false,
      stream: process.stderr,
      // Unknown until two steps are done: no figure then.
      formatTime: (seconds) => (Number.isFinite(seconds) ? `${formatCount(seconds)} s left` : ''),
    });
    this.#bar.start(this.#total, this.#done, { doing: this.#doing });
  }
}
