/**
 * A booted machine: physical memory, the page allocator, the object caches, virtual memory, processes and shared
 * segments, put together. Everything that a level takes, it takes from the one below.
 */
import { PageAllocator, type PageAllocatorOptions } from './frames/page-allocator.js';
import { Machine } from './machine.js';
import type { Process } from './process/process.js';
import { type OpenFile, ProcessTable } from './process/process-table.js';
import { SharedSegments } from './process/shared-segments.js';
import { SlabAllocator } from './slab/slab-allocator.js';
import type { FileSource } from './vm/file-source.js';
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

  /** @throws SystemCallError ESRCH when there is none */
  process(pid: number): Process {
    return this.processes.get(pid);
  }

  /**
   * Ends every process and removes every shared segment, then empties the caches.
   * @returns the free frames: as many as at boot, but for what the kernel itself holds by kmalloc and the like
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

  /** Gives up clean pages of files that nobody maps, and free slabs. @returns the frames that became free */
  dropCaches(): number {
    const before = this.pages.freeFrames;
    this.vm.cache.dropCaches();
    this.slab.shrinkAll();
    return this.pages.freeFrames - before;
  }

  /**
   * Every law of every level: each frame is owned once; references are as many as mappings and holders; free and used
   * make up all; descriptors, areas, tables and heaps agree.
   * @throws CorruptionError naming the broken law. O(frames + objects + mapped pages + blocks of heaps).
   */
  check(): void {
    // Walks the page allocator and the object caches too.
    this.vm.check();
    this.processes.check();
    for (const process of this.processes.list()) process.heapInUse?.check();
  }
}

function noFiles(path: string): FileSource {
  throw Object.assign(new Error(`${path}: this kernel was booted without files`), { code: 'ENOENT' });
}
