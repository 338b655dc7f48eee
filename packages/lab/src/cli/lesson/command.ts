/** `freehold lesson`: the worked examples of the lesson, drawn step by step. */
import { Command } from 'commander';
import { UserError } from '../../errors.js';
import { type Example, tell } from '../../lesson/example.js';
import { EXAMPLES } from '../../lesson/examples.js';
import { Pen } from '../../lesson/pen.js';
import { unknownName } from '../../text/nearest.js';
import { define } from '../../text/table.js';
import { colours, print } from '../terminal.js';

export function lessonCommand(): Command {
  const about = EXAMPLES.map(({ name, title }) => define(`  ${name}`, title, 17)).join('\n');
  return new Command('lesson')
    .description('draw the examples of the lesson, step by step')
    .argument('[example]', 'name of an example (default: all, in order)', findExample)
    .option('--step', 'wait for a key after each step: Enter or space for the next, q to quit')
    .addHelpText('after', `\nExamples:\n${about}\n`)
    .action(async (example: Example | undefined, { step = false }: { step?: boolean }) => {
      const stepwise = step && process.stdin.isTTY === true && process.stdout.isTTY === true;
      await show(example === undefined ? EXAMPLES : [example], stepwise);
    });
}

function findExample(name: string): Example {
  const example = EXAMPLES.find((each) => each.name === name);
  if (example === undefined) {
    const known = EXAMPLES.map((each) => each.name);
    throw new UserError(unknownName('example', name, known));
  }
  return example;
}

async function show(examples: readonly Example[], stepwise: boolean): Promise<void> {
  const pen = new Pen(colours(process.stdout));
  let first = true;
  for (const example of examples) {
    for (const piece of tell(example, pen)) {
      if (!first && stepwise && !(await wantsNext())) return;
      print(first ? piece : `\n${piece}`);
      first = false;
    }
  }
}

const CTRL_D = '\u0004';
/** Alone: as the first of several characters it begins what an arrow key sends. */
const ESCAPE = '\u001b';
const PROMPT = '-- Enter: next, q: quit --';

/** Waits for Enter or space (true), or for q, Escape, Ctrl-D or the end of the input (false). */
function wantsNext(): Promise<boolean> {
  const { stdin, stdout } = process;
  stdout.write(PROMPT);
  stdin.setRawMode(true);
  stdin.resume();
  return new Promise((resolve) => {
    const answer = (next: boolean) => {
      stdin.off('data', hear);
      stdin.off('end', end);
      stdin.pause();
      stdin.setRawMode(false);
      stdout.write(`\r${' '.repeat(PROMPT.length)}\r`);
      resolve(next);
    };
    const hear = (data: Buffer) => {
      const keys = data.toString();
      const key = keys.charAt(0);
      // In raw mode the terminal sends Ctrl-C to us, as a key.
      if (key === '\u0003') {
        answer(false);
        process.kill(process.pid, 'SIGINT');
      } else if (key === '\r' || key === '\n' || key === ' ') answer(true);
      else if (key === 'q' || key === 'Q' || key === CTRL_D || keys === ESCAPE) answer(false);
    };
    const end = () => answer(false);
    stdin.on('data', hear);
    stdin.on('end', end);
  });
}
