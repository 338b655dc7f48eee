/**
 * Loads and stores through the MMU: what a program's instructions do with an address.
 *
 * Cost: a hit in the TLB is a comparison and the access itself; a miss walks the tables, and may fault. An access
 * across a page border takes both pages first, so that one which faults has stored nothing. Words are little-endian.
 * Waste: none. Not for physical addresses: those are places in Machine's arrays.
 */
import { display } from 'freehold';
import { FRAME_BYTES, type Machine } from '../../machine.js';
import { type Access, MemoryFault } from './memory-fault.js';
import { NO_ENTRY, type PageTable, PTE_ACCESSED, PTE_DIRTY, PTE_PRESENT, PTE_WRITE } from './page-table.js';
import { TLB_HITS, TLB_MASK, TLB_MISSES, type Tlb, type TlbUser } from './tlb.js';

export const PAGE_MASK = FRAME_BYTES - 1;
const PER_PAGE = 1 / FRAME_BYTES;
const TWO_32 = 2 ** 32;
/** Of 48 bits of address. Others, which a wild pointer may hold, make the tag of a page of another address space. */
const PAGES = 2 ** 36;
/** Pages that take each other's frame so often cannot both be had. */
const STRADDLE_TRIES = 8;

/**
 * Loads and stores of words at virtual addresses, by page tables and the TLB. Words need not be aligned. Each throws MemoryFault where the address may not be used so, RangeError where it is not a whole
 * number.
 * @example
 * ```js
 * const { space } = new Kernel().process(1);
 * const at = space.mmap({ length: 4096 });
 * space.store32(at + 8, 7);
 * space.loadU32(at + 8);   // => 7
 * space.loadU32(8);   // => throws MemoryFault: SIGSEGV (SEGV_MAPERR): cannot read at 0x8
 * ```
 */
export abstract class MappedWords implements TlbUser {
  asid = 0;
  readonly table: PageTable;
  protected readonly tlb: Tlb;
  protected readonly machine: Machine;
  protected readonly u8: Uint8Array;
  private readonly u16: Uint16Array;
  private readonly u32: Uint32Array;
  private readonly f64: Float64Array;
  private readonly view: DataView;
  private readonly readTags: Float64Array;
  private readonly writeTags: Float64Array;
  private readonly frames: Int32Array;
  private readonly tlbCounts: Float64Array;
  /** Eight bytes on their way across a page border. */
  private readonly straddle = new DataView(new ArrayBuffer(8));

  constructor(machine: Machine, tlb: Tlb, table: PageTable) {
    this.machine = machine;
    this.tlb = tlb;
    this.table = table;
    this.u8 = machine.u8;
    this.u16 = machine.u16;
    this.u32 = machine.u32;
    this.f64 = machine.f64;
    this.view = machine.view;
    this.readTags = tlb.readTags;
    this.writeTags = tlb.writeTags;
    this.frames = tlb.frames;
    this.tlbCounts = tlb.counts;
    tlb.join(this);
  }

  /** Makes the page of `address` present for the access, or throws. */
  protected abstract fault(address: number, access: Access): void;

  /**
   * The byte at `address`, 0 to 255. @throws MemoryFault when nothing is mapped there, or it may not be read
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const text = space.mmap({ length: 4096 });
   * space.writeString(text, 'é');
   * [space.loadU8(text), space.loadU8(text + 1), space.loadU8(text + 2)];   // => [0xc3, 0xa9, 0]
   * ```
   */
  loadU8(address: number): number {
    return this.u8[this.forReading(address)];
  }

  /**
   * The byte at `address` as a signed number, -128 to 127: C's `char` on x86-64. @throws MemoryFault
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const char = space.mmap({ length: 4096 });
   * space.store8(char, 0xff);
   * [space.loadI8(char), space.loadU8(char)];   // => [-1, 255]
   * ```
   */
  loadI8(address: number): number {
    return (this.u8[this.forReading(address)] << 24) >> 24;
  }

  /**
   * The two bytes from `address` on, the lower first, as a number from 0 to 65535. @throws MemoryFault
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const header = space.mmap({ length: 4096 });
   * // TCP port 80 in the order of the network, the higher byte first.
   * space.write(header + 1, Uint8Array.of(0, 80));
   * space.loadU16(header + 1);   // => 0x5000
   * ```
   */
  loadU16(address: number): number {
    if ((address & 1) === 0) return this.u16[this.forReading(address) >>> 1];
    return this.gather(address, 2).getUint16(0, true);
  }

  /**
   * As `loadU16`, signed: -32768 to 32767. @throws MemoryFault
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const sample = space.mmap({ length: 4096 });
   * space.store16(sample, -32_768);
   * [space.loadI16(sample), space.loadU16(sample)];   // => [-32768, 32768]
   * ```
   */
  loadI16(address: number): number {
    return (this.loadU16(address) << 16) >> 16;
  }

  /**
   * The four bytes from `address` on, the lowest first, as a number from 0 to 2^32 - 1. @throws MemoryFault
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const image = space.mmap({ length: 4096 });
   * space.write(image, Uint8Array.of(0x7f, 0x45, 0x4c, 0x46));
   * // The magic number of ELF files.
   * space.loadU32(image);   // => 0x464c457f
   * ```
   */
  loadU32(address: number): number {
    if ((address & 3) === 0) return this.u32[this.forReading(address) >>> 2];
    return this.gather(address, 4).getUint32(0, true);
  }

  /**
   * As `loadU32`, signed: C's `int`. @throws MemoryFault
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const result = space.mmap({ length: 4096 });
   * // What a system call returns for EINVAL.
   * space.store32(result, -22);
   * [space.loadI32(result), space.loadU32(result)];   // => [-22, 4294967274]
   * ```
   */
  loadI32(address: number): number {
    return this.loadU32(address) | 0;
  }

  /**
   * The eight bytes from `address` on, the lowest first, as a bigint. For pointers and sizes `loadPointer` is
   * faster. @throws MemoryFault
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const hash = space.mmap({ length: 4096 });
   * space.fill(hash, 8, 0xff);
   * space.loadU64(hash);   // => 0xffff_ffff_ffff_ffffn
   * ```
   */
  loadU64(address: number): bigint {
    if ((address & 7) === 0) return this.view.getBigUint64(this.forReading(address), true);
    return this.gather(address, 8).getBigUint64(0, true);
  }

  /**
   * As `loadU64`, signed: C's `long`, `off_t`, `time_t`. @throws MemoryFault
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const time = space.mmap({ length: 4096 });
   * space.store64(time, -1n);
   * // A second before 1970.
   * space.loadI64(time);   // => -1n
   * ```
   */
  loadI64(address: number): bigint {
    if ((address & 7) === 0) return this.view.getBigInt64(this.forReading(address), true);
    return this.gather(address, 8).getBigInt64(0, true);
  }

  /**
   * Four bytes as an IEEE 754 number of single precision. @throws MemoryFault
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const at = space.mmap({ length: 4096 });
   * space.store32(at, 0x3f80_0000);
   * space.loadF32(at);   // => 1
   * ```
   */
  loadF32(address: number): number {
    if ((address & 3) === 0) return this.view.getFloat32(this.forReading(address), true);
    return this.gather(address, 4).getFloat32(0, true);
  }

  /**
   * Eight bytes as an IEEE 754 number of double precision, as JavaScript's numbers are. @throws MemoryFault
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const series = space.mmap({ length: 4096 });
   * [0.5, 1.5, 2.5].forEach((value, i) => space.storeF64(series + i * 8, value));
   * space.loadF64(series + 2 * 8);   // => 2.5
   * ```
   */
  loadF64(address: number): number {
    if ((address & 7) === 0) return this.f64[this.forReading(address) >>> 3];
    return this.gather(address, 8).getFloat64(0, true);
  }

  /**
   * An unsigned 64-bit word that is a pointer or a size: exact below 2^53, rounded above. No bigint is made. @throws
   * MemoryFault
   * @example
   * ```js
   * const { space, task } = new Kernel().process(1);
   * // The stack of a program that starts: argc, then the pointers argv[0], argv[1] …
   * space.loadPointer(task.stackPointer);   // => 1
   * space.readString(space.loadPointer(task.stackPointer + 8));   // => 'init'
   * ```
   */
  loadPointer(address: number): number {
    if ((address & 7) === 0) {
      const at = this.forReading(address) >>> 2;
      return this.u32[at + 1] * TWO_32 + this.u32[at];
    }
    const bytes = this.gather(address, 8);
    return bytes.getUint32(4, true) * TWO_32 + bytes.getUint32(0, true);
  }

  /**
   * Writes the lowest 8 bits of `value`. The first write to a page takes a frame, or copies a shared one.
   * @throws MemoryFault when it may not be written, or no frame is left
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const at = space.mmap({ length: 4096 });
   * space.store8(at, 0x1ff);
   * space.loadU8(at);   // => 0xff
   * space.mprotect(at, 4096, PROT_READ);
   * space.store8(at, 0);   // => throws MemoryFault: SIGSEGV (SEGV_ACCERR): cannot write
   * ```
   */
  store8(address: number, value: number): void {
    this.u8[this.forWriting(address)] = value;
  }

  /**
   * Writes the lowest 16 bits of `value`, the lower byte first. @throws MemoryFault; nothing is stored then
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const at = space.mmap({ length: 8192 });
   * space.mprotect(at + 4096, 4096, PROT_NONE);
   * // Half of it would lie on the page that is closed.
   * space.store16(at + 4095, 0x0101);   // => throws MemoryFault: SEGV_ACCERR
   * space.loadU8(at + 4095);   // => 0
   * ```
   */
  store16(address: number, value: number): void {
    if ((address & 1) === 0) {
      this.u16[this.forWriting(address) >>> 1] = value;
      return;
    }
    this.straddle.setUint16(0, value, true);
    this.scatter(address, 2);
  }

  /**
   * Writes the lowest 32 bits of `value`, the lowest byte first. @throws MemoryFault; nothing is stored then
   * @example
   * ```js
   * const kernel = new Kernel();
   * const parent = kernel.process(1).space;
   * const at = parent.mmap({ length: 4096, populate: true });
   * const child = kernel.processes.fork(kernel.process(1)).space;
   * // The first write after a fork copies the page.
   * child.store32(at, 2 ** 32 + 5);
   * [child.loadU32(at), parent.loadU32(at), child.counts.copies];   // => [5, 0, 1]
   * ```
   */
  store32(address: number, value: number): void {
    if ((address & 3) === 0) {
      this.u32[this.forWriting(address) >>> 2] = value;
      return;
    }
    this.straddle.setUint32(0, value, true);
    this.scatter(address, 4);
  }

  /**
   * Writes the lowest 64 bits of a bigint, the lowest byte first. @throws MemoryFault; nothing is stored then
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const inode = space.mmap({ length: 4096 });
   * space.store64(inode, 2n ** 63n + 1n);
   * [space.loadU64(inode), space.loadI64(inode)];   // => [9223372036854775809n, -9223372036854775807n]
   * ```
   */
  store64(address: number, value: bigint): void {
    if ((address & 7) === 0) {
      this.view.setBigUint64(this.forWriting(address), value, true);
      return;
    }
    this.straddle.setBigUint64(0, value, true);
    this.scatter(address, 8);
  }

  /**
   * Writes `value` rounded to single precision. @throws MemoryFault; nothing is stored then
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const vertex = space.mmap({ length: 4096 });
   * space.storeF32(vertex, 0.1);
   * [space.loadF32(vertex) === 0.1, space.loadF32(vertex) === Math.fround(0.1)];   // => [false, true]
   * ```
   */
  storeF32(address: number, value: number): void {
    if ((address & 3) === 0) {
      this.view.setFloat32(this.forWriting(address), value, true);
      return;
    }
    this.straddle.setFloat32(0, value, true);
    this.scatter(address, 4);
  }

  /**
   * Writes `value` in double precision, nothing rounded. @throws MemoryFault; nothing is stored then
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const at = space.mmap({ length: 8192 });
   * // Across two pages, which need not lie side by side in physical memory.
   * space.storeF64(at + 4092, 0.1);
   * [space.loadF64(at + 4092), space.residentPages - 1];   // => [0.1, 2]
   * ```
   */
  storeF64(address: number, value: number): void {
    if ((address & 7) === 0) {
      this.f64[this.forWriting(address) >>> 3] = value;
      return;
    }
    this.straddle.setFloat64(0, value, true);
    this.scatter(address, 8);
  }

  /**
   * Writes a pointer or a size as an unsigned 64-bit word, without a bigint.
   * @param value a whole number from 0 to 2^53 - 1
   * @throws MemoryFault; nothing is stored then
   * @example
   * ```js
   * const { heap, space } = new Kernel().process(1);
   * // A list of two nodes: `next` first, then a value.
   * const [head, tail] = [heap.malloc(16), heap.malloc(16)];
   * space.storePointer(head, tail);
   * space.store32(space.loadPointer(head) + 8, 99);
   * space.loadU32(tail + 8);   // => 99
   * ```
   */
  storePointer(address: number, value: number): void {
    if ((address & 7) === 0) {
      const at = this.forWriting(address) >>> 2;
      this.u32[at] = value;
      this.u32[at + 1] = value / TWO_32;
      return;
    }
    this.straddle.setUint32(0, value, true);
    this.straddle.setUint32(4, value / TWO_32, true);
    this.scatter(address, 8);
  }

  /** The physical address behind `address`. */
  protected forReading(address: number): number {
    const page = Math.floor(address * PER_PAGE);
    const slot = page & TLB_MASK;
    if (this.readTags[slot] === page + this.asid && page >= 0 && page < PAGES) {
      this.tlbCounts[TLB_HITS]++;
      return ((this.frames[slot] << 12) | (address & PAGE_MASK)) >>> 0;
    }
    return this.miss(address, 'read');
  }

  protected forWriting(address: number): number {
    const page = Math.floor(address * PER_PAGE);
    const slot = page & TLB_MASK;
    if (this.writeTags[slot] === page + this.asid && page >= 0 && page < PAGES) {
      this.tlbCounts[TLB_HITS]++;
      return ((this.frames[slot] << 12) | (address & PAGE_MASK)) >>> 0;
    }
    return this.miss(address, 'write');
  }

  /** Walks the tables, fills the TLB, marks the entry accessed and, for a write, dirty. */
  private miss(address: number, access: Access): number {
    if (!Number.isSafeInteger(address)) {
      throw new RangeError(`an address must be a whole number, got ${display(address)}`);
    }
    this.tlbCounts[TLB_MISSES]++;
    const page = Math.floor(address * PER_PAGE);
    const needed = access === 'write' ? PTE_PRESENT | PTE_WRITE : PTE_PRESENT;
    const mark = access === 'write' ? PTE_ACCESSED | PTE_DIRTY : PTE_ACCESSED;
    for (;;) {
      // Beyond 48 bits there is nothing, and a walk would see the lower 48 only.
      const entry = page >= 0 && page < PAGES ? this.table.find(page) : NO_ENTRY;
      const low = entry === NO_ENTRY ? 0 : this.u32[entry];
      if ((low & needed) === needed) {
        this.u32[entry] = low | mark;
        const writable = PTE_WRITE | PTE_DIRTY;
        this.tlb.fill(page + this.asid, low >>> 12, ((low | mark) & writable) === writable);
        return ((low & ~PAGE_MASK) | (address & PAGE_MASK)) >>> 0;
      }
      this.fault(address, access);
    }
  }

  /** Up to 8 bytes at an address that is not aligned, which may lie on two pages. */
  private gather(address: number, bytes: number): DataView {
    const { straddle } = this;
    const onFirst = Math.min(bytes, FRAME_BYTES - (address & PAGE_MASK));
    let at = this.forReading(address);
    for (let i = 0; i < onFirst; i++) straddle.setUint8(i, this.u8[at + i]);
    if (onFirst < bytes) {
      at = this.forReading(address + onFirst);
      for (let i = onFirst; i < bytes; i++) straddle.setUint8(i, this.u8[at + i - onFirst]);
    }
    return straddle;
  }

  private scatter(address: number, bytes: number): void {
    const { straddle } = this;
    const onFirst = Math.min(bytes, FRAME_BYTES - (address & PAGE_MASK));
    let at = this.forWriting(address);
    if (onFirst < bytes) {
      let second = this.forWriting(address + onFirst);
      // Making the second page present may have cost the first one its frame; then the TLB has lost it too.
      for (let tries = 0; !this.isReadyForWriting(address); tries++) {
        if (tries === STRADDLE_TRIES) throw new MemoryFault('OOM', address, 'write');
        at = this.forWriting(address);
        second = this.forWriting(address + onFirst);
      }
      for (let i = onFirst; i < bytes; i++) this.u8[second + i - onFirst] = straddle.getUint8(i);
    }
    for (let i = 0; i < onFirst; i++) this.u8[at + i] = straddle.getUint8(i);
  }

  private isReadyForWriting(address: number): boolean {
    const page = Math.floor(address * PER_PAGE);
    return this.writeTags[page & TLB_MASK] === page + this.asid;
  }
}
