import { describe, expect, it } from 'vitest';
import { code } from '../../../test/system.js';
import { GFP_KERNEL } from '../../frames/gfp.js';
import { PageAllocator } from '../../frames/page-allocator.js';
import { Machine } from '../../machine.js';
import { SlabAllocator } from '../../slab/slab-allocator.js';
import { PROT_READ } from '../space/area.js';
import { MemoryFault } from '../translation/memory-fault.js';
import { VirtualMemory } from '../virtual-memory.js';
import { type FileSource, MemoryFile } from './file-source.js';

const PAGE = 4096;

function boot(megabytes = 16) {
  const pages = new PageAllocator(new Machine(megabytes * 2 ** 20));
  const vm = new VirtualMemory(new SlabAllocator(pages));
  return { vm, pages, space: vm.createAddressSpace()! };
}

function fileOf(pages: number, path = '/file'): MemoryFile {
  return new MemoryFile(
    path,
    Uint8Array.from({ length: pages * PAGE }, (_, i) => Math.floor(i / PAGE) + 1),
  );
}

/** A disk that breaks. */
class BrokenFile extends MemoryFile {
  broken = false;
  closed = false;
  /** Reads and writes of what may be another file's descriptor by then. */
  stale = 0;
  override read(offset: number, target: Uint8Array): number {
    if (this.closed) this.stale++;
    if (this.broken) throw new Error('EIO: i/o error, read');
    return super.read(offset, target);
  }
  override write(offset: number, source: Uint8Array): void {
    if (this.closed) this.stale++;
    if (this.broken) throw new Error('ENOSPC: no space left on device, write');
    super.write(offset, source);
  }
  override close(): void {
    this.closed = true;
  }
}

function faultOf(call: () => unknown): MemoryFault {
  try {
    call();
  } catch (error) {
    if (error instanceof MemoryFault) return error;
    throw error;
  }
  return expect.fail('no fault');
}

describe('the page cache', () => {
  it('reads a page once, for all who map or read the file', () => {
    const { vm, space } = boot();
    const file = fileOf(8);
    const inode = vm.cache.open(file)!;
    const other = vm.createAddressSpace()!;
    const a = space.mmap({ length: 8 * PAGE, inode, protection: PROT_READ });
    const b = other.mmap({ length: 8 * PAGE, inode, shared: true });
    expect(file.reads).toBe(0);
    expect([space.loadU8(a + 2 * PAGE), other.loadU8(b + 2 * PAGE)]).toEqual([3, 3]);
    const bytes = new Uint8Array(2 * PAGE);
    expect(vm.cache.read(inode, PAGE + 100, bytes)).toBe(2 * PAGE);
    expect([bytes[0], bytes[PAGE], bytes.at(-1)]).toEqual([2, 3, 4]);
    expect(file.reads).toBe(3);
    expect([space.counts.majorFaults, other.counts.majorFaults, other.counts.minorFaults]).toEqual([1, 0, 1]);
    // A shared write is seen by all at once, a private one by its writer only.
    other.store8(b + 2 * PAGE, 99);
    expect(space.loadU8(a + 2 * PAGE)).toBe(99);
    space.mprotect(a, 8 * PAGE, 3);
    space.store8(a + 2 * PAGE, 55);
    expect([space.loadU8(a + 2 * PAGE), other.loadU8(b + 2 * PAGE), file.bytes[2 * PAGE]]).toEqual([
      55, 99, 3,
    ]);
    expect(vm.cache.dirtyPages).toBe(1);
    vm.check();
    expect(vm.cache.sync()).toBe(1);
    expect(file.bytes[2 * PAGE]).toBe(99);
    vm.check();
  });

  it('is past the end of the file SIGBUS', () => {
    const { vm, space } = boot();
    const inode = vm.cache.open(new MemoryFile('/short', new Uint8Array(PAGE + 1).fill(5)))!;
    const at = space.mmap({ length: 4 * PAGE, inode });
    expect([space.loadU8(at + PAGE), space.loadU8(at + PAGE + 1)]).toEqual([5, 0]);
    for (const access of [() => space.loadU8(at + 2 * PAGE), () => space.store8(at + 2 * PAGE, 1)]) {
      const fault = faultOf(access);
      expect([fault.signal, fault.code]).toEqual(['SIGBUS', 'BUS_ADRERR']);
    }
    expect(vm.cache.read(inode, PAGE, new Uint8Array(100))).toBe(1);
    expect(vm.cache.read(inode, 9 * PAGE, new Uint8Array(100))).toBe(0);
    vm.check();
  });

  it('tells of a file that cannot be read or written, and keeps what was not written', () => {
    const { vm, space } = boot();
    const file = new BrokenFile('/broken', new Uint8Array(4 * PAGE));
    const inode = vm.cache.open(file)!;
    const at = space.mmap({ length: 4 * PAGE, inode, shared: true });
    space.store8(at, 7);
    file.broken = true;
    const fault = faultOf(() => space.loadU8(at + PAGE));
    expect([fault.signal, String(fault.cause)]).toEqual(['SIGBUS', 'Error: EIO: i/o error, read']);
    expect(() => vm.cache.read(inode, PAGE, new Uint8Array(1))).toThrow('EIO: i/o error, read');
    const beyond = space.mmap({ length: PAGE, inode, offset: 4 * PAGE });
    expect(faultOf(() => space.loadU8(beyond)).cause).toBeUndefined();
    space.munmap(beyond, PAGE);
    expect(code(() => space.msync(at, 4 * PAGE))).toBe('EIO');
    expect(() => space.msync(at, 4 * PAGE)).toThrow('EIO: /broken cannot be written: Error: ENOSPC');
    vm.check();
    space.munmap(at, 4 * PAGE);
    expect([vm.cache.dirtyPages, vm.cache.counts.writeErrors]).toEqual([1, 1]);
    // Nor is it lost when memory is short.
    expect(vm.cache.reclaim(10) + vm.cache.reclaim(10)).toBe(0);
    vm.check();
    file.broken = false;
    expect(vm.cache.sync()).toBe(1);
    expect(file.bytes[0]).toBe(7);
  });

  it('never touches a file again that it has closed: what cannot be written then is lost, and its frames are free', () => {
    const { vm, space } = boot();
    const file = new BrokenFile('/broken', new Uint8Array(4 * PAGE));
    const inode = vm.cache.open(file)!;
    const at = space.mmap({ length: 4 * PAGE, inode, shared: true });
    vm.cache.release(inode);
    for (const page of [0, 2]) space.store8(at + page * PAGE, 7);
    space.loadU8(at + PAGE);
    file.broken = true;
    space.munmap(at, 4 * PAGE);
    expect([file.closed, vm.cache.dirtyPages, vm.cache.filePages]).toEqual([true, 0, 1]);
    expect(vm.cache.counts.writeErrors, 'one at munmap, then each page').toBe(3);
    expect([vm.cache.sync(), vm.cache.dropCaches(), file.stale]).toEqual([0, 1, 0]);
    vm.check();
    // Who opens the file again sees what is in it.
    const again = vm.cache.open(new MemoryFile('/broken', file.bytes))!;
    const byte = new Uint8Array(1);
    expect([vm.cache.read(again, 0, byte), byte[0]]).toEqual([1, 0]);
    vm.cache.release(again);
  });

  it('gives pages up under pressure: those not used lately first, dirty ones written', () => {
    const { vm, pages, space } = boot(4);
    const file = fileOf(100);
    const inode = vm.cache.open(file)!;
    const at = space.mmap({ length: 100 * PAGE, inode, shared: true });
    for (let i = 0; i < 100; i++) space.store8(at + i * PAGE + 1, i);
    expect(vm.cache.filePages).toBe(100);
    // The first look only notes who was used.
    expect(vm.cache.reclaim(10)).toBe(0);
    for (let i = 0; i < 50; i++) space.loadU8(at + i * PAGE);
    expect(vm.cache.reclaim(1000)).toBe(50);
    expect([vm.cache.filePages, space.resident.file, vm.cache.counts.pagesWritten]).toEqual([50, 50, 50]);
    vm.check();
    const reads = vm.cache.counts.pagesRead;
    for (let i = 0; i < 100; i++) expect(space.loadU8(at + i * PAGE + 1)).toBe(i);
    expect(vm.cache.counts.pagesRead - reads).toBe(50);
    // The page allocator asks by itself: more frames than are free can be had, as long as pages can be given up.
    const held: number[] = [];
    for (let f = pages.allocPages(GFP_KERNEL, 0); f !== null; f = pages.allocPages(GFP_KERNEL, 0))
      held.push(f);
    expect(vm.cache.filePages).toBe(0);
    expect(pages.counts.directReclaims).toBeGreaterThan(0);
    for (const frame of held) pages.put(frame);
    for (let i = 0; i < 100; i++) expect(space.loadU8(at + i * PAGE + 1)).toBe(i);
    vm.check();
  });

  it('drops clean pages that nobody maps when told to', () => {
    const { vm, space } = boot();
    const inode = vm.cache.open(fileOf(10))!;
    const at = space.mmap({ length: 10 * PAGE, inode, shared: true });
    space.loadU8(at);
    space.store8(at + PAGE, 1);
    vm.cache.read(inode, 2 * PAGE, new Uint8Array(3 * PAGE));
    expect(vm.cache.dropCaches()).toBe(3);
    expect(vm.cache.filePages).toBe(2);
    space.destroy();
    vm.cache.release(inode);
    expect([...vm.cache.files()].length).toBe(1);
    expect(vm.cache.dropCaches()).toBe(2);
    expect([...vm.cache.files()].length).toBe(0);
    vm.check();
  });

  it('is writable for all once it was opened so', () => {
    const { vm, space } = boot();
    const closed: string[] = [];
    const source = (name: string, writable: boolean): FileSource => ({
      path: '/same',
      device: [8, 1],
      inode: 12,
      version: '1',
      writable,
      size: PAGE,
      read: (_offset, target) => target.length,
      write: () => {},
      close: () => closed.push(name),
    });
    const inode = vm.cache.open(source('first', false))!;
    const map = () => space.mmap({ length: PAGE, inode, shared: true });
    expect(map).toThrow('EACCES: /same is open for reading only and cannot be mapped to be written');
    expect(vm.cache.open(source('second', true))).toBe(inode);
    expect(closed).toEqual(['first']);
    expect(map).not.toThrow();
    expect(vm.cache.open(source('third', true))).toBe(inode);
    expect(closed).toEqual(['first', 'third']);
    for (let i = 0; i < 3; i++) vm.cache.release(inode);
    space.destroy();
    expect(closed).toEqual(['first', 'third', 'second']);
    vm.check();
  });
});

describe('a shared segment', () => {
  it('is one set of frames in all who map it, freed after the last', () => {
    const { vm, space } = boot();
    const segment = vm.cache.createSegment('/SYSV00000000 (deleted)', 5 * PAGE)!;
    const other = vm.createAddressSpace()!;
    const a = space.mmap({ length: 5 * PAGE, inode: segment, shared: true });
    const b = other.mmap({ length: 3 * PAGE, inode: segment, shared: true, offset: 2 * PAGE });
    space.writeString(a + 2 * PAGE, 'hello');
    expect(other.readString(b)).toBe('hello');
    expect([vm.cache.segmentPages, space.resident.shared, other.resident.shared]).toEqual([1, 1, 1]);
    vm.cache.release(segment);
    space.destroy();
    expect(other.readString(b)).toBe('hello');
    vm.check();
    // No swap: it cannot be given up.
    expect(vm.cache.reclaim(100)).toBe(0);
    other.munmap(b, 3 * PAGE);
    expect([vm.cache.segmentPages, [...vm.cache.files()].length]).toEqual([0, 0]);
    vm.check();
  });
});
