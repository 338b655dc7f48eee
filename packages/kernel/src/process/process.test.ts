import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DATA, elfByte, makeElf, TEXT } from '../../test/elf-file.js';
import { boot, code, endAll, FILE_BYTES, maps, PAGE } from '../../test/system.js';
import { ExecError } from '../errors.js';
import { Kernel } from '../kernel.js';
import { NodeFile } from '../node/node-file.js';
import { mapsOf, parseMaps, printMaps } from '../proc/maps.js';
import { PROT_NONE, PROT_READ, PROT_WRITE } from '../vm/space/area.js';
import { MemoryFault } from '../vm/translation/memory-fault.js';
import { parseElf } from './elf.js';
import { PIE_BASE, STACK_TOP } from './loader.js';
import { AT_BASE, AT_ENTRY, AT_EXECFN, AT_NULL, AT_PHDR, AT_PHNUM } from './stack-image.js';

describe('fork', () => {
  it('shares every page until one side writes it, and copies that one frame only', () => {
    const { kernel, init, child } = boot();
    const address = init.mmap({ length: 100 * PAGE });
    for (let i = 0; i < 100; i++) init.space.store32(address + i * PAGE, i + 1);
    const copies = () => kernel.vm.counts.copies;
    const before = copies();
    const second = kernel.processes.fork(init);
    expect(copies()).toBe(before);
    expect(second.space.loadU32(address + 7 * PAGE)).toBe(8);
    expect(copies()).toBe(before);
    second.space.store32(address + 7 * PAGE, 99);
    expect(copies()).toBe(before + 1);
    expect(init.space.loadU32(address + 7 * PAGE)).toBe(8);
    init.space.store32(address + 7 * PAGE, 5);
    expect(copies(), 'nobody else has that frame any more').toBe(before + 1);
    expect(second.space.loadU32(address + 7 * PAGE)).toBe(99);
    expect(child.space.areaAt(address)).toBeNull();
    endAll(kernel);
  });

  it('gives ids in turn and tells parents from children', () => {
    const { kernel, init, child } = boot();
    const grandchild = kernel.processes.fork(child);
    expect(kernel.processes.list().map(({ pid }) => pid)).toEqual([1, 2, 3]);
    expect([...init.children]).toEqual([child]);
    expect(grandchild.parent).toBe(child);
    expect(grandchild.task).toMatchObject({
      pid: 3,
      name: 'init',
      parent: child.task.object,
      exitStatus: null,
    });
    endAll(kernel);
  });

  it('has the heap and its blocks in the child as well', () => {
    const { kernel, child } = boot();
    const block = child.heap.malloc(1000);
    child.space.writeString(block, 'before the fork');
    const twin = kernel.processes.fork(child);
    twin.space.writeString(block, 'in the child');
    expect(child.space.readString(block)).toBe('before the fork');
    expect(twin.heap.malloc(1000)).toBe(child.heap.malloc(1000));
    twin.heap.free(block);
    expect(() => twin.heap.free(block)).toThrow();
    child.heap.free(block);
    endAll(kernel);
  });

  it('is refused when there is no memory, at whatever frame', () => {
    const { kernel, init } = boot();
    const address = init.mmap({ length: 600 * PAGE });
    for (let i = 0; i < 600; i++) init.space.store8(address + i * PAGE, 1);
    init.heap.malloc(10);
    kernel.dropCaches();
    const free = kernel.pages.freeFrames;
    let refusals = 0;
    for (let n = 1; ; n++) {
      kernel.pages.failNth(n);
      const result = code(() => kernel.processes.fork(init));
      kernel.pages.failNth(0);
      if (result === 'accepted') break;
      expect(result).toBe('ENOMEM');
      kernel.check();
      kernel.slab.shrinkAll();
      expect(kernel.pages.freeFrames, `after failing frame ${n}`).toBe(free);
      refusals++;
    }
    expect(refusals).toBeGreaterThan(5);
    expect(kernel.processes.size).toBe(3);
    endAll(kernel);
  });
});

describe('exec', () => {
  it('maps the segments, reads nothing that is not touched, and zeroes the rest', () => {
    const { kernel, child, opened } = boot();
    kernel.processes.exec(child, '/bin/program', ['program', 'one'], ['A=1']);
    expect(maps(child)).toEqual([
      '400000 402000 r-xp /bin/program',
      '402000 404000 rw-p /bin/program',
      '404000 405000 rw-p',
      `7fffffffe000 ${STACK_TOP.toString(16)} rw-p [stack]`,
    ]);
    expect(kernel.vm.cache.counts.pagesRead, 'headers, and the page where bss begins').toBe(2);
    expect(child.task).toMatchObject({
      entry: 0x400400,
      name: 'program',
      heapStart: 0x405000,
      break: 0x405000,
    });
    const { space } = child;
    for (const at of [0x400400, 0x4017ff]) expect(space.loadU8(at)).toBe(elfByte(at - 0x400000));
    for (const at of [0x402800, 0x4037ff]) expect(space.loadU8(at)).toBe(elfByte(at - 0x402800 + 0x1800));
    expect(kernel.vm.cache.counts.pagesRead).toBe(3);
    for (const at of [0x403800, 0x403fff, 0x404000, 0x4047ff]) expect(space.loadU8(at), 'bss').toBe(0);
    space.store8(0x402800, elfByte(0x1800) ^ 0xff);
    expect(opened[0].bytes[0x1800], 'the file keeps its bytes').toBe(elfByte(0x1800));
    expect(code(() => space.store8(0x400000, 1))).toBe('SEGV_ACCERR');
    endAll(kernel);
  });

  it('lays arguments, environment and auxiliary vector on the stack', () => {
    const { kernel, child } = boot();
    kernel.processes.exec(child, '/bin/pie', ['pie', 'x y'], ['HOME=/', 'A=1']);
    const { space, task } = child;
    let at = task.stackPointer;
    const word = () => {
      at += 8;
      return space.loadPointer(at - 8);
    };
    const strings = () => {
      const texts: (string | null)[] = [];
      for (let address = word(); address !== 0; address = word()) texts.push(space.readString(address));
      return texts;
    };
    expect(task.stackPointer % 16).toBe(0);
    expect(word()).toBe(2);
    expect(strings()).toEqual(['pie', 'x y']);
    expect(strings()).toEqual(['HOME=/', 'A=1']);
    const auxv = new Map<number, number>();
    for (let type = word(); type !== AT_NULL; type = word()) auxv.set(type, word());
    expect(auxv.get(AT_ENTRY)).toBe(PIE_BASE + 0x400);
    expect(task.entry).toBe(PIE_BASE + 0x400);
    expect(auxv.get(AT_PHDR)).toBe(PIE_BASE + 64);
    expect(auxv.get(AT_PHNUM)).toBe(3);
    expect(auxv.get(AT_BASE), 'no interpreter is loaded').toBe(0);
    expect(space.readString(auxv.get(AT_EXECFN)!)).toBe('/bin/pie');
    expect(maps(child)[0]).toBe('555555554000 555555556000 r-xp /bin/pie');
    endAll(kernel);
  });

  it('runs the interpreter that a script names, with the script as its argument', () => {
    const { kernel, child, files } = boot();
    kernel.processes.exec(child, '/bin/script', ['script', 'more']);
    const { space, task } = child;
    const argv = [1, 2, 3, 4].map((i) => space.readString(space.loadPointer(task.stackPointer + i * 8)));
    expect(argv).toEqual(['/bin/program', '-x', '/bin/script', 'more']);
    expect(task.name).toBe('script');
    const script = (text: string) => {
      files.set('/bin/s', new TextEncoder().encode(text));
      return () => kernel.processes.exec(child, '/bin/s');
    };
    expect(script('#!/bin/s\n')).toThrow('ELOOP: /bin/s: /bin/s is a script for a script, more than 4 deep');
    expect(script('#!\n')).toThrow('ENOEXEC: /bin/s: a script that names no interpreter after #!');
    expect(script('#!/bin/none')).toThrow('ENOENT: /bin/s: /bin/none: no such file');
    expect(script(`#!/${'x'.repeat(300)}`)).toThrow('does not fit into 256 bytes');
    expect(script('echo hello')).toThrow('ENOEXEC: /bin/s: not an ELF file: it starts with 65 63 68 6f');
    endAll(kernel);
  });

  it('leaves the old program as it was when the new one is refused', () => {
    const { kernel, child, files } = boot();
    // Where the stack is to be.
    files.set('/bin/high', makeElf({ segments: [TEXT, { ...DATA, address: STACK_TOP - 0x2800 }] }));
    kernel.processes.exec(child, '/bin/program');
    const block = child.heap.malloc(100);
    child.space.writeString(block, 'still here');
    const before = maps(child);
    const refuse = (path: string, argv?: string[]) => {
      expect(() => kernel.processes.exec(child, path, argv)).toThrow(ExecError);
      expect(maps(child)).toEqual(before);
      expect(child.space.readString(block)).toBe('still here');
      kernel.check();
    };
    refuse('/bin/broken');
    refuse('/bin/none');
    refuse('/data/pages');
    refuse('/bin/high');
    refuse('/bin/program', ['x'.repeat(200_000)]);
    refuse('/bin/program', new Array(40).fill('y'.repeat(100_000)));
    expect(child.path).toBe('/bin/program');
    child.heap.free(block);
    endAll(kernel);
  });

  it('gives the memory of the old program back', () => {
    const { kernel, child } = boot();
    kernel.processes.exec(child, '/bin/program');
    const free = kernel.pages.freeFrames;
    const address = child.mmap({ length: 50 * PAGE, populate: true });
    child.heap.malloc(100_000);
    child.createThread(100_000);
    kernel.processes.exec(child, '/bin/program');
    expect(kernel.pages.freeFrames).toBe(free);
    expect(child.space.areaAt(address)).toBeNull();
    expect(child.heapInUse).toBeNull();
    expect(child.threads.size).toBe(0);
    endAll(kernel);
  });

  it.each(['/bin/program', '/bin/pie', '/bin/script'])(
    'of %s is refused whole when there is no memory',
    (path) => {
      const { kernel, child } = boot();
      const address = child.mmap({ length: PAGE });
      child.space.store8(address, 42);
      kernel.dropCaches();
      const free = kernel.pages.freeFrames;
      let refusals = 0;
      for (let n = 1; ; n++) {
        kernel.pages.failNth(n);
        const result = code(() => kernel.processes.exec(child, path));
        kernel.pages.failNth(0);
        if (result === 'accepted') break;
        expect(result).toBe('ENOMEM');
        expect(child.space.loadU8(address)).toBe(42);
        kernel.check();
        kernel.dropCaches();
        expect(kernel.pages.freeFrames, `after failing frame ${n}`).toBe(free);
        refusals++;
      }
      expect(refusals).toBeGreaterThan(5);
      endAll(kernel);
    },
  );
});

describe('brk', () => {
  it('moves the end of the heap; pages are there when touched, and gone when it moves back', () => {
    const { kernel, child } = boot();
    kernel.processes.exec(child, '/bin/program');
    const start = child.sbrk(10_000);
    expect(start).toBe(0x405000);
    expect(child.break).toBe(0x405000 + 10_000);
    expect(maps(child)[3]).toBe('405000 408000 rw-p [heap]');
    const free = kernel.pages.freeFrames;
    child.space.store32(start + 9996, 77);
    expect(free - kernel.pages.freeFrames).toBeLessThanOrEqual(2);
    child.sbrk(100_000);
    expect(maps(child)[3], 'one area still').toBe('405000 420000 rw-p [heap]');
    expect(child.space.loadU32(start + 9996)).toBe(77);
    child.brk(start);
    expect(maps(child)).toHaveLength(4);
    expect(code(() => child.space.loadU32(start))).toBe('SEGV_MAPERR');
    child.sbrk(10_000);
    expect(child.space.loadU32(start + 9996), 'cleared').toBe(0);
    endAll(kernel);
  });

  it('is refused below the start, into another area, and without memory', () => {
    const { kernel, child } = boot();
    kernel.processes.exec(child, '/bin/program');
    child.sbrk(PAGE);
    child.mmap({ address: 0x410000, length: PAGE, fixed: true });
    const before = maps(child);
    expect(code(() => child.brk(0x404fff))).toBe('ENOMEM');
    expect(code(() => child.brk(0x410001))).toBe('ENOMEM');
    expect(code(() => child.sbrk(2 ** 60))).toBe('ENOMEM');
    child.brk(0x410000);
    child.brk(0x406000);
    expect(maps(child)).toEqual(before);
    child.brk(0x405000);
    kernel.dropCaches();
    // The object of the area is the only memory that growing takes.
    const objects = [];
    while (
      kernel.vm.areaObjects.stats().activeObjects % kernel.vm.areaObjects.geometry.objectsPerSlab !==
      0
    ) {
      objects.push(kernel.vm.areaObjects.alloc()!);
    }
    kernel.slab.shrinkAll();
    kernel.pages.failNth(1);
    expect(code(() => child.sbrk(PAGE))).toBe('ENOMEM');
    expect(child.break).toBe(0x405000);
    for (const object of objects) kernel.vm.areaObjects.free(object);
    endAll(kernel);
  });
});

describe('the stack', () => {
  it('grows by the fault, to its limit', () => {
    const { kernel, child } = boot(32 * 2 ** 20);
    kernel.processes.exec(child, '/bin/program');
    const top = child.task.stackPointer;
    for (let i = 0; i < 100; i++) child.push(PAGE);
    expect(child.space.residentPages).toBeGreaterThan(100);
    expect(child.push(8_000_000 - 100 * PAGE)).toBe(top - 8_000_000);
    const pointer = child.task.stackPointer;
    expect(() => child.push(500_000)).toThrow(MemoryFault);
    expect(code(() => child.push(500_000))).toBe('SEGV_MAPERR');
    expect(child.task.stackPointer).toBe(pointer);
    endAll(kernel);
  });

  it('keeps a gap of 256 pages to the mapping below', () => {
    const { kernel, child } = boot();
    kernel.processes.exec(child, '/bin/program');
    const { start } = child.space.areaAt(child.task.stackPointer)!;
    child.mmap({ address: start - 300 * PAGE, length: PAGE, fixed: true });
    child.space.store8(start - 43 * PAGE, 1);
    expect(code(() => child.space.store8(start - 44 * PAGE, 1))).toBe('SEGV_MAPERR');
    endAll(kernel);
  });

  it('is one area again after mprotect; of its pieces maps names the one with the arguments, as Linux', () => {
    const { kernel, init } = boot();
    init.push(5 * PAGE);
    const named = (process: typeof init) => mapsOf(process.space).map(({ path }) => path);
    init.mprotect(STACK_TOP - 3 * PAGE, PAGE, PROT_READ);
    expect(named(init)).toEqual(['', '', '[stack]']);
    expect(named(kernel.processes.fork(init))).toEqual(['', '', '[stack]']);
    init.mprotect(STACK_TOP - 3 * PAGE, PAGE, PROT_READ | PROT_WRITE);
    expect(named(init)).toEqual(['[stack]']);
    init.push(PAGE);
    expect(named(init)).toEqual(['[stack]']);
    endAll(kernel);
  });

  it('of a thread is a block of the heap: it neither grows nor is guarded', () => {
    const { kernel, child } = boot();
    const first = child.createThread(16_384);
    const second = child.createThread(16_384);
    expect(child.heap.usableSize(first.address)).toBe(16_384);
    expect(second.address).toBe(first.address + 16_384);
    child.space.store8(first.address + 16_383, 1);
    child.space.store8(second.address - 1, 2);
    expect(child.space.loadU8(first.address + 16_383), 'an overflow hits the neighbour').toBe(2);
    const large = child.createThread(8 * 2 ** 20);
    expect(code(() => child.space.store8(large.address - 1, 1))).toBe('SEGV_MAPERR');
    for (const { id } of [first, second, large]) child.endThread(id);
    expect(code(() => child.endThread(first.id))).toBe('ESRCH');
    expect(child.heap.stats()).toMatchObject({ heapUsedBytes: 0, mappedBytes: 0 });
    endAll(kernel);
  });
});

describe('files', () => {
  it('are mapped lazily, privately or shared', () => {
    const { kernel, child, opened } = boot();
    const inode = kernel.processes.open('/data/pages', true);
    const mine = child.mmap({ length: FILE_BYTES, inode });
    const ours = child.mmap({ length: FILE_BYTES, inode, shared: true });
    kernel.vm.cache.release(inode);
    expect(opened[0].reads).toBe(0);
    expect(child.space.loadU8(mine + 2 * PAGE)).toBe(elfByte(2 * PAGE));
    expect(opened[0].reads).toBe(1);
    child.space.store8(mine, 1);
    child.space.store8(ours + 1, 2);
    expect(child.space.msync(ours, FILE_BYTES)).toBe(1);
    expect([...opened[0].bytes.subarray(0, 2)]).toEqual([elfByte(0), 2]);
    expect(code(() => child.space.loadU8(mine + 5 * PAGE))).toBe('SEGV_MAPERR');
    endAll(kernel);
  });

  it('are not there when the kernel was booted without any', () => {
    const kernel = new Kernel({ memoryBytes: 2 ** 21 });
    expect(() => kernel.processes.exec(kernel.process(1), '/bin/true')).toThrow('ENOENT: /bin/true');
    endAll(kernel);
  });
});

describe('exit and wait', () => {
  it('give the memory back at once, the descriptor when the parent has waited', () => {
    const { kernel, init, child } = boot();
    const free = kernel.pages.freeFrames;
    child.mmap({ length: 10 * PAGE, populate: true });
    kernel.processes.exit(child, 259);
    expect(kernel.pages.freeFrames).toBeGreaterThan(free);
    expect(child.isZombie).toBe(true);
    expect(code(() => child.space)).toBe('ESRCH');
    expect(code(() => child.sbrk(1))).toBe('ESRCH');
    expect(code(() => kernel.processes.exit(child))).toBe('ESRCH');
    expect(code(() => kernel.processes.fork(child))).toBe('ESRCH');
    expect(kernel.processes.list()).toHaveLength(2);
    expect(kernel.processes.wait(init)).toEqual({ pid: 2, status: 3 });
    expect(code(() => kernel.processes.wait(init))).toBe('ECHILD');
    expect(code(() => kernel.process(2))).toBe('ESRCH');
    endAll(kernel);
  });

  it('hand the children of a process that exits to the first one', () => {
    const { kernel, init, child } = boot();
    const lives = kernel.processes.fork(child);
    const dead = kernel.processes.fork(child);
    kernel.processes.exit(dead);
    kernel.processes.exit(child);
    expect(lives.parent).toBe(init);
    expect(kernel.processes.list().map(({ pid }) => pid)).toEqual([1, 2, 3]);
    expect(code(() => kernel.processes.exit(init))).toBe('EINVAL');
    expect(kernel.processes.wait(init)?.pid).toBe(2);
    expect(kernel.processes.wait(init)).toBeNull();
    kernel.check();
    endAll(kernel);
  });

  it('leave nothing behind of forks, programs, heaps, files and segments', () => {
    const { kernel, init } = boot();
    for (let round = 0; round < 20; round++) {
      const process = kernel.processes.fork(init);
      kernel.processes.exec(process, round % 2 === 0 ? '/bin/program' : '/bin/pie');
      process.heap.calloc(100, 1000 + round * 300);
      const twin = kernel.processes.fork(process);
      twin.attach(kernel.segments.get(round >> 1, 8 * PAGE));
      twin.push(20_000);
      kernel.processes.exit(process);
      if (round % 3 === 0) kernel.processes.exit(twin);
    }
    endAll(kernel);
  });

  it('wrap the process ids round, past those in use', () => {
    const { kernel, init } = boot();
    for (let i = 0; i < 32_770; i++) {
      kernel.processes.exit(kernel.processes.fork(init));
      kernel.processes.wait(init);
    }
    const { pid } = kernel.processes.fork(init);
    expect(pid).toBe(8);
    endAll(kernel);
  });
});

describe('protection', () => {
  it('is told by faults that name the address', () => {
    const { kernel, child } = boot();
    const address = child.mmap({ length: 3 * PAGE });
    child.mprotect(address + PAGE, PAGE, PROT_NONE);
    child.mprotect(address + 2 * PAGE, PAGE, PROT_READ);
    child.space.store8(address, 1);
    expect(code(() => child.space.loadU8(address + PAGE))).toBe('SEGV_ACCERR');
    expect(code(() => child.space.store8(address + 2 * PAGE, 1))).toBe('SEGV_ACCERR');
    expect(() => child.space.loadU8(0)).toThrow('SIGSEGV (SEGV_MAPERR): cannot read at 0x0');
    child.mprotect(address, 3 * PAGE, PROT_READ | PROT_WRITE);
    child.space.store8(address + PAGE, 5);
    child.munmap(address, 3 * PAGE);
    expect(code(() => child.space.loadU8(address))).toBe('SEGV_MAPERR');
    endAll(kernel);
  });
});

describe('memory that runs out', () => {
  it('is told at boot, wherever it happens', () => {
    const told = new Set<string>();
    for (let reservedFrames = 170; reservedFrames < 256; reservedFrames++) {
      try {
        endAll(new Kernel({ memoryBytes: 2 ** 20, reservedFrames }));
      } catch (error) {
        told.add(String(error));
      }
    }
    expect([...told].sort()).toEqual([
      "Error: no frame is left for the kernel's topmost page table",
      'Error: no frame is left for the zero page',
      'ExecError: ENOMEM: not enough memory to load the program',
      'SystemCallError: ENOMEM: no memory for an address space',
      'SystemCallError: ENOMEM: no memory for the descriptor of a process',
    ]);
  });

  it('is told to the process that asked; after it ends there is enough', () => {
    const { kernel, init } = boot(4 * 2 ** 20);
    const hungry = kernel.processes.fork(init);
    const address = hungry.mmap({ length: 2 ** 30 });
    let pages = 0;
    const fill = () => {
      for (; ; pages++) hungry.space.store8(address + pages * PAGE, 1);
    };
    expect(code(fill)).toBe('OOM');
    expect(pages).toBeGreaterThan(400);
    kernel.check();
    kernel.processes.exit(hungry);
    kernel.processes.fork(init);
    endAll(kernel);
  });

  it('is no memory for the heap either: null comes from malloc, never a half-made block', () => {
    const { kernel, child } = boot(4 * 2 ** 20);
    const blocks: number[] = [];
    let fault = '';
    while (fault === '') {
      const block = child.heap.malloc(50_000);
      expect(block).not.toBe(0);
      blocks.push(block);
      fault = code(() => child.space.fill(block, 50_000, 7)).replace('accepted', '');
    }
    expect(fault).toBe('OOM');
    child.heap.check();
    kernel.check();
    for (const block of blocks) child.heap.free(block);
    endAll(kernel);
  });
});

describe('a program of this machine', () => {
  const programs = ['/bin/true', '/bin/sh', '/bin/bash', '/usr/bin/perl'].filter((path) => existsSync(path));
  it.skipIf(process.platform !== 'linux' || process.arch !== 'x64').each(programs)(
    '%s is mapped as its headers say, byte by byte, and read a page at a time',
    (path) => {
      const kernel = new Kernel({ openFile: (name) => new NodeFile(name) });
      const child = kernel.processes.fork(kernel.process(1));
      const loaded = kernel.processes.exec(child, path);
      expect(
        kernel.vm.cache.counts.pagesRead,
        'headers, the interpreter’s name, the page of bss',
      ).toBeLessThan(4);
      const file = readFileSync(path);
      const image = parseElf({
        size: file.length,
        read: (at, into) => file.copy(into, 0, at, at + into.length),
      });
      const bias = loaded.entry - image.entry;
      expect(bias).toBe(image.positionIndependent ? PIE_BASE : 0);
      for (const { address, offset, fileBytes, memoryBytes, writable } of image.segments) {
        const bytes = new Uint8Array(memoryBytes);
        child.space.read(address + bias, bytes);
        expect(Buffer.compare(bytes.subarray(0, fileBytes), file.subarray(offset, offset + fileBytes))).toBe(
          0,
        );
        expect(bytes.subarray(fileBytes).every((byte) => byte === 0)).toBe(true);
        const write = code(() => child.space.store8(address + bias, 1));
        expect(write).toBe(writable ? 'accepted' : 'SEGV_ACCERR');
      }
      expect(file.equals(readFileSync(path)), 'the file is as it was').toBe(true);
      endAll(kernel);
    },
  );

  const cat = '/usr/bin/cat';
  const linux = spawnSync('setarch', ['-R', cat, '/proc/self/maps'], { encoding: 'utf8' });
  const asOnDebian = linux.status === 0 && linux.stdout.includes(cat) && linux.stdout.includes('[heap]');
  it.skipIf(!asOnDebian)('lies where Linux loads it when addresses are not randomised', () => {
    const kernel = new Kernel({ openFile: (name) => new NodeFile(name) });
    const child = kernel.processes.fork(kernel.process(1));
    kernel.processes.exec(child, cat);
    child.heap.malloc(1);
    // What was linked for relocation is protected by the interpreter afterwards: told apart from the data there.
    const ranges = (text: string) => {
      const areas = parseMaps(text).filter(({ path }) => path === cat);
      const code = areas.filter(({ permissions }) => permissions !== 'rw-p').slice(0, 3);
      return [
        areas.at(0)?.start,
        areas.at(-1)?.end,
        areas.at(0)?.inode,
        code.map(({ start, end, offset }) => [start, end, offset]),
      ];
    };
    const heap = (text: string) => parseMaps(text).find(({ path }) => path === '[heap]');
    const ours = printMaps(mapsOf(child.space));
    expect(ranges(ours)).toEqual(ranges(linux.stdout));
    expect(heap(ours)?.start).toBe(heap(linux.stdout)?.start);
    expect(heap(ours)?.end, 'malloc asks for 132 KiB at first').toBe(heap(linux.stdout)?.end);
    endAll(kernel);
  });
});
