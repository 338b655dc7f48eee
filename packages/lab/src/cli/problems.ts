/** What compare and fit tell last, on stderr, and by the exit status: faults found, and what there was no memory for. */
import { FaultError, UserError } from '../errors.js';
import type { Measurement } from '../metrics/measurement.js';
import type { Unmeasured } from '../metrics/unmeasured.js';
import { formatCount } from '../text/format.js';
import { complain } from './terminal.js';

/** All that a command has come to. */
export interface Outcome {
  readonly measurements?: readonly Measurement[];
  readonly unmeasured: readonly Unmeasured[];
  readonly internal: readonly unknown[];
}

/**
 * A line for each problem.
 * @throws FaultError where an allocator is at fault; else what is an error of our own; else UserError where something was
 * not done
 */
export function tellProblems({ measurements = [], unmeasured, internal }: Outcome): void {
  let faults = 0;
  let undone = 0;
  const tell = (trace: string, allocator: string, what: string) =>
    complain(`${trace}, ${allocator}: ${what}`);
  for (const { trace, allocator, verification } of measurements) {
    if (verification === null) continue;
    const { fault, unverified } = verification;
    if (fault !== null) {
      const at = fault.address === null ? '' : `, address 0x${fault.address.toString(16)}`;
      tell(trace, allocator, `operation ${formatCount(fault.operation)}${at}: ${fault.message}`);
      faults++;
    } else if (unverified !== undefined) {
      tell(trace, allocator, `could not be verified: ${unverified}`);
      undone++;
    }
  }
  for (const { trace, allocator, error } of unmeasured) {
    tell(trace, allocator, `could not be measured: ${error.message}`);
    if (error.kind === 'fault') faults++;
    else undone++;
  }
  const all = measurements.length + unmeasured.length;
  const replays = measurements.some(({ verification }) => verification !== null)
    ? 'verifications'
    : 'replays';
  if (faults > 0) throw new FaultError(`${faults} of ${all} ${replays} failed`);
  if (internal.length > 0) throw internal[0];
  if (undone > 0) {
    throw new UserError(
      `${undone} of ${all} ${replays} not done; try fewer allocators, or a machine with more memory`,
    );
  }
}
