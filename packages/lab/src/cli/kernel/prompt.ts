/** The shell on a terminal: a prompt with history and completion, until `quit` or Ctrl-D. */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { CorruptionError } from 'freehold';
import { FaultError, UserError } from '../../errors.js';
import { isRefusal, type Session, wrapLong } from '../../shell/session.js';
import { visible } from '../../text/visible.js';

const PROMPT = 'freehold> ';

/** A terminal's two ends. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** Resolves when the person at the terminal has had enough. Errors are told and survived. */
export async function interact(session: Session, { input, output }: Terminal): Promise<void> {
  const { paint } = session;
  const print = (text: string) => output.write(`${visible(text)}\n`);
  const terminal = createInterface({
    input,
    output,
    terminal: true,
    prompt: visible(paint.bold(PROMPT)),
    completer: (line: string) => complete(line, session),
    removeHistoryDuplicates: true,
  });
  terminal.on('SIGINT', () => {
    // As in other shells: the line is given up, not the shell.
    print('^C');
    terminal.write(null, { ctrl: true, name: 'u' });
    terminal.prompt();
  });
  terminal.prompt();
  for await (const line of terminal) {
    const told = answer(session, line);
    if (told !== '') print(told);
    if (session.ended) break;
    terminal.prompt();
  }
  if (!session.ended) print('');
  terminal.close();
}

function answer(session: Session, line: string): string {
  try {
    const told = session.execute(line);
    return told === null ? '' : session.show(told);
  } catch (error) {
    const known = [UserError, FaultError, CorruptionError].some((kind) => error instanceof kind);
    if (error instanceof Error && (known || isRefusal(error)))
      return session.paint.red(wrapLong(error.message));
    throw error;
  }
}

/** What the last word of `line` may become, and that word: what node:readline wants. */
export function complete(line: string, session: Session): [string[], string] {
  const words = line
    .trimStart()
    .replace(/^(\w+\s*=|fails)\s+/, '')
    .split(/\s+/);
  const last = words.at(-1) ?? '';
  return [candidates(words, last, session).filter((each) => each.startsWith(last)), last];
}

function candidates(words: readonly string[], last: string, session: Session): string[] {
  const commands = session.groups.flatMap((group) => group.commands);
  if (words.length === 1) return [...commands.map(({ name }) => `${name} `), 'fails '];
  if (last.startsWith('$')) return [...session.variables.keys()].map((name) => `$${name}`);
  const command = commands.find(({ name }) => name === words[0]);
  const proposed = typeof command?.words === 'function' ? command.words(session) : (command?.words ?? []);
  const fixed = proposed.map((word) => `${word} `);
  return /^\.{0,2}\//.test(last) && !last.startsWith('/proc') ? [...fixed, ...filesFrom(last)] : fixed;
}

function filesFrom(start: string): string[] {
  const folder = start.endsWith('/') ? start : dirname(start);
  try {
    return readdirSync(folder, { withFileTypes: true }).map((entry) => {
      const path = folder.startsWith('.')
        ? `${folder.replace(/\/$/, '')}/${entry.name}`
        : join(folder, entry.name);
      return entry.isDirectory() ? `${path}/` : `${path} `;
    });
  } catch {
    return [];
  }
}
