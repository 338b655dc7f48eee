/** `npm run fuzz:kernel -- --seed S --steps N` runs it for longer. */
import { expect, it } from 'vitest';
import { fuzzSystem } from './system-fuzz.js';

const seed = Number(process.env['FUZZ_SEED'] ?? 1);
const steps = Number(process.env['FUZZ_STEPS'] ?? 4000);

it(`a system of random programs agrees with the model after each of ${steps} steps from seed ${seed}`, {
  timeout: 1_000_000,
}, () => {
  const { done, refused } = fuzzSystem({ seed, steps });
  const names = [...done.keys()];
  expect(names.length).toBeGreaterThan(20);
  if (process.env['FUZZ_STEPS'] !== undefined) {
    const told = names.map((name) => `${name} ${done.get(name)} (${refused.get(name) ?? 0} refused)`);
    process.stdout.write(`${told.join(', ')}\n`);
  }
});
