/** The words after a command's name, taken one by one as what the command expects; anything else is refused. */
import { UserError } from '../errors.js';
import { unknownName } from '../text/nearest.js';
import { parseSize } from '../text/sizes.js';
import type { Word } from './words.js';

/** What `$name` stands for. */
export type Variables = ReadonlyMap<string, number>;

export class Arguments {
  private readonly words: readonly Word[];
  private readonly variables: Variables;
  private readonly usage: string;
  private at = 0;

  /** @param usage shown with every complaint, as `fork PID` */
  constructor(words: readonly Word[], variables: Variables, usage: string) {
    this.words = words;
    this.variables = variables;
    this.usage = usage;
  }

  get left(): number {
    return this.words.length - this.at;
  }

  /** Takes the next word if it is `text`. */
  take(text: string): boolean {
    const word = this.words[this.at];
    if (word === undefined || word.quoted || word.text !== text) return false;
    this.at++;
    return true;
  }

  /** Takes the next word if it is one of `texts`; null when it is not. */
  takeOne<T extends string>(texts: readonly T[]): T | null {
    return texts.find((text) => this.take(text)) ?? null;
  }

  /** The next word, which says what the command is to do. @throws UserError where it is none of `texts` */
  action<T extends string>(texts: readonly T[]): T {
    const found = this.takeOne(texts);
    if (found !== null) return found;
    const word = this.words[this.at]?.text;
    throw this.wrong(word === undefined ? 'a subcommand is missing' : unknownName('subcommand', word, texts));
  }

  /** The next word as it is, a `$name` replaced. @throws UserError when there is none */
  text(what: string): string {
    const word = this.words[this.at++];
    if (word === undefined) throw this.wrong(`${what} is missing`);
    if (word.quoted || !word.text.startsWith('$')) return word.text;
    const match = /^\$(\w+)(.*)$/.exec(word.text);
    if (match === null) throw this.wrong(`'${word.text}' is not a variable`);
    return `${this.variable(match[1]!)}${match[2]}`;
  }

  /** All words left. */
  rest(): string[] {
    const texts: string[] = [];
    while (this.left > 0) texts.push(this.text(''));
    return texts;
  }

  /**
   * A whole number from 0 up: `4096`, `0x1000`, `64KiB`, `$name`, and sums of these as `$a+0x10` or `$end-1`.
   * @throws UserError when there is none
   */
  number(what: string): number {
    const word = this.words[this.at++];
    if (word === undefined) throw this.wrong(`${what} is missing`);
    let sum = 0;
    for (const [, sign, term] of word.text.matchAll(/(^|[+-])([^+-]*)/g)) {
      const value = this.term(term!);
      if (value === null || word.quoted) throw this.wrong(`${what}: '${word.text}' is not a number`);
      sum += sign === '-' ? -value : value;
    }
    if (!(Number.isSafeInteger(sum) && sum >= 0)) {
      throw this.wrong(`${what}: '${word.text}' is ${sum}, not a whole number from 0 up`);
    }
    return sum;
  }

  /** As `number`, or `otherwise` when no word is left. */
  numberOr(otherwise: number, what: string): number {
    return this.left === 0 ? otherwise : this.number(what);
  }

  /** @throws UserError when a word is left */
  end(): void {
    const word = this.words[this.at];
    if (word !== undefined) throw this.wrong(`unexpected argument '${word.text}'`);
  }

  wrong(message: string): UserError {
    return new UserError(`${message}; usage: ${this.usage}`);
  }

  private term(text: string): number | null {
    if (text.startsWith('$')) return this.variable(text.slice(1));
    if (/^0x[\da-f]+$/i.test(text)) return Number.parseInt(text, 16);
    return text === '0' ? 0 : parseSize(text);
  }

  private variable(name: string): number {
    const value = this.variables.get(name);
    if (value !== undefined) return value;
    const known = [...this.variables.keys()].map((each) => `$${each}`);
    if (known.length === 0) throw this.wrong(`unknown variable $${name}; none is set`);
    throw this.wrong(unknownName('variable', `$${name}`, known));
  }
}
