import { expect } from 'vitest';
import { display } from '../src/display.js';

/** An assertion at the price of a comparison: a hundredth of that of `expect`, which counts where millions are made. */
export function must(holds: boolean, found: () => string): asserts holds {
  if (!holds) expect.fail(found());
}

/** Makes the same check for each value, as one test; where it fails, the message names the value. */
export function forEach<T>(what: string, values: readonly T[], check: (value: T) => void): void {
  for (const value of values) {
    try {
      check(value);
    } catch (error) {
      if (error instanceof Error) error.message = `${what} ${display(value)}: ${error.message}`;
      throw error;
    }
  }
}
