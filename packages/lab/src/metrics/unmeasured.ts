/** An allocator that has no figures on a trace, and why: the others have theirs all the same. */
export interface Unmeasured {
  readonly trace: string;
  /** As named on the command line, options included. */
  readonly allocator: string;
  readonly title: string;
  readonly options: Readonly<Record<string, string>>;
  readonly error: {
    /** Memory that ran out, a thread that ended or something refused; a fault of the allocator; else one of freehold. */
    readonly kind: 'shortage' | 'fault' | 'internal';
    /** The end of a sentence. */
    readonly message: string;
  };
}
