/** Opens recordings that are files. */
import type { Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { TraceFormatError } from '../formats/errors.js';
import { type ReadOptions, readInto } from '../formats/read-trace.js';
import { TraceBuilder } from '../trace/builder.js';
import type { Trace } from '../trace/trace.js';
import { gunzip } from './gunzip.js';

export interface OpenOptions extends Pick<ReadOptions, 'format' | 'zstdWindow'> {
  /** Hears how far the file is read, in bytes as they lie on the disk; `totalBytes` is 0 where nobody knows (a pipe). */
  onProgress?(bytesRead: number, totalBytes: number): void;
}

const CHUNK_BYTES = 2 ** 18;

/**
 * Reads a recording, in one pass and without ever holding its text whole: about 10 bytes an operation stay. What is
 * added to the file meanwhile is left out and counted in the notes.
 * @param path a file, or `-` for the standard input
 * @throws TraceFormatError where there is no trace to be read: missing, a folder, empty, cut off, malformed, of no
 *   known format, changed while it was read. UserError where `format` names none.
 */
export async function openTrace(path: string, options: OpenOptions = {}): Promise<Trace> {
  const file = path === '-' ? 'standard input' : path;
  try {
    const builder = new TraceBuilder();
    const chunks = await readChunks(path, options, (bytes) => builder.unread(bytes));
    return await readInto(builder, chunks, basename(file), { ...options, file, gunzip });
  } catch (error) {
    throw error instanceof Error && 'syscall' in error ? unreadable(file, error) : error;
  }
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

function unreadable(file: string, error: Error): TraceFormatError {
  const code = 'code' in error ? error.code : '';
  if (code === 'ENOENT') return new TraceFormatError(file, 'no such file');
  if (code === 'EACCES' || code === 'EPERM') return new TraceFormatError(file, 'permission denied');
  return new TraceFormatError(file, error.message);
}
