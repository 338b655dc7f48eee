/** How much memory there is for replays. */
import { freemem, totalmem } from 'node:os';

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
