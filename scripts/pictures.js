/**
 * Makes the pictures of README.md in docs/pictures/ anew: `npm run pictures`. Needs Debian's chromium and util-linux.
 *
 * report.png is the top of the report that `freehold compare` writes: it shows times, so run this on a quiet machine. shell.png is what the prompt of `freehold kernel`
 * shows on a terminal: its real output, read by a terminal emulator, cell by cell, and drawn as text.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import xterm from '@xterm/headless';
import { chromium } from 'playwright-core';
import { palettePng } from './png.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PICTURES = join(ROOT, 'docs/pictures');
const COMMAND = join(ROOT, 'packages/lab/bin/freehold.js');
const CHROMIUM = '/usr/bin/chromium';
const PICTURE_BYTES_MAX = 150_000;

/** Six of the nine that take part by themselves: all nine make crowded charts. */
const ALLOCATORS = 'first-fit,best-fit,worst-fit,tlsf,buddy,heap';
const REPORT_WIDTH = 1300;
/** Leaves the table and the first two charts: a picture has no room for the explanations and the rest. */
const REPORT_EXCERPT = `
  section:has(.measures), details, .figures > :nth-child(n+3), .figures ~ *, footer { display: none }
  .scroll { overflow: hidden }`;

const COLUMNS = 80;
const ROWS = 60;
const PROMPT = 'freehold> ';
/** What is typed at the prompt: a fork shares all pages, a write copies one, a wild pointer is a fault. */
const SESSION = [
  'memory = mmap 1 3MiB',
  'touch 1 $memory 3MiB',
  'fork 1',
  'write 2 $memory "written by the child"',
  'read 2 0x0',
  'vmalloc 1MiB',
  'frames',
];

/** The colours of a terminal, 0 to 7 of the palette, and what is drawn where none is set. */
const PALETTE = ['#484f58', '#ff7b72', '#3fb950', '#d29922', '#58a6ff', '#bc8cff', '#39c5cf', '#e6edf3'];
const INK = '#c9d1d9';
const PAPER = '#0d1117';

const folder = mkdtempSync(join(tmpdir(), 'freehold-pictures-'));
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
try {
  mkdirSync(PICTURES, { recursive: true });
  await pictureOfReport();
  await pictureOfShell();
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}

async function pictureOfReport() {
  const report = join(folder, 'report.html');
  const args = [COMMAND, 'compare', 'samples/sqlite.trace.gz', '-a', ALLOCATORS, '--report', report];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(`freehold compare ended with ${status}: ${stderr}`);
  const page = await browser.newPage({
    viewport: { width: REPORT_WIDTH, height: 300 },
    colorScheme: 'light',
    // The report allows its own styles only.
    bypassCSP: true,
  });
  await page.goto(pathToFileURL(report).href);
  await page.waitForSelector('canvas');
  await page.addStyleTag({ content: REPORT_EXCERPT });
  await save(page, 'report.png', { fullPage: true });
}

async function pictureOfShell() {
  const lines = await shellLines();
  const page = await browser.newPage({ viewport: { width: 800, height: 600 }, deviceScaleFactor: 1.5 });
  await page.setContent(`<style>
    body { margin: 0; background: ${PAPER} }
    pre { margin: 0; padding: 16px 20px; display: inline-block; font: 13px/18px 'DejaVu Sans Mono', monospace; color: ${INK} }
  </style><pre>${lines.join('\n')}</pre>`);
  await save(page.locator('pre'), 'shell.png');
}

/**
 * @param {Pick<import('playwright-core').Page, 'screenshot'>} target
 * @param {string} name
 * @param {import('playwright-core').PageScreenshotOptions} options
 */
async function save(target, name, options = {}) {
  const shot = await target.screenshot(options);
  const blank = await browser.newPage();
  const { width, height, base64 } = await blank.evaluate(decode, shot.toString('base64'));
  await blank.close();
  const png = palettePng(Buffer.from(base64, 'base64'), width, height);
  console.log(`docs/pictures/${name}: ${width} x ${height}, ${png.length.toLocaleString('en')} bytes`);
  if (png.length > PICTURE_BYTES_MAX) throw new Error(`${name} is larger than ${PICTURE_BYTES_MAX} bytes`);
  writeFileSync(join(PICTURES, name), png);
}

/**
 * Runs in the browser: the pixels of a PNG.
 * @param {string} png in base64
 */
async function decode(png) {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const { width, height } = image;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  if (context === null) throw new Error('the browser draws nothing');
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, width, height).data;
  const reader = new FileReader();
  reader.readAsDataURL(new Blob([pixels]));
  await new Promise((resolve) => {
    reader.onload = resolve;
  });
  return { width, height, base64: String(reader.result).replace(/^.*,/, '') };
}

/** What a person sees after typing SESSION at the prompt, a line of HTML for each line of the screen. */
async function shellLines() {
  const screen = new xterm.Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true });
  const run = `stty cols ${COLUMNS} rows ${ROWS}; '${process.execPath}' '${COMMAND}' kernel`;
  // `script` gives the command a terminal of its own, so that it prompts and uses colours.
  const shell = spawn('script', ['-qefc', run, join(folder, 'log')], {
    env: { ...process.env, TERM: 'xterm-256color', NO_COLOR: '' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const toType = [...SESSION, 'quit'];
  const ended = once(shell, 'exit');
  for await (const bytes of shell.stdout) {
    await new Promise((resolve) => screen.write(bytes, () => resolve(null)));
    // One prompt a command typed so far, and one that waits.
    const waits =
      textOf(screen).filter((line) => line.startsWith(PROMPT)).length > SESSION.length + 1 - toType.length;
    if (waits && toType.length > 0) shell.stdin.write(`${toType.shift()}\r`);
  }
  await ended;
  return linesOf(screen);
}

/** @param {xterm.Terminal} screen */
function textOf(screen) {
  return rowsOf(screen).map((row) => row.translateToString());
}

/** @param {xterm.Terminal} screen */
function rowsOf({ buffer: { active } }) {
  return Array.from({ length: active.length }, (_, i) => active.getLine(i)).filter(
    (row) => row !== undefined,
  );
}

/**
 * Lines of the screen as HTML, up to the prompt at which the shell was left.
 * @param {xterm.Terminal} screen
 */
function linesOf(screen) {
  const left = textOf(screen).findLastIndex((line) => line.startsWith(`${PROMPT}quit`));
  return rowsOf(screen).slice(0, left).map(htmlOf);
}

/**
 * Runs of cells that look alike, each in an element of its own.
 * @param {xterm.IBufferLine} line
 */
function htmlOf(line) {
  let html = '';
  let style = '';
  for (let column = 0; column < COLUMNS; column++) {
    const cell = line.getCell(column);
    if (cell === undefined) break;
    const next = styleOf(cell);
    if (next !== style) html += `${style && '</b>'}${next && `<b style="${next}">`}`;
    style = next;
    html += (cell.getChars() || ' ').replace(/[&<]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  }
  return `${html}${style && '</b>'}`.trimEnd();
}

/** @param {xterm.IBufferCell} cell */
function styleOf(cell) {
  const weight = cell.isBold() ? 'bold' : 'normal';
  const colour = cell.isFgPalette()
    ? PALETTE[cell.getFgColor() % PALETTE.length]
    : cell.isBold()
      ? '#ffffff'
      : INK;
  const opacity = cell.isDim() ? 0.55 : 1;
  return weight === 'normal' && colour === INK && opacity === 1
    ? ''
    : `font-weight:${weight};color:${colour};opacity:${opacity}`;
}
