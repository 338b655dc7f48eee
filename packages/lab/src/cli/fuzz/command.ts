/** `freehold fuzz`: random calls, everything checked. */
import { randomInt } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { FaultError, UserError } from '../../errors.js';
import { type FuzzResult, fuzz } from '../../fuzz/fuzz.js';
import { needOf } from '../../fuzz/need.js';
import { ALLOCATORS } from '../../replay/allocators.js';
import { type Contender, makeArena, optionReader, parseContender } from '../../replay/contender.js';
import { formatCount, formatMany } from '../../text/format.js';
import { wrap } from '../../text/table.js';
import { allocatorsHelp, contendersIn, whole } from '../arguments.js';
import { complain, Progress, print } from '../terminal.js';

interface FuzzOptions {
  readonly allocator?: readonly Contender[];
  readonly operations: number;
  readonly seed?: number;
  readonly json?: true;
}

/** Live blocks at once, at most; fewer where each call walks a list of them. */
const BLOCKS_MAX = 20_000;
const NAIVE_BLOCKS_MAX = 300;
const SEED_MAX = 2 ** 32 - 1;
/** Those for any program, not for recordings of one format only. */
const GENERAL = ALLOCATORS.filter(({ formats }) => formats === undefined);

const EXAMPLES = `
Each block is filled with its own pattern. The pattern must be intact when the
block is freed or reallocated. Blocks must not overlap. The allocator's laws are
checked at intervals. Misuse must be refused and must change nothing.

Examples:
  $ freehold fuzz --allocator heap --operations 20000000
  $ freehold fuzz --allocator tlsf,first-fit:order=size-up --seed 7

Exit status: 0 no fault; 1 a fault, reported with the command that finds it
again;
2 wrong use.
`;

export function fuzzCommand(): Command {
  return new Command('fuzz')
    .description('call allocators at random, and check everything they do on real bytes')
    .addOption(
      new Option('-a, --allocator <LIST>', 'allocators, separated by commas (default: all)').argParser(
        parseAllocators,
      ),
    )
    .addOption(whole('-n, --operations <N>', 'number of calls of each allocator', 1, 1e12).default(1_000_000))
    .addOption(whole('--seed <N>', 'seed of the calls (default: a new one each time)', 0, SEED_MAX))
    .option('--json', 'print one line of JSON for each allocator')
    .addHelpText('after', allocatorsHelp(GENERAL) + EXAMPLES)
    .action(run);
}

function parseAllocators(text: string): Contender[] {
  const ids = text.split(',').map((spec) => spec.trim().split(':')[0]!);
  const other = ALLOCATORS.find((kind) => ids.includes(kind.id) && !GENERAL.includes(kind));
  if (other === undefined) return contendersIn(text, '--allocator', GENERAL);
  const known = GENERAL.map(({ id }) => id).join(', ');
  throw new UserError(`--allocator: ${other.id} belongs to the kernel: npm run fuzz:kernel; known: ${known}`);
}

async function run(options: FuzzOptions): Promise<void> {
  const { operations } = options;
  const contenders = options.allocator ?? GENERAL.map(({ id }) => parseContender(id));
  const seed = options.seed ?? randomInt(SEED_MAX);
  // Before the calls: should they never end, this is what repeats them.
  if (options.seed === undefined && !options.json) print(`seed ${seed}`);
  let failures = 0;
  for (const contender of contenders) {
    const result = await fuzzOne(contender, operations, seed);
    print(
      options.json ? JSON.stringify({ allocator: contender.spec, ...result }) : summary(contender, result),
    );
    if (result.failure === null) continue;
    failures++;
    complain(failureText(contender, result.failure));
    if (!options.json) print(result.failure.story.map((line) => `  ${line}`).join('\n'));
  }
  if (failures > 0) throw new FaultError(`${failures} of ${contenders.length} allocators failed`);
}

async function fuzzOne(contender: Contender, operations: number, seed: number): Promise<FuzzResult> {
  const { kind, spec } = contender;
  using progress = new Progress(operations);
  progress.doing(`${spec}, seed ${seed}`);
  return await fuzz(
    {
      blocksMax: kind.naive ? NAIVE_BLOCKS_MAX : BLOCKS_MAX,
      checked: !kind.unchecked,
      make: (settings, mover) => makeArena(contender, settings, mover),
      need: (settings, size, align) => needOf(contender, settings, size, align),
      capacityLeast: kind.granule(optionReader(contender, { align: 16, capacity: null })),
    },
    operations,
    seed,
    async (calls) => {
      progress.advance(calls);
      // Lets the bar be drawn, and Ctrl-C be heard.
      await setImmediate();
    },
  );
}

function summary({ spec }: Contender, { seed, seconds, episodes, tally, failure }: FuzzResult): string {
  const {
    operations,
    allocations,
    reallocations,
    moves,
    frees,
    refused,
    misuses,
    checks,
    blocks,
    peakBlocks,
  } = tally;
  const found = failure === null ? 'no fault' : 'A FAULT';
  const head = `${spec}: ${formatCount(operations)} operations, seed ${seed}, ${seconds.toFixed(1)} s: ${found}`;
  const counts = [
    formatMany(episodes, 'arena'),
    formatMany(allocations, 'allocation'),
    `${formatMany(reallocations, 'reallocation')} (${formatCount(moves)} moved)`,
    formatMany(frees, 'free'),
    `${formatMany(refused, 'request')} without room`,
    `${formatMany(misuses, 'misuse')} refused`,
    `${formatMany(checks, 'check')} of all laws`,
    `contents compared ${formatMany(blocks, 'time')}`,
    `${formatMany(peakBlocks, 'block')} live at most`,
  ];
  return `${head}\n  ${wrap(counts.join(', '), 80, 2)}`;
}

function failureText({ spec }: Contender, failure: NonNullable<FuzzResult['failure']>): string {
  const { fault, seed } = failure;
  const again = `freehold fuzz --allocator ${spec} --seed ${seed} --operations ${fault.operation}`;
  return `${spec}: operation ${fault.operation} of seed ${seed}: ${fault.kind}: ${fault.message}; again: ${again}`;
}
