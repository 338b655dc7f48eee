/** `freehold inspect`: the memory of the Linux it runs on, in the figures of the lesson. */
import { Command } from 'commander';
import { UserError } from '../../errors.js';
import { inspect, type Missing } from '../../inspect/inspection.js';
import { NOT_THERE, PROC, ProcFolder } from '../../node/proc-files.js';
import { colours, parseSize, print } from '../terminal.js';
import { describe, explain } from './tables.js';

interface InspectOptions {
  readonly pid?: string;
  readonly root: string;
  readonly pageSize?: number;
  readonly caches: number;
  readonly json?: true;
}

const EXAMPLES = `
Examples:
  $ sudo freehold inspect              free blocks, fragmentation, slabs
  $ freehold inspect --pid self        the memory of a process
  $ freehold inspect --root copies     files saved from another machine
  $ freehold inspect --json | jq '.zones[].unusableFreeIndex'

inspect reads meminfo, buddyinfo, pagetypeinfo, slabinfo and vmallocinfo; with
--pid also PID/smaps, or else PID/maps. A kernel log (dmesg) with the free
blocks is read in the place of buddyinfo. pagetypeinfo, slabinfo and vmallocinfo
need root, and so do the files of other users' processes; without root the rest
is shown. The name of a copy may end in .txt.
`;

export function inspectCommand(): Command {
  return new Command('inspect')
    .description('report the memory of this Linux: free blocks and fragmentation by order, slabs, a process')
    .option(
      '--pid <PID>',
      'also report a process: mapped, resident and shared memory (self: this process; default: the one copied)',
      parsePid,
    )
    .option('--root <DIR>', 'read copies of the files from here', PROC)
    .option(
      '--page-size <SIZE>',
      'bytes of a page (default: as the system or the files tell, else 4 KiB)',
      parsePageSize,
    )
    .option('--caches <N>', 'number of caches, callers and mappings to show, largest first', parseCount, 10)
    .option('--json', 'print one JSON object with all figures instead')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(options: InspectOptions): Promise<void> {
  const folder = new ProcFolder(options.root);
  const copied = await folder.copiedProcesses();
  // A copy of one process is there to be looked at.
  const pid = options.pid ?? (copied.length === 1 ? copied[0] : undefined);
  const inspection = await inspect(folder, {
    pid: pid === 'self' && options.root === PROC ? String(process.pid) : pid,
    pageBytes: options.pageSize,
  });
  const { pageBytes: _pageBytes, pageBytesFrom: _from, missing, ...found } = inspection;
  if (Object.values(found).every((part) => part === null)) throw nothing(options.root, missing, copied);
  print(
    options.json
      ? JSON.stringify(inspection, null, 2)
      : describe(inspection, options.caches, colours(process.stdout)),
  );
}

/** Names the files that are wrong; where all are absent, what is wanted. */
function nothing(root: string, missing: readonly Missing[], copied: readonly string[]): UserError {
  const wrong = missing.filter(({ why }) => why !== NOT_THERE);
  if (wrong.length > 0) return new UserError(wrong.map(explain).join('\n'));
  if (copied.length > 0)
    return new UserError(
      `there are several processes in ${root}: give one of them with --pid: ${copied.join(', ')}`,
    );
  return new UserError(
    `nothing to inspect in ${root}: ${explain(missing[0]!)}; inspect reads meminfo, buddyinfo, pagetypeinfo, slabinfo, vmallocinfo, PID/smaps`,
  );
}

function parsePid(text: string): string {
  if (!/^(?:self|[1-9]\d*)$/.test(text)) {
    throw new UserError(`--pid: '${text}' is not a process id; give a number, or self`);
  }
  return text;
}

function parsePageSize(text: string): number {
  const bytes = parseSize(text, '--page-size');
  if (bytes < 4096 || !Number.isInteger(Math.log2(bytes)))
    throw new UserError(
      `--page-size: '${text}' is not a page size of Linux; give a power of two from 4KiB up`,
    );
  return bytes;
}

function parseCount(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new UserError(`--caches: '${text}' is not a number; give 0 or more`);
  return Number(text);
}
