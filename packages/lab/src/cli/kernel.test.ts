/** `freehold kernel` as a process of its own. Needs `npm run build`. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const COMMAND = fileURLToPath(new URL('../../bin/freehold.js', import.meta.url));
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
      '1 page written to disk',
      'pages=25 vmalloc',
      'cache inode is gone',
    ]) {
      expect(stdout).toContain(told);
    }
    expect(stdout.match(/^every law holds/gm)).toHaveLength(2);
    const long = stdout.split('\n').filter((line) => line.length > 80 && !/^[0-9a-f]+-|^Node /.test(line));
    expect(long, 'lines of more than 80 columns that are not Linux’s own').toEqual([]);
  });

  it('--demo prints what docs/kernel-demo.txt shows, except for inode numbers', () => {
    const shown = readFileSync(new URL('../../../../docs/kernel-demo.txt', import.meta.url), 'utf8');
    // As `maps` shows a file: the device, then the inode number.
    const inode = /\b[\da-f]{2}:[\da-f]{2} \d+ */g;
    const { stdout } = kernel(['--demo']);
    expect(stdout.replace(inode, 'inode ')).toBe(shown.replace(inode, 'inode '));
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
    expect(wrong.stderr).toBe("freehold: standard input:1: no command 'sing'; 'help' lists all\n");
  });

  it('refuses wrong use', () => {
    expect(kernel(['--memory', '1MiB']).stderr).toContain("--memory: '1MiB' must be 2 MiB to 4 GiB");
    expect(kernel(['--memory', 'much']).status).toBe(2);
    expect(kernel(['none.txt']).stderr).toContain('none.txt: no such file or folder');
    expect(kernel(['--demo', 'x.txt']).stderr).toContain('--demo is a script of its own');
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
