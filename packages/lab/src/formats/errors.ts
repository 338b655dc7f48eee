/** What is wrong with a recording, and where. */
import { UserError } from '../errors.js';

/** Where in the file: a line, the first being 1, or a byte, the first being 0; neither where all of it is meant. */
export interface Place {
  readonly line?: number;
  readonly offset?: number;
}

/** The file is no trace that can be read: missing, cut off, malformed, of no known format. */
export class TraceFormatError extends UserError {
  override readonly name = 'TraceFormatError';
  /** As it was named to openTrace. */
  readonly file: string;
  readonly line: number | null;
  /** Bytes from the start, after decompression. */
  readonly offset: number | null;

  constructor(file: string, problem: string, { line, offset }: Place = {}) {
    const place =
      line !== undefined ? `${file}:${line}` : offset !== undefined ? `${file}, byte ${offset}` : file;
    super(`${place}: ${problem}`);
    this.file = file;
    this.line = line ?? null;
    this.offset = offset ?? null;
  }
}

const SHOWN = 60;

/** Bytes of the recording for an error message: one line, quoted, shortened, what does not print as `\x1b`. */
export function quote(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes.subarray(0, SHOWN)) {
    text +=
      byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text.length > SHOWN || bytes.length > SHOWN ? `'${text.slice(0, SHOWN)}…'` : `'${text}'`;
}
