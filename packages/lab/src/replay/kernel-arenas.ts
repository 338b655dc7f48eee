/** The kernel's page allocator and slabs as arenas: they have real bytes, and keep kinds of blocks apart. */
import { FRAME_BYTES, MIGRATE_NAMES, type PageRange, type SlabRange } from '@freehold/kernel';
import type { Arena } from './arena.js';

abstract class MachineArena<Range extends PageRange | SlabRange> implements Arena {
  readonly allocator: Range;
  readonly align: number;

  /** @param align every address is a multiple of this, a power of two */
  constructor(allocator: Range, align: number) {
    this.allocator = allocator;
    this.align = align;
  }

  abstract useKinds(names: readonly string[]): void;

  abstract allocateOf(kind: number, size: number, align: number): number | null;

  allocate(size: number, align: number): number | null {
    return this.allocator.allocate(size, Math.max(align, this.align));
  }

  allocateZeroed(size: number): number | null {
    const address = this.allocator.allocate(size, this.align);
    if (address !== null) this.bytes().fill(0, address, address + size);
    return address;
  }

  reallocate(address: number, size: number): number | null {
    const held = this.allocator.sizeOf(address);
    if (size <= held) return address;
    const moved = this.allocator.allocate(size, this.align);
    if (moved === null) return null;
    this.bytes().copyWithin(moved, address, address + held);
    this.allocator.free(address);
    return moved;
  }

  free(address: number): void {
    this.allocator.free(address);
  }

  bytes(): Uint8Array {
    return this.allocator.bytes;
  }
}

/** A kind is a migrate type, by its name in /proc/pagetypeinfo; any other counts as unmovable. */
export class PageArena extends MachineArena<PageRange> {
  readonly blockUnit = FRAME_BYTES;
  private types: readonly number[] = [];

  override useKinds(names: readonly string[]): void {
    const types: readonly string[] = MIGRATE_NAMES;
    this.types = names.map((name) => Math.max(0, types.indexOf(name)));
  }

  override allocateOf(kind: number, size: number, align: number): number | null {
    return this.allocator.allocateOf(this.types[kind]!, size, Math.max(align, this.align));
  }
}

/** A kind is an object cache, by its name. */
export class SlabArena extends MachineArena<SlabRange> {
  private names: readonly string[] = [];

  override useKinds(names: readonly string[]): void {
    this.names = names;
  }

  override allocateOf(kind: number, size: number, align: number): number | null {
    return this.allocator.allocateOf(this.names[kind]!, size, Math.max(align, this.align));
  }
}
