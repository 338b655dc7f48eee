/** Which errors say that there was not enough memory, or that a thread ended for want of it. */
import { UserError } from '../errors.js';

/**
 * How V8 tells that it has no memory: of a buffer, of WebAssembly, and that a collection has grown beyond what it can
 * hold; and how JavaScriptCore tells any of it. They are RangeErrors, as wrong arguments are: only the text differs. A
 * length below 0 is no want of memory.
 */
const MESSAGES =
  /^(?:Array buffer allocation failed|Invalid typed array length: \d+|(?:Map|Set) maximum size exceeded|WebAssembly\.Memory.*could not allocate memory|Out of memory$)/;

/** Whether the error says that memory ran out. */
export function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') return true;
  return error instanceof RangeError && MESSAGES.test(error.message);
}

/** The code of the error that tells of a thread which ended without a word. */
export const ENDED = 'ERR_THREAD_ENDED';

/** Why a replay came to no end although nobody is at fault, as the end of a sentence; null for an error of another kind. */
export function shortageOf(error: unknown): string | null {
  if (isOutOfMemory(error)) return `memory ran out (${(error as Error).message})`;
  if (error instanceof UserError) return error.message;
  return error instanceof Error && 'code' in error && error.code === ENDED ? error.message : null;
}
