import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { platform } from 'node:process';
import { afterAll, describe, expect, it } from 'vitest';
import { PageAllocator } from '../frames/page-allocator.js';
import { Kernel } from '../kernel.js';
import { Machine } from '../machine.js';
import { SlabAllocator } from '../slab/slab-allocator.js';
import { PROT_READ } from '../vm/space/area.js';
import { VirtualMemory } from '../vm/virtual-memory.js';
import { NodeFile } from './node-file.js';

const PAGE = 4096;
const directory = mkdtempSync(join(tmpdir(), 'freehold-'));
afterAll(() => rmSync(directory, { recursive: true }));

function boot() {
  const vm = new VirtualMemory(new SlabAllocator(new PageAllocator(new Machine(16 * 2 ** 20))));
  return { vm, space: vm.createAddressSpace()! };
}

function fileOf(name: string, bytes: Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, bytes);
  return path;
}

describe('a file on disk', () => {
  it('is read page by page, each at its first touch', () => {
    const bytes = Uint8Array.from({ length: 10 * PAGE + 100 }, (_, i) => (i * 13) & 255);
    const { vm, space } = boot();
    const inode = vm.cache.open(new NodeFile(fileOf('read', bytes)))!;
    const at = space.mmap({ length: bytes.length, inode, protection: PROT_READ });
    vm.cache.release(inode);
    expect(vm.cache.counts.pagesRead).toBe(0);
    expect(space.loadU8(at + 3 * PAGE + 5)).toBe(bytes[3 * PAGE + 5]);
    expect(space.loadU8(at + 3 * PAGE + 6)).toBe(bytes[3 * PAGE + 6]);
    expect(vm.cache.counts.pagesRead).toBe(1);
    expect([space.counts.majorFaults, space.counts.minorFaults]).toEqual([1, 0]);
    const back = new Uint8Array(bytes.length);
    space.read(at, back);
    expect(Buffer.compare(back, bytes)).toBe(0);
    expect(vm.cache.counts.pagesRead).toBe(11);
    // Behind the end of the file its last page is zero.
    expect(space.loadU8(at + bytes.length)).toBe(0);
    vm.check();
  });

  it('mapped shared is written by msync, mapped private never', () => {
    const path = fileOf('written', new Uint8Array(3 * PAGE - 10).fill(1));
    const { vm, space } = boot();
    const inode = vm.cache.open(new NodeFile(path, { writable: true }))!;
    const shared = space.mmap({ length: 3 * PAGE, inode, shared: true });
    const secret = space.mmap({ length: 3 * PAGE, inode });
    space.fill(shared + PAGE, 10, 2);
    space.fill(secret, 10, 3);
    // In the last page, before and behind the end of the file.
    space.fill(shared + 3 * PAGE - 12, 12, 4);
    expect(readFileSync(path)[PAGE]).toBe(1);
    expect(space.msync(shared, 3 * PAGE)).toBe(2);
    const written = readFileSync(path);
    expect(written.length).toBe(3 * PAGE - 10);
    expect([written[0], written[PAGE], written[PAGE + 9], written[PAGE + 10]]).toEqual([1, 2, 2, 1]);
    expect([written.at(-1), written.at(-2), written.at(-3)]).toEqual([4, 4, 1]);
    expect(space.msync(shared, 3 * PAGE)).toBe(0);
    vm.check();
    // munmap writes too, and so does the end of the address space.
    space.store8(shared, 5);
    space.munmap(shared, PAGE);
    expect(readFileSync(path)[0]).toBe(5);
    space.store8(shared + PAGE, 6);
    vm.cache.release(inode);
    space.destroy();
    expect(readFileSync(path)[PAGE]).toBe(6);
    vm.check();
  });

  it('opened twice is one file, and read again after someone else changed it', () => {
    const path = fileOf('changed', new Uint8Array(PAGE).fill(1));
    const { vm } = boot();
    const first = vm.cache.open(new NodeFile(path))!;
    expect(vm.cache.open(new NodeFile(path))).toBe(first);
    const byte = new Uint8Array(1);
    expect(vm.cache.read(first, 10, byte)).toBe(1);
    vm.cache.release(first);
    vm.cache.release(first);
    expect(vm.cache.filePages).toBe(1);
    expect(vm.cache.open(new NodeFile(path))).toBe(first);
    expect(vm.cache.filePages).toBe(1);
    vm.cache.release(first);
    writeFileSync(path, new Uint8Array(2 * PAGE).fill(2));
    expect(vm.cache.open(new NodeFile(path))).toBe(first);
    expect(vm.cache.read(first, 10, byte)).toBe(1);
    expect(byte[0]).toBe(2);
    vm.check();
  });

  it('must exist and be regular', () => {
    expect(() => new NodeFile(join(directory, 'nowhere'))).toThrow('ENOENT');
    expect(() => new NodeFile(directory)).toThrow('is not a regular file: only regular files can be mapped');
    const { processes } = new Kernel({ openFile: (path) => new NodeFile(path) });
    const refusal = `EACCES: ${directory} is not a regular file`;
    expect(() => processes.exec(processes.get(1), directory)).toThrow(refusal);
  });

  it.skipIf(platform === 'win32')('is not waited for when it is a pipe that nobody writes to', () => {
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const writable of [false, true]) {
      expect(() => new NodeFile(pipe, { writable })).toThrow(
        'is not a regular file: only regular files can be mapped',
      );
    }
  });
});
