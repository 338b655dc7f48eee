/** A number that came as text or as a bigint is told by its type, so that `got 1024` never means "1024". */
import { describe, expect, it } from 'vitest';
import { Kernel, Machine, PageAllocator } from '../src/index.js';

const kernel = new Kernel();
const cache = (size: number) => kernel.slab.createCache('odd', size);

describe.each([
  ['"1024"', '1024'],
  ['1024n', 1024n],
  ['[object Array]', [1024]],
])('%s where a number must be', (shown, value) => {
  const wrong = value as never;

  it.each([
    ['Machine', () => new Machine(wrong)],
    ['PageAllocator', () => new PageAllocator(new Machine(2 ** 24), { cpus: wrong })],
    ['allocPages', () => kernel.pages.allocPages(0, wrong)],
    ['kmalloc', () => kernel.slab.kmalloc(wrong)],
    ['createCache', () => cache(wrong)],
    ['vmalloc', () => kernel.vm.kernel.vmalloc(wrong)],
    ['mmap', () => kernel.process(1).mmap({ length: wrong })],
    ['process', () => kernel.processes.get(wrong)],
    ['segment', () => kernel.segments.byId(wrong)],
    ['malloc', () => kernel.process(1).heap.malloc(wrong)],
  ])('%s', (_, call) => {
    expect(call).toThrow(shown);
  });
});
