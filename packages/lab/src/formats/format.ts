/** What a trace format is: a new one is one file that exports a TraceFormat, and one line in index.ts. */
import type { TraceBuilder } from '../trace/builder.js';
import type { Trace } from '../trace/trace.js';

export interface TraceFormat {
  /** Names the format in `--format` and in Trace.format. */
  readonly id: string;
  /** One line: whose recordings these are. */
  readonly title: string;
  /** What its recorder cannot record, in words without a full stop; told in the notes. */
  readonly limits?: string;
  /** How many records of this format the start of the file shows; 0 where it is another format. */
  detect(head: Head): number;
  /** @param file names the recording in errors */
  read(builder: TraceBuilder, file: string): TraceReader;
  /** Present where the format can be written. */
  readonly writer?: TraceWriter;
}

/** Takes the recording piece by piece and tells the builder the calls in it. */
export interface TraceReader {
  /** The next bytes. The array is not kept. @throws TraceFormatError */
  push(chunk: Uint8Array): void;
  /** The recording is over. @throws TraceFormatError where it ends in the middle of something */
  end(): void;
}

export interface TraceWriter {
  /** What file names of this format end in. */
  readonly extension: string;
  /**
   * The bytes of the file, piece by piece.
   * @param onLoss hears, in words, what the format cannot say and the file therefore lacks
   * @throws UserError where the trace would not mean the same any more
   */
  write(trace: Trace, onLoss: (what: string) => void): Iterable<Uint8Array>;
}

/** Bytes that a format is recognised by. */
const HEAD_BYTES = 2 ** 16;
/** Characters of a line that patterns are held against: some take time in the square of them where nothing matches. */
const LINE_LENGTH_MAX = 2 ** 12;

/** The start of a recording. */
export class Head {
  static readonly BYTES = HEAD_BYTES;
  readonly bytes: Uint8Array;
  /** Whether `bytes` is all there is. */
  readonly whole: boolean;
  #lines: readonly string[] | null = null;

  constructor(bytes: Uint8Array) {
    this.whole = bytes.length < HEAD_BYTES;
    this.bytes = bytes.subarray(0, HEAD_BYTES);
  }

  /** The lines that are complete, or the first 4,096 characters of them, read as Latin-1. */
  get lines(): readonly string[] {
    if (this.#lines === null) {
      const lines = new TextDecoder('latin1').decode(this.bytes).split('\n');
      if (!this.whole && lines.length > 1) lines.pop();
      this.#lines = lines.map((line) => line.slice(0, LINE_LENGTH_MAX));
    }
    return this.#lines;
  }

  /** How many lines match. */
  count(pattern: RegExp): number {
    return this.lines.reduce((count, line) => count + (pattern.test(line) ? 1 : 0), 0);
  }
}
