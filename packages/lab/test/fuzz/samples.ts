/** What the mutants of `npm run fuzz:formats` are made of: the start of a recording in each format. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { decompress } from 'fzstd';

const SAMPLE_BYTES = 4096;
const PACKED_BYTES = 30_000;

/** By the id of the format. A new one without a sample fails the test. */
export const SAMPLES: ReadonlyMap<string, readonly Uint8Array[]> = new Map([
  ['protobuf', [messages('sqlite.trace.gz')]],
  [
    'rep',
    [text('20000', '3', '8', '1', 'a 0 100', 'a 1 0', 'r 0 4000', 'f 1', 'a 2 7', 'a 1 9', 'f 0', 'f 1')],
  ],
  [
    'mtrace',
    [
      lines('sed.mtrace.txt.gz'),
      text('= Start', '@ a b:(f+0x1)[0x2] + 0x10 0x20', '@ x - (nil)', '@ x ! 0x10 0x9'),
    ],
  ],
  [
    'valgrind',
    [
      lines('troff.valgrind.txt.gz'),
      text(
        '--7-- memalign(al 64, size 128) = 0x40',
        '--7-- realloc(0x0,30)malloc(30) = 0x50',
        '--8-- calloc(3,40) = 0x40',
        '--8-- _ZnwmSt11align_val_t(size 64, al 32) = 0x80',
        '--7-- free(0x40)',
      ),
    ],
  ],
  [
    'ltrace',
    [
      lines('gawk.ltrace.txt.zst'),
      text(
        '[pid 1] malloc(10 <unfinished ...>',
        '2 12:00:01.5 [0x4005d0] p->malloc@libc.so.6(20) = 0x20',
        '[pid 1] <... malloc resumed> ) = 0x10',
        '[pid 1] posix_memalign(0x7ffe, 64, 100) = 0',
        '[pid 1] reallocarray(nil, 2, -1) = nil',
        '[pid 1] malloc(7 <no return ...>',
        'p->strlen("x") = 1',
        '--- SIGCHLD (Child exited) ---',
      ),
    ],
  ],
  ['heaptrack', [lines('jq.heaptrack.raw.zst'), text('v 10400 3', '+ 10 1 a0', '- a0', '+ 20 2 a0', 'c 1f')]],
  [
    'android',
    [
      lines('xz.replay.txt.gz'),
      text(
        '1: calloc 0xffffffffffffff00 3 4 100 200',
        '2: memalign 0x40 64 8',
        '1: realloc 0x0 0x40 0',
        '2: thread_done 0x0',
      ),
    ],
  ],
  ['ostep', [text('+10,+20,-0,+5,-2', '+1 , -1', '+9007199254740991')]],
  ['kmem', [lines('kernel.kmem.txt.zst')]],
  ['kmem-pages', [lines('kernel.kmem.txt.zst', 'mm_page_')]],
]);

/** Recordings as they lie on the disk, for the mutants of the wrappings. */
export const PACKED: ReadonlyMap<string, readonly Uint8Array[]> = new Map([
  ['gzip', [file('xz.replay.txt.gz'), file('sed.mtrace.txt.gz').subarray(0, PACKED_BYTES)]],
  [
    'zstd',
    [
      file('jq.heaptrack.raw.zst').subarray(0, PACKED_BYTES),
      file('gawk.ltrace.txt.zst').subarray(0, PACKED_BYTES),
    ],
  ],
]);

function file(name: string): Uint8Array {
  return readFileSync(fileURLToPath(new URL(`../../../../samples/${name}`, import.meta.url)));
}

function unpacked(name: string): Uint8Array {
  return name.endsWith('.gz') ? gunzipSync(file(name)) : decompress(file(name));
}

/** The first whole messages: each is a tag, a length and so many bytes. */
function messages(name: string): Uint8Array {
  const bytes = unpacked(name);
  let end = 0;
  while (end < SAMPLE_BYTES) end += 2 + bytes[end + 1]!;
  return bytes.slice(0, end);
}

/** The first whole lines of the recording, those that have `word` in them. */
function lines(name: string, word = ''): Uint8Array {
  const start = Buffer.from(unpacked(name).subarray(0, 16 * SAMPLE_BYTES)).toString('latin1');
  const kept = start
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.includes(word));
  return text(...kept.join('\n').slice(0, SAMPLE_BYTES).split('\n').slice(0, -1));
}

function text(...each: readonly string[]): Uint8Array {
  return Buffer.from(`${each.join('\n')}\n`, 'latin1');
}
