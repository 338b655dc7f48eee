import { defineConfig } from 'vite';

/** The script and the style of report.html, each one file: `node/report-page.ts` puts them into the page. */
export default defineConfig({
  logLevel: 'warn',
  build: {
    outDir: 'dist/report/page',
    target: 'es2023',
    lib: { entry: 'src/report/page/main.ts', formats: ['es'], fileName: 'page', cssFileName: 'page' },
  },
});
