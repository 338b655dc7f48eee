/** How the options of several benchmarks are read. */
import { InvalidArgumentError } from 'commander';

/** A count. @throws InvalidArgumentError, which commander tells with the option's name */
export function whole(text: string): number {
  const value = Number(text);
  if (!(Number.isSafeInteger(value) && value > 0))
    throw new InvalidArgumentError('not a whole number from 1 up');
  return value;
}
