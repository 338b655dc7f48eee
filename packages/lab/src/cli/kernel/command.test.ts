/** `freehold kernel` as a process of its own. Needs `npm run build`. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';

const COMMAND = fileURLToPath(new URL('../../../bin/freehold.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'freehold-'));
afterAll(() => rmSync(folder, { recursive: true }));

function kernel(argv: readonly string[], input = '') {
  return spawnSync(process.execPath, [COMMAND, 'kernel', ...argv], { encoding: 'utf8', input });
}

function script(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('freehold kernel', () => {
  it('--demo walks through every case, and leaves every law intact', () => {
    const { status, stdout, stderr } = kernel(['--demo']);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const titles = [...stdout.matchAll(/^\d\. .*\n═+$/gm)];
    expect(titles).toHaveLength(9);
    for (const told of [
      '17 pages shared until either writes',
      '1 frame copied',
      'process 2 runs /bin/hello: entry 0x401000',
      'hello from a pro',
      'EINVAL: /tmp/broken: segment',
      'the stack grew from 4 KiB to 44 KiB',
      'in a mapping of its own',
      'attached 2 times now',
      '1 page read from its file',
      '1 page written back',
      'pages=25 vmalloc',
      'cache inode is gone',
    ]) {
      expect(stdout).toContain(told);
    }
    expect(stdout.match(/^every law holds/gm)).toHaveLength(2);
    const long = stdout.split('\n').filter((line) => line.length > 80 && !/^[0-9a-f]+-|^Node /.test(line));
    expect(long, 'lines of more than 80 columns that are not Linux’s own').toEqual([]);
  });

  it('--demo prints what docs/kernel-demo.txt shows, on every machine', () => {
    const shown = readFileSync(new URL('../../../../../docs/kernel-demo.txt', import.meta.url), 'utf8');
    expect(kernel(['--demo']).stdout).toBe(shown);
  });

  it('runs a script, from a file or from standard input', () => {
    const { status, stdout } = kernel([script('ok.txt', 'fork 1\nps\n')]);
    expect(status).toBe(0);
    expect(stdout).toContain('process 2 is a copy of process 1');
    expect(kernel([], 'echo piped').stdout).toBe('piped\n');
    expect(kernel(['-', '--echo'], '# told\necho dash').stdout).toBe('told\n> echo dash\ndash\n');
    expect(kernel(['--memory', '2MiB', '-'], 'frames').stdout).toContain('A letter is one frame');
  });

  it('--json prints an object for each command', () => {
    const { status, stdout } = kernel(['-', '--json'], 'fork 1\nexit 2\n');
    expect(status).toBe(0);
    const objects = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(objects).toMatchObject([
      { line: 1, command: 'fork 1', value: 2, costs: { frames: { 'page table': 4 } } },
      { line: 2, command: 'exit 2', costs: { frames: { 'page table': -4 } } },
    ]);
    expect(objects[1].costs.freeFrames - objects[0].costs.freeFrames).toBe(4);
    expect(kernel(['--demo', '--json']).stdout).toMatch(/^(\{.*\}\n)+$/);
  });

  it('ends with 1 where the system refuses, with 2 where a line means nothing', () => {
    const refused = kernel([script('refused.txt', 'echo before\nread 1 0\necho after')]);
    expect(refused.status).toBe(1);
    expect(refused.stdout).toBe('before\n');
    expect(refused.stderr).toMatch(/refused\.txt:2: SIGSEGV \(SEGV_MAPERR\): cannot read at 0x0/);
    const wrong = kernel(['-'], 'sing');
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toBe(
      "freehold: standard input:1: unknown command 'sing'; 'help' lists all commands\n",
    );
  });

  it('refuses wrong use', () => {
    expect(kernel(['--memory', '1MiB']).stderr).toContain("--memory: '1MiB' must be 2 MiB to 4 GiB");
    expect(kernel(['--memory', 'much']).status).toBe(2);
    expect(kernel(['none.txt']).stderr).toContain('none.txt: no such file or folder');
    expect(kernel(['--demo', 'x.txt']).stderr).toContain(
      '--demo runs a script of its own: give no other script',
    );
    expect(kernel(['a', 'b']).status).toBe(2);
  });

  it.skipIf(process.platform !== 'linux' || process.arch !== 'x64')(
    'executes a program of this machine',
    () => {
      const { status, stdout } = kernel(
        ['-'],
        `fork 1\nexec 2 ${process.execPath} --version\ncat /proc/2/maps\ncheck`,
      );
      expect(status).toBe(0);
      expect(stdout).toContain(`process 2 runs ${process.execPath}`.slice(0, 40));
      expect(stdout).toMatch(/r-xp .*node/);
      expect(stdout).toContain('every law holds');
    },
  );
});

describe.skipIf(process.platform === 'win32')('files of this machine', () => {
  const [open, closed] = [join(folder, 'open'), join(folder, 'closed')];
  for (const each of [open, closed]) mkdirSync(each);
  const [inside, outside] = [join(open, 'in'), join(closed, 'out')];
  const change = (path: string) =>
    `f = mmap 1 4096 ${path} shared\nwrite 1 $f "CHANGED"\nmunmap 1 $f 4096\ng = mmap 1 4096 ${path} shared r\nread 1 $g 7`;

  beforeEach(() => {
    for (const path of [inside, outside]) writeFileSync(path, 'as it was');
  });

  it('are not written, and that is told once for each', () => {
    const { status, stdout, stderr } = kernel(['-'], `${change(inside)}\n${change(inside)}`);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout.match(/note: what is written to/g)).toHaveLength(1);
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      `note: what is written to ${inside} stays in memory: it lies in no folder given as --writable DIR`,
    );
    expect(stdout).toContain('CHANGED');
    expect(readFileSync(inside, 'utf8')).toBe('as it was');
  });

  it('are written where --writable allows it, by any name that leads there, and nowhere else', () => {
    symlinkSync(outside, join(open, 'link'));
    linkSync(outside, join(open, 'hard'));
    symlinkSync(open, join(folder, 'name'));
    const script = [join(open, '..', 'closed', 'out'), join(open, 'link'), join(open, 'hard'), inside]
      .map(change)
      .join('\n');
    const { status, stdout } = kernel(
      ['-', '--json', '--writable', `${closed}/none/..`, '--writable', open],
      script,
    );
    expect([status, stdout]).toEqual([2, '']);
    const told = kernel(['-', '--json', '--writable', `${folder}/name`], script);
    expect(told.status).toBe(0);
    const notes = told.stdout
      .trimEnd()
      .split('\n')
      .flatMap((line) => (JSON.parse(line) as { notes?: string[] }).notes ?? []);
    expect(notes).toEqual([
      `what is written to ${join(open, '../closed/out')} stays in memory: it lies in no folder given as --writable DIR`,
    ]);
    expect([inside, outside].map((path) => readFileSync(path, 'utf8'))).toEqual(['CHANGEDas', 'as it was']);
  });

  it('tells of hard links', () => {
    rmSync(join(open, 'hard'), { force: true });
    linkSync(outside, join(open, 'hard'));
    const { stdout } = kernel(['-', '--writable', open], change(join(open, 'hard')));
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'it has several names (hard links), of which one may lie outside',
    );
    expect(readFileSync(outside, 'utf8')).toBe('as it was');
  });

  it('are told of by --help and by help, within 80 columns', () => {
    for (const { stdout } of [kernel(['--help']), kernel(['-'], 'help')]) {
      expect(stdout).toContain('--writable');
      expect(stdout).toContain('Files of this machine are only read');
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    }
  });

  it('--writable takes folders, and no --demo', () => {
    expect(kernel(['--writable', inside, '-']).stderr).toContain(`--writable: '${inside}' is not a folder`);
    expect(kernel(['--writable', open, '--demo']).status).toBe(2);
  });
});

describe.skipIf(process.platform === 'win32')('a script', () => {
  it('that is endless or too large is refused in a line, from wherever it comes', () => {
    const large = join(folder, 'large');
    writeFileSync(large, '');
    truncateSync(large, 2 ** 30);
    for (const path of ['/dev/zero', large]) {
      expect(kernel([path])).toMatchObject({
        status: 2,
        stdout: '',
        stderr: `freehold: ${path} has more than 16 MiB, the most that is read\n`,
      });
    }
    const endless = spawnSync('sh', ['-c', 'yes "echo x" | "$0" "$1" kernel -', process.execPath, COMMAND], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(endless).toMatchObject({
      status: 2,
      stderr: 'freehold: standard input has more than 16 MiB, the most that is read\n',
    });
  });

  it('that is a folder is named', () => {
    expect(kernel([folder])).toMatchObject({
      status: 2,
      stderr: `freehold: ${folder}: is a folder, not a file\n`,
    });
  });

  it('can come through a pipe with a name', () => {
    const { status, stdout } = spawnSync(
      'bash',
      ['-c', '"$0" "$1" kernel <(echo echo piped)', process.execPath, COMMAND],
      {
        encoding: 'utf8',
      },
    );
    expect([status, stdout]).toEqual([0, 'piped\n']);
  });
});

it.skipIf(process.platform === 'win32')('--demo leaves nothing behind, whenever it is ended', async () => {
  const temporary = mkdtempSync(join(folder, 'tmp-'));
  for (const [i, signal] of (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const).entries()) {
    const child = spawn(process.execPath, [COMMAND, 'kernel', '--demo'], {
      env: { ...process.env, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    // At its first words, or later.
    child.stdout.once('data', () => setTimeout(() => child.kill(signal), i * 5));
    await once(child, 'exit');
    expect(readdirSync(temporary)).toEqual([]);
  }
});
