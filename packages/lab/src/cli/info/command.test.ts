import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { capture } from '../../../test/capture.js';
import type { Profile } from '../../trace/profile.js';
import { main } from '../main.js';

const folder = mkdtempSync(join(tmpdir(), 'freehold-'));
afterAll(() => rmSync(folder, { recursive: true }));

const said = capture();
const info = (...argv: string[]) => main(['info', ...argv]);

function file(name: string, contents: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

const MTRACE = `= Start
@ ./app:(main+0x1f)[0x4011] + 0x1000 0x64
@ ./app:(main+0x1f)[0x4012] + 0x2000 0x64
@ ./app:(main+0x1f)[0x4013] - 0x1000
@ ./app:(main+0x1f)[0x4014] < 0x2000
@ ./app:(main+0x1f)[0x4014] > 0x3000 0x1000
@ ./app:(main+0x1f)[0x4015] - 0x7777
= End
`;

describe('freehold info', () => {
  it('tells what the recorded allocator granted, of the level that --as names', async () => {
    const line = (event: string) => `  sh 1 [000] 1.5: kmem:${event} gfp_flags=GFP_KERNEL\n`;
    const path = file(
      'kmem.txt',
      line('kmalloc: ptr=0x2000 bytes_req=75 bytes_alloc=100') +
        line('mm_page_alloc: page=0x7 pfn=0x7 order=1 migratetype=1'),
    );
    expect(await info(path)).toBe(0);
    expect(said.out).toContain('\n1 operation, read as kmem\n');
    expect(said.out).toContain(
      'granted     25.0 % of the granted bytes not asked for at the peak, 25.0 % on\n            average: the rounding of the recorded allocator\n',
    );
    expect(said.out.split('\n').filter((line) => line.length > 80)).toEqual([]);
    said.out = '';
    expect(await info(path, '--as', 'kmem-pages', '--json')).toBe(0);
    expect(JSON.parse(said.out)).toMatchObject([{ format: 'kmem-pages', requestedBytes: 8192 }]);
  });

  it('describes a recording within 80 columns', async () => {
    expect(await info(file('app.mtrace', MTRACE))).toBe(0);
    expect(said.err).toBe('');
    expect(said.out).toBe(`app.mtrace
4 operations, read as mtrace

calls       2 malloc, 1 realloc, 1 free
requested   4.2 KiB in all requests together
peak        4 KiB in 1 block live at once, after operation 4: no allocator needs
            less
left        4 KiB in 1 block never freed: leaks, or left to the exit of the
            program
realloc     1 grow a block, 0 shrink it, 0 leave its size: resizing in place
            saves these copies
notes       1 call on a block from before the recording: taken as new, or left
            out; 2 lines without a call
            mtrace tells no callocs, alignments and threads apart

Bytes live over the recording, from 0 to 4 KiB
▁▁▁█

Sizes of requests, bytes; the bars are logarithmic
   from  count
 64 B –      2  ████████████████████████████████████
128 B –      0
256 B –      0
512 B –      0
1 KiB –      0
2 KiB –      0
4 KiB –      1  ██████████████████████▊

Most frequent sizes: worth a cache of their own if few make up most
   size  requests   share
  100 B         2  66.7 %
4,096 B         1  33.3 %

Lifetimes of freed blocks, in operations; short ones reuse memory still at hand
from  count
 2 –      1  ████████████████████████████████████
`);
  });

  it('several recordings, each under its name; --json as one array', async () => {
    const first = file('a.mtrace', MTRACE);
    const second = file('b.rep.gz', gzipSync('20000\n1\n2\n1\na 0 24\nf 0\n'));
    expect(await info(first, second)).toBe(0);
    expect(said.out).toContain('a.mtrace\n4 operations, read as mtrace\n');
    expect(said.out).toContain('\n\nb.rep.gz\n2 operations, read as rep\n');
    expect(said.out).toContain('\nleft        nothing: every block is freed\n');

    said.out = '';
    expect(await info(first, second, '--json')).toBe(0);
    const [one, two, ...more]: Profile[] = JSON.parse(said.out);
    expect(more).toEqual([]);
    expect(one).toMatchObject({
      trace: 'a.mtrace',
      operations: 4,
      calls: { malloc: 2, calloc: 0, memalign: 0, realloc: 1, free: 1 },
      notes: { unknownFrees: 1, skippedLines: 2 },
      peak: { bytes: 4096, blocks: 1, operation: 4 },
    });
    expect(two).toMatchObject({ trace: 'b.rep.gz', format: 'rep', peak: { bytes: 24, operation: 1 } });
  });

  it('refuses windows of zstd over 128 MiB, unless --zstd-window lets them', async () => {
    const list = Buffer.from('+10,-0\n');
    const frame = [0x28, 0xb5, 0x2f, 0xfd, 0, 18 << 3, (list.length << 3) | 1, 0, 0, ...list];
    const path = file('long.ostep.zst', Buffer.from(frame));
    expect(await info(path)).toBe(2);
    expect(said.err).toContain('a window of 256 MiB, more than 128 MiB; --zstd-window 256MiB lets it');
    expect(await info(path, '--zstd-window', '256MiB')).toBe(0);
    expect(said.out).toContain('2 operations, read as ostep');
    expect(await info(path, '--zstd-window', '3GiB')).toBe(2);
    expect(said.err).toContain("--zstd-window: '3GiB' is more than zstd has, 2GiB");
  });

  it('passes over a byte order mark', async () => {
    expect(await info(file('mark.rep', '\ufeff20000\n1\n2\n1\na 0 24\nf 0\n'))).toBe(0);
    expect(said.out).toContain('2 operations, read as rep');
  });

  it.each([
    ['nothing.txt', '', 'is empty'],
    ['none.mtrace', '= Start\n= End\n', 'it holds no call of an allocator (read as mtrace)'],
    ['junk.bin', new Uint8Array([0, 255, 1, 254]), 'its format is unknown; known: protobuf'],
    [
      'cut.rep.gz',
      gzipSync('20000\n1\n2\n1\na 0 24\nf 0\n').subarray(0, 20),
      'the gzip data ends early, at byte 20 of it: the file was cut off',
    ],
    [
      'tail.rep.gz',
      Buffer.concat([gzipSync('20000\n1\n2\n1\na 0 24\nf 0\n'), Buffer.from([0x1f, 0x8b, 9, 9])]),
      'the gzip data is damaged at or before byte ',
    ],
    ['typo.txt', '+10,+1x,-0\n', ":1: expected ',', found '+10,+1x,-0'"],
    ['bad.rep', '20000\n2\n2\n1\na 0 24\nf one\n', ':6: '],
  ])('%s: one line that names the file, status 2', async (name, contents, message) => {
    const path = file(name, contents);
    expect(await info(path)).toBe(2);
    expect(said.out).toBe('');
    expect(said.err).toMatch(/^[^\n]+\n$/);
    expect(said.err).toContain(`freehold: ${path}`);
    expect(said.err).toContain(message);
  });
});
