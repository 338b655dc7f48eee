/** What valgrind's versions write, and what threads and memcheck write between. */
import { describe, expect, it } from 'vitest';
import { notes, operations, read } from '../../test/recordings.js';
import { Head } from './format.js';
import { valgrind } from './valgrind.js';

/** Lines of process 77. */
const lines = (...each: string[]) => each.map((line) => `--77-- ${line}\n`).join('');
const calls = (...each: string[]) => operations(read(valgrind, lines(...each)));

describe('aligned calls', () => {
  it('with labels tell by them, whichever function and order', () => {
    expect(
      calls(
        'memalign(al 32, size 200) = 0x100',
        'memalign(alignment 8, size 24) = 0x200',
        '_ZnamSt11align_val_tRKSt9nothrow_t(size 640, al 128) = 0x300',
      ),
    ).toEqual(['memalign 0:200^5', 'memalign 1:24^3', 'memalign 2:640^7']);
  });

  it('without labels tell in the order of the arguments of C and of C++', () => {
    expect(
      calls(
        'memalign(32, 200) = 0x100',
        'aligned_alloc(256, 512) = 0x200',
        'posix_memalign(0x1FFEFFF000, 4096, 77) = 0x1000',
        '_ZnwmSt11align_val_tRKSt9nothrow_t(640, 128) = 0x300',
        'valloc(5) = 0x4000',
        '_ZdaPvmSt11align_val_t(0x300, 640, 128)',
        'free_aligned_sized(0x200, 512, 256)',
        'free_sized(0x1000, 77)',
      ),
    ).toEqual([
      'memalign 0:200^5',
      'memalign 1:512^8',
      'memalign 2:77^12',
      'memalign 3:640^7',
      'memalign 4:5^12',
      'free 3',
      'free 1',
      'free 2',
    ]);
  });

  it('that failed are counted, whether the result is on their line or the next', () => {
    const trace = read(
      valgrind,
      lines(
        'posix_memalign(al 7, size 10)',
        ' = 0',
        'posix_memalign(0x1FFEFFF000, 7, 10) = 0x0',
        'aligned_alloc(18446744073709551615, 18446744073709551615) = 0x0',
        'malloc(1) = 0x10',
      ),
    );
    expect(operations(trace)).toEqual(['malloc 0:1']);
    expect(trace.notes).toEqual(notes({ failedAllocations: 3 }));
  });

  it('whose results a version does not print are unnamed, and take no result from another call', () => {
    const trace = read(
      valgrind,
      lines(
        'aligned_alloc(al 16, size 32)malloc(9) = 0x90',
        'malloc(5)posix_memalign(al 16, size 64)',
        'free(0x90)',
        ' = 0x50',
        'free(0x50)',
      ),
    );
    expect(operations(trace)).toEqual(['malloc 0:9', 'free 0', 'malloc 0:5', 'free 0']);
    expect(trace.notes).toEqual(notes({ unnamedAllocations: 2 }));
  });
});

describe('calls in calls', () => {
  it('of several threads: a result alone is that of the newest', () => {
    expect(
      calls(
        'malloc(1)calloc(2,2)realloc(0x0,3)free(0x0)',
        ' = 0x30',
        'malloc(4) = 0x40',
        ' = 0x20',
        ' = 0x10',
      ),
    ).toEqual(['malloc 0:3', 'malloc 1:4', 'calloc 2:4', 'malloc 3:1']);
  });

  it('of several processes are apart', () => {
    const text = '--1-- malloc(1)--2-- \n--2-- malloc(2)\n--1--  = 0x10\n--2--  = 0x10\n--1-- free(0x10)\n';
    expect(operations(read(valgrind, text))).toEqual(['malloc 0:1', 'malloc 1:2', 'free 0']);
  });

  it('that realloc makes do its work; its own result comes once more, or never', () => {
    expect(
      calls(
        'realloc(0x0,30)malloc(30) = 0x50',
        'malloc(8)realloc(0x50,0)free(0x50)',
        ' = 0',
        ' = 0x80',
        'realloc(0x80,0) = 0x0',
        'realloc(0x0,6) = 0x60',
      ),
    ).toEqual(['malloc 0:30', 'free 0', 'malloc 0:8', 'free 0', 'malloc 0:6']);
  });

  it('reallocarray and reallocf tell their result twice, also where another call is open', () => {
    const trace = read(
      valgrind,
      lines(
        'malloc(7)reallocarray(0x0,3,5) = 0x150',
        ' = 0x150',
        ' = 0x70',
        'reallocf(0x150,20) = 0x160',
        ' = 0x160',
      ),
    );
    expect(operations(trace)).toEqual(['malloc 0:15', 'malloc 1:7', 'realloc 0:20']);
    expect(trace.notes).toEqual(notes({ skippedLines: 2 }));
  });

  it("messages stand in the middle of them, and what is no call of malloc's", () => {
    const text =
      "--3-- calloc(9223372036854775808,1)Argument 'nmemb' of function calloc has a fishy value: -1\n" +
      '==3==    at 0x48: calloc (vg.c:1)\n==3== free(0x10) is no call here\n' +
      '--3--  = 0x0\n' +
      '--3-- malloc(64)malloc_usable_size(0x10) = 64\n' +
      '--3-- REDIR: 0x40 (libc:free) redirected to 0x50 (free)\n' +
      '--3--  = 0x40\n';
    const trace = read(valgrind, text);
    expect(operations(trace)).toEqual(['malloc 0:64']);
    expect(trace.notes).toEqual(notes({ failedAllocations: 1, skippedLines: 3 }));
  });

  it('a product that overflows fails without a result', () => {
    const trace = read(valgrind, lines('calloc(18446744073709551615,2)malloc(3) = 0x30', ' = 0x10'));
    expect(operations(trace)).toEqual(['malloc 0:3']);
    expect(trace.notes).toEqual(notes({ failedAllocations: 1, skippedLines: 1 }));
  });

  it('that are open at the end are unnamed', () => {
    expect(read(valgrind, lines('malloc(3) = 0x30', 'malloc(3)')).notes).toEqual(
      notes({ unnamedAllocations: 1 }),
    );
  });
});

it('is told with time stamps too', () => {
  const text = '--00:01:02:03.456 9-- malloc(5) = 0x50\n--00:01:02:03.457 9-- free(0x50)\n';
  expect(valgrind.detect(new Head(new TextEncoder().encode(text)))).toBe(2);
  expect(operations(read(valgrind, text))).toEqual(['malloc 0:5', 'free 0']);
});

it.each([
  ['==9== Process terminating with default action of signal 11 (SIGSEGV): dumping core', 'SIGSEGV'],
  ['==00:00:00:01.000 9== Process terminating with default action of signal 6 (SIGABRT)', 'SIGABRT'],
  [
    '**9** new/new[] failed and should throw an exception, but Valgrind',
    'valgrind, as operator new failed and it cannot throw exceptions',
  ],
])('%j ended the program', (message, killedBy) => {
  expect(read(valgrind, `--9-- malloc(5) = 0x50\n${message}\n`).notes).toMatchObject({ killedBy });
});
