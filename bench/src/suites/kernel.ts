/** The kernel's levels, each beside the same loop on a plain allocator or on plain memory. */

import {
  FrameDescriptors,
  GFP_KERNEL,
  Machine,
  PageAllocator,
  SlabAllocator,
  VirtualMemory,
} from '@freehold/kernel';
import { median, Random } from '@freehold/lab';
import { Buddy, Heap } from 'freehold';
import { find, type Job, nanoseconds, ns, type Result, type Suite } from '../suite.js';

const MEMORY = 256 * 2 ** 20;
const FRAME = 4096;
const LIVE = 1024;
const OBJECT = 192;
const WINDOW = 256 * FRAME;
const FORKED = 10_000;
const CONTENDERS = ['kernel', 'buddy', 'heap', 'plain'] as const;

type Measure = (short: boolean) => number;

interface Operation {
  readonly name: string;
  readonly goal: string;
  readonly most: number;
  readonly unit: string;
  readonly contenders: Readonly<Partial<Record<(typeof CONTENDERS)[number], Measure>>>;
  /** The figure is the same each time. */
  readonly once?: true;
}

const OPERATIONS: readonly Operation[] = [
  {
    name: 'a frame',
    goal: 'allocPages and freePages of a single frame at most 60 ns',
    most: 60,
    unit: 'ns',
    contenders: { kernel: frames(0), buddy: buddyBlocks(FRAME, FRAME), heap: heapBlocks(FRAME) },
  },
  {
    name: '8 frames',
    goal: 'of 8 frames at most 200 ns',
    most: 200,
    unit: 'ns',
    contenders: { kernel: frames(3), buddy: buddyBlocks(FRAME, 8 * FRAME), heap: heapBlocks(8 * FRAME) },
  },
  {
    name: `an object of ${OBJECT} bytes`,
    goal: 'alloc and free of an object cache at most 30 ns',
    most: 30,
    unit: 'ns',
    contenders: { kernel: objects, buddy: buddyBlocks(64, OBJECT), heap: heapBlocks(OBJECT) },
  },
  {
    name: 'a load',
    goal: 'a load on a TLB hit at most 15 ns',
    most: 15,
    unit: 'ns',
    contenders: { kernel: loads, plain: plainLoads },
  },
  {
    name: 'a store',
    goal: 'a store on a TLB hit at most 15 ns',
    most: 15,
    unit: 'ns',
    contenders: { kernel: stores, plain: plainStores },
  },
  {
    name: 'fork, 10,000 pages',
    goal: 'a fork of 10,000 mapped pages at most 5 ms',
    most: 5e6,
    unit: 'ns',
    contenders: { kernel: forks, plain: copies },
  },
  {
    name: 'frame descriptor',
    goal: 'a frame descriptor at most 16 bytes',
    most: 16,
    unit: 'bytes',
    contenders: { kernel: () => new FrameDescriptors(1).bytesPerFrame },
    once: true,
  },
];

export const kernel: Suite = {
  id: 'kernel',
  title: "The kernel's levels",
  method:
    '256 MiB of memory. Frames and objects: 1,024 are live, in turn a random one of them is given back and another taken; ' +
    'the time is that of both. Beside it, the same on the buddy system (units of a frame, for objects of 64 bytes) and on the ' +
    'heap. Loads and stores: 32-bit words in order over 256 pages; beside it, the same on a typed array. Fork: of a ' +
    'process that wrote to 10,000 pages, median of 15; beside it, copying as many frames. Times are nanoseconds.',
  jobs: () =>
    OPERATIONS.flatMap(({ name, contenders, once }) =>
      Object.keys(contenders).map((contender) => ({
        contender,
        at: { operation: name },
        ...(once === true ? { once } : {}),
      })),
    ),
  measure: async ({ contender, at }: Job, short) => {
    const operation = OPERATIONS.find(({ name }) => name === at['operation'])!;
    return operation.contenders[CONTENDERS.find((each) => each === contender)!]!(short);
  },
  tables: (results) => [
    {
      head: ['operation', ...CONTENDERS],
      rows: OPERATIONS.map(({ name, contenders, unit }) => [
        unit === 'ns' ? name : `${name}, ${unit}`,
        ...CONTENDERS.map((contender) => {
          if (contenders[contender] === undefined) return '';
          const { median, min, max } = find(results, contender, 'operation', name);
          return min === max ? ns(median) : `${ns(median)} (${ns(min)}–${ns(max)})`;
        }),
      ]),
    },
  ],
  goals: (results: readonly Result[]) =>
    OPERATIONS.map(({ name, goal, most, unit }) => {
      const found = find(results, 'kernel', 'operation', name).median;
      return { goal, met: found <= most, found: `${ns(found)} ${unit}` };
    }),
};

/** Which of the live blocks is replaced, drawn before the clock runs. */
function drawn(): Int32Array {
  const random = new Random(3);
  return Int32Array.from({ length: 2 ** 16 }, () => random.below(LIVE));
}

/** Replaces random ones of LIVE blocks. @returns ns a pair of free and allocate */
function replaced(short: boolean, allocate: () => number, replace: Replace): number {
  const live = new Float64Array(LIVE);
  for (let i = 0; i < LIVE; i++) live[i] = allocate();
  const which = drawn();
  const count = short ? 100_000 : 3_000_000;
  replace(live, which, 200_000);
  return nanoseconds(() => replace(live, which, count)) / count;
}

type Replace = (live: Float64Array, which: Int32Array, count: number) => void;

function frames(order: number): Measure {
  return (short) => {
    const pages = new PageAllocator(new Machine(MEMORY));
    return replaced(
      short,
      () => pages.allocPages(GFP_KERNEL, order)!,
      (live, which, count) => {
        for (let i = 0; i < count; i++) {
          const slot = which[i & 0xffff]!;
          pages.freePages(live[slot]!, order);
          live[slot] = pages.allocPages(GFP_KERNEL, order)!;
        }
      },
    );
  };
}

function objects(short: boolean): number {
  const slab = new SlabAllocator(new PageAllocator(new Machine(MEMORY)));
  const cache = slab.createCache('dentry', OBJECT);
  return replaced(
    short,
    () => cache.alloc()!,
    (live, which, count) => {
      for (let i = 0; i < count; i++) {
        const slot = which[i & 0xffff]!;
        cache.free(live[slot]!);
        live[slot] = cache.alloc()!;
      }
    },
  );
}

function buddyBlocks(unit: number, size: number): Measure {
  return (short) => {
    const buddy = new Buddy({ capacity: MEMORY, unit, orders: 11 });
    return replaced(
      short,
      () => buddy.allocate(size)!,
      (live, which, count) => {
        for (let i = 0; i < count; i++) {
          const slot = which[i & 0xffff]!;
          buddy.free(live[slot]!);
          live[slot] = buddy.allocate(size)!;
        }
      },
    );
  };
}

function heapBlocks(size: number): Measure {
  return (short) => {
    const heap = Heap.create(new ArrayBuffer(MEMORY));
    return replaced(
      short,
      () => heap.malloc(size),
      (live, which, count) => {
        for (let i = 0; i < count; i++) {
          const slot = which[i & 0xffff]!;
          heap.free(live[slot]!);
          live[slot] = heap.malloc(size);
        }
      },
    );
  };
}

function processOf(pages: number) {
  const vm = new VirtualMemory(new SlabAllocator(new PageAllocator(new Machine(MEMORY))));
  const space = vm.createAddressSpace()!;
  const at = space.mmap({ length: pages * FRAME });
  space.fill(at, pages * FRAME, 1);
  return { space, at };
}

/** Goes over the window again and again. @returns ns an access */
function accesses(short: boolean, pass: () => number): number {
  const passes = short ? 5 : 100;
  let sink = 0;
  for (let i = 0; i < 5; i++) sink += pass();
  const time = nanoseconds(() => {
    for (let i = 0; i < passes; i++) sink += pass();
  });
  if (Number.isNaN(sink)) throw new Error('memory held no numbers');
  return time / (passes * (WINDOW / 4));
}

function loads(short: boolean): number {
  const { space, at } = processOf(WINDOW / FRAME);
  return accesses(short, () => {
    let sum = 0;
    for (let i = 0; i < WINDOW; i += 4) sum = (sum + space.loadU32(at + i)) | 0;
    return sum;
  });
}

function plainLoads(short: boolean): number {
  const words = new Uint32Array(MEMORY / 4).fill(1, 0, WINDOW / 4);
  return accesses(short, () => {
    let sum = 0;
    for (let i = 0; i < WINDOW; i += 4) sum = (sum + words[i >>> 2]!) | 0;
    return sum;
  });
}

function stores(short: boolean): number {
  const { space, at } = processOf(WINDOW / FRAME);
  return accesses(short, () => {
    for (let i = 0; i < WINDOW; i += 4) space.store32(at + i, i);
    return 0;
  });
}

function plainStores(short: boolean): number {
  const words = new Uint32Array(MEMORY / 4);
  return accesses(short, () => {
    for (let i = 0; i < WINDOW; i += 4) words[i >>> 2] = i;
    return words[5]!;
  });
}

/** Median time of a call, the first few left out. */
function medianTime(short: boolean, call: () => void, after: () => void): number {
  const times: number[] = [];
  const count = short ? 3 : 20;
  for (let i = 0; i < count; i++) {
    times.push(nanoseconds(call));
    after();
  }
  return median(times.slice(short ? 0 : 5));
}

function forks(short: boolean): number {
  const { space } = processOf(FORKED);
  let child = space;
  return medianTime(
    short,
    () => {
      child = space.fork();
    },
    () => child.destroy(),
  );
}

function copies(short: boolean): number {
  const machine = new Machine(MEMORY);
  machine.u8.fill(1, 0, 2 * FORKED * FRAME);
  return medianTime(
    short,
    () => {
      for (let frame = 0; frame < FORKED; frame++) machine.copyFrame(frame, FORKED + frame);
    },
    () => {},
  );
}
