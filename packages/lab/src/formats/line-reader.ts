/** Splits text recordings into lines, without making strings of them. A line that spans chunks is put together. */
import type { TraceBuilder } from '../trace/builder.js';
import { Cursor } from './cursor.js';
import { quote, TraceFormatError } from './errors.js';
import type { TraceReader } from './format.js';

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Longer than any line that a recorder writes: what has longer ones is no text, or damaged. */
const LINE_BYTES_MAX = 2 ** 20;

/** Hands each line of what is pushed to `line`. The first line that is not understood ends the reading. */
export abstract class LineReader implements TraceReader {
  protected readonly builder: TraceBuilder;
  protected readonly cursor = new Cursor();
  protected readonly file: string;
  /** The number of the line that is being read; the first is 1. */
  protected lineNumber = 0;
  /** Where the line that is being read ends: `cursor.end`, unless a reader narrowed that. */
  protected lineEnd = 0;
  #from = 0;
  /** The start of a line whose end has not come yet. */
  #rest: Uint8Array[] = [];
  #restBytes = 0;

  constructor(builder: TraceBuilder, file: string) {
    this.builder = builder;
    this.file = file;
  }

  /** Reads one line, over which `cursor` stands. Its end-of-line is cut off. */
  protected abstract line(cursor: Cursor): void;

  /** Reads what comes after the last end-of-line. */
  protected lastLine(cursor: Cursor): void {
    this.line(cursor);
  }

  push(chunk: Uint8Array): void {
    let from = 0;
    for (;;) {
      // Not searched for where it is next: what expands to empty lines has a billion of them.
      const to = chunk[from] === NEWLINE ? from : chunk.indexOf(NEWLINE, from);
      if (to < 0) break;
      if (this.#restBytes > 0) {
        const line = this.#joined(chunk.subarray(from, to));
        this.#enter(line, 0, line.length);
      } else this.#enter(chunk, from, to);
      this.line(this.cursor);
      from = to + 1;
    }
    if (from === chunk.length) return;
    this.#rest.push(chunk.slice(from));
    this.#restBytes += chunk.length - from;
    if (this.#restBytes > LINE_BYTES_MAX) this.#refuse(this.#rest[0]!);
  }

  end(): void {
    if (this.#restBytes === 0) return;
    const line = this.#joined(new Uint8Array(0));
    this.#enter(line, 0, line.length);
    this.lastLine(this.cursor);
  }

  /** @param expected what the line should have held where the cursor stands */
  protected fail(expected: string): never {
    this.failAtEnd(this.problem(expected));
  }

  /** @param problem what the file as a whole lacks */
  protected failAtEnd(problem: string): never {
    throw new TraceFormatError(this.file, problem, { line: this.lineNumber });
  }

  protected problem(expected: string): string {
    return `expected ${expected}, found ${this.quoted()}`;
  }

  /** The line that is being read, or its beginning. */
  protected quoted(): string {
    return quote(this.cursor.bytes.subarray(this.#from, this.lineEnd));
  }

  /** @param start of a line too long */
  #refuse(start: Uint8Array): never {
    throw new TraceFormatError(
      this.file,
      `a line of more than ${LINE_BYTES_MAX} bytes, ${quote(start)}: not a text file`,
      { line: this.lineNumber + 1 },
    );
  }

  #joined(last: Uint8Array): Uint8Array {
    const line = new Uint8Array(this.#restBytes + last.length);
    let at = 0;
    for (const part of [...this.#rest, last]) {
      line.set(part, at);
      at += part.length;
    }
    this.#rest = [];
    this.#restBytes = 0;
    return line;
  }

  /** Puts the cursor over a line. */
  #enter(bytes: Uint8Array, from: number, to: number): void {
    const { cursor } = this;
    if (to - from > LINE_BYTES_MAX) this.#refuse(bytes.subarray(from, to));
    this.lineNumber++;
    this.#from = from;
    cursor.bytes = bytes;
    cursor.at = from;
    cursor.end = to > from && bytes[to - 1] === RETURN ? to - 1 : to;
    this.lineEnd = cursor.end;
  }
}
