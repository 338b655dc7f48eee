/**
 * A process: a descriptor, an address space, and the system calls about its memory. Loads and stores go to `space`.
 *
 * A call that is refused throws a SystemCallError with the code that Linux gives, and changes nothing. Cost: as the
 * calls of AddressSpace below it; brk O(log areas).
 * Source: Linux mm/mmap.c (`brk`), ipc/shm.c (`do_shmat`, `ksys_shmdt`).
 */
import { UserMalloc, type UserMemory } from '../malloc/user-malloc.js';
import type { AddressSpace, MapOptions } from '../vm/address-space.js';
import { type Area, PROT_READ, PROT_WRITE } from '../vm/area.js';
import { hexAddress, MappingError } from '../vm/memory-fault.js';
import { pageUp } from './elf.js';
import { SystemCallError } from './errors.js';
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

  /** @throws SystemCallError ENOMEM, MappingError as AddressSpace.mmap */
  mmap(options: MapOptions): number {
    const address = this.space.mmap(options);
    if (address === null) throw new SystemCallError('ENOMEM', `no memory to map ${options.length} bytes`);
    return address;
  }

  /** @throws SystemCallError ENOMEM, MappingError EINVAL */
  munmap(address: number, length: number): void {
    if (!this.space.munmap(address, length)) {
      throw new SystemCallError('ENOMEM', 'no memory to split the area that the range lies in');
    }
  }

  /** @throws SystemCallError ENOMEM, MappingError as AddressSpace.mprotect */
  mprotect(address: number, length: number, protection: number): void {
    if (!this.space.mprotect(address, length, protection)) {
      throw new SystemCallError('ENOMEM', 'no memory to split the areas at the ends of the range');
    }
  }

  /** The end of the heap. */
  get break(): number {
    return this.task.break;
  }

  /**
   * Moves the end of the heap. Pages above it are given back; pages below it are there at their first touch.
   * @throws SystemCallError ENOMEM when it would lie below the heap's start, in another area, or there is no memory
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
    else if (newEnd < oldEnd && !space.munmap(newEnd, oldEnd - newEnd)) {
      throw new SystemCallError('ENOMEM', 'no memory to split the area that the range lies in');
    }
    task.break = address;
  }

  /** Moves the break by `delta` bytes. @returns where it was @throws SystemCallError ENOMEM as `brk` */
  sbrk(delta: number): number {
    const before = this.task.break;
    if (delta !== 0) this.brk(before + delta);
    return before;
  }

  /**
   * Maps a shared segment (shmat).
   * @returns the address
   * @throws SystemCallError ENOMEM, EINVAL for an address that is no multiple of 4096 or where something is mapped
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
      if (!(error instanceof MappingError)) throw error;
      throw new SystemCallError(error.code === 'EEXIST' ? 'EINVAL' : error.code, error.detail);
    }
  }

  /**
   * Unmaps the segment that was attached at `address` (shmdt), all of it that is still mapped.
   * @throws SystemCallError EINVAL when no segment is attached there
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
   * Moves the stack pointer down by `bytes` and writes there, as a function with so many bytes of variables does; the
   * stack grows by the fault.
   * @returns the stack pointer
   * @throws MemoryFault SIGSEGV past the stack's limit, OOM; the stack pointer is as it was
   */
  push(bytes: number): number {
    if (!(Number.isSafeInteger(bytes) && bytes > 0)) {
      throw new SystemCallError('EINVAL', `1 byte or more is pushed, not ${String(bytes)}`);
    }
    const pointer = this.task.stackPointer - bytes;
    this.space.store8(pointer, 0);
    this.task.stackPointer = pointer;
    return pointer;
  }

  /**
   * Makes a stack for a thread, as thread libraries do: a block of the heap.
   * @throws SystemCallError ENOMEM
   */
  createThread(bytes: number): ThreadStack {
    const address = this.heap.malloc(bytes);
    if (address === 0) throw new SystemCallError('ENOMEM', `no memory for a stack of ${bytes} bytes`);
    const stack = { id: this.nextThread++, address, bytes };
    this.threads.set(stack.id, stack);
    return stack;
  }

  /** Gives the stack of a thread back to the heap. @throws SystemCallError ESRCH when there is no such thread */
  endThread(id: number): void {
    const stack = this.threads.get(id);
    if (stack === undefined)
      throw new SystemCallError('ESRCH', `process ${this.pid} has no thread ${String(id)}`);
    this.heap.free(stack.address);
    this.threads.delete(id);
  }

  /** The child's memory holds what the parent's library keeps there. For ProcessTable.fork. */
  inherit(parent: Process): void {
    this.path = parent.path;
    if (parent.allocator !== null) this.allocator = parent.allocator.fork(this.userMemory());
  }

  /** Another program in another address space: nothing of the old one is left. For ProcessTable.exec. */
  replaceSpace(space: AddressSpace): void {
    this.releaseSpace();
    this.memory = space;
  }

  /** Gives all memory of the process back. For ProcessTable. */
  releaseSpace(): void {
    this.space.destroy();
    this.memory = null;
    this.allocator = null;
    this.threads.clear();
  }

  private growHeap(start: number, length: number): void {
    let address: number | null;
    try {
      address = this.space.mmap({ address: start, length, fixed: true, noReplace: true, name: '[heap]' });
    } catch (error) {
      if (error instanceof MappingError)
        throw new SystemCallError('ENOMEM', `the heap cannot grow: ${error.detail}`);
      throw error;
    }
    if (address === null) throw new SystemCallError('ENOMEM', 'no memory to make the heap larger');
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
      copy: (from, to, bytes) => this.space.move(from, to, bytes),
      zero: (address, bytes) => this.space.fill(address, bytes),
    };
  }
}
