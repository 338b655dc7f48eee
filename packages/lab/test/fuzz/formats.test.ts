/** `npm run fuzz:formats -- --seed S --mutants N` runs it for longer, and tells what to run for one mutant again. */
import { describe, expect, it } from 'vitest';
import { FORMATS } from '../../src/formats/index.js';
import { fuzzFormat } from './formats.js';
import { PACKED, SAMPLES } from './samples.js';

const { FUZZ_SEED = '1', FUZZ_MUTANTS = '100', FUZZ_FROM = '0', FUZZ_FORMAT } = process.env;
const targets = [...FORMATS.map(({ id }) => id), ...PACKED.keys()].filter(
  (target) => FUZZ_FORMAT === undefined || target === FUZZ_FORMAT,
);

describe(`mutants of recordings, seed ${FUZZ_SEED}`, () => {
  it('are made in every format', () => {
    expect([...SAMPLES.keys()]).toEqual(FORMATS.map(({ id }) => id));
    expect(targets).not.toEqual([]);
  });

  it.each(targets)(
    `%s: ${FUZZ_MUTANTS} are each a sound trace or an error for the user, within time and memory`,
    async (target) => {
      const started = performance.now();
      const tally = await fuzzFormat(target, Number(FUZZ_SEED), Number(FUZZ_FROM), Number(FUZZ_MUTANTS));
      if (process.env['FUZZ_MUTANTS'] === undefined) return;
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const told = `${tally.traces} traces, ${tally.refused} refused, ${(tally.bytes / 2 ** 20).toFixed(1)} MiB`;
      process.stdout.write(`${target}: ${told}, ${seconds} s\n`);
    },
    10 * 3_600_000,
  );
});
