/**
 * The blocks of a DebugHeap: each between its red zones in the heap below, live, then in the quarantine, then only
 * remembered. Finds damage and bad addresses, and counts. What is told to people, and how, is DebugHeap's.
 *
 * What happens to a block: `allocate` paints zones and bytes; `release` and `realloc` look at the zones, fill the bytes
 * and put it into the quarantine; `evict` looks at all of it and gives it back to the heap.
 */
import { InvalidFreeError } from '../allocator.js';
import { roundUp } from '../arguments.js';
import type { Heap } from '../heap/heap.js';
import { checkCount } from '../heap/options.js';
import { ADDRESSABLE } from '../memory/memory.js';
import { AddressMap } from './address-map.js';
import { FaultInjector } from './fault-injector.js';
import { FreedBlocks } from './freed-blocks.js';
import {
  FRESH,
  fill,
  frontDamage,
  type GuardedBlock,
  innerDamage,
  POISON,
  RED,
  rearDamage,
} from './guarded-block.js';
import {
  damaged,
  foreign,
  freedAlready,
  type HeapMisuseError,
  interior,
  mismatch,
  type Operation,
  type Surroundings,
} from './misuse.js';
import type { SettledDebugOptions } from './options.js';
import type { DebugSummary } from './report.js';
import type { CallStack } from './stacks.js';

/** Blocks given back to the heap below that are remembered for the message of a late double free. */
const REMEMBERED = 4096;
/** What is found in a block that is whole. */
const NONE: readonly HeapMisuseError[] = [];

export class GuardedHeap {
  readonly faults = new FaultInjector();
  private readonly heap: Heap;
  private readonly options: SettledDebugOptions;
  private readonly fill: number;
  private readonly live = new AddressMap<GuardedBlock>();
  private readonly quarantine = new FreedBlocks();
  /** Given back to the heap below. */
  private readonly past = new FreedBlocks();
  private allocations = 0;
  private frees = 0;
  private liveBytes = 0;
  private peakBytes = 0;
  private spoilt = 0;

  constructor(heap: Heap, options: SettledDebugOptions) {
    this.heap = heap;
    this.options = options;
    this.fill = options.zeroOnFree ? 0 : POISON;
  }

  /** @returns the block, its bytes 0x5a; null when there is no room, or the request fails on purpose */
  allocate(
    operation: Operation,
    size: number,
    align: number,
    tag: string,
    callers: CallStack | null,
  ): GuardedBlock | null {
    checkCount('size', size);
    if (this.faults.strikes()) return null;
    const { heap } = this;
    const { redZone } = this.options;
    const front = roundUp(redZone, Math.max(align, heap.alignment));
    const bytes = front + size + redZone;
    let start = align > heap.alignment ? heap.alignedAlloc(align, bytes) : heap.malloc(bytes);
    while (start === 0 && bytes <= this.roomAtMost() && this.evict(operation)) {
      start = align > heap.alignment ? heap.alignedAlloc(align, bytes) : heap.malloc(bytes);
    }
    if (start === 0) return null;
    const address = start + front;
    const block: GuardedBlock = {
      serial: ++this.allocations,
      address,
      size,
      align,
      start,
      end: start + heap.usableSize(start),
      tag,
      allocatedBy: callers,
      freedBy: null,
      next: null,
    };
    const { view } = heap;
    fill(view, start, address, RED);
    fill(view, address, address + size, FRESH);
    fill(view, address + size, block.end, RED);
    this.live.set(address, block);
    this.liveBytes += size;
    this.peakBytes = Math.max(this.peakBytes, this.liveBytes);
    return block;
  }

  /** @returns the address of a block of zeros; 0 when there is no room */
  calloc(count: number, size: number, tag: string, callers: CallStack | null): number {
    checkCount('count', count);
    checkCount('size', size);
    const block = this.allocate('calloc', Math.min(count * size, ADDRESSABLE), 0, tag, callers);
    if (block === null) return 0;
    fill(this.heap.view, block.address, block.address + block.size, 0);
    return block.address;
  }

  /** As `DebugHeap.realloc`. */
  realloc(address: number, size: number, tag: string, callers: CallStack | null): number {
    if (address === 0) return this.allocate('realloc', size, 0, tag, callers)?.address ?? 0;
    checkCount('size', size);
    const block = this.find('realloc', address);
    if (block === null) return 0;
    this.inspect('realloc', block);
    this.makeRoom('realloc', block.end - block.start);
    const { failed } = this.faults;
    const peak = this.peakBytes;
    const moved = this.allocate('realloc', size, block.align, tag, callers);
    if (moved === null) {
      const mayStay = size <= block.size && this.faults.failed === failed;
      return mayStay && this.resizeInPlace(block, size) ? address : 0;
    }
    this.heap.view.copyWithin(moved.address, address, address + Math.min(size, block.size));
    this.retire(block, callers);
    // Not both of them: the program has one block.
    this.peakBytes = Math.max(peak, this.liveBytes);
    return moved.address;
  }

  /** As `DebugHeap.resize`. */
  resize(address: number, size: number): boolean {
    checkCount('size', size);
    const block = this.find('resize', address);
    if (block === null) return false;
    this.inspect('resize', block);
    return !this.faults.strikes() && this.resizeInPlace(block, size);
  }

  /** @param size and `alignment`: what the caller says the block was asked for with; null where nothing is said */
  release(
    operation: 'free' | 'freeSized',
    address: number,
    size: number | null,
    alignment: number | null,
    callers: CallStack | null,
  ): void {
    if (address === 0) return;
    const block = this.find(operation, address);
    if (block === null) return;
    if (size !== null && size !== block.size) this.report(mismatch('size-mismatch', block, size));
    if (alignment !== null && alignment !== block.align) {
      this.report(mismatch('alignment-mismatch', block, alignment));
    }
    this.inspect(operation, block);
    this.makeRoom(operation, block.end - block.start);
    this.retire(block, callers);
  }

  /** Bytes asked for of the live block. */
  sizeOf(address: number): number {
    return this.find('usableSize', address)?.size ?? 0;
  }

  /** Gives back all that is in the quarantine. */
  flush(): void {
    while (this.evict('flush'));
  }

  summary(): DebugSummary {
    return {
      allocations: this.allocations,
      frees: this.frees,
      liveBlocks: this.live.size,
      liveBytes: this.liveBytes,
      peakBytes: this.peakBytes,
      quarantinedBlocks: this.quarantine.length,
      quarantinedBytes: this.quarantine.bytes,
      spoiltBlocks: this.spoilt,
    };
  }

  /** All damage there is, O(bytes of live and quarantined blocks). */
  damages(): HeapMisuseError[] {
    const found: HeapMisuseError[] = [];
    for (const block of this.blocksSince(0)) found.push(...this.damagesOf('check', block));
    for (const block of this.quarantine.values()) found.push(...this.damagesOfFreed('check', block));
    return found;
  }

  /** More bytes than this are nowhere in one piece, were the quarantine empty. */
  private roomAtMost(): number {
    const { base, limit, memory } = this.heap;
    const { usedBytes } = this.heap.stats();
    return Math.min(limit, memory.maxByteLength) - base - (usedBytes - this.quarantine.bytes);
  }

  /** The live block at the address. @throws HeapMisuseError where there is none; where that is heard instead, null */
  private find(operation: Operation, address: number): GuardedBlock | null {
    const block = this.live.get(address);
    if (block !== undefined) return block;
    this.report(this.whyInvalid(operation, address));
    return null;
  }

  /** O(blocks). */
  private whyInvalid(operation: Operation, address: number): HeapMisuseError {
    if (typeof address !== 'number') return foreign(operation, address, 'every address is a number');
    const freed = this.quarantine.at(address);
    if (freed !== undefined) return freedAlready(operation, address, freed, null);
    const around = this.around(address);
    const past = this.past.at(address);
    if (past !== undefined) return freedAlready(operation, address, past, around);
    if (around !== null) return interior(operation, address, around);
    return foreign(
      operation,
      address,
      this.isBelow(address)
        ? 'the block there was taken from the wrapped heap itself'
        : 'no block of this heap was ever there, or it was freed long ago',
    );
  }

  /** O(blocks). */
  private around(address: number): Surroundings | null {
    for (const blocks of [this.live, this.quarantine]) {
      for (const block of blocks.values()) {
        if (address >= block.start && address < block.end) {
          return { block, isFreed: blocks === this.quarantine };
        }
      }
    }
    return null;
  }

  /** Whether the heap below has a live block at the address. */
  private isBelow(address: number): boolean {
    try {
      return this.heap.usableSize(address) >= 0;
    } catch (error) {
      if (error instanceof InvalidFreeError) return false;
      throw error;
    }
  }

  /** Tells of damage to the red zones of a block that is about to be freed; where that is heard, mends them. */
  private inspect(operation: Operation, block: GuardedBlock): void {
    const errors = this.damagesOf(operation, block);
    if (errors.length === 0) return;
    for (const error of errors) this.report(error);
    const { view } = this.heap;
    fill(view, block.start, block.address, RED);
    fill(view, block.address + block.size, block.end, RED);
  }

  private damagesOf(operation: Operation, block: GuardedBlock): readonly HeapMisuseError[] {
    const { view } = this.heap;
    const front = frontDamage(view, block);
    const rear = rearDamage(view, block);
    if (front === null && rear === null) return NONE;
    const found: HeapMisuseError[] = [];
    if (rear !== null) found.push(damaged('overflow', operation, block, rear));
    if (front !== null) found.push(damaged('underflow', operation, block, front));
    return found;
  }

  private damagesOfFreed(operation: Operation, block: GuardedBlock): readonly HeapMisuseError[] {
    const { view } = this.heap;
    const damage = innerDamage(view, block, this.fill) ?? rearDamage(view, block) ?? frontDamage(view, block);
    return damage === null ? NONE : [damaged('write-after-free', operation, block, damage)];
  }

  /** Throws the error, or hands it to `onMisuse`. */
  report(error: HeapMisuseError): void {
    const { onMisuse } = this.options;
    if (onMisuse === null) throw error;
    onMisuse(error);
  }

  /** Gives back blocks of the quarantine until so many bytes find room in it, if they ever do. */
  private makeRoom(operation: Operation, bytes: number): void {
    if (bytes > this.options.quarantine) return;
    while (this.quarantine.bytes + bytes > this.options.quarantine && this.evict(operation));
  }

  /** Gives the oldest block of the quarantine back; one that was written to is kept for ever. @returns false when there is none */
  private evict(operation: Operation): boolean {
    const block = this.quarantine.takeOldest();
    if (block === null) return false;
    const errors = this.damagesOfFreed(operation, block);
    if (errors.length > 0) this.spoilt++;
    else this.heap.free(block.start);
    this.remember(block);
    for (const error of errors) this.report(error);
    return true;
  }

  /** A block that was found whole leaves its owner, for the quarantine where it finds room there. */
  private retire(block: GuardedBlock, callers: CallStack | null): void {
    const { address, size, start, end } = block;
    fill(this.heap.view, address, address + size, this.fill);
    block.freedBy = callers;
    this.live.delete(address);
    this.liveBytes -= size;
    this.frees++;
    if (end - start > this.options.quarantine) {
      this.heap.free(start);
      this.remember(block);
      return;
    }
    this.quarantine.add(block);
  }

  private remember(block: GuardedBlock): void {
    this.past.add(block);
    if (this.past.length > REMEMBERED) this.past.takeOldest();
  }

  private resizeInPlace(block: GuardedBlock, size: number): boolean {
    const { heap } = this;
    const { start, address } = block;
    // Only a larger size can be refused. What is given back is filled first: afterwards it is not ours.
    fill(heap.view, address + size, address + block.size, this.fill);
    if (!heap.resize(start, address - start + size + this.options.redZone)) return false;
    const { view } = heap;
    block.end = start + heap.usableSize(start);
    fill(view, address + block.size, address + size, FRESH);
    fill(view, address + size, block.end, RED);
    this.liveBytes += size - block.size;
    this.peakBytes = Math.max(this.peakBytes, this.liveBytes);
    block.size = size;
    return true;
  }

  /** The live blocks of the allocations after the first `serial`, oldest first. */
  blocksSince(serial: number): readonly GuardedBlock[] {
    const blocks: GuardedBlock[] = [];
    for (const block of this.live.values()) if (block.serial > serial) blocks.push(block);
    return blocks.sort((a, b) => a.serial - b.serial);
  }
}
