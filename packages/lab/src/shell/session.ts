/**
 * A session of the shell: a booted system, the names that results were given, and the way of a line through it.
 * After each command it tells which frames changed hands, as that is what every one of them costs.
 */

import {
  countOwners,
  type Kernel,
  MappingError,
  MemoryFault,
  OWNER_FREE,
  OWNER_NAMES,
  SystemCallError,
  type VirtualMemoryCounts,
} from '@freehold/kernel';
import { InvalidFreeError } from 'freehold';
import { type Colours, wrap } from '../cli/terminal.js';
import { FaultError, UserError } from '../errors.js';
import { formatCount } from '../sizes.js';
import { Arguments } from './arguments.js';
import type { CommandGroup, Outcome, ShellCommand } from './command.js';
import { Refused } from './refused.js';
import { splitWords, type Word } from './words.js';
import { many } from './words-for-people.js';

const COLUMNS = 80;

export class Session {
  readonly kernel: Kernel;
  readonly groups: readonly CommandGroup[];
  readonly paint: Colours;
  /** `$name` in a line is replaced by what stands here. */
  readonly variables = new Map<string, number>();
  /** Set by `quit`. */
  ended = false;
  /** Frames by owner after the last command. */
  private owners: readonly number[];
  /** What faults had done after the last command. */
  private faults: VirtualMemoryCounts;

  constructor(kernel: Kernel, groups: readonly CommandGroup[], paint: Colours) {
    this.kernel = kernel;
    this.groups = groups;
    this.paint = paint;
    this.owners = countOwners(kernel.pages.descriptors);
    this.faults = { ...kernel.vm.counts };
  }

  /** @throws UserError when there is none, with the one that may be meant */
  find(name: string): ShellCommand {
    const all = this.groups.flatMap(({ commands }) => commands);
    const command = all.find((each) => each.name === name);
    if (command !== undefined) return command;
    const near = all.filter((each) => each.name.startsWith(name.slice(0, 2))).map((each) => each.name);
    const hint = near.length > 0 && name.length > 1 ? `; perhaps ${near.join(' or ')}` : '';
    throw new UserError(`no command '${name}'${hint}; 'help' lists all`);
  }

  /**
   * Runs one line: `COMMAND …`, `NAME = COMMAND …`, or `fails COMMAND …`, which tells that the command was refused.
   * @returns what to print, '' for nothing
   * @throws UserError for a line that means nothing, FaultError where `fails` fails or a law is broken, and whatever
   * the system refuses with: see `isRefusal`
   */
  execute(line: string): string {
    const words = splitWords(line);
    if (words.length === 0) return '';
    if (words[0]!.text === 'fails') return this.executeFailing(words.slice(1), line);
    if (words[1]?.text === '=' && !words[1].quoted) {
      const name = words[0]!.text;
      if (!/^[a-z_]\w*$/i.test(name)) throw new UserError(`'${name}' is no name for a result`);
      const { text, value } = this.run(words.slice(2));
      if (value === undefined) throw new UserError(`'${line.trim()}': there is no result to keep`);
      this.variables.set(name, value);
      return text;
    }
    return this.run(words).text;
  }

  private executeFailing(words: readonly Word[], line: string): string {
    let outcome: Outcome;
    try {
      outcome = this.run(words);
    } catch (error) {
      if (isRefusal(error)) return wrapLong(`refused, as expected: ${error.message}`) + this.tellCosts();
      throw error;
    }
    throw new FaultError(`'${line.trim()}' was to be refused, but did this: ${outcome.text}`);
  }

  private run(words: readonly Word[]): Outcome {
    const name = words[0]?.text ?? '';
    const command = this.find(name);
    const usage = `${command.name} ${command.usage}`.trimEnd();
    const outcome = command.run(this, new Arguments(words.slice(1), this.variables, usage));
    const { text, value }: Outcome = typeof outcome === 'string' ? { text: outcome } : outcome;
    const told = (command.exact === true ? text : wrapLong(text)) + this.tellCosts();
    return value === undefined ? { text: told } : { text: told, value };
  }

  /** What the command cost: `faults: 2, 1 frame copied` and `frames: +3 page table, +1 anonymous; 15,872 free`. */
  private tellCosts(): string {
    const lines = [this.tellFaults(), this.tellFrames()].filter((line) => line !== '');
    return lines.map((line) => `\n${this.paint.dim(`  ${line}`)}`).join('');
  }

  private tellFaults(): string {
    const before = this.faults;
    const now = { ...this.kernel.vm.counts };
    this.faults = now;
    const faults = now.faults - before.faults;
    if (faults === 0) return '';
    const parts = [
      [now.majorFaults - before.majorFaults, 'page', 'read from its file'],
      [now.zeroed - before.zeroed, 'frame', 'cleared'],
      [now.copies - before.copies, 'frame', 'copied'],
    ] as const;
    const told = parts
      .filter(([count]) => count > 0)
      .map(([count, noun, what]) => `${many(count, noun)} ${what}`);
    return [`faults: ${formatCount(faults)}`, ...told].join(', ');
  }

  private tellFrames(): string {
    const before = this.owners;
    const now = countOwners(this.kernel.pages.descriptors);
    this.owners = now;
    const changes = now
      .map((count, owner) => ({ change: count - before[owner]!, name: OWNER_NAMES[owner]!, owner }))
      .filter(({ change, owner }) => change !== 0 && owner !== OWNER_FREE)
      .map(({ change, name }) => `${change > 0 ? '+' : '−'}${formatCount(Math.abs(change))} ${name}`);
    return changes.length === 0 ? '' : `frames: ${changes.join(', ')}; ${formatCount(now[OWNER_FREE]!)} free`;
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
export function isRefusal(error: unknown): error is Error {
  return (
    error instanceof Refused ||
    error instanceof SystemCallError ||
    error instanceof MappingError ||
    error instanceof MemoryFault ||
    error instanceof InvalidFreeError ||
    error instanceof RangeError
  );
}
