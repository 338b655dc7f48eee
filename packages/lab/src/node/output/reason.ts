/** Why a call of the system failed, in words. */
import { getSystemErrorMap } from 'node:util';

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
