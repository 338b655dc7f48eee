/** Recordings that no reader can make a trace of: they name no single blocks. Told apart so that the user learns what to record instead. */
import { TraceFormatError } from './errors.js';
import type { Head } from './format.js';

interface Refused {
  readonly what: string;
  readonly why: string;
  readonly instead: string;
  recognises(head: Head): boolean;
}

const SITES = 'it holds sums for each place in the program, not the single calls';
const RECORD_VALGRIND = 'record with `valgrind --trace-malloc=yes`';
const RECORD_PRELOAD = 'record with ltrace or `valgrind --trace-malloc=yes`';

const REFUSED: readonly Refused[] = [
  {
    what: 'a DHAT profile',
    why: SITES,
    instead: RECORD_VALGRIND,
    recognises: (head) => /^\s*\{\s*"dhatFileVersion"/.test(head.lines[0] ?? ''),
  },
  {
    what: 'a massif profile',
    why: 'it holds snapshots of sums, not the single calls',
    instead: RECORD_VALGRIND,
    recognises: (head) => /^desc: /.test(head.lines[0] ?? '') && head.count(/^time_unit: |^snapshot=/) > 0,
  },
  {
    what: 'a heaptrack recording as interpreted',
    why: 'it names no addresses, so that a free cannot be tied to its block',
    instead: 'record with `heaptrack --raw`',
    // As raw but with `a`, a table of sizes, and `+` and `-` that give an index into it and nothing else.
    recognises: (head) =>
      /^v [0-9a-f]+ [0-9a-f]+$/.test(head.lines[0] ?? '') && head.count(/^a [0-9a-f]+ [0-9a-f]+$/) > 0,
  },
  {
    what: 'a heap profile of gperftools or jemalloc',
    why: SITES,
    instead: RECORD_PRELOAD,
    recognises: (head) => /^(?:heap profile: |heap_v2\/)/.test(head.lines[0] ?? ''),
  },
  {
    what: 'the binary recording of perf',
    why: 'only perf itself reads it',
    instead: 'print it with `perf script` first',
    recognises: (head) => /^PERFILE/.test(head.lines[0] ?? ''),
  },
  {
    what: "valgrind's output without the calls of malloc",
    why: 'only its banners are there',
    instead: RECORD_VALGRIND,
    recognises: (head) => head.count(/^==\d+== /) > 0 && head.count(/--\d+-- .*\w\(/) === 0 && head.whole,
  },
];

/** @throws TraceFormatError if the head is that of a recording that cannot be replayed, saying why and what to do */
export function refuseAggregates(head: Head, file: string): void {
  const refused = REFUSED.find((each) => each.recognises(head));
  if (refused === undefined) return;
  throw new TraceFormatError(file, `is ${refused.what}: ${refused.why}; ${refused.instead}`);
}
