import { playwright } from '@vitest/browser-playwright';
import { mergeConfig } from 'vitest/config';
import { ARGUMENTS, CHROMIUM } from './packages/lab/test/chromium.js';
import base from './vitest.config.js';

/** Core's tests in a page of Debian's chromium (`apt-get install chromium`), except for those that read files. */
const config = mergeConfig(base, {
  // Without these two a page has no SharedArrayBuffer.
  server: {
    headers: {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    },
  },
});
config.test = {
  include: ['packages/core/{src,test}/**/*.test.ts'],
  exclude: ['packages/core/test/wasm/**'],
  testTimeout: 60_000,
  browser: {
    enabled: true,
    headless: true,
    screenshotFailures: false,
    provider: playwright({ launchOptions: { executablePath: CHROMIUM, args: ARGUMENTS } }),
    instances: [{ browser: 'chromium' }],
  },
};
export default config;
