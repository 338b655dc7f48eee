/**
 * All processes of a machine: fork, exec, exit and wait.
 *
 * Cost: fork O(areas + pages of private memory), of which none is copied before it is written; exec O(segments), the
 * program is read page by page as it is touched; exit O(mapped pages). A call that is refused, for want of memory or
 * because a program is broken, leaves every process as it was. Not modelled: scheduling, signals, users.
 * Source: Linux kernel/fork.c, fs/exec.c, kernel/exit.c.
 */
import { CorruptionError, display, INSPECT, summary } from 'freehold';
import { ExecError, SystemCallError } from '../errors.js';
import type { ObjectCache } from '../slab/cache.js';
import type { FileSource } from '../vm/page-cache/file-source.js';
import type { Inode } from '../vm/page-cache/inode.js';
import type { AddressSpace } from '../vm/space/address-space.js';
import type { VirtualMemory } from '../vm/virtual-memory.js';
import { parseElf } from './elf.js';
import { type LoadedProgram, loadProgram, makeStack, PIE_BASE } from './loader.js';
import { Process } from './process.js';
import { readScriptLine, type ScriptLine } from './script-line.js';
import { RANDOM_BYTES } from './stack-image.js';
import { createTaskCache, Task } from './task.js';

/** One more than the highest process id. Linux's default on small machines. */
export const PID_MAX = 32_768;
/** Interpreters that are scripts themselves: so deep, and no further. */
const SCRIPT_DEPTH_MAX = 4;

/**
 * Opens a file of the host.
 * @param toWrite whether a program wants to write to it. That is a wish, not a right: whether the source that is given
 * is `writable`, and whether what is written reaches a disk, is decided by who opens. A source that is not writable
 * cannot be mapped shared to be written (EACCES).
 * @throws what the host says when there is none, or it may not be opened so
 */
export type OpenFile = (path: string, toWrite: boolean) => FileSource;

/**
 * All processes of a machine by their ids, and the calls that make, change and end them: fork, exec, exit, wait.
 * @example
 * ```js
 * const { processes } = new Kernel();
 * const shell = processes.fork(processes.get(1));
 * const job = processes.fork(shell);
 * processes.exit(job, 3);
 * // A zombie until its parent has asked.
 * [processes.size, job.isZombie];   // => [3, true]
 * processes.wait(shell);   // => { pid: 3, status: 3 }
 * processes.size;   // => 2
 * ```
 */
export class ProcessTable {
  private readonly vm: VirtualMemory;
  private readonly openFile: OpenFile;
  private readonly tasks: ObjectCache;
  private readonly byPid = new Map<number, Process>();
  private lastPid = 0;
  private random = 0x2545f491;

  constructor(vm: VirtualMemory, openFile: OpenFile) {
    this.vm = vm;
    this.openFile = openFile;
    this.tasks = createTaskCache(vm.slab);
  }

  /**
   * Makes the first process, from which all others are forked: a stack, an empty heap, no program yet. `new Kernel`
   * has done it; call it once where you put the levels together yourself.
   * @throws SystemCallError ENOMEM
   * @example
   * ```js
   * const vm = new VirtualMemory(new SlabAllocator(new PageAllocator(new Machine(2 ** 24))));
   * const processes = new ProcessTable(vm, (path) => new MemoryFile(path, new Uint8Array(0)));
   * const init = processes.createInit();
   * [init.pid, init.parent, init.space.areas.length];   // => [1, null, 1]
   * ```
   */
  createInit(): Process {
    const space = this.newSpace();
    let task: Task | null = null;
    try {
      const start = { path: 'init', argv: ['init'], envp: [], random: this.randomBytes() };
      const stackPointer = makeStack(space, start, [], false);
      task = this.newTask();
      task.stackPointer = stackPointer;
    } finally {
      if (task === null) space.destroy();
    }
    task.set({ name: 'init', heapStart: PIE_BASE, break: PIE_BASE });
    return this.add(task, null, space);
  }

  get size(): number {
    return this.byPid.size;
  }

  /**
   * All processes, zombies too, rising by process id. O(n log n).
   * @example
   * ```js
   * const { processes } = new Kernel();
   * processes.exit(processes.fork(processes.get(1)));
   * processes.fork(processes.get(1));
   * processes.list().map(({ pid }) => pid);   // => [1, 2, 3]
   * processes.list().filter(({ isZombie }) => isZombie).length;   // => 1
   * ```
   */
  list(): Process[] {
    return [...this.byPid.values()].sort((a, b) => a.pid - b.pid);
  }

  /**
   * The process with that id, a zombie too. O(1).
   * @throws SystemCallError ESRCH when there is none
   * @example
   * ```js
   * const { processes } = new Kernel();
   * const child = processes.fork(processes.get(1));
   * processes.get(2) === child;   // => true
   * processes.exit(child);
   * processes.get(2).task.exitStatus;   // => 0
   * processes.wait(processes.get(1));
   * processes.get(2);   // => throws SystemCallError: ESRCH
   * ```
   */
  get(pid: number): Process {
    const process = this.byPid.get(pid);
    if (process === undefined) throw new SystemCallError('ESRCH', `no process has the id ${display(pid)}`);
    return process;
  }

  /**
   * A copy of the process, which shares its pages until one of the two writes to them. O(areas + pages of private
   * memory); no page is copied.
   * @returns the child, with the next free id
   * @throws SystemCallError ENOMEM, EAGAIN when all process ids are taken, ESRCH for a process that has exited
   * @example
   * ```js
   * const { processes, vm } = new Kernel();
   * const init = processes.get(1);
   * const at = init.mmap({ length: 100 * 4096, populate: true });
   * const child = processes.fork(init);
   * vm.counts.copies;   // => 0
   * child.space.store32(at, 7);
   * [vm.counts.copies, init.space.loadU32(at)];   // => [1, 0]
   * ```
   */
  fork(parent: Process): Process {
    const from = parent.space;
    const task = this.newTask();
    let space: AddressSpace;
    try {
      space = from.fork();
    } catch (error) {
      this.tasks.free(task.object);
      if (!(error instanceof SystemCallError)) throw error;
      throw new SystemCallError(error.code, `no memory for a copy of process ${parent.pid}`, error);
    }
    const { name, entry, stackPointer, heapStart } = parent.task;
    task.set({ name, entry, stackPointer, heapStart, break: parent.break });
    const child = this.add(task, parent, space);
    child.inherit(parent);
    return child;
  }

  /**
   * Replaces the program of the process by the ELF file at `path`, or by the interpreter that a script names. Its
   * memory, shared segments and heap included, is gone; the id stays. Pages of the file are read as they are
   * touched.
   * @param argv the program's name and arguments; the path alone when left out
   * @param envp `NAME=value`
   * @returns where the program begins, and the interpreter that its file names
   * @throws ExecError naming the fault; the process goes on with its old program
   * @example
   * ```js
   * const elf = new BigUint64Array(512);
   * elf.set([0x10102464c457fn, 0n, 0x1003e0002n, 0x400078n, 64n, 0n, 0x38004000000000n, 1n]);
   * elf.set([0x500000001n, 0n, 0x400000n, 0x400000n, 4096n, 4096n, 4096n], 8);
   * const openFile = (path) => new MemoryFile(path, new Uint8Array(path === '/bin/a' ? elf.buffer : 0));
   * const { processes } = new Kernel({ openFile });
   * const child = processes.fork(processes.get(1));
   * processes.exec(child, '/bin/a', ['a', '-v']).entry;   // => 0x400078
   * child.space.loadPointer(child.task.stackPointer);   // => 2
   * processes.exec(child, '/bin/b');   // => throws ExecError: ENOEXEC: /bin/b: not an ELF file
   * ```
   */
  exec(
    process: Process,
    path: string,
    argv: readonly string[] = [path],
    envp: readonly string[] = [],
  ): LoadedProgram {
    const { stackLimitBytes } = process.space;
    const space = this.newSpace();
    space.stackLimitBytes = stackLimitBytes;
    let done = false;
    try {
      const loaded = this.load(space, path, argv, envp, 0);
      done = true;
      process.replaceSpace(space);
      process.path = path;
      const name = path.slice(path.lastIndexOf('/') + 1);
      const { entry, stackPointer, heapStart } = loaded;
      process.task.set({
        name,
        entry,
        stackPointer,
        heapStart,
        break: heapStart,
        space: space.object,
      });
      return loaded;
    } finally {
      if (!done) space.destroy();
    }
  }

  /**
   * Ends the process: all its memory is given back; its descriptor stays until the parent has waited for it. Its
   * children become the first process's, those that have exited already are forgotten. O(mapped pages).
   * @param status its lowest 8 bits are kept, as on Linux
   * @throws SystemCallError ESRCH when it has exited before, EINVAL for the first process while it has children
   * @example
   * ```js
   * const { processes } = new Kernel();
   * const init = processes.get(1);
   * const parent = processes.fork(init);
   * const orphan = processes.fork(parent);
   * processes.exit(init);   // => throws SystemCallError: EINVAL: the first process has 1 children
   * processes.exit(parent, 256 + 2);
   * [orphan.parent === init, parent.task.exitStatus];   // => [true, 2]
   * ```
   */
  exit(process: Process, status = 0): void {
    const heir = this.byPid.get(1) ?? null;
    if (process === heir && process.children.size > 0) {
      throw new SystemCallError(
        'EINVAL',
        `the first process has ${process.children.size} children: they exit first`,
      );
    }
    process.releaseSpace();
    process.task.space = 0;
    process.task.exitStatus = status & 0xff;
    for (const child of [...process.children]) {
      if (child.isZombie) this.forget(child);
      else this.adopt(child, heir);
    }
    if (process.parent === null) this.forget(process);
  }

  /**
   * Takes note of a child that has exited, the one with the lowest id, and gives its descriptor back (waitpid with
   * WNOHANG). O(children).
   * @returns its id and status, or null when no child has exited yet
   * @throws SystemCallError ECHILD when there are no children
   * @example
   * ```js
   * const { processes } = new Kernel();
   * const init = processes.get(1);
   * const child = processes.fork(init);
   * processes.wait(init);   // => null
   * processes.exit(child, 1);
   * processes.wait(init);   // => { pid: 2, status: 1 }
   * processes.wait(init);   // => throws SystemCallError: ECHILD
   * ```
   */
  wait(process: Process): { pid: number; status: number } | null {
    if (process.children.size === 0)
      throw new SystemCallError('ECHILD', `process ${process.pid} has no children`);
    const child = [...process.children].filter((each) => each.isZombie).sort((a, b) => a.pid - b.pid)[0];
    if (child === undefined) return null;
    const result = { pid: child.pid, status: child.task.exitStatus ?? 0 };
    this.forget(child);
    return result;
  }

  /**
   * Opens a file into the page cache. Release the inode after mapping it: the areas hold it themselves.
   * @param toWrite whether it is to be mapped shared and written: see `OpenFile`
   * @throws SystemCallError ENOENT, EACCES, EIO, as the host refuses; ENOMEM
   * @example
   * ```js
   * const openFile = (path) => new MemoryFile(path, new Uint8Array(5000));
   * const { processes, vm } = new Kernel({ openFile });
   * const inode = processes.open('/var/log', false);
   * const at = processes.get(1).mmap({ length: inode.size, inode, protection: PROT_READ });
   * vm.cache.release(inode);
   * [inode.pageCount, inode.users];   // => [2, 1]
   * new Kernel().processes.open('/etc/motd', false);   // => throws ExecError: ENOENT: /etc/motd
   * ```
   */
  open(path: string, toWrite: boolean): Inode {
    let source: FileSource;
    try {
      source = this.openFile(path, toWrite);
    } catch (error) {
      throw openError(path, error);
    }
    const inode = this.vm.cache.open(source);
    if (inode !== null) return inode;
    source.close();
    throw new SystemCallError('ENOMEM', `no memory to open ${path}`);
  }

  /**
   * Whether descriptors, parents, children and address spaces agree. `Kernel.check` calls it.
   * @throws CorruptionError naming the broken law. O(processes).
   * @example
   * ```js
   * const { processes } = new Kernel();
   * const child = processes.fork(processes.get(1));
   * processes.check();
   * processes.get(1).children.delete(child);
   * processes.check();   // => throws CorruptionError: parents and children know each other
   * ```
   */
  check(): void {
    const spaces = new Set<AddressSpace>();
    for (const process of this.byPid.values()) {
      const { task, pid } = process;
      if (!this.tasks.isLive(task.object) || this.byPid.get(pid) !== process) {
        throw new CorruptionError('every process has a descriptor of its own', `process ${pid} has none`);
      }
      if (
        task.parent !== (process.parent?.task.object ?? 0) ||
        process.parent?.children.has(process) === false
      ) {
        throw new CorruptionError(
          'parents and children know each other',
          `process ${pid} is unknown to its parent`,
        );
      }
      if (process.isZombie) continue;
      spaces.add(process.space);
      if (task.space !== process.space.object || task.exitStatus !== null) {
        throw new CorruptionError('a running process has its address space', `process ${pid} has another`);
      }
    }
    const { activeObjects } = this.tasks.stats();
    if (activeObjects !== this.byPid.size || spaces.size !== this.vm.spaces.size) {
      throw new CorruptionError(
        'descriptors and address spaces are those of the processes',
        `${activeObjects} and ${this.vm.spaces.size} for ${this.byPid.size} processes, ${spaces.size} of them running`,
      );
    }
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new Kernel().processes.toJSON();   // => { processes: 1 }
   * ```
   */
  toJSON(): object {
    return { processes: this.size };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  private load(
    space: AddressSpace,
    path: string,
    argv: readonly string[],
    envp: readonly string[],
    depth: number,
  ): LoadedProgram {
    const inode = this.open(path, false);
    try {
      const file = {
        size: inode.size,
        read: (at: number, into: Uint8Array) => this.readFile(inode, at, into),
      };
      const script = readScriptLine(file);
      if (script === null) {
        const start = { path, argv, envp, random: this.randomBytes() };
        return loadProgram(space, inode, parseElf(file), start);
      }
      if (depth === SCRIPT_DEPTH_MAX) {
        throw new ExecError('ELOOP', `${path} is a script for a script, more than ${SCRIPT_DEPTH_MAX} deep`);
      }
      return this.load(space, script.interpreter, scriptArguments(script, path, argv), envp, depth + 1);
    } catch (error) {
      if (error instanceof ExecError && depth === 0)
        throw new ExecError(error.code, `${path}: ${error.detail}`);
      throw error;
    } finally {
      this.vm.cache.release(inode);
    }
  }

  private readFile(inode: Inode, offset: number, into: Uint8Array): number {
    let read: number | null;
    try {
      read = this.vm.cache.read(inode, offset, into);
    } catch (error) {
      throw new ExecError('EIO', `cannot be read: ${String(error)}`);
    }
    if (read === null) throw new ExecError('ENOMEM', 'no memory to read its headers');
    return read;
  }

  private newSpace(): AddressSpace {
    const space = this.vm.createAddressSpace();
    if (space === null) throw new SystemCallError('ENOMEM', 'no memory for an address space');
    return space;
  }

  /** A descriptor with an id, and otherwise of a process that has just begun. */
  private newTask(): Task {
    const pid = this.freePid();
    const object = this.tasks.alloc();
    if (object === null) throw new SystemCallError('ENOMEM', 'no memory for the descriptor of a process');
    const task = new Task(this.vm.pages.machine, object);
    task.set({ pid, parent: 0, exitStatus: null, space: 0, entry: 0 });
    return task;
  }

  private freePid(): number {
    if (this.byPid.size >= PID_MAX - 1)
      throw new SystemCallError('EAGAIN', `all ${PID_MAX - 1} process ids are taken`);
    let pid = this.lastPid;
    do pid = pid + 1 === PID_MAX ? 1 : pid + 1;
    while (this.byPid.has(pid));
    return pid;
  }

  private add(task: Task, parent: Process | null, space: AddressSpace): Process {
    task.space = space.object;
    const process = new Process(task, parent, space);
    this.byPid.set(task.pid, process);
    this.lastPid = task.pid;
    this.adopt(process, parent);
    return process;
  }

  private adopt(process: Process, parent: Process | null): void {
    process.parent?.children.delete(process);
    process.parent = parent;
    process.task.parent = parent?.task.object ?? 0;
    parent?.children.add(process);
  }

  private forget(process: Process): void {
    process.parent?.children.delete(process);
    this.byPid.delete(process.pid);
    this.tasks.free(process.task.object);
  }

  /** The same for each run of the same program: xorshift from a fixed start. */
  private randomBytes(): Uint8Array {
    return Uint8Array.from({ length: RANDOM_BYTES }, () => {
      this.random ^= this.random << 13;
      this.random ^= this.random >>> 17;
      this.random ^= this.random << 5;
      return this.random & 0xff;
    });
  }
}

/** What Linux passes on: the interpreter, its argument, the script, and the script's own arguments. */
function scriptArguments(script: ScriptLine, path: string, argv: readonly string[]): string[] {
  const { interpreter, argument } = script;
  return [interpreter, ...(argument === null ? [] : [argument]), path, ...argv.slice(1)];
}

function openError(path: string, error: unknown): SystemCallError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return new ExecError('ENOENT', `${path}: no such file`);
  if (code === 'EACCES' || code === 'EPERM') {
    // A host that refuses says why itself, an operating system only that.
    const told =
      error instanceof Error && !('syscall' in error) ? error.message : `${path}: permission denied`;
    return new ExecError('EACCES', told);
  }
  if (code === 'EISDIR') return new ExecError('EACCES', `${path}: is a folder, not a file`);
  return new ExecError('EIO', `${path}: ${error instanceof Error ? error.message : String(error)}`);
}
