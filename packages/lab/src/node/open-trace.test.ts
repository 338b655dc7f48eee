import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
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

describe.skipIf(process.platform !== 'linux')('a recording that is refused is closed', () => {
  const jq = readFileSync(new URL('../../../../samples/jq.heaptrack.raw.zst', import.meta.url));
  const sqlite = readFileSync(new URL('../../../../samples/sqlite.trace.gz', import.meta.url));
  const opened = () =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === path;
      } catch {
        return false; // the one that lists the folder
      }
    });

  it.each([
    ['of no known format', Buffer.from('hello\n'), {}],
    ['wrong in most lines', Buffer.from(`${LINE.repeat(200)}${'1: malloc 5\n'.repeat(CALLS)}`), {}],
    ['of a zstd window larger than allowed', jq, { zstdWindow: 1024 }],
    ['cut off within zstd', jq.subarray(0, jq.length / 2), {}],
    ['cut off within gzip', sqlite.subarray(0, sqlite.length / 2), {}],
    ['damaged within gzip', sqlite.map((byte, i) => (i === 100_000 ? ~byte : byte)), {}],
  ])('%s', async (_, bytes, options) => {
    writeFileSync(path, bytes);
    await expect(openTrace(path, options)).rejects.toThrow(path);
    await expect.poll(opened).toEqual([]);
  });
});
