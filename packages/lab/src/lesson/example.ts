/** A worked example: a text that an allocator's own events and lists write, step by step. */
import type { Call } from './calls.js';
import type { Pen } from './pen.js';

export interface Example {
  /** What `freehold lesson` calls it. */
  readonly name: string;
  /** What it shows, in one line. */
  readonly title: string;
  /** The calls that it shows; those of the reader can take their place. Absent where it tells a story of its own. */
  readonly calls?: Calls;
  /** What to know before, as paragraphs. */
  opening(calls: readonly Call[]): readonly string[];
  /** The steps, one or more lines each, without the line end of the last; returns what to notice, as paragraphs. */
  steps(pen: Pen, calls: readonly Call[]): Generator<string, readonly string[], undefined>;
}

interface Calls {
  /** Empty where the example has a story of its own beside those of the reader. */
  readonly shown: readonly Call[];
  /** What the first request is called: `A` when left out. */
  readonly first?: string;
  /** Bytes of memory that there are. */
  readonly memory: number;
}

/** The whole text: the opening, each step, what to notice. Every piece fits 80 columns. */
export function tell(example: Example, pen: Pen, calls = example.calls?.shown ?? []): string[] {
  const heading = `${pen.bold(example.title)}\n${'═'.repeat(example.title.length)}`;
  const pieces = [`${heading}\n${example.opening(calls).map(pen.paragraph).join('\n\n')}`];
  const steps = example.steps(pen, calls);
  let next = steps.next();
  for (; next.done !== true; next = steps.next()) pieces.push(next.value);
  pieces.push([pen.bold('What to notice'), ...next.value.map(pen.item)].join('\n'));
  return pieces;
}
