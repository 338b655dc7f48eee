/** What compare and fit tell last, on stderr, and by the exit status: faults found, and what there was no memory for. */
import { FaultError, UserError } from '../errors.js';
import { type Comparison, measuredIn, unmeasuredIn } from '../metrics/comparison.js';
import type { Verification } from '../metrics/fault.js';
import { formatCount } from '../text/format.js';
import { complain } from './terminal.js';

/** A result that may have been verified. */
interface Verified {
  readonly allocator: string;
  readonly verification?: Verification | null;
}

/**
 * A line for each problem.
 * @throws FaultError where an allocator is at fault; else what is an error of our own; else UserError where something was
 * not done
 */
export function tellProblems<Result extends Verified>(
  comparisons: readonly Comparison<Result>[],
  internal: readonly unknown[],
): void {
  let faults = 0;
  let undone = 0;
  const tell = ({ trace }: Comparison<Result>, allocator: string, what: string) =>
    complain(`${trace.name}, ${allocator}: ${what}`);
  for (const comparison of comparisons) {
    for (const { allocator, verification } of measuredIn(comparison)) {
      if (!verification) continue;
      const { fault, unverified } = verification;
      if (fault !== null) {
        const at = fault.address === null ? '' : `, address 0x${fault.address.toString(16)}`;
        tell(comparison, allocator, `operation ${formatCount(fault.operation)}${at}: ${fault.message}`);
        faults++;
      } else if (unverified !== undefined) {
        tell(comparison, allocator, `could not be verified: ${unverified}`);
        undone++;
      }
    }
  }
  for (const comparison of comparisons) {
    for (const { allocator, error } of unmeasuredIn(comparison)) {
      tell(comparison, allocator, `could not be measured: ${error.message}`);
      if (error.kind === 'fault') faults++;
      else undone++;
    }
  }
  const all = comparisons.reduce((sum, { results }) => sum + results.length, 0);
  const verified = comparisons.some((each) => measuredIn(each).some(({ verification }) => verification));
  const replays = verified ? 'verifications' : 'replays';
  if (faults > 0) throw new FaultError(`${faults} of ${all} ${replays} failed`);
  if (internal.length > 0) throw internal[0];
  if (undone > 0) {
    throw new UserError(
      `${undone} of ${all} ${replays} not done; try fewer allocators, or a machine with more memory`,
    );
  }
}
