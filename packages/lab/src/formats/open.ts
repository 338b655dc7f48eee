/** Opens a recording of any known format, compressed or not: what it is, is told from its content, never its name. */
import type { Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { UserError } from '../errors.js';
import { unknownName } from '../nearest.js';
import { TraceBuilder } from '../trace/builder.js';
import type { Trace } from '../trace/trace.js';
import { decompress } from './decompress.js';
import { TraceFormatError } from './errors.js';
import { Head, type TraceFormat } from './format.js';
import { FORMATS } from './index.js';
import { refuseAggregates } from './refused.js';

export interface OpenOptions {
  /** Id of the format, where the content must not be asked. */
  readonly format?: string | undefined;
  /** The largest window of zstd data that is accepted, 128 MiB where not given: twice that memory may be taken. */
  readonly zstdWindow?: number | undefined;
  /** Hears how far the file is read, in bytes as they lie on the disk; `totalBytes` is 0 where nobody knows (a pipe). */
  onProgress?(bytesRead: number, totalBytes: number): void;
}

const CHUNK_BYTES = 2 ** 18;
/** Some editors put it in front of text. */
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/**
 * Reads a recording, in one pass and without ever holding its text whole: about 10 bytes an operation stay. What is
 * added to the file meanwhile is left out and counted in the notes.
 * @param path a file, or `-` for the standard input
 * @throws TraceFormatError where there is no trace to be read: missing, a folder, empty, cut off, malformed, of no
 *   known format, changed while it was read. UserError where `format` names none.
 */
export async function openTrace(path: string, options: OpenOptions = {}): Promise<Trace> {
  const file = path === '-' ? 'standard input' : path;
  const wanted = options.format === undefined ? null : findFormat(options.format);
  try {
    const builder = new TraceBuilder();
    const source = await readChunks(path, options, (bytes) => builder.unread(bytes));
    const content = await decompress(source, file, options.zstdWindow);
    try {
      if (Buffer.from(await content.peek(BYTE_ORDER_MARK.length)).equals(BYTE_ORDER_MARK)) {
        content.skip(BYTE_ORDER_MARK.length);
      }
      const format = wanted ?? recognise(new Head(await content.peek(Head.BYTES)), file);
      const reader = format.read(builder, file);
      for await (const chunk of content) reader.push(chunk);
      reader.end();
      if (builder.length === 0) {
        throw new TraceFormatError(file, `it holds no call of an allocator (read as ${format.id})`);
      }
      return builder.finish(basename(file), format.id);
    } finally {
      await content.return();
    }
  } catch (error) {
    throw error instanceof Error && 'syscall' in error ? unreadable(file, error) : error;
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

/** Tells before any work whether there is a file to open. @throws TraceFormatError where it is missing or a folder */
export async function checkThere(path: string): Promise<void> {
  if (path !== '-') await found(path);
}

async function found(path: string): Promise<Stats> {
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) throw new TraceFormatError(path, 'is a folder, not a trace');
    return stats;
  } catch (error) {
    throw error instanceof Error && 'syscall' in error ? unreadable(path, error) : error;
  }
}

async function readChunks(
  path: string,
  { onProgress }: OpenOptions,
  onGrown: (bytes: number) => void,
): Promise<AsyncIterable<Uint8Array>> {
  if (path === '-') return process.stdin;
  await found(path);
  return readFile(path, onProgress ?? (() => {}), onGrown);
}

/** The bytes that the file has now. @throws TraceFormatError where it lost some or was rewritten meanwhile */
async function* readFile(
  path: string,
  onProgress: (bytesRead: number, totalBytes: number) => void,
  onGrown: (bytes: number) => void,
): AsyncIterable<Uint8Array> {
  await using handle = await open(path);
  const before = await handle.stat();
  // A pipe, a device and a file of /proc have no size that could be known.
  const size = before.isFile() ? before.size : 0;
  const end = size > 0 ? { end: size - 1 } : {};
  const stream: AsyncIterable<Uint8Array> = handle.createReadStream({
    highWaterMark: CHUNK_BYTES,
    autoClose: false,
    ...end,
  });
  let bytesRead = 0;
  for await (const chunk of stream) {
    bytesRead += chunk.length;
    onProgress(bytesRead, size);
    yield chunk;
  }
  if (size === 0) return;
  const after = await handle.stat();
  const left = Math.min(bytesRead, after.size);
  if (left < size) {
    throw new TraceFormatError(path, `shrank from ${size} to ${left} bytes while it was read; read it again`);
  }
  if (after.size > size) onGrown(after.size - size);
  else if (after.mtimeMs !== before.mtimeMs) {
    throw new TraceFormatError(path, 'was written to while it was read; read it again');
  }
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

function unreadable(file: string, error: Error): TraceFormatError {
  const code = 'code' in error ? error.code : '';
  if (code === 'ENOENT') return new TraceFormatError(file, 'no such file');
  if (code === 'EACCES' || code === 'EPERM') return new TraceFormatError(file, 'permission denied');
  return new TraceFormatError(file, error.message);
}
