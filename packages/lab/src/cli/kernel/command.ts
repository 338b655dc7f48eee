/** `freehold kernel`: a small shell on a booted system, from a script, a pipe, or a terminal. */
import { readFileSync, statSync } from 'node:fs';
import { Kernel, type KernelOptions, MemoryFile } from '@freehold/kernel';
import { type CopyReason, HostFiles } from '@freehold/kernel/node';
import { Command, Option } from 'commander';
import { UserError } from '../../errors.js';
import { readText } from '../../node/read-text.js';
import { GROUPS } from '../../shell/commands/groups.js';
import { runScript } from '../../shell/script.js';
import { Session } from '../../shell/session.js';
import { formatSize } from '../../text/format.js';
import { colours, parseSize, print } from '../terminal.js';
import { interact } from './prompt.js';

const EXAMPLES = `
Examples:
  $ freehold kernel                  a shell; 'help' lists its commands
  $ freehold kernel --demo           a walk through fork, exec, the stack, the
                                     heap, shared segments, mmap and the kernel
  $ freehold kernel script.txt       commands from a file
  $ echo ps | freehold kernel        commands from a pipe

Files of this machine are only read. What a script writes to a file that it maps
shared stays in memory: every process of the small machine sees it, and the
command says so once for each file. --writable DIR lets it reach the files that
really lie in DIR, links followed, and have one name only (no hard links).
Devices, pipes and what /proc and /sys make up are refused. A script has at most
16 MiB.

Exit status: 0 done; 1 the system refused a command of a script, or one of its
laws was broken; 2 wrong use, or a line that is not a command.
`;

const DEMO = new URL('../../../demo/', import.meta.url);
const MiB = 2 ** 20;
const MEMORY_MIN = 2 * MiB;
const MEMORY_MAX = 4096 * MiB;
/** Some 400,000 commands. */
const SCRIPT_BYTES_MAX = 16 * MiB;

interface Options {
  readonly memory: number;
  readonly writable?: readonly string[];
  readonly demo?: true;
  readonly echo?: true;
  readonly json?: true;
}

export function kernelCommand(): Command {
  return new Command('kernel')
    .description('boot a small machine and use it: processes, page tables, slabs, every frame accounted for')
    .argument('[script]', 'file of commands to run; - for standard input (default: a prompt)')
    .addOption(
      new Option('-m, --memory <SIZE>', 'physical memory, 2 MiB to 4 GiB')
        .default(64 * MiB, '64MiB')
        .argParser(parseMemory),
    )
    .option(
      '--writable <DIR>',
      'let scripts write to the files in this folder (may be given several times; default: to none)',
      addFolder,
    )
    .option('--demo', 'run the demonstration: each case in which memory is allocated')
    .option('--echo', 'show each command of the script, and its comments as text')
    .option('--json', 'print a JSON object for each command of the script: its result and its cost')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(path: string | undefined, options: Options): Promise<void> {
  if (options.demo === true) {
    if (path !== undefined) throw new UserError('--demo runs a script of its own: give no other script');
    if (options.writable !== undefined)
      throw new UserError('--demo has files of its own: leave --writable out');
    runDemo(options);
  } else if (path !== undefined && path !== '-') {
    runText(onHost(options), await readText(path, SCRIPT_BYTES_MAX), path, options);
  } else if (path === '-' || process.stdin.isTTY !== true) {
    const script = await readText(process.stdin, SCRIPT_BYTES_MAX);
    runText(onHost(options), script, 'standard input', options);
  } else {
    if (options.json === true)
      throw new UserError('--json needs a script: name one, or - for standard input');
    const session = onHost(options);
    const { pages, machine } = session.kernel;
    print(
      `${formatSize(machine.bytes)} of memory, ${formatSize(pages.freeFrames * 4096)} free. Process 1 is running. 'help' lists the commands.`,
    );
    await interact(session, { input: process.stdin, output: process.stdout });
  }
}

/** The demonstration writes to a file, and has one that is broken: all its files are in memory. */
function runDemo(options: Options): void {
  const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(name, DEMO)));
  const files = new Map(
    [
      new MemoryFile('/bin/hello', bytesOf('hello')),
      new MemoryFile('/tmp/broken', bytesOf('hello').subarray(0, 5000)),
      new MemoryFile('/tmp/lines.txt', bytesOf('lines.txt')),
    ].map((file) => [file.path, file]),
  );
  const session = boot(options, (name) => {
    const file = files.get(name);
    if (file === undefined) throw Object.assign(new Error(name), { code: 'ENOENT' });
    return file;
  });
  const script = readFileSync(new URL('demo.txt', DEMO), 'utf8');
  runText(session, script, 'demo.txt', { echo: true, ...options });
}

/** A session on the files of this machine, of which only those in the folders of --writable are written. */
function onHost(options: Options): Session {
  const files = new HostFiles({
    writable: options.writable ?? [],
    onCopy: (path, reason) => session.note(copied(path, reason)),
  });
  const session = boot(options, files.open);
  return session;
}

function copied(path: string, reason: CopyReason): string {
  const why =
    reason === 'outside'
      ? 'it lies in no folder given as --writable DIR'
      : 'it has several names (hard links), of which one may lie outside of --writable DIR';
  return `what is written to ${path} stays in memory: ${why}`;
}

function boot({ memory }: Options, openFile: NonNullable<KernelOptions['openFile']>): Session {
  return new Session(new Kernel({ memoryBytes: memory, openFile }), GROUPS, colours(process.stdout));
}

function runText(session: Session, script: string, name: string, { echo, json }: Partial<Options>): void {
  runScript(session, script, { name, echo: echo === true, json: json === true, print });
}

function parseMemory(size: string): number {
  const bytes = parseSize(size, '--memory');
  if (bytes < MEMORY_MIN || bytes > MEMORY_MAX || bytes % 4096 !== 0) {
    throw new UserError(`--memory: '${size}' must be 2 MiB to 4 GiB, a multiple of 4 KiB`);
  }
  return bytes;
}

function addFolder(folder: string, before: readonly string[] = []): string[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new UserError(`--writable: '${folder}' is not a folder`);
  return [...before, folder];
}
