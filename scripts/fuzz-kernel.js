/**
 * npm run fuzz:kernel -- [--steps N] [--seed S]: random programs on a whole system, held against a model. The seed is
 * printed, and with a failure the command that shows it again.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '200000' }, seed: { type: 'string' } },
});
const seed = values.seed ?? String(Date.now() % 2 ** 31);
for (const [name, value] of Object.entries({ steps: values.steps, seed })) {
  if (/^\d{1,10}$/.test(value)) continue;
  process.stderr.write(`--${name} must be a whole number from 0 up, got '${value}'\n`);
  process.exit(2);
}
const { status } = spawnSync('vitest run packages/kernel/test/system-fuzz.test.ts', {
  shell: true,
  stdio: 'inherit',
  env: { ...process.env, FUZZ_STEPS: values.steps, FUZZ_SEED: seed },
});
process.exitCode = status ?? 1;
