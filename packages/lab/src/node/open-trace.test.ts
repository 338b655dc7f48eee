import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openTrace } from './open-trace.js';

const folder = mkdtempSync(join(tmpdir(), 'freehold-'));
afterAll(() => rmSync(folder, { recursive: true }));

const path = join(folder, 'recording.txt');
const CALLS = 100_000;
const LINE = '1: malloc 0x10 5\n';

/** Reads a recording of some pieces, to which something happens after the first. */
async function readWhile(happens: () => void) {
  writeFileSync(path, LINE.repeat(CALLS));
  let first = true;
  return await openTrace(path, {
    onProgress() {
      if (first) happens();
      first = false;
    },
  });
}

describe('a recording that changes while it is read', () => {
  it('that shrinks, at the end of a line, is refused', async () => {
    const left = LINE.length * 60_000;
    await expect(readWhile(() => truncateSync(path, left))).rejects.toThrow(
      `${path}: shrank from ${LINE.length * CALLS} to ${left} bytes while it was read; read it again`,
    );
  });

  it('that is written over is refused', async () => {
    await expect(
      readWhile(() => {
        writeFileSync(path, LINE.repeat(CALLS));
        utimesSync(path, 1, 1);
      }),
    ).rejects.toThrow(`${path}: was written to while it was read; read it again`);
  });

  it('that grows is read as far as it went, and the rest is counted', async () => {
    const trace = await readWhile(() => appendFileSync(path, LINE.repeat(10)));
    expect(trace.notes).toMatchObject({ implicitFrees: CALLS - 1, unreadBytes: 10 * LINE.length });
  });

  it('that another file takes the place of is read as it was', async () => {
    const other = join(folder, 'other.txt');
    writeFileSync(other, '1: free 0x0\n');
    const trace = await readWhile(() => renameSync(other, path));
    expect(trace.notes).toMatchObject({ implicitFrees: CALLS - 1, unreadBytes: 0 });
  });

  it('that nothing happens to is read', async () => {
    expect((await readWhile(() => {})).notes.unreadBytes).toBe(0);
  });
});
