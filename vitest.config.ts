import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const TESTS = [
  'packages/*/{src,test}/**/*.test.ts',
  'bench/test/**/*.test.ts',
  'test/**/*.test.ts',
  'docs/api/*.test.ts',
];

/** Files that replace modules, which would reach the other files of their process. */
const REPLACING = readdirSync(source('packages'), { recursive: true, encoding: 'utf8' })
  .map((path) => `packages/${path}`)
  .filter((path) => path.endsWith('.test.ts') && /^vi\.mock\(/m.test(readFileSync(source(path), 'utf8')));

export default defineConfig({
  // Tests run the sources; only worker threads and the command itself run what `npm run build` made.
  resolve: {
    alias: {
      freehold: source('packages/core/src/index.ts'),
      '@freehold/kernel/node': source('packages/kernel/src/node/index.ts'),
      '@freehold/kernel': source('packages/kernel/src/index.ts'),
      '@freehold/lab/node': source('packages/lab/src/node/index.ts'),
      '@freehold/lab': source('packages/lab/src/index.ts'),
    },
  },
  test: {
    testTimeout: 30_000,
    projects: [
      // One process runs many files: a new process and all modules anew for each take a quarter of the time.
      { extends: true, test: { name: 'shared', include: TESTS, exclude: REPLACING, isolate: false } },
      { extends: true, test: { name: 'replacing', include: REPLACING } },
    ],
  },
});
