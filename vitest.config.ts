import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

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
    include: [
      'packages/*/{src,test}/**/*.test.ts',
      'bench/test/**/*.test.ts',
      'test/**/*.test.ts',
      'docs/api/*.test.ts',
    ],
    testTimeout: 30_000,
  },
});
