/** Writing in this process; what only a process shows (devices, users, signals) is in test/*.outputs.ts. */
import * as fs from 'node:fs';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '../../errors.js';
import { checkOutputs } from './check.js';
import { writeOutput } from './write.js';

vi.mock('node:fs', { spy: true });

let folder: string;
const at = (name: string) => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'freehold-'));
});
afterEach(() => {
  vi.mocked(fs.linkSync).mockReset();
  rmSync(folder, { recursive: true });
});

const REPLACE = { replace: true };
const KEEP = { replace: false };

describe('writeOutput', () => {
  it('counts the bytes, and leaves nothing but the file', async () => {
    expect(await writeOutput(at('a'), ['é', Buffer.from([0, 255])], REPLACE)).toBe(4);
    expect(readFileSync(at('a'))).toEqual(Buffer.from([0xc3, 0xa9, 0, 255]));
    expect(readdirSync(folder)).toEqual(['a']);
  });

  it('keeps the permission bits of what it replaces', async () => {
    writeFileSync(at('a'), 'old');
    chmodSync(at('a'), 0o604);
    await writeOutput(at('a'), ['new'], REPLACE);
    expect(statSync(at('a')).mode & 0o7777).toBe(0o604);
    expect(readFileSync(at('a'), 'utf8')).toBe('new');
  });

  it('a new file has the bits that any new file has', async () => {
    writeFileSync(at('other'), '');
    await writeOutput(at('a'), ['new'], REPLACE);
    expect(statSync(at('a')).mode).toBe(statSync(at('other')).mode);
  });

  it('follows links to the file at their end, there or not', async () => {
    mkdirSync(at('deep'));
    symlinkSync('deep', at('folder'));
    symlinkSync('folder/../deep/end', at('second'));
    symlinkSync('second', at('first'));
    for (const content of ['new', 'newer']) {
      await writeOutput(at('first'), [content], REPLACE);
      expect(readFileSync(at('deep/end'), 'utf8')).toBe(content);
    }
    expect([readlinkSync(at('first')), readlinkSync(at('second'))]).toEqual(['second', 'folder/../deep/end']);
    expect(readdirSync(at('deep'))).toEqual(['end']);
  });

  it('says where links go round in a circle', async () => {
    symlinkSync('b', at('a'));
    symlinkSync('a', at('b'));
    await expect(writeOutput(at('a'), ['new'], REPLACE)).rejects.toThrow(
      `${at('a')}: symbolic links go round in a circle`,
    );
  });

  it('other hard links keep the old content', async () => {
    writeFileSync(at('a'), 'old');
    linkSync(at('a'), at('backup'));
    await writeOutput(at('a'), ['new'], REPLACE);
    expect(readFileSync(at('backup'), 'utf8')).toBe('old');
  });

  it('takes names as long as the file system does', async () => {
    const longest = at('a'.repeat(255));
    await writeOutput(longest, ['new'], REPLACE);
    expect(readFileSync(longest, 'utf8')).toBe('new');
    await expect(writeOutput(at('a'.repeat(256)), ['new'], REPLACE)).rejects.toThrow(': name too long');
  });

  it('what was there stays where the pieces end in an error, which is thrown', async () => {
    writeFileSync(at('a'), 'old');
    function* pieces() {
      yield 'new';
      throw new UserError('no more');
    }
    await expect(writeOutput(at('a'), pieces(), REPLACE)).rejects.toThrow(/^no more$/);
    expect(readFileSync(at('a'), 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['a']);
  });

  it('does not replace what has become a folder meanwhile', async () => {
    function* pieces() {
      mkdirSync(at('a'));
      yield 'new';
    }
    await expect(writeOutput(at('a'), pieces(), REPLACE)).rejects.toThrow(
      `${at('a')} is not a regular file any more`,
    );
    expect(lstatSync(at('a')).isDirectory()).toBe(true);
    expect(readdirSync(folder)).toEqual(['a']);
  });

  describe.each([
    ['with hard links', () => {}],
    [
      'on a file system without hard links',
      () => {
        vi.mocked(fs.linkSync).mockImplementation(() => {
          throw Object.assign(new Error('EPERM'), { code: 'EPERM', syscall: 'link' });
        });
      },
    ],
  ])('%s', (_where, prepare) => {
    beforeEach(prepare);

    it('a file that appears while it writes is not replaced unless it may be', async () => {
      function* pieces() {
        writeFileSync(at('a'), 'precious');
        yield 'new';
      }
      await expect(writeOutput(at('a'), pieces(), KEEP)).rejects.toThrow(
        `${at('a')} exists already; --force overwrites it`,
      );
      expect(readFileSync(at('a'), 'utf8')).toBe('precious');
      expect(readdirSync(folder)).toEqual(['a']);
    });

    it('a name that is free is taken', async () => {
      await writeOutput(at('a'), ['new'], KEEP);
      expect(readFileSync(at('a'), 'utf8')).toBe('new');
      expect(readdirSync(folder)).toEqual(['a']);
    });
  });
});

describe('checkOutputs', () => {
  const refusal = (outputs: Record<string, string>, inputs: string[] = []) => {
    try {
      checkOutputs(outputs, inputs);
    } catch (error) {
      return (error as Error).message.replaceAll(folder, '');
    }
    return null;
  };

  it('knows the recording by whatever name leads to it', () => {
    writeFileSync(at('in'), '');
    linkSync(at('in'), at('hard'));
    symlinkSync('hard', at('soft'));
    for (const name of ['in', 'hard', 'soft', './in']) {
      expect(refusal({ '--csv': at(name) }, [at('in')])).toContain('it is the recording itself');
    }
  });

  it('knows two names for one place, there or not', () => {
    symlinkSync('new', at('soft'));
    writeFileSync(at('one'), '');
    linkSync(at('one'), at('two'));
    expect(refusal({ '--csv': at('new'), '--report': at('soft') })).toBe(
      '--report: cannot write /soft: --csv is written there already',
    );
    expect(refusal({ '--csv': at('one'), '--report': at('two') })).toContain(
      '--csv is written there already',
    );
    expect(refusal({ '--csv': at('one'), '--report': at('new') })).toBeNull();
  });

  it.each([
    ['no/a', '--csv: cannot write /no/a: the folder /no does not exist, or may not be written to'],
    ['file/a', '--csv: cannot write /file/a: the folder /file does not exist, or may not be written to'],
    ['dangling', '--csv: cannot write /dangling: the folder /no does not exist, or may not be written to'],
    ['.', '--csv: cannot write /.: it is a folder'],
    ['a/', '--csv: cannot write /a/: it is a folder'],
  ])('refuses %s before any work', (name, message) => {
    writeFileSync(at('file'), '');
    symlinkSync('no/a', at('dangling'));
    expect(refusal({ '--csv': `${folder}/${name}` })).toBe(message);
  });

  it('lets two outputs go to the same terminal or null device', () => {
    expect(refusal({ '--csv': '/dev/null', '--report': '/dev/null' }, ['/dev/null'])).toBeNull();
  });
});
