/** A script: a line a command, run until one fails. */
import { CorruptionError } from 'freehold';
import { wrap } from '../cli/terminal.js';
import { FaultError, UserError } from '../errors.js';
import { isRefusal, type Session } from './session.js';

export interface ScriptOptions {
  /** Named in errors, with the line. */
  readonly name: string;
  /** Each command is printed before what it prints, and comments as paragraphs. */
  readonly echo: boolean;
  readonly print: (text: string) => void;
}

/** @throws UserError or FaultError naming the file and the line; the session is as the lines before left it */
export function runScript(session: Session, text: string, { name, echo, print }: ScriptOptions): void {
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
    if (told !== '') print(told);
  }
  endParagraph();
}

function executeAt(session: Session, line: string, place: string): string {
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
