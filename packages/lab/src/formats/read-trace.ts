/** Reads a recording of any known format, compressed or not: what it is, is told from its content, never its name. */
import { UserError } from '../errors.js';
import { unknownName } from '../text/nearest.js';
import { TraceBuilder } from '../trace/builder.js';
import type { Trace } from '../trace/trace.js';
import { type DecompressOptions, decompress } from './decompress.js';
import { TraceFormatError } from './errors.js';
import { Head, type TraceFormat } from './format.js';
import { FORMATS } from './index.js';
import { PeekableChunks } from './peekable-chunks.js';
import { refuseAggregates } from './refused.js';

export interface ReadOptions extends DecompressOptions {
  /** Id of the format, where the content must not be asked. */
  readonly format?: string | undefined;
  /** Names the recording in errors: `name` where not given. */
  readonly file?: string | undefined;
}

/** What is needed of a `ReadableStream<Uint8Array>`, whose type only the DOM's and Node's declarations have. */
export interface ByteStream {
  getReader(): {
    read(): Promise<
      | { readonly done: false; readonly value: Uint8Array }
      | { readonly done: true; readonly value?: Uint8Array | undefined }
    >;
    cancel(): Promise<void>;
  };
}

/** Some editors put it in front of text: U+FEFF in UTF-8. */
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * Reads a recording, in one pass and without ever holding its text whole: about 10 bytes an operation stay.
 * @param chunks its bytes, such as the `body` of a Response or the `stream()` of a File
 * @param name what the trace is called
 * @throws TraceFormatError where there is no trace to be read: empty, cut off, malformed, of no known format.
 *   UserError where `format` names none.
 */
export async function readTrace(
  chunks: AsyncIterable<Uint8Array> | ByteStream,
  name: string,
  options: ReadOptions = {},
): Promise<Trace> {
  return readInto(
    new TraceBuilder(),
    Symbol.asyncIterator in chunks ? chunks : piecesOf(chunks),
    name,
    options,
  );
}

/** The same, with a builder that something was told already. */
export async function readInto(
  builder: TraceBuilder,
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  { format: id, file = name, ...unpacking }: ReadOptions,
): Promise<Trace> {
  const wanted = id === undefined ? null : findFormat(id);
  const source = new PeekableChunks(chunks);
  let content = source;
  try {
    content = await decompress(source, file, unpacking);
    const start = await content.peek(BYTE_ORDER_MARK.length);
    if (BYTE_ORDER_MARK.every((byte, i) => start[i] === byte)) content.skip(BYTE_ORDER_MARK.length);
    const format = wanted ?? recognise(new Head(await content.peek(Head.BYTES)), file);
    const reader = format.read(builder, file);
    for await (const chunk of content) reader.push(chunk);
    reader.end();
    if (builder.length === 0) {
      throw new TraceFormatError(file, `it holds no call of an allocator (read as ${format.id})`);
    }
    if (format.limits !== undefined) builder.remark(format.limits);
    return builder.finish(name, format.id);
  } finally {
    await content.return();
    // Content that is refused while it is unpacked leaves its source open.
    await source.return();
  }
}

/** For browsers whose streams cannot be iterated. */
async function* piecesOf(stream: ByteStream): AsyncIterable<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
  }
}

/** @throws UserError naming the formats there are */
export function findFormat(id: string): TraceFormat {
  const format = FORMATS.find((each) => each.id === id);
  if (format === undefined) {
    const known = FORMATS.map((each) => each.id);
    throw new UserError(unknownName('trace format', id, known));
  }
  return format;
}

/** The format that most of the head is in. @throws TraceFormatError where it is in none, or in one that tells no calls */
export function recognise(head: Head, file: string): TraceFormat {
  if (head.bytes.length === 0) throw new TraceFormatError(file, 'is empty');
  refuseAggregates(head, file);
  let best: TraceFormat | null = null;
  let most = 0;
  for (const format of FORMATS) {
    const records = format.detect(head);
    if (records > most) {
      best = format;
      most = records;
    }
  }
  if (best === null) {
    throw new TraceFormatError(
      file,
      `its format is unknown; known: ${FORMATS.map((each) => `${each.id} (${each.title})`).join(', ')}`,
    );
  }
  return best;
}
