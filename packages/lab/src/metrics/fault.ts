/** What a verification finds. */

/** What breaks a promise of the contract. */
export type FaultKind =
  | 'overlap'
  | 'outside'
  | 'alignment'
  | 'size'
  | 'contents'
  | 'law'
  | 'refusal'
  | 'misuse'
  | 'error';

export interface Fault {
  readonly kind: FaultKind;
  /** Which operation of the trace, the first being 1. */
  readonly operation: number;
  /** The address at fault; null where a law of the whole range is broken. */
  readonly address: number | null;
  /** A sentence: what was found, what was expected. */
  readonly message: string;
}

/** What `--verify` did. The replay of an allocator stops at its first fault. */
export interface Verification {
  readonly fault: Fault | null;
  /** Blocks whose contents were held against their pattern. */
  readonly blocks: number;
  /** Times that the allocator's own `check()` ran. */
  readonly checks: number;
  /** Present where it came to no end for want of memory: why, as the end of a sentence. */
  readonly unverified?: string;
}
