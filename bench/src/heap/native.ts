/** Peers that are native code: one C program, replay.c, with the C library's malloc or another one preloaded. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Unfinished } from '../suite.js';
import { BUILD, compiled } from './build.js';
import type { Pace } from './replay.js';

const source = (name: string) => fileURLToPath(new URL(`../../native/${name}`, import.meta.url));

const REPLAY = join(BUILD, 'replay');
const REPLAY_EMPTY = join(BUILD, 'replay-empty');

let there: boolean | null = null;

/** Compiles the program, once. @returns false where there is no C compiler, or no Linux with glibc */
export function compileReplay(): boolean {
  there ??= compilePrograms();
  return there;
}

function compilePrograms(): boolean {
  const flags = ['-O2', '-o'];
  return (
    process.platform === 'linux' &&
    compiled('cc', [...flags, REPLAY, source('replay.c')]) &&
    compiled('cc', [
      ...flags,
      REPLAY_EMPTY,
      '-include',
      source('empty.h'),
      source('replay.c'),
      source('empty.c'),
    ])
  );
}

/** The path of the first of these libraries that the C compiler would link with; null where there is none. */
export function findLibrary(names: readonly string[]): string | null {
  for (const name of names) {
    const { stdout } = spawnSync('cc', [`-print-file-name=${name}`], { encoding: 'utf8' });
    const path = stdout?.trim() ?? '';
    if (isAbsolute(path) && existsSync(path)) return path;
  }
  return null;
}

/** What the malloc in that program says it is; null where it does not run. */
export function nativeVersion(preload: string | null): string | null {
  if (!compileReplay()) return null;
  try {
    return run(REPLAY, preload, ['version']);
  } catch {
    return null;
  }
}

export function nativeTime(operations: string, preload: string | null, pace: Pace): number {
  return time(REPLAY, operations, preload, pace);
}

/** The same loop over functions that return a constant. */
export function emptyTime(operations: string, pace: Pace): number {
  return time(REPLAY_EMPTY, operations, null, pace);
}

function time(program: string, operations: string, preload: string | null, pace: Pace): number {
  const { warmMs, timedMs, batches } = pace;
  return Number(run(program, preload, ['time', operations, ...[warmMs, timedMs, batches].map(String)]));
}

/** Peak of live bytes ÷ peak footprint, by the allocator's own accounting and by what became resident. */
export function nativeUtilisation(
  operations: string,
  preload: string | null,
): { readonly own: number; readonly resident: number } {
  const peaks = run(REPLAY, preload, ['utilisation', operations]).split(' ').map(Number);
  const [live, own, resident] = peaks as [number, number, number];
  return { own: live / own, resident: live / resident };
}

function run(program: string, preload: string | null, args: readonly string[]): string {
  const env = preload === null ? process.env : { ...process.env, LD_PRELOAD: preload };
  const { status, signal, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env });
  if (status === 0) return stdout.trim();
  throw new Unfinished(`ended by ${signal ?? `status ${status}`}: ${stderr.trim().split('\n')[0] ?? ''}`);
}
