/** What system calls refuse with: the code that Linux would give, and a sentence. */

export type ErrorCode =
  | 'E2BIG'
  | 'EACCES'
  | 'EAGAIN'
  | 'ECHILD'
  | 'EEXIST'
  | 'EINVAL'
  | 'EIO'
  | 'ELOOP'
  | 'ENOENT'
  | 'ENOEXEC'
  | 'ENOMEM'
  | 'ESRCH';

/** A system call refused; everything is as it was before. */
export class SystemCallError extends Error {
  override readonly name: string = 'SystemCallError';
  readonly code: ErrorCode;
  /** The sentence without the code. */
  readonly detail: string;

  constructor(code: ErrorCode, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
    this.detail = detail;
  }
}

/** `exec` refused the file; the process goes on with its old image. */
export class ExecError extends SystemCallError {
  override readonly name: string = 'ExecError';
}
