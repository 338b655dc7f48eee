/** `freehold kernel`: a small shell on a booted system, from a script, a pipe, or a terminal. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Kernel } from '@freehold/kernel';
import { NodeFile } from '@freehold/kernel/node';
import { Command, Option } from 'commander';
import { UserError } from '../errors.js';
import { GROUPS } from '../shell/commands.js';
import { interact } from '../shell/interactive.js';
import { runScript } from '../shell/script.js';
import { Session } from '../shell/session.js';
import { formatSize } from '../sizes.js';
import { colours, parseSize, print } from './terminal.js';

const EXAMPLES = `
Examples:
  $ freehold kernel                  a shell; 'help' lists its commands
  $ freehold kernel --demo           a walk through fork, exec, the stack, the
                                     heap, shared segments, mmap and the kernel
  $ freehold kernel script.txt       commands from a file
  $ echo ps | freehold kernel        commands from a pipe

Exit status: 0 done; 1 the system refused a command of a script, or one of its
laws was broken; 2 wrong use, or a line that means nothing.
`;

const DEMO = fileURLToPath(new URL('../../demo/', import.meta.url));
const MiB = 2 ** 20;
const MEMORY_MIN = 2 * MiB;
const MEMORY_MAX = 4096 * MiB;

interface Options {
  readonly memory: number;
  readonly demo?: true;
  readonly echo?: true;
  readonly json?: true;
}

export function kernelCommand(): Command {
  return new Command('kernel')
    .description('boot a small machine and use it: processes, page tables, slabs, every frame accounted for')
    .argument('[script]', 'commands to run, - for those on standard input (default: a prompt)')
    .addOption(
      new Option('-m, --memory <SIZE>', 'physical memory, 2 MiB to 4 GiB')
        .default(64 * MiB, '64MiB')
        .argParser(parseMemory),
    )
    .option('--demo', 'run the demonstration: each case in which memory is allocated')
    .option('--echo', 'show each command of the script, and its comments as text')
    .option('--json', 'print an object for each command of the script: what it did, what it cost')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(path: string | undefined, options: Options): Promise<void> {
  if (options.demo === true) {
    if (path !== undefined) throw new UserError('--demo is a script of its own: leave the other one out');
    await runDemo(options);
  } else if (path !== undefined && path !== '-') {
    runText(boot(options), await readFile(path, 'utf8'), path, options);
  } else if (path === '-' || process.stdin.isTTY !== true) {
    runText(boot(options), await text(process.stdin), 'standard input', options);
  } else {
    if (options.json === true)
      throw new UserError('--json is for scripts: name one, or - for standard input');
    const session = boot(options);
    const { pages, machine } = session.kernel;
    print(
      `${formatSize(machine.bytes)} of memory, ${formatSize(pages.freeFrames * 4096)} free. Process 1 is there. 'help' lists the commands.`,
    );
    await interact(session, { input: process.stdin, output: process.stdout });
  }
}

/** The demonstration writes to a file, and has one that is broken: copies, in a folder that is gone afterwards. */
async function runDemo(options: Options): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'freehold-'));
  try {
    const scratch = join(folder, 'lines.txt');
    copyFileSync(join(DEMO, 'lines.txt'), scratch);
    const hello = join(DEMO, 'hello');
    const broken = join(folder, 'broken');
    writeFileSync(broken, readFileSync(hello).subarray(0, 5000));
    const files = new Map([
      ['/bin/hello', hello],
      ['/tmp/broken', broken],
      ['/tmp/lines.txt', scratch],
    ]);
    const session = boot(options, files);
    runText(session, await readFile(join(DEMO, 'demo.txt'), 'utf8'), 'demo.txt', { echo: true, ...options });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param files where a name that a command gives leads, if not to the file of that name */
function boot({ memory }: Options, files: ReadonlyMap<string, string> = new Map()): Session {
  const kernel = new Kernel({
    memoryBytes: memory,
    openFile: (name, writable) => new NodeFile(files.get(name) ?? name, { writable, name }),
  });
  return new Session(kernel, GROUPS, colours(process.stdout));
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
