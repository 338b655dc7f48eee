import { describe, expect, it, vi } from 'vitest';
import { capture } from '../../../test/capture.js';
import { EXAMPLES } from '../../lesson/examples.js';
import { main } from '../main.js';

const said = capture();

describe('freehold lesson', () => {
  it.each(EXAMPLES.map(({ name, title }) => [name, title]))('%s prints that example', async (name, title) => {
    expect(await main(['lesson', name])).toBe(0);
    expect(said.out.startsWith(`${title}\n═`)).toBe(true);
    expect(said.out.match(/^What to notice$/gm)).toHaveLength(1);
    expect(said.err).toBe('');
  });

  it('prints all in order, without colour where there is no terminal', async () => {
    expect(await main(['lesson'])).toBe(0);
    const places = EXAMPLES.map(({ title }) => said.out.indexOf(`${title}\n═`));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places.every((place) => place >= 0)).toBe(true);
    expect(said.out).not.toContain('\u001b');
  });

  it('prints without waiting where there is no terminal to press keys on', async () => {
    expect(await main(['lesson', 'blocks', '--step'])).toBe(0);
    const stepwise = said.out;
    said.out = '';
    await main(['lesson', 'blocks']);
    expect(stepwise).toBe(said.out);
  });

  it('refuses an unknown example and says which there are', async () => {
    expect(await main(['lesson', 'slab'])).toBe(2);
    expect(said.err).toBe(
      "freehold: unknown example 'slab'; known: fits, fragmentation, blocks, lists, naive, buddy\n",
    );
    expect(said.out).toBe('');
  });

  it('refuses an unknown flag and a second example', async () => {
    expect(await main(['lesson', '--slow'])).toBe(2);
    expect(await main(['lesson', 'fits', 'buddy'])).toBe(2);
    expect(said.out).toBe('');
  });

  it('takes calls of the reader, where the example has any', async () => {
    expect(await main(['lesson', 'buddy', '37k', '67k', 'free:1'])).toBe(0);
    expect(said.out).toContain('The 64k at 0, used for the 37k, is released');
    expect(await main(['lesson', 'fragmentation', '3k'])).toBe(2);
    expect(said.err).toBe(
      "freehold: the example 'fragmentation' takes no calls of your own; fits, blocks, lists, naive and buddy do\n",
    );
  });
});

describe('freehold lesson --step on a terminal', () => {
  /** Presses each key when it is waited for; gives the pieces that were printed. */
  async function press(keys: readonly string[]): Promise<string[]> {
    const modes: boolean[] = [];
    const left = [...keys];
    const { stdin, stdout } = process;
    const before = [stdin, stdout].map((stream) => Object.getOwnPropertyDescriptor(stream, 'isTTY'));
    const setRawMode = Object.getOwnPropertyDescriptor(stdin, 'setRawMode');
    for (const stream of [stdin, stdout]) {
      Object.defineProperty(stream, 'isTTY', { value: true, configurable: true });
    }
    vi.stubEnv('NO_COLOR', '1');
    vi.spyOn(stdin, 'resume').mockReturnValue(stdin);
    vi.spyOn(stdin, 'pause').mockReturnValue(stdin);
    Object.defineProperty(stdin, 'setRawMode', {
      configurable: true,
      value(raw: boolean) {
        modes.push(raw);
        if (raw) setImmediate(() => stdin.emit('data', Buffer.from(left.shift() ?? 'q')));
      },
    });
    try {
      expect(await main(['lesson', 'blocks', '--step'])).toBe(0);
    } finally {
      vi.unstubAllEnvs();
      restore(stdin, 'isTTY', before[0]);
      restore(stdout, 'isTTY', before[1]);
      restore(stdin, 'setRawMode', setRawMode);
    }
    expect(modes.at(-1), 'the terminal is left as it was').toBe(false);
    expect(left, 'keys that nobody waited for').toEqual([]);
    expect(stdin.listenerCount('data')).toBe(0);
    // The prompt is written over with spaces.
    const text = said.out.replace(/-- [^\r]+ --\r +\r/g, '');
    expect(text).not.toContain('Enter');
    return text.trimEnd().split('\n\n');
  }

  function restore(stream: object, name: string, descriptor: PropertyDescriptor | undefined): void {
    if (descriptor === undefined) Reflect.deleteProperty(stream, name);
    else Object.defineProperty(stream, name, descriptor);
  }

  it('goes on at Enter and space, in one key press or several at once, and ends after the last step', async () => {
    const printed = await press(['\r', ' ', '\n', '\r\r', '\r']);
    expect(printed).toHaveLength(6);
    expect(printed.at(-1)).toMatch(/^What to notice/);
  });

  it('goes back, to the beginning and to the end', async () => {
    const back = await press([' ', ' ', 'b', '\u001b[D', 'b', 'G', 'g', 'q']);
    const whole = (await press([' ', ' ', ' ', ' ', ' ', ' '])).map((piece) => piece.trimEnd());
    const [opening, first, second] = whole;
    expect(back.map((piece) => piece.trimEnd())).toEqual([
      opening,
      first,
      second,
      first,
      opening,
      whole.at(-1),
      opening,
    ]);
  });

  it('tells where it is', async () => {
    await press([' ', 'G', 'q']);
    const prompts = [...said.out.matchAll(/-- ([^\r]+) --\r/g)].map(([, prompt]) => prompt);
    expect(prompts).toEqual([
      'blocks: 4 steps; Enter: next, q: quit, b: back',
      'step 1 of 4; Enter: next, q: quit, b: back',
      'the end; Enter, q: quit, b: back',
    ]);
  });

  it.each(['q', 'Q', '\u001b', '\u0004'])('ends at %j', async (key) => {
    expect(await press([' ', key])).toHaveLength(2);
  });
});
