/** What a command of the shell is. */
import type { Arguments } from './arguments.js';
import type { Session } from './session.js';

export interface Outcome {
  /** What is printed, without a line end behind. */
  readonly text: string;
  /** What `name = command` keeps: an address, a process, an id. */
  readonly value?: number;
}

export interface ShellCommand {
  readonly name: string;
  /** What follows the name: `PID [STATUS]`. */
  readonly usage: string;
  /** One line for `help`. */
  readonly summary: string;
  /** What the words after it may be: proposed by completion. */
  readonly words?: readonly string[] | ((session: Session) => readonly string[]);
  /** Its lines are printed as they are, however long. */
  readonly exact?: true;
  run(session: Session, args: Arguments): Outcome | string;
}

export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly ShellCommand[];
}
