/** Each command that writes a file, onto each kind of target: what it says, what stands there then, what is left over. */
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterAll, describe, expect, it, type TestContext } from 'vitest';
import { type Ended, freehold, type RunOptions, Scratch, whyNoPermissions } from './process.js';

interface Writer {
  readonly name: string;
  /** Without it a file that is there stays. */
  readonly replaces: boolean;
  argv(input: string, output: string): string[];
  readonly content: RegExp;
}

const CSV = /^trace,allocator,[\s\S]*\r\nin\.rep,tlsf,[\s\S]*\r\n$/;
const REPORT = /^<!doctype html>[\s\S]*<\/html>\n$/;
const REP = /^\d+\n\d+\n150\n1\n(?:[af] \d+(?: \d+)?\n){150}$/;

const compare = (option: string) => (input: string, output: string) => [
  'compare',
  input,
  '-a',
  'tlsf',
  option,
  output,
];

const WRITERS: readonly Writer[] = [
  { name: 'compare --csv', replaces: true, argv: compare('--csv'), content: CSV },
  { name: 'compare --report', replaces: true, argv: compare('--report'), content: REPORT },
  {
    name: 'convert',
    replaces: false,
    argv: (input, output) => ['convert', input, output, '--format', 'rep'],
    content: REP,
  },
  {
    name: 'convert --force',
    replaces: true,
    argv: (input, output) => ['convert', input, output, '--format', 'rep', '--force'],
    content: REP,
  },
];

const NO_PERMISSIONS = whyNoPermissions();
const OLD = 'what was there';
const THERE = /^freehold: \S+ exists already; --force overwrites it\n$/;

const scratches: Scratch[] = [];
afterAll(() => {
  for (const scratch of scratches) scratch[Symbol.dispose]();
});

/** A folder with the recording, and a folder `out` for what is written. */
function prepare() {
  const scratch = new Scratch();
  scratches.push(scratch);
  return { scratch, out: scratch.at('out/'), input: scratch.recording('in.rep', 100) };
}

function expectRefusal({ status, stderr }: Ended, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^[^\n]+\n$/);
  expect(status).toBe(2);
}

function expectDone({ status, stderr }: Ended, { name }: Writer): void {
  expect(stderr).toMatch(name.startsWith('convert') ? /^\S+: 150 operations as rep, \S+ [KMB]\S*\n$/ : /^$/);
  expect(status).toBe(0);
}

/** Makes a device of the kernel's memory driver; skips the test where this machine does not let us make or use one. */
function makeDevice(path: string, minor: number, context: TestContext): void {
  const made = spawnSync('mknod', [path, 'c', '1', String(minor)], { encoding: 'utf8' });
  if (made.status !== 0) context.skip(`mknod is not permitted here: ${made.stderr}`);
  try {
    closeSync(openSync(path, 'r+'));
  } catch (error) {
    context.skip(`devices do not work in this folder: ${String(error)}`);
  }
}

describe.each(WRITERS)('$name onto', (writer) => {
  const { argv, content, replaces } = writer;
  const read = (path: string) => readFileSync(path, 'utf8');
  const run = (input: string, output: string, options: RunOptions = {}) =>
    freehold(argv(input, output), options);

  it.concurrent('nothing: the file is there, whole', async () => {
    const { scratch, out, input } = prepare();
    const path = scratch.at('out/new');
    expectDone(await run(input, path), writer);
    expect(read(path)).toMatch(content);
    expect(readdirSync(out)).toEqual(['new']);
  });

  it.concurrent('a regular file: replaced if it may be, with its permission bits', async () => {
    const { scratch, out, input } = prepare();
    const path = scratch.at('out/there');
    writeFileSync(path, OLD, { mode: 0o640 });
    const { ino } = statSync(path);
    const ended = await run(input, path);
    if (replaces) {
      expectDone(ended, writer);
      expect(read(path)).toMatch(content);
      expect(statSync(path).mode & 0o7777).toBe(0o640);
    } else {
      expectRefusal(ended, THERE);
      expect(read(path)).toBe(OLD);
      expect(statSync(path).ino).toBe(ino);
    }
    expect(readdirSync(out)).toEqual(['there']);
  });

  it.concurrent('a symbolic link: the file at its end, the link stays', async () => {
    const { scratch, out, input } = prepare();
    const path = scratch.at('out/link');
    scratch.at('far/');
    writeFileSync(scratch.at('far/end'), OLD);
    symlinkSync('../far/end', path);
    const ended = await run(input, path);
    if (replaces) {
      expectDone(ended, writer);
      expect(read(scratch.at('far/end'))).toMatch(content);
    } else {
      expectRefusal(ended, THERE);
      expect(read(scratch.at('far/end'))).toBe(OLD);
    }
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect([readdirSync(out), readdirSync(scratch.at('far'))]).toEqual([['link'], ['end']]);
  });

  it.concurrent('a dangling link: the file it names', async () => {
    const { scratch, out, input } = prepare();
    const path = scratch.at('out/link');
    scratch.at('far/');
    symlinkSync('../far/end', path);
    expectDone(await run(input, path), writer);
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(read(scratch.at('far/end'))).toMatch(content);
    expect([readdirSync(out), readdirSync(scratch.at('far'))]).toEqual([['link'], ['end']]);
  });

  it.concurrent('a hard link to the recording: refused, the recording is whole', async () => {
    const { scratch, out, input } = prepare();
    const path = scratch.at('out/hard');
    linkSync(input, path);
    const before = read(input);
    expectRefusal(await run(input, path), /: cannot write \S+: it is the recording itself\n$/);
    expect(read(input)).toBe(before);
    expect(readdirSync(out)).toEqual(['hard']);
  });

  it.concurrent('a FIFO: its reader gets all, it stays a FIFO', async () => {
    const { scratch, out, input } = prepare();
    const path = scratch.at('out/fifo');
    expect(spawnSync('mkfifo', [path]).status).toBe(0);
    const reader = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const received = reader.stdout.setEncoding('utf8').toArray();
    expectDone(await run(input, path), writer);
    expect((await received).join('')).toMatch(content);
    expect(lstatSync(path).isFIFO()).toBe(true);
    expect(readdirSync(out)).toEqual(['fifo']);
  });

  it.concurrent('a device: written to, it stays a device', async (context) => {
    const { scratch, out, input } = prepare();
    const path = scratch.at('out/null');
    makeDevice(path, 3, context);
    const { rdev } = lstatSync(path);
    expectDone(await run(input, path), writer);
    expect(lstatSync(path).isCharacterDevice()).toBe(true);
    expect(lstatSync(path).rdev).toBe(rdev);
    expect(readdirSync(out)).toEqual(['null']);
  });

  it.concurrent('a full device: one line that names it', async (context) => {
    const { scratch, out, input } = prepare();
    const path = scratch.at('out/full');
    makeDevice(path, 7, context);
    expectRefusal(await run(input, path), /^freehold: \S+\/out\/full: no space left\n$/);
    expect(lstatSync(path).isCharacterDevice()).toBe(true);
    expect(readdirSync(out)).toEqual(['full']);
  });

  it.concurrent('a file where no byte can be written: what was there stays', async () => {
    const { scratch, out, input } = prepare();
    const path = scratch.at('out/there');
    if (replaces) writeFileSync(path, OLD);
    expectRefusal(await run(input, path, { noRoom: true }), /^freehold: \S+\/out\/there: file too large\n$/);
    if (replaces) expect(read(path)).toBe(OLD);
    expect(readdirSync(out)).toEqual(replaces ? ['there'] : []);
  });

  it.concurrent('/dev/stdout: among what else is printed', async () => {
    const { input } = prepare();
    const { status, stdout } = await run(input, '/dev/stdout');
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(content.source.slice(1, -1)));
  });

  it.concurrent('a folder: refused', async () => {
    const { scratch, out, input } = prepare();
    const path = scratch.at('out/folder/');
    expectRefusal(await run(input, path), /: cannot write \S+: it is a folder\n$/);
    expect([readdirSync(out), readdirSync(path)]).toEqual([['folder'], []]);
  });

  it.concurrent('a missing folder: refused', async () => {
    const { scratch, out, input } = prepare();
    const ended = await run(input, scratch.at('out/none/new'));
    expectRefusal(
      ended,
      /: cannot write \S+: the folder \S+\/out\/none does not exist, or may not be written to\n$/,
    );
    expect(readdirSync(out)).toEqual([]);
  });

  it.concurrent('a file that may only be read: refused', async (context) => {
    if (NO_PERMISSIONS !== null) context.skip(NO_PERMISSIONS);
    const { scratch, out, input } = prepare();
    const path = scratch.at('out/there');
    writeFileSync(path, OLD, { mode: 0o444 });
    const ended = await run(input, path, { withoutRights: true });
    expectRefusal(
      ended,
      replaces ? /: cannot write \S+: permission denied\n$/ : /permission denied\n$|exists already/,
    );
    expect(read(path)).toBe(OLD);
    expect(readdirSync(out)).toEqual(['there']);
  });

  it.concurrent('a folder that may only be read: refused', async (context) => {
    if (NO_PERMISSIONS !== null) context.skip(NO_PERMISSIONS);
    const { scratch, out, input } = prepare();
    mkdirSync(scratch.at('out/locked'), { mode: 0o555 });
    const ended = await run(input, scratch.at('out/locked/new'), { withoutRights: true });
    expectRefusal(
      ended,
      /: cannot write \S+: the folder \S+\/out\/locked does not exist, or may not be written to\n$/,
    );
    expect(readdirSync(scratch.at('out/locked'))).toEqual([]);
    expect(readdirSync(out)).toEqual(['locked']);
  });
});
