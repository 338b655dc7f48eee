/** A line of the shell as words: parted by spaces, `"…"` and `'…'` hold spaces, `#` begins a comment. */
import { UserError } from '../errors.js';

export interface Word {
  readonly text: string;
  /** It stood in quotes: text, never a number or a name. */
  readonly quoted: boolean;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['0', '\0'],
]);

/** @throws UserError for a quote that is not closed */
export function splitWords(line: string): Word[] {
  const words: Word[] = [];
  let at = 0;
  while (at < line.length) {
    const character = line[at]!;
    if (character === '#') break;
    if (/\s/.test(character)) at++;
    else if (character === '"' || character === "'") {
      const { text, end } = quoted(line, at);
      words.push({ text, quoted: true });
      at = end;
    } else {
      const text = /^[^\s"'#]+/.exec(line.slice(at))![0];
      words.push({ text, quoted: false });
      at += text.length;
    }
  }
  return words;
}

/** The text in the quotes that open at `start`; in `"…"` a backslash escapes, also \n, \t and \0. */
function quoted(line: string, start: number): { text: string; end: number } {
  const quote = line[start]!;
  let text = '';
  for (let at = start + 1; at < line.length; at++) {
    const character = line[at]!;
    if (character === quote) return { text, end: at + 1 };
    if (character === '\\' && quote === '"' && at + 1 < line.length) {
      at++;
      text += ESCAPES.get(line[at]!) ?? line[at]!;
    } else text += character;
  }
  throw new UserError(`the ${quote} at column ${start + 1} is never closed`);
}
