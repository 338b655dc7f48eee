/** What a command cost: the page faults it caused and the frames that changed hands. */
import {
  countOwners,
  type Kernel,
  OWNER_FREE,
  OWNER_NAMES,
  type VirtualMemoryCounts,
} from '@freehold/kernel';
import { formatCount, formatMany } from '../text/format.js';

export interface Costs {
  readonly faults: {
    /** All that were resolved; and what that took. */
    readonly resolved: number;
    readonly pagesRead: number;
    readonly framesCleared: number;
    readonly framesCopied: number;
  };
  /** Frames more or less, by owner; those unchanged are left out. */
  readonly frames: Readonly<Record<string, number>>;
  readonly freeFrames: number;
}

export class CostMeter {
  private readonly kernel: Kernel;
  private owners: readonly number[] = [];
  private counts: VirtualMemoryCounts;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.counts = { ...kernel.vm.counts };
    this.start();
  }

  /** From now on. O(frames). */
  start(): void {
    this.owners = countOwners(this.kernel.pages.descriptors);
    this.counts = { ...this.kernel.vm.counts };
  }

  /** Since the start. O(frames). */
  read(): Costs {
    const { counts } = this.kernel.vm;
    const owners = countOwners(this.kernel.pages.descriptors);
    const frames: Record<string, number> = {};
    owners.forEach((count, owner) => {
      const change = count - this.owners[owner]!;
      if (change !== 0 && owner !== OWNER_FREE) frames[OWNER_NAMES[owner]!] = change;
    });
    return {
      faults: {
        resolved: counts.faults - this.counts.faults,
        pagesRead: counts.majorFaults - this.counts.majorFaults,
        framesCleared: counts.zeroed - this.counts.zeroed,
        framesCopied: counts.copies - this.counts.copies,
      },
      frames,
      freeFrames: owners[OWNER_FREE]!,
    };
  }
}

/** `faults: 2, 1 frame copied` and `frames: +3 page table, +1 anonymous; 15,872 free`, where there is anything to tell. */
export function describeCosts({ faults, frames, freeFrames }: Costs): string[] {
  const lines: string[] = [];
  if (faults.resolved > 0) {
    const parts = [
      [faults.pagesRead, 'page', 'read from its file'],
      [faults.framesCleared, 'frame', 'cleared'],
      [faults.framesCopied, 'frame', 'copied'],
    ] as const;
    const told = parts
      .filter(([count]) => count > 0)
      .map(([count, noun, what]) => `${formatMany(count, noun)} ${what}`);
    lines.push([`faults: ${formatCount(faults.resolved)}`, ...told].join(', '));
  }
  const changes = Object.entries(frames).map(
    ([owner, change]) => `${change > 0 ? '+' : '−'}${formatCount(Math.abs(change))} ${owner}`,
  );
  if (changes.length > 0) lines.push(`frames: ${changes.join(', ')}; ${formatCount(freeFrames)} free`);
  return lines;
}
