/** Memory: how much there is for replays, and which errors say that there was not enough. */
import { freemem, totalmem } from 'node:os';
import { UserError } from '../errors.js';

/** Of what is free, what replays may take: the rest is for the compiler, the collector's delays, and other programs. */
const SHARE = 0.8;
/** Where the system counts as free only what nobody uses at all, not even for files that are kept in memory. */
const SHARE_OF_ALL = 0.4;

/** Bytes that all replays at once may take: of the free memory of the machine, or of the container where it has a limit. */
export function memoryForReplays(): number {
  // MemAvailable on Linux: what programs can have, memory that keeps files for later included.
  const free = process.platform === 'darwin' ? totalmem() * SHARE_OF_ALL : freemem() * SHARE;
  // 0, or more than there is, where there is no limit. What the container's files take can be had: so not its own count.
  const limit = process.constrainedMemory();
  if (!(limit > 0 && limit < totalmem())) return free;
  return Math.min(free, Math.max(0, limit - process.memoryUsage.rss()) * SHARE);
}

/**
 * How V8 tells that it has no memory: of a buffer, of WebAssembly, and that a collection has grown beyond what it can
 * hold. They are RangeErrors, as wrong arguments are: only the text differs. A length below 0 is no want of memory.
 */
const MESSAGES =
  /^(?:Array buffer allocation failed|Invalid typed array length: \d+|(?:Map|Set) maximum size exceeded|WebAssembly\.Memory.*could not allocate memory)/;

/** Whether the error says that memory ran out. */
export function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') return true;
  return error instanceof RangeError && MESSAGES.test(error.message);
}

/** The code of the error that tells of a thread which ended without a word. */
export const ENDED = 'ERR_THREAD_ENDED';

/** Why a replay came to no end although nobody is at fault, as the end of a sentence; null for an error of another kind. */
export function shortageOf(error: unknown): string | null {
  if (isOutOfMemory(error)) return `memory ran out (${(error as Error).message})`;
  if (error instanceof UserError) return error.message;
  return error instanceof Error && 'code' in error && error.code === ENDED ? error.message : null;
}
