/** The entry of a worker thread: does the one task that it was started with, and tells the result or what was thrown. */
import { parentPort, workerData } from 'node:worker_threads';
import {
  type CompareTask,
  compare,
  type FitTask,
  fit,
  type VerifyTask,
  verifyOne,
} from '../../replay/task.js';
import { type PackedError, packError } from './thread-errors.js';

export type ThreadTask =
  | { readonly kind: 'compare'; readonly task: CompareTask }
  | { readonly kind: 'verify'; readonly task: VerifyTask }
  | { readonly kind: 'fit'; readonly task: FitTask };

/** What a thread says before it ends; one that runs out of memory, or is ended, says nothing. */
export type Answer = { readonly result: unknown } | { readonly error: PackedError };

function perform({ kind, task }: ThreadTask): unknown {
  if (kind === 'compare') return compare(task);
  return kind === 'verify' ? verifyOne(task) : fit(task);
}

function answer(): Answer {
  try {
    return { result: perform(workerData as ThreadTask) };
  } catch (error) {
    return { error: packError(error) };
  }
}

parentPort?.postMessage(answer());
