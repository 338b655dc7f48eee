/**
 * Red zones and poison about the objects of a cache. The red zone is 16 bytes after each object, and so also before the
 * next: 0xbb while the object is free, 0xcc while it is in use. Poison fills a free object with 0x6b, its last byte
 * with 0xa5. Source: Linux include/linux/poison.h.
 */
import { CorruptionError, hex } from 'freehold';
import { PAGE_OFFSET } from '../frames/page-allocator.js';
import type { Machine } from '../machine.js';

/** Red zones after each object, checked when it is freed and by `check`. */
export const SLAB_RED_ZONE = 1;
/** Free objects are poisoned, checked when they are given out. Not together with a constructor. */
export const SLAB_POISON = 2;

const ZONE_FREE = 0xbb;
const ZONE_USED = 0xcc;
const POISON_FREE = 0x6b;
const POISON_END = 0xa5;
const ZONE_BYTES = 16;

export class ObjectGuard {
  /** Bytes from object to object; the red zone after one lies before the next. */
  readonly stride: number;
  private readonly bytes: Uint8Array;
  private readonly cache: string;
  private readonly size: number;
  private readonly zones: boolean;
  private readonly poison: boolean;

  constructor(machine: Machine, cache: string, size: number, align: number, flags: number) {
    this.bytes = machine.u8;
    this.cache = cache;
    this.size = size;
    this.zones = (flags & SLAB_RED_ZONE) !== 0;
    this.poison = (flags & SLAB_POISON) !== 0;
    const room = this.zones ? size + ZONE_BYTES : size;
    this.stride = Math.ceil(room / align) * align;
  }

  onNew(address: number): void {
    this.mark(address, false);
  }

  onAlloc(address: number): void {
    this.check(address, false);
    if (this.zones) this.fillZones(address, ZONE_USED);
  }

  /** @throws CorruptionError when a byte about the object was written to; the object stays in use */
  onFree(address: number): void {
    this.check(address, true);
    this.mark(address, false);
  }

  /** @throws CorruptionError naming the first byte that is not as it must be */
  check(address: number, used: boolean): void {
    const start = address - PAGE_OFFSET;
    if (this.zones) {
      const expected = used ? ZONE_USED : ZONE_FREE;
      for (let i = 0; i < ZONE_BYTES; i++) this.expect(start + this.size + i, expected, address, 'red zone');
    }
    if (this.poison && !used) {
      for (let i = 0; i < this.size - 1; i++) this.expect(start + i, POISON_FREE, address, 'poison');
      this.expect(start + this.size - 1, POISON_END, address, 'poison');
    }
  }

  private mark(address: number, used: boolean): void {
    const start = address - PAGE_OFFSET;
    if (this.zones) this.fillZones(address, used ? ZONE_USED : ZONE_FREE);
    if (this.poison) {
      this.bytes.fill(POISON_FREE, start, start + this.size - 1);
      this.bytes[start + this.size - 1] = POISON_END;
    }
  }

  private fillZones(address: number, value: number): void {
    const end = address - PAGE_OFFSET + this.size;
    this.bytes.fill(value, end, end + ZONE_BYTES);
  }

  private expect(at: number, expected: number, object: number, what: string): void {
    const found = this.bytes[at];
    if (found === expected) return;
    throw new CorruptionError(
      `the ${what} of an object is never written to`,
      `${hex(found)} instead of ${hex(expected)} at byte ${at - (object - PAGE_OFFSET)} of the ` +
        `object of ${this.size} bytes at ${hex(object)} in cache ${this.cache}`,
    );
  }
}
