/** What a debugging heap may be made with, and the checks of it. */
import { checkBoolean, checkOptions } from '../arguments.js';
import { display } from '../display.js';
import type { HeapMisuseError } from './misuse.js';

export interface DebugHeapOptions {
  /**
   * Bytes in front of and behind each block that nobody may write, 16 when left out; more in front where the alignment
   * asks for it, more behind where the block is rounded up. 0 leaves only that.
   */
  readonly redZone?: number;
  /**
   * Bytes of freed blocks, red zones included, that are kept back, so that writes to them are found. The oldest are
   * checked and given back first; a block larger than all of it is not kept back. 1 MiB when left out.
   */
  readonly quarantine?: number;
  /** Freed bytes are set to 0 instead of 0x6b: nothing that was in them stays in the memory. */
  readonly zeroOnFree?: boolean;
  /** Frames of the call stack that are noted at each malloc and free; none when left out. */
  readonly stackDepth?: number;
  /**
   * Hears of misuse instead of having it thrown. A free of a bad address is then ignored, and a block with damaged red
   * zones is freed all the same. Left out, misuse throws, and the operation that finds it is not carried out.
   */
  readonly onMisuse?: (error: HeapMisuseError) => void;
}

export interface SettledDebugOptions {
  readonly redZone: number;
  readonly quarantine: number;
  readonly zeroOnFree: boolean;
  readonly stackDepth: number;
  readonly onMisuse: ((error: HeapMisuseError) => void) | null;
}

const OPTIONS: Readonly<Record<keyof DebugHeapOptions, true>> = {
  redZone: true,
  quarantine: true,
  zeroOnFree: true,
  stackDepth: true,
  onMisuse: true,
};

/** @throws RangeError for an option that is out of range, TypeError for one that is none of them or no function */
export function settleDebugOptions(options: DebugHeapOptions): SettledDebugOptions {
  checkOptions('DebugHeap', options, OPTIONS);
  const { redZone = 16, quarantine = 2 ** 20, zeroOnFree = false, stackDepth = 0, onMisuse = null } = options;
  for (const [name, value] of Object.entries({ redZone, quarantine, stackDepth })) {
    if (!(Number.isSafeInteger(value) && value >= 0)) {
      throw new RangeError(`${name} must be a whole number from 0 up, got ${display(value)}`);
    }
  }
  checkBoolean('zeroOnFree', zeroOnFree);
  if (onMisuse !== null && typeof onMisuse !== 'function') {
    throw new TypeError(`onMisuse must be a function, got ${display(onMisuse)}`);
  }
  return { redZone, quarantine, zeroOnFree, stackDepth, onMisuse };
}
