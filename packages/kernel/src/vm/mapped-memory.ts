/**
 * Loads and stores through the MMU: what a program's instructions and the kernel's copies do with an address.
 *
 * Cost: a hit in the TLB is a comparison and the access itself; a miss walks the tables, and may fault. An access
 * across a page border takes both pages first, so that one which faults has stored nothing. Words are little-endian.
 * Waste: none. Not for physical addresses: those are places in Machine's arrays.
 */
import { FRAME_BYTES, type Machine } from '../machine.js';
import { type Access, MemoryFault } from './memory-fault.js';
import { NO_ENTRY, type PageTable, PTE_ACCESSED, PTE_DIRTY, PTE_PRESENT, PTE_WRITE } from './page-table.js';
import { TLB_HITS, TLB_MASK, TLB_MISSES, type Tlb, type TlbUser } from './tlb.js';

const PAGE_MASK = FRAME_BYTES - 1;
const PER_PAGE = 1 / FRAME_BYTES;
const TWO_32 = 2 ** 32;
/** Of 48 bits of address. Others, which a wild pointer may hold, make the tag of a page of another address space. */
const PAGES = 2 ** 36;
/** Pages that take each other's frame so often cannot both be had. */
const STRADDLE_TRIES = 8;

export abstract class MappedMemory implements TlbUser {
  asid = 0;
  readonly table: PageTable;
  protected readonly tlb: Tlb;
  protected readonly machine: Machine;
  private readonly u8: Uint8Array;
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

  loadU8(address: number): number {
    return this.u8[this.forReading(address)];
  }

  loadI8(address: number): number {
    return (this.u8[this.forReading(address)] << 24) >> 24;
  }

  loadU16(address: number): number {
    if ((address & 1) === 0) return this.u16[this.forReading(address) >>> 1];
    return this.gather(address, 2).getUint16(0, true);
  }

  loadI16(address: number): number {
    return (this.loadU16(address) << 16) >> 16;
  }

  loadU32(address: number): number {
    if ((address & 3) === 0) return this.u32[this.forReading(address) >>> 2];
    return this.gather(address, 4).getUint32(0, true);
  }

  loadI32(address: number): number {
    return this.loadU32(address) | 0;
  }

  loadU64(address: number): bigint {
    if ((address & 7) === 0) return this.view.getBigUint64(this.forReading(address), true);
    return this.gather(address, 8).getBigUint64(0, true);
  }

  loadI64(address: number): bigint {
    if ((address & 7) === 0) return this.view.getBigInt64(this.forReading(address), true);
    return this.gather(address, 8).getBigInt64(0, true);
  }

  loadF32(address: number): number {
    if ((address & 3) === 0) return this.view.getFloat32(this.forReading(address), true);
    return this.gather(address, 4).getFloat32(0, true);
  }

  loadF64(address: number): number {
    if ((address & 7) === 0) return this.f64[this.forReading(address) >>> 3];
    return this.gather(address, 8).getFloat64(0, true);
  }

  /** An unsigned 64-bit word that is a pointer or a size: exact below 2^53. */
  loadPointer(address: number): number {
    if ((address & 7) === 0) {
      const at = this.forReading(address) >>> 2;
      return this.u32[at + 1] * TWO_32 + this.u32[at];
    }
    const bytes = this.gather(address, 8);
    return bytes.getUint32(4, true) * TWO_32 + bytes.getUint32(0, true);
  }

  /** The lowest 8 bits of `value`; so for the other widths. */
  store8(address: number, value: number): void {
    this.u8[this.forWriting(address)] = value;
  }

  store16(address: number, value: number): void {
    if ((address & 1) === 0) {
      this.u16[this.forWriting(address) >>> 1] = value;
      return;
    }
    this.straddle.setUint16(0, value, true);
    this.scatter(address, 2);
  }

  store32(address: number, value: number): void {
    if ((address & 3) === 0) {
      this.u32[this.forWriting(address) >>> 2] = value;
      return;
    }
    this.straddle.setUint32(0, value, true);
    this.scatter(address, 4);
  }

  store64(address: number, value: bigint): void {
    if ((address & 7) === 0) {
      this.view.setBigUint64(this.forWriting(address), value, true);
      return;
    }
    this.straddle.setBigUint64(0, value, true);
    this.scatter(address, 8);
  }

  storeF32(address: number, value: number): void {
    if ((address & 3) === 0) {
      this.view.setFloat32(this.forWriting(address), value, true);
      return;
    }
    this.straddle.setFloat32(0, value, true);
    this.scatter(address, 4);
  }

  storeF64(address: number, value: number): void {
    if ((address & 7) === 0) {
      this.f64[this.forWriting(address) >>> 3] = value;
      return;
    }
    this.straddle.setFloat64(0, value, true);
    this.scatter(address, 8);
  }

  /** @param value a whole number from 0 to 2^53 - 1 */
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

  /**
   * Copies the bytes at `address` into `target` (copy_from_user).
   * @throws MemoryFault naming the first address that cannot be read; the bytes before it are copied
   */
  read(address: number, target: Uint8Array): void {
    for (let done = 0; done < target.length; ) {
      const at = this.forReading(address + done);
      const bytes = Math.min(target.length - done, FRAME_BYTES - (at & PAGE_MASK));
      target.set(this.u8.subarray(at, at + bytes), done);
      done += bytes;
    }
  }

  /**
   * Copies `source` to `address` (copy_to_user).
   * @throws MemoryFault naming the first address that cannot be written; the bytes before it are copied
   */
  write(address: number, source: Uint8Array): void {
    for (let done = 0; done < source.length; ) {
      const at = this.forWriting(address + done);
      const bytes = Math.min(source.length - done, FRAME_BYTES - (at & PAGE_MASK));
      this.u8.set(source.subarray(done, done + bytes), at);
      done += bytes;
    }
  }

  /** Sets `length` bytes from `address` on to `byte` (clear_user, memset). @throws MemoryFault as `write` */
  fill(address: number, length: number, byte = 0): void {
    for (let done = 0; done < length; ) {
      const at = this.forWriting(address + done);
      const bytes = Math.min(length - done, FRAME_BYTES - (at & PAGE_MASK));
      this.u8.fill(byte, at, at + bytes);
      done += bytes;
    }
  }

  /** Copies `length` bytes within this memory; the two ranges may overlap (memmove). @throws MemoryFault as `write` */
  move(from: number, to: number, length: number): void {
    const chunk = new Uint8Array(Math.min(length, FRAME_BYTES));
    const upwards = to < from;
    for (let done = 0; done < length; ) {
      const bytes = Math.min(length - done, chunk.length);
      const at = upwards ? done : length - done - bytes;
      const part = chunk.subarray(0, bytes);
      this.read(from + at, part);
      this.write(to + at, part);
      done += bytes;
    }
  }

  /**
   * The bytes at `address` up to the first zero byte, as UTF-8 (strncpy_from_user).
   * @returns null when there is no zero byte among the first `most`
   */
  readString(address: number, most = 131072): string | null {
    const bytes: number[] = [];
    for (let i = 0; i < most; i++) {
      const byte = this.loadU8(address + i);
      if (byte === 0) return new TextDecoder().decode(Uint8Array.from(bytes));
      bytes.push(byte);
    }
    return null;
  }

  /** Writes the text in UTF-8 and a zero byte. @returns the bytes written, the zero byte included */
  writeString(address: number, text: string): number {
    const bytes = new TextEncoder().encode(`${text}\0`);
    this.write(address, bytes);
    return bytes.length;
  }

  /** The physical address behind `address`. */
  private forReading(address: number): number {
    const page = Math.floor(address * PER_PAGE);
    const slot = page & TLB_MASK;
    if (this.readTags[slot] === page + this.asid && page >= 0 && page < PAGES) {
      this.tlbCounts[TLB_HITS]++;
      return ((this.frames[slot] << 12) | (address & PAGE_MASK)) >>> 0;
    }
    return this.miss(address, 'read');
  }

  private forWriting(address: number): number {
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
      throw new RangeError(`an address must be a whole number, got ${String(address)}`);
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
        if (tries === STRADDLE_TRIES) throw new MemoryFault('OOM', address, 'write', null);
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
