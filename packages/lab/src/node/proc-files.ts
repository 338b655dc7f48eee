/** Where `freehold inspect` reads from: /proc of the Linux it runs on, or a folder with copies of its files. */
import { join } from 'node:path';
import { ProcFormatError } from '@freehold/kernel';
import { UserError } from '../errors.js';
import type { Missing, ProcFiles } from '../inspect/inspection.js';
import { readText } from './read-text.js';

export const PROC = '/proc';
/** smaps of 65,530 areas, as many as Linux allows a process, has 60 MB and more where paths are long. */
const TEXT_BYTES_MAX = 256 * 2 ** 20;

export class ProcFolder implements ProcFiles {
  /** What could not be read, in the order in which it was wanted. */
  readonly missing: Missing[] = [];
  private readonly root: string;

  /** @throws UserError where the root is /proc and this is no Linux */
  constructor(root = PROC, platform: string = process.platform) {
    if (root === PROC && platform !== 'linux') {
      throw new UserError(
        `this system is ${platform}, but inspect reads /proc of Linux: copy meminfo, buddyinfo, pagetypeinfo, slabinfo, vmallocinfo and PID/smaps from a Linux into a folder, and name the folder with --root`,
      );
    }
    this.root = root;
  }

  /**
   * Reads and parses a file: `buddyinfo`, `self/smaps`. A copy may be called `buddyinfo.txt`.
   * @returns null where it cannot be read; `missing` then says why
   * @throws UserError where it is not what Linux prints in that file, or larger than that can be
   */
  async read<T>(name: string, parse: (text: string, file: string) => T): Promise<T | null> {
    const file = join(this.root, name);
    const text = await this.text(name, file);
    if (text === null) return null;
    if (text === '' && /^\d+\//.test(name)) {
      this.missing.push({ file, why: 'is empty: a thread of the kernel has no memory of its own' });
      return null;
    }
    try {
      return parse(text, file);
    } catch (error) {
      throw error instanceof ProcFormatError ? new UserError(error.message) : error;
    }
  }

  private async text(name: string, file: string): Promise<string | null> {
    try {
      return await readText(file, TEXT_BYTES_MAX).catch((error: unknown) => {
        if (this.root === PROC || codeOf(error) !== 'ENOENT') throw error;
        return readText(`${file}.txt`, TEXT_BYTES_MAX);
      });
    } catch (error) {
      if (error instanceof UserError) throw error;
      this.missing.push({ file, why: this.reason(name, codeOf(error)) });
      return null;
    }
  }

  private reason(name: string, code: string): string {
    if (code === 'EACCES' || code === 'EPERM') {
      if (this.root !== PROC) return 'permission denied';
      return /^\d+\//.test(name) ? 'only root and its owner may read it' : 'only root may read it';
    }
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      if (this.root !== PROC) return 'not there';
      return /^\d+\//.test(name) ? 'no such process' : 'this kernel does not have it';
    }
    if (code === 'ESRCH') return 'the process has ended';
    return `cannot be read (${code})`;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
