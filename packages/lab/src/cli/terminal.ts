/** What the commands print with: colours, sizes, tables, and a progress bar on stderr. All fits 80 columns. */
import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import picocolors from 'picocolors';
import prettyBytes from 'pretty-bytes';
import { UserError } from '../errors.js';

export type Colours = ReturnType<typeof picocolors.createColors>;

const plain = picocolors.createColors(false);
const coloured = picocolors.createColors(true);

/** Colours where the stream is a terminal that has them; functions that change nothing elsewhere. */
export function colours(stream: { readonly isTTY?: boolean | undefined }): Colours {
  const { NO_COLOR, TERM } = process.env;
  // https://no-color.org: present and not empty.
  return stream.isTTY === true && !NO_COLOR && TERM !== 'dumb' ? coloured : plain;
}

const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/**
 * Bytes of `4096`, `64KiB`, `1.5MiB`, `64k` (KiB too), `2MB` (a million each); case does not matter.
 * @param what names the value in the error: `--capacity`
 * @throws UserError unless it is a whole number of bytes from 1 to 2^53 - 1
 */
export function parseSize(text: string, what: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = UNITS[match?.[2]?.toLowerCase() || 'b'];
  const bytes = match === null || unit === undefined ? Number.NaN : Number(match[1]) * unit;
  if (!(Number.isSafeInteger(bytes) && bytes > 0)) {
    throw new UserError(
      `${what}: '${text}' is no size; write whole bytes from 1 up, as 4096, 64KiB, 1.5MiB or 2GiB`,
    );
  }
  return bytes;
}

/** `1.5 MiB`; three digits that count. */
export function formatSize(bytes: number): string {
  return prettyBytes(bytes, { binary: true });
}

/** `1,234,567`, whatever the locale. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-GB');
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

/** Breaks text into lines of at most `width` columns at its spaces; later lines begin with `indent` spaces. */
export function wrap(text: string, width = 80, indent = 0): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line.trim() !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = ' '.repeat(indent) + word;
    } else {
      line = line === '' ? word : `${line}${line.trim() === '' ? '' : ' '}${word}`;
    }
  }
  return [...lines, line].join('\n');
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
  #done = 0;
  #doing = '';

  constructor(total: number) {
    this.#total = total;
    if (process.stderr.isTTY !== true) return;
    this.#timer = setTimeout(() => this.#show(), PATIENCE_MS);
    process.once('SIGINT', this.#interrupted);
  }

  /** What runs now; cut to what fits beside the bar. */
  doing(what: string): void {
    this.#doing = what.length > 40 ? `${what.slice(0, 39)}…` : what;
    this.#bar?.update(this.#done, { doing: this.#doing });
  }

  advance(steps = 1): void {
    this.#done += steps;
    this.#bar?.update(this.#done);
  }

  [Symbol.dispose](): void {
    process.off('SIGINT', this.#interrupted);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#bar?.stop();
    this.#timer = null;
    this.#bar = null;
  }

  #show(): void {
    this.#bar = new SingleBar({
      format: '{bar} {value}/{total} {eta_formatted} {doing}',
      barsize: 20,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      clearOnComplete: true,
      hideCursor: true,
      linewrap: false,
      stream: process.stderr,
    });
    this.#bar.start(this.#total, this.#done, { doing: this.#doing });
  }

  readonly #interrupted = (): void => {
    this[Symbol.dispose]();
    // By the signal itself, so that a shell's loop around us ends as well.
    process.kill(process.pid, 'SIGINT');
  };
}
