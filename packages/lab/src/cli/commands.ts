/**
 * The commands of `freehold` in the order in which `--help` lists them: a new command adds its line. Each is loaded
 * when it is asked for: reading the modules of all takes three times as long as Node itself takes to start.
 */
import type { Command } from 'commander';

export const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['compare', async () => (await import('./compare/command.js')).compareCommand()],
  ['fit', async () => (await import('./fit/command.js')).fitCommand()],
  ['info', async () => (await import('./info/command.js')).infoCommand()],
  ['convert', async () => (await import('./convert/command.js')).convertCommand()],
  ['lesson', async () => (await import('./lesson/command.js')).lessonCommand()],
  ['monitor', async () => (await import('./monitor/command.js')).monitorCommand()],
  ['kernel', async () => (await import('./kernel/command.js')).kernelCommand()],
  ['fuzz', async () => (await import('./fuzz/command.js')).fuzzCommand()],
  ['inspect', async () => (await import('./inspect/command.js')).inspectCommand()],
]);

/**
 * The commands that a command line needs: the one it names, or all of them where it names none.
 * @param argv the arguments, without `node` and the script
 */
export function commandsFor(argv: readonly string[]): Promise<Command[]> {
  const load = COMMANDS.get((argv[0] === 'help' ? argv[1] : argv[0]) ?? '');
  return Promise.all((load === undefined ? [...COMMANDS.values()] : [load]).map((each) => each()));
}
