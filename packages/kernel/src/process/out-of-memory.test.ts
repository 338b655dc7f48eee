/** Every frame that an operation asks for is refused once: it must then have done nothing at all. */
import { describe, expect, it } from 'vitest';
import { bootForTest, code, endAll, FILE_BYTES, maps, PAGE } from '../../test/system.js';
import type { Kernel } from '../kernel.js';
import { PROT_READ } from '../vm/space/area.js';
import type { Process } from './process.js';

interface Prepared {
  readonly kernel: Kernel;
  readonly process: Process;
}

interface Operation {
  readonly name: string;
  /** Frames that it asks for, at least. */
  readonly frames: number;
  /** It touches memory of the process's own: pages that it reached before the refusal stay. */
  readonly touches?: true;
  /** Makes all that is not the operation's own. @returns the operation */
  readonly prepare: (system: Prepared) => () => unknown;
}

const OPERATIONS: readonly Operation[] = [
  {
    name: 'fork',
    frames: 7,
    prepare:
      ({ kernel, process }) =>
      () =>
        kernel.processes.fork(process),
  },
  {
    name: 'fork of a process with a heap, a file and a segment',
    frames: 9,
    prepare({ kernel, process }) {
      process.space.fill(process.heap.malloc(40_000), 40_000, 1);
      process.mmap({ length: 600 * PAGE, populate: true });
      process.attach(kernel.segments.get(1, 4 * PAGE));
      return () => kernel.processes.fork(process);
    },
  },
  {
    name: 'exec of a fixed program',
    frames: 9,
    prepare:
      ({ kernel, process }) =>
      () =>
        kernel.processes.exec(process, '/bin/program', ['a', 'b']),
  },
  {
    name: 'exec of a position-independent program',
    frames: 9,
    prepare:
      ({ kernel, process }) =>
      () =>
        kernel.processes.exec(process, '/bin/pie'),
  },
  {
    name: 'exec of a script',
    frames: 9,
    prepare:
      ({ kernel, process }) =>
      () =>
        kernel.processes.exec(process, '/bin/script'),
  },
  {
    name: 'brk',
    frames: 1,
    prepare:
      ({ process }) =>
      () =>
        process.sbrk(10 * PAGE),
  },
  {
    name: 'mmap',
    frames: 1,
    prepare:
      ({ process }) =>
      () =>
        process.mmap({ length: 10 * PAGE }),
  },
  {
    name: 'mmap of a file',
    frames: 2,
    prepare:
      ({ kernel, process }) =>
      () => {
        const inode = kernel.processes.open('/data/pages', true);
        try {
          return process.mmap({ length: FILE_BYTES, inode, shared: true });
        } finally {
          kernel.vm.cache.release(inode);
        }
      },
  },
  {
    name: 'munmap in the middle of an area',
    frames: 1,
    prepare({ process }) {
      const address = process.mmap({ length: 9 * PAGE, populate: true });
      return () => process.munmap(address + 4 * PAGE, PAGE);
    },
  },
  {
    name: 'mprotect in the middle of an area',
    frames: 1,
    prepare({ process }) {
      const address = process.mmap({ length: 9 * PAGE, populate: true });
      return () => process.mprotect(address + 4 * PAGE, PAGE, PROT_READ);
    },
  },
  {
    name: 'the creation of a segment',
    frames: 1,
    prepare:
      ({ kernel }) =>
      () =>
        kernel.segments.get(7, 8 * PAGE),
  },
  {
    name: 'the attachment of a segment',
    frames: 1,
    prepare({ kernel, process }) {
      const segment = kernel.segments.get(7, 8 * PAGE);
      return () => process.attach(segment);
    },
  },
  {
    name: 'the first touch of a segment',
    frames: 3,
    prepare({ kernel, process }) {
      const address = process.attach(kernel.segments.get(7, 8 * PAGE), { address: 0x7000_0000 });
      return () => process.space.store8(address, 1);
    },
  },
  {
    name: 'the first touch of a file',
    frames: 3,
    prepare({ kernel, process }) {
      const inode = kernel.processes.open('/data/pages', false);
      const address = process.mmap({ address: 0x7000_0000, fixed: true, length: FILE_BYTES, inode });
      kernel.vm.cache.release(inode);
      return () => process.space.loadU8(address) + 1;
    },
  },
  {
    name: 'a private copy of a page of a file',
    frames: 4,
    prepare({ kernel, process }) {
      const inode = kernel.processes.open('/data/pages', false);
      const address = process.mmap({ address: 0x7000_0000, fixed: true, length: FILE_BYTES, inode });
      kernel.vm.cache.release(inode);
      return () => process.space.store8(address, 1);
    },
  },
  {
    name: 'the first write after a fork',
    frames: 1,
    prepare({ kernel, process }) {
      const address = process.mmap({ length: PAGE, populate: true });
      kernel.processes.fork(process);
      return () => process.space.store8(address, 1);
    },
  },
  {
    name: 'the growth of the stack',
    frames: 1,
    prepare:
      ({ process }) =>
      () =>
        process.push(3 * PAGE),
  },
  {
    name: 'malloc',
    frames: 1,
    prepare:
      ({ process }) =>
      () =>
        process.heap.malloc(200_000),
  },
  {
    name: 'a stack of a thread',
    frames: 1,
    prepare:
      ({ process }) =>
      () =>
        process.createThread(200_000),
  },
  {
    name: 'a realloc that moves',
    frames: 2,
    touches: true,
    prepare({ process }) {
      const block = process.heap.malloc(10_000);
      process.heap.malloc(16);
      process.space.fill(block, 10_000, 5);
      return () => process.heap.realloc(block, 20_000);
    },
  },
  {
    name: 'a calloc of memory used before',
    frames: 3,
    touches: true,
    prepare({ process }) {
      // Granted, never touched, and given back: calloc must clear it, and that is its first touch.
      process.heap.free(process.heap.malloc(10_000));
      return () => process.heap.calloc(1, 10_000);
    },
  },
];

/** All that a refusal must leave as it is. */
function stateOf({ kernel, process }: Prepared, touches = false): unknown {
  const heap = process.heapInUse;
  return {
    maps: maps(process),
    break: process.break,
    stack: process.task.stackPointer,
    path: process.path,
    processes: kernel.processes.size,
    segments: kernel.segments.list().map(({ id, attached }) => [id, attached]),
    blocks: heap === null ? [] : [...heap.blocks()],
    threads: process.threads.size,
    ...(touches ? {} : { resident: { ...process.space.resident }, free: kernel.pages.freeFrames }),
  };
}

/** Takes the objects at hand in the caches, so that the next one needs a frame. @returns what gives them back */
function exhaust(kernel: Kernel): () => void {
  const taken = ['vm_area_struct', 'inode_cache', 'mm_struct', 'task_struct'].map((name) => {
    const cache = kernel.slab.cache(name)!;
    const objects: number[] = [];
    for (let { activeObjects, objects: all } = cache.stats(); activeObjects < all; activeObjects++) {
      objects.push(cache.alloc()!);
    }
    return { cache, objects };
  });
  return () => {
    for (const { cache, objects } of taken) for (const object of objects) cache.free(object);
  };
}

describe('without memory', () => {
  it.each(OPERATIONS)('$name does all or nothing', ({ frames, touches, prepare }) => {
    const { kernel } = bootForTest();
    const process = kernel.processes.fork(kernel.process(1));
    const system = { kernel, process };
    const operation = prepare(system);
    let refusals = 0;
    for (let n = 1; ; n++) {
      kernel.dropCaches();
      const giveBack = exhaust(kernel);
      const before = stateOf(system, touches);
      kernel.pages.failNth(n);
      let value: unknown;
      let result = code(() => {
        value = operation();
      });
      // malloc says no by 0.
      if (value === 0) result = 'null';
      kernel.pages.failNth(0);
      if (result === 'accepted') {
        giveBack();
        break;
      }
      refusals++;
      giveBack();
      kernel.check();
      kernel.dropCaches();
      const restore = exhaust(kernel);
      expect(stateOf(system, touches), `after the refusal of request ${n}, told as ${result}`).toEqual(
        before,
      );
      restore();
    }
    expect(refusals).toBeGreaterThanOrEqual(frames);
    endAll(kernel);
  });
});
