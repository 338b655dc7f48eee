import { mergeConfig } from 'vitest/config';
import base from './vitest.config.js';

/** The report in a real browser: Debian's chromium (`apt-get install chromium`). */
const config = mergeConfig(base, {});
config.test = { include: ['packages/*/test/**/*.browser.ts'], testTimeout: 60_000 };
export default config;
