/**
 * A process: a descriptor, an address space, and the system calls about its memory. Loads and stores go to `space`.
 *
 * A call that is refused throws a SystemCallError with the code that Linux gives, and changes nothing. Cost: as the
 * calls of AddressSpace below it; brk O(log areas).
 * Source: Linux mm/mmap.c (`brk`), ipc/shm.c (`do_shmat`, `ksys_shmdt`).
 */

import { display, INSPECT, summary } from 'freehold';
import { SystemCallError } from '../errors.js';
import { UserMalloc, type UserMemory } from '../malloc/user-malloc.js';
import type { AddressSpace } from '../vm/space/address-space.js';
import { type Area, HEAP_NAME, PROT_READ, PROT_WRITE } from '../vm/space/area.js';
import type { MapOptions } from '../vm/space/map-options.js';
import type { RemapOptions } from '../vm/space/mremap.js';
import { hexAddress } from '../vm/translation/memory-fault.js';
import { pageUp } from './elf.js';
import { isSharedSegment, type SharedSegment } from './shared-segments.js';
import type { Task } from './task.js';

/** A stack that the user allocated for a thread: no area of its own, it neither grows nor is guarded. */
export interface ThreadStack {
  readonly id: number;
  readonly address: number;
  readonly bytes: number;
}

export interface AttachOptions {
  /** Where, a multiple of 4096; the highest free place when left out. */
  readonly address?: number;
  readonly readOnly?: boolean;
}

/**
 * A process: its descriptor `task`, its memory `space`, its malloc `heap`, and the system calls about its memory.
 * Made by `ProcessTable.fork`. A call that is refused throws and changes nothing.
 * @example
 * ```js
 * const init = new Kernel().process(1);
 * const list = init.heap.malloc(16);
 * init.space.storePointer(list, 0);
 * init.task.break > list;   // => true
 * init.munmap(123, 4096);   // => throws SystemCallError: EINVAL
 * ```
 */
export class Process {
  readonly task: Task;
  parent: Process | null;
  readonly children = new Set<Process>();
  /** Of the program executed last; '' when it is the parent's, or none. */
  path = '';
  readonly threads = new Map<number, ThreadStack>();
  private memory: AddressSpace | null;
  private allocator: UserMalloc | null = null;
  private nextThread = 2;

  /** Use `ProcessTable.fork`. */
  constructor(task: Task, parent: Process | null, space: AddressSpace) {
    this.task = task;
    this.parent = parent;
    this.memory = space;
  }

  get pid(): number {
    return this.task.pid;
  }

  get isZombie(): boolean {
    return this.memory === null;
  }

  /** @throws SystemCallError ESRCH when the process has exited */
  get space(): AddressSpace {
    if (this.memory === null) throw new SystemCallError('ESRCH', `process ${this.pid} has exited`);
    return this.memory;
  }

  /** The library malloc of this process, in its own memory; made when first asked for. */
  get heap(): UserMalloc {
    this.allocator ??= new UserMalloc(this.userMemory());
    return this.allocator;
  }

  /** As `heap`, or null when the program never called malloc. */
  get heapInUse(): UserMalloc | null {
    return this.allocator;
  }

  /**
   * Maps memory or a file as `AddressSpace.mmap` does. No frame is taken before the first touch.
   * @returns the address, a multiple of 4096
   * @throws SystemCallError as AddressSpace.mmap
   * @example
   * ```js
   * const init = new Kernel({ memoryBytes: 2 ** 24 }).process(1);
   * // Far more than the machine has: only pages that are touched cost a frame.
   * const table = init.mmap({ length: 2 ** 40 });
   * init.space.store8(table + 2 ** 39, 1);
   * init.space.residentPages;   // => 2
   * init.mmap({ length: 2 ** 47 });   // => throws SystemCallError: ENOMEM
   * ```
   */
  mmap(options: MapOptions): number {
    return this.space.mmap(options);
  }

  /**
   * Unmaps the pages of [address, address + length), of one mapping or of several. Frames that nobody else holds are
   * free at once.
   * @param address a multiple of 4096
   * @throws SystemCallError EINVAL, ENOMEM
   * @example
   * ```js
   * const init = new Kernel().process(1);
   * const at = init.mmap({ length: 3 * 4096, populate: true });
   * init.munmap(at + 4096, 4096);
   * init.space.loadU8(at + 4096);   // => throws MemoryFault: SIGSEGV (SEGV_MAPERR)
   * init.space.loadU8(at + 8192);   // => 0
   * ```
   */
  munmap(address: number, length: number): void {
    this.space.munmap(address, length);
  }

  /**
   * Grows, shrinks or moves a mapping, as `AddressSpace.mremap` does: its pages keep their frames.
   * @param options `mayMove` to another place where there is no room to grow
   * @returns the address now
   * @throws SystemCallError as AddressSpace.mremap
   * @example
   * ```js
   * const init = new Kernel().process(1);
   * const queue = init.mmap({ length: 4096, shared: true });
   * init.space.store8(queue, 7);
   * // A ring: the same page twice, one after the other.
   * const ring = init.mmap({ length: 8192 });
   * const once = { mayMove: true, fixed: true };
   * init.mremap(queue, 0, 4096, { ...once, address: ring });
   * init.mremap(queue, 0, 4096, { ...once, address: ring + 4096 });
   * [init.space.loadU8(ring), init.space.loadU8(ring + 4096)];   // => [7, 7]
   * ```
   */
  mremap(address: number, oldLength: number, newLength: number, options: RemapOptions = {}): number {
    return this.space.mremap(address, oldLength, newLength, options);
  }

  /**
   * Sets which accesses the pages of [address, address + length) allow.
   * @param address a multiple of 4096
   * @param protection PROT_ bits; PROT_NONE for a guard page
   * @throws SystemCallError as AddressSpace.mprotect
   * @example
   * ```js
   * const init = new Kernel().process(1);
   * const code = init.mmap({ length: 4096 });
   * init.space.store8(code, 0xc3);
   * // A just-in-time compiler: first written, then executable, never both.
   * init.mprotect(code, 4096, PROT_READ | PROT_EXEC);
   * init.space.store8(code, 0x90);   // => throws MemoryFault: SIGSEGV (SEGV_ACCERR)
   * init.mprotect(code, 8192, PROT_READ);   // => throws SystemCallError: ENOMEM: nothing is mapped
   * ```
   */
  mprotect(address: number, length: number, protection: number): void {
    this.space.mprotect(address, length, protection);
  }

  /** The end of the heap. */
  get break(): number {
    return this.task.break;
  }

  /**
   * Moves the end of the heap to `address`. Pages above it are given back; pages below it are there at their first
   * touch. malloc moves the break too: once a program has moved it by itself, malloc's heap grows no further, and
   * new blocks come by mmap.
   * @param address any byte from the heap's start up, page border or not
   * @throws SystemCallError ENOMEM when it would lie below the heap's start, in another area, or there is no memory
   * @example
   * ```js
   * const init = new Kernel().process(1);
   * const start = init.break;
   * init.brk(start + 10_000);
   * init.space.store8(start + 9999, 1);
   * init.brk(start);
   * init.space.loadU8(start + 9999);   // => throws MemoryFault: SIGSEGV
   * init.brk(start - 1);   // => throws SystemCallError: ENOMEM: the break cannot lie at
   * ```
   */
  brk(address: number): void {
    const { task, space } = this;
    if (!(Number.isSafeInteger(address) && address >= task.heapStart)) {
      throw new SystemCallError(
        'ENOMEM',
        `the break cannot lie at ${hexAddress(address)}, below ${hexAddress(task.heapStart)}`,
      );
    }
    const oldEnd = pageUp(task.break);
    const newEnd = pageUp(address);
    if (newEnd > oldEnd) this.growHeap(oldEnd, newEnd - oldEnd);
    else if (newEnd < oldEnd) space.munmap(newEnd, oldEnd - newEnd);
    task.break = address;
  }

  /**
   * Moves the break by `delta` bytes; `sbrk(0)` asks where it is.
   * @returns where it was: the start of the new memory
   * @throws SystemCallError ENOMEM as `brk`
   * @example
   * ```js
   * const init = new Kernel().process(1);
   * const node = init.sbrk(24);
   * init.sbrk(0) - node;   // => 24
   * init.sbrk(-24);
   * init.sbrk(-1);   // => throws SystemCallError: ENOMEM
   * ```
   */
  sbrk(delta: number): number {
    const before = this.task.break;
    if (delta !== 0) this.brk(before + delta);
    return before;
  }

  /**
   * Maps a shared segment (shmat). All processes that attached it see the same bytes, each at its own address.
   * @returns the address
   * @throws SystemCallError ENOMEM, EINVAL for an address that is not a multiple of 4096 or where something is
   * mapped
   * @example
   * ```js
   * const kernel = new Kernel();
   * const init = kernel.process(1);
   * const child = kernel.processes.fork(init);
   * const segment = kernel.segments.get(0x1234, 4096);
   * const reader = child.attach(segment, { readOnly: true });
   * init.space.store32(init.attach(segment), 17);
   * child.space.loadU32(reader);   // => 17
   * child.space.store8(reader, 1);   // => throws MemoryFault: SEGV_ACCERR
   * ```
   */
  attach(segment: SharedSegment, { address, readOnly = false }: AttachOptions = {}): number {
    const { inode, bytes } = segment;
    const options = {
      length: bytes,
      inode,
      shared: true,
      protection: readOnly ? PROT_READ : PROT_READ | PROT_WRITE,
    };
    try {
      return this.mmap(
        address === undefined ? options : { ...options, address, fixed: true, noReplace: true },
      );
    } catch (error) {
      if (!(error instanceof SystemCallError && error.code === 'EEXIST')) throw error;
      throw new SystemCallError('EINVAL', error.detail);
    }
  }

  /**
   * Unmaps the segment that was attached at `address` (shmdt), all of it that is still mapped. The segment itself
   * stays until it is removed.
   * @throws SystemCallError EINVAL when no segment is attached there
   * @example
   * ```js
   * const kernel = new Kernel();
   * const init = kernel.process(1);
   * const segment = kernel.segments.get(IPC_PRIVATE, 8192);
   * const at = init.attach(segment);
   * init.detach(at + 4096);   // => throws SystemCallError: EINVAL: no segment is attached at
   * init.detach(at);
   * segment.attached;   // => 0
   * ```
   */
  detach(address: number): void {
    const attached = this.attachedAt(address);
    const { inode } = attached;
    const end = address + inode!.size;
    // What munmap and mprotect left of it: all pieces of the one attachment, and nothing else that came to lie there.
    for (let area: Area | null = attached; area !== null && area.start < end; ) {
      const next: Area | null = area.next;
      const { start, bytes } = area;
      if (area.inode === inode && start - area.offset === address) this.munmap(start, bytes);
      area = next;
    }
  }

  /**
   * Moves the stack pointer down by `bytes` and writes there, as a function with so many bytes of variables does;
   * the stack grows by the fault. Bytes between are not touched. A function's return is `task.stackPointer +=
   * bytes`.
   * @returns the stack pointer
   * @throws MemoryFault SIGSEGV past the stack's limit, OOM; the stack pointer is as it was. SystemCallError EINVAL
   * for `bytes` that are not a whole number from 1 up
   * @example
   * ```js
   * const init = new Kernel().process(1);
   * const before = init.space.areaAt(init.task.stackPointer).bytes;
   * const frame = init.push(100_000);
   * init.space.areaAt(frame).bytes > before;   // => true
   * // A recursion without end, 8 MiB deep:
   * for (let i = 0; i < 82; i++) init.push(100_000);
   * init.push(100_000);   // => throws MemoryFault: SIGSEGV
   * ```
   */
  push(bytes: number): number {
    if (!(Number.isSafeInteger(bytes) && bytes > 0)) {
      throw new SystemCallError('EINVAL', `the bytes to push must be 1 or more, got ${display(bytes)}`);
    }
    const pointer = this.task.stackPointer - bytes;
    this.space.store8(pointer, 0);
    this.task.stackPointer = pointer;
    return pointer;
  }

  /**
   * Makes a stack for a thread, as thread libraries do: a block of the heap. It does not grow, and an overrun hits
   * the blocks beside it, not a guard page.
   * @returns its id, from 2 up, its lowest address and its bytes
   * @throws SystemCallError ENOMEM
   * @example
   * ```js
   * const init = new Kernel().process(1);
   * const { id, address, bytes } = init.createThread(65_536);
   * [id, bytes];   // => [2, 65536]
   * init.heap.usableSize(address) >= bytes;   // => true
   * init.createThread(2 ** 50);   // => throws SystemCallError: ENOMEM
   * ```
   */
  createThread(bytes: number): ThreadStack {
    const address = this.heap.malloc(bytes);
    if (address === 0) throw new SystemCallError('ENOMEM', `no memory for a stack of ${bytes} bytes`);
    const stack = { id: this.nextThread++, address, bytes };
    this.threads.set(stack.id, stack);
    return stack;
  }

  /**
   * Gives the stack of a thread back to the heap.
   * @throws SystemCallError ESRCH when there is no such thread
   * @example
   * ```js
   * const init = new Kernel().process(1);
   * const thread = init.createThread(65_536);
   * init.endThread(thread.id);
   * init.createThread(65_536).address === thread.address;   // => true
   * init.endThread(thread.id);   // => throws SystemCallError: ESRCH: process 1 has no thread 2
   * ```
   */
  endThread(id: number): void {
    const stack = this.threads.get(id);
    if (stack === undefined)
      throw new SystemCallError('ESRCH', `process ${this.pid} has no thread ${display(id)}`);
    this.heap.free(stack.address);
    this.threads.delete(id);
  }

  /** The child's memory holds what the parent's library keeps there. For ProcessTable.fork. @internal */
  inherit(parent: Process): void {
    this.path = parent.path;
    if (parent.allocator !== null) this.allocator = parent.allocator.fork(this.userMemory());
  }

  /** Another program in another address space: nothing of the old one is left. For ProcessTable.exec. @internal */
  replaceSpace(space: AddressSpace): void {
    this.releaseSpace();
    this.memory = space;
  }

  /** Gives all memory of the process back. For ProcessTable. @internal */
  releaseSpace(): void {
    this.space.destroy();
    this.memory = null;
    this.allocator = null;
    this.threads.clear();
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new Kernel().processes.get(1).toJSON().pid;   // => 1
   * ```
   */
  toJSON(): object {
    return {
      pid: this.pid,
      name: this.task.name,
      state: this.isZombie ? 'zombie' : 'alive',
      children: this.children.size,
    };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  private growHeap(start: number, length: number): void {
    try {
      this.space.mmap({ address: start, length, fixed: true, noReplace: true, name: HEAP_NAME });
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      throw new SystemCallError('ENOMEM', `the heap cannot grow: ${error.detail}`);
    }
  }

  private attachedAt(address: number): Area {
    // Its first pages may be unmapped: the lowest piece that is left tells where the whole began.
    for (let area = this.space.areas.find(address); area !== null; area = area.next) {
      const { inode, start, offset } = area;
      if (inode !== null && isSharedSegment(inode) && start - offset === address) return area;
    }
    throw new SystemCallError('EINVAL', `no segment is attached at ${hexAddress(address)}`);
  }

  private userMemory(): UserMemory {
    const orNull = <T>(call: () => T): T | null => {
      try {
        return call();
      } catch (error) {
        if (error instanceof SystemCallError) return null;
        throw error;
      }
    };
    return {
      sbrk: (delta) => orNull(() => this.sbrk(delta)),
      mmap: (length) => orNull(() => this.mmap({ length })),
      munmap: (address, length) => this.munmap(address, length),
      mremap: (address, oldBytes, newBytes) =>
        orNull(() => this.mremap(address, oldBytes, newBytes, { mayMove: true })),
      copy: (from, to, bytes) => this.space.move(from, to, bytes),
      zero: (address, bytes) => this.space.fill(address, bytes),
    };
  }
}
