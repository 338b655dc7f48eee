/** `freehold lesson`: worked examples of memory allocation, drawn step by step. */
import { Command } from 'commander';
import { UserError } from '../../errors.js';
import { type Call, parseCalls } from '../../lesson/calls.js';
import { type Example, tell } from '../../lesson/example.js';
import { EXAMPLES } from '../../lesson/examples.js';
import { list, Pen } from '../../lesson/pen.js';
import { unknownName } from '../../text/nearest.js';
import { define } from '../../text/table.js';
import { colours, print } from '../terminal.js';

/** The examples that take calls of the reader. */
const OWN = list(EXAMPLES.filter(({ calls }) => calls !== undefined).map(({ name }) => name));

const USES = `
Sizes of your own:
  $ freehold lesson buddy 37k 67k free:1
  $ freehold lesson fits 6k 3k free:1 8k --step

A size is a request, free:1 a release of what the first request got. Each of
${OWN} takes them.
`;

export function lessonCommand(): Command {
  const about = EXAMPLES.map(({ name, title }) => define(`  ${name}`, title, 17)).join('\n');
  return new Command('lesson')
    .description('draw worked examples of memory allocation, step by step')
    .argument(
      '[example...]',
      'name of an example (default: all, in order); then calls of your own instead of its: sizes, and free:N',
    )
    .option('--step', 'wait for a key after each step, to go on or back')
    .addHelpText('after', `\nExamples:\n${about}\n${USES}`)
    .action(async ([name, ...words]: readonly string[], { step = false }: { step?: boolean }) => {
      const pen = new Pen(colours(process.stdout));
      const examples = name === undefined ? EXAMPLES : [findExample(name)];
      const pieces = examples.flatMap((each) => piecesOf(each, pen, words));
      if (step && process.stdin.isTTY === true && process.stdout.isTTY === true) await stepThrough(pieces);
      else print(pieces.map(({ text }) => text).join('\n\n'));
    });
}

/** A step of an example, its opening or what to notice, and where that is: `step 3 of 23`. */
interface Piece {
  readonly text: string;
  readonly place: string;
}

function piecesOf(example: Example, pen: Pen, words: readonly string[]): Piece[] {
  const texts = tell(example, pen, words.length === 0 ? undefined : ownCalls(example, words));
  const steps = texts.length - 2;
  return texts.map((text, i) => ({
    text,
    place: i === 0 ? `${example.name}: ${steps} steps` : i > steps ? 'the end' : `step ${i} of ${steps}`,
  }));
}

/** @throws UserError where the example takes none, or a word is not a call */
function ownCalls({ name, calls }: Example, words: readonly string[]): Call[] {
  if (calls === undefined) {
    throw new UserError(`the example '${name}' takes no calls of your own; ${OWN} do`);
  }
  return parseCalls(words, calls.memory, calls.first);
}

function findExample(name: string): Example {
  const example = EXAMPLES.find((each) => each.name === name);
  if (example === undefined) {
    const known = EXAMPLES.map((each) => each.name);
    throw new UserError(unknownName('example', name, known));
  }
  return example;
}

/** Prints the pieces as the keys ask for them, one below the other: what was shown can be scrolled back to. */
async function stepThrough(pieces: readonly Piece[]): Promise<void> {
  print(pieces[0]!.text);
  for (let at = 0; ; ) {
    const last = pieces.length - 1;
    let next = at;
    // At the beginning there is no way back, and the text is there already.
    while (next === at) {
      const key = await pressed(
        `-- ${pieces[at]!.place}; ${at === last ? 'Enter, q: quit' : 'Enter: next, q: quit'}, b: back --`,
      );
      if (key === 'quit' || (key === 'next' && at === last)) return;
      next = key === 'first' ? 0 : key === 'last' ? last : Math.max(0, at + (key === 'next' ? 1 : -1));
    }
    at = next;
    print(`\n${pieces[at]!.text}`);
  }
}

type Key = 'next' | 'back' | 'first' | 'last' | 'quit';

const CTRL_C = '\u0003';
/** What terminals send for the keys; Escape alone is one too, as the first of several characters it begins an arrow key. */
const KEYS: ReadonlyMap<string, Key> = new Map([
  ...(['\r', '\n', ' ', 'n', '\u001b[C', '\u001b[B', '\u001b[6~'] as const).map(
    (key) => [key, 'next'] as const,
  ),
  ...(['b', 'p', '\u007f', '\b', '\u001b[D', '\u001b[A', '\u001b[5~'] as const).map(
    (key) => [key, 'back'] as const,
  ),
  ...(['g', '\u001b[H', '\u001b[1~'] as const).map((key) => [key, 'first'] as const),
  ...(['G', '\u001b[F', '\u001b[4~'] as const).map((key) => [key, 'last'] as const),
  ...(['q', 'Q', '\u0004', '\u001b'] as const).map((key) => [key, 'quit'] as const),
]);

/** Waits for one of the keys; the end of the input is `quit`. */
function pressed(prompt: string): Promise<Key> {
  const { stdin, stdout } = process;
  stdout.write(prompt);
  stdin.setRawMode(true);
  stdin.resume();
  return new Promise((resolve) => {
    const answer = (key: Key) => {
      stdin.off('data', hear);
      stdin.off('end', end);
      stdin.pause();
      stdin.setRawMode(false);
      stdout.write(`\r${' '.repeat(prompt.length)}\r`);
      resolve(key);
    };
    const hear = (data: Buffer) => {
      const keys = data.toString();
      // In raw mode the terminal sends Ctrl-C to us, as a key.
      if (keys.startsWith(CTRL_C)) {
        answer('quit');
        process.kill(process.pid, 'SIGINT');
        return;
      }
      const key = KEYS.get(keys) ?? KEYS.get(keys.startsWith('\u001b') ? '' : keys.charAt(0));
      if (key !== undefined) answer(key);
    };
    const end = () => answer('quit');
    stdin.on('data', hear);
    stdin.on('end', end);
  });
}
