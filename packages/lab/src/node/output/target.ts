/** Where the name of an output leads, symbolic links followed, and which names lead to the same place. */
import { type BigIntStats, fstatSync, lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { UserError } from '../../errors.js';

export type Target =
  /** A regular file, or a place where nothing is yet. */
  | { readonly kind: 'file'; readonly path: string; readonly stats: BigIntStats | null }
  /** A FIFO, a device, a socket: written to as it is, never replaced. */
  | { readonly kind: 'special'; readonly path: string; readonly stats: BigIntStats }
  /** An open file of this process, such as `-` and `/dev/stdout`. */
  | { readonly kind: 'descriptor'; readonly descriptor: number; readonly stats: BigIntStats }
  | { readonly kind: 'folder' };

/** As many as Linux follows. */
const LINKS_MAX = 40;

/**
 * @param name a path, or `-` for the standard output
 * @throws UserError where links go round in a circle; the system's error where the folder is missing
 */
export function targetOf(name: string): Target {
  if (name === '-') return descriptorTarget(1);
  let path = name;
  for (let links = 0; links <= LINKS_MAX; links++) {
    if (path === '' || path.endsWith('/')) return { kind: 'folder' };
    const folder = realpathSync.native(dirname(path));
    const place = join(folder, basename(path));
    const open = openFile(folder, basename(path), place);
    if (open !== null) return open;
    const stats = lstatSync(place, { bigint: true, throwIfNoEntry: false });
    if (stats === undefined) return { kind: 'file', path: place, stats: null };
    if (!stats.isSymbolicLink()) return pathTarget(place, stats);
    path = resolve(folder, readlinkSync(place));
  }
  throw new UserError(`${name}: symbolic links go round in a circle`);
}

/**
 * The same text for the same file, pipe or place for a new file; null where two may go at once: what comes from or goes
 * to a character device (a terminal, /dev/null) stays whole.
 */
export function identityOf(target: Target): string | null {
  if (target.kind === 'folder') return null;
  if (target.kind === 'file' && target.stats === null) {
    return `${fileIdentity(statSync(dirname(target.path), { bigint: true }))}/${basename(target.path)}`;
  }
  return fileIdentity(target.stats!);
}

/** The same for an input; null also where there is none. */
export function inputIdentity(name: string): string | null {
  const stats =
    name === '-' ? fstatSync(0, { bigint: true }) : statSync(name, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? null : fileIdentity(stats);
}

function fileIdentity(stats: BigIntStats): string | null {
  return stats.isCharacterDevice() ? null : `${stats.dev}:${stats.ino}`;
}

function pathTarget(path: string, stats: BigIntStats): Target {
  if (stats.isDirectory()) return { kind: 'folder' };
  return { kind: stats.isFile() ? 'file' : 'special', path, stats };
}

function descriptorTarget(descriptor: number): Target {
  return { kind: 'descriptor', descriptor, stats: fstatSync(descriptor, { bigint: true }) };
}

/**
 * `/dev/stdout` leads to `/proc/self/fd/1`, a link whose text need be no path. One of our own is written to through the
 * descriptor, which keeps the order of what else goes there; another process's is opened as it is.
 */
function openFile(folder: string, name: string, place: string): Target | null {
  const [, process_] = /^\/proc\/(\d+)\/(?:task\/\d+\/)?fd$/.exec(folder) ?? [];
  const ours = folder === '/dev/fd' || process_ === String(process.pid);
  if (!/^\d{1,9}$/.test(name) || (!ours && process_ === undefined)) return null;
  if (ours) return descriptorTarget(Number(name));
  return { kind: 'special', path: place, stats: statSync(place, { bigint: true }) };
}
