/**
 * `npm run bench:limits -- --old DIR`: time and memory of `freehold info` on recordings made to take much of either,
 * beside an older build in DIR. Each run is a process of its own, ended after a minute.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { HOSTILE } from './limits/hostile.js';

const PEAK = fileURLToPath(new URL('limits/peak.js', import.meta.url));
const HERE = fileURLToPath(new URL('../..', import.meta.url));
const TIMEOUT_MS = 60_000;

interface Run {
  readonly seconds: number;
  /** null where the process was killed before it could tell. */
  readonly peakBytes: number | null;
  readonly end: string;
}

const program = new Command('npm run bench:limits --')
  .description('Measures freehold info on recordings made to take much time or memory.')
  .option('--old <DIR>', 'a built checkout to measure beside this one')
  .option('--only <WORD>', 'those whose names have it in them')
  .action(run);
await program.parseAsync();

async function run({ old, only = '' }: { readonly old?: string; readonly only?: string }): Promise<void> {
  const builds = old === undefined ? [HERE] : [old, HERE];
  const folder = mkdtempSync(join(tmpdir(), 'freehold-limits-'));
  try {
    const titles = old === undefined ? ['now'] : ['before', 'now'];
    const heads = titles.flatMap((title) => [`${title}, s`, 'MiB', 'ends']);
    console.log(`Node ${process.versions.node}, ${cpus()[0]?.model.trim()}, ${cpus().length} cores\n`);
    console.log(`| recording | bytes | ${heads.join(' | ')} |`);
    console.log(`| --- | ---: | ${titles.map(() => '---: | ---: | ---').join(' | ')} |`);
    for (const { title, file, write } of HOSTILE.filter((each) => each.title.includes(only))) {
      const path = join(folder, file);
      await write(path);
      const cells = builds.map((build) => cellsOf(info(build, path)));
      console.log(`| ${[title, statSync(path).size.toLocaleString('en'), ...cells].join(' | ')} |`);
      rmSync(path);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function info(build: string, path: string): Run {
  const started = performance.now();
  const child = spawnSync(
    process.execPath,
    ['--import', PEAK, join(build, 'packages/lab/bin/freehold.js'), 'info', path],
    {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
      encoding: 'utf8',
      killSignal: 'SIGKILL',
    },
  );
  const seconds = (performance.now() - started) / 1000;
  const peak = child.output[3];
  return { seconds, peakBytes: peak ? 1024 * Number(peak) : null, end: endOf(child.status, child.stderr) };
}

function endOf(status: number | null, stderr: string): string {
  if (status === null) return 'killed';
  if (status === 0) return 'read';
  return status === 2 && !stderr.includes('\n    at ') ? 'refused' : 'crashed';
}

function cellsOf({ seconds, peakBytes, end }: Run): string {
  const peak = peakBytes === null ? '–' : Math.round(peakBytes / 2 ** 20).toLocaleString('en');
  return `${end === 'killed' ? '> ' : ''}${seconds.toFixed(1)} | ${peak} | ${end}`;
}
