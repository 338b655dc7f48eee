/** How a command ends other than well. Both are told in one line on stderr; the status is the process's. */
import { getSystemErrorMap } from 'node:util';

/** Wrong use: an unknown flag, a bad value, a file that cannot be read or is malformed. Exit status 2. */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  readonly status = 2;
}

/** The command did what it was asked to and found a fault: a verification that failed. Exit status 1. */
export class FaultError extends Error {
  override readonly name: string = 'FaultError';
  readonly status = 1;
}

/** Words for the errors of the system that people meet; `EACCES` is no word. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no such file or folder'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['ENOSPC', 'no space left'],
  ['EISDIR', 'is a folder, not a file'],
  ['EPIPE', 'its reader has closed it'],
]);

/** Why a call of the system failed, without the paths and the name of the call that Node puts around it. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code = '', errno = 0, message } = error as NodeJS.ErrnoException;
  return REASONS.get(code) ?? getSystemErrorMap().get(errno)?.[1] ?? message;
}
