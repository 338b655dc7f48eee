/** `freehold info`: what a recording shows of its program. */
import { Command } from 'commander';
import type { Colours } from '../../text/colours.js';
import { formatCount, formatMany, formatSize } from '../../text/format.js';
import { define, table } from '../../text/table.js';
import { visibleName } from '../../text/visible.js';
import { countedNotes, missingNotes, whyLeft } from '../../trace/notes.js';
import { type Profile, profileOf } from '../../trace/profile.js';
import { asOption, zstdWindowOption } from '../arguments.js';
import { openShowing } from '../open-showing.js';
import { colours, print } from '../terminal.js';

const EXAMPLES = `
Examples:
  $ freehold info app.trace.gz
  $ freehold info valgrind.txt ltrace.txt --json
`;

const INDENT = 12;
const BAR = 36;
const SPARKS = '▁▂▃▄▅▆▇█';
const EIGHTHS = '▏▎▍▌▋▊▉█';

export function infoCommand(): Command {
  return new Command('info')
    .description('report what a recording holds: calls, sizes, lifetimes, the peak, blocks never freed')
    .argument('<trace...>', 'recordings of malloc and free; the format is detected from the content')
    .addOption(asOption())
    .addOption(zstdWindowOption())
    .option('--json', 'print a JSON array of objects instead')
    .addHelpText('after', EXAMPLES)
    .action(info);
}

async function info(
  paths: readonly string[],
  options: { readonly json?: true; readonly as?: string; readonly zstdWindow: number },
): Promise<void> {
  const paint = colours(process.stdout);
  const profiles: Profile[] = [];
  for (const path of paths) {
    const profile = profileOf(
      await openShowing(path, { format: options.as, zstdWindow: options.zstdWindow }),
    );
    profiles.push(profile);
    if (!options.json) print(`${profiles.length > 1 ? '\n' : ''}${describe(profile, paint)}`);
  }
  if (options.json) print(JSON.stringify(profiles, null, 2));
}

function describe(profile: Profile, paint: Colours): string {
  const { calls, peak, reallocs, operations } = profile;
  const facts = [
    define('calls', callsLine(calls), INDENT),
    define('requested', `${formatSize(profile.requestedBytes)} in all requests together`, INDENT),
    define(
      'peak',
      `${formatSize(peak.bytes)} in ${formatMany(peak.blocks, 'block')} live at once, after operation ${formatCount(peak.operation)}: ` +
        'no allocator needs less',
      INDENT,
    ),
    define('left', leftLine(profile), INDENT),
  ];
  if (calls.realloc > 0) {
    facts.push(
      define(
        'realloc',
        `${formatCount(reallocs.growing)} grow a block, ${formatCount(reallocs.shrinking)} shrink it, ` +
          `${formatCount(reallocs.same)} leave its size: resizing in place saves these copies`,
        INDENT,
      ),
    );
  }
  if (profile.recorded !== null) {
    const { internalFragmentation, internalMean } = profile.recorded;
    const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
    facts.push(
      define(
        'granted',
        `${percent(internalFragmentation)} of the granted bytes not asked for at the peak, ${percent(internalMean)} on average: the rounding of the recorded allocator`,
        INDENT,
      ),
    );
  }
  const counted = countedNotes(profile.notes).join('; ');
  const notes = [...(counted === '' ? [] : [counted]), ...missingNotes(profile.notes)];
  facts.push(...notes.map((note, i) => define(i === 0 ? 'notes' : '', note, INDENT)));
  const sections = [
    `${paint.bold(visibleName(profile.trace))}\n${formatMany(operations, 'operation')}, read as ${profile.format}`,
    facts.join('\n'),
    `${paint.bold('Bytes live')} over the recording, from 0 to ${formatSize(Math.max(...profile.live, 0))}\n${spark(profile.live)}`,
    `${paint.bold('Sizes')} of requests, bytes; the bars are logarithmic\n${histogram(profile.sizes, formatSize)}`,
    `${paint.bold('Most frequent sizes')}: worth a cache of their own if few make up most\n${frequent(profile)}`,
  ];
  if (profile.lifetimes.length > 0) {
    sections.push(
      `${paint.bold('Lifetimes')} of freed blocks, in operations; short ones reuse memory still at hand\n` +
        histogram(profile.lifetimes, formatCount),
    );
  }
  return sections.join('\n\n');
}

function leftLine({ left, notes, calls }: Profile): string {
  if (left.blocks === 0) return 'nothing: every block is freed';
  const blocks = `${formatSize(left.bytes)} in ${formatMany(left.blocks, 'block')}`;
  const own = notes.recorderBlock?.left
    ? `, of them ${formatSize(notes.recorderBlock.bytes)} in 1 block of the recorder's own`
    : '';
  const why = whyLeft(notes, calls.free);
  if (why !== null) return `${blocks} live at the end${own}: ${why}, so these are not told to be leaks`;
  return `${blocks} never freed${own}: leaks, or left to the exit of the program`;
}

function callsLine(calls: Profile['calls']): string {
  return Object.entries(calls)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${formatCount(count)} ${name}`)
    .join(', ');
}

function frequent({ frequent, sizes }: Profile): string {
  const requests = sizes.reduce((sum, count) => sum + count, 0);
  const rows = frequent.map(({ size, count }) => [
    `${formatCount(size)} B`,
    formatCount(count),
    `${((100 * count) / requests).toFixed(1)} %`,
  ]);
  return table(['size', 'requests', 'share'], rows, ['right', 'right', 'right']);
}

/** A row for each class of powers of two that lies between the first and the last one with a count. */
function histogram(counts: readonly number[], format: (value: number) => string): string {
  const first = counts.findIndex((count) => count > 0);
  const most = Math.max(...counts);
  const rows = counts.slice(first).map((count, i) => {
    const k = first + i;
    const range = k === 0 ? '0' : k === 1 ? '1' : `${format(2 ** (k - 1))} –`;
    return [range, formatCount(count), bar(count === 0 ? 0 : Math.log2(count + 1) / Math.log2(most + 1))];
  });
  return table(['from', 'count', ''], rows, ['right', 'right', 'left']);
}

function bar(share: number): string {
  const eighths = Math.round(share * BAR * 8);
  const rest = eighths % 8;
  return '█'.repeat(Math.floor(eighths / 8)) + (rest === 0 ? '' : EIGHTHS[rest - 1]!);
}

function spark(values: readonly number[]): string {
  const most = Math.max(...values, 1);
  return values.map((value) => SPARKS[Math.min(7, Math.floor((8 * value) / most))]).join('');
}
