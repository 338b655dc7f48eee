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

/**
 * A system call refused; everything is as it was before. `code` is that of Linux, `detail` gives the reason.
 * @example
 * ```js
 * const kernel = new Kernel();
 * let refusal = null;
 * try { kernel.processes.wait(kernel.process(1)); } catch (error) { refusal = error; }
 * refusal instanceof SystemCallError && refusal.code;   // => 'ECHILD'
 * refusal.detail;   // => 'process 1 has no children'
 * ```
 */
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

/**
 * `exec` refused the file; the process goes on with its old image.
 * @example
 * ```js
 * const kernel = new Kernel({ openFile: (path) => new MemoryFile(path, new TextEncoder().encode('hi')) });
 * const init = kernel.process(1);
 * kernel.processes.exec(init, '/etc/motd');   // => throws ExecError: ENOEXEC: /etc/motd: not an ELF file
 * init.path;   // => ''
 * init.space.areas.length;   // => 1
 * ```
 */
export class ExecError extends SystemCallError {
  override readonly name: string = 'ExecError';
}
