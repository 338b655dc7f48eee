import { CorruptionError, InvalidFreeError } from 'freehold';
import { expect, it } from 'vitest';
import { FaultError, UserError } from '../../errors.js';
import { TraceFormatError } from '../../formats/errors.js';
import { packError, unpackError } from './thread-errors.js';

const sent = (thrown: unknown) => unpackError(structuredClone(packError(thrown)));

it.each([
  new UserError('wrong use'),
  new FaultError('a fault'),
  new TraceFormatError('app.rep', 'cut off', { offset: 12 }),
  new CorruptionError('a law', 'nothing'),
  new InvalidFreeError(48, 'interior'),
  new RangeError('too large'),
  new TypeError('none'),
  new Error('some'),
])('%s arrives as it was thrown', (error) => {
  const arrived = sent(error);
  expect(Object.getPrototypeOf(arrived)).toBe(Object.getPrototypeOf(error));
  expect({ ...arrived }).toEqual({ ...error });
  expect([arrived.name, arrived.message, arrived.stack]).toEqual([error.name, error.message, error.stack]);
  expect(String(arrived)).toBe(String(error));
});

it('an error of an unknown class keeps its name, and what cannot be sent stays behind', () => {
  class Odd extends Error {
    override readonly name = 'Odd';
    readonly code = 'ODD';
    readonly call = () => 1;
  }
  const arrived = sent(new Odd('x'));
  expect(arrived).toMatchObject({ name: 'Odd', message: 'x', code: 'ODD' });
  expect(arrived).not.toHaveProperty('call');
});

it('what is no error becomes one', () => {
  expect(sent('text').message).toBe('text was thrown');
  expect(sent(undefined).message).toBe('undefined was thrown');
});
