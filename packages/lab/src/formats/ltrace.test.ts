/** What ltrace writes with its options, and where calls show in calls. */
import { describe, expect, it } from 'vitest';
import { notes, operations, read } from '../../test/recordings.js';
import { Head } from './format.js';
import { FORMATS } from './index.js';
import { ltrace } from './ltrace.js';

const text = (...lines: string[]) => `${lines.join('\n')}\n`;
const calls = (...lines: string[]) => operations(read(ltrace, text(...lines)));

it.each([
  ['', 'plain'],
  ['[pid 17] ', '-f'],
  ['17 ', '-f -o'],
  ['  0.000248 ', '-r'],
  ['17   0.000248 ', '-f -r -o'],
  ['12:00:01 ', '-t'],
  ['17 12:00:01.500000 [0x4005d0] ', '-f -tt -i'],
  ['1754000001.500311 prog->', '-ttt'],
])('reads lines that begin with %j (%s)', (before) => {
  const recording = text(
    `${before}malloc(10) = 0x100 <0.000093>`,
    `${before}strlen("malloc(7) = 0x9") = 5`,
    `${before}free(0x100) = <void>`,
  );
  const head = new Head(new TextEncoder().encode(recording));
  const scores = FORMATS.map((format) => format.detect(head));
  expect(FORMATS[scores.indexOf(Math.max(...scores))]).toBe(ltrace);
  expect(operations(read(ltrace, recording))).toEqual(['malloc 0:10', 'free 0']);
});

it("reads C++'s operators, mangled and not; those that place an object take no memory", () => {
  expect(
    calls(
      'operator new[](unsigned long, std::align_val_t)(576, 64, 0, 5) = 0x1000',
      'p->operator new(unsigned long, std::nothrow_t const&)(4, 0x404de0) = 0x2000',
      'operator new(unsigned long, void*)(4, 0x2000, 7) = 0x2000',
      '_ZnwmPv(4, 0x2000, 7) = 0x2000',
      '_Znwm@libstdc++.so.6(8, 1) = 0x3000',
      '_ZnamSt11align_val_t(96, 32, 0, 5) = 0x4000',
      '_ZdlPvS_(0x2000, 0x2000) = 0',
      'operator delete(void*, void*)(0x2000, 0x2000) = 0',
      'operator delete(void*, unsigned long)(0x2000, 4, 4) = 0',
      '_ZdaPvSt11align_val_t(0x4000, 32) = 0',
    ),
  ).toEqual(['memalign 0:576^6', 'malloc 1:4', 'malloc 2:8', 'memalign 3:96^5', 'free 1', 'free 3']);
});

it('a call that failed is counted, whatever it asked for and however NULL is spelt', () => {
  const trace = read(
    ltrace,
    text(
      'malloc(18446744073709551615) = nil',
      'malloc(-1) = 0',
      'calloc(18446744073709551615, 2) = 0x0',
      'realloc(0x10, 4611686018427387904) = (nil)',
      'reallocarray(0, -1, -1) = NULL',
      'aligned_alloc(9223372036854775808, -1) = (null)',
      'posix_memalign(0x7ffe, 64, -1) = 12',
      'posix_memalign(0x7ffe, 64, -1) = -1',
      'malloc(1) = 0x10',
      'free(nil) = <void>',
    ),
  );
  expect(operations(trace)).toEqual(['malloc 0:1']);
  expect(trace.notes).toEqual(notes({ failedAllocations: 8, nullFrees: 1 }));
});

describe('calls in calls', () => {
  it('count once, the outermost, however deep', () => {
    expect(
      calls(
        'operator new[](unsigned long)(100, 4 <unfinished ...>',
        'libstdc++.so.6->operator new(unsigned long)(100, 4 <unfinished ...>',
        'libstdc++.so.6->malloc(100) = 0x100',
        '<... operator new(unsigned long) resumed> ) = 0x100',
        '<... operator new[](unsigned long) resumed> ) = 0x100',
        'aligned_alloc@libc.so(64, 100 <unfinished ...>',
        'malloc@libc.so(227) = 0x208',
        '<... aligned_alloc resumed> ) = 0x240',
        'realloc(0x100, 5000 <unfinished ...>',
        'malloc@libc.so(5000) = 0x5000',
        'free@libc.so(0x100) = <void>',
        '<... realloc resumed> ) = 0x5000',
        'posix_memalign(0x7ffe, 64, 10 <unfinished ...>',
        'memalign@libc.so(64, 10) = 0x640',
        '<... posix_memalign resumed> ) = 0',
        'free_sized(0x640, 10 <unfinished ...>',
        'free@libc.so(0x640) = <void>',
        '<... free_sized resumed> ) = <void>',
      ),
    ).toEqual(['malloc 0:100', 'memalign 1:100^6', 'realloc 0:5000', 'memalign 2:10^6', 'free 2']);
  });

  it('of another size or block do not belong to it', () => {
    expect(
      calls(
        'dlopen("libx.so", 1 <unfinished ...>',
        'malloc(30) = 0x30',
        'calloc(2, 9 <unfinished ...>',
        'malloc(500) = 0x500',
        'free(0x30) = <void>',
        '<... calloc resumed> ) = 0x180',
        '<... dlopen resumed> ) = 0x500',
      ),
    ).toEqual(['malloc 0:30', 'malloc 1:500', 'free 0', 'calloc 0:18']);
  });

  it('left by an exception have failed; the next ones of that name are calls of their own', () => {
    const failing = [
      '_Znam(1152921504606846976 <unfinished ...>',
      '_Znwm(1152921504606846976 <unfinished ...>',
      'malloc(1152921504606846976) = 0',
      'malloc(136) = 0x88',
      '__cxa_begin_catch(0x88) = 0x90',
      'free(0x88) = <void>',
    ];
    const trace = read(
      ltrace,
      text(
        ...failing,
        ...failing,
        '_Znwm(8 <unfinished ...>',
        'malloc(8) = 0x8000',
        '<... _Znwm resumed> ) = 0x8000',
      ),
    );
    expect(operations(trace)).toEqual(['malloc 0:136', 'free 0', 'malloc 0:136', 'free 0', 'malloc 0:8']);
    expect(trace.notes).toEqual(notes({ failedAllocations: 2, skippedLines: 2 }));
  });

  it('of other threads stand between: the stacks are apart', () => {
    const trace = read(
      ltrace,
      text(
        '1 _Znwm(24 <unfinished ...>',
        '2 malloc(24) = 0x200',
        '1 malloc(24 <unfinished ...>',
        '2 realloc(0x200, 48 <unfinished ...>',
        '1 <... malloc resumed> ) = 0x100',
        '1 <... _Znwm resumed> ) = 0x100',
        '2 <... realloc resumed> ) = 0x240',
      ),
    );
    expect(operations(trace)).toEqual(['malloc 0:24', 'malloc 1:24', 'realloc 0:48']);
    expect(trace.notes.remarks).toEqual([expect.stringMatching(/^calls of 2 pids, taken for threads/)]);
  });
});

it("a realloc of libc's own is shown as calloc", () => {
  const realloc = (block: number, size: number, result: string) =>
    `libc.so.6->calloc(${block}, ${size}) = ${result}`;
  const trace = read(
    ltrace,
    text(
      realloc(0, 100, '0x1000'),
      realloc(0x1000, 300, '0x2000'),
      'libx.so->calloc(8, 9) = 0x3000',
      'libc.so.6->calloc(8, 9) = 0x4000',
      // Of a block that libc had from malloc, which is hidden: a new one, for the trace.
      realloc(0x55d1_40cc_9000, 77, '0x55d140cc9000'),
    ),
  );
  expect(operations(trace)).toEqual([
    'malloc 0:100',
    'realloc 0:300',
    'calloc 1:72',
    'calloc 2:72',
    'malloc 3:77',
  ]);
  expect(trace.notes.unknownFrees).toBe(1);
});

it('tells that the program was killed, or another took its place, or that it forked', () => {
  const told = (...lines: string[]) => read(ltrace, text('1 malloc(10) = 0x1000', ...lines)).notes;
  expect(told('1 --- SIGSEGV (Segmentation fault) ---', '1 +++ killed by SIGSEGV +++')).toMatchObject({
    killedBy: 'SIGSEGV',
  });
  expect(told('1 --- Called exec() ---').remarks).toEqual([expect.stringContaining('exec')]);
  expect(told('1 fork() = 2', '2 malloc(10) = 0x1000').remarks).toEqual([
    expect.stringMatching(/2 pids.*forked 1 time/),
  ]);
});
