import { totalmem } from 'node:os';
import { expect, it } from 'vitest';
import { memoryForReplays } from './memory.js';

it('memoryForReplays is a part of the machine’s', () => {
  expect(memoryForReplays()).toBeGreaterThan(0);
  expect(memoryForReplays()).toBeLessThan(totalmem());
});
