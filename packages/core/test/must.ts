import { expect } from 'vitest';

/** An assertion at the price of a comparison: a hundredth of that of `expect`, which counts where millions are made. */
export function must(holds: boolean, found: () => string): asserts holds {
  if (!holds) expect.fail(found());
}
