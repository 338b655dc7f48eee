/** The arguments that compare and fit share: which allocators, which alignment, which traces. */
import { Option } from 'commander';
import { UserError } from '../errors.js';
import { findFormat } from '../formats/read-trace.js';
import { ZSTD_WINDOW_BYTES, ZSTD_WINDOW_BYTES_MAX } from '../formats/zstd.js';
import { ALLOCATORS, type AllocatorKind } from '../replay/allocators.js';
import { type Contender, parseContenders } from '../replay/contender.js';
import { formatCount } from '../text/format.js';
import { define, wrap } from '../text/table.js';
import { parseSize } from './terminal.js';

export function allocatorsOption(): Option {
  return new Option(
    '-a, --allocators <LIST>',
    'allocators, separated by commas (default: all; naive ones only on short traces)',
  ).argParser((text) => contendersIn(text, '--allocators'));
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
export function contendersIn(text: string, option: string, kinds = ALLOCATORS): Contender[] {
  const contenders = listed(text, option, kinds);
  const specs = contenders.map(({ spec }) => spec);
  const twice = specs.find((spec, i) => specs.indexOf(spec) !== i);
  if (twice !== undefined) throw new UserError(`${option}: '${twice}' is given twice`);
  return contenders;
}

function listed(text: string, option: string, kinds: readonly AllocatorKind[]): Contender[] {
  try {
    return parseContenders(text, kinds);
  } catch (error) {
    if (error instanceof UserError) throw new UserError(`${option}: ${error.message}`);
    throw error;
  }
}
