/** `npm run bench:live`: `freehold compare` on millions of live blocks, its time and the most memory resident. */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { inFolder } from './folder.js';
import type { Used } from './live/peak.js';
import { writeRecording } from './live/recording.js';
import { whole } from './options.js';

const PEAK = new URL('./live/peak.js', import.meta.url).href;
const HERE = fileURLToPath(new URL('../../packages/lab/bin/freehold.js', import.meta.url));

interface Options {
  readonly blocks: number;
  readonly rounds: number;
  readonly against?: string;
  readonly allocators?: string;
  readonly plain?: true;
  readonly verify?: true;
}

interface Run extends Used {
  readonly status: number | null;
  readonly seconds: number;
}

const program = new Command('npm run bench:live --')
  .description(
    'Runs `freehold compare` on a recording with many blocks live at once: seconds, and most memory resident.',
  )
  .option('--blocks <N>', 'blocks live at once', whole, 5_000_000)
  .option('--rounds <N>', 'how often each command runs', whole, 1)
  .option('--allocators <LIST>', 'as of compare (default: all that compare takes)')
  .option('--plain', 'only without --verify')
  .option('--verify', 'only with --verify')
  .option('--against <FILE>', "another build's packages/lab/bin/freehold.js, taking turns with this one")
  .configureHelp({ helpWidth: 80 })
  // Wrong use is 2 here as in every command.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .action(run);
await program.parseAsync();

async function run({ blocks, rounds, allocators, against, plain, verify }: Options): Promise<void> {
  const builds: [name: string, command: string][] = [['this build', HERE]];
  if (against !== undefined) builds.unshift(['the other', resolve(against)]);
  const kinds = [...(verify ? [] : [[]]), ...(plain ? [] : [['--verify']])];
  await inFolder('freehold-live-', async (folder) => {
    const path = join(folder, 'live.rep');
    const operations = writeRecording(path, blocks);
    console.log(
      `${blocks.toLocaleString('en-GB')} live blocks, ${operations.toLocaleString('en-GB')} operations`,
    );
    for (let round = 0; round < rounds; round++) {
      for (const kind of kinds) {
        for (const [name, command] of builds) {
          const chosen = allocators === undefined ? [] : ['--allocators', allocators];
          const used = await timed([command, 'compare', path, ...chosen, ...kind]);
          console.log(`${['compare', ...kind].join(' ').padEnd(17)} ${name.padEnd(10)} ${textOf(used)}`);
        }
      }
    }
  });
}

function textOf({ seconds, processorSeconds, peakBytes, status }: Run): string {
  const wall = `${seconds.toFixed(1)} s`.padStart(8);
  const processor = `${processorSeconds.toFixed(1)} s of processor time`.padStart(28);
  return `${wall} ${processor} ${(peakBytes / 1e9).toFixed(2).padStart(6)} GB  status ${status}`;
}

function timed(args: readonly string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const child = spawn(process.execPath, ['--import', PEAK, ...args], {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    });
    let used = '';
    child.stdio[3]?.on('data', (data: Buffer) => {
      used += data.toString();
    });
    child.on('error', reject);
    child.on('close', (status) => {
      const seconds = (performance.now() - begin) / 1000;
      if (used === '') reject(new Error(`freehold was ended, status ${status}`));
      else resolve({ status, seconds, ...(JSON.parse(used) as Used) });
    });
  });
}
