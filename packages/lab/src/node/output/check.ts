/** Tells before the work, not after it, whether files can be written. */
import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { UserError } from '../../errors.js';
import { reasonOf } from './reason.js';
import { identityOf, inputIdentity, type Target, targetOf } from './target.js';

/**
 * @param outputs the options, or arguments, with the names given to them
 * @param inputs the recordings, none of which may be written over, whatever name leads to it
 * @throws UserError where one cannot be written, is one of the inputs, or is named twice
 */
export function checkOutputs(
  outputs: Readonly<Record<string, string | undefined>>,
  inputs: readonly string[],
): void {
  const taken = new Map<string | null, string>();
  for (const name of inputs) taken.set(inputIdentity(name), 'it is the recording itself');
  for (const [option, name] of Object.entries(outputs)) {
    if (name === undefined) continue;
    const refuse = (why: string) => new UserError(`${option}: cannot write ${name}: ${why}`);
    const target = reached(name, refuse);
    const identity = identityOf(target);
    const why = identity === null ? undefined : (taken.get(identity) ?? onStandardOutput(target, identity));
    if (why !== undefined) throw refuse(why);
    const obstacle = obstacleTo(target, name);
    if (obstacle !== null) throw refuse(obstacle);
    taken.set(identity, `${option} is written there already`);
  }
}

function reached(name: string, refuse: (why: string) => UserError): Target {
  try {
    return targetOf(name);
  } catch (error) {
    const { code, syscall, path = name } = error as NodeJS.ErrnoException;
    // lstat looks for the file itself: its folder is none.
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw refuse(noFolder(syscall === 'lstat' ? dirname(path) : path));
    throw error instanceof UserError ? error : refuse(reasonOf(error));
  }
}

/** `freehold compare … --csv out.csv > out.csv`: the table would be lost, or the figures. */
function onStandardOutput(target: Target, identity: string): string | undefined {
  if (target.kind === 'descriptor') return undefined;
  const output = identityOf(targetOf('-'));
  return identity === output ? 'it is the standard output already' : undefined;
}

function obstacleTo(target: Target, name: string): string | null {
  if (target.kind === 'folder') return 'it is a folder';
  if (target.kind === 'descriptor') return null;
  if (target.stats !== null && !writable(target.path)) return 'permission denied';
  // The temporary file that takes its place is made there.
  if (target.kind === 'file' && !writable(dirname(target.path))) return noFolder(dirname(name));
  return null;
}

function noFolder(path: string): string {
  return `the folder ${path} does not exist, or may not be written to`;
}

function writable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
