/** A script: a line a command, run until one fails. */
import { CorruptionError } from 'freehold';
import { FaultError, UserError } from '../errors.js';
import { wrap } from '../text/table.js';
import { isRefusal, type Session, type Told } from './session.js';

export interface ScriptOptions {
  /** Named in errors, with the line. */
  readonly name: string;
  /** Each command is printed before what it prints, and comments as paragraphs. */
  readonly echo?: boolean;
  /** What came of each command is printed as an object, a line each. */
  readonly json?: boolean;
  readonly print: (text: string) => void;
}

/** @throws UserError or FaultError naming the file and the line; the session is as the lines before left it */
export function runScript(session: Session, text: string, options: ScriptOptions): void {
  const { name, print, json = false } = options;
  const echo = options.echo === true && !json;
  const { paint } = session;
  let paragraph: string[] = [];
  const endParagraph = () => {
    if (paragraph.length > 0) print(wrap(paragraph.join(' ')));
    paragraph = [];
  };
  for (const [index, line] of text.split('\n').entries()) {
    if (session.ended) break;
    const trimmed = line.trim();
    if (echo && trimmed.startsWith('# ')) {
      if (trimmed.startsWith('# = '))
        print(`${paint.bold(trimmed.slice(4))}\n${'═'.repeat(trimmed.length - 4)}`);
      else paragraph.push(trimmed.slice(2));
      continue;
    }
    endParagraph();
    if (trimmed === '' && echo) print('');
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    if (echo) print(paint.cyan(`> ${trimmed}`));
    const told = executeAt(session, line, `${name}:${index + 1}`);
    if (told === null) continue;
    const { exact: _, ...rest } = told;
    const shown = json ? JSON.stringify({ line: index + 1, command: trimmed, ...rest }) : session.show(told);
    if (shown !== '') print(shown);
  }
  endParagraph();
}

function executeAt(session: Session, line: string, place: string): Told | null {
  try {
    return session.execute(line);
  } catch (error) {
    if (error instanceof UserError) throw new UserError(`${place}: ${error.message}`);
    if (error instanceof FaultError || error instanceof CorruptionError || isRefusal(error)) {
      throw new FaultError(`${place}: ${error.message}`);
    }
    throw error;
  }
}
