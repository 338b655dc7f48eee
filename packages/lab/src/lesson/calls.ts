/** The calls that an example shows: its own, or those of whoever asks `freehold lesson buddy 37k 67k free:1`. */
import { UserError } from '../errors.js';
import { parseSize } from '../text/sizes.js';
import { size } from './pen.js';

export type Call =
  | { readonly what: 'request'; readonly bytes: number; readonly name: string }
  /** `name` of the request whose segment is released. */
  | { readonly what: 'free'; readonly name: string };

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const CALLS_MAX = 100;
const FREE = /^free:(.*)$/i;

/**
 * Calls as people write them: a size for a request, `free:2` for a release of what the second request got.
 * @param memory bytes that the example has: no request may be larger
 * @param first the name of the first request, a letter; the others have those that follow it
 * @throws UserError naming the word that is none of these, and its place
 */
export function parseCalls(words: readonly string[], memory: number, first = 'A'): Call[] {
  const names = [...LETTERS.slice(LETTERS.indexOf(first))];
  if (words.length > CALLS_MAX) {
    throw new UserError(`${words.length} calls are given; an example shows ${CALLS_MAX} at most`);
  }
  const live = new Set<string>();
  let requests = 0;
  return words.map((word, i) => {
    const place = `call ${i + 1}, '${word}'`;
    const freed = FREE.exec(word);
    if (freed === null) {
      if (requests === names.length)
        throw new UserError(`${place}: an example has ${names.length} requests at most`);
      const bytes = requested(word, place, memory);
      const name = names[requests++]!;
      live.add(name);
      return { what: 'request', bytes, name };
    }
    const number = Number(freed[1]);
    if (!(Number.isInteger(number) && number >= 1 && number <= requests)) {
      const known = requests === 0 ? 'no request stands before it' : `give free:1 to free:${requests}`;
      throw new UserError(`${place}: it is not the number of a request before it; ${known}`);
    }
    const name = names[number - 1]!;
    if (!live.delete(name)) throw new UserError(`${place}: request ${number} was released already`);
    return { what: 'free', name };
  });
}

function requested(word: string, place: string, memory: number): number {
  const bytes = parseSize(word);
  if (bytes === null) {
    throw new UserError(`${place}: it is neither a size, such as 37k, nor a release, such as free:1`);
  }
  if (bytes > memory) throw new UserError(`${place}: the example has ${size(memory)} of memory`);
  return bytes;
}

/** The calls that `words` write, for the examples' own. */
export function callsOf(words: string, first?: string): Call[] {
  return parseCalls(words.split(' '), Number.POSITIVE_INFINITY, first);
}
