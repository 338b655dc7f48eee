/** The command `freehold`: the list of its commands, and the one place where an error becomes a line and a status. */
import { Command, CommanderError } from 'commander';
import { FaultError, UserError } from '../errors.js';
import { reasonOf } from '../node/output/reason.js';
import { visible } from '../text/visible.js';
import { commandsFor } from './commands.js';
import { complain } from './terminal.js';
import { VERSION } from './version.js';

/** EX_SOFTWARE of sysexits.h. */
const INTERNAL_ERROR = 70;

const EXAMPLES = `
Examples:
  $ freehold compare app.trace.gz    which allocator suits this program?
  $ freehold fit app.trace.gz        how small a buffer does it run in?
  $ freehold kernel --demo           when is memory allocated? a small machine
                                     shows it
  $ freehold help compare            everything that compare can do

Exit status: 0 done; 1 a fault was found (compare --verify); 2 wrong use, or a
file that cannot be read or written; 70 an error in freehold itself, whose stack
FREEHOLD_DEBUG=1 in the environment shows.
`;

/** Runs the command line of this process, and sees to it that no error ends in anything but a line and a status. */
export async function run(): Promise<void> {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => process.exit(tell(error)));
  }
  process.exitCode = await main(process.argv.slice(2));
}

/**
 * Runs a command line and tells what to exit with: see "Exit status" of `--help`.
 * @param argv the arguments, without `node` and the script
 */
export async function main(argv: readonly string[]): Promise<number> {
  endWhereOutputCannotBeWritten();
  try {
    const program = await createProgram(argv);
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has printed help, version or its own line already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return tell(error);
  }
}

/** The program with the commands that a command line needs. @param argv the arguments, without `node` and the script */
export async function createProgram(argv: readonly string[]): Promise<Command> {
  const program = new Command('freehold')
    .description(
      'Replays recordings of real programs’ malloc and free through memory allocators: which allocator suits, and how big a buffer does it need?',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', EXAMPLES);
  for (const command of await commandsFor(argv)) program.addCommand(command);
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

/** Tells an error in one line. @returns the status to exit with */
function tell(error: unknown): number {
  if (error instanceof UserError || error instanceof FaultError) {
    complain(error.message);
    return error.status;
  }
  if (error instanceof Error && 'syscall' in error && 'code' in error) {
    const path = 'path' in error ? String(error.path) : '';
    complain(`${path || error.syscall}: ${reasonOf(error)}`);
    return 2;
  }
  tellOurOwn(error);
  return INTERNAL_ERROR;
}

/** No input should lead here. */
function tellOurOwn(error: unknown): void {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const debug = process.env['FREEHOLD_DEBUG'];
  const more = debug ? '' : '; FREEHOLD_DEBUG=1 shows where';
  complain(
    `an error in freehold ${VERSION} itself: ${what}; please report it with the command and its input${more}`,
  );
  if (debug && error instanceof Error) process.stderr.write(`${visible(error.stack ?? '')}\n`);
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
      if (stream === process.stdout) complain(`standard output: ${reasonOf(error)}`);
      process.exit(2);
    });
  }
}
