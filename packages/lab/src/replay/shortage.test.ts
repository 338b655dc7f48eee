import { describe, expect, it } from 'vitest';
import { UserError } from '../errors.js';
import { ENDED, isOutOfMemory, shortageOf } from './shortage.js';

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('isOutOfMemory', () => {
  // Nothing here takes memory: each is more than there can be.
  it.each([
    ['a buffer', () => new ArrayBuffer(Number.MAX_SAFE_INTEGER)],
    ['an array of doubles', () => new Float64Array(2 ** 50)],
    ['an array of bytes', () => new Uint8Array(2 ** 52)],
  ])('%s that there is no room for', (_what, act) => {
    expect(isOutOfMemory(thrownBy(act))).toBe(true);
  });

  it('a collection with too many entries, a thread at its limit', () => {
    expect(isOutOfMemory(new RangeError('Map maximum size exceeded'))).toBe(true);
    // JavaScriptCore's, of any of them.
    expect(isOutOfMemory(new RangeError('Out of memory'))).toBe(true);
    expect(isOutOfMemory(Object.assign(new Error('x'), { code: 'ERR_WORKER_OUT_OF_MEMORY' }))).toBe(true);
  });

  it.each([
    ['a length below 0', () => new Uint8Array(-1)],
    ['no length', () => new Array(-1)],
    ['a call without end', () => new Function('return (function f() { return f() + 1; })()')()],
    ['a wrong argument', () => (1).toFixed(1000)],
  ])('not %s', (_what, act) => {
    expect(isOutOfMemory(thrownBy(act))).toBe(false);
  });
});

it('shortageOf tells why there is no result, of what is nobody’s fault', () => {
  expect(shortageOf(new RangeError('Array buffer allocation failed'))).toBe(
    'memory ran out (Array buffer allocation failed)',
  );
  expect(shortageOf(new UserError('refused'))).toBe('refused');
  expect(shortageOf(Object.assign(new Error('ended'), { code: ENDED }))).toBe('ended');
  expect(shortageOf(new TypeError('a fault'))).toBeNull();
  expect(shortageOf('text')).toBeNull();
});
