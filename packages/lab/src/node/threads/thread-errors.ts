/**
 * Errors on their way out of a worker thread. The structured clone of a message keeps the class of the language's own
 * errors only: a UserError arrives as an Error, without its status. So an error is sent as what it is made of, and made
 * again of the same class.
 */
import { CorruptionError, InvalidFreeError } from 'freehold';
import { FaultError, UserError } from '../../errors.js';
import { TraceFormatError } from '../../formats/errors.js';

interface ErrorClass {
  readonly prototype: Error;
}

const CLASSES: ReadonlyMap<string, ErrorClass> = new Map<string, ErrorClass>([
  ['UserError', UserError],
  ['FaultError', FaultError],
  ['TraceFormatError', TraceFormatError],
  ['CorruptionError', CorruptionError],
  ['InvalidFreeError', InvalidFreeError],
  ['RangeError', RangeError],
  ['TypeError', TypeError],
  ['ReferenceError', ReferenceError],
  ['SyntaxError', SyntaxError],
]);

/** An error that can be sent. */
export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** What else it tells, as far as that are plain values: status, code, address. */
  readonly rest: Readonly<Record<string, string | number | boolean | null>>;
}

/** @param thrown whatever was thrown: what is no error becomes one */
export function packError(thrown: unknown): PackedError {
  const error = thrown instanceof Error ? thrown : new Error(`${String(thrown)} was thrown`);
  const { name, message, stack } = error;
  const plain = Object.entries(error).filter(
    ([, value]) => value === null || ['string', 'number', 'boolean'].includes(typeof value),
  );
  return { name, message, stack, rest: Object.fromEntries(plain) };
}

/** The error as it was thrown: its class (one of those above, else Error), name, message, stack and plain properties. */
export function unpackError({ name, message, stack, rest }: PackedError): Error {
  const error = new Error(message);
  const known = CLASSES.get(name);
  if (known !== undefined) Object.setPrototypeOf(error, known.prototype);
  else if (name !== error.name)
    Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  if (stack !== undefined) error.stack = stack;
  return Object.assign(error, rest);
}
