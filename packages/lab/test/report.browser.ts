/** report.html in Debian's chromium, opened from disk, offline. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Comparison } from '../src/metrics/comparison.js';
import { reportPage } from '../src/node/report-page.js';
import { renderReport } from '../src/report/report.js';
import { ARGUMENTS, CHROMIUM } from './chromium.js';
import { makeComparison, makeMeasurements } from './measurements.js';

const PAGE = reportPage();
/** Functions that run in the page. */
const CHECKS = readFileSync(new URL('./look-of-report.js', import.meta.url), 'utf8');

let browser: Browser;
let folder: string;
let report: string;
let several: string;

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
  await writeFile(report, renderReport([makeComparison()], meta, PAGE));
  several = join(folder, 'several.html');
  const names = ['sqlite.trace.gz', `${'a-long-name-of-a-recording-'.repeat(4)}.trace.gz`, 'vim.trace.gz'];
  await writeFile(several, renderReport(names.map(recording), meta, PAGE));
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
});

afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

/** With a buddy's orders, holes of all sizes, a refusal, times that differ and times that do not. */
function recording(name: string, index: number): Comparison {
  const counts = Array.from({ length: 24 }, (_, k) => (k < 4 ? 0 : 1 + ((k * 37) % 400)));
  const free = { counts, bytes: counts.map((count, k) => count * 2 ** k) };
  const orders = [0, 1, 2].map((order) => ({
    order,
    blockBytes: 32 << order,
    free: 3,
    fragmentationIndex: null,
    unusableFreeIndex: 0.1,
  }));
  const results = makeMeasurements().map((each) => ({
    ...each,
    externalShare: each.allocator === 'tlsf' ? 0.01 : 0.1,
    nsPerOpQ1: each.nsPerOp! * 0.9,
    nsPerOpQ3: each.nsPerOp! * 1.1,
    freeAtEnd: free,
    freeAtPeakFootprint: free,
    freeOrders: each.allocator === 'buddy' ? orders : null,
    failed: index === 1 && each.allocator === 'buddy' ? 12 : 0,
  }));
  return makeComparison(results, { name });
}

const VIEWS = [
  ['light', 1280],
  ['dark', 1280],
  ['light', 400],
  ['dark', 400],
] as const;

async function open(file: string, colorScheme: 'light' | 'dark' = 'light', width = 1280): Promise<Page> {
  const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
  await page.goto(pathToFileURL(file).href);
  await page.waitForSelector('canvas');
  return page;
}

describe.each(VIEWS)('the report of several recordings, %s, %d wide', (scheme, width) => {
  let page: Page;
  beforeAll(async () => {
    page = await open(several, scheme, width);
  });
  afterAll(() => page.close());

  it('does not scroll sideways; on a wide screen no table does either', async () => {
    expect(
      await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'),
    ).toBe(0);
    const wider = await page.evaluate<number[]>(
      '[...document.querySelectorAll(".scroll")].map((each) => each.scrollWidth - each.clientWidth)',
    );
    if (width >= 1280) expect(Math.max(...wider)).toBe(0);
    // The table of all recordings is short enough for any screen.
    expect(wider[0]).toBe(0);
  });

  it('has labels that neither overlap nor are cut off', async () => {
    expect(await page.evaluate<string[]>(`${CHECKS}look.collidingLabels()`)).toEqual([]);
  });

  it('has text that stands out from what is behind it', async () => {
    expect(await page.evaluate<string[]>(`${CHECKS}look.paleText()`)).toEqual([]);
  });

  it('pads every cell', async () => {
    const least = await page.evaluate<number>(`Math.min(
      ...[...document.querySelectorAll('th, td')].flatMap((cell) => {
        const { paddingLeft, paddingRight } = getComputedStyle(cell.querySelector('button') ?? cell);
        return [parseFloat(paddingLeft), parseFloat(paddingRight)];
      }))`);
    expect(least).toBeGreaterThanOrEqual(3);
  });
});

describe('the way through the report', () => {
  it('of several recordings is a list of contents, before all else', async () => {
    const page = await open(several);
    const links = page.locator('nav a');
    expect(await links.allTextContents()).toEqual([
      'All recordings',
      'sqlite.trace.gz',
      expect.stringContaining('a-long-name'),
      'vim.trace.gz',
      'What the columns mean',
    ]);
    expect(await page.locator('main nav').count()).toBe(0);
    for (const link of await links.all()) {
      const target = (await link.getAttribute('href'))!;
      const text = await page.locator(`h2${target}`).textContent();
      expect(text!.startsWith((await link.textContent())!)).toBe(true);
      await link.click();
      expect(await page.locator(`h2${target}`).evaluate((h2) => h2.getBoundingClientRect().top < 900)).toBe(
        true,
      );
    }
    await page.close();
  });

  it('leads to the charts first, and to the explanations of the columns after all of them', async () => {
    const page = await open(report);
    expect(await page.locator('nav').count()).toBe(0);
    const tops = (selector: string) =>
      page.locator(selector).evaluateAll((all) => all.map((each) => each.getBoundingClientRect().top));
    expect(Math.min(...(await tops('.measures')))).toBeGreaterThan(Math.max(...(await tops('figure'))));
    await page.close();
  });

  it('is open to the keyboard: each stop shows that it has the focus', async () => {
    const page = await open(report);
    const stops = await page
      .locator('a[href], button:visible, select, input, summary, [tabindex="0"]')
      .count();
    const seen = new Set<number>();
    for (let i = 0; i < stops; i++) {
      await page.keyboard.press('Tab');
      const { width, at } = await page.evaluate<{ width: number; at: number }>(`({
        width: parseFloat(getComputedStyle(document.activeElement).outlineWidth),
        at: [...document.querySelectorAll('*')].indexOf(document.activeElement),
      })`);
      expect(width).toBeGreaterThanOrEqual(2);
      seen.add(at);
    }
    expect(seen.size).toBe(stops);
    await page.close();
  });

  it.each([1280, 400])('shows what a column means beside its heading, %d wide', async (width) => {
    const page = await open(report, 'light', width);
    const button = page.locator('thead button', { hasText: 'JW#3' }).first();
    await button.focus();
    const tip = page.locator('.tip');
    expect(await tip.isVisible()).toBe(true);
    expect(await tip.textContent()).toContain('Johnstone & Wilson #3');
    const box = (await tip.boundingBox())!;
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width).toBeLessThanOrEqual(width);
    expect(box.y).toBeGreaterThanOrEqual(0);
    expect(box.y + box.height).toBeLessThanOrEqual(900);
    await page.keyboard.press('Escape');
    expect(await tip.isVisible()).toBe(false);
    await page.close();
  });
});

it('on paper all is as wide as the page, though nothing is drawn anew for it', async () => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.addInitScript('ResizeObserver = class { observe() {} }');
  await page.goto(pathToFileURL(several).href);
  await page.waitForSelector('canvas');
  await page.emulateMedia({ media: 'print' });
  // A4 without its margins.
  await page.setViewportSize({ width: 718, height: 1000 });
  const right = await page.evaluate<number>(`Math.max(
    ...[...document.querySelectorAll('main *')].map((each) => each.getBoundingClientRect().right))`);
  expect(right).toBeLessThanOrEqual(718);
  await page.close();
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
