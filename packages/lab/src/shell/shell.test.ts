import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startShell as start, TEXT } from '../../test/shell.js';
import { FaultError, UserError } from '../errors.js';
import { Arguments } from './arguments.js';
import { GROUPS } from './commands/groups.js';
import { runScript } from './script.js';
import { isRefusal } from './session.js';
import { splitWords } from './words.js';
import { hexDump } from './words-for-people.js';

describe('the words of a line', () => {
  const texts = (line: string) => splitWords(line).map(({ text }) => text);

  it('are parted by spaces; quotes hold them together; # ends the line', () => {
    expect(texts('  fork   1 # the first')).toEqual(['fork', '1']);
    expect(texts('write 1 $a "two words" \'and # more\'')).toEqual([
      'write',
      '1',
      '$a',
      'two words',
      'and # more',
    ]);
    expect(texts('say "a\\"b\\n\\\\" \'\\n\'')).toEqual(['say', 'a"b\n\\', '\\n']);
    expect(texts('')).toEqual([]);
    expect(() => splitWords('write 1 0 "open')).toThrow('the " at column 11 is never closed');
  });

  it('are taken as numbers, sizes, names and sums of these', () => {
    const number = (word: string) =>
      new Arguments(splitWords(word), new Map([['a', 0x1000]]), 'usage').number('N');
    expect(number('0')).toBe(0);
    expect(number('0x7fffF000')).toBe(0x7ffff000);
    expect(number('64KiB')).toBe(65_536);
    expect(number('$a')).toBe(0x1000);
    expect(number('$a+0x10-1')).toBe(0x100f);
    expect(number('1MiB-4k')).toBe(2 ** 20 - 4096);
    for (const wrong of ['x', '1.5', '$b', '', '1+', '-5', '"5"', '$a-0x2000', '0xg', '$', '9PiB']) {
      expect(() => number(wrong), wrong).toThrow(UserError);
    }
  });
});

describe('a session', () => {
  it('tells what a command did, which faults it caused and which frames changed hands', () => {
    const { run, kernel } = start();
    const free = kernel.pages.freeFrames;
    expect(run('m = mmap 1 8KiB')).toMatch(/^2 pages of zeroed memory at 0x7ffff7ffd000 in process 1/);
    expect(run('touch 1 $m 8KiB')).toBe(
      `2 pages touched\n  faults: 2, 2 frames cleared\n  frames: +1 page table, +2 anonymous; ${(free - 3).toLocaleString('en-GB')} free`,
    );
    expect(run('touch 1 $m')).toBe('1 page touched');
    expect(run('fork 1')).toMatch(
      /^process 2 is a copy of process 1: 2 areas, 3 pages shared until either writes/,
    );
    expect(run('write 2 $m "hi"')).toContain('faults: 1, 1 frame copied');
    expect(run('read 2 $m 4')).toBe('0x7ffff7ffd000  68 69 00 00                                     hi..');
    expect(run('where 1 $m')).toContain('1 mapping, 1 reference');
    kernel.check();
  });

  it('shows the way through the page tables, and where it ends', () => {
    const { run, kernel } = start();
    run('m = mmap 1 8KiB');
    run('touch 1 $m');
    const { table } = kernel.process(1).space;
    const [pgd, pud, pmd, pte] = table.path(0x7ffff7ffd).map((step) => step.table);
    const frame = table.path(0x7ffff7ffd).at(-1)!.low >>> 12;
    expect(run('where 1 $m+17').split('\n')).toEqual([
      'area   0x7ffff7ffd000-0x7ffff7fff000 rw-p anonymous memory',
      `tables PGD in frame ${pgd} [255] -> frame ${pud}: present write user accessed`,
      `       PUD in frame ${pud} [511] -> frame ${pmd}: present write user accessed`,
      `       PMD in frame ${pmd} [447] -> frame ${pte}: present write user accessed`,
      `       PTE in frame ${pte} [509] -> frame ${frame}: present write user accessed dirty nx`,
      'page   writable',
      `frame  ${frame} (anonymous), 1 mapping, 1 reference; physical address 0x${(frame * 4096 + 17).toString(16)}`,
    ]);
    expect(run('where 1 $m+4096').split('\n').slice(-2)).toEqual([
      `       PTE in frame ${pte} [510] empty`,
      'page   not present: the first access is a fault',
    ]);
    run('far = mmap 1 2MiB');
    expect(run('where 1 $far').split('\n').slice(-2)).toEqual([
      `       PMD in frame ${pmd} [446] empty`,
      'page   not present, for the PMD has no table below: the first access is a fault',
    ]);
    expect(run('where 1 0x100')).toBe('0x100: in no area');
  });

  it.each([
    ['free 1 12', 'no block has the address 0xc: it lies where none was ever given out'],
    ['kfree 99999', 'no block has the address 0x1869f: it lies where none was ever given out'],
    [
      'cache alloc kmaloc-32',
      "unknown cache 'kmaloc-32'; did you mean kmalloc-32? 'cat /proc/slabinfo' lists all",
    ],
    [
      'cache alocate x',
      "unknown subcommand 'alocate'; known: create, alloc, free, shrink, destroy; usage: cache",
    ],
    ['shm atach 1 1', "unknown subcommand 'atach'; did you mean attach? Known: create, attach"],
    ['shm', 'a subcommand is missing; usage: shm create'],
    ['cat meminf', "unknown file 'meminf'; did you mean /proc/meminfo?"],
    ['frok 1', "unknown command 'frok'; did you mean fork?"],
  ])('%s: tells what was meant, in the words of the shell', (line, message) => {
    const { run } = start();
    expect(() => run(line)).toThrow(message);
  });

  it('keeps results under a name, and refuses what is no name or has no result', () => {
    const { run, session } = start();
    run('child = fork 1');
    expect(session.variables.get('child')).toBe(2);
    expect(run('exit $child 7')).toContain('process 2 has exited with 7');
    expect(run('pid = wait 1')).toBe('process 2 had exited with 7');
    expect(() => run('1x = fork 1')).toThrow("'1x' is not a name for a result: use letters, digits and _");
    expect(() => run('x = ps')).toThrow("'x = ps' has no result to keep");
    expect(() => run('x = nothing')).toThrow("unknown command 'nothing'; 'help' lists all commands");
    expect(() => run('mm 1')).toThrow("unknown command 'mm'; did you mean mmap?");
    expect(() => run('fork')).toThrow('PID is missing; usage: fork PID');
    for (const line of ['x =', 'fails']) expect(() => run(line)).toThrow('a command is missing');
    expect(() => run('help fork exec')).toThrow("unexpected argument 'exec'; usage: help [COMMAND]");
    expect(() => run('exit')).toThrow("PID is missing ('quit' leaves the shell); usage: exit PID [STATUS]");
    expect(() => run('fork 1 2')).toThrow("unexpected argument '2'; usage: fork PID");
    expect(() => run('read 1 $y')).toThrow(
      "unknown variable '$y'; known: $child, $pid; usage: read PID ADDRESS [BYTES]",
    );
  });

  it('has a refusal for an answer after fails, and nothing else', () => {
    const { run, session } = start();
    expect(run('fails read 1 0')).toBe(
      'refused, as expected: SIGSEGV (SEGV_MAPERR): cannot read at 0x0: nothing is\n  mapped there',
    );
    expect(session.execute('fails push 1 200TiB')?.text).toContain('cannot write at 0xffffb7ffffffef60:');
    expect(run('fails fork 9')).toBe('refused, as expected: ESRCH: no process has the id 9');
    expect(run('fails kfree 0x888000000040')).toContain(
      'refused, as expected: no block has the address 0x888000000040',
    );
    expect(() => run('fails fork 1')).toThrow(FaultError);
    expect(() => run('fails fork')).toThrow(UserError);
    run('fail 1');
    expect(run('fails alloc_pages 0')).toBe('refused, as expected: alloc_pages: no frame is free');
  });

  it('maps, protects, writes back and unmaps files', () => {
    const { run, kernel } = start();
    expect(run('f = mmap 1 9600 /file shared')).toMatch(/^3 pages of \/file, not read yet, at/);
    expect(run('read 1 $f 6')).toMatch(/a file\n {2}faults: 1, 1 page read from its file/);
    run('write 1 $f "A FILE"');
    expect(run('msync 1 $f 9600')).toBe('1 page written back');
    expect(new TextDecoder().decode(TEXT.subarray(0, 9))).toBe('A FILE in');
    expect(run('p = mmap 1 4096 /file r at 0x10000000 offset 4096 populate')).toContain(
      '1 page of /file at 0x10000000',
    );
    expect(run('fails write 1 $p "x"')).toContain('SEGV_ACCERR');
    expect(run('mprotect 1 $p 4096 rw')).toContain("1 page from 0x10000000 on are 'rw' now");
    expect(run('write 1 $p "x"')).toContain('1 frame copied');
    expect(run('munmap 1 $p 4096')).toContain('1 page from 0x10000000 on are unmapped');
    expect(run('q = mremap 1 $f 9600 2')).toMatch(/^1 page at 0x7fff/);
    expect(run('q = mremap 1 $q 1 20KiB to 0x20000000')).toMatch(/^5 pages at 0x20000000, moved from 0x7fff/);
    expect(run('read 1 0x20000000 6')).toMatch(/A FILE/);
    expect(run('fails read 1 $f 6')).toContain('SEGV_MAPERR');
    expect(run('r = mremap 1 $q 0 4096 move')).toMatch(/^1 page at 0x7fff\w+, moved from 0x20000000/);
    expect(run('mremap 1 $q 20KiB 20KiB keep')).toMatch(/^5 pages at 0x7fff\w+, moved from/);
    expect(run('fails mremap 1 0x30000000 1 1')).toContain('EFAULT: nothing is mapped at 0x30000000');
    expect(() => run('mremap 1 $q 1 1 there')).toThrow("unexpected argument 'there'");
    expect(() => run('mmap 1 4096 /file more')).toThrow("unexpected argument 'more'");
    expect(() => run('mprotect 1 $f 4096 all')).toThrow('the protection must be one of none, r, w');
    expect(run('fails mmap 1 4096 /none')).toContain('ENOENT: /none: no such file');
    kernel.check();
  });

  it('has malloc, threads, brk and the stack of a process', () => {
    const { run, kernel } = start();
    expect(run('a = malloc 1 100')).toBe('malloc: 112 bytes at 0x555555554000, in the heap');
    expect(run('b = calloc 1 2 100000')).toMatch(
      /^calloc: 200,704 bytes at 0x7ffff7fce000, in a mapping of its own/,
    );
    expect(run('a = realloc 1 $a 5000')).toContain('in place: realloc: 5,008 bytes');
    expect(run('heap 1')).toContain('1 block of 4.89 KiB');
    expect(run('t = thread 1 16KiB')).toMatch(/^thread 2 of process 1: a stack of 16 KiB at 0x5555/);
    expect(run('join 1 2')).toBe('thread 2 of process 1 has ended');
    run('free 1 $a');
    expect(run('free 1 $b')).toContain('is free');
    expect(run('fails free 1 $b')).toContain('refused');
    expect(run('fails realloc 1 0 900TiB')).toBe('refused, as expected: realloc: no memory');
    expect(run('fork 1')).toContain('process 2');
    expect(run('heap 2')).toContain('0 blocks of 0 B');
    expect(run('push 1 20KiB')).toContain('the stack grew from 4 KiB to 24 KiB');
    expect(run('push 1 16')).toContain('the stack has 24 KiB');
    run('exec = brk 2');
    expect(run('brk 2 $exec+4KiB')).toMatch(/^the heap of process 2 is 132 KiB/);
    expect(run('store 2 $exec 12345678901')).toContain('12345678901');
    expect(run('v = load 2 $exec')).toContain('12345678901 (0x2dfdc1c35)');
    kernel.check();
  });

  it('has shared segments', () => {
    const { run, kernel } = start();
    run('fork 1');
    expect(run('s = shm create 8KiB 0x2a')).toContain('segment 0 of 8 KiB');
    run('a = shm attach 1 $s');
    expect(run('b = shm attach 2 $s 0x70000000 ro')).toContain(
      'segment 0 is at 0x70000000 in process 2, attached 2 times now',
    );
    run('write 1 $a "both"');
    expect(run('read 2 $b 4')).toContain('both');
    expect(run('fails write 2 $b "no"')).toContain('SEGV_ACCERR');
    expect(run('shm list')).toMatch(/id +key +size +pages +attached\n +0 +0x2a +8 KiB +1 +2/);
    expect(run('shm remove 0')).toContain('goes when the last detaches');
    run('shm detach 1 $a');
    run('exit 2');
    expect(run('shm list')).toBe('there are no shared segments');
    expect(() => run('shm destroy 0')).toThrow("unknown subcommand 'destroy'; known: create");
    kernel.check();
  });

  it('has the kernel’s own memory', () => {
    const { run, kernel } = start();
    expect(run('p = alloc_pages 3 GFP_KERNEL|__GFP_ZERO')).toMatch(
      /^frames \d+ to \d+, physical address 0x\w+, zone DMA/,
    );
    expect(run('free_pages $p 3')).toContain('8 frames given back');
    run('a = __get_free_pages 0');
    expect(run('free_pages $a 0')).toContain('1 frame given back');
    expect(run('k = kmalloc 100')).toMatch(/^128 bytes at 0x8880/);
    expect(run('kfree $k')).toContain('is free');
    expect(() => run('cache create "two words" 8')).toThrow("NAME: 'two words' is not one word");
    expect(() => run('cache create "" 8')).toThrow("NAME: '' is not one word");
    expect(run('kfree 0')).toBe('0x0 is free');
    expect(run('vfree 0')).toBe('0x0 is free');
    expect(run('v = vmalloc 20000')).toContain('5 pages at 0xc90000000000');
    expect(run('cat /proc/vmallocinfo')).toContain('24576 shell pages=5 vmalloc');
    run('vfree $v');
    expect(run('cache create mine 600')).toBe('cache mine: 13 objects of 600 bytes in a slab of 2 frames');
    run('o = cache alloc mine');
    expect(run('fails cache destroy mine')).toContain('cache mine has 1 object in use');
    expect(run('cache free mine $o')).toContain('mine has 0 of 13 objects in use');
    expect(run('cache shrink mine')).toContain('2 frames given back');
    expect(run('cache destroy mine')).toBe('cache mine is gone');
    expect(() => run('cache alloc mine')).toThrow("unknown cache 'mine'");
    expect(() => run('kmalloc 8 GFP_NONE')).toThrow('unknown gfp flag "GFP_NONE"');
    expect(run('drop_caches')).toMatch(/frames? given back/);
    kernel.check();
  });

  it('does not take from the kernel what it uses itself', () => {
    const { kernel, session, run } = start();
    const task = kernel.process(1).task.object;
    const own = 'task_struct is a cache of the kernel';
    expect(run('fails cache destroy inode_cache')).toContain('inode_cache is a cache of the kernel');
    expect(run('fails cache destroy kmalloc-64')).toContain('kmalloc-64 is a cache of the kernel');
    expect(run('fails cache alloc task_struct')).toContain(own);
    expect(run(`fails cache free task_struct ${task}`)).toContain(own);
    expect(run(`fails kfree ${task}`)).toContain(own);
    expect(run('cache shrink inode_cache')).toContain('0 frames given back');
    const table = kernel.process(1).space.table.root;
    const refusal = (line: string) => session.execute(`fails ${line}`)?.text;
    expect(refusal(`free_pages ${table} 0`)).toContain("its owner is 'page table'");
    expect(refusal(`free_pages ${kernel.vm.zeroFrame} 0`)).toContain('is the zero page');
    expect(refusal('free_pages 0 0')).toContain("its owner is 'reserved'");
    expect(run('shm create 4KiB')).toContain('segment 0');
    expect(run('check')).toContain('every law holds');
  });

  it('shows /proc, processes, frames and help in 80 columns', () => {
    const { run, session } = start();
    run('fork 1');
    run('exit 2 3');
    expect(run('ps')).toContain('zombie');
    expect(run('cat /proc/buddyinfo')).toMatch(/^Node 0, zone {6}DMA( +\d+){11} $/);
    expect(run('cat /proc/1/smaps'), 'every line as Linux ends it').toMatch(/VmFlags: rd wr mr mw me gd $/);
    expect(run('cat /proc/pagetypeinfo')).toMatch(/^Page block order: 9\n/);
    expect(run('cat /proc/slabinfo')).toMatch(/^task_struct +2 /m);
    expect(run('cat /proc/meminfo')).toMatch(/^MemTotal: +\d+ kB\nMemFree: /);
    expect(run('cat /proc/1/maps')).toMatch(/^7fffffffe000-7ffffffff000 rw-p .* \[stack\]$/);
    expect(run('cat /proc/1/smaps')).toMatch(/^Pss: +4 kB$/m);
    expect(() => run('cat /proc/cpuinfo')).toThrow("unknown file '/proc/cpuinfo'; known: /proc/buddyinfo");
    expect(run('fails cat /proc/2/maps')).toContain('process 2 has exited');
    const picture = run('frames');
    expect(picture).toContain('RRRR');
    expect(picture).toMatch(/r reserved +256 {2}1 MiB/);
    const help = run('help');
    for (const { name, usage } of session.groups.flatMap(({ commands }) => commands)) {
      expect(help).toMatch(new RegExp(`^  ${name} `, 'm'));
      expect(run(`help ${name}`).replace(/\s+/g, ' ')).toContain(`${name} ${usage}`.trimEnd());
    }
    for (const text of [picture, help, run('ps'), run('check')]) {
      expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    }
    run('quit');
    expect(session.ended).toBe(true);
  });

  it('tells in the picture who holds each frame, on small machines and large ones', () => {
    for (const megabytes of [2, 16, 256]) {
      const { run, kernel } = start(megabytes * 2 ** 20);
      const picture = run('frames');
      const rows = picture.split('\n\n')[0]!.split('\n');
      expect(rows.length).toBeLessThanOrEqual(16);
      const told = [...picture.matchAll(/^.*?([\d,]+) {2}[\d.]+ [KM]?i?B/gm)].length;
      expect(told).toBeGreaterThan(1);
      const held = kernel.machine.frames - kernel.pages.freeFrames;
      const counts = [
        ...picture.matchAll(/[rksta] (?:reserved|kernel|slab|page table|anonymous) +([\d,]+)/g),
      ];
      expect(counts.reduce((sum, [, count]) => sum + Number(count!.replaceAll(',', '')), 0)).toBe(held);
    }
  });

  it('dumps bytes sixteen a line', () => {
    const bytes = Uint8Array.from({ length: 20 }, (_, i) => i * 13);
    expect(hexDump(0x10, bytes)).toBe(
      "0x10  00 0d 1a 27 34 41 4e 5b 68 75 82 8f 9c a9 b6 c3 ...'4AN[hu......\n" +
        '0x20  d0 dd ea f7                                     ....',
    );
  });
});

describe('a script', () => {
  function play(text: string, echo = false) {
    const { session } = start();
    const lines: string[] = [];
    const run = () => runScript(session, text, { name: 'file.txt', echo, print: (line) => lines.push(line) });
    return { run, lines };
  }

  it('prints what its commands print, nothing else', () => {
    const { run, lines } = play('# first\nfork 1\n\necho done # really\nquit\necho never');
    run();
    expect(lines).toHaveLength(2);
    expect(lines[1]).toBe('done');
  });

  it('with echo shows commands, comments as paragraphs, titles underlined', () => {
    const { run, lines } = play('# = A title\n# One line\n# of text.\necho hi\n\necho ho', true);
    run();
    expect(lines).toEqual([
      'A title\n═══════',
      'One line of text.',
      '> echo hi',
      'hi',
      '',
      '> echo ho',
      'ho',
    ]);
  });

  it('prints objects instead: what was done, what was refused, what it cost', () => {
    const { session } = start();
    const lines: unknown[] = [];
    const print = (line: string) => lines.push(JSON.parse(line));
    const text = '# first\nchild = fork 1\nfails read 1 0\nm = mmap 1 4096 populate\n';
    runScript(session, text, { name: 'file.txt', echo: true, json: true, print });
    expect(lines).toMatchObject([
      {
        line: 2,
        command: 'child = fork 1',
        value: 2,
        costs: { faults: { resolved: 0 }, frames: { 'page table': 4 } },
      },
      { line: 3, refused: true, text: expect.stringContaining('SIGSEGV'), costs: { frames: {} } },
      {
        line: 4,
        value: 0x7ffff7ffe000,
        costs: {
          faults: { resolved: 1, pagesRead: 0, framesCleared: 1, framesCopied: 0 },
          frames: { 'page table': 1, anonymous: 1 },
        },
      },
    ]);
  });

  it('stops at the first line that fails, and names it', () => {
    expect(play('fork 1\nfrok 1').run).toThrow(
      new UserError("file.txt:2: unknown command 'frok'; did you mean fork? 'help' lists all commands"),
    );
    expect(play('\n\nfork 5').run).toThrow(new FaultError('file.txt:3: ESRCH: no process has the id 5'));
    expect(play('fails fork 1').run).toThrow(FaultError);
    expect(play('write 1 0 "x').run).toThrow('file.txt:1: the " at column 11');
  });
});

describe('words that every object knows', () => {
  const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];

  it.each(NAMES)('%s is no file, flag, command, cache, variable, size or escape', (name) => {
    const { run, session } = start();
    expect(() => run(`cat ${name}`)).toThrow(
      new UserError(
        `unknown file '${name}'; known: /proc/buddyinfo, /proc/pagetypeinfo, /proc/slabinfo, /proc/vmallocinfo, /proc/meminfo, /proc/PID/maps, /proc/PID/smaps`,
      ),
    );
    expect(run(`fails kmalloc 8 ${name}`)).toContain(`unknown gfp flag "${name}"`);
    expect(run(`fails alloc_pages 0 GFP_KERNEL|${name}`)).toContain(`unknown gfp flag "${name}"`);
    expect(() => run(name)).toThrow(`unknown command '${name}'`);
    expect(() => run(`help ${name}`)).toThrow(`unknown command '${name}'`);
    expect(() => run(`cache alloc ${name}`)).toThrow(`unknown cache '${name}'`);
    expect(() => run(`kmalloc $${name}`)).toThrow(`unknown variable $${name}`);
    expect(() => run(`kmalloc 8${name}`)).toThrow('is not a number');
    for (const group of ['cache', 'shm']) expect(() => run(`${group} ${name}`)).toThrow('unknown subcommand');
    // The name of a variable, as any.
    run(`${name} = kmalloc 8`);
    run(`kfree $${name}`);
    expect(session.variables.size).toBe(1);
  });
});

describe('the system refuses', () => {
  it('the 2,049th cache, and takes one again after another went', () => {
    const { run, kernel } = start();
    const there = kernel.slab.caches().length;
    for (let i = there; i < 2048; i++) run(`cache create c${i} 8`);
    expect(run('fails cache create more 8')).toBe(
      'refused, as expected: there are 2048 caches already: destroy one first',
    );
    run('cache destroy c2000');
    run('cache create more 8');
    kernel.check();
  });

  it('whatever any line asks for, by an error that a script can expect', () => {
    const commands = GROUPS.flatMap((group) => group.commands.map(({ name }) => name)).filter(
      (name) => name !== 'quit',
    );
    const words = [
      ...['0', '1', '2', '3', '8', '16', '4096', '0x1000', '64KiB', '8PiB', '0x10000', '0xffffffffffff'],
      ...['9007199254740991', '0x7ffffffff000', '$a', '$a+1', '$a+0x1000', '"a b"', '""', 'x', '__proto__'],
      ...['create', 'alloc', 'free', 'shrink', 'destroy', 'attach', 'detach', 'remove', 'list', 'ro', 'c'],
      ...[
        '/file',
        '/none',
        '/proc/1/maps',
        'shared',
        'private',
        'populate',
        'at',
        'offset',
        'rw',
        'none',
        'rx',
      ],
      ...['GFP_ATOMIC', '__GFP_ZERO', 'GFP_DMA', 'inode_cache', '-1', '|'],
    ];
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.constantFrom('', 'a = '),
            fc.constantFrom(...commands),
            fc.array(
              fc.oneof({ weight: 2, arbitrary: fc.constantFrom('1', '2', '$a') }, fc.constantFrom(...words)),
              {
                maxLength: 5,
              },
            ),
          ),
          { minLength: 1, maxLength: 30 },
        ),
        (lines) => {
          const { session, kernel } = start(4 * 2 ** 20);
          for (const [keep, command, args] of lines) {
            const line = `${keep}${command} ${args.join(' ')}`;
            // Page by page, in hours.
            if (/^(a = )?(touch|mmap) .*(PiB|0xf{12}|900719|0x7f)/.test(line)) continue;
            try {
              session.execute(line);
            } catch (error) {
              const known = error instanceof UserError || isRefusal(error);
              expect(known ? '' : `${line}: ${(error as Error).stack}`).toBe('');
            }
          }
          kernel.check();
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('a note', () => {
  it('is told once, with the command that it is about', () => {
    const { session, run } = start();
    session.note('kept in memory');
    expect(session.execute('fails fork 9')).toMatchObject({ notes: ['kept in memory'], refused: true });
    session.note('a'.repeat(100));
    session.note('b');
    expect(run('echo x')).toBe(`x\n  note:\n    ${'a'.repeat(100)}\n  note: b`);
    expect(session.execute('echo x')).not.toHaveProperty('notes');
  });
});
