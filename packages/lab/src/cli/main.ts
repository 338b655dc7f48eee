/** The command `freehold`: the list of its commands, and the one place where an error becomes a line and a status. */
import { Command, CommanderError } from 'commander';
import { FaultError, UserError } from '../errors.js';
import { COMMANDS } from './commands.js';
import { complain } from './terminal.js';
import { VERSION } from './version.js';

const EXAMPLES = `
Examples:
  $ freehold compare app.trace.gz    which allocator suits this program?
  $ freehold fit app.trace.gz        how small a buffer does it run in?
  $ freehold kernel --demo           when is memory allocated? a small machine
                                     shows it
  $ freehold help compare            everything that compare can do

Exit status: 0 done; 1 a fault was found (compare --verify); 2 wrong use, or a
file that cannot be read.
`;

/**
 * Runs the command line and tells what to exit with: 0 done, 1 a fault was found, 2 wrong use.
 * @param argv the arguments, without `node` and the script
 */
export async function main(argv: readonly string[]): Promise<number> {
  endWhereOutputCannotBeWritten();
  const program = createProgram();
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has printed help, version or its own line already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const told = tell(error);
    if (told === null) throw error;
    complain(told.message);
    return told.status;
  }
}

export function createProgram(): Command {
  const program = new Command('freehold')
    .description(
      'Replays recordings of real programs’ malloc and free through memory allocators: which allocator suits, and how big a buffer does it need?',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', EXAMPLES);
  for (const command of COMMANDS) program.addCommand(command());
  for (const each of [program, ...program.commands]) {
    each
      .exitOverride()
      .showSuggestionAfterError()
      .allowExcessArguments(false)
      .configureOutput({
        outputError: (text) => complain(text.replace(/^error: /, '')),
        getOutHelpWidth: () => 80,
        getErrHelpWidth: () => 80,
      });
  }
  return program;
}

/** What to say and exit with; null for a fault of our own, whose stack is wanted. */
function tell(error: unknown): { message: string; status: number } | null {
  if (error instanceof UserError || error instanceof FaultError) return error;
  if (error instanceof Error && 'syscall' in error && 'code' in error) {
    const path = 'path' in error ? String(error.path) : '';
    return { message: `${path || error.syscall}: ${reason(String(error.code), error.message)}`, status: 2 };
  }
  return null;
}

function reason(code: string, message: string): string {
  if (code === 'ENOENT') return 'no such file or folder';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'ENOSPC') return 'no space left';
  if (code === 'EISDIR') return 'is a folder, not a file';
  return message;
}

/**
 * `freehold compare … | head` closes our output early: that is no error of ours, and there is nobody to tell. A full
 * disk is told.
 */
function endWhereOutputCannotBeWritten(): void {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.listenerCount('error') > 0) continue;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      if (stream === process.stdout)
        complain(`standard output: ${reason(String(error.code), error.message)}`);
      process.exit(2);
    });
  }
}
