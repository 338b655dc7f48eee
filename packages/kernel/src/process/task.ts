/**
 * The descriptor of a process (Linux's `struct task_struct`), an object of the slab cache of that name. What it holds
 * lies in the machine's memory; the rest of its bytes, which Linux uses for scheduling, signals and files, is unused.
 * The heap's bounds, Linux's `start_brk` and `brk` of the memory descriptor, are kept here too.
 */
import { INSPECT, summary } from 'freehold';
import { PAGE_OFFSET } from '../frames/page-allocator.js';
import type { Machine } from '../machine.js';
import type { ObjectCache } from '../slab/cache.js';
import type { SlabAllocator } from '../slab/slab-allocator.js';

/** Size of the slab object, as of Linux 5.x. */
export const TASK_BYTES = 5888;
/** Of a process's name, the zero byte at its end included. */
const NAME_BYTES = 16;

// Fields, in doubles from the start of the object: pointers below 2^53 are exact in them.
const PID = 0;
const PARENT = 1;
const STATUS = 2;
const SPACE = 3;
const ENTRY = 4;
const STACK = 5;
const HEAP_START = 6;
const BREAK = 7;
const NAME = 8;

/** In the field of the exit status while the process runs. */
const RUNNING = -1;

export function createTaskCache(slab: SlabAllocator): ObjectCache {
  return slab.createCache('task_struct', TASK_BYTES, { align: 64 });
}

/** What is kept of a process. */
export type TaskFields = Pick<
  Task,
  'pid' | 'parent' | 'exitStatus' | 'space' | 'entry' | 'stackPointer' | 'heapStart' | 'break' | 'name'
>;

/**
 * The descriptor of a process, `process.task`: a view of a slab object of 5888 bytes. Its fields lie in the
 * machine's memory.
 * @example
 * ```js
 * const kernel = new Kernel();
 * const { task } = kernel.process(1);
 * [task.pid, task.name, task.exitStatus];   // => [1, 'init', null]
 * task.name = 'a name that is too long';
 * task.name;   // => 'a name that is '
 * kernel.slab.cacheOf(task.object).name;   // => 'task_struct'
 * ```
 */
export class Task {
  /** Of the slab object, in the logical space of the kernel. */
  readonly object: number;
  private readonly words: Float64Array;
  private readonly name8: Uint8Array;
  private readonly at: number;

  /** The object's fields are whatever the last process left there: set them all. */
  constructor(machine: Machine, object: number) {
    this.object = object;
    this.words = machine.f64;
    this.at = (object - PAGE_OFFSET) / 8;
    const name = (this.at + NAME) * 8;
    this.name8 = machine.u8.subarray(name, name + NAME_BYTES);
  }

  /** Sets the fields that are named. @internal */
  set(fields: Partial<TaskFields>): void {
    Object.assign(this, fields);
  }

  get pid(): number {
    return this.words[this.at + PID];
  }

  set pid(pid: number) {
    this.words[this.at + PID] = pid;
  }

  /** The parent's object; 0 when there is none. */
  get parent(): number {
    return this.words[this.at + PARENT];
  }

  set parent(object: number) {
    this.words[this.at + PARENT] = object;
  }

  /** What the process exited with; null while it runs. */
  get exitStatus(): number | null {
    const status = this.words[this.at + STATUS];
    return status === RUNNING ? null : status;
  }

  set exitStatus(status: number | null) {
    this.words[this.at + STATUS] = status ?? RUNNING;
  }

  /** The memory descriptor's object; 0 after the exit. */
  get space(): number {
    return this.words[this.at + SPACE];
  }

  set space(object: number) {
    this.words[this.at + SPACE] = object;
  }

  /** Where the program begins; 0 when none was executed. */
  get entry(): number {
    return this.words[this.at + ENTRY];
  }

  set entry(address: number) {
    this.words[this.at + ENTRY] = address;
  }

  get stackPointer(): number {
    return this.words[this.at + STACK];
  }

  set stackPointer(address: number) {
    this.words[this.at + STACK] = address;
  }

  /** Where the heap begins, a multiple of 4096. */
  get heapStart(): number {
    return this.words[this.at + HEAP_START];
  }

  set heapStart(address: number) {
    this.words[this.at + HEAP_START] = address;
  }

  /** The break: where the heap ends. */
  get break(): number {
    return this.words[this.at + BREAK];
  }

  set break(address: number) {
    this.words[this.at + BREAK] = address;
  }

  get name(): string {
    const end = this.name8.indexOf(0);
    return new TextDecoder().decode(this.name8.subarray(0, end));
  }

  /** Cut to 15 bytes, as Linux cuts `comm`. */
  set name(name: string) {
    this.name8.fill(0);
    this.name8.set(new TextEncoder().encode(name).subarray(0, NAME_BYTES - 1));
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new Kernel().processes.get(1).task.toJSON().pid;   // => 1
   * ```
   */
  toJSON(): object {
    return { object: this.object, pid: this.pid, name: this.name };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}
