/** What is to be read on a real terminal, where the progress bar and the tables share the screen. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { HAS_TERMINAL, runInTerminal } from '../../test/screen.js';

const COMMAND = [process.execPath, fileURLToPath(new URL('../../bin/freehold.js', import.meta.url))];

const folder = mkdtempSync(join(tmpdir(), 'freehold-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Enough work for several seconds: the bar is shown. */
function recording(name: string): string {
  const calls = Array.from({ length: 20_000 }, (_, i) => {
    const slot = i % 5000;
    return `${i < 5000 ? '' : `f ${slot}\n`}a ${slot} ${((i * 7919) % 3000) + 1}`;
  });
  const path = join(folder, name);
  writeFileSync(path, ['0', 5000, 35_000, 1, ...calls, ''].join('\n'));
  return path;
}

describe.skipIf(!HAS_TERMINAL)('on a terminal', () => {
  it('tables stay whole under the progress bar, which leaves nothing behind', async () => {
    const paths = [recording('one.rep'), recording('two.rep')];
    const { status, lines } = await runInTerminal([
      ...COMMAND,
      'compare',
      ...paths,
      '-a',
      'naive-best,tlsf,buddy',
    ]);
    expect(status).toBe(0);
    const text = lines.join('\n');
    expect(lines[0]).toBe('one.rep');
    for (const title of ['one.rep', 'two.rep', 'All 2 traces']) {
      const at = lines.indexOf(title);
      expect(at, title).toBeGreaterThanOrEqual(0);
      const head = lines.findIndex((line, i) => i > at && /ns\/op +±% +util/.test(line));
      expect(lines.slice(head + 1, head + 4).map((line) => line.split(' ')[0])).toEqual([
        'naive-best',
        'tlsf',
        'buddy',
      ]);
    }
    expect(lines.at(-1)).toMatch(/^ {8}\S/);
    expect(text).not.toMatch(/[█░]|\d+\/6|NF|left [a-z-]+,/);
  }, 30_000);
});
