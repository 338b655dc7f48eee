/** What the commands print with: lines on stdout and stderr, and a progress bar. */
import { SingleBar } from 'cli-progress';
import { UserError } from '../errors.js';
import { atEnd } from '../node/output/ending.js';
import { COLOURED, type Colours, PLAIN } from '../text/colours.js';
import { formatCount } from '../text/format.js';
import { parseSize as sizeOf } from '../text/sizes.js';
import { visible, visibleName } from '../text/visible.js';

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
