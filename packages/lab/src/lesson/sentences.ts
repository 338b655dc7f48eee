/** What several examples say of their calls. */
import type { Call } from './calls.js';
import { list, size } from './pen.js';

/** `Requests of 37k and 67k; then the 37k is released.`: requests and releases in their order, neighbours together. */
export function sentences(calls: readonly Call[]): string {
  const sizes = new Map<string, number>();
  const parts: { what: Call['what']; sizes: string[] }[] = [];
  for (const call of calls) {
    if (call.what === 'request') sizes.set(call.name, call.bytes);
    if (parts.at(-1)?.what !== call.what) parts.push({ what: call.what, sizes: [] });
    parts.at(-1)!.sizes.push(size(sizes.get(call.name)!));
  }
  const told = parts.map(({ what, sizes: each }) => {
    const noun = what === 'request' ? 'request' : 'release';
    return `${each.length === 1 ? `a ${noun}` : `${noun}s`} of ${list(each)}`;
  });
  const text = told.join('; then ');
  return text === '' ? '' : `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}

/** Of a release whose request got nothing. */
export function neverServed({ name }: Call): string {
  return `${name} is to be released, but its request was refused: there is nothing to do.`;
}
