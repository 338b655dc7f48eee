/** The notes of a trace in words. */
import { formatMany, formatSize } from '../text/format.js';
import type { TraceNotes } from './trace.js';

/** What was counted and left out, or bent, each in a few words. */
export function countedNotes(notes: TraceNotes): string[] {
  const { processes } = notes;
  const told: [number, string, string, string][] = [
    [notes.nullFrees, 'free(NULL)', 'free(NULL)', ', left out'],
    [notes.unknownFrees, 'call', 'calls', ' on a block from before the recording: taken as new, or left out'],
    [notes.implicitFrees, 'address', 'addresses', ' given out again without a free: freed there'],
    [notes.failedAllocations, 'request', 'requests', ' that failed, left out'],
    [notes.unnamedAllocations, 'request', 'requests', ' whose result the recording does not show, left out'],
    [notes.skippedLines, 'line', 'lines', ' without a call'],
    [notes.unreadBytes, 'byte', 'bytes', ' added to the file while it was read, left out'],
    [processes > 1 ? processes : 0, 'process', 'processes', ', each with addresses of its own'],
  ];
  return told
    .filter(([count]) => count > 0)
    .map(([count, one, many, what]) => formatMany(count, one, many) + what);
}

/** What the recording lacks, each in a sentence without its full stop. */
export function missingNotes(notes: TraceNotes): string[] {
  const { badLines, badLineExamples, cutOff, killedBy, recorderBlock, remarks } = notes;
  const lines: string[] = [];
  if (badLines > 0) lines.push(`${formatMany(badLines, 'line')} not understood, left out`);
  lines.push(...badLineExamples);
  if (badLines > badLineExamples.length && badLineExamples.length > 0) lines.push('and others');
  if (cutOff !== null) lines.push(`the recording is cut off: ${cutOff}, left out`);
  if (killedBy !== null) lines.push(`the program was ended by ${killedBy}`);
  if (recorderBlock !== null) {
    const left = recorderBlock.left ? ', and never freed' : '';
    lines.push(
      `${formatSize(recorderBlock.bytes)} in 1 block are libstdc++'s, which the recorder loads into every program${left}`,
    );
  }
  return [...lines, ...remarks];
}

/** Why blocks are live at the end of the recording although nothing leaks; null where no reason is known. */
export function whyLeft(notes: TraceNotes, frees: number): string | null {
  if (frees === 0 && notes.unknownFrees === 0) return 'the recording holds no free';
  if (notes.killedBy !== null) return `the program was ended by ${notes.killedBy}`;
  return notes.cutOff === null ? null : 'the recording is cut off';
}
