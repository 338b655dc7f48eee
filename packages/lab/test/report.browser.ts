/** report.html in Debian's chromium, opened from disk, offline. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeReport } from '../src/report/report.js';
import { makeComparison } from './measurements.js';

const CHROMIUM = '/usr/bin/chromium';
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let browser: Browser;
let folder: string;
let report: string;

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error(`no ${CHROMIUM}: apt-get install chromium`);
  folder = await mkdtemp(join(tmpdir(), 'freehold-report-'));
  report = join(folder, 'report.html');
  await writeReport(report, makeComparison(), {
    version: '0.0.0',
    command: 'freehold compare a b',
    created: new Date('2026-01-02T03:04:05Z'),
    machine: 'A processor, 2 cores, linux, Node 20.19.0',
  });
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
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
});
