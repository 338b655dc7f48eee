/** What the operations of the fuzzer stand on: dice, the processes and their models, and judgement of what came of a call. */
import { KernelError } from '../src/errors.js';
import type { Kernel } from '../src/kernel.js';
import { FRAME_BYTES } from '../src/machine.js';
import type { Process } from '../src/process/process.js';
import { check, count, type Dice, equal } from './fuzz-tools.js';
import type { ModelSpace } from './memory-model.js';

/** Pages that fixed mappings are made in: few, so that they meet. */
export const WINDOW = 0x1000_0000 / FRAME_BYTES;
export const WINDOW_PAGES = 64;

export interface ModelProcess {
  readonly process: Process;
  readonly space: ModelSpace;
  /** Lowest page of the stack. */
  stack: number;
}

export abstract class FuzzBase {
  readonly done = new Map<string, number>();
  readonly refused = new Map<string, number>();
  last = '';
  protected readonly processes: ModelProcess[] = [];
  /** A frame is refused on purpose in this step. */
  protected injected = false;
  protected abstract readonly dice: Dice;
  protected abstract readonly kernel: Kernel;

  protected attempt<T>(call: () => T): { value?: T; code?: string } {
    try {
      return { value: call() };
    } catch (error) {
      if (error instanceof KernelError) return { code: error.code };
      throw error;
    }
  }

  /** Whether the call did what it should; a refusal for want of memory is accepted, and leaves the model as it is. */
  protected expect(result: { code?: string }, wanted: string): boolean {
    const { code = 'ok' } = result;
    if (code === wanted) return code === 'ok';
    if (code !== 'ENOMEM' && code !== 'OOM') equal(code, wanted, this.last);
    this.noMemory();
    return false;
  }

  /** Is it true that there is no memory? Slabs take up to 8 frames in one piece, and page tables 3 at once. */
  protected noMemory(): void {
    count(this.refused, this.last);
    if (this.injected) return;
    const { zones, freeFrames } = this.kernel.pages;
    const mark = zones.reduce((sum, zone) => sum + zone.watermarks.min, 0);
    const whole = zones.every((zone) => !zone.hasBlock(3));
    check(freeFrames <= mark + 8 || whole, `${this.last} refused with ${freeFrames} frames free`);
  }

  /** Where malloc has its blocks, only these may be written: it relies on the rest. */
  protected mayWrite(space: ModelSpace, address: number): boolean {
    if (!space.usesMalloc || !this.inHeap(space, address)) return true;
    for (const [start, bytes] of space.blocks)
      if (address >= start && address + 4 <= start + bytes) return true;
    return false;
  }

  protected inHeap(space: ModelSpace, address: number): boolean {
    return address >= space.heapStart && address < Math.ceil(space.break / FRAME_BYTES) * FRAME_BYTES;
  }

  /** Mostly one that is mapped, else one in the window that may not be. */
  protected anyPage(space: ModelSpace): number {
    if (this.dice.oneIn(8) || space.pages.size === 0) return WINDOW + this.dice.upTo(WINDOW_PAGES);
    let left = this.dice.upTo(space.pages.size);
    for (const page of space.pages.keys()) if (left-- === 0) return page;
    return WINDOW;
  }

  protected range(): { first: number; count: number } {
    const first = WINDOW + this.dice.upTo(WINDOW_PAGES);
    return { first, count: 1 + this.dice.upTo(Math.min(10, WINDOW + WINDOW_PAGES - first)) };
  }
}
