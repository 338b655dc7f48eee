/** The text formats: what each reads of real recordings, its traps, its errors, and what damage does. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { counts, notes, operations, read, shared } from '../../test/recordings.js';
import { TraceBuilder } from '../trace/builder.js';
import { Random } from '../workload/random.js';
import { android } from './android.js';
import { TraceFormatError } from './errors.js';
import { Head, type TraceFormat } from './format.js';
import { heaptrack } from './heaptrack.js';
import { FORMATS } from './index.js';
import { ltrace } from './ltrace.js';
import { mtrace } from './mtrace.js';
import { ostep } from './ostep.js';
import { rep } from './rep.js';
import { valgrind } from './valgrind.js';

/** The same small program, recorded by four tools: malloc, calloc, realloc, malloc, memalign, … */
const PROGRAM = [
  'malloc 0:100',
  'calloc 1:120',
  'realloc 0:4000',
  'malloc 2:24',
  'memalign 3:128^6',
  'malloc 4:0',
  'malloc 5:300000',
  'realloc 1:60',
  'free 0',
  'free 2',
  'free 3',
  'free 4',
  'free 5',
  'free 1',
  'malloc 1:7',
];
/** mtrace does not tell one allocating function from another. */
const PLAIN = PROGRAM.map((call) => call.replace(/^(?:calloc|memalign)/, 'malloc').replace(/\^.*/, ''));

const SAMPLES: readonly (readonly [TraceFormat, string, readonly string[]])[] = [
  [valgrind, 'valgrind-trace-malloc.txt', PROGRAM],
  [ltrace, 'ltrace.txt', PROGRAM],
  [ltrace, 'ltrace-follow-timestamps.txt', PROGRAM],
  [mtrace, 'mtrace.txt', PLAIN],
];

describe.each(SAMPLES.filter(([, file]) => shared(`samples/${file}`) !== null))(
  '%o',
  (format, file, expected) => {
    const recording = () => readFileSync(shared(`samples/${file}`)!);

    it(`reads ${file}, whatever pieces it comes in`, () => {
      for (const piece of [1, 7, 64, Number.POSITIVE_INFINITY]) {
        expect(operations(read(format, recording(), piece))).toEqual(expected);
      }
    });

    it('is told from its content', () => {
      const head = new Head(recording());
      const scores = FORMATS.map((each) => each.detect(head));
      expect(FORMATS[scores.indexOf(Math.max(...scores))]).toBe(format);
    });

    it('every truncation is a trace, or an error that tells the line', () => {
      const bytes = recording();
      for (let length = 0; length < bytes.length; length++) readOrRefuse(format, bytes.subarray(0, length));
    });

    it('a changed byte makes another trace, or an error that tells the line', () => {
      const bytes = new Uint8Array(recording());
      const random = new Random(12345);
      for (let i = 0; i < 3000; i++) {
        const at = random.below(bytes.length);
        const before = bytes[at]!;
        bytes[at] = random.below(256);
        readOrRefuse(format, bytes);
        bytes[at] = before;
      }
    });
  },
);

function readOrRefuse(format: TraceFormat, bytes: Uint8Array): void {
  const reader = format.read(new TraceBuilder(), 'recording');
  try {
    reader.push(bytes);
    reader.end();
  } catch (error) {
    expect(error).toBeInstanceOf(TraceFormatError);
    expect((error as TraceFormatError).message).toMatch(/^recording:\d+: /);
  }
}

describe('valgrind', () => {
  const line = (call: string) => `--12-- ${call}\n`;

  it("reads C++'s operators", () => {
    const text = [
      '_Znwm(100) = 0x10',
      '_Znam(20) = 0x20',
      '_ZnwmSt11align_val_t(size 64, al 32) = 0x40',
      '_ZnwmRKSt9nothrow_t(5) = 0x60',
      '_ZdlPv(0x10)',
      '_ZdaPvm(0x20)',
    ];
    expect(operations(read(valgrind, text.map(line).join('')))).toEqual([
      'malloc 0:100',
      'malloc 1:20',
      'memalign 2:64^5',
      'malloc 3:5',
      'free 0',
      'free 1',
    ]);
  });

  it('takes the call that realloc made on its behalf', () => {
    const text = '--9-- realloc(0x0,30)malloc(30) = 0x50\n--9-- realloc(0x50,0)free(0x50)\n--9--  = 0\n';
    expect(operations(read(valgrind, text))).toEqual(['malloc 0:30', 'free 0']);
  });

  it('keeps the addresses of processes apart', () => {
    const text = '--1-- malloc(10) = 0x10\n--2-- malloc(20) = 0x10\n--1-- free(0x10)\n--2-- free(0x10)\n';
    const trace = read(valgrind, text);
    expect(operations(trace)).toEqual(['malloc 0:10', 'malloc 1:20', 'free 0', 'free 1']);
    expect(trace.notes.processes).toBe(2);
  });
});

describe('ltrace', () => {
  it('completes the last open call of the name and pid', () => {
    const text = [
      '[pid 1] malloc(10 <unfinished ...>',
      '[pid 2] malloc(20 <unfinished ...>',
      '[pid 1] <... malloc resumed> ) = 0x10',
      '[pid 2] <... malloc resumed> ) = 0x20',
      '[pid 2] free(0x10 <unfinished ...>',
      '[pid 2] <... free resumed> ) = <void>',
      '[pid 1] posix_memalign(0x7ffe, 64, 100) = 0',
      '[pid 1] malloc(7 <no return ...>',
      'prog->strlen("malloc(3) = 0x4") = 14',
    ];
    const trace = read(ltrace, text.join('\n'));
    expect(operations(trace)).toEqual(['malloc 0:10', 'malloc 1:20', 'free 0']);
    expect(trace.notes).toMatchObject({ unnamedAllocations: 1 });
  });
});

/** Milliseconds that reading takes. */
function time(format: TraceFormat, recording: string): number {
  const started = performance.now();
  read(format, recording);
  return performance.now() - started;
}

describe('time in proportion to the recording', () => {
  it('ltrace: calls that are never resumed, and resumed ones of another name', () => {
    const text =
      '[pid 1] malloc(10 <unfinished ...>\n'.repeat(60_000) +
      '[pid 1] <... realloc resumed> ) = 0x10\n'.repeat(30_000);
    // 60,000 times 30,000 comparisons take 10 s.
    expect(time(ltrace, text)).toBeLessThan(2000);
  });

  it('ltrace: short lines without a parenthesis', () => {
    // To look for one up to the end of the recording, line by line, takes 20 s.
    expect(time(ltrace, 'x\n'.repeat(1_000_000))).toBeLessThan(3000);
  });

  it('valgrind: no call has more than three arguments that matter', () => {
    const text = `--1-- memalign(${'al 1,'.repeat(100_000)}1) = 0x10\n`;
    expect(() => read(valgrind, text)).toThrow(
      'recording:1: expected at most 3 arguments of memalign, found',
    );
  });

  it.each(['1', '1: ', ' ', '1: kmalloc: ', '--1-- ', '(', '@ + '])(
    'is told from lines of %j over and over',
    (word) => {
      const head = new Head(Buffer.from(word.repeat(2 ** 16 / word.length)));
      const started = performance.now();
      for (const format of FORMATS) format.detect(head);
      expect(performance.now() - started).toBeLessThan(500);
    },
  );
});

describe('mtrace', () => {
  it('reads places with spaces in them, and (nil)', () => {
    const text = '= Start\n@ ./my prog:(f+0x1)[0x2] + 0x10 0x20\n@ x - (nil)\n@ ./a + b - 0x10\n= End\n';
    const trace = read(mtrace, text);
    expect(operations(trace)).toEqual(['malloc 0:32', 'free 0']);
    expect(trace.notes).toEqual(notes({ nullFrees: 1, skippedLines: 2 }));
  });

  it('leaves a block as it was when its realloc failed', () => {
    const text = '@ a + 0x10 0x20\n@ a < 0x10\n@ a ! 0x10 0xffff\n@ a - 0x10\n';
    expect(operations(read(mtrace, text))).toEqual(['malloc 0:32', 'free 0']);
  });
});

describe('memory_replay', () => {
  it('reads every call, with times and without', () => {
    const text = [
      '1: malloc 0x10 5',
      '2: calloc 0xffffffffffffff00 3 4 100 200',
      '1: memalign 0x40 64 8 1 2',
      '1: realloc 0x50 0x10 50',
      '1: realloc 0x60 0x0 7',
      '1: realloc 0x0 0x60 0',
      '2: free 0xffffffffffffff00 5 6',
      '2: free 0x0',
      '2: thread_done 0x0',
      '',
    ];
    const trace = read(android, text.join('\n'));
    expect(operations(trace)).toEqual([
      'malloc 0:5',
      'calloc 1:12',
      'memalign 2:8^6',
      'realloc 0:50',
      'malloc 3:7',
      'free 3',
      'free 1',
    ]);
    expect(trace.notes).toEqual(notes({ nullFrees: 1, skippedLines: 1 }));
  });
});

describe('writers', () => {
  const write = (format: TraceFormat, text: string, from = rep) => {
    const losses: string[] = [];
    const trace = read(from, text);
    const pieces = [...format.writer!.write(trace, (loss) => losses.push(loss))];
    return { text: Buffer.concat(pieces).toString(), losses, trace };
  };

  it('rep comes back as it was', () => {
    const { text, trace } = write(rep, '500\n2\n5\n1\na 0 100\na 1 50\nr 0 200\nf 1\nf 0\n');
    expect(text).toBe('250\n2\n5\n1\na 0 100\na 1 50\nr 0 200\nf 1\nf 0\n');
    expect(operations(read(rep, text))).toEqual(operations(trace));
  });

  it('rep tells what it leaves out', () => {
    const { losses } = write(rep, '1: calloc 0x10 2 3\n1: memalign 0x20 64 9\n', android);
    expect(losses).toEqual(['1 calloc written as a plain allocation', '1 alignment left out']);
  });

  it('rep refuses an id beyond those that its header tells of', () => {
    expect(() => read(rep, '500\n2\n1\n1\na 2 100\n')).toThrow(
      "recording:5: expected an id below 2, the number in the header, found 'a 2 100'",
    );
  });

  it('an OSTEP list comes back as it was, and refuses what it cannot tell', () => {
    const list = '+10,+20,-0,+5,-2\n';
    expect(write(ostep, list, ostep).text).toBe(list);
    expect(() => write(ostep, '500\n1\n2\n1\na 0 100\nr 0 200\n')).toThrow(
      "recording: operation 2 is a calloc, realloc or aligned allocation, which OSTEP's lists cannot hold",
    );
  });
});

it.each([
  [rep, '1\n2\nx\n', "recording:3: expected 'a id bytes', 'r id bytes' or 'f id', found 'x'"],
  [
    rep,
    '1\n2\n3\na 0 1\n',
    "recording:4: expected two or four lines of a number each as the header, found 'a 0 1'",
  ],
  [rep, '1\n2\n3\n4\n5\na 0 1\n', "recording:5: expected 'a id bytes', 'r id bytes' or 'f id', found '5'"],
  [
    rep,
    '1\n1\n2\n1\na 0 5\n',
    'recording:5: the header announces 2 operations, but the file ends after 1: it was cut off',
  ],
  [rep, '1\n1\n1\n1\nq 0 5\n', "recording:5: expected 'a id bytes', 'r id bytes' or 'f id', found 'q 0 5'"],
  [android, '1: malloc 0x10\n', "recording:1: expected bytes, found '1: malloc 0x10'"],
  [
    android,
    '1: mallok 0x10 5\n',
    "recording:1: expected malloc, calloc, realloc, memalign, free or thread_done, found '1: mallok 0x10 5'",
  ],
  [android, 'hello\n', "recording:1: expected a thread's number and a colon, found 'hello'"],
  [mtrace, '= Start\n@ a + 0x10\n', "recording:2: expected a size after the address, found '@ a + 0x10'"],
  [mtrace, '@ a > 0x10 0x20\n', "recording:1: expected a '<' line before, found '@ a > 0x10 0x20'"],
  [
    valgrind,
    '--1-- calloc(10) = 0x10\n',
    "recording:1: expected 2 numbers as arguments of calloc, found '--1-- calloc(10) = 0x10'",
  ],
  [
    valgrind,
    '--1-- memalign(al 18446744073709551615, size 8) = 0x10\n',
    'recording:1: expected an alignment of at most 2^53 bytes as an argument of memalign, found',
  ],
  [
    ltrace,
    'a->malloc(x) = 0x10\n',
    "recording:1: expected 1 number as arguments of malloc, found 'a->malloc(x) = 0x10'",
  ],
  [heaptrack, 'v 1 3\n+ 10\n', "recording:2: expected a stack's number after the size, found '+ 10'"],
  [
    ostep,
    '+10,-1\n',
    "recording:1: expected a number below 1 after '-': so many allocations come before, found '+10,-1'",
  ],
  [ostep, '+10;-0\n', "recording:1: expected ',', found '+10;-0'"],
] as const)('%o refuses %j', (format, text, message) => {
  expect(() => read(format, text)).toThrow(message);
});

it('refuses a line that never ends', () => {
  const reader = android.read(new TraceBuilder(), 'recording');
  const junk = new Uint8Array(2 ** 19).fill(0x31);
  expect(() => {
    for (let i = 0; i < 10; i++) reader.push(junk);
  }).toThrow(/^recording:1: a line of more than 1048576 bytes/);
  // The same in whatever pieces it comes.
  for (const piece of [2 ** 18, 2 ** 20 + 1, 2 ** 22]) {
    expect(() => read(android, `1: free 0x0\n${' '.repeat(2 ** 20 + 1)}\n1: free 0x0\n`, piece)).toThrow(
      /^recording:2: a line of more than 1048576 bytes/,
    );
  }
});

describe.skipIf(shared('traces/android-systemui.txt.gz') === null)('a whole real recording', () => {
  it('of an Android system is read as counted elsewhere', async () => {
    const { openTrace } = await import('../node/open-trace.js');
    const trace = await openTrace(shared('traces/android-systemui.txt.gz')!);
    expect(trace.format).toBe('android');
    // Counted with awk: 383,154 malloc and 10,623 realloc of NULL; 15,818 free(NULL) besides.
    expect(counts(trace)).toEqual([393_777, 7_847, 1_066, 18_544, 349_045]);
    expect(trace.notes).toEqual(notes({ nullFrees: 15_818, skippedLines: 357 }));
  });
});
