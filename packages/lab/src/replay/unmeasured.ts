/** An allocator that has no figures on a trace, and why: the others have theirs all the same. */
import { CorruptionError, InvalidFreeError } from 'freehold';
import { FaultError } from '../errors.js';
import type { Settings } from './options.js';
import { type Contender, optionsInForce } from './registry.js';
import { shortageOf } from './shortage.js';

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

/** @param thrown by the replay of `contender` */
export function unmeasured(
  trace: string,
  contender: Contender,
  settings: Settings,
  thrown: unknown,
): Unmeasured {
  return {
    trace,
    allocator: contender.spec,
    title: contender.kind.title,
    options: optionsInForce(contender, settings),
    error: explain(thrown),
  };
}

function explain(thrown: unknown): Unmeasured['error'] {
  const shortage = shortageOf(thrown);
  if (shortage !== null) return { kind: 'shortage', message: shortage };
  const { name, message } = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (thrown instanceof FaultError) return { kind: 'fault', message };
  const fault = thrown instanceof CorruptionError || thrown instanceof InvalidFreeError;
  return { kind: fault ? 'fault' : 'internal', message: `it threw ${name}: ${message}` };
}
