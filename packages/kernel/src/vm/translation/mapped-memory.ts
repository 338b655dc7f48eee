/**
 * Memory behind page tables: loads and stores of words, and what a kernel and a C library do with more bytes than a
 * word: copies, fills, strings. Cost: a lookup in the TLB and one copy a page.
 */
import { FRAME_BYTES } from '../../machine.js';
import { MappedWords, PAGE_MASK } from './mapped-words.js';

/**
 * Loads, stores and copies at virtual addresses, for AddressSpace and KernelSpace.
 * @example
 * ```js
 * const { space } = new Kernel().process(1);
 * const at = space.mmap({ length: 8192 });
 * // Over the border of two pages, which need not lie side by side in physical memory.
 * space.writeString(at + 4090, 'freehold');
 * space.readString(at + 4090);   // => 'freehold'
 * ```
 */
export abstract class MappedMemory extends MappedWords {
  /**
   * Copies the bytes at `address` into `target` (copy_from_user), as many as it holds.
   * @throws MemoryFault naming the first address that cannot be read; the bytes before it are copied
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const at = space.mmap({ length: 4096 });
   * space.fill(at, 4096, 3);
   * const target = new Uint8Array(8);
   * // `write(2)` with a buffer that reaches past the mapping:
   * space.read(at + 4092, target);   // => throws MemoryFault: cannot read at 0x7ffff7fff000
   * target;   // => Uint8Array.of(3, 3, 3, 3, 0, 0, 0, 0)
   * ```
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
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const at = space.mmap({ length: 3 * 4096 });
   * space.write(at + 4000, new Uint8Array(5000).fill(1));
   * // Three pages were touched, and each has a frame now.
   * [space.loadU8(at + 3999), space.loadU8(at + 4000), space.residentPages - 1];   // => [0, 1, 3]
   * ```
   */
  write(address: number, source: Uint8Array): void {
    for (let done = 0; done < source.length; ) {
      const at = this.forWriting(address + done);
      const bytes = Math.min(source.length - done, FRAME_BYTES - (at & PAGE_MASK));
      this.u8.set(source.subarray(done, done + bytes), at);
      done += bytes;
    }
  }

  /**
   * Sets `length` bytes from `address` on to `byte` (clear_user, memset).
   * @throws MemoryFault as `write`
   * @example
   * ```js
   * const { heap, space } = new Kernel().process(1);
   * const block = heap.malloc(64);
   * // Poison a block before its free, so that a later use is seen.
   * space.fill(block, 64, 0x6b);
   * space.loadU32(block + 60).toString(16);   // => '6b6b6b6b'
   * ```
   */
  fill(address: number, length: number, byte = 0): void {
    for (let done = 0; done < length; ) {
      const at = this.forWriting(address + done);
      const bytes = Math.min(length - done, FRAME_BYTES - (at & PAGE_MASK));
      this.u8.fill(byte, at, at + bytes);
      done += bytes;
    }
  }

  /**
   * Copies `length` bytes within this memory; the two ranges may overlap (memmove).
   * @throws MemoryFault as `read` and `write`
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const list = space.mmap({ length: 4096 });
   * space.writeString(list, 'bcd');
   * // Room for one more in front.
   * space.move(list, list + 1, 4);
   * space.store8(list, 97);
   * space.readString(list);   // => 'abcd'
   * ```
   */
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
   * The bytes at `address` up to the first zero byte, as UTF-8 (strncpy_from_user). @throws MemoryFault as `read`
   * @param most bytes looked at; 131072, Linux's limit for an argument of exec, when left out
   * @returns null when there is no zero byte among them
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const path = space.mmap({ length: 4096 });
   * space.writeString(path, '/etc/passwd');
   * space.readString(path);   // => '/etc/passwd'
   * space.readString(path, 8);   // => null
   * ```
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

  /**
   * Writes the text in UTF-8 and a zero byte.
   * @returns the bytes written, the zero byte included
   * @throws MemoryFault as `write`
   * @example
   * ```js
   * const { heap, space } = new Kernel().process(1);
   * const text = heap.malloc(8);
   * // Bytes, not characters: five letters, two of them of two bytes, and the end.
   * space.writeString(text, 'grüße');   // => 8
   * space.loadU8(text + 7);   // => 0
   * ```
   */
  writeString(address: number, text: string): number {
    const bytes = new TextEncoder().encode(`${text}\0`);
    this.write(address, bytes);
    return bytes.length;
  }
}
