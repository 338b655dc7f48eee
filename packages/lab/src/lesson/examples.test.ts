import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { Buddy, NaiveAllocator } from 'freehold';
import { describe, expect, it } from 'vitest';
import { UserError } from '../errors.js';
import { COLOURED, PLAIN } from '../text/colours.js';
import { visible } from '../text/visible.js';
import { blocks } from './blocks.js';
import { buddy } from './buddy.js';
import { type Call, parseCalls } from './calls.js';
import { type Example, tell } from './example.js';
import { EXAMPLES } from './examples.js';
import { fits } from './fits.js';
import { fragmentation } from './fragmentation.js';
import { lists } from './lists.js';
import { naive } from './naive.js';
import { Pen } from './pen.js';

const plain = new Pen(PLAIN);
const coloured = new Pen(COLOURED);

/** The pieces of an example: heading, steps, what to notice. */
function pieces(example: Example, pen = plain): string[] {
  return tell(example, pen);
}

function step(example: Example, number: number): string {
  const found = pieces(example).find((piece) => piece.startsWith(`${String(number).padStart(3)}  `));
  if (found === undefined) expect.fail(`${example.name} has no step ${number}`);
  return found;
}

/** With line breaks as spaces. */
function flat(text: string): string {
  return text.replace(/\s+/g, ' ');
}

describe.each(EXAMPLES.map((example) => [example.name, example] as const))('%s', (_name, example) => {
  it('fits 80 columns, with nothing at the end of a line', () => {
    for (const line of pieces(example).join('\n').split('\n')) {
      expect(line.length, line).toBeLessThanOrEqual(80);
      expect(line).toBe(line.trimEnd());
    }
  });

  it('says the same without colour', () => {
    const stripped = pieces(example, coloured).map((piece) => stripVTControlCharacters(piece));
    expect(stripped).toEqual(pieces(example));
    expect(pieces(example, coloured).join()).toContain('\u001b[');
  });

  it('opens with what it shows, numbers its steps, ends with what to notice', () => {
    const [heading, ...steps] = pieces(example);
    expect(heading).toMatch(new RegExp(`^${example.title}\n═+\n`));
    expect(steps.pop()).toMatch(/^What to notice\n {2}• /);
    expect(steps.map((text) => Number.parseInt(text, 10))).toEqual(steps.map((_, i) => i + 1));
    expect(steps.length).toBeGreaterThanOrEqual(4);
  });
});

describe.each(
  EXAMPLES.filter(({ calls }) => calls !== undefined).map((example) => [example.name, example] as const),
)('%s with calls of the reader', (_name, example) => {
  const { memory, first } = example.calls!;
  const word = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: memory }).map(String) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: Math.floor(memory / 8192) }).map((n) => `${n}k`) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 12 }).map((n) => `free:${n}`) },
  );

  it('fits 80 columns and numbers its steps, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
        const sound = words.filter((_, i) => {
          try {
            parseCalls(words.slice(0, i + 1), memory, first);
            return true;
          } catch {
            return false;
          }
        });
        let calls: Call[];
        try {
          calls = parseCalls(sound, memory, first);
        } catch {
          return;
        }
        if (calls.length === 0) return;
        const [, ...steps] = tell(example, plain, calls);
        steps.pop();
        expect(steps.map((text) => Number.parseInt(text, 10))).toEqual(steps.map((_, i) => i + 1));
        for (const line of tell(example, plain, calls).join('\n').split('\n')) {
          expect(line.length, line).toBeLessThanOrEqual(80);
          expect(line).toBe(line.trimEnd());
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('calls of the reader', () => {
  const text = (example: Example, ...words: string[]) =>
    tell(example, plain, parseCalls(words, example.calls!.memory, example.calls!.first));

  it('take the place of those of the example', () => {
    const told = text(buddy, '37k', '67k', 'free:1');
    expect(flat(told[0]!)).toContain('Requests of 37k and 67k; then a release of 37k.');
    expect(told.at(-3)).toContain('The 64k at 0, used for the 37k, is released');
    expect(flat(text(naive, '1000k', '30k', 'free:1').join())).toContain(
      'B requests 30k: refused, after a walk of 1 node; of 0 nodes with the hint.',
    );
    expect(flat(text(lists, '60k', '5k').at(-2)!)).toContain('none is large enough: refused.');
    expect(text(blocks, '5k', 'free:1').at(-2)).toContain('A is released: 2 blocks, from block 4 on.');
    expect(text(fits, '5k', 'free:1').at(-3)).toContain('      best  6k at 22k, free with its neighbours\n');
  });

  it('may ask for more than there is, and release what was refused', () => {
    const told = flat(text(buddy, '512k', '512k', '1k', 'free:3').join());
    expect(told).toContain('1k is requested, which needs a segment of 64k: refused, for nothing is free.');
    expect(told).toContain('C is to be released, but its request was refused: there is nothing to do.');
  });

  it.each([
    [['37q'], "call 1, '37q': it is neither a size, such as 37k, nor a release, such as free:1"],
    [
      ['free:1'],
      "call 1, 'free:1': it is not the number of a request before it; no request stands before it",
    ],
    [
      ['4k', 'free:2'],
      "call 2, 'free:2': it is not the number of a request before it; give free:1 to free:1",
    ],
    [
      ['4k', 'free:x'],
      "call 2, 'free:x': it is not the number of a request before it; give free:1 to free:1",
    ],
    [['4k', 'free:1', 'free:1'], "call 3, 'free:1': request 1 was released already"],
    [['2M'], "call 1, '2M': the example has 1M of memory"],
    [Array(27).fill('1k'), "call 27, '1k': an example has 26 requests at most"],
    [Array(101).fill('1k'), '101 calls are given; an example shows 100 at most'],
  ])('%s are refused', (words: string[], message) => {
    expect(() => parseCalls(words, 2 ** 20)).toThrow(new UserError(message));
  });
});

describe('fits', () => {
  it('shows which segments each policy looks at, and what it uses', () => {
    expect(step(fits, 2)).toContain(
      `     first  8k✓                         uses the 8k, leaves 3k
      next  7k✓                         uses the 7k, leaves 2k
      best  8k✓ 3k✗ 6k✓ 11k✓ 7k✓        uses the 6k, leaves 1k
     worst  8k✓ 3k✗ 6k✓ 11k✓ 7k✓        uses the 11k, leaves 6k
`,
    );
    expect(step(fits, 2)).toContain(
      `   best  │████│··········│███│···│████│██████│·│██│·············│█████│········│
          A    8k         B   3k  C    F        D  11k           E     7k
`,
    );
  });

  it('shows what is left, and who is refused', () => {
    expect(step(fits, 5)).toContain('     first  3k✗ 3k✗ 2k✗ 4k✗ 7k✗         refused\n');
    expect(step(fits, 5)).toContain('      best  1k✗ 3k✗ 1k✗ 11k✓ 3k✗        uses the 11k, leaves 1k\n');
    expect(step(fits, 6)).toContain('      best  1k 3k 1k 1k 3k\n     worst  4k 3k 6k 6k');
  });
});

it('fragmentation shows a request refused although there is memory enough', () => {
  expect(step(fragmentation, 3)).toBe(
    `  3  20k is requested. The search looks at 9k ✗, 12k ✗ and 11k ✗: refused.
       free in all        32k
       largest segment    12k
       fragmentation     63 %   1 - largest / free in all`,
  );
  expect(flat(step(fragmentation, 5))).toContain(
    'do the 3 segments there become one, and the 20k finds room at 10k, as H.',
  );
});

it('blocks draws what is wasted, in glyphs and in orange', () => {
  expect(step(blocks, 2)).toBe(
    `  2  2.5k is requested: 1 block. Block 1 is the first that serves. 4k is
     granted, and 1.5k of it wasted.
     │███████│████▒▒▒│███████│███████│·······│·······│███████│·······│
      0       1: 2.5k 2       3       4       5       6       7`,
  );
  expect(step(blocks, 3)).toContain('3 blocks are free, but no more than 2\n     in a row: refused.');
  expect(step(blocks, 4)).toContain('│███████│████▒▒▒│███████│███████│███████████▒▒▒▒│███████│·······│');
  expect(visible(pieces(blocks, coloured).join())).toContain('\u001b[38;5;208m▒▒▒\u001b[39m');
});

it('lists draws descriptor and nodes as they are linked', () => {
  expect(step(lists, 7)).toContain(
    `     ┌─ descriptor ─┐   ┌─────────┐   ┌─────────┐
     │ allocated  ──┼──>│ 16k-20k │──>│ 24k-48k │──> none
     │              │   └─────────┘   └─────────┘
     │ memory 0-64k │   ┌───────┐   ┌─────────┐   ┌─────────┐
     │ free       ──┼──>│ 0-16k │──>│ 20k-24k │──>│ 48k-64k │──> none
     └──────────────┘   └───────┘   └─────────┘   └─────────┘`,
  );
  expect(flat(step(lists, 8))).toContain('joins it: 0-16k and 16k-20k, then 0-20k and 20k-24k.');
});

describe('naive', () => {
  it('walks the whole list in vain, and not at all with the hint', () => {
    expect(flat(step(naive, 9))).toContain(
      '576k is free, but no segment of 320k: refused, after a walk of 3 nodes, the whole list.',
    );
    expect(step(naive, 9)).toContain('free list -> [256k, 448k) -> [512k, 768k) -> [896k, 1M) -> none');
    expect(flat(step(naive, 10))).toContain('refused after a walk of 0 nodes.');
  });

  it('tells what the hint does not solve', () => {
    expect(step(naive, 11).split('\n').slice(-3)).toEqual([
      '       1001 nodes  and find the only segment that is large enough',
      '       1000 nodes  in vain: the hint still named the segment just taken',
      '          0 nodes  because the hint knows by now that 1k is the largest',
    ]);
  });

  it('draws the memory of the allocator', () => {
    const allocator = new NaiveAllocator({ capacity: 2 ** 20 });
    for (const kib of [64, 128]) allocator.allocate(kib * 1024);
    const [, end] = [...allocator.segments()].map((segment) => segment.end / 1024);
    expect(step(naive, 3)).toContain(`free list -> [${end}k, 1M) -> none`);
  });
});

describe('buddy', () => {
  /** Addresses in each free list after steps 2 to 23, in KiB: 64k / 128k / 256k / 512k / 1M. */
  const LISTS = [
    '- / - / - / - / 0',
    '- / - / - / - / 0',
    '- / - / - / 0 512 / -',
    '- / - / 0 256 / 512 / -',
    '- / 0 128 / 256 / 512 / -',
    '0 64 / 128 / 256 / 512 / -',
    '64 / 128 / 256 / 512 / -',
    '64 / 128 / 256 / 512 / -',
    '64 / - / 256 / 512 / -',
    '64 / - / 256 / 512 / -',
    '64 / 256 384 / - / 512 / -',
    '64 / 384 / - / 512 / -',
    '64 / 384 / - / 512 / -',
    '64 / 384 / 512 768 / - / -',
    '64 / 384 / 768 / - / -',
    '64 / 128 384 / 768 / - / -',
    '64 / 128 256 384 / 768 / - / -',
    '64 / 128 / 256 768 / - / -',
    '64 / 128 / 256 512 768 / - / -',
    '64 / 128 / 256 / 512 / -',
    '0 64 / 128 / 256 / 512 / -',
    '- / - / - / - / 0',
  ];

  it('has 23 steps, with these free lists after each', () => {
    expect(pieces(buddy)).toHaveLength(23 + 2);
    LISTS.forEach((expected, i) => {
      const line = step(buddy, i + 2)
        .split('\n')
        .find((each) => each.startsWith('     free at '))!
        .slice('     free at '.length);
      const cells = Array.from({ length: 5 }, (_, order) => line.slice(order * 15, (order + 1) * 15).trim());
      expect(cells.join(' / ').replaceAll('k', ''), `step ${i + 2}`).toBe(expected);
    });
  });

  it('tells what is wasted inside', () => {
    expect(step(buddy, 8)).toContain('Use the 64k at 0 for the 37k: 27k is wasted inside.\n');
    expect(step(buddy, 13)).toContain('Use the 128k at 256k for the 112k: 16k is wasted inside.\n');
    expect(step(buddy, 16)).toContain('Use the 256k at 512k for the 150k: 106k is wasted inside.\n');
  });

  it('draws blocks, waste and requests', () => {
    expect(step(buddy, 16).split('\n').slice(-2)).toEqual([
      '     │██▒│···│████▒▒▒│██████▒│·······│█████████▒▒▒▒▒▒│···············│',
      '      37k     67k     112k            150k',
    ]);
  });

  it('notices what is so', () => {
    const notice = flat(pieces(buddy).at(-1)!);
    expect(notice).toContain('for 366k requested, 576k was granted');
    expect(notice).toContain(
      '960k lay free in one piece, and the largest request that could be served was 512k',
    );
    expect(new Buddy({ capacity: 2 ** 40, unit: 4096 }).orders).toBe(29);
    expect(notice).toContain('1 TiB in pages of 4 KiB has 29');
  });
});
