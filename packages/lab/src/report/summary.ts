/** The answer in words, computed from the figures: which allocator needs the least, which is fastest, and who wastes what. */
import type { Measurement } from '../metrics/measurement.js';
import { formatBytes, formatCount, formatFraction, formatNanoseconds, formatRatio } from './page/format.js';
import { breakdown, isSound, overhead, type TraceResults } from './traces.js';

/** Sentences, the most important first. */
export function summarizeTrace(trace: TraceResults): readonly string[] {
  const sound = trace.measurements.filter(isSound);
  return [
    ...faults(trace),
    ...(sound.length === 0 ? [] : [...verdict(sound, trace), ...worst(sound, trace)]),
    ...failures(trace),
  ];
}

/** Sentences over all traces, for the allocators that served each of them; none where there is but one trace. */
export function summarizeAll(traces: readonly TraceResults[]): readonly string[] {
  if (traces.length < 2) return [];
  const rows = acrossTraces(traces).filter((row) => row.sound);
  if (rows.length < 2) return [];
  const sentences: string[] = [];
  const sized = rows.filter((row) => row.overhead !== null);
  if (sized.length > 0) {
    const names = leaders(sized, (row) => row.overhead!.mean);
    const best = sized.find((row) => row.name === names[0])!.overhead!;
    sentences.push(
      `Over all ${traces.length} traces, ${list(names)} ${names.length === 1 ? 'needs' : 'need'} the least memory: ` +
        `${formatRatio(best.mean)} × the lower bound on average, ${formatRatio(best.worst)} × at worst (${best.worstTrace}).`,
    );
  }
  const timed = rows.filter((row) => row.nsPerOp !== null);
  if (timed.length > 0) {
    const names = leaders(timed, (row) => row.nsPerOp!);
    const ns = timed.find((row) => row.name === names[0])!.nsPerOp!;
    sentences.push(
      `${list(names)} ${names.length === 1 ? 'is' : 'are'} the fastest on average: ${formatNanoseconds(ns)} ns per operation.`,
    );
  }
  return sentences;
}

/** One allocator on all traces. Means are geometric, so that no trace outweighs another. */
export interface AcrossTraces {
  readonly name: string;
  /** Measured on every trace, every request served, nothing amiss. */
  readonly sound: boolean;
  readonly overhead: { readonly mean: number; readonly worst: number; readonly worstTrace: string } | null;
  /** Null where it was not timed on every trace. */
  readonly nsPerOp: number | null;
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
    const times = results.flatMap(({ measurement }) => measurement.nsPerOp ?? []);
    const worst = overheads.reduce((a, b) => (b.ratio > a.ratio ? b : a), { ratio: 0, trace: '' });
    return {
      name,
      sound: results.length === traces.length && results.every(({ measurement }) => isSound(measurement)),
      overhead:
        overheads.length === 0
          ? null
          : {
              mean: geometricMean(overheads.map(({ ratio }) => ratio)),
              worst: worst.ratio,
              worstTrace: worst.trace,
            },
      nsPerOp: times.length === traces.length ? geometricMean(times) : null,
      failed: results.reduce((sum, { measurement }) => sum + measurement.failed, 0),
    };
  });
}

function verdict(sound: readonly Measurement[], trace: TraceResults): string[] {
  const least = Math.min(...sound.map(({ footprintBytes }) => footprintBytes));
  const thrifty = sound.filter(({ footprintBytes }) => footprintBytes === least);
  const ratio = overhead(thrifty[0]!, trace);
  const need =
    ratio === null
      ? `${formatBytes(least)}; nothing was ever live`
      : `${formatBytes(least)}, ${formatRatio(ratio)} × the lower bound of ${formatBytes(trace.lowerBound)} (the most bytes ever live at once)`;
  if (sound.length === 1) {
    const { allocator, nsPerOp } = sound[0]!;
    const speed = nsPerOp === null ? '' : `, at ${formatNanoseconds(nsPerOp)} ns per operation`;
    return [`${allocator} needs ${need}${speed}.`];
  }
  const names = thrifty.map(({ allocator }) => allocator);
  const needs = `${list(names)} ${names.length === 1 ? 'needs' : 'need'} the least memory: ${need}`;
  const timed = sound.filter(({ nsPerOp }) => nsPerOp !== null);
  if (timed.length === 0) return [`${needs}.`];
  const fastest = timed.reduce((a, b) => (b.nsPerOp! < a.nsPerOp! ? b : a));
  const time = `${formatNanoseconds(fastest.nsPerOp!)} ns per operation`;
  if (names.includes(fastest.allocator)) {
    return [`${needs}.`, `${names.length === 1 ? 'It' : fastest.allocator} is the fastest, too: ${time}.`];
  }
  const price = overhead(fastest, trace);
  const cost = price === null ? '' : `, for ${formatRatio(price)} × the lower bound`;
  return [`${needs}.`, `${fastest.allocator} is the fastest: ${time}${cost}.`];
}

/** Below this many times the best footprint nobody needs to be warned of an allocator. */
const WORTH_A_WARNING = 1.1;

function worst(sound: readonly Measurement[], trace: TraceResults): string[] {
  const least = Math.min(...sound.map(({ footprintBytes }) => footprintBytes));
  const most = sound.reduce((a, b) => (b.footprintBytes > a.footprintBytes ? b : a));
  const ratio = overhead(most, trace);
  if (ratio === null || most.footprintBytes < least * WORTH_A_WARNING) return [];
  const parts = breakdown(most);
  const share = (bytes: number) => formatFraction(bytes / most.atPeakFootprint.footprintBytes);
  const causes: readonly (readonly [number, string])[] = [
    [parts.internal, `${share(parts.internal)} of it is rounding, padding and headers`],
    [parts.external, `${share(parts.external)} of it is free holes that served nobody`],
    [parts.bookkeeping, `${share(parts.bookkeeping)} of it is bookkeeping`],
  ];
  const [, cause] = causes.reduce((a, b) => (b[0] > a[0] ? b : a));
  return [`${most.allocator} needs the most, ${formatRatio(ratio)} ×: ${cause}.`];
}

function failures({ measurements }: TraceResults): string[] {
  const failing = measurements.filter(({ failed }) => failed > 0);
  if (failing.length === 0) return [];
  const counts = failing.map(({ allocator, failed }) => `${allocator} (${formatCount(failed)})`);
  return [
    `Requests were refused by ${list(counts)}: those figures are of a run that was not served in full.`,
  ];
}

function faults({ measurements }: TraceResults): string[] {
  return measurements.flatMap(({ allocator, verification }) =>
    verification?.fault
      ? [
          `${allocator} broke a promise at operation ${formatCount(verification.fault.operation)}: ${verification.fault.message}`,
        ]
      : [],
  );
}

function leaders<Row extends { readonly name: string }>(
  rows: readonly Row[],
  of: (row: Row) => number,
): string[] {
  const least = Math.min(...rows.map(of));
  return rows.filter((row) => of(row) === least).map(({ name }) => name);
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** `a`, `a and b`, `a, b and c`. */
function list(names: readonly string[]): string {
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
