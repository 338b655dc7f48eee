/** What the system refuses with: a code, as Linux would give it, and a sentence. */

/**
 * A refusal by the system: a system call that cannot be done, or an access that faults. `code` says which, `message`
 * begins with it. Only faults of the caller's program and a lack of memory are refused so: a wrong argument of a
 * function of this library is a RangeError, a broken law a CorruptionError.
 * @example
 * ```js
 * const init = new Kernel().process(1);
 * const codes = [];
 * for (const call of [() => init.munmap(1, 4096), () => init.space.loadU8(0)]) {
 *   try { call(); } catch (error) { if (error instanceof KernelError) codes.push(error.code); }
 * }
 * codes;   // => ['EINVAL', 'SEGV_MAPERR']
 * ```
 */
export abstract class KernelError extends Error {
  abstract readonly code: string;
}

export type ErrorCode =
  | 'E2BIG'
  | 'EACCES'
  | 'EAGAIN'
  | 'ECHILD'
  | 'EEXIST'
  | 'EFAULT'
  | 'EINVAL'
  | 'EIO'
  | 'ELOOP'
  | 'ENOENT'
  | 'ENOEXEC'
  | 'ENOMEM'
  | 'ESRCH';

/**
 * A system call refused; everything is as it was before. `code` is that of Linux, `detail` gives the reason, `cause`
 * the error of a file where one failed.
 * @example
 * ```js
 * const kernel = new Kernel();
 * let refusal = null;
 * try { kernel.processes.wait(kernel.process(1)); } catch (error) { refusal = error; }
 * refusal instanceof SystemCallError && refusal.code;   // => 'ECHILD'
 * refusal.detail;   // => 'process 1 has no children'
 * ```
 */
export class SystemCallError extends KernelError {
  override readonly name: string = 'SystemCallError';
  readonly code: ErrorCode;
  /** The sentence without the code. */
  readonly detail: string;

  constructor(code: ErrorCode, detail: string, cause?: unknown) {
    super(`${code}: ${detail}`, cause === undefined ? {} : { cause });
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
