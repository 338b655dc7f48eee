/** Every public object as `console.log` and `JSON.stringify` show it: facts, not the arrays it keeps them in. */
import { inspect } from 'node:util';
import * as kernel from '@freehold/kernel';
import * as kernelNode from '@freehold/kernel/node';
import * as core from 'freehold';
import { describe, expect, it } from 'vitest';

const LINE_MAX = 300;
const JSON_MAX = 300;

const machine = new kernel.Kernel();
const process1 = machine.process(1);
const address = process1.mmap({ length: 8192 });
process1.space.store8(address, 1);
const program = new kernel.MemoryFile('/bin/a', new Uint8Array(10_000));
const inode = new kernel.Inode(0, '/bin/a', [8, 1], 1, program);
machine.vm.kernel.vmalloc(8192);
const heap = core.Heap.create(new ArrayBuffer(65_536));
for (let i = 0; i < 100; i++) heap.malloc(16 + i);
const naive = new core.NaiveAllocator({ capacity: 65_536 });
for (let i = 0; i < 100; i++) naive.allocate(16 + i);
const debugHeap = new core.DebugHeap(core.Heap.create(new ArrayBuffer(65_536)));

/** An object of each class that has more than a few numbers in it. */
const OBJECTS: readonly object[] = [
  new core.Blocks({ capacity: 65_536, block: 64 }),
  new core.Buddy({ capacity: 65_536, unit: 64 }),
  new core.BuddyUnits({ units: 1024 }),
  new core.IndexedFit({ capacity: 65_536 }),
  naive,
  naive.descriptor,
  naive.descriptor.segments,
  naive.descriptor.free,
  naive.descriptor.segments.head!,
  naive.policy,
  heap.array(Int16Array, 3)!,
  heap.memory,
  new core.HeapAllocator(core.Heap.create(new ArrayBuffer(65_536))),
  debugHeap.faults,
  new core.Tlsf({ capacity: 65_536 }),
  machine,
  machine.machine,
  machine.pages,
  machine.pages.descriptors,
  machine.pages.zones[0]!,
  machine.slab,
  machine.slab.cache('mm_struct')!,
  machine.vm,
  machine.vm.cache,
  machine.vm.tlb,
  machine.vm.kernel,
  machine.vm.kernel.areas,
  machine.vm.kernel.areas.head!,
  machine.vm.kernel.table,
  machine.processes,
  machine.segments,
  machine.segments.get(7, 4096),
  process1,
  process1.task,
  process1.space,
  process1.space.areas,
  process1.space.areas.find(address)!,
  process1.heap,
  new kernel.PageRange({ capacity: 2 ** 20 }),
  new kernel.SlabRange({ capacity: 2 ** 20 }),
  program,
  new kernel.FileCopy(program),
  inode,
  new kernel.CachedPage(inode, 0, 1),
  new kernelNode.HostFiles(),
  new kernelNode.NodeFile(process.execPath),
];

/** Shown in a line too; JSON.stringify gives all that `dump` and `report` tell. */
const REPORTING: readonly object[] = [heap, debugHeap];

const nameOf = (object: object) => object.constructor.name;
const exported = { ...core, ...kernel, ...kernelNode };

describe.each([...OBJECTS, ...REPORTING].map((object) => [nameOf(object), object] as const))(
  '%s',
  (name, object) => {
    it('is shown by console.log in a line', () => {
      const shown = inspect(object);
      expect(shown).toMatch(new RegExp(`^${name} \\{ .* \\}$`));
      expect(shown.length).toBeLessThanOrEqual(LINE_MAX);
    });
  },
);

describe.each(OBJECTS.map((object) => [nameOf(object), object] as const))('%s', (_, object) => {
  it('is a few facts in JSON', () => {
    const text = JSON.stringify(object);
    expect(text.length).toBeLessThanOrEqual(JSON_MAX);
    expect(Object.keys(JSON.parse(text)).length).toBeGreaterThan(0);
  });
});

it('no public class is left out', () => {
  const shown = [...OBJECTS, ...REPORTING];
  const missing = Object.entries(exported)
    .filter(
      ([, value]) => typeof value === 'function' && /^class /.test(Function.prototype.toString.call(value)),
    )
    .filter(([, value]) => !((value as { prototype: unknown }).prototype instanceof Error))
    .filter(([, value]) => !shown.some((object) => object instanceof (value as new () => object)))
    .map(([name]) => name);
  expect(missing).toEqual([]);
});
