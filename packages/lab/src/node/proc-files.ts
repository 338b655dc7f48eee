/** Where `freehold inspect` reads from: /proc of the Linux it runs on, or a folder with copies of its files. */
import { access, readdir, readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { join, resolve } from 'node:path';
import { ProcFormatError } from '@freehold/kernel';
import { UserError } from '../errors.js';
import type { Missing, ProcFiles } from '../inspect/inspection.js';
import { formatSize } from '../text/format.js';
import { readText } from './read-text.js';

export const PROC = '/proc';
/** smaps of 65,530 areas, as many as Linux allows a process, has 60 MB and more where paths are long. */
const TEXT_BYTES_MAX = 256 * 2 ** 20;
/** AT_PAGESZ of the auxiliary vector: pairs of words that the kernel hands to each program. */
const AUX_PAGE_BYTES = 6;
/** Whose words have four bytes. */
const NARROW = ['ia32', 'arm', 'mips', 'mipsel', 'ppc', 's390'];
/** Of a copy. */
export const NOT_THERE = 'not there';
/** So many are enough to name. */
const PROCESSES_MAX = 10;
const TOO_LARGE = `has more than ${formatSize(TEXT_BYTES_MAX)}, the most that is read`;

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
    this.root = resolve(root) === PROC ? PROC : root;
  }

  /**
   * Reads and parses a file: `buddyinfo`, `self/smaps`. A copy may be called `buddyinfo.txt`.
   * @returns null where it cannot be read, is not what Linux prints in that file, or larger than that can be;
   * `missing` then says why
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
      if (!(error instanceof ProcFormatError)) throw error;
      this.missing.push({ file, line: error.line, why: error.problem });
      return null;
    }
  }

  async has(name: string): Promise<boolean> {
    const found = await Promise.allSettled(
      [name, `${name}.txt`].map((each) => access(join(this.root, each))),
    );
    return found.some(({ status }) => status === 'fulfilled');
  }

  /** The first processes that the folder has smaps or maps of; none of /proc, which has them of all. */
  async copiedProcesses(): Promise<string[]> {
    if (this.root === PROC) return [];
    const names = await readdir(this.root).catch(() => []);
    const pids = names.filter((name) => /^(?:self|\d+)$/.test(name));
    const found: string[] = [];
    for (const pid of pids) {
      if (found.length === PROCESSES_MAX) break;
      if ((await this.has(`${pid}/smaps`)) || (await this.has(`${pid}/maps`))) found.push(pid);
    }
    return found;
  }

  async systemPageBytes(): Promise<number | null> {
    if (this.root !== PROC) return null;
    const words = await readFile(join(PROC, 'self/auxv')).catch(() => null);
    if (words === null) return null;
    const bytes = NARROW.includes(process.arch) ? 4 : 8;
    const view = new DataView(words.buffer, words.byteOffset, words.length);
    const little = endianness() === 'LE';
    const word = (at: number) =>
      bytes === 4 ? view.getUint32(at, little) : Number(view.getBigUint64(at, little));
    for (let at = 0; at + 2 * bytes <= words.length; at += 2 * bytes)
      if (word(at) === AUX_PAGE_BYTES) return word(at + bytes);
    return null;
  }

  private async text(name: string, file: string): Promise<string | null> {
    try {
      return await readText(file, TEXT_BYTES_MAX).catch((error: unknown) => {
        if (this.root === PROC || codeOf(error) !== 'ENOENT') throw error;
        return readText(`${file}.txt`, TEXT_BYTES_MAX);
      });
    } catch (error) {
      if (error instanceof UserError) {
        this.missing.push({ file, why: TOO_LARGE });
        return null;
      }
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
      if (this.root !== PROC) return NOT_THERE;
      return /^\d+\//.test(name) ? 'no such process' : 'this kernel does not have it';
    }
    if (code === 'ESRCH') return 'the process has ended';
    return `cannot be read (${code})`;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
