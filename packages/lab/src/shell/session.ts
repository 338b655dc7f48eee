/**
 * A session of the shell: a booted system, the names that results were given, and the way of a line through it.
 * With each command it tells which frames changed hands, as that is what every one of them costs.
 */
import { type Kernel, KernelError, type ObjectCache } from '@freehold/kernel';
import { hex, InvalidFreeError, type InvalidFreeReason } from 'freehold';
import { FaultError, UserError } from '../errors.js';
import type { Colours } from '../text/colours.js';
import { nearest } from '../text/nearest.js';
import { wrap } from '../text/table.js';
import { Arguments } from './arguments.js';
import { CostMeter, type Costs, describeCosts } from './costs.js';
import { Refused } from './refused.js';
import { splitWords, type Word } from './words.js';

const COLUMNS = 80;

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

/** What came of a line. */
export interface Told extends Outcome {
  readonly costs: Costs;
  /** The command was refused, as was expected of it: `text` is the reason. */
  readonly refused?: true;
  /** The lines of `text` are printed as they are. */
  readonly exact?: true;
  /** What is to be known beside: a file of this machine that is not written to. */
  readonly notes?: readonly string[];
}

export class Session {
  readonly kernel: Kernel;
  readonly groups: readonly CommandGroup[];
  readonly paint: Colours;
  /** `$name` in a line is replaced by what stands here. */
  readonly variables = new Map<string, number>();
  /** Those that were there at first: their objects are the kernel's. */
  readonly kernelCaches: ReadonlySet<ObjectCache>;
  /** Set by `quit`. */
  ended = false;
  private notes: string[] = [];
  private readonly meter: CostMeter;

  constructor(kernel: Kernel, groups: readonly CommandGroup[], paint: Colours) {
    this.kernel = kernel;
    this.groups = groups;
    this.paint = paint;
    this.kernelCaches = new Set(kernel.slab.caches());
    this.meter = new CostMeter(kernel);
  }

  /** @throws UserError when there is none, with the one that may be meant */
  find(name: string): ShellCommand {
    const all = this.groups.flatMap(({ commands }) => commands);
    const command = all.find((each) => each.name === name);
    if (command !== undefined) return command;
    const near = nearest(
      name,
      all.map((each) => each.name),
    );
    const hint = near === null ? ';' : `; did you mean ${near}?`;
    throw new UserError(`unknown command '${name}'${hint} 'help' lists all commands`);
  }

  /**
   * Runs one line: `COMMAND …`, `NAME = COMMAND …`, or `fails COMMAND …`, which tells that the command was refused.
   * @returns null for a line without a command
   * @throws UserError for a line that means nothing, FaultError where `fails` fails or a law is broken, and whatever
   * the system refuses with: see `isRefusal`
   */
  execute(line: string): Told | null {
    const words = splitWords(line);
    if (words.length === 0) return null;
    this.meter.start();
    if (words[0]!.text === 'fails') return this.executeFailing(words.slice(1), line);
    if (words[1]?.text !== '=' || words[1].quoted) return this.run(words);
    const name = words[0]!.text;
    if (!/^[a-z_]\w*$/i.test(name))
      throw new UserError(`'${name}' is not a name for a result: use letters, digits and _`);
    const told = this.run(words.slice(2));
    if (told.value === undefined) throw new UserError(`'${line.trim()}' has no result to keep`);
    this.variables.set(name, told.value);
    return told;
  }

  /** Something to be told with what comes of the command that runs, or else of the next. */
  note(text: string): void {
    this.notes.push(text);
  }

  /** For people: the text, and below it what is to be known beside, and what it cost. */
  show({ text, refused, exact, costs, notes = [] }: Told): string {
    const message = refused === true ? `refused, as expected: ${text}` : text;
    const lines = describeCosts(costs).map((line) => `\n${this.paint.dim(`  ${line}`)}`);
    const beside = notes.map((note) => `\n${wrapLong(`  note: ${note}`)}`);
    return (exact === true ? message : wrapLong(message)) + [...beside, ...lines].join('');
  }

  private executeFailing(words: readonly Word[], line: string): Told {
    let told: Told;
    try {
      told = this.run(words);
    } catch (error) {
      if (isRefusal(error)) return { text: error.message, refused: true, ...this.beside() };
      throw error;
    }
    throw new FaultError(`'${line.trim()}' should have been refused, but succeeded: ${told.text}`);
  }

  private run(words: readonly Word[]): Told {
    const [name] = words;
    if (name === undefined) throw new UserError("a command is missing; 'help' lists all commands");
    const command = this.find(name.text);
    const usage = `${command.name} ${command.usage}`.trimEnd();
    const args = new Arguments(words.slice(1), this.variables, usage);
    const outcome = orRefused(() => command.run(this, args));
    return {
      ...(typeof outcome === 'string' ? { text: outcome } : outcome),
      ...(command.exact === true ? { exact: true } : {}),
      ...this.beside(),
    };
  }

  /** What is told with every command: notes, where there are any, and costs. */
  private beside(): Pick<Told, 'notes' | 'costs'> {
    const { notes } = this;
    this.notes = [];
    return { ...(notes.length > 0 ? { notes } : {}), costs: this.meter.read() };
  }
}

/** Lines of messages may hold long addresses and names; what does not fit goes on below, indented. */
export function wrapLong(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      if (line.length <= COLUMNS) return line;
      const lead = /^ */.exec(line)![0].length;
      return ' '.repeat(lead) + wrap(line.trim(), COLUMNS - 2, lead + 2);
    })
    .join('\n');
}

/** Whether the system refused, as it may: nothing was changed. Not where one of its own laws is broken. */
export function isRefusal(error: unknown): error is KernelError {
  return error instanceof KernelError;
}

const WHY: Readonly<Record<InvalidFreeReason, string>> = {
  outside: 'it lies where none was ever given out',
  free: 'it was freed already, or never given out',
  interior: 'it lies inside a block; give the address that was given out',
};

/** A function of the kernel or of malloc that is given a wrong address or size refuses as a system call does. */
function orRefused<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof InvalidFreeError) {
      throw new Refused(`no block has the address ${hex(error.address)}: ${WHY[error.reason]}`, {
        cause: error,
      });
    }
    if (!(error instanceof RangeError)) throw error;
    throw new Refused(error.message, { cause: error });
  }
}
