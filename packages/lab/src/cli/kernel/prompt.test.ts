/** The prompt of `freehold kernel`: completion, history, errors, its end. */
import { dirname } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { startShell } from '../../../test/shell.js';
import type { Session } from '../../shell/session.js';
import { complete, interact } from './prompt.js';

describe('completion', () => {
  const { session } = startShell();
  session.execute('memory = mmap 1 4096');
  const of = (line: string) => complete(line, session)[0];

  it('knows commands, also behind a name and fails', () => {
    expect(of('mma')).toEqual(['mmap ']);
    expect(of('x = vmal')).toEqual(['vmalloc ']);
    expect(of('fails for')).toEqual(['fork ']);
    expect(of('')).toContain('ps ');
  });

  it('knows the words of a command, results and files', () => {
    expect(of('read 1 $m')).toEqual(['$memory']);
    expect(of('mmap 1 4096 sh')).toEqual(['shared ']);
    expect(of('shm at')).toEqual(['attach ']);
    expect(of('cat /proc/1/m')).toEqual(['/proc/1/maps ']);
    expect(of('kmalloc 100 GFP_AT')).toEqual(['GFP_ATOMIC ']);
    const here = import.meta.dirname;
    expect(of(`exec 1 ${here}/prompt.te`)).toEqual([`${here}/prompt.test.ts `]);
    expect(of(`exec 1 ${dirname(here)}/kern`)).toEqual([`${dirname(here)}/kernel/`]);
    expect(of('exec 1 /no/such/folder/x')).toEqual([]);
  });

  it.each(['__proto__', 'constructor', 'toString'])('knows nothing of %s', (name) => {
    expect(of(`${name} `)).toEqual([]);
  });
});

describe('the shell on a terminal', () => {
  /** Presses the keys one after the other, as a person does. @returns what the terminal was sent */
  async function type(session: Session, keys: readonly string[]): Promise<string> {
    const input = new PassThrough();
    const output = new PassThrough();
    let text = '';
    output.on('data', (data) => {
      text += String(data);
    });
    const end = interact(session, { input, output });
    for (const key of keys) {
      input.write(key);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await end;
    return text;
  }

  const UP = '\u001b[A';

  it('completes with Tab, repeats with ↑, survives errors, and ends at quit', async () => {
    const { session, kernel } = startShell();
    const text = await type(session, [
      'fo',
      '\t',
      '1',
      '\r',
      UP,
      '\r',
      'sing',
      '\r',
      'read 1 0',
      '\r',
      'quit',
      '\r',
    ]);
    expect(kernel.processes.size).toBe(3);
    expect(text).toContain('process 2 is a copy of process 1');
    expect(text).toContain('process 3 is a copy of process 1');
    expect(text).toContain("unknown command 'sing'");
    expect(text).toContain('SIGSEGV (SEGV_MAPERR): cannot read at 0x0');
    expect(session.ended).toBe(true);
  });

  it('gives the line up at Ctrl-C, and itself at Ctrl-D', async () => {
    const { session, kernel } = startShell();
    const text = await type(session, ['fork 1', '\u0003', 'echo still here', '\r', '\u0004']);
    expect(kernel.processes.size).toBe(1);
    expect(text).toContain('^C');
    expect(text).toContain('\nstill here\n');
    expect(session.ended).toBe(false);
  });
});
