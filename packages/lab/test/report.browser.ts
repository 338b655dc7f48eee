/** report.html in Debian's chromium, opened from disk, offline. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportPage } from '../src/node/report-page.js';
import { renderReport } from '../src/report/report.js';
import { ARGUMENTS, CHROMIUM } from './chromium.js';
import { makeComparison } from './measurements.js';

const PAGE = reportPage();

let browser: Browser;
let folder: string;
let report: string;

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error(`no ${CHROMIUM}: apt-get install chromium`);
  folder = await mkdtemp(join(tmpdir(), 'freehold-report-'));
  report = join(folder, 'report.html');
  const meta = {
    version: '0.0.0',
    command: 'freehold compare a b',
    created: new Date('2026-01-02T03:04:05Z'),
    machine: 'A processor, 2 cores, linux, Node 20.19.0',
  };
  await writeFile(report, renderReport(makeComparison(), meta, PAGE));
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
});

afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('report.html', () => {
  it.each(['light', 'dark'] as const)(
    'opens offline in %s, draws its charts and says nothing amiss',
    async (colorScheme) => {
      const page = await browser.newPage({ colorScheme, offline: true });
      const amiss: string[] = [];
      page.on('console', (message) => message.type() === 'error' && amiss.push(message.text()));
      page.on('pageerror', (error) => amiss.push(error.message));
      page.on('request', (request) => request.url().startsWith('http') && amiss.push(request.url()));
      await page.goto(pathToFileURL(report).href);
      await page.waitForSelector('canvas');
      expect(await page.locator('canvas').count()).toBeGreaterThan(0);
      expect(await page.locator('table').count()).toBeGreaterThan(0);
      expect(amiss).toEqual([]);
      await page.close();
    },
  );

  it('sorts a table by the column clicked', async () => {
    const page = await browser.newPage();
    await page.goto(pathToFileURL(report).href);
    const table = page.locator('table', { hasText: 'ns/op' }).first();
    const times = async () => {
      const cells = await table.locator('tbody tr td:nth-child(2)').allTextContents();
      return cells.map((cell) => Number.parseFloat(cell.replaceAll(/[^\d.]/g, '')));
    };
    const header = table.locator('thead th', { hasText: 'ns/op' });
    await header.locator('button').or(header).first().click();
    const once = await times();
    await header.locator('button').or(header).first().click();
    const twice = await times();
    const rising = (list: number[]) => list.every((value, i) => i === 0 || value >= list[i - 1]!);
    expect(rising(once) || rising([...once].reverse())).toBe(true);
    expect(once.length).toBeGreaterThan(1);
    expect(twice).toEqual([...once].reverse());
    await page.close();
  });

  it('fits a narrow screen without scrolling sideways', async () => {
    const page = await browser.newPage({ viewport: { width: 400, height: 800 } });
    await page.goto(pathToFileURL(report).href);
    await page.waitForSelector('canvas');
    const wider = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(wider).toBe(0);
    await page.close();
  });

  it('runs no script that is not its own', async () => {
    const injected = join(folder, 'injected.html');
    const hostile = [
      '<script>document.title = "script"</script>',
      '<script type="module">document.title = "module"</script>',
      '<img src="data:," onerror="document.title = \'handler\'">',
      '<iframe srcdoc="<script>parent.document.title = \'frame\'</script>"></iframe>',
      '<style>main { color: rgb(1, 2, 3) }</style>',
    ].join('');
    const whole = await readFile(report, 'utf8');
    // As if a name had got past the escaping, in front of our own scripts.
    await writeFile(
      injected,
      whole.replace('<main>', () => `<main>${hostile}`),
    );
    const page = await browser.newPage({ offline: true });
    const refused: string[] = [];
    page.on('console', (message) => message.type() === 'error' && refused.push(message.text()));
    await page.goto(pathToFileURL(injected).href);
    await page.waitForSelector('canvas');
    expect(await page.title()).toMatch(/^freehold: /);
    expect(await page.evaluate('getComputedStyle(document.querySelector("main")).color')).not.toBe(
      'rgb(1, 2, 3)',
    );
    expect(refused.filter((text) => text.includes('Content Security Policy')).length).toBeGreaterThanOrEqual(
      4,
    );
    await page.close();
  });

  it('gives its bars their lengths', async () => {
    const page = await browser.newPage();
    await page.goto(pathToFileURL(report).href);
    const widths = await page.evaluate<number[]>(
      '[...document.querySelectorAll(".stacks .part")].map((part) => part.getBoundingClientRect().width)',
    );
    expect(new Set(widths.map(Math.round)).size).toBeGreaterThan(2);
    await page.close();
  });
});
