/** What the tests of trace formats share: reading from memory in pieces, and traces as lists of words. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TraceFormat } from '../src/formats/format.js';
import { TraceBuilder } from '../src/trace/builder.js';
import { checkTrace } from '../src/trace/check.js';
import { NO_NOTES, type Trace, type TraceNotes } from '../src/trace/trace.js';

const NAMES = ['malloc', 'calloc', 'memalign', 'realloc', 'free'];

/** Reads the recording, handed over in pieces of `piece` bytes, and checks the trace. */
export function read(
  format: TraceFormat,
  recording: string | Uint8Array,
  piece = Number.POSITIVE_INFINITY,
): Trace {
  const bytes = typeof recording === 'string' ? new TextEncoder().encode(recording) : recording;
  const builder = new TraceBuilder();
  const reader = format.read(builder, 'recording');
  for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.slice(at, at + piece));
  reader.end();
  const trace = builder.finish('recording', format.id);
  checkTrace(trace);
  return trace;
}

/** `malloc 0:100`, `memalign 1:64^6` (at a multiple of 2^6), `free 0`. */
export function operations({ length, op, slot, size, align }: Trace): string[] {
  return Array.from({ length }, (_, i) => {
    const name = NAMES[op[i]!]!;
    if (name === 'free') return `free ${slot[i]}`;
    return `${name} ${slot[i]}:${size[i]}${align[i]! > 0 ? `^${align[i]}` : ''}`;
  });
}

/** How many of each: malloc, calloc, memalign, realloc, free. */
export function counts(trace: Trace): number[] {
  const counts = [0, 0, 0, 0, 0];
  for (const operation of trace.op) counts[operation]!++;
  return counts;
}

export function notes(some: Partial<TraceNotes>): TraceNotes {
  return { ...NO_NOTES, ...some };
}

/** What the trace says, without what it is called. */
export function contents({ op, slot, size, align, slots, length }: Trace): object {
  return { length, slots, op: [...op], slot: [...slot], size: [...size], align: [...align] };
}

/** A file of material that is not part of the project; null where it is not there. */
export function shared(path: string): string | null {
  const file = fileURLToPath(new URL(`../../../../shared/${path}`, import.meta.url));
  return existsSync(file) ? file : null;
}
