/** The answer in words, computed from the figures: which allocator needs the least, which is fastest, and who wastes what. */
import { geometricMean } from '../metrics/averages.js';
import { isSound, type Measurement } from '../metrics/measurement.js';
import { MEASURES } from '../metrics/measures.js';
import { rangeOf } from '../metrics/significance.js';
import { contendersOf } from '../text/figures.js';
import {
  enumerate,
  formatCount,
  formatFraction,
  formatNanoseconds,
  formatRatio,
  formatSize,
} from '../text/format.js';
import { breakdown, overhead, type TraceResults } from './traces.js';

const TIME = MEASURES.find(({ key }) => key === 'nsPerOp')!;

/** Sentences, the most important first. */
export function summarizeTrace(trace: TraceResults): readonly string[] {
  const sound = withoutTwins(trace.measurements.filter(isSound));
  const answer = sound.length === 0 ? [] : verdict(sound, trace);
  return [...faults(trace), ...answer, ...failures(trace), ...asRecorded(trace)];
}

/** What the recorded allocator itself wasted, where the recording tells. */
function asRecorded({ facts: { recorded } }: TraceResults): readonly string[] {
  if (recorded === null) return [];
  return [
    `When most bytes were live, the recorded allocator itself had lost ${formatFraction(recorded.internalFragmentation)} of what it granted to rounding.`,
  ];
}

/** Sentences over all traces, for the allocators that served each of them; none where there is but one trace. */
export function summarizeAll(traces: readonly TraceResults[]): readonly string[] {
  if (traces.length < 2) return [];
  const rows = withoutTwins(acrossTraces(traces).filter((row) => row.sound));
  if (rows.length < 2) return [];
  const thrifty = leaders(
    rows.filter((row) => row.overhead !== null),
    (row) => row.overhead!.mean,
  );
  const fastest = contendersOf(
    { value: ({ nsPerOp }) => nsPerOp, range: ({ nsPerOpRange }) => nsPerOpRange ?? undefined },
    rows.filter(({ nsPerOp }) => nsPerOp !== null),
  );
  const names = thrifty.map(({ name }) => name);
  return [
    ...thrifty
      .slice(0, 1)
      .map(
        ({ overhead }) =>
          `Over all ${traces.length} recordings, ${enumerate(names)} ${needs(names)} the least memory: ` +
          `${formatRatio(overhead!.mean)} × the lower bound on average, ` +
          `${formatRatio(overhead!.worst)} × at worst (${overhead!.worstTrace}).`,
      ),
    ...fastest
      .slice(0, 1)
      .map(
        ({ name, nsPerOp }) =>
          `${name} is the fastest on average: ${speed(nsPerOp!)}${doubt(fastest.slice(1).map((row) => row.name))}.`,
      ),
  ];
}

/** The naive lists are there to be read, not to be recommended; they stay where there is nothing else. */
function withoutTwins<Row extends { readonly naive: boolean }>(rows: readonly Row[]): readonly Row[] {
  const others = rows.filter(({ naive }) => !naive);
  return others.length === 0 ? rows : others;
}

/** One allocator on all traces. Means are geometric, so that no trace outweighs another. */
export interface AcrossTraces {
  readonly name: string;
  readonly naive: boolean;
  /** Measured on every trace, every request served, nothing amiss. */
  readonly sound: boolean;
  /** Traces it has figures of. */
  readonly measured: number;
  /** Traces it was left out of: the means are over its own. */
  readonly missing: number;
  readonly overhead: { readonly mean: number; readonly worst: number; readonly worstTrace: string } | null;
  /** Null where it was not timed on each. */
  readonly nsPerOp: number | null;
  /** The means of the ranges that chance leaves to the times. */
  readonly nsPerOpRange: readonly [number, number] | null;
  readonly failed: number;
}

export function acrossTraces(traces: readonly TraceResults[]): readonly AcrossTraces[] {
  const names = new Set(traces.flatMap(({ measurements }) => measurements.map(({ allocator }) => allocator)));
  return [...names].map((name) => {
    const results = traces.flatMap((trace) =>
      trace.measurements
        .filter(({ allocator }) => allocator === name)
        .map((measurement) => ({ trace, measurement })),
    );
    const overheads = results.flatMap(({ trace, measurement }) => {
      const ratio = overhead(measurement, trace);
      return ratio === null ? [] : [{ ratio, trace: trace.name }];
    });
    const ranges = results.flatMap(({ measurement }) => timeRange(measurement));
    const times = results.flatMap(({ measurement }) => measurement.nsPerOp ?? []);
    const worst = overheads.reduce((a, b) => (b.ratio > a.ratio ? b : a), { ratio: 0, trace: '' });
    return {
      name,
      naive: results.every(({ measurement }) => measurement.naive),
      sound: results.length === traces.length && results.every(({ measurement }) => isSound(measurement)),
      measured: results.length,
      missing: traces.length - results.length,
      overhead:
        overheads.length === 0
          ? null
          : {
              mean: geometricMean(overheads.map(({ ratio }) => ratio)),
              worst: worst.ratio,
              worstTrace: worst.trace,
            },
      nsPerOp: times.length === results.length ? geometricMean(times) : null,
      nsPerOpRange:
        ranges.length === results.length
          ? [geometricMean(ranges.map(([low]) => low)), geometricMean(ranges.map(([, high]) => high))]
          : null,
      failed: results.reduce((sum, { measurement }) => sum + measurement.failed, 0),
    };
  });
}

function verdict(sound: readonly Measurement[], trace: TraceResults): string[] {
  const thrifty = leaders(sound, ({ footprintBytes }) => footprintBytes);
  const least = thrifty[0]!;
  const ratio = overhead(least, trace);
  const need =
    ratio === null
      ? `${formatSize(least.footprintBytes)}; nothing was ever live`
      : `${formatSize(least.footprintBytes)}, ${formatRatio(ratio)} × the lower bound of ${formatSize(trace.facts.peakLiveBytes)} (the most bytes ever live at once)`;
  if (sound.length === 1) {
    const { allocator, nsPerOp } = least;
    return [`${allocator} needs ${need}${nsPerOp === null ? '' : `, at ${speed(nsPerOp)}`}.`];
  }
  const names = thrifty.map(({ allocator }) => allocator);
  const [fastest, ...asFast] = contendersOf(
    { value: ({ nsPerOp }) => nsPerOp, range: (each) => rangeOf(TIME, each) },
    sound.filter(({ nsPerOp }) => nsPerOp !== null),
  );
  const most = sound.reduce((a, b) => (b.footprintBytes > a.footprintBytes ? b : a));
  const sentences = [`${enumerate(names)} ${needs(names)} the least memory: ${need}.`];
  if (fastest !== undefined) {
    sentences.push(fastestSentence(fastest, doubt(asFast.map(({ allocator }) => allocator)), thrifty, trace));
  }
  if (ratio !== null && most.footprintBytes >= least.footprintBytes * WORTH_A_WARNING) {
    sentences.push(mostSentence(most, fastest, trace));
  }
  return sentences;
}

/** @param doubtful what is to be said of those that may be as fast */
function fastestSentence(
  fastest: Measurement,
  doubtful: string,
  thrifty: readonly Measurement[],
  trace: TraceResults,
): string {
  const { allocator, nsPerOp } = fastest;
  if (thrifty.includes(fastest)) {
    return `${thrifty.length === 1 ? 'It' : allocator} is the fastest, too: ${speed(nsPerOp!)}${doubtful}.`;
  }
  const ratio = overhead(fastest, trace);
  const price = ratio === null ? '' : `, for ${formatRatio(ratio)} × the lower bound`;
  return `${allocator} is the fastest: ${speed(nsPerOp!)}${price}${doubtful}.`;
}

/** Below this many times the best footprint nobody needs to be warned of an allocator. */
const WORTH_A_WARNING = 1.1;

function mostSentence(most: Measurement, fastest: Measurement | undefined, { facts }: TraceResults): string {
  const parts = breakdown(most);
  const share = (bytes: number) => formatFraction(bytes / most.atPeakFootprint.footprintBytes);
  const causes: readonly (readonly [number, string])[] = [
    [parts.internal, 'rounding, padding and headers'],
    [parts.external, 'free holes that served no request'],
    [parts.bookkeeping, 'bookkeeping'],
  ];
  const [bytes, cause] = causes.reduce((a, b) => (b[0] > a[0] ? b : a));
  const why = `${share(bytes)} of it is ${cause}`;
  if (most === fastest) return `It needs the most as well: ${why}.`;
  return `${most.allocator} needs the most, ${formatRatio(most.footprintBytes / facts.peakLiveBytes)} ×: ${why}.`;
}

function failures({ measurements }: TraceResults): string[] {
  const failing = measurements.filter(({ failed }) => failed > 0);
  if (failing.length === 0) return [];
  const counts = failing.map(({ allocator, failed }) => `${allocator} (${formatCount(failed)})`);
  return [
    `Requests were refused by ${enumerate(counts)}: their figures come from a run that was not served in full.`,
  ];
}

function faults({ measurements }: TraceResults): string[] {
  return measurements.flatMap(({ allocator, verification }) => {
    if (verification?.unverified !== undefined) {
      return [`${allocator} could not be verified: ${verification.unverified}.`];
    }
    return verification?.fault
      ? [
          `${allocator} broke a promise at operation ${formatCount(verification.fault.operation)}: ${verification.fault.message}.`,
        ]
      : [];
  });
}

/** Those of which `of` is least; none of none. */
function leaders<Row>(rows: readonly Row[], of: (row: Row) => number): Row[] {
  const least = Math.min(...rows.map(of));
  return rows.filter((row) => of(row) === least);
}

/** More names than this are counted. */
const NAMES_MAX = 3;

/** What is to be said where chance may have kept others from being the fastest. */
function doubt(others: readonly string[]): string {
  if (others.length === 0) return '';
  const who = others.length > NAMES_MAX ? `${others.length} others` : enumerate(others);
  return ` (not clearly: the rounds of ${who} overlap with its own)`;
}

function timeRange(measurement: Measurement): readonly (readonly [number, number])[] {
  const range = rangeOf(TIME, measurement);
  return range === undefined ? [] : [range];
}

function needs(names: readonly string[]): string {
  return names.length === 1 ? 'needs' : 'need';
}

function speed(nsPerOp: number): string {
  return `${formatNanoseconds(nsPerOp)} ns per operation`;
}
