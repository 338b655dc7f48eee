import { mergeConfig } from 'vitest/config';
import base from './vitest.config.js';

/** Core's tests in the runtime that `npm run test:runtimes` starts vitest with. */
const config = mergeConfig(base, {});
config.test = {
  // And what of the laboratory goes by the texts of the engine's errors.
  include: ['packages/core/{src,test}/**/*.test.ts', 'packages/lab/src/replay/shortage.test.ts'],
  setupFiles: ['packages/core/test/engine.ts'],
  testTimeout: 120_000,
};
export default config;
