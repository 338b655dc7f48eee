import { describe, expect, it } from 'vitest';
import { PageAllocator } from '../../frames/page-allocator.js';
import { Machine } from '../../machine.js';
import { SlabAllocator } from '../../slab/slab-allocator.js';
import { VirtualMemory } from '../virtual-memory.js';
import { TLB_ENTRIES, TLB_FLUSHES, TLB_HITS, TLB_INVALIDATIONS, TLB_MISSES } from './tlb.js';

const PAGE = 4096;

function boot() {
  const vm = new VirtualMemory(new SlabAllocator(new PageAllocator(new Machine(16 * 2 ** 20))));
  return { vm, space: vm.createAddressSpace()!, counts: vm.tlb.counts };
}

describe('the TLB', () => {
  it('counts hits and misses', () => {
    const { space, counts } = boot();
    const at = space.mmap({ length: 4 * PAGE });
    for (let i = 0; i < 100; i++) space.store32(at + 4 * i, i);
    expect([counts[TLB_HITS], counts[TLB_MISSES]]).toEqual([99, 1]);
    for (let i = 0; i < 100; i++) space.loadU32(at + 4 * i);
    expect([counts[TLB_HITS], counts[TLB_MISSES]]).toEqual([199, 1]);
    // A page that was only read is walked to again when it is written: the tables must be told.
    space.loadU8(at + PAGE);
    space.store8(at + PAGE, 1);
    expect(counts[TLB_MISSES]).toBe(3);
  });

  it('holds one page of those that lie 4 MiB apart', () => {
    const { space, counts } = boot();
    const at = space.mmap({ length: (TLB_ENTRIES + 1) * PAGE });
    for (let i = 0; i < 10; i++) {
      space.store8(at, i);
      space.store8(at + TLB_ENTRIES * PAGE, i);
    }
    expect([counts[TLB_HITS], counts[TLB_MISSES]]).toEqual([0, 20]);
  });

  it('keeps address spaces apart, without a flush when they take turns', () => {
    const { vm, space, counts } = boot();
    const other = vm.createAddressSpace()!;
    const a = space.mmap({ length: PAGE, address: 0x10_0000 });
    const b = other.mmap({ length: PAGE, address: 0x10_1000 });
    for (let i = 0; i < 10; i++) {
      space.store8(a, 1);
      other.store8(b, 2);
    }
    expect([counts[TLB_HITS], counts[TLB_MISSES], counts[TLB_FLUSHES]]).toEqual([18, 2, 0]);
    expect(() => other.loadU8(a)).toThrow('SEGV_MAPERR');
  });

  it('leads no address past 48 bits, or below zero, into the memory of another space', () => {
    const { vm, space } = boot();
    const other = vm.createAddressSpace()!;
    const at = other.mmap({ length: PAGE });
    other.store8(at, 42);
    const kernel = vm.kernel.vmalloc(PAGE)!;
    vm.kernel.store8(kernel, 77);
    for (const [victim, address] of [
      [other, at],
      [vm.kernel, kernel],
    ] as const) {
      // Page and number of the space together are the victim's tag.
      const alias = address + (victim.asid - space.asid) * PAGE;
      expect(() => space.loadU8(alias)).toThrow('SEGV_MAPERR');
      expect(() => space.store8(alias, 1)).toThrow('SEGV_MAPERR');
    }
    expect([other.loadU8(at), vm.kernel.loadU8(kernel)]).toEqual([42, 77]);
    vm.check();
  });

  it('is flushed by what takes rights away, and a single page invalidated by a copy', () => {
    const { vm, space, counts } = boot();
    const at = space.mmap({ length: 4 * PAGE });
    space.store8(at, 1);
    const child = space.fork();
    expect(counts[TLB_FLUSHES]).toBe(1);
    space.loadU8(at);
    space.store8(at, 2);
    expect(counts[TLB_INVALIDATIONS]).toBe(1);
    space.mprotect(at, PAGE, 0);
    expect(counts[TLB_FLUSHES]).toBe(2);
    child.destroy();
    vm.check();
  });

  it('gives numbers to address spaces anew when they run out', () => {
    const { vm, space } = boot();
    const other = vm.createAddressSpace()!;
    const [a, b] = [space, other].map((each, i) => {
      const at = each.mmap({ length: PAGE, address: 0x10_0000 + i * PAGE });
      each.store8(at, i + 1);
      return at;
    }) as [number, number];
    for (let i = 0; i < 2 ** 17 + 10; i++) {
      space.flushTlb();
      if (i % 4096 === 0) expect([space.loadU8(a), other.loadU8(b)]).toEqual([1, 2]);
    }
    expect(new Set([space.asid, other.asid, vm.kernel.asid]).size).toBe(3);
    expect(() => other.loadU8(a)).toThrow('SEGV_MAPERR');
    vm.check();
  });
});
