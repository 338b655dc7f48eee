/** Recordings that are damaged, cut off, or lack what their recorder cannot tell. */
import { describe, expect, it } from 'vitest';
import { notes, operations, read } from '../../test/recordings.js';
import { countedNotes, missingNotes, whyLeft } from '../trace/notes.js';
import { android } from './android.js';
import { Head, type TraceFormat } from './format.js';
import { heaptrack } from './heaptrack.js';
import { kmem } from './kmem.js';
import { ltrace } from './ltrace.js';
import { mtrace } from './mtrace.js';
import { readTrace } from './read-trace.js';
import { rep } from './rep.js';
import { valgrind } from './valgrind.js';

const KMEM = 'cat-382 [000] ...1 2935.586706:';

/** A call of each recorder's that allocates 32 bytes, at 0x1000 and `i` kilobytes on, and one that is damaged. */
const RECORDERS: readonly (readonly [TraceFormat, (i: number) => string, string])[] = [
  [mtrace, (i) => `@ a + 0x${(0x1000 + 1024 * i).toString(16)} 0x20`, '@ a + 0x1000 0x20 0x30 0x40'],
  [valgrind, (i) => `--1-- malloc(32) = 0x${(0x1000 + 1024 * i).toString(16)}`, '--1-- malloc(3x2) = 0x1000'],
  [ltrace, (i) => `malloc(32) = 0x${(0x1000 + 1024 * i).toString(16)}`, 'malloc("32") = 0x1000'],
  [heaptrack, (i) => `+ 20 1 ${(0x1000 + 1024 * i).toString(16)}`, '+ 20 1 fog'],
  [android, (i) => `1: malloc 0x${(0x1000 + 1024 * i).toString(16)} 32`, '1: malloc 0x1000 many'],
  [
    kmem,
    (i) => `${KMEM} kmalloc: ptr=0x${(0x1000 + 1024 * i).toString(16)} bytes_req=32 bytes_alloc=32`,
    `${KMEM} kmalloc: ptr=0x1000 bytes_req=lots`,
  ],
];
const text = (lines: readonly string[]) => `${lines.join('\n')}\n`;

describe.each(RECORDERS)('%o', (format, call, damaged) => {
  const lines = (count: number) => Array.from({ length: count }, (_, i) => call(i));
  const whole = operations(read(format, text(lines(100))));

  it('a damaged line costs itself, and is told with its number', () => {
    const some = [damaged, ...lines(50), damaged, damaged, ...lines(100).slice(50), damaged];
    const trace = read(format, text(some));
    expect(operations(trace)).toEqual(whole);
    expect(trace.notes.badLines).toBe(4);
    expect(trace.notes.badLineExamples).toEqual([
      expect.stringMatching(/^line 1: expected .*, found '/),
      expect.stringMatching(/^line 52: /),
      expect.stringMatching(/^line 53: /),
    ]);
    expect(missingNotes(trace.notes)[0]).toBe('4 lines not understood, left out');
  });

  it('is refused where more than one line in twenty is damaged', () => {
    const many = lines(100).flatMap((line, i) => (i % 10 === 0 ? [line, damaged] : [line]));
    expect(() => read(format, text(many))).toThrow(
      /^recording:2: expected .*; 10 of 110 lines are not understood$/s,
    );
    expect(() => read(format, text([damaged, call(1)]))).toThrow(/^recording:1: expected/);
  });

  it('is refused early where much is damaged', () => {
    const reader = () => read(format, text([...Array(1001).fill(damaged), ...lines(100_000)]));
    expect(reader).toThrow('; 1001 of 1001 lines are not understood');
  });

  it('loses the last line where that is cut off, and says so', () => {
    for (let cut = 1; cut < call(99).length; cut++) {
      const torn = call(99).slice(0, cut);
      const trace = read(format, `${text(lines(99))}${torn}`);
      expect(operations(trace)).toEqual(whole.slice(0, 99));
      expect(trace.notes.badLines).toBe(0);
    }
    const { cutOff } = read(format, `${text(lines(99))}${call(99)}`).notes;
    expect(cutOff).toMatch(/^line 100, '/);
  });

  it('does not mind how lines end', () => {
    expect(operations(read(format, lines(100).join('\r\n').concat('\r\n')))).toEqual(whole);
    expect(operations(read(format, text(lines(100).map((line) => `${line}  `))))).toEqual(whole);
  });
});

describe('mtrace', () => {
  it('failed calls of any size, and lines without a place', () => {
    const trace = read(
      mtrace,
      text([
        '+ 0x10 0x20',
        '@ a + (nil) 0xffffffffffffffff',
        '@ a + 0 0x10',
        '@ a ! 0x10 0x8000000000000000',
        '- 0x10',
      ]),
    );
    expect(operations(trace)).toEqual(['malloc 0:32', 'free 0']);
    expect(trace.notes).toEqual(notes({ failedAllocations: 3 }));
  });

  it('lines of another process between the two of a realloc', () => {
    const trace = read(
      mtrace,
      text([
        '@ a + 0x10 0x20',
        '@ a < 0x10',
        '@ b + 0x50 0x5',
        '@ b < 0x50',
        '@ b > 0x60 0x6',
        '@ a > 0x20 0x30',
      ]),
    );
    expect(operations(trace)).toEqual(['malloc 0:32', 'malloc 1:5', 'realloc 1:6', 'realloc 0:48']);
    expect(read(mtrace, text(['@ a + 0x10 0x20', '@ a < 0x10'])).notes.cutOff).toContain('realloc');
  });
});

describe('heaptrack', () => {
  const start = ['v 10400 3', 'x 9 /bin/prog', 'X prog', 'I 1000 5e298f'];

  it('command lines with line breaks hold no calls', () => {
    const command = ['v 10400 3', 'x 7 /bin/sh', 'X sh -c', '+ 10 1 aa', 'I am', '- aa', '', 'I 1000 5e298f'];
    expect(operations(read(heaptrack, text([...command, '+ 20 1 bb'])))).toEqual(['malloc 0:32']);
    expect(() => read(heaptrack, text(['v 10400 3', 'X sh', '+ 10 1 aa']))).toThrow("before 'I'");
  });

  it("a block that libstdc++ makes as it is loaded is the recorder's, live or not", () => {
    const modules = [
      'm c /lib/libc.so.6 1000 0 1000',
      'm f /usr/lib/libstdc++.so.6.0.32 7f0000000000 0 98e60 99000 1005c9',
    ];
    const stacks = ['t 1500 0', 't 7f0000099123 1', '+ 12000 2 aa', 't 1600 0', '+ 64 3 bb', '- bb'];
    const { notes: left } = read(heaptrack, text([...start, ...modules, ...stacks]));
    expect(left.recorderBlock).toEqual({ bytes: 0x12000, left: true });
    const { notes: freed } = read(heaptrack, text([...start, ...modules, ...stacks, '- aa']));
    expect(freed.recorderBlock).toEqual({ bytes: 0x12000, left: false });
    const { notes: none } = read(heaptrack, text([...start, ...modules, 't 1600 0', '+ 12000 1 aa']));
    expect(none.recorderBlock).toBeNull();
  });

  it('tells that it was attached to a running program', () => {
    expect(read(heaptrack, text([...start, 'A', '+ 10 1 aa'])).notes.remarks).toEqual([
      'heaptrack was attached to a running program',
    ]);
  });
});

it('android: failed calls of any size', () => {
  const trace = read(
    android,
    text([
      '1: memalign 0x0 18446744073709551615 18446744073709551615',
      '1: calloc 0x0 4294967296 18446744073709551615',
      '1: realloc 0x0 0x0 9223372036854775808 1 2',
      '1: malloc 0x10 5',
      '1: free 0x10 4096 7 8',
    ]),
  );
  expect(operations(trace)).toEqual(['malloc 0:5', 'free 0']);
  expect(trace.notes).toEqual(notes({ failedAllocations: 3 }));
});

it.each(['(null)', '(nil)', '0x0', '0', '00000000', '          (null)'])(
  'kmem: ptr=%s is NULL',
  (nothing) => {
    const trace = read(
      kmem,
      text([
        `${KMEM} kmalloc: ptr=${nothing} bytes_req=18446744073709551 bytes_alloc=0`,
        `${KMEM} kfree: call_site=a ptr=${nothing}`,
        `${KMEM} kmalloc: ptr=ffff8000 bytes_req=8 bytes_alloc=8`,
      ]),
    );
    expect(operations(trace)).toEqual(['malloc 0:8']);
    expect(trace.notes).toEqual(notes({ failedAllocations: 1, nullFrees: 1 }));
  },
);

describe('rep', () => {
  const operationLines = ['a 0 10', 'f -1', 'r 0 20', 'f 0', 'a 1 5'];

  it.each([[['2', '5']], [['4096', '2', '5', '1']], [[' 4096 ', '2', '', '5', '1', '']]])(
    'with the header %j',
    (header) => {
      const recording = text([...header, ...operationLines]);
      expect(rep.detect(new Head(new TextEncoder().encode(recording)))).toBeGreaterThan(0);
      const trace = read(rep, recording);
      expect(operations(trace)).toEqual(['malloc 0:10', 'realloc 0:20', 'free 0', 'malloc 0:5']);
      expect(trace.notes).toEqual(notes({ nullFrees: 1 }));
    },
  );
});

describe('what is live at the end', () => {
  it('is no leak where the recording says why', async () => {
    const why = async (recording: string, frees: number) => {
      const bytes = new TextEncoder().encode(recording);
      async function* chunks() {
        yield bytes;
      }
      return whyLeft((await readTrace(chunks(), 'recording')).notes, frees);
    };
    expect(await why('malloc(10) = 0x10\n', 0)).toBe('the recording holds no free');
    expect(await why('malloc(10) = 0x10\nfree(0x10) = <void>\n', 1)).toBeNull();
    expect(await why('malloc(1) = 0x10\nfree(0x10) = <void>\n+++ killed by SIGKILL +++\n', 1)).toBe(
      'the program was ended by SIGKILL',
    );
    expect(await why('malloc(1) = 0x10\nfree(0x10) = <void>\nmall', 1)).toBe('the recording is cut off');
  });

  it('all is told in words', () => {
    const all = notes({
      nullFrees: 1,
      processes: 2,
      badLines: 5,
      badLineExamples: ['line 1: a', 'line 2: b', 'line 3: c'],
      cutOff: "line 9, 'mal'",
      killedBy: 'SIGKILL',
      recorderBlock: { bytes: 72_704, left: true },
      remarks: ['more'],
    });
    expect(countedNotes(all)).toEqual([
      '1 free(NULL), left out',
      '2 processes, each with addresses of its own',
    ]);
    expect(missingNotes(all)).toEqual([
      '5 lines not understood, left out',
      'line 1: a',
      'line 2: b',
      'line 3: c',
      'and others',
      "the recording is cut off: line 9, 'mal', left out",
      'the program was ended by SIGKILL',
      "71 KiB in 1 block are libstdc++'s, which the recorder loads into every program, and never freed",
      'more',
    ]);
  });
});
