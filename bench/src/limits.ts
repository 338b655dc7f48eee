/**
 * `npm run bench:limits -- --old DIR`: processor time and memory of `freehold info` on recordings made to take much of
 * either, beside an older build in DIR. Each run is a process of its own, ended after a minute on the wall. For Linux.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { inFolder } from './folder.js';
import { HOSTILE } from './limits/hostile.js';

const HERE = fileURLToPath(new URL('../..', import.meta.url));
const TIMEOUT_MS = 60_000;
/** How often the memory of a process is looked at. */
const LOOK_MS = 20;
/** Clock ticks a second in which Linux tells processor time. */
const TICKS = 100;

interface Used {
  /** Of the processor. */
  readonly seconds: number;
  readonly peakBytes: number;
}

interface Run extends Used {
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
  await inFolder('freehold-limits-', async (folder) => {
    const titles = old === undefined ? ['now'] : ['before', 'now'];
    const heads = titles.flatMap((title) => [`${title}, s`, 'MiB', 'ends']);
    console.log(`Node ${process.versions.node}, ${cpus()[0]?.model.trim()}, ${cpus().length} cores\n`);
    console.log(`| recording | bytes | ${heads.join(' | ')} |`);
    console.log(`| --- | ---: | ${titles.map(() => '---: | ---: | ---').join(' | ')} |`);
    for (const { title, file, write } of HOSTILE.filter((each) => each.title.includes(only))) {
      const path = join(folder, file);
      await write(path);
      const cells: string[] = [];
      for (const build of builds) cells.push(cellsOf(await info(build, path)));
      console.log(`| ${[title, statSync(path).size.toLocaleString('en'), ...cells].join(' | ')} |`);
      rmSync(path);
    }
  });
}

async function info(build: string, path: string): Promise<Run> {
  const child = spawn(process.execPath, [join(build, 'packages/lab/bin/freehold.js'), 'info', path], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += String(data);
  });
  let used: Used = { seconds: 0, peakBytes: 0 };
  const looking = setInterval(() => {
    used = usedBy(child.pid) ?? used;
  }, LOOK_MS);
  const [status] = await once(child, 'close');
  clearInterval(looking);
  return { ...used, end: endOf(status, stderr) };
}

/** What a process has used so far, as Linux tells it; null once it has ended. */
function usedBy(pid: number | undefined): Used | null {
  try {
    const kib = /^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    if (kib === null) return null;
    // Behind the name, which may hold anything, in parentheses.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return { seconds: (Number(fields[11]) + Number(fields[12])) / TICKS, peakBytes: 1024 * Number(kib[1]) };
  } catch {
    return null;
  }
}

function endOf(status: number | null, stderr: string): string {
  if (status === null) return 'killed';
  if (status === 0) return 'read';
  return status === 2 && !stderr.includes('\n    at ') ? 'refused' : 'crashed';
}

function cellsOf({ seconds, peakBytes, end }: Run): string {
  const peak = Math.round(peakBytes / 2 ** 20).toLocaleString('en');
  return `${end === 'killed' ? '> ' : ''}${seconds.toFixed(1)} | ${peak} | ${end}`;
}
