/** Why a replay gave no figures, in the words of its row. */
import { CorruptionError, InvalidFreeError } from 'freehold';
import { FaultError } from '../errors.js';
import type { Unmeasured } from '../metrics/unmeasured.js';
import type { Settings } from './options.js';
import { type Contender, optionsInForce } from './registry.js';
import { shortageOf } from './shortage.js';

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
