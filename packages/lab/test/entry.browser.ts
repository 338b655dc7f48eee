/** The entry @freehold/lab in a worker of Debian's chromium: bundled, it gets the figures that the command gets. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ARGUMENTS, CHROMIUM } from './chromium.js';

/** Gzip and zstd, three formats, allocators of the kernel's levels and naive ones among them. */
const SAMPLES = ['sed.mtrace.txt.gz', 'nginx.trace.gz', 'kernel.kmem.txt.zst'];
const COMMAND = fileURLToPath(new URL('../bin/freehold.js', import.meta.url));
const sample = (name: string) => fileURLToPath(new URL(`../../../samples/${name}`, import.meta.url));

interface Row {
  readonly allocator: string;
}

let server: Server;
let browser: Browser;
let origin: string;

beforeAll(async () => {
  const worker = await bundled();
  server = createServer(({ url = '' }, response) => {
    if (url === '/')
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>empty</title>');
    else if (url === '/worker.js') response.setHeader('content-type', 'text/javascript').end(worker);
    else if (SAMPLES.includes(url.slice(1))) response.end(readFileSync(sample(url.slice(1))));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
});

afterAll(async () => {
  await browser?.close();
  server?.close();
});

/** The worker and all that it imports in one file. @throws where something in it asks for Node */
async function bundled(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      target: 'es2023',
      lib: {
        entry: fileURLToPath(new URL('./worker/replay.ts', import.meta.url)),
        formats: ['es'],
        fileName: 'worker',
      },
    },
  });
  const [output] = Array.isArray(built) ? built : [built];
  if (output === undefined || !('output' in output)) throw new Error('vite built nothing');
  expect(output.output).toHaveLength(1);
  return output.output[0].code;
}

describe('@freehold/lab in a worker', () => {
  it.each(SAMPLES)(
    'replays %s as the command does',
    async (name) => {
      const printed = execFileSync(process.execPath, [COMMAND, 'compare', sample(name), '--json'], {
        encoding: 'utf8',
      });
      const expected: Row[] = JSON.parse(printed);
      const page = await browser.newPage();
      await page.goto(origin);
      const order = { url: `/${name}`, name, specs: expected.map(({ allocator }) => allocator) };
      const answer = await page.evaluate<{ measurements?: Row[]; error?: string }>(`
      new Promise((resolve) => {
        const worker = new Worker('/worker.js', { type: 'module' });
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => resolve({ error: message });
        worker.postMessage(${JSON.stringify(order)});
      })`);
      expect(answer.error).toBeUndefined();
      expect(answer.measurements?.map(withoutTimes)).toEqual(expected.map(withoutTimes));
      await page.close();
    },
    180_000,
  );
});

/** The command's JSON has no timeline; times are of the machine. */
function withoutTimes(row: Row): object {
  const entries = Object.entries(row).filter(([key]) => !key.startsWith('nsPerOp') && key !== 'timeline');
  return Object.fromEntries(entries);
}
