/** What the readers of /proc share: lines that know where they stand, and fields as Linux aligns them. */

/**
 * A text differs from Linux's format. `file` and `line` name the place, the message the expected form.
 * @example
 * ```js
 * let problem = null;
 * try { parseMeminfo('MemTotal: 100 kB\nMemFree: lots', 'saved.txt'); } catch (error) { problem = error; }
 * [problem instanceof ProcFormatError, problem.file, problem.line];   // => [true, 'saved.txt', 2]
 * ```
 */
export class ProcFormatError extends Error {
  override readonly name = 'ProcFormatError';
  /** As it was named to the parser. */
  readonly file: string;
  /** The first being 1. */
  readonly line: number;
  /** The message without the place. */
  readonly problem: string;

  constructor(file: string, line: number, problem: string) {
    super(`${file}:${line}: ${problem}`);
    this.problem = problem;
    this.file = file;
    this.line = line;
  }
}

/** Memory nodes that Linux can be built for (NODES_SHIFT is 10 at most). */
export const NODES_MAX = 1024;
/** More orders than any Linux has: a block of 2^63 frames. x86-64 has 11, powerpc could be built for 64. */
export const ORDERS_MAX = 64;
/** Zones of a node: DMA, DMA32, Normal, HighMem, Movable, Device. */
const ZONES_MAX = 6;
/** Rows for a zone each that a file can have. */
export const ZONE_ROWS_MAX = NODES_MAX * ZONES_MAX;

export class ProcLine {
  /** As it stands in the file. */
  readonly raw: string;
  /** Without blanks at both ends, and with spaces for tabs: what counts where no name of a file is in it. */
  readonly text: string;
  readonly file: string;
  /** The first being 1. */
  readonly number: number;

  constructor(raw: string, file: string, number: number) {
    this.raw = raw;
    this.text = raw.trim().replaceAll('\t', ' ');
    this.file = file;
    this.number = number;
  }

  /** What the pattern finds. @throws ProcFormatError, saying what was expected, where it finds nothing */
  match(pattern: RegExp, expected: string): RegExpExecArray {
    return pattern.exec(this.text) ?? this.fail(expected);
  }

  /** The number of a memory node. @throws ProcFormatError where Linux can have no such node */
  node(text: string | undefined): number {
    const node = Number(text);
    return node < NODES_MAX ? node : this.fail(`a memory node from 0 to ${NODES_MAX - 1}`);
  }

  /** @throws ProcFormatError where there are more of them than Linux can have */
  atMost(count: number, most: number, what: string): void {
    if (count > most) this.fail(`${most.toLocaleString('en-GB')} ${what} at most`);
  }

  /** @throws ProcFormatError always */
  fail(expected: string): never {
    const shown = this.text.length > 60 ? `${this.text.slice(0, 60)}…` : this.text;
    throw new ProcFormatError(this.file, this.number, `expected ${expected}, found ${JSON.stringify(shown)}`);
  }
}

/**
 * The lines that are not blank. Copies come through editors, mail and other systems: a byte order mark, and returns
 * before all line ends, are none of Linux's.
 * @throws ProcFormatError where there is none: a file of /proc that was not read, or copied while unreadable
 */
export function linesOf(text: string, file: string): ProcLine[] {
  const raw = text.replace(/^\uFEFF/, '').split('\n');
  // The last may be cut off before its end. A name of a file may end in a return, but not all of them.
  const returns = raw.every((line, i) => line.endsWith('\r') || i === raw.length - 1);
  const lines: ProcLine[] = [];
  raw.forEach((line, i) => {
    if (line.trim() === '') return;
    lines.push(new ProcLine(returns ? line.replace(/\r$/, '') : line, file, i + 1));
  });
  if (lines.length === 0) throw new ProcFormatError(file, 1, 'is empty');
  return lines;
}

/** The numbers of a list parted by spaces. */
export function numbersOf(list: string): number[] {
  return list.trim().split(/ +/).map(Number);
}

/** `Rss:                  8`, a label of at least 16 columns and a value that ends in column 24. */
export function labelled(label: string, value: number, labelWidth = 16): string {
  const head = `${label}:`.padEnd(labelWidth);
  return head + String(value).padStart(24 - head.length);
}
