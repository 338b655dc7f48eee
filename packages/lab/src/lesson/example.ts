/** A worked example of the lesson: a text that an allocator's own events and lists write, step by step. */
import type { Pen } from './pen.js';

export interface Example {
  /** What `freehold lesson` calls it. */
  readonly name: string;
  /** What it shows, in one line. */
  readonly title: string;
  /** What to know before, as paragraphs. */
  readonly opening: readonly string[];
  /** The steps, one or more lines each, without the line end of the last; returns what to notice, as paragraphs. */
  steps(pen: Pen): Generator<string, readonly string[], undefined>;
}

/** The whole text: the opening, each step, what to notice. Every piece fits 80 columns. */
export function* tell(example: Example, pen: Pen): Generator<string, void, undefined> {
  const heading = `${pen.bold(example.title)}\n${'═'.repeat(example.title.length)}`;
  yield `${heading}\n${example.opening.map(pen.paragraph).join('\n\n')}`;
  const notice = yield* example.steps(pen);
  yield [pen.bold('What to notice'), ...notice.map(pen.item)].join('\n');
}
