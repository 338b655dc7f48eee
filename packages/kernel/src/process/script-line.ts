/** The first line of a script, `#!interpreter argument`. Source: Linux fs/binfmt_script.c. */

import { ExecError } from '../errors.js';
import type { ByteSource } from './elf.js';

export interface ScriptLine {
  readonly interpreter: string;
  /** All that follows, as one argument; null when nothing does. */
  readonly argument: string | null;
}

/** Linux looks at so many bytes. */
const LINE_BYTES_MAX = 256;

/** @returns null when the file is no script @throws ExecError ENOEXEC when it names no interpreter */
export function readScriptLine(file: ByteSource): ScriptLine | null {
  const bytes = new Uint8Array(LINE_BYTES_MAX);
  const read = file.read(0, bytes);
  const text = new TextDecoder().decode(bytes.subarray(0, read));
  if (!text.startsWith('#!')) return null;
  const end = text.search(/[\n\0]/);
  const line = (end < 0 ? text : text.slice(0, end)).slice(2).trim();
  const [, interpreter, argument] = /^(\S+)[ \t]*(.*)$/.exec(line) ?? [];
  if (interpreter === undefined)
    throw new ExecError('ENOEXEC', 'a script that names no interpreter after #!');
  if (end < 0 && read === LINE_BYTES_MAX && argument === '') {
    throw new ExecError('ENOEXEC', `a script whose interpreter does not fit into ${LINE_BYTES_MAX} bytes`);
  }
  return { interpreter, argument: argument === undefined || argument === '' ? null : argument };
}
