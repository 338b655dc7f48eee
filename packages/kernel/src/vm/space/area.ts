/**
 * An area of an address space: pages next to each other with the same protection and the same source of their
 * contents (Linux's `struct vm_area_struct`). Bounds, flags and file offset lie in an object of the slab cache
 * `vm_area_struct`.
 */
import { INSPECT, summary } from 'freehold';
import type { Inode } from '../page-cache/inode.js';
import type { FileMapping, Mapper } from '../page-cache/mapper.js';
import { SPAN_BYTES, Span } from './span-tree.js';

export const PROT_NONE = 0;
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_EXEC = 4;

// Bits of an area's flags, as in Linux. The lowest three are the protection.
export const VM_READ = 0x1;
export const VM_WRITE = 0x2;
export const VM_EXEC = 0x4;
/** Writes go to the file, or to the segment that others have mapped too. */
export const VM_SHARED = 0x8;
/** What mprotect may allow. */
export const VM_MAYREAD = 0x10;
export const VM_MAYWRITE = 0x20;
export const VM_MAYEXEC = 0x40;
/** Mapped shared; without VM_SHARED too where the file is open for reading only. */
export const VM_MAYSHARE = 0x80;
/** A stack: grows down when the page below is touched. */
export const VM_GROWSDOWN = 0x100;

export const PROT_MASK = VM_READ | VM_WRITE | VM_EXEC;

/** User addresses lie below. */
export const TASK_SIZE = 0x7fff_ffff_f000;
/** Nothing is mapped below, so that a null pointer faults. */
export const MMAP_MIN_ADDRESS = 2 ** 16;
/** Areas of which the address is not chosen lie below, as high as they can; a stack of 128 MiB fits above. */
export const MMAP_BASE = TASK_SIZE - 2 ** 27;
/** Areas an address space may have (vm.max_map_count). */
export const MAX_AREAS = 65530;

/** Bytes that stay free below a stack: 256 pages. */
export const STACK_GUARD_BYTES = 2 ** 20;

/** Size of the slab object, as of Linux 5.x. */
export const AREA_BYTES = 200;

/** The name of the area that brk makes. */
export const HEAP_NAME = '[heap]';
/** The name of the area that holds the stack a program starts with. */
export const STACK_NAME = '[stack]';

const FLAGS = SPAN_BYTES / 8;
const OFFSET = FLAGS + 1;

export interface AreaSource {
  /** What is mapped, or null for anonymous memory. */
  readonly inode: Inode | null;
  /** Bytes into the file at the area's start; 0 for anonymous memory. */
  readonly offset: number;
  /** Shown instead of a path, for example `[stack]`. */
  readonly name: string | null;
}

/** The address space that an area belongs to. */
export interface AreaOwner extends Mapper {
  /** Where the program found its arguments; null when none was loaded. */
  readonly stackStart: number | null;
}

/**
 * An area of an address space: pages next to each other with the same protection and the same source. `space.areas`
 * lists them; mmap, munmap and mprotect make and change them.
 * @example
 * ```js
 * const { space } = new Kernel().process(1);
 * const at = space.mmap({ length: 3 * 4096 });
 * space.mprotect(at + 4096, 4096, PROT_READ);
 * Array.from(space.areas, (area) => area.permissions);   // => ['rw-p', 'r--p', 'rw-p', 'rw-p']
 * // The same protection again: one area again.
 * space.mprotect(at + 4096, 4096, PROT_READ | PROT_WRITE);
 * space.areaAt(at).bytes;   // => 12288
 * ```
 */
export class Area extends Span implements FileMapping {
  readonly space: AreaOwner;
  readonly inode: Inode | null;
  readonly name: string | null;
  /** Whether pages of its own may be in it: copies of written pages, or anonymous memory. A fork must copy these. */
  hasAnonymous = false;

  constructor(
    space: AreaOwner,
    words: Float64Array,
    object: number,
    start: number,
    end: number,
    flags: number,
    source: AreaSource,
  ) {
    super(words, object);
    this.space = space;
    this.start = start;
    this.end = end;
    this.flags = flags;
    this.offset = source.offset;
    this.inode = source.inode;
    this.name = source.name;
  }

  get flags(): number {
    return this.words[this.at + FLAGS];
  }

  set flags(flags: number) {
    this.words[this.at + FLAGS] = flags;
  }

  get offset(): number {
    return this.words[this.at + OFFSET];
  }

  set offset(bytes: number) {
    this.words[this.at + OFFSET] = bytes;
  }

  get bytes(): number {
    return this.end - this.start;
  }

  get isShared(): boolean {
    return (this.flags & VM_MAYSHARE) !== 0;
  }

  /** `rw-p`, as in /proc/PID/maps. */
  get permissions(): string {
    const { flags } = this;
    const letter = (bit: number, yes: string) => ((flags & bit) !== 0 ? yes : '-');
    return `${letter(VM_READ, 'r')}${letter(VM_WRITE, 'w')}${letter(VM_EXEC, 'x')}${this.isShared ? 's' : 'p'}`;
  }

  /** As /proc/PID/maps names it: of a stack in pieces, the one where the program found its arguments. */
  get label(): string {
    const { name, start, end } = this;
    const { stackStart } = this.space;
    if (name === STACK_NAME && stackStart !== null && !(start <= stackStart && stackStart <= end)) return '';
    return name ?? this.inode?.path ?? '';
  }

  override get guardBytes(): number {
    return (this.flags & VM_GROWSDOWN) !== 0 ? STACK_GUARD_BYTES : 0;
  }

  /**
   * Bytes into the file at `address`, also beyond the bounds; 0 for anonymous memory.
   * @example
   * ```js
   * const { vm } = new Kernel();
   * const space = vm.createAddressSpace();
   * const inode = vm.cache.open(new MemoryFile('/lib/libc.so', new Uint8Array(0x9000)));
   * const text = space.mmap({ length: 0x3000, inode, offset: 0x5000, protection: PROT_READ });
   * // Which byte of the library a crash at this address is about:
   * space.areaAt(text + 0x1234).offsetAt(text + 0x1234);   // => 0x6234
   * ```
   */
  offsetAt(address: number): number {
    return this.inode === null ? 0 : this.offset + (address - this.start);
  }

  /** Whether an area from `end` on with these properties would continue this one. @internal */
  isContinuedBy(flags: number, source: AreaSource): boolean {
    return (
      this.flags === flags &&
      this.inode === source.inode &&
      this.name === source.name &&
      this.offsetAt(this.end) === source.offset
    );
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * const process = new Kernel().process(1);
   * const at = process.mmap({ length: 4096 });
   * process.space.areas.find(at).toJSON().permissions;   // => 'rw-p'
   * ```
   */
  override toJSON(): object {
    return { start: this.start, end: this.end, permissions: this.permissions, label: this.label };
  }

  /** @internal */
  override [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}
