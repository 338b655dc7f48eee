import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.js';

/** What the built command leaves behind, of its files and when it is interrupted; `--mode short` as in CI. */
export default defineConfig(({ mode }) => {
  const config = mergeConfig(base, {});
  config.test = {
    include: ['packages/*/test/**/*.outputs.ts'],
    testTimeout: 300_000,
    // Processes of their own, each of several threads.
    maxConcurrency: 2,
    fileParallelism: false,
    env: { SHORT: mode === 'short' ? '1' : '' },
  };
  return config;
});
