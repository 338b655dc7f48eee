/**
 * How every command writes a file. A regular file is there whole or not at all: what is written goes to a temporary
 * file beside it, which takes its place in the end, so that a full disk or Ctrl-C leaves what was there. Links are
 * followed; the file at their end is replaced and they stay. What is no regular file (a FIFO, a device, /dev/stdout) is
 * written to as it is.
 *
 * The file replaced gives its permission bits, and its owner where the system lets us. Other hard links to it keep the
 * old content, as a copy that shares its blocks with a backup should.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  type BigIntStats,
  closeSync,
  constants,
  createWriteStream,
  fchmodSync,
  fchownSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../errors.js';
import { atEnd } from './ending.js';
import { reasonOf } from './reason.js';
import { type Target, targetOf } from './target.js';

export type Pieces = Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

export interface WriteOptions {
  /** Whether a regular file that is there may be replaced; decided when the new one is whole. */
  readonly replace: boolean;
}

/**
 * @param name a path, or `-` for the standard output
 * @returns how many bytes were written
 * @throws UserError naming the file and the reason: no space left, exists; and what `pieces` throws
 */
export async function writeOutput(name: string, pieces: Pieces, { replace }: WriteOptions): Promise<number> {
  let written = 0;
  async function* counted() {
    for await (const piece of pieces) {
      const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
      written += bytes.length;
      yield bytes;
    }
  }
  try {
    await writeTo(targetOf(name), counted(), replace);
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) {
      throw new UserError(`${name}: ${reasonOf(error)}`, { cause: error });
    }
    if (error instanceof Obstacle) throw new UserError(`${name} ${error.message}`);
    throw error;
  }
  return written;
}

/** @throws UserError where something is there that would be lost: a regular file, a disk */
export function refuseToReplace(name: string): void {
  const target = targetOf(name);
  if (target.kind === 'folder' || target.kind === 'descriptor' || target.stats === null) return;
  if (target.kind === 'file' || target.stats.isBlockDevice()) throw new UserError(`${name} ${THERE}`);
}

const THERE = 'exists already; --force overwrites it';

/** What stands in the way, to be told behind the name that the user gave. */
class Obstacle extends Error {}

async function writeTo(target: Target, bytes: AsyncIterable<Uint8Array>, replace: boolean): Promise<void> {
  if (target.kind === 'folder') throw new Obstacle('is a folder');
  if (target.kind === 'file') await writeBeside(target.path, target.stats, bytes, replace);
  else if (target.kind === 'descriptor') await writeToDescriptor(target.descriptor, bytes);
  else {
    // Without O_CREAT: Linux refuses that for others' FIFOs in /tmp. A terminal must not become ours.
    const file = await open(target.path, constants.O_WRONLY | constants.O_NOCTTY);
    await pipeline(bytes, file.createWriteStream());
  }
}

async function writeToDescriptor(descriptor: number, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const stream = [null, process.stdout, process.stderr][descriptor] ?? null;
  if (stream === null) {
    await pipeline(bytes, createWriteStream('', { fd: descriptor, autoClose: false }));
    return;
  }
  // Errors of these two are told where the command begins, whoever writes to them.
  for await (const piece of bytes) if (!stream.write(piece)) await once(stream, 'drain');
}

async function writeBeside(
  path: string,
  there: BigIntStats | null,
  bytes: AsyncIterable<Uint8Array>,
  replace: boolean,
): Promise<void> {
  // Of its own length: a name as long as the file system allows has no room for more.
  const temporary = join(dirname(path), `.freehold-${randomBytes(6).toString('hex')}.tmp`);
  using _removed = atEnd(() => rmSync(temporary, { force: true }));
  // At once, not by a thread: a signal finds the file not yet begun or there to be removed.
  const descriptor = openSync(temporary, 'wx', there === null ? 0o666 : 0o600);
  if (there !== null) keepOwnerAndMode(descriptor, there);
  await pipeline(bytes, createWriteStream('', { fd: descriptor, flush: true }));
  putInPlace(temporary, path, replace);
}

function keepOwnerAndMode(descriptor: number, { uid, gid, mode }: BigIntStats): void {
  // The group alone may be given by one of its members; some file systems have neither owners nor modes.
  const attempts = [
    () => fchownSync(descriptor, -1, Number(gid)),
    () => fchownSync(descriptor, Number(uid), Number(gid)),
    () => fchmodSync(descriptor, Number(mode) & 0o777),
  ];
  for (const attempt of attempts) {
    try {
      attempt();
    } catch {
      // As far as the system lets us.
    }
  }
}

function putInPlace(temporary: string, path: string, replace: boolean): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there !== undefined && !there.isFile()) throw new Obstacle('is not a regular file any more');
  if (replace) renameSync(temporary, path);
  else claim(temporary, path);
}

/** Gives the file its name unless that is taken. No signal comes between the steps: they are one turn of the loop. */
function claim(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (isThere(error)) throw new Obstacle(THERE);
    claimWithoutLinks(temporary, path);
  }
}

/** For file systems without hard links: an empty file takes the name, if it is free, and is replaced. */
function claimWithoutLinks(temporary: string, path: string): void {
  try {
    closeSync(openSync(path, 'wx'));
  } catch (error) {
    throw isThere(error) ? new Obstacle(THERE) : error;
  }
  try {
    renameSync(temporary, path);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

function isThere(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EEXIST';
}
