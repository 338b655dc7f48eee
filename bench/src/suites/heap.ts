/** The heap against its peers, on recordings of real programs. */

import { join } from 'node:path';
import { geometricMean } from '@freehold/lab';
import { BUILD } from '../heap/build.js';
import { CONTENDERS, type HeapContender, type Side } from '../heap/contenders.js';
import { LONG, QUICK } from '../heap/replay.js';
import { type Goal, type Job, ns, type Result, type Suite, type Table } from '../suite.js';

const HEAP = 'heap';
const SIDES: readonly Side[] = ['freehold', 'native', 'other', 'floor'];

/** What a job measures: `at.what`. */
const TIME = 'time';
const UTILISATION = 'utilisation';
/** Utilisation by what became resident, of the native contenders. */
const RESIDENT = 'resident';
/** 99.9th percentile of single calls. */
const CALL = 'p99.9';

/** Where the operations of a recording lie that was prepared. */
export function operationsPath(trace: string): string {
  return join(BUILD, `${trace}.ops`);
}

/** @param traces names of recordings whose operations are prepared */
export function heapSuite(traces: readonly string[], contenders: readonly HeapContender[]): Suite {
  return {
    id: 'heap',
    title: 'The heap against its peers',
    method: METHOD,
    jobs: () =>
      [TIME, UTILISATION, RESIDENT, CALL].flatMap((what) =>
        traces.flatMap((trace) =>
          contenders
            .filter((each) => measures(each, what))
            .map(({ id }): Job => {
              const job = { contender: id, at: { trace, what } };
              return what === TIME ? job : { ...job, once: true };
            }),
        ),
      ),
    async measure({ contender, at }, short) {
      const path = operationsPath(String(at['trace']));
      const pace = short ? QUICK : LONG;
      const found = CONTENDERS.find(({ id }) => id === contender)!;
      if (at['what'] === TIME) return found.time(path, pace);
      if (at['what'] === UTILISATION) return found.utilisation!(path, pace);
      if (at['what'] === RESIDENT) return found.resident!(path);
      return found.slowCall!(path, pace);
    },
    tables: (results) => [
      meansTable(results, contenders),
      ...(['native', 'other'] as const).flatMap((side) => sideTables(results, traces, contenders, side)),
    ],
    goals,
    notes: (results) => leftOut(results),
  };
}

const METHOD = `Every contender replays the same operations, decoded beforehand: malloc, calloc, aligned_alloc, realloc and free as a
real program called them, and at the end a free of each block that it left behind. One byte is written into each block given out.
A process replays one recording on one heap again and again: to warm up, until no replay has been quicker by a tenth for
200 ms, then timed for 150 ms in batches of 50,000 operations or one replay, and the median batch counts. Time is processor time, so that other work on
the machine counts little. Native contenders are called by a loop in C, all
others by the same loop in JavaScript; the floors are those loops over functions that return a constant, their time is
contained in the others'.

Utilisation is the peak of live requested bytes ÷ the peak footprint, in the first replay of a fresh process. For the heap,
the footprint is what it says itself: all bytes up to the highest ever used, bookkeeping included. For the others called from
JavaScript: all bytes up to the end of the highest block, from the beginning of the heap. For native ones, their own
accounting: arena and mapped bytes of \`mallinfo2\` (glibc), committed bytes of \`mi_process_info\` (mimalloc: segments of
32 MiB, however little of them is used), \`stats.active\` + \`stats.metadata\` (jemalloc), \`generic.heap_size\` less unmapped
pages (tcmalloc, whose metadata is not in it). As these count reserves never touched, the column *resident* gives them the
benefit: the growth of the process's anonymous resident memory, in pages of 4 KiB, each page of each block written to.`;

function measures(contender: HeapContender, what: string): boolean {
  if (what === TIME) return true;
  if (what === UTILISATION) return contender.utilisation !== undefined;
  return what === RESIDENT ? contender.resident !== undefined : contender.slowCall !== undefined;
}

/** By trace, where it was measured. */
export function figures(results: readonly Result[], contender: string, what: string): Map<string, number> {
  const found = results.filter(
    (each) => each.contender === contender && each.at['what'] === what && each.failed === null,
  );
  return new Map(found.map(({ at, median }) => [String(at['trace']), median]));
}

export function mean(figures: ReadonlyMap<string, number>): number {
  return geometricMean([...figures.values()]);
}

/** Geometric mean of the heap's figure ÷ the other's, over the recordings that both have. */
export function ratio(results: readonly Result[], contender: string, what: string): number {
  const own = figures(results, HEAP, what);
  const theirs = [...figures(results, contender, what)].filter(([trace]) => own.has(trace));
  return geometricMean(theirs.map(([trace, value]) => own.get(trace)! / value));
}

function meansTable(results: readonly Result[], contenders: readonly HeapContender[]): Table {
  const sorted = SIDES.flatMap((side) => contenders.filter((each) => each.side === side));
  return {
    caption: 'Geometric means; the ratios over the recordings that both finish',
    head: ['contender', 'ns/op', 'heap’s time ÷', 'utilisation', 'heap’s ÷', 'resident', 'traces'],
    rows: sorted.map(({ id }) => {
      const times = figures(results, id, TIME);
      const used = figures(results, id, UTILISATION);
      return [
        id,
        number(mean(times), 2),
        number(ratio(results, id, TIME), 3),
        percent(mean(used)),
        number(ratio(results, id, UTILISATION), 3),
        percent(mean(figures(results, id, RESIDENT))),
        String(times.size),
      ];
    }),
  };
}

/** Times, then utilisations, of the heap against those of a side, a row for each recording. */
function sideTables(
  results: readonly Result[],
  traces: readonly string[],
  contenders: readonly HeapContender[],
  side: Side,
): Table[] {
  const ours = contenders.filter((each) => each.side === 'freehold').map(({ id }) => id);
  const theirs = contenders.filter((each) => each.side === side).map(({ id }) => id);
  if (theirs.length === 0) return [];
  const where = side === 'native' ? 'native, called from C' : 'called from JavaScript';
  const rows = (what: string, tell: (value: number) => string, compared: boolean) =>
    traces.map((trace) => {
      const figure = (id: string) => figures(results, id, what).get(trace);
      return [
        trace,
        ...[...ours, ...theirs].map((id) => {
          const value = figure(id);
          if (value === undefined) return '–';
          const own = figure(HEAP);
          return compared && own !== undefined && theirs.includes(id)
            ? `${tell(value)} (${(own / value).toFixed(2)})`
            : tell(value);
        }),
      ];
    });
  const head = ['trace', ...ours, ...theirs];
  return [
    {
      caption: `Nanoseconds an operation, peers ${where}; in parentheses the heap’s time ÷ theirs`,
      head,
      rows: rows(TIME, ns, true),
    },
    { caption: `Utilisation, peers ${where}`, head, rows: rows(UTILISATION, percent, false) },
  ];
}

function goals(results: readonly Result[]): Goal[] {
  const faster = [
    ['glibc', 0.75],
    ['mimalloc', 1],
    ['dlmalloc', 0.25],
    ['thi.ng', 0.05],
  ] as const;
  const found: Goal[] = faster.map(([peer, most]) => {
    const time = ratio(results, peer, TIME);
    return { goal: `time at most ${most} × ${peer}`, met: time <= most, found: `${number(time, 3)} ×` };
  });
  const own = mean(figures(results, HEAP, UTILISATION));
  found.push({ goal: 'utilisation at least 90 %', met: own >= 0.9, found: percent(own) });
  for (const [what, how] of [
    [UTILISATION, 'by their own accounting'],
    [RESIDENT, 'by what became resident'],
  ] as const) {
    const peers = [...new Set(results.map(({ contender }) => contender))].filter(
      (id) => !id.startsWith(HEAP) && figures(results, id, what).size > 0,
    );
    const ratios = peers.map((id) => {
      const ours = figures(results, HEAP, UTILISATION);
      const theirs = [...figures(results, id, what)].filter(([trace]) => ours.has(trace));
      return { id, ratio: geometricMean(theirs.map(([trace, value]) => ours.get(trace)! / value)) };
    });
    const worst = ratios.sort((a, b) => a.ratio - b.ratio)[0];
    if (worst === undefined) continue;
    found.push({
      goal: `utilisation at least that of every peer, ${how}`,
      met: worst.ratio >= 1,
      found: `${number(worst.ratio, 3)} × that of ${worst.id}, the best of them`,
    });
  }
  const calls = [...figures(results, HEAP, CALL)].sort((a, b) => b[1] - a[1])[0];
  if (calls !== undefined) {
    found.push({
      goal: '99.9 % of single calls in at most 5 µs, growth apart',
      met: calls[1] <= 5000,
      found: `${ns(calls[1])} ns on ${calls[0]}, the slowest`,
    });
  }
  // A peer that is missing, or was not chosen, is no goal missed.
  return found.filter(({ found }) => !found.startsWith('–'));
}

/** Who has no figure on which recordings, and why. */
export function leftOut(results: readonly Result[]): string[] {
  const groups = new Map<string, Set<string>>();
  for (const { contender, at, failed } of results) {
    if (failed === null) continue;
    const why = `${contender}: ${failed}`;
    groups.set(why, (groups.get(why) ?? new Set()).add(String(at['trace'])));
  }
  return [...groups].map(([why, traces]) => `left out on ${[...traces].join(', ')}: ${why}`);
}

function number(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–';
}

function percent(value: number): string {
  return Number.isFinite(value) ? `${(100 * value).toFixed(1)}%` : '–';
}

/** The same figures for machines. */
export function summary(results: readonly Result[]): {
  readonly geomeans: Readonly<Record<string, object>>;
  readonly ratios: Readonly<Record<string, object>>;
  readonly traces: readonly object[];
} {
  const ids = [...new Set(results.map(({ contender }) => contender))];
  const traces = [...new Set(results.map(({ at }) => String(at['trace'])))];
  const figure = (id: string, what: string, trace: string) => figures(results, id, what).get(trace) ?? null;
  const overall = (id: string, what: string) => orNull(mean(figures(results, id, what)));
  return {
    geomeans: Object.fromEntries(
      ids.map((id) => [
        id,
        {
          nsPerOp: overall(id, TIME),
          utilization: overall(id, UTILISATION),
          residentUtilization: overall(id, RESIDENT),
          traces: figures(results, id, TIME).size,
        },
      ]),
    ),
    ratios: Object.fromEntries(
      ids.map((id) => [
        id,
        { time: orNull(ratio(results, id, TIME)), utilization: orNull(ratio(results, id, UTILISATION)) },
      ]),
    ),
    traces: traces.flatMap((trace) =>
      ids.map((contender) => {
        const failed = results.find(
          (each) => each.failed && each.contender === contender && each.at['trace'] === trace,
        );
        return {
          trace,
          contender,
          nsPerOp: figure(contender, TIME, trace),
          utilization: figure(contender, UTILISATION, trace),
          residentUtilization: figure(contender, RESIDENT, trace),
          p999CallNs: figure(contender, CALL, trace),
          ...(failed && { failed: failed.failed }),
        };
      }),
    ),
  };
}

/** A mean of nothing is no number. */
function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
