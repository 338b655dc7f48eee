import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/** The commands that README and docs show: half a minute, and minutes on a busy machine, so not in `npm test`. */
export default defineConfig({ ...base, test: { include: ['test/**/*.docs.ts'], testTimeout: 180_000 } });
