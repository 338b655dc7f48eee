import { expect, it } from 'vitest';
import { display } from './display.js';

it.each([
  [undefined, 'undefined'],
  [null, 'null'],
  [-0, '0'],
  [Number.NaN, 'NaN'],
  [64, '64'],
  ['64', '"64" (a string)'],
  ['a\n"b', '"a\\n\\"b"'],
  ['x'.repeat(41), `"${'x'.repeat(40)}…"`],
  [64n, '64n (a bigint)'],
  [true, 'true'],
  [Symbol('s'), 'Symbol(s)'],
  [Array, 'function Array'],
  [[1], '[object Array]'],
  [Object.create(null), '[object Object]'],
  [Object.assign(() => {}, {}), 'function '],
])('%o', (value, shown) => {
  expect(display(value)).toBe(shown);
});

it('of what names itself by a getter that throws, or by a symbol', () => {
  const tagged = {
    get [Symbol.toStringTag]() {
      throw new Error('no');
    },
  };
  const Named = Object.defineProperty(() => {}, 'name', { value: Symbol('no string') });
  expect(display(tagged)).toBe('[object]');
  expect(display(Named)).toBe('[object]');
  expect(display(Proxy.revocable({}, {}).proxy)).toBe('[object Object]');
  const gone = Proxy.revocable({}, {});
  gone.revoke();
  expect(display(gone.proxy)).toBe('[object]');
});
