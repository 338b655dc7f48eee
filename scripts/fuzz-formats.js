/**
 * npm run fuzz:formats -- [--mutants N] [--seed S] [--format ID] [--from N]: changed recordings through every reader. The
 * seed is printed, and with a failure the command that shows it again.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    mutants: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    from: { type: 'string', default: '0' },
    format: { type: 'string' },
  },
});
const { format, ...numbers } = values;
for (const [name, value] of Object.entries(numbers)) {
  if (/^\d{1,10}$/.test(value)) continue;
  process.stderr.write(`--${name} must be a whole number from 0 up, got '${value}'\n`);
  process.exit(2);
}
const { status } = spawnSync('vitest run packages/lab/test/fuzz/formats.test.ts', {
  shell: true,
  stdio: 'inherit',
  env: {
    ...process.env,
    FUZZ_MUTANTS: values.mutants,
    FUZZ_SEED: values.seed,
    FUZZ_FROM: values.from,
    ...(format === undefined ? {} : { FUZZ_FORMAT: format }),
  },
});
process.exitCode = status ?? 1;
