/**
 * Reads what recorders write while a program runs. Some of it comes torn: the program was killed in the middle of a
 * line, or wrote between. Such a line is left out and told of; a recording of which much is not understood is refused.
 */
import type { Cursor } from './cursor.js';
import { TraceFormatError } from './errors.js';
import { LineReader } from './line-reader.js';

/** Of the lines with calls, how many may be damaged: one in so many, or a few in a short recording. */
const ONE_IN = 20;
const FEW = 3;
/** Damaged lines after which a recording is refused before its end, where they are too many. */
const MANY = 1000;
const SHOWN = 3;

/** Thrown, and caught, for every line that is not understood: one for all, as their stack traces would take long. */
class BadLine extends Error {}
const BAD_LINE = new BadLine('a line is not understood');

export abstract class RecordingReader extends LineReader {
  #badLines = 0;
  #problem = '';
  #firstProblem = '';
  #firstLine = 0;

  /**
   * Reads one line, over which `cursor` stands: tells the builder of the call on it, or that there is none. Calls `fail`
   * before anything is told, or not at all.
   */
  protected abstract record(cursor: Cursor): void;

  /** The recording is over: what only then is known. */
  protected finish(): void {}

  protected line(cursor: Cursor): void {
    try {
      this.record(cursor);
    } catch (error) {
      if (error !== BAD_LINE) throw error;
      this.#bad();
    }
  }

  /** A line without its end: where it ends in a number, nobody knows what followed. */
  protected override lastLine(cursor: Cursor): void {
    const last = lastByte(cursor);
    if (last === -1) return;
    if (!isWord(last)) {
      try {
        this.record(cursor);
        return;
      } catch (error) {
        if (error !== BAD_LINE) throw error;
      }
    }
    this.builder.cutOff(`line ${this.lineNumber}, ${this.quoted()}`);
  }

  override end(): void {
    super.end();
    this.finish();
    if (this.#badLines > this.#badLinesMax()) this.#refuse();
  }

  protected override fail(expected: string): never {
    if (this.#badLines < SHOWN) this.#problem = this.problem(expected);
    throw BAD_LINE;
  }

  #bad(): void {
    if (this.#badLines === 0) {
      this.#firstLine = this.lineNumber;
      this.#firstProblem = this.#problem;
    }
    this.builder.badLine(this.#badLines < SHOWN ? `line ${this.lineNumber}: ${this.#problem}` : null);
    this.#badLines++;
    if (this.#badLines > MANY && this.#badLines > this.#badLinesMax()) this.#refuse();
  }

  #badLinesMax(): number {
    const calls = this.lineNumber - this.builder.skippedLines - this.#badLines;
    return Math.max(calls / ONE_IN, Math.min(FEW, Math.floor(calls / 2)));
  }

  #refuse(): never {
    const many =
      this.#badLines > 1 ? `; ${this.#badLines} of ${this.lineNumber} lines are not understood` : '';
    throw new TraceFormatError(this.file, `${this.#firstProblem}${many}`, { line: this.#firstLine });
  }
}

/** The last byte that is no blank; -1 where there is none. */
function lastByte({ bytes, at, end }: Cursor): number {
  for (let i = end - 1; i >= at; i--) if (bytes[i] !== 0x20 && bytes[i] !== 0x09) return bytes[i]!;
  return -1;
}

function isWord(byte: number): boolean {
  const letter = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (letter >= 0x61 && letter <= 0x7a) || byte === 0x5f;
}
