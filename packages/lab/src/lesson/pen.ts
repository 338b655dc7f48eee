/** What the examples draw with: memory as a bar, its segments named below. Plain text says it all; colour helps. */
import type { Segment } from 'freehold';
import type { Colours } from '../text/colours.js';
import { wrap } from '../text/table.js';

/** The widest line. */
const COLUMNS = 80;
/** Cells of a bar of memory, its right edge not counted: halves, quarters, eighths of memory are whole cells. */
const BAR = 64;

const USED = '█';
const WASTE = '▒';
const FREE = '·';

/** What a bar is told of a segment. */
export type Stretch = Pick<Segment, 'start' | 'end' | 'used' | 'requested'>;

export class Pen {
  readonly #colours: Colours;

  constructor(colours: Colours) {
    this.#colours = colours;
  }

  readonly bold = (text: string): string => this.#colours.bold(text);
  readonly dim = (text: string): string => this.#colours.dim(text);
  readonly good = (text: string): string => this.#colours.green(text);
  readonly bad = (text: string): string => this.#colours.red(text);

  /** For what is wasted. */
  readonly waste = (text: string): string => this.#colours.orange(text);

  readonly paragraph = (text: string): string => wrap(text, COLUMNS);
  readonly item = (text: string): string => `  • ${wrap(text, COLUMNS - 4).replaceAll('\n', '\n    ')}`;

  /** A numbered step: what happens, wrapped beside its number. */
  step(number: number, text: string): string {
    return `${this.bold(String(number).padStart(3))}  ${wrap(text, COLUMNS - 5).replaceAll('\n', '\n     ')}`;
  }

  /** Which glyph means what. */
  legend(wasteToo = false): string {
    const parts = [`${this.#colours.green(USED)} used`, `${this.dim(FREE)} free`];
    if (wasteToo) parts.splice(1, 0, `${this.waste(WASTE)} wasted inside`);
    return `     ${parts.join('   ')}   (k = 1024 bytes, M = 1024k)`;
  }

  /**
   * Memory as two lines: a bar in proportion, then what `name` says of each segment, where it has the room. The bytes of
   * a used segment that were not requested are drawn as waste, at its end.
   * @param segments in address order, tiling the memory
   * @param margin what stands in front of the bar
   */
  bar(
    segments: readonly Stretch[],
    name: (segment: Stretch) => string,
    margin = '     ',
    width = BAR,
  ): string {
    const edges = columns(segments, width);
    let bar = '';
    let names = ' '.repeat(margin.length);
    segments.forEach((segment, i) => {
      const cells = edges[i + 1]! - edges[i]!;
      bar += `│${this.#fill(segment, cells - 1)}`;
      const text = name(segment);
      names += (text.length < cells ? ` ${text}` : '').padEnd(cells);
    });
    return `${margin}${bar}│\n${names}`.trimEnd();
  }

  #fill(segment: Stretch, cells: number): string {
    if (!segment.used) return this.dim(FREE.repeat(cells));
    const bytes = segment.end - segment.start;
    const requested = segment.requested ?? bytes;
    const full = Math.round((cells * requested) / bytes);
    // Neither what is used nor what is wasted vanishes by rounding, where there are cells for both.
    const filled = requested === bytes ? cells : Math.max(1, Math.min(full, cells - 1));
    return `${this.#colours.green(USED.repeat(filled))}${this.waste(WASTE.repeat(cells - filled))}`;
  }
}

/** The columns at which the segments begin, and at which the last one ends: in proportion, but at least 2 for each. */
function columns(segments: readonly Stretch[], width: number): number[] {
  const base = segments[0]!.start;
  const bytes = segments.at(-1)!.end - base;
  const edges = [0];
  for (const { end } of segments) {
    edges.push(Math.max(Math.round(((end - base) / bytes) * width), edges.at(-1)! + 2));
  }
  edges[segments.length] = width;
  for (let i = segments.length - 1; i > 0; i--) edges[i] = Math.min(edges[i]!, edges[i + 1]! - 2);
  return edges;
}

/** `64k`, `1.5k`, `1M`, `100 B` where it is no half of a k. */
export function size(bytes: number): string {
  if (bytes === 0) return '0';
  if (bytes % 512 !== 0) return `${bytes} B`;
  return bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20}M` : `${bytes / 1024}k`;
}

/** `64k, 128k and 1M`. */
export function list(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join() : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** `1 node`, `3 nodes`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
