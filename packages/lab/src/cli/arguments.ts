/** The arguments that compare and fit share: which allocators, which alignment, which traces. */
import { Option } from 'commander';
import { UserError } from '../errors.js';
import { findFormat } from '../formats/read-trace.js';
import { ZSTD_WINDOW_BYTES, ZSTD_WINDOW_BYTES_MAX } from '../formats/zstd.js';
import type { Settings } from '../replay/options.js';
import {
  ALLOCATORS,
  type AllocatorKind,
  type Contender,
  defaultContenders,
  makeArena,
  parseContender,
} from '../replay/registry.js';
import { isOutOfMemory } from '../replay/shortage.js';
import { formatCount } from '../text/format.js';
import { define, wrap } from '../text/table.js';
import { visibleName } from '../text/visible.js';
import type { Trace } from '../trace/trace.js';
import { parseSize } from './terminal.js';

/** Naive allocators are left out of longer traces, unless named: see `contendersFor`. */
export const NAIVE_OPERATIONS_MAX = 50_000;

export function allocatorsOption(): Option {
  return new Option(
    '-a, --allocators <LIST>',
    'allocators, separated by commas (default: all; naive ones only on short traces)',
  ).argParser((text) => parseContenders(text, '--allocators'));
}

export function alignOption(): Option {
  return new Option('--align <BYTES>', 'every address is a multiple of this power of two')
    .default(16)
    .argParser((text) => {
      const align = parseSize(text, '--align');
      if (!Number.isInteger(Math.log2(align)))
        throw new UserError(`--align: '${text}' is not a power of two`);
      return align;
    });
}

/** For recordings that can be read in several ways. */
export function asOption(): Option {
  return new Option(
    '--as <FORMAT>',
    'read the recordings in this format: kmem-pages for the pages of a kmem recording (default: detected from the content)',
  ).argParser((id) => findFormat(id).id);
}

/** For recordings that were packed with `zstd --long`. */
export function zstdWindowOption(): Option {
  return new Option(
    '--zstd-window <SIZE>',
    'accept recordings of zstd --long=28 to 31 with windows of up to this size, 256MiB to 2GiB',
  )
    .default(ZSTD_WINDOW_BYTES, '128MiB')
    .argParser((text) => {
      const bytes = parseSize(text, '--zstd-window');
      if (bytes <= ZSTD_WINDOW_BYTES_MAX) return bytes;
      throw new UserError(`--zstd-window: '${text}' is more than zstd has, 2GiB`);
    });
}

/** For `--help`: the allocators with the names of their options, and what each option allows. */
export function allocatorsHelp(kinds = ALLOCATORS): string {
  const groups = new Map<string, string[]>();
  for (const { id, options } of kinds) {
    const names = options.map((option) => option.name).join(', ');
    groups.set(names, [...(groups.get(names) ?? []), id]);
  }
  return [
    '\nAllocators, and the options that may follow their names:',
    ...[...groups].map(([names, ids]) => `  ${wrap(ids.join(', '), 78)}\n${define('', names, 6)}`),
    '\nOptions of allocators, written as first-fit:order=size-up:coalesce=off:',
    ...[...meaningsOf(kinds)].flatMap(([name, meanings]) =>
      [...meanings].map(([allowed, ids], i) => {
        const text = meanings.size > 1 ? `${ids.join(', ')}: ${allowed}` : allowed;
        return define(i === 0 ? `  ${name}` : '', text, 17);
      }),
    ),
    '',
  ].join('\n');
}

/** Of each option's name, what it allows, and in which allocators: `unit` of `buddy` is not that of `heap`. */
function meaningsOf(kinds: readonly AllocatorKind[]): Map<string, Map<string, string[]>> {
  const meanings = new Map<string, Map<string, string[]>>();
  for (const { id, options } of kinds) {
    for (const { name, allowed } of options) {
      const ids = meanings.get(name) ?? new Map<string, string[]>();
      meanings.set(name, ids.set(allowed, [...(ids.get(allowed) ?? []), id]));
    }
  }
  return meanings;
}

/** An option whose value is a whole number from `least` to `most`. */
export function whole(flags: string, description: string, least: number, most: number): Option {
  const option = new Option(flags, description);
  return option.argParser((text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new UserError(
      `${option.long}: '${text}' is not a whole number from ${formatCount(least)} to ${formatCount(most)}`,
    );
  });
}

/** @throws UserError naming the option where the list is wrong */
export function parseContenders(text: string, option: string): Contender[] {
  const contenders = text.split(',').map((spec) => parseContender(spec.trim()));
  const specs = contenders.map(({ spec }) => spec);
  const twice = specs.find((spec, i) => specs.indexOf(spec) !== i);
  if (twice !== undefined) throw new UserError(`${option}: '${twice}' is given twice`);
  return contenders;
}

/**
 * Which allocators run on a trace: those named; else all, but the naive ones only where the trace is short, as a walk
 * of a long list at every call takes minutes on a long one.
 * @throws UserError where an allocator refuses its options or the capacity
 */
export function contendersFor(
  trace: Trace,
  named: readonly Contender[] | undefined,
  settings: Settings,
): Contender[] {
  const all = named ?? defaultContenders(trace.format);
  const chosen = all.filter(({ kind }) => !(kind.naive && leavesOutNaive(trace, named)));
  for (const contender of chosen) {
    try {
      makeArena(contender, settings);
    } catch (error) {
      // Told in its row, as any other that has too little memory.
      if (isOutOfMemory(error)) continue;
      if (!(error instanceof UserError)) throw error;
      const { align, capacity } = settings;
      const given = `--align ${align}${capacity === null ? '' : `, --capacity ${capacity}`}`;
      throw new UserError(`${error.message} (with ${given})`);
    }
  }
  return chosen;
}

/** Whether the naive allocators are left out of this trace. */
export function leavesOutNaive(trace: Trace, named: readonly Contender[] | undefined): boolean {
  return named === undefined && trace.length > NAIVE_OPERATIONS_MAX;
}

/** Tells which allocators were left out of which traces, and how to have them; '' when none was. */
export function leftOutNote(traces: readonly string[]): string {
  if (traces.length === 0) return '';
  const names = ALLOCATORS.filter(({ naive }) => naive).map(({ id }) => id);
  const where = traces.length === 1 ? visibleName(traces[0]!) : `${traces.length} traces`;
  return wrap(
    `The naive allocators were left out of ${where}, of more than ${formatCount(NAIVE_OPERATIONS_MAX)} operations; to include them: --allocators ${names.join(',')}`,
  );
}
