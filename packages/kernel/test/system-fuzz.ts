/**
 * Random programs on a whole system, held against a model that knows nothing of how it is done: every read must find
 * what the model holds, every refusal must be the right one, and after every step all laws of the system must hold.
 * Memory is small, so that it runs out by itself, and now and then the n-th frame asked for is refused on purpose.
 */

import { Kernel } from '../src/kernel.js';
import { FRAME_BYTES } from '../src/machine.js';
import { STACK_TOP } from '../src/process/loader.js';
import type { Process } from '../src/process/process.js';
import { MemoryFile } from '../src/vm/page-cache/file-source.js';
import { DATA, elfBytes, makeElf, TEXT } from './elf-file.js';
import { FuzzBase, type ModelProcess, WINDOW, WINDOW_PAGES } from './fuzz-base.js';
import { check, count, Dice, equal } from './fuzz-tools.js';
import { KernelBlocks } from './kernel-blocks.js';
import {
  ModelObject,
  ModelPage,
  type ModelSegment,
  ModelSpace,
  remapOutcome,
  SLOTS,
  slotOffset,
  wordsOf,
} from './memory-model.js';

const STACK_PAGES_MAX = 24;
const PROCESSES_MAX = 7;
const CPUS = 2;
const PROTECTIONS = [0, 1, 1, 3, 3, 3, 3, 5, 7, 2];

/** Behind its data the file goes on: zeroed memory must not show that. */
const PROGRAM = makeElf({ bytes: 3 * FRAME_BYTES });
/** Operations that make no system call. */
const LOOKS = new Set(['read', 'write', 'write across', 'verify all']);

export interface FuzzOptions {
  readonly seed: number;
  readonly steps: number;
  readonly memoryBytes?: number;
}

/**
 * @returns how often each operation was done, and how often refused for want of memory
 * @throws Error naming the seed and the step, with what was wrong as its cause
 */
export function fuzzSystem(options: FuzzOptions): Record<'done' | 'refused', Map<string, number>> {
  const fuzz = new SystemFuzz(options);
  let step = 0;
  try {
    for (; step < options.steps; step++) fuzz.step();
    fuzz.end();
  } catch (error) {
    const command = `npm run fuzz:kernel -- --seed ${options.seed} --steps ${step + 1}`;
    throw new Error(`step ${step} (${fuzz.last}): ${String(error)}\nto see it again: ${command}`, {
      cause: error,
    });
  }
  return { done: fuzz.done, refused: fuzz.refused };
}

class SystemFuzz extends FuzzBase {
  protected readonly dice: Dice;
  protected readonly kernel: Kernel;
  private segments: ModelSegment[] = [];
  private readonly whole = new MemoryFile('/whole', elfBytes(6 * FRAME_BYTES));
  private readonly half = new MemoryFile('/half', elfBytes(2.5 * FRAME_BYTES));
  private readonly files: readonly { readonly object: ModelObject; readonly file: MemoryFile }[];
  private readonly program = new ModelObject('/program', 3 * FRAME_BYTES, PROGRAM);
  private readonly kernelBlocks: KernelBlocks;
  private readonly operations: readonly (readonly [weight: number, name: string, run: () => void])[];
  private readonly weights: number;

  constructor({ seed, memoryBytes = 2 ** 20 }: FuzzOptions) {
    super();
    this.dice = new Dice(seed);
    this.files = [this.whole, this.half].map((file) => ({
      file,
      object: new ModelObject(file.path, file.size, file.bytes),
    }));
    const sources = new Map(
      [this.whole, this.half, new MemoryFile('/program', PROGRAM)].map((f) => [f.path, f]),
    );
    sources.set('/broken', new MemoryFile('/broken', makeElf({ bytes: 0x2000 })));
    this.kernel = new Kernel({
      memoryBytes,
      reservedFrames: 16,
      cpus: CPUS,
      openFile: (path) => sources.get(path)!,
    });
    this.kernelBlocks = new KernelBlocks(this.kernel, this.dice);
    const init = this.kernel.process(1);
    const space = new ModelSpace();
    space.heapStart = init.task.heapStart;
    space.break = init.break;
    this.processes.push({ process: init, space, stack: STACK_TOP / FRAME_BYTES - 1 });
    this.operations = [
      [24, 'write', () => this.write()],
      [24, 'read', () => this.read()],
      [4, 'write across', () => this.writeAcross()],
      [8, 'mmap', () => this.mmap()],
      [6, 'munmap', () => this.munmap()],
      [8, 'mremap', () => this.mremap()],
      [5, 'mprotect', () => this.mprotect()],
      [2, 'msync', () => this.msync()],
      [4, 'brk', () => this.brk()],
      [5, 'push', () => this.push()],
      [6, 'malloc', () => this.malloc()],
      [3, 'realloc', () => this.realloc()],
      [4, 'free', () => this.free()],
      [4, 'fork', () => this.fork()],
      [2, 'exec', () => this.exec()],
      [3, 'exit', () => this.exit()],
      [3, 'wait', () => this.wait()],
      [2, 'shmget', () => this.getSegment()],
      [3, 'shmat', () => this.attach()],
      [2, 'shmdt', () => this.detach()],
      [1, 'shmctl', () => this.removeSegment()],
      [3, 'kernel memory', () => this.kernelBlocks.step() || this.noMemory()],
      [1, 'reclaim', () => this.reclaim()],
      [1, 'verify all', () => this.verifyAll(this.dice.pick(this.processes))],
    ];
    this.weights = this.operations.reduce((sum, [weight]) => sum + weight, 0);
  }

  step(): void {
    let at = this.dice.upTo(this.weights);
    const operation = this.operations.find(([weight]) => {
      at -= weight;
      return at < 0;
    })!;
    this.last = operation[1];
    this.kernel.pages.cpu = this.dice.upTo(CPUS);
    this.injected = this.dice.oneIn(8);
    if (this.injected) this.kernel.pages.failNth(1 + this.dice.upTo(this.dice.oneIn(2) ? 3 : 20));
    const before = this.changes();
    operation[2]();
    this.kernel.pages.failNth(0);
    count(this.done, this.last);
    // A load or store that neither faulted nor failed has changed nothing but bytes.
    if (!LOOKS.has(this.last) || this.changes() !== before) {
      this.kernel.vm.check();
      this.kernel.processes.check();
    }
    this.checkSegments();
  }

  private changes(): number {
    const { counts } = this.kernel.pages;
    return counts.allocations + counts.frees + counts.failures + this.kernel.vm.counts.faults;
  }

  /** All contents once more, then everything ends: every frame must be free again. */
  end(): void {
    this.last = 'the end';
    this.kernel.check();
    for (const each of this.processes) this.verifyAll(each);
    this.kernelBlocks.freeAll();
    this.kernel.vm.cache.sync();
    for (const { object, file } of this.files) {
      for (const [index, words] of object.pages.entries()) {
        equal([...wordsOf(file.bytes, index)], [...words], `${file.path} on disk`);
      }
    }
    equal(this.kernel.shutDown(), this.kernel.freeFramesAtBoot, 'free frames after the last exit');
    this.kernel.pages.check();
    this.kernel.slab.check();
  }

  private read(): void {
    const { process, space } = this.dice.pick(this.processes);
    const page = this.anyPage(space);
    const slot = this.dice.upTo(SLOTS);
    const address = page * FRAME_BYTES + slotOffset(slot);
    const result = this.attempt(() => process.space.loadI32(address));
    if (this.expect(result, space.outcome(page, false)) && result.value !== undefined) {
      equal(
        result.value,
        space.pages.get(page)!.words![slot],
        `process ${process.pid}, 0x${address.toString(16)}`,
      );
    }
  }

  private write(): void {
    const { process, space } = this.dice.pick(this.processes);
    const page = this.anyPage(space);
    const slot = this.dice.upTo(SLOTS);
    const address = page * FRAME_BYTES + slotOffset(slot);
    if (!this.mayWrite(space, address)) return;
    const value = this.dice.word();
    const result = this.attempt(() => process.space.store32(address, value));
    if (this.expect(result, space.outcome(page, true))) space.pages.get(page)!.write(slot, value);
  }

  /** Eight bytes over the border of two pages: all or nothing. */
  private writeAcross(): void {
    const { process, space } = this.dice.pick(this.processes);
    const page = this.anyPage(space);
    // The last page of the stack holds the arguments, which the model does not know.
    if (page + 1 === STACK_TOP / FRAME_BYTES - 1) return;
    const address = (page + 1) * FRAME_BYTES - 4;
    if (!this.mayWrite(space, address) || !this.mayWrite(space, address + 4)) return;
    // When the second page faults, a private page of a file is copied already: later writes to the file are not seen.
    if (space.pages.get(page)?.own === null && !space.pages.get(page)?.shared) return;
    const [low, high] = [this.dice.word(), this.dice.word()];
    const first = space.outcome(page, true);
    const second = space.outcome(page + 1, true);
    const value = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
    const result = this.attempt(() => process.space.store64(address, value));
    if (!this.expect(result, first === 'ok' ? second : first)) return;
    space.pages.get(page)!.write(SLOTS - 1, low);
    space.pages.get(page + 1)!.write(0, high);
  }

  private mmap(): void {
    const { process, space } = this.dice.pick(this.processes);
    const protection = this.dice.pick(PROTECTIONS);
    const shared = this.dice.oneIn(3);
    const count = 1 + this.dice.upTo(16);
    const source = this.dice.oneIn(2) ? null : this.dice.pick(this.files);
    const fixed = !this.dice.oneIn(4);
    const noReplace = fixed && this.dice.oneIn(3);
    const first = WINDOW + this.dice.upTo(WINDOW_PAGES - count);
    // A file that ends within a page would lose what is written behind its end.
    if (source !== null && shared && source.object.bytes % FRAME_BYTES !== 0) return;
    const offset = source === null ? 0 : this.dice.upTo(4);
    // A private page of a file would be copied at once, or not, as memory allows.
    const populate = (source === null || shared) && this.dice.oneIn(4);
    const result = this.attempt(() => {
      const inode = source === null ? null : this.kernel.processes.open(source.file.path, true);
      try {
        return process.mmap({
          length: count * FRAME_BYTES - this.dice.upTo(FRAME_BYTES),
          protection,
          shared,
          populate,
          offset: offset * FRAME_BYTES,
          ...(inode === null ? {} : { inode }),
          ...(fixed ? { address: first * FRAME_BYTES, fixed, noReplace } : {}),
        });
      } finally {
        if (inode !== null) this.kernel.vm.cache.release(inode);
      }
    });
    const taken = noReplace && !space.isFree(first, count);
    if (!this.expect(result, taken ? 'EEXIST' : 'ok')) return;
    const at = result.value! / FRAME_BYTES;
    if (fixed) equal(at, first, 'the place of a fixed mapping');
    else
      check(space.isFree(at, count), `mmap chose 0x${result.value!.toString(16)}, where something is mapped`);
    const object = source?.object ?? (shared ? new ModelObject('', count * FRAME_BYTES) : null);
    space.map(at, count, (i) => new ModelPage(protection, object, offset + i, shared, 0));
  }

  private munmap(): void {
    const { process, space } = this.dice.pick(this.processes);
    const { first, count } = this.range();
    const result = this.attempt(() => process.munmap(first * FRAME_BYTES, count * FRAME_BYTES));
    if (this.expect(result, 'ok')) space.unmap(first, count);
  }

  private mremap(): void {
    const { process, space } = this.dice.pick(this.processes);
    const { first, count } = this.range();
    const move = this.dice.pick(['never', 'if needed', 'fixed', 'fixed', 'keep'] as const);
    const keep = move === 'keep' || (move === 'fixed' && this.dice.oneIn(4));
    const old = this.dice.oneIn(6) ? 0 : count;
    let fresh = keep || this.dice.oneIn(3) ? Math.max(1, old) : 1 + this.dice.upTo(12);
    const lead = space.pages.get(first);
    // A segment that is mapped past its end is detached by other rules.
    if (lead !== undefined && lead.group > 0) {
      fresh = Math.min(fresh, old > 0 ? old : lead.object!.pages.length - lead.index);
    }
    const to = WINDOW + this.dice.upTo(WINDOW_PAGES - fresh);
    const options = {
      mayMove: move !== 'never',
      fixed: move === 'fixed',
      dontUnmap: keep,
      address: to * FRAME_BYTES,
    };
    const result = this.attempt(() => {
      return process.mremap(first * FRAME_BYTES, old * FRAME_BYTES, fresh * FRAME_BYTES, options);
    });
    const wanted = remapOutcome(space, { first, old, fresh, to, move, keep });
    if (!this.expect(result, wanted)) return;
    const at = result.value! / FRAME_BYTES;
    if (move === 'fixed') equal(at, to, 'the place of a fixed mapping');
    else if (at !== first) check(space.isFree(at, fresh), 'mremap chose a place where something is mapped');
    space.remap(first, old, fresh, at, keep);
  }

  private mprotect(): void {
    const { process, space } = this.dice.pick(this.processes);
    const { first, count } = this.range();
    const protection = this.dice.pick(PROTECTIONS);
    const call = () => process.mprotect(first * FRAME_BYTES, count * FRAME_BYTES, protection);
    if (!space.isMapped(first, count)) {
      equal(this.attempt(call).code, 'ENOMEM', 'mprotect where nothing is mapped');
      return;
    }
    if (!this.expect(this.attempt(call), 'ok')) return;
    for (let i = 0; i < count; i++) space.pages.get(first + i)!.protection = protection;
  }

  private msync(): void {
    const { process, space } = this.dice.pick(this.processes);
    const { first, count } = this.range();
    const result = this.attempt(() => process.space.msync(first * FRAME_BYTES, count * FRAME_BYTES));
    if (!space.isMapped(first, count)) {
      equal(result.code, 'ENOMEM', 'msync where nothing is mapped');
      return;
    }
    this.expect(result, 'ok');
    for (let i = 0; i < count; i++) {
      const page = space.pages.get(first + i)!;
      const file = this.files.find(({ object }) => object === page.object)?.file;
      if (file === undefined || !page.shared || page.words === null) continue;
      equal(
        [...wordsOf(file.bytes, page.index)],
        [...page.words],
        `page ${page.index} of ${file.path} after msync`,
      );
    }
  }

  private brk(): void {
    const { process, space } = this.dice.pick(this.processes);
    if (space.usesMalloc) return;
    const address =
      space.heapStart + this.dice.upTo(20 * FRAME_BYTES) - (this.dice.oneIn(20) ? FRAME_BYTES : 0);
    const result = this.attempt(() => process.brk(address));
    if (address < space.heapStart) {
      equal(result.code, 'ENOMEM', 'a break below the heap');
      return;
    }
    if (this.expect(result, 'ok')) space.moveBreak(address);
    equal(process.break, space.break, 'the break');
  }

  private push(): void {
    const each = this.dice.pick(this.processes);
    const { process, space } = each;
    const pointer = process.task.stackPointer;
    process.space.stackLimitBytes = STACK_PAGES_MAX * FRAME_BYTES;
    if (this.dice.oneIn(3)) {
      process.task.stackPointer = STACK_TOP - FRAME_BYTES + (pointer % FRAME_BYTES);
      return;
    }
    const bytes = 1 + this.dice.upTo(5 * FRAME_BYTES);
    const page = Math.floor((pointer - bytes) / FRAME_BYTES);
    const fits = STACK_TOP / FRAME_BYTES - page <= STACK_PAGES_MAX;
    const result = this.attempt(() => process.push(bytes));
    if (!this.expect(result, fits ? 'ok' : 'SEGV_MAPERR')) {
      equal(process.task.stackPointer, pointer, 'the stack pointer after a refusal');
      return;
    }
    if (page < each.stack) {
      space.map(page, each.stack - page, () => new ModelPage(3, null, 0, false, 0));
      each.stack = page;
    }
    space.pages.get(page)?.writeZero((pointer - bytes) % FRAME_BYTES);
  }

  private malloc(): void {
    const { process, space } = this.dice.pick(this.processes);
    if (space.break !== space.heapStart && !space.usesMalloc) return;
    const size = 16 * (1 + this.dice.upTo(this.dice.oneIn(8) ? 20_000 : 600));
    const clear = this.dice.oneIn(3);
    space.usesMalloc = true;
    const result = this.attempt(() => (clear ? process.heap.calloc(1, size) : process.heap.malloc(size)));
    space.moveBreak(process.break);
    process.heap.check();
    const address = result.value ?? 0;
    if (result.code !== undefined) {
      this.expect(result, 'ok');
      this.forgetFreeWords(process, space);
    } else if (address === 0) this.noMemory();
    if (address === 0) return;
    const bytes = process.heap.usableSize(address);
    space.blocks.set(address, bytes);
    const first = Math.floor(address / FRAME_BYTES);
    const end = Math.ceil((address + bytes) / FRAME_BYTES);
    if (address >= space.break || address < space.heapStart) {
      check(space.isFree(first, end - first), 'malloc mapped where something is mapped');
      space.map(first, end - first, () => new ModelPage(3, null, 0, false, 0));
    } else if (clear) {
      for (let page = first; page < end; page++) {
        for (let slot = 0; slot < SLOTS; slot++) {
          const at = page * FRAME_BYTES + slotOffset(slot);
          if (at >= address && at < address + size) space.pages.get(page)!.write(slot, 0);
        }
      }
    }
  }

  /** A calloc that ran out of frames half-way has cleared part of what is free again: that may hold anything. */
  private forgetFreeWords(process: Process, space: ModelSpace): void {
    for (const [page, contents] of space.pages) {
      for (let slot = 0; slot < SLOTS; slot++) {
        const address = page * FRAME_BYTES + slotOffset(slot);
        if (!this.inHeap(space, address) || this.mayWrite(space, address)) continue;
        const found = this.attempt(() => process.space.loadI32(address));
        if (found.value !== undefined) contents.own![slot] = found.value;
      }
    }
  }

  /** Of mappings, whose pages move as a whole. */
  private realloc(): void {
    const { process, space } = this.dice.pick(this.processes);
    const mapped = [...space.blocks.keys()].filter((address) => !this.inHeap(space, address));
    if (mapped.length === 0) return;
    const address = this.dice.pick(mapped);
    const held = space.blocks.get(address)!;
    const result = this.attempt(() => process.heap.realloc(address, 16 * (1 + this.dice.upTo(20_000))));
    process.heap.check();
    if (!this.expect(result, 'ok')) return;
    const moved = result.value!;
    if (moved === 0) {
      this.noMemory();
      return;
    }
    const bytes = process.heap.usableSize(moved);
    const page = (place: number) => place / FRAME_BYTES;
    space.remap(page(address), page(held), page(bytes), page(moved), false);
    space.blocks.delete(address);
    space.blocks.set(moved, bytes);
  }

  private free(): void {
    const { process, space } = this.dice.pick(this.processes);
    if (space.blocks.size === 0) return;
    const address = this.dice.pick([...space.blocks.keys()]);
    const bytes = space.blocks.get(address)!;
    const result = this.attempt(() => process.heap.free(address));
    space.moveBreak(process.break);
    process.heap.check();
    if (!this.expect(result, 'ok')) return;
    space.blocks.delete(address);
    if (address >= WINDOW * FRAME_BYTES && address % FRAME_BYTES === 0 && !this.inHeap(space, address)) {
      space.unmap(address / FRAME_BYTES, bytes / FRAME_BYTES);
    }
  }

  private fork(): void {
    if (this.kernel.processes.size >= PROCESSES_MAX) return;
    const parent = this.dice.pick(this.processes);
    const result = this.attempt(() => this.kernel.processes.fork(parent.process));
    if (!this.expect(result, 'ok')) return;
    result.value!.heapInUse?.check();
    this.processes.push({ process: result.value!, space: parent.space.fork(), stack: parent.stack });
  }

  private exec(): void {
    const each = this.dice.pick(this.processes);
    const broken = this.dice.oneIn(4);
    const result = this.attempt(() =>
      this.kernel.processes.exec(each.process, broken ? '/broken' : '/program'),
    );
    if (!this.expect(result, broken ? 'EINVAL' : 'ok')) return;
    const space = new ModelSpace();
    const first = TEXT.address / FRAME_BYTES;
    space.map(first, 2, (i) => new ModelPage(5, this.program, i, false, 0));
    space.map(first + 2, 2, (i) => new ModelPage(3, this.program, 1 + i, false, 0));
    for (let slot = 0; slot < SLOTS; slot++) {
      const inFile = slotOffset(slot) < (DATA.address + DATA.fileBytes) % FRAME_BYTES;
      if (!inFile) space.pages.get(first + 3)!.write(slot, 0);
    }
    space.map(first + 4, 1, () => new ModelPage(3, null, 0, false, 0));
    space.heapStart = each.process.task.heapStart;
    space.break = each.process.break;
    equal(space.heapStart, (first + 5) * FRAME_BYTES, 'the start of the heap');
    this.processes[this.processes.indexOf(each)] = {
      process: each.process,
      space,
      stack: STACK_TOP / FRAME_BYTES - 1,
    };
  }

  private exit(): void {
    const each = this.dice.pick(this.processes);
    if (each.process.pid === 1) return;
    this.verifyAll(each);
    this.kernel.processes.exit(each.process, this.dice.upTo(256));
    this.processes.splice(this.processes.indexOf(each), 1);
  }

  private wait(): void {
    const { process } = this.dice.pick(this.processes);
    const zombies = [...process.children].filter((child) => child.isZombie).map(({ pid }) => pid);
    const result = this.attempt(() => this.kernel.processes.wait(process));
    if (process.children.size === 0 && zombies.length === 0)
      equal(result.code, 'ECHILD', 'wait without children');
    else
      equal(result.value?.pid ?? 0, zombies.length === 0 ? 0 : Math.min(...zombies), 'the child waited for');
  }

  private getSegment(): void {
    const key = this.dice.upTo(5);
    const pages = 1 + this.dice.upTo(4);
    const result = this.attempt(() => this.kernel.segments.get(key, pages * FRAME_BYTES));
    const known = key === 0 ? undefined : this.segments.find((each) => each.key === key);
    const tooLarge = known !== undefined && known.object.pages.length < pages;
    if (!this.expect(result, tooLarge ? 'EINVAL' : 'ok')) return;
    if (known !== undefined) equal(result.value!.id, known.id, 'the segment of a key');
    else {
      const object = new ModelObject('segment', pages * FRAME_BYTES);
      this.segments.push({ object, id: result.value!.id, key, removed: false });
    }
  }

  private attach(): void {
    if (this.segments.length === 0) return;
    const { process, space } = this.dice.pick(this.processes);
    const { object, id } = this.dice.pick(this.segments);
    const count = object.pages.length;
    const readOnly = this.dice.oneIn(4);
    const first = WINDOW + this.dice.upTo(WINDOW_PAGES - count);
    const fixed = this.dice.oneIn(2);
    const options = fixed ? { readOnly, address: first * FRAME_BYTES } : { readOnly };
    const result = this.attempt(() => process.attach(this.kernel.segments.byId(id), options));
    if (!this.expect(result, fixed && !space.isFree(first, count) ? 'EINVAL' : 'ok')) return;
    const at = result.value! / FRAME_BYTES;
    check(space.isFree(at, count), 'shmat attached where something is mapped');
    space.map(at, count, (i) => new ModelPage(readOnly ? 1 : 3, object, i, true, at));
  }

  private detach(): void {
    const { process, space } = this.dice.pick(this.processes);
    const groups = [...new Set([...space.pages.values()].map(({ group }) => group))].filter(
      (group) => group > 0,
    );
    if (groups.length === 0) return;
    const first = this.dice.pick(groups);
    const result = this.attempt(() => process.detach(first * FRAME_BYTES));
    if (!this.expect(result, 'ok')) return;
    // Another segment may have come to lie where the first pages of one were unmapped: that one's rest stays.
    const pages = [...space.pages].filter(([, { group }]) => group === first).sort(([a], [b]) => a - b);
    const [, lowest] = pages[0];
    for (const [page, { object }] of pages) if (object === lowest.object) space.pages.delete(page);
  }

  private removeSegment(): void {
    if (this.segments.length === 0) return;
    const segment = this.dice.pick(this.segments);
    const result = this.attempt(() => this.kernel.segments.remove(segment.id));
    if (!this.expect(result, 'ok')) return;
    segment.removed = true;
    segment.key = 0;
  }

  /** Those that are removed live as long as anyone has a page of them mapped. */
  private checkSegments(): void {
    if (this.segments.some(({ removed }) => removed)) {
      const mapped = new Set<ModelObject | null>();
      for (const { space } of this.processes)
        for (const { object } of space.pages.values()) mapped.add(object);
      this.segments = this.segments.filter(({ removed, object }) => !removed || mapped.has(object));
    }
    const ids = this.kernel.segments.list().map(({ id }) => id);
    equal(
      ids,
      this.segments.map(({ id }) => id),
      'the shared segments that exist',
    );
  }

  private reclaim(): void {
    if (this.dice.oneIn(2)) this.kernel.vm.reclaim(1 + this.dice.upTo(40));
    else this.kernel.dropCaches();
  }

  private verifyAll({ process, space }: ModelProcess): void {
    for (const [page, contents] of space.pages) {
      const { words } = contents;
      if (contents.protection === 0 || words === null) continue;
      for (let slot = 0; slot < SLOTS; slot++) {
        const address = page * FRAME_BYTES + slotOffset(slot);
        const result = this.attempt(() => process.space.loadI32(address));
        if (result.code === 'OOM') return;
        equal(result.value, words[slot], `process ${process.pid}, 0x${address.toString(16)}`);
      }
    }
  }
}
