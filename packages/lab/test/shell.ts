/** A shell on a small machine, with a file in memory. */
import { Kernel, MemoryFile } from '@freehold/kernel';
import { GROUPS } from '../src/shell/commands/groups.js';
import { Session } from '../src/shell/session.js';
import { PLAIN } from '../src/text/colours.js';

export const TEXT = new TextEncoder().encode('a file in memory, page by page; '.repeat(300));

export function startShell(memoryBytes = 16 * 2 ** 20) {
  const kernel = new Kernel({
    memoryBytes,
    openFile(path) {
      if (path !== '/file') throw Object.assign(new Error(path), { code: 'ENOENT' });
      return new MemoryFile(path, TEXT);
    },
  });
  const session = new Session(kernel, GROUPS, PLAIN);
  const run = (line: string) => {
    const told = session.execute(line);
    return told === null ? '' : session.show(told);
  };
  return { kernel, session, run };
}
