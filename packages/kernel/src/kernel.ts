/**
 * A booted machine: physical memory, the page allocator, the object caches, virtual memory, processes and shared
 * segments, put together. Everything that a level takes, it takes from the one below.
 */
import { INSPECT, summary } from 'freehold';
import { PageAllocator, type PageAllocatorOptions } from './frames/page-allocator.js';
import { Machine } from './machine.js';
import type { Process } from './process/process.js';
import { type OpenFile, ProcessTable } from './process/process-table.js';
import { SharedSegments } from './process/shared-segments.js';
import { SlabAllocator } from './slab/slab-allocator.js';
import type { FileSource } from './vm/page-cache/file-source.js';
import { VirtualMemory } from './vm/virtual-memory.js';

export interface KernelOptions extends PageAllocatorOptions {
  /** 1 MiB to 4 GiB in whole frames; 64 MiB when left out. */
  readonly memoryBytes?: number;
  /**
   * How exec and mmap reach files: `new HostFiles().open` of `@freehold/kernel/node` reads those of this machine and
   * writes none that it was not told to. No file is there when left out.
   */
  readonly openFile?: OpenFile;
}

const MEMORY_BYTES = 64 * 2 ** 20;

/**
 * A booted machine: every level from frames to processes, each taking its memory from the one below. The levels are
 * its properties: `pages`, `slab`, `vm`, `processes`, `segments`.
 * @example
 * ```js
 * const kernel = new Kernel({ memoryBytes: 16 * 2 ** 20 });
 * const init = kernel.process(1);
 * const text = init.heap.malloc(100);
 * init.space.writeString(text, 'hello');
 * const child = kernel.processes.fork(init);
 * child.space.readString(text);   // => 'hello'
 * kernel.check();
 * ```
 */
export class Kernel {
  readonly machine: Machine;
  readonly pages: PageAllocator;
  readonly slab: SlabAllocator;
  readonly vm: VirtualMemory;
  readonly processes: ProcessTable;
  readonly segments: SharedSegments;
  /** Frames that were free before the first process: what `shutDown` must give back. */
  readonly freeFramesAtBoot: number;

  /**
   * Boots: afterwards process 1 is there.
   * @throws RangeError for a bad option; SystemCallError ENOMEM, or Error, when the memory is too small for that
   */
  constructor(options: KernelOptions = {}) {
    this.machine = new Machine(options.memoryBytes ?? MEMORY_BYTES);
    this.pages = new PageAllocator(this.machine, options);
    this.slab = new SlabAllocator(this.pages);
    this.vm = new VirtualMemory(this.slab);
    this.processes = new ProcessTable(this.vm, options.openFile ?? noFiles);
    this.segments = new SharedSegments(this.vm.cache);
    this.freeFramesAtBoot = this.pages.freeFrames;
    this.processes.createInit();
  }

  /**
   * The process with that id; zombies, which nobody has waited for yet, included. O(1).
   * @throws SystemCallError ESRCH when there is none
   * @example
   * ```js
   * const kernel = new Kernel();
   * kernel.process(1).task.name;   // => 'init'
   * kernel.process(2);   // => throws SystemCallError: ESRCH: no process has the id 2
   * ```
   */
  process(pid: number): Process {
    return this.processes.get(pid);
  }

  /**
   * Ends every process and removes every shared segment, then empties the caches. Nothing can be forked any more.
   * Frames that are missing from `freeFramesAtBoot` afterwards are a leak of the kernel.
   * @returns the free frames: as many as at boot, but for those that the kernel itself holds, such as by kmalloc
   * @example
   * ```js
   * const kernel = new Kernel();
   * kernel.processes.fork(kernel.process(1)).heap.malloc(50_000);
   * const leaked = kernel.pages.allocPages(GFP_KERNEL, 2);
   * kernel.freeFramesAtBoot - kernel.shutDown();   // => 4
   * ```
   */
  shutDown(): number {
    const processes = this.processes.list();
    for (const process of processes) if (process.pid !== 1 && !process.isZombie) this.processes.exit(process);
    const init = processes.find(({ pid }) => pid === 1);
    if (init !== undefined) {
      while (init.children.size > 0) this.processes.wait(init);
      this.processes.exit(init);
    }
    for (const { id, removed } of this.segments.list()) if (!removed) this.segments.remove(id);
    this.dropCaches();
    return this.pages.freeFrames;
  }

  /**
   * Gives up clean pages of files that nobody maps, and free slabs: to measure from the same state each time (`echo
   * 3 > /proc/sys/vm/drop_caches`). Dirty pages stay: `vm.cache.sync()` first.
   * @returns the frames that became free
   * @example
   * ```js
   * const kernel = new Kernel({ openFile: (path) => new MemoryFile(path, new Uint8Array(40_960)) });
   * const file = kernel.processes.open('/data', false);
   * kernel.vm.cache.read(file, 0, new Uint8Array(40_960));   // => 40960
   * kernel.vm.cache.filePages;   // => 10
   * kernel.dropCaches() >= 10;   // => true
   * kernel.vm.cache.filePages;   // => 0
   * ```
   */
  dropCaches(): number {
    const before = this.pages.freeFrames;
    this.vm.cache.dropCaches();
    this.slab.shrinkAll();
    return this.pages.freeFrames - before;
  }

  /**
   * Every law of every level: each frame is owned once; references are as many as mappings and holders; free and
   * used make up all; descriptors, areas, tables and heaps agree. Changes nothing.
   * @throws CorruptionError naming the broken law. O(frames + objects + mapped pages + blocks of heaps).
   * @example
   * ```js
   * const kernel = new Kernel();
   * const { space } = kernel.process(1);
   * const at = space.mmap({ length: 4096, populate: true });
   * kernel.check();
   * // A page table entry is lost, and nobody told: so would a bug in munmap.
   * space.table.clear(space.table.find(at / 4096));
   * kernel.check();   // => throws CorruptionError
   * ```
   */
  check(): void {
    // Walks the page allocator and the object caches too.
    this.vm.check();
    this.processes.check();
    for (const process of this.processes.list()) process.heapInUse?.check();
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new Kernel().toJSON().processes;   // => 1
   * ```
   */
  toJSON(): object {
    return {
      memoryBytes: this.machine.bytes,
      freeFrames: this.pages.freeFrames,
      freeFramesAtBoot: this.freeFramesAtBoot,
      processes: this.processes.size,
    };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}

function noFiles(path: string): FileSource {
  throw Object.assign(new Error(`${path}: this kernel was booted without files`), { code: 'ENOENT' });
}
